"""Writes `.tflite` files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.uint8): schema.TensorType.UINT8,
    np.dtype(np.int16): schema.TensorType.INT16,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int64): schema.TensorType.INT64,
    np.dtype(np.bool_): schema.TensorType.BOOL,
}
# Runtimes read constants where they stand, so that they have to be aligned.
ALIGNMENT = 16


class AlignedBuffer(schema.BufferT):
    """A buffer whose bytes are aligned as the schema demands, which the Python interface of the schema does not do."""

    def Pack(self, builder: flatbuffers.Builder) -> int:
        data = bytes(self.data or b"")
        if data:
            builder.StartVector(1, len(data), ALIGNMENT)
            builder.head -= len(data)
            builder.Bytes[builder.head : builder.head + len(data)] = data
            place = builder.EndVector()
        schema.BufferStart(builder)
        if data:
            schema.BufferAddData(builder, place)
        return schema.BufferEnd(builder)


class TfliteModel:
    """A model that is being made. Tensors are known by their index in their subgraph."""

    def __init__(self) -> None:
        self.tensors: list[Any] = []
        self.buffers: list[Any] = [AlignedBuffer()]
        self.operators: list[Any] = []
        self.codes: list[int] = []
        self.others: list[TfliteModel] = []

    def subgraph(self) -> TfliteModel:
        """A further subgraph without inputs and outputs. The first one is number 1."""
        other = TfliteModel()
        other.buffers, other.codes = self.buffers, self.codes
        self.others.append(other)
        return other

    def variable(self, name: str) -> int:
        """A handle of the variable of this name."""
        handle = schema.TensorT()
        handle.name, handle.shape, handle.type, handle.buffer = f"t{len(self.tensors)}", [], schema.TensorType.RESOURCE, 0
        self.tensors.append(handle)
        self.operator("VAR_HANDLE", [], [len(self.tensors) - 1], "VarHandle", container="", sharedName=name)
        return len(self.tensors) - 1

    def shape(self, tensor: int) -> list[int]:
        """The sizes of a tensor."""
        return list(self.tensors[tensor].shape)

    def scale(self, tensor: int) -> float:
        """The first scale of a tensor."""
        return float(np.float32(self.tensors[tensor].quantization.scale[0]))

    def zero_point(self, tensor: int) -> int:
        """The first zero point of a tensor."""
        return int(self.tensors[tensor].quantization.zeroPoint[0])

    def tensor(
        self,
        shape: Sequence[int],
        dtype: Any = np.int8,
        scale: float | Sequence[float] | None = None,
        zero_point: int = 0,
        axis: int = 0,
    ) -> int:
        """A tensor that an operator writes, or the input. With several scales, each belongs to a channel along `axis`."""
        tensor = schema.TensorT()
        tensor.name = f"t{len(self.tensors)}"
        tensor.shape = [int(size) for size in shape]
        tensor.type = TYPES[np.dtype(dtype)]
        tensor.buffer = 0
        if scale is not None:
            scales = [float(s) for s in np.atleast_1d(np.asarray(scale, np.float32))]
            quantization = schema.QuantizationParametersT()
            quantization.scale = scales
            quantization.zeroPoint = [int(zero_point)] * len(scales)
            quantization.quantizedDimension = axis
            tensor.quantization = quantization
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def like(self, tensor: int, shape: Sequence[int]) -> int:
        """A tensor with type, scale and zero point of another one."""
        other = self.tensors[tensor]
        dtype = next(dtype for dtype, code in TYPES.items() if code == other.type)
        if other.quantization is None:
            return self.tensor(shape, dtype)
        return self.tensor(shape, dtype, self.scale(tensor), self.zero_point(tensor))

    def constant(
        self,
        data: np.ndarray,
        scale: float | Sequence[float] | None = None,
        zero_point: int = 0,
        axis: int = 0,
        int4: bool = False,
    ) -> int:
        """A tensor with data. Integers of 4 bits are packed, the first one low."""
        data = np.asarray(data, order="C")
        index = self.tensor(data.shape, data.dtype, scale, zero_point, axis)
        if int4:
            self.tensors[index].type = schema.TensorType.INT4
            halves = np.append(data.ravel(), np.zeros(data.size % 2, np.int8)).astype(np.uint8) & 15
            data = halves[::2] | halves[1::2] << 4
        buffer = AlignedBuffer()
        buffer.data = data.tobytes()
        self.buffers.append(buffer)
        self.tensors[index].buffer = len(self.buffers) - 1
        return index

    def operator(
        self, name: str, inputs: Sequence[int], outputs: Sequence[int], options: str | None = None, **fields: Any
    ) -> None:
        """An operator. `options` is the name of its table of options without the ending `Options`. An absent input is
        -1."""
        code = getattr(schema.BuiltinOperator, name)
        if code not in self.codes:
            self.codes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = self.codes.index(code)
        operator.inputs, operator.outputs = list(inputs), list(outputs)
        if options is not None:
            table = getattr(schema, f"{options}OptionsT")()
            for field, value in fields.items():
                assert hasattr(table, field), f"{options}Options have no {field}"
                setattr(table, field, value)
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, f"{options}Options")
            operator.builtinOptions = table
        self.operators.append(operator)

    def bytes(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The file."""
        graphs = [self._graph("main", inputs, outputs)]
        graphs += [other._graph(f"other{i}", [], []) for i, other in enumerate(self.others)]
        model = schema.ModelT()
        model.version = 3
        model.description = "drawn by make fidelity"
        model.subgraphs, model.buffers = graphs, self.buffers
        model.operatorCodes = [self._code(code) for code in self.codes]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _graph(self, name: str, inputs: Sequence[int], outputs: Sequence[int]) -> Any:
        graph = schema.SubGraphT()
        graph.name = name
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = list(inputs), list(outputs)
        return graph

    @staticmethod
    def _code(code: int) -> Any:
        entry = schema.OperatorCodeT()
        entry.builtinCode = code
        entry.deprecatedBuiltinCode = min(code, 127)
        entry.version = 1
        return entry
