"""Drawers of small ONNX networks, in both forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from case import Case, Drawer
from choices import Choices
from onnx_qdq import Pairs
from onnx_qoperator import Start
from onnx_writer import EXACT, MICROSOFT, Quantization


@dataclass
class Tensor:
    """A tensor inside a network, of one batch."""

    name: str
    quantization: Quantization
    channels: int
    size: list[int]


def convolution(c: Choices, channels: int) -> tuple[dict[str, Any], list[int]]:
    """Attributes of a convolution that keeps the size of the image, and the shape of its weights."""
    groups = channels if c.chance(30) else 1
    outputs = groups if groups > 1 else c.integer(1, 6)
    kernel = c.of([[1, 1], [3, 3], [3, 1]])
    return {"group": groups, "kernel_shape": kernel, "pads": [n // 2 for n in kernel] * 2}, [outputs, channels // groups, *kernel]


def integer_layer(c: Choices, start: Start, x: Tensor) -> Tensor:
    """One layer on integers."""
    model, q = start.model, x.quantization
    kind = c.below(5)
    if kind == 1:
        other, y = start.output(q.scale), start.output(q.scale * 1.5)
        leaky = model.node("QLinearLeakyRelu", [x.name, *q.names, *other.names], MICROSOFT, alpha=c.scale(0.1))
        ends = [x.name, *q.names, leaky, *other.names, *y.names]
        return Tensor(model.node("QLinearAdd", ends, MICROSOFT), y, x.channels, x.size)
    if kind == 2 and min(x.size) > 1:
        out = model.node("MaxPool", [x.name], kernel_shape=[2, 2], strides=[2, 2])
        return Tensor(out, q, x.channels, [n // 2 for n in x.size])
    if kind == 3 and min(x.size) > 1:
        y = start.output(q.scale)
        out = model.node("QLinearAveragePool", [x.name, *q.names, *y.names], MICROSOFT, kernel_shape=[2, 2])
        return Tensor(out, y, x.channels, [n - 1 for n in x.size])
    if kind == 4:
        y = start.output(q.scale)
        pooled = model.node("MaxPool", [x.name], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        ends = [*y.names, x.name, *q.names, pooled, *q.names]
        return Tensor(model.node("QLinearConcat", ends, MICROSOFT, axis=1), y, 2 * x.channels, x.size)
    attributes, shape = convolution(c, x.channels)
    names, scale = start.weights(shape, shape[0], int(np.prod(shape[1:])), q.scale)
    y = start.output(scale)
    ends = [x.name, *q.names, *names, *y.names] + ([start.bias(shape[0])] if c.chance(60) else [])
    return Tensor(model.node("QLinearConv", ends, **attributes), y, shape[0], x.size)


def qoperator_network(c: Choices) -> Case:
    """Layers on integers: convolutions, residual sums, pools and concatenations; QGemm behind them in half of the
    networks."""
    start = Start(c, 0.05)
    shape = [1, c.integer(1, 4), *c.sizes(2, 4, 9)]
    x = Tensor(start.x, start.input, shape[1], shape[2:])
    for _ in range(c.integer(1, 6)):
        x = integer_layer(c, start, x)
    elements = x.channels * int(np.prod(x.size))
    if not c.chance(50):
        return start.finish(shape, x.name, x.quantization, elements)
    row = start.model.node("Flatten", [x.name], axis=1)
    outputs = c.integer(1, 10)
    names, scale = start.weights([outputs, elements], outputs, elements, x.quantization.scale)
    y = start.output(scale)
    ends = [row, *x.quantization.names, *names, start.bias(outputs), *y.names]
    return start.finish(shape, start.model.node("QGemm", ends, MICROSOFT, transB=1), y, outputs)


def real_layer(c: Choices, start: Pairs, x: Tensor) -> Tensor:
    """One layer on floats and the pair behind it."""
    model, q = start.model, x.quantization
    kind = c.below(5)
    channels, size, y = x.channels, x.size, q
    if kind == 1:
        y, other = start.drawn(q.scale * 1.5), start.drawn(q.scale)
        leaky = start.through(other, model.node("LeakyRelu", [x.name], alpha=c.scale(0.1)))
        out = model.node(c.of(["Add", "Mul"]), [x.name, leaky])
    elif kind == 2 and min(size) > 1:
        out = model.node("MaxPool", [x.name], kernel_shape=[2, 2], strides=[2, 2])
        size = [n // 2 for n in size]
    elif kind == 3 and min(size) > 1:
        y = start.drawn(q.scale)
        out = model.node("AveragePool", [x.name], kernel_shape=[2, 2])
        size = [n - 1 for n in size]
    elif kind == 4:
        y = start.drawn(q.scale)
        pooled = start.through(q, model.node("MaxPool", [x.name], kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
        out = model.node("Concat", [x.name, pooled], axis=1)
        channels *= 2
    else:
        attributes, shape = convolution(c, channels)
        weights, scale = start.weights(shape, 0, int(np.prod(shape[1:])), q.scale)
        out = model.node("Conv", [x.name, weights, *start.bias(shape[0], scale)], **attributes)
        y, channels = start.drawn(scale), shape[0]
        if c.chance(40):
            out = model.node("Relu", [out])
            y = Quantization(model, y.scale, start.least, start.dtype)
    return Tensor(start.through(y, out), y, channels, size)


def qdq_network(c: Choices) -> Case:
    """The same on floats between pairs, with Gemm in half of the networks."""
    start = Pairs(c)
    shape = [1, c.integer(1, 4), *c.sizes(2, 4, 9)]
    x = Tensor(start.x, start.input, shape[1], shape[2:])
    for _ in range(c.integer(1, 6)):
        x = real_layer(c, start, x)
    elements = x.channels * int(np.prod(x.size))
    if not c.chance(50):
        return start.finish(shape, x.name, None, elements)
    row = start.through(x.quantization, start.model.node("Flatten", [x.name], axis=1))
    outputs = c.integer(1, 10)
    weights, scale = start.weights([outputs, elements], 0, elements, x.quantization.scale)
    out = start.model.node("Gemm", [row, weights, *start.bias(outputs, scale)], transB=1)
    return start.finish(shape, out, start.drawn(scale), outputs)


DRAWERS = [
    Drawer("QOperator networks", qoperator_network, EXACT, 2),
    Drawer("QDQ networks", qdq_network, EXACT, 2),
]
