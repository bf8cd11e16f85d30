"""Drawers of networks with several inputs and outputs, and of networks that keep state from frame to frame."""

from __future__ import annotations

import numpy as np

import tflite_layers as layers
from case import Case, Drawer
from choices import Choices
from tflite_base import ALL, TFLM, activation, finish
from tflite_elementwise import in_any_order
from tflite_writer import TfliteModel


def several_ends(c: Choices) -> Case:
    """Two or three inputs, a layer of each, their sums, and any of the tensors as outputs, also one twice."""
    model = TfliteModel()
    shape = [1, *c.sizes(2, 1, 6), c.integer(1, 4)]
    inputs = [model.tensor(shape, np.int8, c.scale(0.05), c.zero_point()) for _ in range(c.integer(2, 3))]
    written: list[int] = []
    for x in inputs:
        y = model.tensor(shape, np.int8, c.scale(model.scale(x)), c.zero_point())
        model.operator("QUANTIZE", [x], [y], "Quantize")
        written.append(y)
    for other in written[1:]:
        y = model.tensor(shape, np.int8, c.scale(model.scale(other) * 1.5), c.zero_point())
        model.operator("ADD", in_any_order(c, written[-1], other), [y], "Add", fusedActivationFunction=0)
        written.append(y)
    outputs = [c.of(written) for _ in range(c.integer(2, 4))]
    batches = c.integer(1, 8)
    arrays = [c.of_type([batches, *shape[1:]], np.int8) for _ in inputs]
    return Case("tflite", model.bytes(inputs, outputs), arrays, 1)


def ring(c: Choices, model: TfliteModel, x: int, name: str, starts: TfliteModel | None, kept: int) -> int:
    """The frames of `x` behind so many of earlier runs, which a variable holds."""
    batch, frames, *rest = model.shape(x)
    handle, old = model.variable(name), model.like(x, [batch, kept, *rest])
    if starts is not None:
        first = starts.constant(c.of_type([batch, kept, *rest], np.int8), model.scale(x), model.zero_point(x))
        starts.operator("ASSIGN_VARIABLE", [starts.variable(name), first], [], "AssignVariable")
    model.operator("READ_VARIABLE", [handle], [old], "ReadVariable")
    all = model.like(x, [batch, kept + frames, *rest])
    model.operator("CONCATENATION", [old, x], [all], "Concatenation", axis=1, fusedActivationFunction=0)
    new = model.like(x, [batch, kept, *rest])
    numbers = [[0, frames, 0, 0], [0, kept + frames, 0, 0], [1, 1, 1, 1]]
    slices = [model.constant(np.array(values, np.int32)) for values in numbers]
    model.operator("STRIDED_SLICE", [all, *slices], [new], "StridedSlice", beginMask=0b1101, endMask=0b1101)
    model.operator("ASSIGN_VARIABLE", [handle, new], [], "AssignVariable")
    return all


def streaming(c: Choices) -> Case:
    """Layers over rings of frames, as wake words have them; a run is a frame, or a few."""
    model = TfliteModel()
    x = model.tensor([1, c.integer(1, 3), 1, c.integer(1, 8)], np.int8, c.scale(0.05), c.zero_point())
    starts = beginning(c, model)
    y = x
    for i in range(c.integer(1, 3)):
        y = ring(c, model, y, f"stream_{i}", starts, c.integer(1, 4))
        y = c.of([layers.conv2d, layers.depthwise_conv2d])(c, model, y)
    return finish(c, model, x, y)


def beginning(c: Choices, model: TfliteModel) -> TfliteModel | None:
    """The subgraph that says what variables are at first, in three of four models."""
    if not c.chance(75):
        return None
    model.operator("CALL_ONCE", [], [], "CallOnce", initSubgraphIndex=1)
    return model.subgraph()


def layer(c: Choices, model: TfliteModel, x: int, filter: int, stride: int, outputs: int) -> int:
    """A convolution in time by filters of each channel, or of all of them if there are `outputs`."""
    batch, frames, _, channels = model.shape(x)
    many = outputs > 0
    shape, axis = ([outputs, filter, 1, channels], 0) if many else ([1, filter, 1, channels], 3)
    w = layers.weights(c, model, shape, axis, True)
    b = layers.bias(c, model, x, w, shape[axis])
    y_scale = layers.sum_scale(c, model, x, w, filter * channels if many else filter)
    size = [batch, (frames - filter) // stride + 1, 1, shape[axis]]
    y = model.tensor(size, np.int8, y_scale, c.zero_point())
    name, options, fields = ("CONV_2D", "Conv2D", {}) if many else ("DEPTHWISE_CONV_2D", "DepthwiseConv2D", {"depthMultiplier": 1})
    model.operator(
        name, [x, w, b], [y], options, padding=layers.PADDINGS[False], strideH=stride, strideW=1, dilationHFactor=1,
        dilationWFactor=1, fusedActivationFunction=activation(c), **fields,
    )  # fmt: skip
    return y


def wake_word(c: Choices) -> Case:
    """Three spectra a run, a convolution over five of them, depthwise and pointwise layers over rings of frames, and a
    probability of uint8: what home automation runs."""
    model = TfliteModel()
    frames, bins = 3, 40
    x = model.tensor([1, frames, bins], np.int8, c.scale(0.1), c.zero_point())
    starts = beginning(c, model)
    y = model.like(x, [1, frames, 1, bins])
    model.operator("RESHAPE", [x, model.constant(np.array([1, frames, 1, bins], np.int32))], [y], "Reshape")
    y = layer(c, model, ring(c, model, y, "stream", starts, 2), 5, frames, c.integer(4, 16))
    for i in range(c.integer(1, 3)):
        filter = c.integer(2, 9)
        y = layer(c, model, ring(c, model, y, f"stream_{i}", starts, filter - 1), filter, 1, 0)
        y = layer(c, model, y, 1, 1, c.integer(4, 16))
    y = ring(c, model, y, "stream_last", starts, c.integer(1, 4))
    flat = model.like(y, [1, int(np.prod(model.shape(y)))])
    model.operator("RESHAPE", [y, model.constant(np.array(model.shape(flat), np.int32))], [flat], "Reshape")
    terms = model.shape(flat)[1]
    # With such a scale the logits are where the logistic function is not flat.
    logit = model.tensor([1, 1], np.int8, c.scale(0.05), c.zero_point())
    scale = model.scale(logit) / (model.scale(flat) * 90.0 * float(np.sqrt(terms)))
    w = model.constant(c.array([1, terms], -127, 127, np.int8), scale)
    b = layers.bias(c, model, flat, w, 1)
    model.operator("FULLY_CONNECTED", [flat, w, b], [logit], "FullyConnected", fusedActivationFunction=0)
    probability = model.tensor([1, 1], np.int8, 1.0 / 256.0, -128)
    model.operator("LOGISTIC", [logit], [probability])
    result = model.tensor([1, 1], np.uint8, 1.0 / 256.0, 0)
    model.operator("QUANTIZE", [probability], [result], "Quantize")
    inputs = c.of_type([64, frames, bins], np.int8)
    return Case("tflite", model.bytes([x], [result]), [inputs], 1)


DRAWERS = [
    Drawer("several inputs and outputs", several_ends, ALL),
    Drawer("streaming networks", streaming, ALL),
    Drawer("streaming wake words", wake_word, TFLM),
]
