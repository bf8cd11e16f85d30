"""Drawers of the TFLite operators that move elements."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from case import Case, Drawer
from choices import Choices
from tflite_base import ALL, NONE, REFERENCES, any_shape, begin, finish, image
from tflite_writer import TYPES, TfliteModel


def int32(model: TfliteModel, values: list[int]) -> int:
    """A constant of sizes, axes and the like."""
    return model.constant(np.array(values, np.int32))


def reshape(c: Choices) -> Case:
    """To any shape of as many elements, by a constant or by options alone."""
    shape = any_shape(c, (1, 5))
    model, x = begin(c, shape, c.of([np.int8, np.int8, np.int8, np.float32]))
    left, target = int(np.prod(shape)), []
    for _ in range(c.integer(0, 3)):
        target.append(c.of([n for n in range(1, left + 1) if left % n == 0]))
        left //= target[-1]
    target.append(left)
    y = model.like(x, target)
    named = [-1 if c.chance(10) and i == 0 else n for i, n in enumerate(target)]
    ends = [x, int32(model, named)] if c.chance(80) else [x]
    model.operator("RESHAPE", ends, [y], "Reshape", newShape=target)
    return finish(c, model, x, y)


def shape(c: Choices) -> Case:
    """RESHAPE to a shape that is made of the input's own, as converters write Flatten."""
    sizes = [1, *any_shape(c, (1, 3))]
    model, x = begin(c, sizes)
    whole, first = model.tensor([len(sizes)], np.int32), model.tensor([], np.int32)
    model.operator("SHAPE", [x], [whole], "Shape", outType=TYPES[np.dtype(np.int32)])
    places = [int32(model, [at]) for at in (0, 1, 1)]
    model.operator("STRIDED_SLICE", [whole, *places], [first], "StridedSlice", shrinkAxisMask=1)
    target = [1, int(np.prod(sizes))]
    packed = model.tensor([2], np.int32)
    rest = model.constant(np.array(target[1], np.int32))
    model.operator("PACK", [first, rest], [packed], "Pack", valuesCount=2, axis=0)
    y = model.like(x, target)
    model.operator("RESHAPE", [x, packed], [y], "Reshape")
    return finish(c, model, x, y)


def resized(c: Choices, name: str, options: str) -> Case:
    """Images up and down, with the flags of both."""
    shape = image(c)
    model, x = begin(c, shape)
    size = [n * c.integer(1, 3) for n in shape[1:3]] if c.chance(50) else c.sizes(2, 1, 14)
    y = model.like(x, [shape[0], *size, shape[3]])
    corners = c.chance(33)
    centers = not corners and c.chance(50)
    model.operator(name, [x, int32(model, size)], [y], options, alignCorners=corners, halfPixelCenters=centers)
    return finish(c, model, x, y)


def pad(name: str) -> Callable[[Choices], Case]:
    """Before and behind any axis; PADV2 with any value."""

    def draw(c: Choices) -> Case:
        shape = image(c, 5, 6) if c.chance(60) else any_shape(c, (1, 4))
        model, x = begin(c, shape)
        paddings = np.array([[c.integer(0, 3) if c.chance(50) else 0 for _ in range(2)] for _ in shape])
        where = model.constant(paddings.astype(np.int64 if c.chance(5) else np.int32))
        y = model.like(x, list(np.array(shape) + paddings.sum(1)))
        ends = [x, where]
        if name == "PADV2":
            ends.append(model.constant(c.of_type([1], np.int8), model.scale(x), model.zero_point(x)))
        model.operator(name, ends, [y], "Pad" if name == "PAD" else "PadV2")
        return finish(c, model, x, y)

    return draw


def concatenation(c: Choices) -> Case:
    """The input, constants, and the input beside itself; axes from either end."""
    shape = image(c) if c.chance(60) else any_shape(c, (1, 4))
    model, x = begin(c, shape)
    axis = c.below(len(shape))
    ends, size = [], 0
    for i in range(c.integer(1, 11) if c.chance(10) else c.integer(1, 4)):
        part = list(shape)
        if i > 0 and c.chance(60):
            part[axis] = c.integer(1, 6)
            ends.append(model.constant(c.of_type(part, np.int8), model.scale(x), model.zero_point(x)))
        else:
            ends.append(x)
        size += part[axis]
    if len(ends) > 1 and c.chance(40):
        ends.reverse()
    y = model.like(x, [size if i == axis else n for i, n in enumerate(shape)])
    model.operator(
        "CONCATENATION", ends, [y], "Concatenation", axis=axis - len(shape) if c.chance(30) else axis,
        fusedActivationFunction=0,
    )  # fmt: skip
    return finish(c, model, x, y)


def transpose(c: Choices) -> Case:
    """Any order of axes."""
    shape = any_shape(c, (1, 5), 5)
    model, x = begin(c, shape)
    left, order = list(range(len(shape))), []
    while left:
        order.append(left.pop(c.below(len(left))))
    y = model.like(x, [shape[axis] for axis in order])
    model.operator("TRANSPOSE", [x, int32(model, order)], [y], "Transpose")
    return finish(c, model, x, y)


def slice_(c: Choices) -> Case:
    """Any part; a size of -1 is the rest."""
    shape = any_shape(c, (1, 4), 7)
    model, x = begin(c, shape)
    starts = [c.below(n) for n in shape]
    sizes = [c.integer(1, n - start) for n, start in zip(shape, starts)]
    named = [-1 if start + size == n and c.chance(40) else size for n, start, size in zip(shape, starts, sizes)]
    y = model.like(x, sizes)
    model.operator("SLICE", [x, int32(model, starts), int32(model, named)], [y], "Slice")
    return finish(c, model, x, y)


def strided_slice(c: Choices) -> Case:
    """Steps of either sign, indices from either end, masks of begin, end and dropped axes."""
    shape = any_shape(c, (1, 4), 8)
    model, x = begin(c, shape)
    begins, ends, steps, kept = [], [], [], []
    masks = [0, 0, 0]
    for i, n in enumerate(shape):
        step = c.of([1, 1, 2, 3, -1, -2])
        first = c.below(n)
        if c.chance(15) and len(shape) > 1:
            step, last = 1, first + 1
            masks[2] |= 1 << i
        else:
            last = c.integer(first + 1, n) if step > 0 else c.integer(-1, first - 1)
            if c.chance(25):
                masks[0] |= 1 << i
                first = 0 if step > 0 else n - 1
            if c.chance(25) or last < 0:
                masks[1] |= 1 << i
                last = n if step > 0 else -1
            kept.append(len(range(first, last, step)))
        begins.append(first - n if c.chance(25) else first)
        ends.append(last - n if 0 < last < n and c.chance(25) else last)
        steps.append(step)
    y = model.like(x, kept)
    operands = [x, int32(model, begins), int32(model, ends), int32(model, steps)]
    model.operator(
        "STRIDED_SLICE", operands, [y], "StridedSlice", beginMask=masks[0], endMask=masks[1], shrinkAxisMask=masks[2]
    )
    return finish(c, model, x, y)


def split(c: Choices) -> Case:
    """Equal parts, which are joined again in another order by CONCATENATION."""
    shape = any_shape(c, (1, 4), 5)
    axis, parts = c.below(len(shape)), c.integer(1, 4)
    shape[axis] *= parts
    model, x = begin(c, shape)
    part = [n // parts if i == axis else n for i, n in enumerate(shape)]
    outputs = [model.like(x, part) for _ in range(parts)]
    signed = axis - len(shape) if c.chance(30) else axis
    model.operator("SPLIT", [model.constant(np.array(signed, np.int32)), x], outputs, "Split", numSplits=parts)
    y = model.like(x, shape)
    model.operator("CONCATENATION", outputs[::-1], [y], "Concatenation", axis=axis, fusedActivationFunction=0)
    return finish(c, model, x, y)


def split_v(c: Choices) -> Case:
    """Parts of any sizes, joined again in another order by CONCATENATION."""
    shape = any_shape(c, (1, 4), 5)
    axis, sizes = c.below(len(shape)), c.sizes(c.integer(1, 4), 1, 4)
    shape[axis] = sum(sizes)
    model, x = begin(c, shape)
    outputs = [model.like(x, [size if i == axis else n for i, n in enumerate(shape)]) for size in sizes]
    where = model.constant(np.array(axis, np.int32))
    model.operator("SPLIT_V", [x, int32(model, sizes), where], outputs, "SplitV", numSplits=len(sizes))
    y = model.like(x, shape)
    model.operator("CONCATENATION", outputs[::-1], [y], "Concatenation", axis=axis, fusedActivationFunction=0)
    return finish(c, model, x, y)


def pack(c: Choices) -> Case:
    """The input beside constants along a new axis."""
    shape = any_shape(c, (1, 3))
    model, x = begin(c, shape)
    ends = [x]
    for _ in range(c.integer(0, 3)):
        ends.append(x if c.chance(30) else model.constant(c.of_type(shape, np.int8), model.scale(x), model.zero_point(x)))
    axis = c.integer(0, len(shape))
    y = model.like(x, [*shape[:axis], len(ends), *shape[axis:]])
    signed = axis - len(shape) - 1 if c.chance(30) else axis
    model.operator("PACK", ends, [y], "Pack", valuesCount=len(ends), axis=signed)
    return finish(c, model, x, y)


def unpack(c: Choices) -> Case:
    """The parts along an axis, joined by PACK in another order."""
    shape = any_shape(c, (2, 4), 4)
    axis = c.below(len(shape))
    model, x = begin(c, shape)
    rest = [n for i, n in enumerate(shape) if i != axis]
    outputs = [model.like(x, rest) for _ in range(shape[axis])]
    signed = axis - len(shape) if c.chance(30) else axis
    model.operator("UNPACK", [x], outputs, "Unpack", num=shape[axis], axis=signed)
    y = model.like(x, [shape[axis], *rest])
    model.operator("PACK", outputs[::-1], [y], "Pack", valuesCount=shape[axis], axis=0)
    return finish(c, model, x, y)


def squeeze(c: Choices) -> Case:
    """Some axes of size 1, or all of them where none is named."""
    shape = [1 if c.chance(40) else n for n in any_shape(c, (1, 4))] + [c.integer(2, 6)]
    model, x = begin(c, shape)
    ones = [i for i, n in enumerate(shape) if n == 1]
    named = [] if c.chance(30) else [i for i in ones if c.chance(60)]
    gone = named or ones
    y = model.like(x, [n for i, n in enumerate(shape) if i not in gone])
    signed = [axis - len(shape) if c.chance(20) else axis for axis in named]
    model.operator("SQUEEZE", [x], [y], "Squeeze", squeezeDims=signed)
    return finish(c, model, x, y)


def expand_dims(c: Choices) -> Case:
    """A new axis anywhere."""
    shape = any_shape(c, (1, 3))
    model, x = begin(c, shape)
    axis = c.integer(0, len(shape))
    y = model.like(x, [*shape[:axis], 1, *shape[axis:]])
    signed = axis - len(shape) - 1 if c.chance(30) else axis
    model.operator("EXPAND_DIMS", [x, int32(model, [signed])], [y], "ExpandDims")
    return finish(c, model, x, y)


DRAWERS = [
    Drawer("RESHAPE", reshape, ALL),
    Drawer("SHAPE", shape, ALL),
    Drawer("PAD", pad("PAD"), ALL),
    Drawer("PADV2", pad("PADV2"), ALL),
    Drawer("CONCATENATION", concatenation, ALL),
    Drawer("TRANSPOSE", transpose, ALL),
    Drawer("SLICE", slice_, ALL),
    Drawer("STRIDED_SLICE", strided_slice, ALL),
    Drawer("SPLIT", split, ALL),
    Drawer("SPLIT_V", split_v, ALL),
    Drawer("PACK", pack, ALL),
    Drawer("UNPACK", unpack, ALL),
    Drawer("SQUEEZE", squeeze, ALL),
    Drawer("EXPAND_DIMS", expand_dims, ALL),
    Drawer(
        "RESIZE_NEAREST_NEIGHBOR",
        lambda c: resized(c, "RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighbor"),
        ALL,
    ),
    Drawer("RESIZE_BILINEAR", lambda c: resized(c, "RESIZE_BILINEAR", "ResizeBilinear"), REFERENCES),
]
