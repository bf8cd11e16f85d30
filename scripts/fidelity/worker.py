"""Runs models by one real runtime, in a process of its own, because a runtime may crash.

Requests and answers are pickled, each behind its length in 8 bytes. An answer is the outputs, or the reason why there are
none.
"""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import numpy as np

Arrays = list[np.ndarray]
Run = Callable[[bytes, list[Arrays], dict[str, str]], Iterator[Arrays]]
ARENA = 4 << 20


def tflm(content: bytes, batches: list[Arrays], _: dict[str, str]) -> Iterator[Arrays]:
    """TensorFlow Lite Micro."""
    from ai_edge_litert import schema_py_generated as schema
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(content, arena_size=ARENA)
    outputs = schema.Model.GetRootAs(content).Subgraphs(0).OutputsLength()
    for batch in batches:
        for i, array in enumerate(batch):
            interpreter.set_input(array, i)
        interpreter.invoke()
        yield [np.array(interpreter.get_output(i)) for i in range(outputs)]


def litert(resolver: str) -> Run:
    """LiteRT with one of its sets of kernels."""

    def run(content: bytes, batches: list[Arrays], _: dict[str, str]) -> Iterator[Arrays]:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        kernels = OpResolverType[resolver]
        interpreter = Interpreter(model_content=content, experimental_op_resolver_type=kernels, num_threads=1)
        interpreter.allocate_tensors()
        ends = interpreter.get_input_details(), interpreter.get_output_details()
        places, results = ([end["index"] for end in side] for side in ends)
        for batch in batches:
            for place, array in zip(places, batch):
                interpreter.set_tensor(place, array)
            interpreter.invoke()
            yield [interpreter.get_tensor(result) for result in results]

    return run


def onnxruntime(content: bytes, batches: list[Arrays], session: dict[str, str]) -> Iterator[Arrays]:
    """ONNX Runtime on the CPU."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    for key, value in session.items():
        options.add_session_config_entry(key, value)
    model = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [end.name for end in model.get_inputs()]
    for batch in batches:
        yield model.run(None, dict(zip(names, batch)))


RUNTIMES: dict[str, Run] = {
    "tflm": tflm,
    "litert_reference": litert("BUILTIN_REF"),
    "litert_builtin": litert("BUILTIN_WITHOUT_DEFAULT_DELEGATES"),
    "xnnpack": litert("AUTO"),
    "onnxruntime": onnxruntime,
    "onnxruntime_avx2": onnxruntime,
}


def answer(run: Run, request: tuple[bytes, Arrays, int, dict[str, str]], log: BinaryIO) -> tuple[bool, Any]:
    """Each output, all batches joined along the first dimension; or what the runtime says against the model."""
    content, inputs, batch, session = request
    log.seek(0)
    log.truncate()
    starts = range(0, len(inputs[0]), batch)
    batches = [[array[start : start + batch] for array in inputs] for start in starts]
    try:
        outputs = [[np.atleast_1d(array) for array in arrays] for arrays in run(content, batches, session)]
        return True, [np.concatenate(arrays) for arrays in zip(*outputs)]
    except Exception as error:  # whatever a runtime raises is its answer
        log.seek(0)
        logged = log.read().decode(errors="replace").strip().splitlines()
        return False, " | ".join([*logged[:2], f"{type(error).__name__}: {error}"])


def main() -> None:
    """Answers requests until there are no more."""
    run = RUNTIMES[sys.argv[1]]
    # Runtimes write to both streams of the process as they please.
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        while size := requests.read(8):
            request = pickle.loads(requests.read(int.from_bytes(size, "little")))
            data = pickle.dumps(answer(run, request, log))
            answers.write(len(data).to_bytes(8, "little") + data)
            answers.flush()


if __name__ == "__main__":
    main()
