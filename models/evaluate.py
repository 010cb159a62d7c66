"""Scores on annotated pictures: errors of the totals and of parts, and how often the band holds the truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.counter import Band, Counter
from models.data import Picture

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """Figures of one set of pictures."""

    pictures: int
    truth_mean: float
    mae: float
    rmse: float
    bias_percent: float
    """(sum of counts - sum of truths) / sum of truths, %; 0 where the set has nobody"""
    coverage_percent: float
    """How many truths lie inside the band, %; NaN where no band was given"""

    @classmethod
    def of(cls, counts: Floats, truths: Floats, bands: Floats | None = None) -> Score:
        """`counts`, `truths` (n,), `bands` (n, 2) low and high."""
        error = counts - truths
        everyone = float(truths.sum())
        covered = float("nan")
        if bands is not None:
            covered = 100.0 * float(((bands[:, 0] <= truths) & (truths <= bands[:, 1])).mean())
        return cls(
            pictures=len(truths),
            truth_mean=float(truths.mean()),
            mae=float(np.abs(error).mean()),
            rmse=float(np.sqrt((error**2).mean())),
            bias_percent=100.0 * float(error.sum()) / everyone if everyone else 0.0,
            coverage_percent=covered,
        )


@dataclass(frozen=True)
class Counted:
    """A picture and what a counter saw in it."""

    picture: Picture
    grid: NDArray[np.float32]
    size: tuple[int, int]
    """(width, height) px"""


def count_all(counter: Counter, pictures: Iterable[Picture]) -> list[Counted]:
    """Count every picture, at its own size."""
    out = []
    for picture in pictures:
        count = counter.count(picture.load())
        out.append(Counted(picture, count.grid, count.picture))
    return out


def score(counted: list[Counted], band: Band) -> Score:
    """Errors of the totals of whole pictures."""
    counts = np.array([float(c.grid.sum(dtype=np.float64)) for c in counted])
    truths = np.array([float(len(c.picture.points)) for c in counted])
    estimates = [band.around(value) for value in counts]
    return Score.of(counts, truths, np.array([(e.low, e.high) for e in estimates]))


def score_empty(counted: list[Counted]) -> tuple[int, float]:
    """(number, highest count) of the pictures that show nobody."""
    empty = [float(c.grid.sum()) for c in counted if len(c.picture.points) == 0]
    return len(empty), max(empty, default=0.0)
