"""What is true of a crowd on the ground, by definition: flow over gates, speed, counterflow, crowd pressure.

Nothing here is smoothed over time: each figure is that of one frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_videos.density import CELL, Zone

Floats = NDArray[np.float64]
WALKING = 0.2
"""m/s: who is slower has no direction."""
FEW = 3
"""People in a cell below which a variance says nothing."""


@dataclass(frozen=True)
class Gate:
    """A line on the ground from `start` to `end` (x, y) m. In is from its right to its left, as one looks from
    start to end."""

    name: str
    start: tuple[float, float]
    end: tuple[float, float]

    def __post_init__(self) -> None:
        if self.width < 0.05:
            raise ValueError(f"gate {self.name!r} is {self.width:.2f} m wide: its two ends must differ")

    @property
    def width(self) -> float:
        """Metres."""
        return float(np.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1]))

    def crossings(self, before: Floats, after: Floats) -> tuple[int, int]:
        """(in, out): how many of the ways (n, 2) -> (n, 2) lead over the gate."""
        a, b = np.asarray(self.start), np.asarray(self.end)
        along = b - a
        left = np.array([-along[1], along[0]])
        side_before, side_after = (before - a) @ left, (after - a) @ left
        change = (side_before >= 0) != (side_after >= 0)
        share = np.divide(side_before, side_before - side_after, out=np.zeros(len(before)), where=change)
        at = before + share[:, None] * (after - before)
        t = (at - a) @ along / (along @ along)
        over = change & (t >= 0) & (t <= 1)
        inward = over & (side_after >= 0)
        return int(inward.sum()), int((over & ~inward).sum())


def mean_speed(velocity: Floats) -> float:
    """Mean of |v| of people with velocities (n, 2), m/s; NaN of nobody."""
    return float(np.hypot(velocity[:, 0], velocity[:, 1]).mean()) if len(velocity) else float("nan")


def counterflow(velocity: Floats, way: tuple[float, float] | None = None) -> float:
    """Share 0..1 of those who walk (at `WALKING` or faster) that walk against the main direction; NaN of nobody.

    The main direction is `way` where the place has one (a one-way path); otherwise the axis along which the
    velocities (n, 2) are largest (first eigenvector of sum v v^T), turned to where more people walk: then at most 0.5.
    """
    moving = velocity[np.hypot(velocity[:, 0], velocity[:, 1]) >= WALKING]
    if not len(moving):
        return float("nan")
    if way is not None:
        return float((moving @ np.asarray(way, float) < 0).mean())
    axis = np.linalg.eigh(moving.T @ moving)[1][:, -1]
    against = float((moving @ axis < 0).mean())
    return min(against, 1 - against)


def pressure(zone: Zone, points: Floats, velocity: Floats) -> float:
    """Crowd pressure, 1/s²: density times variance of velocity, the greatest over the zone's cells of 10 m².

    Helbing, Johansson and Al-Abideen (Phys. Rev. E 75, 046109, 2007): P = rho Var(v), with Var(v) the mean of
    |v - mean v|² over the people (n, 2) in the cell. Cells with fewer than `FEW` people give nothing.
    """
    side = float(np.sqrt(CELL))
    here = zone.inside(points)
    points, velocity = points[here], velocity[here]
    cells = zone.cells
    if not len(cells):
        return _pressure(np.ones(len(points), bool), velocity, zone.area)
    gap = points[None] - cells[:, None]
    inside = ((gap >= 0) & (gap < side)).all(2)
    count = inside.sum(1)
    safe = np.maximum(count, 1)
    mean = inside @ velocity / safe[:, None]
    square = inside @ (velocity**2).sum(1) / safe
    spread = np.maximum(square - (mean**2).sum(1), 0)
    return float(np.where(count >= FEW, count / CELL * spread, 0).max(initial=0))


def _pressure(inside: NDArray[np.bool_], velocity: Floats, area: float) -> float:
    chosen = velocity[inside]
    return len(chosen) / area * float(((chosen - chosen.mean(0)) ** 2).sum(1).mean()) if len(chosen) >= FEW else 0.0
