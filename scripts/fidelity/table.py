"""The report: a table of operator by runtime, and what is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from case import Drawer
from compare import Cell

NUMBER = r"-?\d+(\.\d+)?(e[+-]?\d+)?"


def kind_of_reason(reason: str) -> str:
    """A reason without names and numbers, so that the same reason of many models is one."""
    if "supported are" in reason:
        return "the operator is not supported"
    text = re.sub(r"^(operator|node) [^:]*: ", "", reason.splitlines()[0] if reason else "")
    text = re.sub(r"\[[-\d, ]*\]", "[…]", text)
    text = re.sub(rf"(?<![\w.]){NUMBER}(?![\w])", "n", text)
    text = re.sub(r"\b[ctn]\d+\b", "…", text)
    return text.replace("|", "/")[:170]


@dataclass
class Report:
    """What a round found."""

    models: int
    seed: int
    versions: dict[str, str]
    drawers: list[Drawer]
    runtimes: list[str]
    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)

    def failures(self) -> list[str]:
        """Cells that differ, and claims that no model has tried."""
        found = []
        for drawer in self.drawers:
            for runtime in self.runtimes:
                cell = self.cells.get((drawer.name, runtime), Cell())
                if cell.differ:
                    found.append(f"FAILED: {drawer.name} under {runtime}: {cell.differ} of {cell.outputs} outputs differ")
                if cell.faults:
                    found.append(f"FAILED: {drawer.name} under {runtime}: golden broke down {cell.faults} times")
                if runtime in drawer.claims and cell.cases == 0:
                    found.append(f"FAILED: {drawer.name} under {runtime}: claimed, and no model was compared")
        return found

    def total(self, name: str) -> int:
        """The sum of one number of all cells."""
        return sum(getattr(cell, name) for cell in self.cells.values())

    def summary(self) -> str:
        """One sentence."""
        return (
            f"{self.models:,} models, {self.total('cases'):,} comparisons with a runtime, "
            f"{self.total('outputs'):,} outputs: {self.total('differ'):,} differ."
        )

    def table(self) -> str:
        """Operator by runtime."""
        lines = [f"| operator | {' | '.join(self.runtimes)} |", "|---" * (len(self.runtimes) + 1) + "|"]
        for drawer in self.drawers:
            cells = [self._entry(self.cells.get((drawer.name, runtime))) for runtime in self.runtimes]
            lines.append(f"| {drawer.name} | {' | '.join(cells)} |")
        return "\n".join(lines)

    @staticmethod
    def _entry(cell: Cell | None) -> str:
        if cell is None:
            return ""
        parts = []
        if cell.cases:
            parts.append(f"{cell.cases:,} / {cell.outputs:,} / {cell.differ:,}")
        if refused := cell.refused.total():
            parts.append(f"{refused:,} refused")
        if alone := cell.alone.total():
            parts.append(f"{alone:,} golden alone")
        return ", ".join(parts) or "neither"

    def _reasons(self, name: str) -> str:
        lines = ["| operator | runtime | models | reason |", "|---|---|---|---|"]
        for drawer in self.drawers:
            for runtime in self.runtimes:
                reasons = getattr(self.cells.get((drawer.name, runtime), Cell()), name)
                for reason, count in sorted(reasons.items(), key=lambda entry: (-entry[1], entry[0])):
                    lines.append(f"| {drawer.name} | {runtime} | {count:,} | {reason} |")
        return "\n".join(lines) if len(lines) > 2 else "None."

    def text(self) -> str:
        """The whole report."""
        versions = ", ".join(f"{package} {number}" for package, number in self.versions.items())
        missing = "" if "onnxruntime_avx2" in self.runtimes else (
            "\n`onnxruntime_avx2` needs a CPU with AVX2 and without VNNI, which this one is not: nothing was compared with it.\n"
        )  # fmt: skip
        failed = "\n".join(f"- {line}" for line in self.failures())
        return f"""# Golden and the real runtimes

Written by `make fidelity`: {self.models:,} random models, seed {self.seed}. Every output of golden is compared, bit for bit,
with what the runtime itself gives for the same file and inputs.

{self.summary()}
{failed}
Versions: {versions}.

An entry is *models / outputs / outputs that differ*. *Refused* are models that the runtime runs and golden refuses by
name; the reasons stand below. *Golden alone* are models that golden runs and the runtime refuses. Models that both refuse
are not counted. How models are drawn is said in [verification.md](verification.md#golden-and-the-runtimes).
{missing}
{self.table()}

## What golden refuses

{self._reasons("refused")}

## What golden alone runs

{self._reasons("alone")}
"""
