"""Drawers of ONNX operators on floats between DequantizeLinear and QuantizeLinear: the QDQ form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import helper

from case import Case, Drawer
from choices import Choices
from onnx_writer import EXACT, TYPES, OnnxModel, Quantization, finish, session_of


class Pairs:
    """A model whose tensors go through a QuantizeLinear and a DequantizeLinear, of one type all."""

    def __init__(self, c: Choices, middle: float = 0.05) -> None:
        self.c, self.model, self.dtype = c, OnnxModel(c.of([17, 13, 15])), c.of(TYPES)
        self.least = int(np.iinfo(self.dtype).min)
        self.input = Quantization.drawn(c, self.model, self.dtype, middle)
        self.x = self.through(self.input, "x")

    def drawn(self, scale: float, spread: float = 1.0) -> Quantization:
        """A quantization around a scale."""
        return Quantization.drawn(self.c, self.model, self.dtype, scale, spread)

    def through(self, quantization: Quantization, x: str) -> str:
        """A tensor through a pair."""
        return quantization.dequantize(self.model, quantization.quantize(self.model, x))

    def weights(self, shape: Sequence[int], axis: int, terms: int, scale: float) -> tuple[str, float]:
        """Weights as floats for an input of a scale, and a scale with which sums use the range."""
        c, model = self.c, self.model
        dtype = np.int8 if self.dtype == np.int8 else c.of(TYPES)
        per_channel = c.chance(50)
        scales = np.array([c.scale(0.01) for _ in range(shape[axis] if per_channel else 1)], np.float32)
        zeros = np.full(len(scales), 0 if dtype == np.int8 else 128, dtype)
        data = c.of_type(shape, dtype)
        names = [model.constant(scales), model.constant(zeros)]
        if not per_channel:
            names = [model.constant(scales[0]), model.constant(zeros[0])]
        weights = model.node("DequantizeLinear", [model.constant(data), *names], **({"axis": axis} if per_channel else {}))
        return weights, scale * float(scales.mean()) * 120.0 * float(np.sqrt(terms))

    def bias(self, outputs: int, scale: float) -> list[str]:
        """A float bias, or none."""
        return [self.model.constant(self.c.reals([outputs], 20.0 * scale, scale))] if self.c.chance(60) else []

    def finish(self, shape: Sequence[int], y: str, quantization: Quantization | None, outputs: int) -> Case:
        """The model, whose output `y` goes through a pair, or only through its QuantizeLinear, or neither."""
        if quantization is not None:
            if self.c.chance(80):
                y = self.through(quantization, y)
            else:
                y = quantization.quantize(self.model, y)
                self.model.kind_of_output = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        return finish(self.c, self.model, shape, y, self.input, outputs, session_of(self.dtype, qdq=True))


def image(c: Choices) -> list[int]:
    """The shape of an image."""
    return [c.of([1, 1, 2]), c.integer(1, 6), *c.sizes(2, 2, 8)]


def pairs(c: Choices) -> Case:
    """Pairs behind each other."""
    start = Pairs(c)
    shape, x = image(c), start.x
    for _ in range(c.integer(1, 2)):
        x = start.through(start.drawn(start.input.scale), x)
    return start.finish(shape, x, None, int(np.prod(shape)))


def binary(kind: str) -> Callable[[Choices], Case]:
    """Add or Mul of two quantizations of the input, or with a constant."""

    def draw(c: Choices) -> Case:
        start = Pairs(c)
        shape = image(c)
        other = start.drawn(start.input.scale)
        if c.chance(50):
            sizes = [1 if c.chance(40) else n for n in shape]
            b = other.dequantize(start.model, start.model.constant(c.of_type(sizes, start.dtype)))
        else:
            b = start.through(other, "x")
        ends = [b, start.x] if c.chance(50) else [start.x, b]
        product = start.input.scale * other.scale * 100.0
        y = start.drawn(start.input.scale * 1.5 if kind == "Add" else product)
        return start.finish(shape, start.model.node(kind, ends), y, int(np.prod(shape)))

    return draw


def unary(kind: str, **drawn: Callable[[Choices], Any]) -> Callable[[Choices], Case]:
    """An operator of one tensor with attributes."""

    def draw(c: Choices) -> Case:
        start = Pairs(c)
        shape = image(c)
        out = start.model.node(kind, [start.x], **{name: value(c) for name, value in drawn.items()})
        y = start.drawn(start.input.scale)
        if kind in ("MaxPool",):
            y = start.input
        elif kind == "Relu":
            zero_point = start.least if c.chance(50) else c.zero_point(start.dtype)
            y = Quantization(start.model, y.scale, zero_point, start.dtype)
        elif kind in ("Sigmoid", "Softmax"):
            y = Quantization(start.model, c.of([1.0 / 256.0, 1.0 / 255.0]), start.least, start.dtype)
        return start.finish(shape, out, y, int(np.prod(shape)))

    return draw


def clip(c: Choices) -> Case:
    """Bounds on either side of 0."""
    start = Pairs(c)
    shape = image(c)
    bounds = [start.model.real(-c.factor(2.0)), start.model.real(c.factor(2.0) * 3.0)]
    return start.finish(shape, start.model.node("Clip", [start.x, *bounds]), start.drawn(0.05), int(np.prod(shape)))


def concat(c: Choices) -> Case:
    """Two or three quantizations of the input."""
    start = Pairs(c)
    shape = image(c)
    parts = [start.x] + [start.through(start.drawn(start.input.scale), "x") for _ in range(c.integer(1, 2))]
    out = start.model.node("Concat", parts, axis=c.below(4))
    return start.finish(shape, out, start.drawn(start.input.scale), 3 * int(np.prod(shape)))


def conv(c: Choices) -> Case:
    """With and without bias and Relu, groups, any padding."""
    start = Pairs(c)
    shape = image(c)
    groups = shape[1] if c.chance(30) else 1
    depth, outputs = shape[1] // groups, c.integer(1, 3) * groups
    kernel = c.sizes(2, 1, 2) if c.chance(50) else [1, 1]
    weights, scale = start.weights([outputs, depth, *kernel], 0, depth * int(np.prod(kernel)), start.input.scale)
    ends = [start.x, weights, *start.bias(outputs, scale)]
    out = start.model.node(
        "Conv", ends, group=groups, kernel_shape=kernel, strides=c.sizes(2, 1, 2), pads=c.sizes(4, 0, 1)
    )
    y = start.drawn(scale)
    if c.chance(40):
        out = start.model.node("Relu", [out])
        if c.chance(80):
            y = Quantization(start.model, y.scale, start.least, start.dtype)
    return start.finish(shape, out, y, shape[0] * outputs * shape[2] * shape[3])


def gemm(kind: str) -> Callable[[Choices], Case]:
    """Gemm or MatMul, to integers or to floats."""

    def draw(c: Choices) -> Case:
        start = Pairs(c)
        rows, inputs, outputs = c.integer(1, 4), c.integer(1, 32), c.integer(1, 9)
        transposed = int(kind == "Gemm" and c.chance(50))
        shape = [outputs, inputs] if transposed else [inputs, outputs]
        weights, scale = start.weights(shape, 0 if transposed else 1, inputs, start.input.scale)
        ends = [start.x, weights]
        attributes = {}
        if kind == "Gemm":
            ends += start.bias(outputs, scale)
            attributes = {"transB": transposed}
        out = start.model.node(kind, ends, **attributes)
        return start.finish([rows, inputs], out, start.drawn(scale) if c.chance(70) else None, rows * outputs)

    return draw


def softmax_axis(c: Choices) -> int:
    """Any axis but the first."""
    return c.integer(1, 3)


POOL = {
    "kernel_shape": lambda c: c.sizes(2, 1, 2),
    "strides": lambda c: c.sizes(2, 1, 2),
}
DRAWERS = [
    Drawer("QDQ pairs", pairs, EXACT),
    Drawer("QDQ Conv", conv, EXACT, 2),
    Drawer("QDQ Gemm", gemm("Gemm"), EXACT),
    Drawer("QDQ MatMul", gemm("MatMul"), EXACT),
    Drawer("QDQ Add", binary("Add"), EXACT),
    Drawer("QDQ Mul", binary("Mul"), EXACT),
    Drawer("QDQ Concat", concat, EXACT),
    Drawer("QDQ AveragePool", unary("AveragePool", **POOL), EXACT),
    Drawer("QDQ GlobalAveragePool", unary("GlobalAveragePool"), EXACT),
    Drawer("QDQ MaxPool", unary("MaxPool", **POOL), EXACT),
    Drawer("QDQ Relu", unary("Relu"), EXACT),
    Drawer("QDQ Clip", clip, EXACT),
    Drawer("QDQ LeakyRelu", unary("LeakyRelu", alpha=lambda c: c.scale(0.1)), EXACT),
    Drawer("QDQ Sigmoid", unary("Sigmoid"), EXACT),
    Drawer("QDQ Softmax", unary("Softmax", axis=softmax_axis), EXACT),
]
