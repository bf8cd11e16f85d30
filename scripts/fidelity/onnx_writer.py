"""Writes `.onnx` files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from case import Case
from choices import Choices

MICROSOFT = "com.microsoft"
TYPES = (np.int8, np.uint8)
OUTPUTS, BATCHES = 1200, 40
EXACT = frozenset({"onnxruntime"})


class OnnxModel:
    """A model that is being made, whose input is the floats `x`. Tensors are known by their names."""

    def __init__(self, opset: int = 17) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.opset = opset
        self.count = 0
        self.kind_of_output = TensorProto.FLOAT

    def name(self, letter: str) -> str:
        """A name that no other tensor has."""
        self.count += 1
        return f"{letter}{self.count}"

    def constant(self, value: Any, dtype: Any = None) -> str:
        """A constant."""
        name = self.name("c")
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def real(self, value: float) -> str:
        """A constant of one float."""
        return self.constant(value, np.float32)

    def node(self, kind: str, inputs: Sequence[str], domain: str = "", **attributes: Any) -> str:
        """An operator of one output, whose name is given back."""
        output = self.name("t")
        node = helper.make_node(kind, list(inputs), [output], name=self.name("n"), domain=domain, **attributes)
        self.nodes.append(node)
        return output

    def bytes(self, shape: Sequence[int], output: str) -> bytes:
        """The file."""
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))
        last = next(node for node in self.nodes if output in node.output)
        last.output[0] = "y"
        y = helper.make_tensor_value_info("y", self.kind_of_output, None)
        graph = helper.make_graph(self.nodes, "drawn", [x], [y], self.constants)
        opsets = [helper.make_opsetid("", self.opset), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


class Quantization:
    """Scale and zero point of a tensor, and the names of both."""

    def __init__(self, model: OnnxModel, scale: float, zero_point: int, dtype: Any) -> None:
        self.scale, self.zero_point, self.dtype = float(np.float32(scale)), zero_point, dtype
        self.names = (model.real(self.scale), model.constant(zero_point, dtype))

    @staticmethod
    def drawn(c: Choices, model: OnnxModel, dtype: Any, middle: float = 0.1, spread: float = 2.0) -> Quantization:
        """Any quantization of a type."""
        return Quantization(model, c.scale(middle, spread), c.zero_point(dtype), dtype)

    def quantize(self, model: OnnxModel, x: str) -> str:
        """The integers of a tensor of floats."""
        return model.node("QuantizeLinear", [x, *self.names])

    def dequantize(self, model: OnnxModel, q: str) -> str:
        """The floats of a tensor of integers."""
        return model.node("DequantizeLinear", [q, *self.names])


def finish(
    c: Choices, model: OnnxModel, shape: Sequence[int], y: str, of: Quantization, outputs: int, session: dict[str, str]
) -> Case:
    """The model with output `y`, and inputs that fill the range of the quantization `of` the input."""
    shape = list(shape)
    batches = max(1, min(BATCHES, OUTPUTS // max(outputs, 1))) if c.chance(90) else 1
    middle = float(np.mean([np.iinfo(of.dtype).min, np.iinfo(of.dtype).max])) - of.zero_point
    inputs = c.reals([shape[0] * batches, *shape[1:]], 70.0 * of.scale, of.scale)
    inputs += np.float32(np.round(middle) * of.scale)
    return Case("onnx", model.bytes(shape, y), [inputs], shape[0], session)


def session_of(dtype: Any, qdq: bool = False) -> dict[str, str]:
    """The options with which ONNX Runtime's sums are exact on every CPU, as docs/usage.md names them."""
    options = {"session.qdqisint8allowed": "1"} if qdq else {}
    if dtype == np.uint8:
        options["session.x64quantprecision"] = "1"
    return options
