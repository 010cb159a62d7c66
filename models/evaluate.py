"""Scores on annotated pictures: errors of the totals and of parts, and how often the band holds the truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.counter import Band, Counter
from models.data import Picture

Floats = NDArray[np.float64]
QUARTERS = ("sparsest quarter", "second quarter", "third quarter", "densest quarter")


@dataclass(frozen=True)
class Counted:
    """A picture and what a counter saw in it."""

    picture: Picture
    grid: NDArray[np.float32]
    size: tuple[int, int]
    """(width, height) px"""
    flagged: bool = False
    """whether the counter doubted the picture"""

    @property
    def people(self) -> float:
        return float(self.grid.sum(dtype=np.float64))

    @property
    def truth(self) -> int:
        return len(self.picture.points)

    @property
    def per_megapixel(self) -> float:
        return self.truth / (self.size[0] * self.size[1] / 1e6)


@dataclass(frozen=True)
class Score:
    """Figures of one set of pictures."""

    pictures: int
    truth_mean: float
    mae: float
    rmse: float
    bias_percent: float
    """(sum of counts - sum of truths) / sum of truths, %; 0 where the set has nobody"""
    game: tuple[float, float, float]
    """Grid average mean absolute error of levels 1 to 3, people (Guerrero-Gomez-Olmedo et al. 2015)"""
    coverage_percent: float
    """How many truths lie inside the band, %; NaN where no band was given"""

    @classmethod
    def of(cls, counted: list[Counted], band: Band | None = None) -> Score:
        """Errors of whole pictures, and of their parts; ValueError where there are none."""
        if not counted:
            raise ValueError("no pictures to score")
        counts = np.array([one.people for one in counted])
        truths = np.array([float(one.truth) for one in counted])
        error = counts - truths
        everyone = float(truths.sum())
        covered = float("nan")
        if band is not None:
            bands = np.array([(e.low, e.high) for e in map(band.around, counts)])
            covered = 100.0 * float(((bands[:, 0] <= truths) & (truths <= bands[:, 1])).mean())
        levels = [float(np.mean([game(one, level) for one in counted])) for level in (1, 2, 3)]
        return cls(
            pictures=len(truths),
            truth_mean=float(truths.mean()),
            mae=float(np.abs(error).mean()),
            rmse=float(np.sqrt((error**2).mean())),
            bias_percent=100.0 * float(error.sum()) / everyone if everyone else 0.0,
            game=(levels[0], levels[1], levels[2]),
            coverage_percent=covered,
        )


def game(one: Counted, level: int) -> float:
    """Sum of the misses over 4^level equal parts of one picture, people.

    A cell that an edge of a part cuts is shared out by its area.
    """
    side = 2**level
    rows, cols = one.grid.shape
    found = _shares(rows, side) @ one.grid.astype(np.float64) @ _shares(cols, side).T
    size = np.array(one.size, np.float64)
    place = np.clip((one.picture.points / size * side).astype(int), 0, side - 1)
    true = np.zeros((side, side))
    np.add.at(true, (place[:, 1], place[:, 0]), 1.0)
    return float(np.abs(found - true).sum())


def _shares(cells: int, parts: int) -> Floats:
    """(parts, cells) how much of each cell lies in each of `parts` equal parts of their row."""
    edges = np.arange(parts + 1) * cells / parts
    start = np.arange(cells)
    high = np.minimum(edges[1:, None], start + 1)
    return np.clip(high - np.maximum(edges[:-1, None], start), 0.0, 1.0)


def count_all(counter: Counter, pictures: Iterable[Picture]) -> list[Counted]:
    """Count every picture, at its own size."""
    out = []
    for picture in pictures:
        count = counter.count(picture.load())
        out.append(Counted(picture, count.grid, count.picture, bool(count.reasons)))
    return out


def quarters(counted: list[Counted]) -> dict[str, list[Counted]]:
    """The pictures in four parts by people per megapixel; fewer than eight are not divided."""
    if len(counted) < 8:
        return {}
    ordered = sorted(counted, key=lambda one: (one.per_megapixel, one.picture.name))
    cuts = [round(len(ordered) * k / 4) for k in range(5)]
    return {name: ordered[cuts[k] : cuts[k + 1]] for k, name in enumerate(QUARTERS)}


def score_empty(counted: list[Counted]) -> tuple[int, float]:
    """(number, highest count) of the pictures that show nobody."""
    empty = [one.people for one in counted if one.truth == 0]
    return len(empty), max(empty, default=0.0)
