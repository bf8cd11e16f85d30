"""Drawers of the TFLite operators that compute each element by itself, and of MEAN and SOFTMAX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from case import Case, Drawer
from choices import Choices
from tflite_base import (
    ALL, REFERENCES, TFLM, activation, any_shape, begin, computed, finish, image, is_int16, rescaled,
)  # fmt: skip
from tflite_writer import TfliteModel

INTEGERS = frozenset({"tflm", "litert_reference", "litert_builtin"})
LITERT = ALL - TFLM


def broadcast(c: Choices, shape: Sequence[int]) -> list[int]:
    """A shape that goes with this one: the same, or with sizes of 1, or with fewer dimensions."""
    if not c.chance(60):
        return list(shape)
    sizes = [1 if c.chance(40) else size for size in shape]
    return sizes[c.below(len(sizes)) :] if c.chance(50) else sizes


def second_operand(c: Choices, model: TfliteModel, x: int, scale: float) -> int:
    """The other operand: a constant that may be broadcast, the input itself, or something made from it."""
    shape = model.shape(x)
    kind = c.below(4)
    if is_int16(model, x):
        return x if kind == 2 else model.constant(c.of_type(broadcast(c, shape), np.int16), scale, 0)
    if kind < 2:
        return model.constant(c.of_type(broadcast(c, shape), np.int8), scale, c.zero_point())
    if kind == 2:
        return x
    other = model.tensor(shape, np.int8, scale, c.zero_point())
    model.operator("QUANTIZE", [x], [other], "Quantize")
    return other


def in_any_order(c: Choices, a: int, b: int) -> list[int]:
    """Both, or the other one first."""
    return [b, a] if c.chance(40) else [a, b]


def binary(
    name: str, options: str | None, product: bool = False, fused: bool = True, dtype: Any = np.int8
) -> Callable[[Choices], Case]:
    """An operator of two operands."""

    def draw(c: Choices) -> Case:
        shape = [c.of([1, 1, 2]), *any_shape(c, (0, 3), 7)]
        if c.chance(20):
            shape[-1] *= c.integer(2, 5)
        model, x = begin(c, shape, dtype)
        scale = model.scale(x)
        other = second_operand(c, model, x, c.scale(scale, 6.0 if c.chance(10) else 1.5))
        a, b = in_any_order(c, x, other)
        large = max(model.scale(a), model.scale(b))
        many = 16384.0 if dtype == np.int16 else 64.0
        middle = model.scale(a) * model.scale(b) * many if product else large * 1.5
        y = computed(c, model, x, shape, c.scale(middle, 5.0 if c.chance(10) else 1.0))
        fields = {"fusedActivationFunction": activation(c)} if fused else {}
        model.operator(name, [a, b], [y], options, **fields)
        return finish(c, model, x, y)

    return draw


def extreme(name: str) -> Callable[[Choices], Case]:
    """MAXIMUM or MINIMUM, whose operands and output have one quantization."""

    def draw(c: Choices) -> Case:
        shape = [1, *any_shape(c, (0, 3), 7)]
        model, x = begin(c, shape)
        kind = c.below(2)
        data = c.of_type(broadcast(c, shape) if kind == 0 else shape, np.int8)
        other = model.constant(data, model.scale(x), model.zero_point(x))
        y = model.like(x, shape)
        model.operator(name, in_any_order(c, x, other), [y], "MaximumMinimum")
        return finish(c, model, x, y)

    return draw


def table(name: str, options: str | None = None, output: str = "any", **drawn: Callable[[Choices], float]):
    """A function of one int8. `output` says which output quantization it asks for."""

    def draw(c: Choices) -> Case:
        shape = [c.of([1, 1, 2]), *any_shape(c, (0, 3), 9)]
        model, x = begin(c, shape, middle=0.05)
        if output == "any" or c.chance(5):
            y = rescaled(c, model, x, shape)
        elif output == "logistic":
            y = model.tensor(shape, np.int8, 1.0 / 256.0, -128)
        elif output == "tanh":
            y = model.tensor(shape, np.int8, 1.0 / 128.0, 0)
        elif output == "log_softmax":
            y = model.tensor(shape, np.int8, 1.0 / 16.0, 127)
        else:
            y = model.like(x, shape)
        model.operator(name, [x], [y], options, **{field: value(c) for field, value in drawn.items()})
        return finish(c, model, x, y)

    return draw


def prelu(c: Choices) -> Case:
    """A slope for each channel."""
    shape = image(c)
    model, x = begin(c, shape)
    alpha = model.constant(c.of_type([1, 1, shape[3]], np.int8), c.scale(0.01), c.zero_point())
    y = rescaled(c, model, x, shape)
    model.operator("PRELU", [x, alpha], [y])
    return finish(c, model, x, y)


def softmax(c: Choices) -> Case:
    """Rows of any length."""
    shape = [*any_shape(c, (1, 3), 4), c.integer(1, 24)]
    model, x = begin(c, shape)
    y = model.tensor(shape, np.int8, 1.0 / 256.0, -128)
    model.operator("SOFTMAX", [x], [y], "Softmax", beta=c.factor(1.0) if c.chance(30) else 1.0)
    return finish(c, model, x, y)


def reducer(name: str, rescales: bool) -> Callable[[Choices], Case]:
    """Any axes, counted from either end, also twice, with dimensions kept or not."""

    def draw(c: Choices) -> Case:
        shape = image(c) if c.chance(60) else any_shape(c, (2, 4), 7)
        model, x = begin(c, shape)
        rank = len(shape)
        axes = [1, 2] if rank == 4 and c.chance(40) else c.sizes(c.integer(1, rank), 0, rank - 1)
        signed = [axis - rank if c.chance(25) else axis for axis in axes]
        keep = c.chance(50)
        kept = [1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes]
        y = rescaled(c, model, x, kept) if rescales else model.like(x, kept)
        where = model.constant(np.array(signed, np.int32))
        model.operator(name, [x, where], [y], "Reducer", keepDims=keep)
        return finish(c, model, x, y)

    return draw


def quantize(c: Choices) -> Case:
    """From floats, or between types and between scales."""
    types = [np.int8, np.float32, np.uint8, np.int8, np.float32, np.int16]
    source, target = c.of(types), c.of([np.int8, np.int8, np.int8, np.uint8, np.uint8, np.int16])
    z = 0 if target == np.int16 else c.zero_point(target)
    shape = [c.of([1, 1, 2]), *any_shape(c, (0, 3), 7)]
    model, x = begin(c, shape, source)
    if source == np.float32:
        y = model.tensor(shape, target, c.scale(0.0001 if target == np.int16 else 0.03, 3.0), z)
    else:
        y_scale = model.scale(x) if c.chance(20) else c.scale(model.scale(x), 6.0 if c.chance(15) else 1.5)
        y = model.tensor(shape, target, y_scale, z)
    model.operator("QUANTIZE", [x], [y], "Quantize")
    return finish(c, model, x, y)


def dequantize(c: Choices) -> Case:
    """To floats."""
    shape = [c.of([1, 1, 2]), *any_shape(c, (0, 3), 7)]
    model, x = begin(c, shape, c.of([np.int8, np.int8, np.uint8, np.int16]))
    y = model.tensor(shape, np.float32)
    model.operator("DEQUANTIZE", [x], [y], "Dequantize")
    return finish(c, model, x, y)


DRAWERS = [
    Drawer("ADD", binary("ADD", "Add"), ALL, 2),
    Drawer("SUB", binary("SUB", "Sub"), ALL, 2),
    Drawer("MUL", binary("MUL", "Mul", product=True), ALL, 2),
    Drawer("ADD int16", binary("ADD", "Add", dtype=np.int16), TFLM),
    Drawer("SUB int16", binary("SUB", "Sub", dtype=np.int16), TFLM),
    Drawer("MUL int16", binary("MUL", "Mul", product=True, dtype=np.int16), TFLM),
    Drawer("SQUARED_DIFFERENCE", binary("SQUARED_DIFFERENCE", "SquaredDifference", True, fused=False), ALL),
    Drawer("MAXIMUM", extreme("MAXIMUM"), ALL),
    Drawer("MINIMUM", extreme("MINIMUM"), ALL),
    Drawer("RELU", table("RELU"), ALL),
    Drawer("RELU6", table("RELU6"), ALL),
    Drawer("LEAKY_RELU", table("LEAKY_RELU", "LeakyRelu", alpha=lambda c: c.scale(0.1, 2.0)), INTEGERS),
    Drawer("PRELU", prelu, ALL),
    Drawer("HARD_SWISH", table("HARD_SWISH", "HardSwish"), ALL),
    Drawer("LOGISTIC", table("LOGISTIC", output="logistic"), TFLM),
    Drawer("TANH", table("TANH", output="tanh"), TFLM),
    Drawer("ABS", table("ABS", "Abs"), ALL),
    Drawer("NEG", table("NEG", "Neg", output="same"), LITERT),
    Drawer("SOFTMAX", softmax, REFERENCES),
    Drawer("LOG_SOFTMAX", table("LOG_SOFTMAX", "LogSoftmax", output="log_softmax"), TFLM),
    Drawer("MEAN", reducer("MEAN", True), INTEGERS),
    Drawer("SUM", reducer("SUM", True), TFLM),
    Drawer("REDUCE_MAX", reducer("REDUCE_MAX", False), ALL),
    Drawer("REDUCE_MIN", reducer("REDUCE_MIN", False), ALL),
    Drawer("QUANTIZE", quantize, ALL, 2),
    Drawer("DEQUANTIZE", dequantize, ALL),
]
