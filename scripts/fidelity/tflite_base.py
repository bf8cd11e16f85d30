"""What the drawers of `.tflite` models share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from case import TFLITE_RUNTIMES, Case
from choices import Choices
from tflite_writer import TYPES, TfliteModel

ALL = frozenset(TFLITE_RUNTIMES)
REFERENCES = frozenset({"tflm", "litert_reference"})
TFLM = frozenset({"tflm"})
NONE: frozenset[str] = frozenset()
ACTIVATIONS = [getattr(schema.ActivationFunctionType, name) for name in ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")]
PADDINGS = [schema.Padding.VALID, schema.Padding.SAME]
# Appends an operator that reads a tensor, and gives the tensor that it writes.
Append = Callable[[Choices, TfliteModel, int], int]
# So many outputs of a model are compared, about, by giving it as many inputs as that takes, within a limit.
OUTPUTS = 1200
BATCHES = 40


def activation(c: Choices) -> int:
    """A fused activation: none in half of the cases."""
    return c.of(ACTIVATIONS) if c.chance(50) else ACTIVATIONS[0]


def begin(c: Choices, shape: Sequence[int], dtype: Any = np.int8, middle: float = 0.1) -> tuple[TfliteModel, int]:
    """A model and its input, of any quantization unless it is of floats."""
    model = TfliteModel()
    if np.dtype(dtype) == np.float32:
        return model, model.tensor(shape, dtype)
    zero_point = 0 if np.dtype(dtype) == np.int16 else c.zero_point(dtype)
    return model, model.tensor(shape, dtype, c.scale(middle, 3.0), zero_point)


def image(c: Choices, channels: int = 6, size: int = 8) -> list[int]:
    """The shape of an image."""
    batch = c.integer(1, 2) if c.chance(20) else 1
    return [batch, *c.sizes(2, 1, size), c.integer(1, channels)]


def any_shape(c: Choices, ranks: tuple[int, int] = (1, 4), size: int = 6) -> list[int]:
    """A shape of any rank."""
    return c.sizes(c.integer(*ranks), 1, size)


def output_scale(c: Choices, scale: float) -> float:
    """A scale for the output of an operator that rescales: near the scale of the input, or the same."""
    return scale if c.chance(25) else c.scale(scale, 1.5)


def is_int16(model: TfliteModel, x: int) -> bool:
    """Whether a tensor has activations of 16 bits."""
    return model.tensors[x].type == schema.TensorType.INT16


def computed(c: Choices, model: TfliteModel, x: int, shape: Sequence[int], scale: float) -> int:
    """A tensor of the type of `x`, of this scale and any zero point; int16 has zero point 0."""
    if is_int16(model, x):
        return model.tensor(shape, np.int16, scale, 0)
    return model.tensor(shape, np.int8, scale, c.zero_point())


def rescaled(c: Choices, model: TfliteModel, x: int, shape: Sequence[int], dtype: Any = np.int8) -> int:
    """An output tensor near the scale of `x`."""
    return model.tensor(shape, dtype, output_scale(c, model.scale(x)), c.zero_point(dtype))


def finish(c: Choices, model: TfliteModel, x: int, y: int | list[int], spread: float = 3.0) -> Case:
    """The model with input `x` and one output or several, and inputs for it."""
    ys = y if isinstance(y, list) else [y]
    outputs = max(1, sum(int(np.prod(model.shape(y))) for y in ys))
    batches = max(1, min(BATCHES, OUTPUTS // outputs)) if c.chance(95) else 1
    batch, *rest = model.shape(x)
    shape = [batch * batches, *rest]
    kind = model.tensors[x].type
    if kind == schema.TensorType.FLOAT32:
        inputs = c.reals(shape, spread, 0.5)
    else:
        inputs = c.of_type(shape, next(dtype for dtype, code in TYPES.items() if code == kind))
    return Case("tflite", model.bytes([x], ys), [inputs], batch)


def window(size: int, filter: int, stride: int, dilation: int, same: bool) -> int:
    """The output size of a window that moves along one axis."""
    if same:
        return -(-size // stride)
    return (size - (filter - 1) * dilation - 1) // stride + 1
