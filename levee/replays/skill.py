"""How good a forecast of a band is: pinball loss and coverage, against what one would say without any forecast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

#: The quantiles whose pinball loss is averaged, and the same in sigmas of a normal distribution.
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
SIGMAS = (-1.645, -0.6745, 0.0, 0.6745, 1.645)


def pinball(value: float, quantiles: Sequence[float]) -> float:
    """Mean pinball loss of QUANTILES, in the unit of the value (Koenker and Bassett 1978): lower is better."""
    total = 0.0
    for share, said in zip(QUANTILES, quantiles, strict=True):
        off = value - said
        total += max(share * off, (share - 1) * off)
    return total / len(QUANTILES)


def normal(middle: float, sigma: float) -> tuple[float, ...]:
    """QUANTILES of a normal distribution that knows no negative figure."""
    return tuple(max(0.0, middle + z * sigma) for z in SIGMAS)


@dataclass
class Skill:
    """One figure at one horizon. A baseline says a value; its band is that of its own errors, known in hindsight, which
    favours it."""

    told: list[tuple[float, float, float]] = field(default_factory=list)
    persistence: list[tuple[float, float]] = field(default_factory=list)
    yesterday: list[tuple[float, float]] = field(default_factory=list)

    def add(self, actual: float, middle: float, sigma: float, now: float, yesterday: float | None) -> None:
        self.told.append((actual, middle, sigma))
        self.persistence.append((actual, now))
        if yesterday is not None:
            self.yesterday.append((actual, yesterday))

    def join(self, other: Skill) -> None:
        self.told += other.told
        self.persistence += other.persistence
        self.yesterday += other.yesterday

    @property
    def loss(self) -> float:
        return sum(pinball(actual, normal(middle, sigma)) for actual, middle, sigma in self.told) / len(self.told)

    @property
    def coverage(self) -> float:
        """Share of actual values within the 90 % band."""
        inside = sum(
            max(0.0, middle - SIGMAS[-1] * sigma) <= actual <= middle + SIGMAS[-1] * sigma
            for actual, middle, sigma in self.told
        )
        return inside / len(self.told)

    @staticmethod
    def baseline(said: list[tuple[float, float]]) -> float | None:
        """The loss of a baseline, with the band of all its errors."""
        if not said:
            return None
        sigma = math.sqrt(sum((actual - value) ** 2 for actual, value in said) / len(said))
        return sum(pinball(actual, normal(value, sigma)) for actual, value in said) / len(said)
