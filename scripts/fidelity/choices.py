"""Random decisions that are recorded, so that a model can be drawn again, or drawn again with simpler decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


class Choices:
    """A source of decisions. Each is an integer from 0 on, and 0 is the simplest.

    Decisions come from a generator, or from a list that was recorded before. Behind the end of a list all are 0, and a
    decision that is too great for its place is the greatest that fits.
    """

    def __init__(self, generator: np.random.Generator | None = None, recorded: Sequence[int] = ()) -> None:
        self.generator = generator
        self.recorded = list(recorded)
        self.made: list[int] = []

    def below(self, limit: int) -> int:
        """An integer from 0 to `limit - 1`."""
        place = len(self.made)
        if self.generator is not None:
            value = int(self.generator.integers(limit))
        else:
            value = min(self.recorded[place], limit - 1) if place < len(self.recorded) else 0
        self.made.append(value)
        return value

    def integer(self, least: int, greatest: int) -> int:
        """An integer within bounds. The least is the simplest."""
        return least + self.below(greatest - least + 1)

    def of(self, options: Sequence[T]) -> T:
        """One of the options. The first is the simplest."""
        return options[self.below(len(options))]

    def chance(self, percent: int) -> bool:
        """True in so many of 100 cases. False is the simplest."""
        return self.below(100) >= 100 - percent

    def sizes(self, count: int, least: int, greatest: int) -> list[int]:
        """Several integers within bounds."""
        return [self.integer(least, greatest) for _ in range(count)]

    def factor(self, spread: float) -> float:
        """A number around 1, up to `exp(spread)` times greater or smaller. 1 is the simplest."""
        value = self.below(1 << 20)
        return 1.0 if value == 0 else float(np.exp(spread * (2.0 * value / (1 << 20) - 1.0)))

    def scale(self, middle: float, spread: float = 1.0) -> float:
        """A scale around `middle`, as float32. One in four is a power of two, so that halves are met often."""
        value = float(np.float32(middle * self.factor(spread)))
        if self.chance(75):
            return value
        return float(2.0 ** np.round(np.log2(value)))

    def zero_point(self, dtype: Any = np.int8) -> int:
        """A zero point of a type. Its ends are as frequent as all between them."""
        info = np.iinfo(dtype)
        kind = self.below(4)
        if kind == 0:
            return 0
        return [info.min, info.max, self.integer(info.min, info.max)][kind - 1]

    def array(self, shape: Sequence[int], least: int, greatest: int, dtype: Any) -> np.ndarray:
        """Integers within bounds. Zeros are the simplest; one array in sixteen holds the bounds alone."""
        seed = self.below(1 << 32)
        only_bounds = self.chance(6)
        if seed == 0:
            return np.full(shape, min(max(0, least), greatest), dtype)
        generator = np.random.default_rng(seed)
        if only_bounds:
            return generator.choice(np.array([least, greatest]), size=tuple(shape)).astype(dtype)
        return generator.integers(least, greatest + 1, size=tuple(shape)).astype(dtype)

    def of_type(self, shape: Sequence[int], dtype: Any) -> np.ndarray:
        """Integers of the whole range of a type."""
        info = np.iinfo(dtype)
        return self.array(shape, int(info.min), int(info.max), dtype)

    def reals(self, shape: Sequence[int], spread: float, scale: float) -> np.ndarray:
        """Floats around 0. One array in four holds halves of `scale` alone, which are ties."""
        seed = self.below(1 << 32)
        ties = self.chance(25)
        if seed == 0:
            return np.zeros(shape, np.float32)
        values = np.random.default_rng(seed).normal(size=tuple(shape)) * spread
        if ties:
            values = np.round(values / scale * 2) / 2 * scale
        return values.astype(np.float32)
