"""Densities on the ground: people in a zone, its mean, and its worst cell of 10 m².

The worst cell: squares of 10 m² (sides sqrt(10) m, parallel to the axes) are moved over the zone in steps
of 0.5 m from its south-west corner; those that lie in the zone with all four corners count; the greatest
number of people in one, divided by 10, is the worst-cell density in persons/m². A zone in which no square
fits is one cell: its worst cell is its mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CELL = 10.0
STEP = 0.5


@dataclass(frozen=True)
class Zone:
    """A polygon on the ground: horizontal metres (x, y), at least three corners."""

    name: str
    corners: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if len(self.corners) < 3 or self.area < 1e-6:
            raise ValueError(f"zone {self.name!r} needs three or more corners around a true area")

    @property
    def area(self) -> float:
        """Horizontal area in m² (shoelace)."""
        x, y = np.array(self.corners).T
        return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)

    def inside(self, points: Floats) -> NDArray[np.bool_]:
        """Which points (n, 2) lie inside (even-odd rule)."""
        x, y = np.asarray(points, float).reshape(-1, 2).T
        found = np.zeros(len(x), bool)
        for (x1, y1), (x2, y2) in zip(self.corners, self.corners[1:] + self.corners[:1], strict=True):
            if y1 == y2:
                continue
            crosses = (y1 > y) != (y2 > y)
            found ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
        return found

    @cached_property
    def cells(self) -> Floats:
        """South-west corners (m, 2) of the squares that fit."""
        side = float(np.sqrt(CELL))
        low, high = np.min(self.corners, 0), np.max(self.corners, 0)
        xs = np.arange(low[0], high[0] - side + 1e-9, STEP)
        ys = np.arange(low[1], high[1] - side + 1e-9, STEP)
        starts = np.array([(x, y) for x in xs for y in ys]).reshape(-1, 2)
        shrink = 1e-6
        fits = np.ones(len(starts), bool)
        for dx, dy in (
            (shrink, shrink),
            (side - shrink, shrink),
            (shrink, side - shrink),
            (side - shrink, side - shrink),
        ):
            fits &= self.inside(starts + np.array([dx, dy]))
        return starts[fits]

    def people(self, points: Floats) -> int:
        """How many of the points (n, 2) stand inside."""
        return int(self.inside(points).sum())

    def worst(self, points: Floats) -> float:
        """Worst-cell density, persons/m²."""
        here = np.asarray(points, float).reshape(-1, 2)
        here = here[self.inside(here)]
        if not len(self.cells):
            return len(here) / self.area
        gap = here[None] - self.cells[:, None]
        side = float(np.sqrt(CELL))
        return float(((gap >= 0) & (gap < side)).all(2).sum(1).max(initial=0)) / CELL
