"""Drawers of ONNX operators that move integers."""

from __future__ import annotations

import numpy as np

from case import Case, Drawer
from choices import Choices
from onnx_qoperator import Start
from onnx_writer import EXACT


def resize(c: Choices) -> Case:
    """To the nearest, by sizes or by factors."""
    start = Start(c)
    shape = [1, *c.sizes(3, 1, 8)]
    ends = [start.x, ""]
    if c.chance(50):
        factors = [1.0, 1.0, c.of([2.0, 3.0, 1.5, 0.6]), c.of([2.0, 2.5, 0.6, 3.0])]
        ends.append(start.model.constant(factors, np.float32))
    else:
        ends += ["", start.model.constant([*shape[:2], *c.sizes(2, 1, 16)], np.int64)]
    out = start.model.node(
        "Resize", ends, mode="nearest",
        coordinate_transformation_mode=c.of(["asymmetric", "half_pixel", "align_corners", "pytorch_half_pixel"]),
        nearest_mode=c.of(["floor", "round_prefer_floor", "ceil", "round_prefer_ceil"]),
    )  # fmt: skip
    return start.finish(shape, out, start.input, 4 * int(np.prod(shape)))


def slice_(c: Choices) -> Case:
    """Steps of either sign along some axes."""
    start = Start(c)
    shape = [1, *c.sizes(3, 1, 8)]
    axes = sorted({c.below(4) for _ in range(c.integer(1, 3))})
    steps = [c.of([1, 1, 2, -1, -2]) for _ in axes]
    starts = [c.integer(-shape[axis], shape[axis] - 1) for axis in axes]
    ends = [99 if step > 0 else -99 for step in steps]
    x = start.model.node("MaxPool", [start.x], kernel_shape=[1, 1]) if c.chance(40) else start.x
    lists = [start.model.constant(values, np.int64) for values in (starts, ends, axes, steps)]
    return start.finish(shape, start.model.node("Slice", [x, *lists]), start.input, int(np.prod(shape)))


def moves(c: Choices) -> Case:
    """Several of Transpose, Reshape, Flatten, Unsqueeze and Squeeze."""
    start = Start(c)
    model, sizes = start.model, [1, *c.sizes(3, 1, 6)]
    shape, x = list(sizes), start.x
    if c.chance(50):
        x = model.node("MaxPool", [x], kernel_shape=[1, 1])
    for _ in range(c.integer(1, 4)):
        kind = c.below(5)
        if kind == 0:
            left = list(range(len(sizes)))
            order = [left.pop(c.below(len(left))) for _ in range(len(sizes))]
            x, sizes = model.node("Transpose", [x], perm=order), [sizes[axis] for axis in order]
        elif kind == 1:
            count = int(np.prod(sizes))
            first = c.of([n for n in range(1, count + 1) if count % n == 0])
            sizes = [first, count // first]
            x = model.node("Reshape", [x, model.constant(sizes, np.int64)])
        elif kind == 2:
            axis = c.integer(0, len(sizes))
            x, sizes = model.node("Flatten", [x], axis=axis), [int(np.prod(sizes[:axis])), int(np.prod(sizes[axis:]))]
        elif kind == 3:
            axis = c.integer(0, len(sizes))
            x = model.node("Unsqueeze", [x, model.constant([axis], np.int64)])
            sizes = [*sizes[:axis], 1, *sizes[axis:]]
        elif 1 in sizes and len(sizes) > 1:
            axis = sizes.index(1)
            x = model.node("Squeeze", [x, model.constant([axis], np.int64)])
            sizes = sizes[:axis] + sizes[axis + 1 :]
    return start.finish(shape, x, start.input, int(np.prod(shape)))


DRAWERS = [
    Drawer("Resize", resize, EXACT),
    Drawer("Slice", slice_, EXACT),
    Drawer("Transpose, Reshape and alike", moves, EXACT),
]
