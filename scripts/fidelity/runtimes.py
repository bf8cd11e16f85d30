"""The two sides: real runtimes in processes of their own, and golden by `gen run`."""

from __future__ import annotations

import pickle
import re
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from case import Case

TIMEOUT = 60.0  # seconds for one model
HERE = Path(__file__).parent


@dataclass
class Answer:
    """Outputs, or a reason."""

    outputs: list[np.ndarray] | None
    reason: str = ""


class Worker:
    """A process that runs models by one runtime. It is started anew when it has crashed."""

    def __init__(self, runtime: str) -> None:
        self.runtime = runtime
        self.process: subprocess.Popen[bytes] | None = None

    def send(self, case: Case) -> None:
        """Hands over a model, whose answer `receive` waits for."""
        if self.process is None:
            command = [sys.executable, str(HERE / "worker.py"), self.runtime]
            # A session of its own, so that Ctrl-C ends the round and not the runtime.
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        session = case.session if self.runtime == "onnxruntime" else {}
        data = pickle.dumps((case.content, case.inputs, case.batch, session))
        try:
            self.process.stdin.write(len(data).to_bytes(8, "little") + data)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # `receive` says so

    def receive(self) -> Answer:
        """The answer to the last model."""
        stream = self.process.stdout
        ready, _, _ = select.select([stream], [], [], TIMEOUT)
        size = stream.read(8) if ready else b""
        if len(size) < 8:
            return Answer(None, self._ended(bool(ready)))
        fine, value = pickle.loads(stream.read(int.from_bytes(size, "little")))
        return Answer(value) if fine else Answer(None, value)

    def _ended(self, crashed: bool) -> str:
        self.process.kill()
        status = self.process.wait()
        self.process = None
        return f"the runtime crashed with status {status}" if crashed else f"no answer within {TIMEOUT:.0f} s"

    def close(self) -> None:
        """Ends the process."""
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()
            self.process = None


class Golden:
    """Runs models by `gen run`."""

    def __init__(self, gen: Path, directory: Path) -> None:
        self.gen, self.directory = gen, directory
        directory.mkdir(parents=True, exist_ok=True)

    def write(self, case: Case) -> None:
        """Writes the files that `run` reads."""
        self.model = self.directory / f"model.{case.form}"
        self.model.write_bytes(case.content)
        self.inputs = [self.directory / f"x{i}.npy" for i in range(len(case.inputs))]
        for path, array in zip(self.inputs, case.inputs):
            np.save(path, array)

    def run(self, runtime: str) -> Answer:
        """The outputs of the model that was written last."""
        out = self.directory / "y.npz"
        inputs = [part for path in self.inputs for part in ("--input", path)]
        command = [self.gen, "run", self.model, *inputs, "-o", out, "--runtime", runtime]
        process = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
        if process.returncode == 0:
            return Answer(list(np.load(out).values()))
        reason = process.stderr.strip().removeprefix("error: ").removeprefix(f"{self.model}: ")
        if process.returncode != 2:
            reason = f"gen run ended with status {process.returncode}: {reason}"
        return Answer(None, reason)


def avx2_without_vnni() -> bool:
    """Whether ONNX Runtime multiplies uint8 by int8 in pairs that saturate on this CPU, as `onnxruntime_avx2` does."""
    try:
        flags = set(re.findall(r"\w+", Path("/proc/cpuinfo").read_text()))
    except OSError:
        return False
    return "avx2" in flags and not flags & {"avx512_vnni", "avx_vnni"}
