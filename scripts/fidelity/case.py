"""What a drawer gives: a model and its inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from choices import Choices

TFLITE_RUNTIMES = ("tflm", "litert_reference", "litert_builtin", "xnnpack")
ONNX_RUNTIMES = ("onnxruntime", "onnxruntime_avx2")


@dataclass
class Case:
    """A model and its inputs, each of which holds one or more batches along the first dimension."""

    form: str  # tflite or onnx
    content: bytes
    inputs: list[np.ndarray]
    batch: int  # the first size of each of the model's inputs
    session: dict[str, str] = field(default_factory=dict)  # session options of ONNX Runtime for exact sums

    @property
    def runtimes(self) -> tuple[str, ...]:
        """The runtimes that read this form."""
        return TFLITE_RUNTIMES if self.form == "tflite" else ONNX_RUNTIMES


@dataclass(frozen=True)
class Drawer:
    """Draws models of one operator."""

    name: str
    draw: Callable[[Choices], Case]
    # The runtimes under which golden claims this operator: each of them must be met by a model that is compared.
    claims: frozenset[str]
    weight: int = 1
