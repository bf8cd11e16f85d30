"""Compares golden with the real runtimes over random models; `make fidelity` calls it."""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from importlib.metadata import version
from pathlib import Path

import numpy as np

import operators
from case import ONNX_RUNTIMES, TFLITE_RUNTIMES, Case, Drawer
from choices import Choices
from compare import BAD, Bench, Cell
from runtimes import avx2_without_vnni
from shrink import save, smallest
from table import Report, kind_of_reason

PACKAGES = ("tflite-micro", "ai-edge-litert", "onnxruntime", "onnx", "numpy", "flatbuffers")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make fidelity", description=__doc__)
    parser.add_argument("--models", type=int, default=20_000, help="how many models are drawn")
    parser.add_argument("--seed", type=int, default=1, help="of all that is drawn")
    parser.add_argument("--only", action="append", help="one operator, by its name in the table; may be repeated")
    parser.add_argument("--gen", type=Path, default=Path("target/release/gen"), help="the binary `gen`")
    parser.add_argument("--work", type=Path, default=Path("build/fidelity"), help="directory for what is found")
    parser.add_argument("--out", type=Path, help="file for the report; else it stands beside what is found")
    return parser.parse_args()


def drawn(drawer: Drawer, seed: int, index: int) -> tuple[Case, list[int]]:
    """Model `index` of an operator. Others do not change it."""
    choices = Choices(np.random.default_rng([seed, zlib.crc32(drawer.name.encode()), index]))
    return drawer.draw(choices), choices.made


def order(drawers: list[Drawer], models: int) -> list[tuple[Drawer, int]]:
    """Which operator each model is of, in turn, as often as its weight says."""
    turn = [drawer for drawer in drawers for _ in range(drawer.weight)]
    count = {drawer.name: 0 for drawer in drawers}
    result = []
    for i in range(models):
        drawer = turn[i % len(turn)]
        result.append((drawer, count[drawer.name]))
        count[drawer.name] += 1
    return result


def main() -> int:
    """Exit status 1 if anything differs, or if a claim was not tried."""
    args = arguments()
    drawers = [drawer for drawer in operators.DRAWERS if not args.only or drawer.name in args.only]
    unknown = set(args.only or ()) - {drawer.name for drawer in drawers}
    if unknown or not args.gen.exists():
        what = f"no operator is called {', '.join(unknown)}" if unknown else f"{args.gen} is missing"
        print(f"error: {what}", file=sys.stderr)
        return 2
    versions = {package: version(package) for package in PACKAGES}
    print(", ".join(f"{package} {number}" for package, number in versions.items()), flush=True)
    runtimes = [name for name in (*TFLITE_RUNTIMES, *ONNX_RUNTIMES) if name != "onnxruntime_avx2" or avx2_without_vnni()]
    bench = Bench(args.gen, args.work / "now", runtimes)
    report = Report(0, args.seed, versions, drawers, runtimes)
    start = time.monotonic()
    try:
        rounds(args, bench, report, start)
    except KeyboardInterrupt:
        print(f"stopped behind {report.models} models; what follows is about these", flush=True)
    bench.close()
    out = args.out or args.work / "fidelity.md"
    out.write_text(report.text())
    print(report.table())
    print("\n".join(report.failures()))
    print(f"{report.summary()} {time.monotonic() - start:.0f} s; the report is {out}")
    return 1 if report.failures() else 0


def rounds(args: argparse.Namespace, bench: Bench, report: Report, start: float) -> None:
    """Draws all models and compares both sides; the first difference of a cell is shrunk and saved."""
    shown = start
    for drawer, index in order(report.drawers, args.models):
        case, made = drawn(drawer, args.seed, index)
        for runtime, comparison in bench.run(case).items():
            cell = report.cells.setdefault((drawer.name, runtime), Cell())
            before = cell.differ + cell.faults
            cell.add(comparison, kind_of_reason(comparison.reason))
            if comparison.outcome in BAD and before == 0:
                place = save(args.work, drawer, runtime, smallest(bench, drawer, runtime, made))
                print(f"{drawer.name} under {runtime}: golden differs; the smallest case is in {place}", flush=True)
        report.models += 1
        if time.monotonic() - shown > 20:
            shown = time.monotonic()
            print(f"{report.models} of {args.models} models, {shown - start:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
