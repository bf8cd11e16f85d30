"""Runs a case by the real runtimes and by golden, and compares all outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

import numpy as np

from case import Case
from runtimes import Answer, Golden, Worker


class Outcome(Enum):
    """What came of one model under one runtime."""

    EQUAL = auto()
    DIFFER = auto()
    FAULT = auto()  # golden neither ran nor refused the model
    REFUSED = auto()  # by golden; the runtime runs it
    ALONE = auto()  # golden runs it, and the runtime refuses it
    NEITHER = auto()


BAD = (Outcome.DIFFER, Outcome.FAULT)


@dataclass
class Comparison:
    """One model under one runtime."""

    outcome: Outcome
    runtime: Answer
    golden: Answer
    outputs: int = 0
    differ: int = 0

    @property
    def reason(self) -> str:
        """Why one side has no outputs."""
        return self.golden.reason or self.runtime.reason


def compare(runtime: Answer, golden: Answer) -> Comparison:
    """Both answers; floats are equal if their bits are."""
    want, got = runtime.outputs, golden.outputs
    if got is None and golden.reason.startswith("gen run ended"):
        return Comparison(Outcome.FAULT, runtime, golden)
    if want is None or got is None:
        only_one = Outcome.ALONE if got is not None else Outcome.REFUSED
        both = want is None and got is None
        return Comparison(Outcome.NEITHER if both else only_one, runtime, golden)
    size = sum(array.size for array in want)
    differ = sum(map(differences, want, got)) if len(want) == len(got) else size
    return Comparison(Outcome.DIFFER if differ else Outcome.EQUAL, runtime, golden, size, differ)


def differences(want: np.ndarray, got: np.ndarray) -> int:
    """How many elements differ in a bit: all where types or shapes do."""
    if want.shape != got.shape or want.dtype != got.dtype:
        return want.size
    bits = np.dtype(f"u{want.dtype.itemsize}")
    return int(np.count_nonzero(np.ascontiguousarray(want).view(bits) != np.ascontiguousarray(got).view(bits)))


@dataclass
class Cell:
    """All models of one operator under one runtime."""

    cases: int = 0
    outputs: int = 0
    differ: int = 0
    faults: int = 0
    neither: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)

    def add(self, comparison: Comparison, reason: str) -> None:
        """Counts one comparison, whose reason is given without what differs from model to model."""
        match comparison.outcome:
            case Outcome.EQUAL | Outcome.DIFFER:
                self.cases += 1
                self.outputs += comparison.outputs
                self.differ += comparison.differ
            case Outcome.FAULT:
                self.faults += 1
            case Outcome.REFUSED:
                self.refused[reason] += 1
            case Outcome.ALONE:
                self.alone[reason] += 1
            case Outcome.NEITHER:
                self.neither += 1


class Bench:
    """The two sides, for the runtimes that are here."""

    def __init__(self, gen: Path, directory: Path, runtimes: Iterable[str]) -> None:
        self.golden = Golden(gen, directory)
        self.workers = {runtime: Worker(runtime) for runtime in runtimes}

    def run(self, case: Case, only: str | None = None) -> dict[str, Comparison]:
        """The case under each of its runtimes, or under one."""
        names = [name for name in case.runtimes if name in self.workers and only in (None, name)]
        for name in names:
            self.workers[name].send(case)
        self.golden.write(case)
        answers = {name: self.golden.run(name) for name in names}
        return {name: compare(self.workers[name].receive(), answers[name]) for name in names}

    def close(self) -> None:
        """Ends all processes."""
        for worker in self.workers.values():
            worker.close()
