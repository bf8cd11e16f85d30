"""Makes a case in which both sides differ as small as simpler decisions make it, and saves it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from case import Case, Drawer
from choices import Choices
from compare import BAD, Bench, Comparison

ATTEMPTS = 400


def draw(drawer: Drawer, recorded: list[int]) -> tuple[Case, list[int]] | None:
    """The case of these decisions, if they make one."""
    choices = Choices(recorded=recorded)
    try:
        case = drawer.draw(choices)
    except (ValueError, IndexError, AssertionError, ZeroDivisionError):
        return None
    return case, choices.made


def simpler(made: list[int]) -> Iterator[list[int]]:
    """Decisions that are simpler in one place, or without some of them; the boldest first."""
    for length in (16, 8, 4, 2, 1):
        for start in range(0, len(made) - length + 1):
            yield made[:start] + made[start + length :]
    for place, value in enumerate(made):
        for smaller in sorted({0, value // 2, value - 1}):
            if 0 <= smaller < value:
                yield [*made[:place], smaller, *made[place + 1 :]]


def weight(made: list[int]) -> tuple[int, list[int]]:
    """The order of simplicity."""
    return len(made), made


def shrink(drawer: Drawer, made: list[int], still: Callable[[Case], bool]) -> list[int]:
    """Greedily simpler decisions, as long as the case stays what it is."""
    attempts, progress = 0, True
    while progress and attempts < ATTEMPTS:
        progress = False
        for candidate in simpler(made):
            drawn = draw(drawer, candidate)
            if drawn is None or weight(drawn[1]) >= weight(made):
                continue
            attempts += 1
            if still(drawn[0]):
                made, progress = drawn[1], True
                break
            if attempts >= ATTEMPTS:
                break
    return made


def fewest_inputs(case: Case, still: Callable[[Case], bool]) -> Case:
    """The case with one batch of inputs, if one is enough, and with zeros where they are enough."""
    batches = range(0, len(case.inputs[0]), case.batch)
    for start in batches:
        one = replace(case, inputs=[array[start : start + case.batch] for array in case.inputs])
        if still(one):
            case = one
            break
    for which, array in enumerate(case.inputs):
        for place in range(min(array.size, 64)):
            inputs = [array.copy() for array in case.inputs]
            inputs[which].flat[place] = 0
            zeroed = replace(case, inputs=inputs)
            if case.inputs[which].flat[place] != 0 and still(zeroed):
                case = zeroed
    return case


def smallest(bench: Bench, drawer: Drawer, runtime: str, made: list[int]) -> tuple[Case, Comparison, list[int]]:
    """The smallest case found in which both sides still differ under this runtime."""

    def still(case: Case) -> bool:
        return bench.run(case, runtime)[runtime].outcome in BAD

    made = shrink(drawer, made, still)
    case, _ = draw(drawer, made)
    case = fewest_inputs(case, still)
    return case, bench.run(case, runtime)[runtime], made


def save(directory: Path, drawer: Drawer, runtime: str, found: tuple[Case, Comparison, list[int]]) -> Path:
    """Writes model, input, both outputs and the decisions."""
    case, comparison, made = found
    directory = directory / f"{drawer.name}-{runtime}".replace(" ", "_")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"model.{case.form}").write_bytes(case.content)
    for i, array in enumerate(case.inputs):
        np.save(directory / f"x{i or ''}.npy", array)
    for name, answer in (("runtime", comparison.runtime), ("golden", comparison.golden)):
        for i, array in enumerate(answer.outputs or []):
            np.save(directory / f"{name}{i or ''}.npy", array)
    facts = {
        "operator": drawer.name,
        "runtime": runtime,
        "outcome": comparison.outcome.name,
        "outputs": comparison.outputs,
        "differ": comparison.differ,
        "reason": comparison.reason,
        "session": case.session,
        "decisions": made,
    }
    (directory / "case.json").write_text(json.dumps(facts, indent=1) + "\n")
    return directory
