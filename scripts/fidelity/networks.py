"""Drawers of small networks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import tflite_elementwise as elementwise
import tflite_layers as layers
from case import Case, Drawer
from choices import Choices
from tflite_base import ALL, activation, finish
from tflite_writer import TfliteModel


def residual(c: Choices, model: TfliteModel, x: int, name: str, options: str) -> int:
    """The tensor and a layer of it, added or multiplied."""
    shape = model.shape(x)
    other = model.tensor(shape, np.int8, c.scale(model.scale(x)), c.zero_point())
    filter = [1, *c.sizes(2, 1, 3), shape[3]]
    w = layers.weights(c, model, filter, 3, c.chance(60))
    b = layers.bias(c, model, x, w, shape[3])
    model.operator(
        "DEPTHWISE_CONV_2D", [x, w, b], [other], "DepthwiseConv2D", padding=layers.PADDINGS[True], strideH=1, strideW=1,
        dilationHFactor=1, dilationWFactor=1, depthMultiplier=1, fusedActivationFunction=activation(c),
    )  # fmt: skip
    scales = model.scale(x), model.scale(other)
    middle = scales[0] * scales[1] * 64.0 if name == "MUL" else max(scales) * 1.5
    y = model.tensor(shape, np.int8, c.scale(middle), c.zero_point())
    ends = elementwise.in_any_order(c, x, other)
    model.operator(name, ends, [y], options, fusedActivationFunction=activation(c))
    return y


def joined(c: Choices, model: TfliteModel, x: int) -> int:
    """The tensor and a pool of it, side by side."""
    shape = model.shape(x)
    pooled = model.like(x, shape)
    model.operator(
        "MAX_POOL_2D", [x], [pooled], "Pool2D", padding=layers.PADDINGS[True], strideH=1, strideW=1, filterHeight=2,
        filterWidth=3, fusedActivationFunction=0,
    )  # fmt: skip
    y = model.like(x, [*shape[:3], 2 * shape[3]])
    model.operator("CONCATENATION", [x, pooled], [y], "Concatenation", axis=3, fusedActivationFunction=0)
    return y


def padded(c: Choices, model: TfliteModel, x: int) -> int:
    """With a border, as models have it before a convolution without padding."""
    border = [[0, 0], c.sizes(2, 0, 2), c.sizes(2, 0, 2), [0, 0]]
    y = model.like(x, [n + sum(sides) for n, sides in zip(model.shape(x), border)])
    model.operator("PAD", [x, model.constant(np.array(border, np.int32))], [y], "Pad")
    return y


def function(name: str, options: str | None = None) -> Callable[[Choices, TfliteModel, int], int]:
    """A function of one int8."""

    def append(c: Choices, model: TfliteModel, x: int) -> int:
        y = model.tensor(model.shape(x), np.int8, c.scale(model.scale(x)), c.zero_point())
        model.operator(name, [x], [y], options)
        return y

    return append


BODY = [
    layers.conv2d,
    layers.depthwise_conv2d,
    layers.conv2d,
    lambda c, model, x: residual(c, model, x, "ADD", "Add"),
    lambda c, model, x: residual(c, model, x, "MUL", "Mul"),
    lambda c, model, x: residual(c, model, x, "SUB", "Sub"),
    layers.MAX_POOL,
    layers.AVERAGE_POOL,
    joined,
    padded,
    function("RELU"),
    function("RELU6"),
    function("HARD_SWISH", "HardSwish"),
]


def beginning(c: Choices, model: TfliteModel) -> tuple[int, int]:
    """The input, of int8, or of uint8 or floats and quantized; and the tensor that the layers begin with."""
    shape = [1, *c.sizes(2, 3, 10), c.integer(1, 4)]
    kind = c.of(["int8", "float32", "uint8"])
    if kind == "int8":
        x = model.tensor(shape, np.int8, c.scale(0.05), c.zero_point())
        return x, x
    scale = c.scale(0.05)
    if kind == "float32":
        x = model.tensor(shape, np.float32)
    else:
        x = model.tensor(shape, np.uint8, scale, c.zero_point(np.uint8))
    first = model.tensor(shape, np.int8, scale if c.chance(50) else c.scale(0.05), c.zero_point())
    model.operator("QUANTIZE", [x], [first], "Quantize")
    return x, first


def flattened(c: Choices, model: TfliteModel, x: int, mean: bool) -> int:
    """One row for each image: the mean of each channel, or all elements."""
    batch, rows, cols, channels = model.shape(x)
    if mean and c.chance(50):
        y = model.tensor([batch, channels], np.int8, c.scale(model.scale(x)), c.zero_point())
        model.operator("MEAN", [x, model.constant(np.array([1, 2], np.int32))], [y], "Reducer", keepDims=False)
        return y
    size = rows * cols * channels
    y = model.like(x, [batch, size])
    model.operator("RESHAPE", [x, model.constant(np.array([batch, size], np.int32))], [y], "Reshape", newShape=[batch, size])
    return y


def ending(c: Choices, model: TfliteModel, x: int) -> int:
    """Logits as they are, as probabilities, as floats or as uint8."""
    shape = model.shape(x)
    kind = c.below(4)
    if kind == 1:
        y = model.tensor(shape, np.int8, 1.0 / 256.0, -128)
        model.operator("SOFTMAX", [x], [y], "Softmax", beta=1.0)
        return y
    if kind == 2:
        y = model.tensor(shape, np.float32)
        model.operator("DEQUANTIZE", [x], [y], "Dequantize")
        return y
    if kind == 3:
        y = model.tensor(shape, np.uint8, model.scale(x), model.zero_point(x) + 128)
        model.operator("QUANTIZE", [x], [y], "Quantize")
        return y
    return x


def network(c: Choices) -> Case:
    """Up to 7 layers over an image, then one or two fully connected layers, in half of the networks."""
    model = TfliteModel()
    x, tensor = beginning(c, model)
    for _ in range(c.integer(1, 7)):
        tensor = c.of(BODY)(c, model, tensor)
    if c.chance(60):
        tensor = flattened(c, model, tensor, mean=True)
        for _ in range(c.integer(1, 2)):
            tensor = layers.fully_connected(c, model, tensor)
        tensor = ending(c, model, tensor)
    return finish(c, model, x, tensor)


DRAWERS = [Drawer("networks", network, ALL, 4)]
