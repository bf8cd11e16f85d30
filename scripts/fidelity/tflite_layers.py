"""Drawers of the TFLite operators with weights, and of pools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from case import Case, Drawer
from choices import Choices
from tflite_base import (
    ALL, PADDINGS, REFERENCES, TFLM, Append, activation, begin, computed, finish, image, is_int16, window,
)  # fmt: skip
from tflite_writer import TfliteModel


def weights(
    c: Choices, model: TfliteModel, shape: Sequence[int], axis: int, per_channel: bool, narrow: bool = False
) -> int:
    """Weights with one scale, or with one for each output; some of `narrow` ones have 4 bits. The least integer is rare,
    because converters do not write it."""
    outputs = shape[axis]
    scales = [c.scale(0.01, 1.5) for _ in range(outputs if per_channel else 1)]
    if per_channel and c.chance(4):
        scales[c.below(outputs)] = 0.0
    least = 1 if c.chance(20) else 0
    if narrow and c.chance(12):
        return model.constant(c.array(shape, -7 - least, 7, np.int8), [16.0 * s for s in scales], 0, axis, int4=True)
    return model.constant(c.array(shape, -127 - least, 127, np.int8), scales, 0, axis)


def bias(c: Choices, model: TfliteModel, x: int, w: int, outputs: int) -> int:
    """A bias at the scale of the sum; now and then it is great."""
    scales = np.float32(model.scale(x)) * np.asarray(model.tensors[w].quantization.scale, np.float32)
    bound = 1 << (24 if c.chance(5) else 14)
    if not is_int16(model, x):
        return model.constant(c.array([outputs], -bound, bound, np.int32), list(scales))
    dtype = np.int32 if c.chance(15) else np.int64
    return model.constant(c.array([outputs], -bound << 5, bound << 5, dtype), list(scales))


def sum_scale(c: Choices, model: TfliteModel, x: int, w: int, terms: int) -> float:
    """An output scale with which sums of so many products use the range of int8."""
    weight = float(np.mean(model.tensors[w].quantization.scale)) or 0.01
    spread = 3.0 if c.chance(15) else 1.0
    return c.scale(model.scale(x) * weight * 90.0 * float(np.sqrt(terms)), spread)


def fully_connected(c: Choices, model: TfliteModel, x: int) -> int:
    """With or without bias, dimensions kept or not."""
    *leading, inputs = model.shape(x)
    outputs = c.integer(1, 12)
    per_channel, keep = c.chance(40), c.chance(50)
    w = weights(c, model, [outputs, inputs], 0, per_channel, narrow=True)
    b = -1 if c.chance(25) else bias(c, model, x, w, outputs)
    shape = [*leading, outputs] if keep else [int(np.prod(leading)), outputs]
    y = computed(c, model, x, shape, sum_scale(c, model, x, w, inputs))
    ends = [x, w] if b < 0 and c.chance(50) else [x, w, b]
    fused = activation(c)
    model.operator(
        "FULLY_CONNECTED", ends, [y], "FullyConnected", fusedActivationFunction=fused, keepNumDims=keep
    )
    return y


def geometry(c: Choices, shape: Sequence[int], undilated: bool = False) -> tuple[list[int], list[int], list[int], bool, list[int]]:
    """Filter, stride, dilation, whether padding is SAME, and the output size, for an image of this shape."""
    same = c.chance(50)
    dilation = c.sizes(2, 1, 3) if c.chance(25) and not undilated else [1, 1]
    limits = [4 if same else min(4, (size - 1) // d + 1) for size, d in zip(shape[1:3], dilation)]
    filter = [c.integer(1, limit) for limit in limits]
    stride = [1, 1] if dilation != [1, 1] and c.chance(70) else c.sizes(2, 1, 3)
    size = [window(n, f, s, d, same) for n, f, s, d in zip(shape[1:3], filter, stride, dilation)]
    return filter, stride, dilation, same, size


def conv2d(c: Choices, model: TfliteModel, x: int) -> int:
    """All strides, dilations and paddings; groups, which TFLite marks by the depth of the weights alone."""
    shape = model.shape(x)
    groups = c.of([n for n in range(1, 5) if shape[3] % n == 0]) if c.chance(25) else 1
    depth = shape[3] // groups
    outputs = c.integer(1, 4 if groups > 1 else 10) * groups
    filter, stride, dilation, same, size = geometry(c, shape)
    w = weights(c, model, [outputs, *filter, depth], 0, c.chance(60), narrow=True)
    b = bias(c, model, x, w, outputs)
    y_scale = sum_scale(c, model, x, w, filter[0] * filter[1] * depth)
    y = computed(c, model, x, [shape[0], *size, outputs], y_scale)
    model.operator(
        "CONV_2D", [x, w, b], [y], "Conv2D", padding=PADDINGS[same], strideH=stride[0], strideW=stride[1],
        dilationHFactor=dilation[0], dilationWFactor=dilation[1], fusedActivationFunction=activation(c),
    )  # fmt: skip
    return y


def depthwise_conv2d(c: Choices, model: TfliteModel, x: int) -> int:
    """Depth multipliers of 1 to 3, and channels in whole groups of 8 and beside them."""
    shape = model.shape(x)
    multiplier = c.integer(2, 3) if c.chance(30) else 1
    outputs = shape[3] * multiplier
    filter, stride, dilation, same, size = geometry(c, shape)
    w = weights(c, model, [1, *filter, outputs], 3, c.chance(60), narrow=True)
    b = bias(c, model, x, w, outputs)
    y_scale = sum_scale(c, model, x, w, filter[0] * filter[1])
    y = computed(c, model, x, [shape[0], *size, outputs], y_scale)
    model.operator(
        "DEPTHWISE_CONV_2D", [x, w, b], [y], "DepthwiseConv2D", padding=PADDINGS[same], strideH=stride[0],
        strideW=stride[1], dilationHFactor=dilation[0], dilationWFactor=dilation[1], depthMultiplier=multiplier,
        fusedActivationFunction=activation(c),
    )  # fmt: skip
    return y


def transpose_conv(c: Choices, model: TfliteModel, x: int) -> int:
    """The output size is a constant, which is chosen as a converter does."""
    shape = model.shape(x)
    outputs, same = c.integer(1, 5), c.chance(50)
    filter, stride = c.sizes(2, 1, 4), c.sizes(2, 1, 3)
    size = [n * s if same else (n - 1) * s + f for n, f, s in zip(shape[1:3], filter, stride)]
    w = weights(c, model, [outputs, *filter, shape[3]], 0, c.chance(60))
    sizes = model.constant(np.array([shape[0], *size, outputs], np.int32))
    ends = [sizes, w, x] + ([bias(c, model, x, w, outputs)] if c.chance(60) else [])
    y_scale = sum_scale(c, model, x, w, filter[0] * filter[1] * shape[3])
    y = model.tensor([shape[0], *size, outputs], np.int8, y_scale, c.zero_point())
    model.operator(
        "TRANSPOSE_CONV", ends, [y], "TransposeConv", padding=PADDINGS[same], strideH=stride[0], strideW=stride[1]
    )
    return y


def pool(name: str) -> Append:
    """Windows of any size, also greater than a stride and smaller; scales are the same, or nearly never not."""

    def append(c: Choices, model: TfliteModel, x: int) -> int:
        shape = model.shape(x)
        filter, stride, _, same, size = geometry(c, shape, undilated=True)
        y = model.like(x, [shape[0], *size, shape[3]])
        if c.chance(3):
            y = computed(c, model, x, model.shape(y), c.scale(0.1, 1.0))
        model.operator(
            name, [x], [y], "Pool2D", padding=PADDINGS[same], strideH=stride[0], strideW=stride[1],
            filterHeight=filter[0], filterWidth=filter[1], fusedActivationFunction=activation(c),
        )  # fmt: skip
        return y

    return append


def alone(append: Append, shape: Callable[[Choices], list[int]], dtype: Any = np.int8) -> Callable[[Choices], Case]:
    """A model of this operator by itself, for an input of a drawn shape."""

    def draw(c: Choices) -> Case:
        model, x = begin(c, shape(c), dtype, 0.1 if dtype == np.int8 else 0.001)
        return finish(c, model, x, append(c, model, x))

    return draw


def rows(c: Choices) -> list[int]:
    """Rows in any shape."""
    return [*c.sizes(c.of([1, 1, 2, 3]), 1, 4), c.integer(1, 40)]


def channels(c: Choices) -> list[int]:
    """An image that may have many channels."""
    return image(c, channels=18 if c.chance(40) else 6, size=9)


AVERAGE_POOL, MAX_POOL = pool("AVERAGE_POOL_2D"), pool("MAX_POOL_2D")
DRAWERS = [
    Drawer("FULLY_CONNECTED", alone(fully_connected, rows), ALL, 3),
    Drawer("CONV_2D", alone(conv2d, image), ALL, 3),
    Drawer("DEPTHWISE_CONV_2D", alone(depthwise_conv2d, channels), ALL, 3),
    Drawer("AVERAGE_POOL_2D", alone(AVERAGE_POOL, channels), ALL),
    Drawer("MAX_POOL_2D", alone(MAX_POOL, channels), ALL),
    Drawer("FULLY_CONNECTED int16", alone(fully_connected, rows, np.int16), TFLM),
    Drawer("CONV_2D int16", alone(conv2d, image, np.int16), TFLM),
    Drawer("DEPTHWISE_CONV_2D int16", alone(depthwise_conv2d, channels, np.int16), TFLM),
    Drawer("AVERAGE_POOL_2D int16", alone(AVERAGE_POOL, channels, np.int16), TFLM),
    Drawer("MAX_POOL_2D int16", alone(MAX_POOL, channels, np.int16), TFLM),
    Drawer("TRANSPOSE_CONV", alone(transpose_conv, lambda c: image(c, 4, 5)), REFERENCES),
]
