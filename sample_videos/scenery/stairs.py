"""Flights of steps: a ground that rises towards +y, as a height function and as a set to film."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_videos.scenery.solids import Solids, Surface

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stairs:
    """Flights of `treads` steps with landings between them, from y0 upwards, x in [left, right], metres.

    `landings` are the depths between flights (one fewer than flights). The last tread's edge meets a level
    forecourt that goes on for `forecourt` metres.
    """

    left: float
    right: float
    y0: float
    treads: tuple[int, ...] = (9, 8)
    landings: tuple[float, ...] = (3.0,)
    rise: float = 0.15
    going: float = 0.32
    forecourt: float = 40.0

    def __post_init__(self) -> None:
        if len(self.landings) != len(self.treads) - 1:
            raise ValueError(
                f"{len(self.treads)} flights need {len(self.treads) - 1} landings, not {len(self.landings)}"
            )

    def edges(self) -> list[tuple[float, float]]:
        """(y, z): at y the ground jumps up to z, in rising order."""
        found, y, z = [], self.y0, 0.0
        for flight, count in enumerate(self.treads):
            for _ in range(count):
                z += self.rise
                found.append((y, z))
                y += self.going
            y += self.landings[flight] - self.going if flight < len(self.landings) else 0.0
        return found

    @property
    def top(self) -> tuple[float, float]:
        """(y, z) where the forecourt begins."""
        return self.edges()[-1]

    def height(self, points: Floats) -> Floats:
        """Ground height (n,) under points (n, 2), a walker's smooth one: half-way between neighbouring treads."""
        y = np.asarray(points, float)[:, 1]
        ys, zs = np.array(self.edges()).T
        ys = np.concatenate([[ys[0] - self.going / 2], ys + self.going / 2])
        zs = np.concatenate([[0.0], zs])
        return np.interp(y, ys, zs)

    def tread(self, points: Floats) -> Floats:
        """Height (n,) of the tread under points (n, 2): what a foot stands on."""
        y = np.asarray(points, float)[:, 1]
        ys, zs = np.array(self.edges()).T
        return np.concatenate([[0.0], zs])[np.searchsorted(ys, y, side="right")]

    def build(self, set_: Solids, surface: Surface, tone: float = 1.0) -> None:
        """Adds treads, risers and the forecourt to a set."""
        edges, below = self.edges(), 0.0
        wide = self.right - self.left
        for i, (y, z) in enumerate(edges):
            deep = edges[i + 1][0] - y if i + 1 < len(edges) else self.forecourt
            set_.slab((self.left, y, below), (wide, 0, 0), (0, 0, z - below), surface, 0.72 * tone)
            set_.slab((self.left, y, z), (wide, 0, 0), (0, deep, 0), surface, tone)
            set_.slab((self.left, y, z + 0.002), (wide, 0, 0), (0, 0.05, 0), surface, 0.6 * tone)
            below = z
