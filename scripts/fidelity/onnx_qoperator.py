"""Drawers of ONNX operators on integers: the QOperator form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import helper

from case import Case, Drawer
from choices import Choices
from onnx_writer import EXACT, MICROSOFT, TYPES, OnnxModel, Quantization, finish, session_of


class Start:
    """A model that begins with QuantizeLinear of its input."""

    def __init__(self, c: Choices, middle: float = 0.1) -> None:
        self.c, self.model = c, OnnxModel(c.of([17, 13, 15]))
        self.dtype = c.of(TYPES)
        self.input = Quantization.drawn(c, self.model, self.dtype, middle)
        self.x = self.input.quantize(self.model, "x")
        self.ends = (self.x, *self.input.names)

    def output(self, scale: float, spread: float = 1.0) -> Quantization:
        """An output quantization around a scale."""
        return Quantization.drawn(self.c, self.model, self.dtype, scale, spread)

    def nearby(self) -> Quantization:
        """An output quantization of the input's scale, or around it."""
        if self.c.chance(30):
            return Quantization(self.model, self.input.scale, self.c.zero_point(self.dtype), self.dtype)
        return self.output(self.input.scale)

    def finish(self, shape: Sequence[int], y: str, quantization: Quantization | None, outputs: int) -> Case:
        """The model, whose output is the floats of `y`, or the integers themselves."""
        if quantization is not None:
            if self.c.chance(75):
                y = quantization.dequantize(self.model, y)
            else:
                self.model.kind_of_output = helper.np_dtype_to_tensor_dtype(np.dtype(quantization.dtype))
        return finish(self.c, self.model, shape, y, self.input, outputs, session_of(self.dtype))

    def weights(self, shape: Sequence[int], outputs: int, terms: int, scale: float) -> tuple[list[str], float]:
        """Names of weights, scales and zero points for an input of a scale, and a scale with which sums use the range."""
        c, model = self.c, self.model
        dtype = np.int8 if self.dtype == np.int8 else c.of(TYPES)
        per_channel = c.chance(50)
        count = outputs if per_channel else 1
        scales = np.array([c.scale(0.01) for _ in range(count)], np.float32)
        zero_point = c.zero_point(dtype) if c.chance(40) else (0 if dtype == np.int8 else 128)
        zeros = np.full(count, zero_point, dtype)
        data = c.of_type(shape, dtype)
        names = [
            model.constant(data),
            model.constant(scales if per_channel else scales[0]),
            model.constant(zeros if per_channel else zeros[0]),
        ]
        return names, scale * float(scales.mean()) * 120.0 * float(np.sqrt(terms))

    def bias(self, outputs: int) -> str:
        """Integers that are added to sums."""
        return self.model.constant(self.c.array([outputs], -20000, 20000, np.int32))


def conv(c: Choices) -> Case:
    """One or two axes, groups, channels by themselves, dilations, all paddings."""
    start = Start(c)
    axes = 1 if c.chance(25) else 2
    groups = c.integer(2, 5) if c.chance(40) else 1
    depth = 1 if groups > 1 and c.chance(50) else c.integer(1, 4)
    outputs = c.integer(1, 3 if groups > 1 else 6) * groups
    kernel, strides = c.sizes(axes, 1, 3), c.sizes(axes, 1, 2)
    dilations = c.sizes(axes, 1, 2) if c.chance(30) else [1] * axes
    shape = [c.of([1, 1, 2]), groups * depth, *c.sizes(axes, 5, 9)]
    attributes: dict[str, Any] = {"group": groups, "kernel_shape": kernel, "strides": strides, "dilations": dilations}
    padding = c.of(["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"])
    if padding == "NOTSET":
        attributes["pads"] = c.sizes(2 * axes, 0, 1)
    else:
        attributes["auto_pad"] = padding
        if padding != "VALID":
            attributes["dilations"] = [1] * axes
    names, scale = start.weights([outputs, depth, *kernel], outputs, depth * int(np.prod(kernel)), start.input.scale)
    y = start.output(scale)
    ends = [*start.ends, *names, *y.names] + ([start.bias(outputs)] if c.chance(60) else [])
    out = start.model.node("QLinearConv", ends, **attributes)
    return start.finish(shape, out, y, shape[0] * outputs * int(np.prod(shape[2:])))


def matmul(integer_to_float: bool) -> Callable[[Choices], Case]:
    """QLinearMatMul, or MatMulIntegerToFloat."""

    def draw(c: Choices) -> Case:
        start = Start(c)
        inputs, outputs, rows = c.integer(1, 40), c.integer(1, 9), c.integer(1, 4)
        shape = [2, rows, inputs] if c.chance(30) and not integer_to_float else [rows, inputs]
        names, scale = start.weights([inputs, outputs], outputs, inputs, start.input.scale)
        count = int(np.prod(shape)) // inputs * outputs
        if not integer_to_float:
            y = start.output(scale)
            return start.finish(shape, start.model.node("QLinearMatMul", [*start.ends, *names, *y.names]), y, count)
        ends = [start.x, names[0], start.ends[1], names[1], start.ends[2], names[2]]
        if c.chance(60):
            ends.append(start.model.constant(c.reals([outputs], 1.0, 0.5)))
        return start.finish(shape, start.model.node("MatMulIntegerToFloat", ends, MICROSOFT), None, count)

    return draw


def gemm(c: Choices) -> Case:
    """Either side transposed, any alpha, with or without C, to integers or to floats."""
    start = Start(c)
    inputs, outputs, rows = c.integer(1, 40), c.integer(1, 9), c.integer(1, 4)
    right, left = int(c.chance(50)), int(c.chance(25))
    names, scale = start.weights([outputs, inputs] if right else [inputs, outputs], outputs, inputs, start.input.scale)
    ends = [*start.ends, *names, start.bias(outputs) if c.chance(60) else ""]
    y = start.output(scale) if c.chance(65) else None
    ends += y.names if y else ()
    alpha = c.of([1.0, 1.0, 0.37, 2.5])
    out = start.model.node("QGemm", ends, MICROSOFT, transA=left, transB=right, alpha=alpha)
    return start.finish([inputs, rows] if left else [rows, inputs], out, y, rows * outputs)


def elementwise(kind: str) -> Callable[[Choices], Case]:
    """A constant operand that is broadcast in any way, or another quantization of the input."""

    def draw(c: Choices) -> Case:
        start = Start(c)
        full = c.sizes(c.integer(1, 4), 1, 6)
        scale = c.scale(start.input.scale, 1.5)
        other = Quantization(start.model, scale, c.zero_point(start.dtype), start.dtype)
        shape = list(full)
        if c.chance(30):
            b = (other.quantize(start.model, "x"), *other.names)
        else:
            sizes = [1 if c.chance(30) else n for n in full]
            sizes = sizes[c.below(len(sizes)) :] if c.chance(40) else sizes
            shape = [1 if c.chance(30) else n for n in full] if c.chance(30) else shape
            b = (start.model.constant(c.of_type(sizes, start.dtype)), *other.names)
        large = max(start.input.scale, scale)
        y = start.output(large * 1.5 if kind == "QLinearAdd" else start.input.scale * scale * 100.0, 1.5)
        ends = [*b, *start.ends] if c.chance(50) else [*start.ends, *b]
        out = start.model.node(kind, [*ends, *y.names], MICROSOFT)
        return start.finish(shape, out, y, int(np.prod(full)))

    return draw


def pool(kind: str) -> Callable[[Choices], Case]:
    """Windows of any size over one or two axes."""

    def draw(c: Choices) -> Case:
        start = Start(c)
        axes = 1 if c.chance(25) else 2
        shape = [c.of([1, 1, 2]), c.integer(1, 5), *c.sizes(axes, 4, 9)]
        kernel = c.sizes(axes, 1, 4)
        attributes: dict[str, Any] = {"kernel_shape": kernel, "strides": c.sizes(axes, 1, 3)}
        if c.chance(50):
            attributes["pads"] = [c.integer(0, n - 1) for n in kernel + kernel]
        elif c.chance(50):
            attributes["auto_pad"] = c.of(["SAME_UPPER", "SAME_LOWER"])
        outputs = int(np.prod(shape))
        if kind == "MaxPool":
            attributes["ceil_mode"] = int(c.chance(40))
            if c.chance(30) and "auto_pad" not in attributes:
                attributes["dilations"] = c.sizes(axes, 1, 2)
            return start.finish(shape, start.model.node(kind, [start.x], **attributes), start.input, outputs)
        y = start.nearby()
        attributes["count_include_pad"] = int(c.chance(50))
        out = start.model.node(kind, [*start.ends, *y.names], MICROSOFT, **attributes)
        return start.finish(shape, out, y, outputs)

    return draw


def global_average_pool(c: Choices) -> Case:
    """Over the whole image."""
    start = Start(c)
    shape = [c.of([1, 1, 2]), c.integer(1, 6), *c.sizes(2, 1, 9)]
    y = start.nearby()
    out = start.model.node("QLinearGlobalAveragePool", [*start.ends, *y.names], MICROSOFT, channels_last=0)
    return start.finish(shape, out, y, shape[0] * shape[1])


def concat(c: Choices) -> Case:
    """Several quantizations of the input, some of them the output's."""
    start = Start(c)
    shape = [1, *c.sizes(3, 1, 6)]
    y = start.input if c.chance(30) else start.nearby()
    ends = [*y.names, *start.ends]
    for _ in range(c.integer(1, 3)):
        other = y if c.chance(30) else Quantization.drawn(c, start.model, start.dtype, start.input.scale, 1.0)
        ends += [other.quantize(start.model, "x"), *other.names]
    out = start.model.node("QLinearConcat", ends, MICROSOFT, axis=c.below(4))
    return start.finish(shape, out, y, int(np.prod(shape)) * 3)


def function(kind: str) -> Callable[[Choices], Case]:
    """A function of one integer."""

    def draw(c: Choices) -> Case:
        start = Start(c, 0.05)
        shape = [1, *c.sizes(3, 1, 8)]
        least = int(np.iinfo(start.dtype).min)
        attributes: dict[str, Any] = {}
        if kind == "QLinearSigmoid":
            scale = c.of([1.0 / 256.0, 1.0 / 255.0])
            y = Quantization(start.model, scale, least if c.chance(70) else c.zero_point(start.dtype), start.dtype)
        else:
            y, attributes = start.nearby(), {"alpha": c.scale(0.1)}
        out = start.model.node(kind, [*start.ends, *y.names], MICROSOFT, **attributes)
        return start.finish(shape, out, y, int(np.prod(shape)))

    return draw


def softmax(c: Choices) -> Case:
    """Any axis, by the rules before opset 13 and since."""
    start = Start(c, 0.05)
    shape = [1, *c.sizes(3, 1, 7)] if c.chance(50) else [2, c.integer(2, 20)]
    opset = c.of([13, 11])
    axis = c.integer(0 if opset == 13 else 1, len(shape) - 1)
    scale = c.of([1.0 / 256.0, 1.0 / 255.0, 0.005])
    y = Quantization(start.model, scale, int(np.iinfo(start.dtype).min), start.dtype)
    out = start.model.node("QLinearSoftmax", [*start.ends, *y.names], MICROSOFT, axis=axis, opset=opset)
    return start.finish(shape, out, y, int(np.prod(shape)))


DRAWERS = [
    Drawer("QLinearConv", conv, EXACT, 2),
    Drawer("QLinearMatMul", matmul(False), EXACT),
    Drawer("MatMulIntegerToFloat", matmul(True), EXACT),
    Drawer("QGemm", gemm, EXACT),
    Drawer("QLinearAdd", elementwise("QLinearAdd"), EXACT, 2),
    Drawer("QLinearMul", elementwise("QLinearMul"), EXACT),
    Drawer("QLinearAveragePool", pool("QLinearAveragePool"), EXACT),
    Drawer("QLinearGlobalAveragePool", global_average_pool, EXACT),
    Drawer("QLinearConcat", concat, EXACT),
    Drawer("QLinearLeakyRelu", function("QLinearLeakyRelu"), EXACT),
    Drawer("QLinearSigmoid", function("QLinearSigmoid"), EXACT),
    Drawer("QLinearSoftmax", softmax, EXACT),
    Drawer("MaxPool", pool("MaxPool"), EXACT),
]
