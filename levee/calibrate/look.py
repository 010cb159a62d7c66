"""People on the draft's ground, counted on one frame: figures by zone, and density for the bird's-eye view. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from edge.ground import Ground
from levee.calibrate.sight import seen_ground
from models import Count

CELL_M = 1.0
CELLS_MOST = 4000
_SAMPLES = 4


@dataclass(frozen=True)
class Cell:
    """Lower left corner (m), side (m) and persons/m² of a square of the ground."""

    x: float
    y: float
    side: float
    density: float


@dataclass(frozen=True)
class Figure:
    """Of one zone: people and worst cell as (value, low, high), mean persons/m²."""

    name: str
    people: tuple[float, float, float]
    density: float
    worst: tuple[float, float, float]
    worst_place: tuple[float, float]


@dataclass(frozen=True)
class Look:
    """What one frame showed; no figures where it could not be counted, and `refusal` says why."""

    time_s: float
    frame: int
    total: tuple[float, float, float] | None = None
    state: str = "unknown"
    reasons: list[str] = field(default_factory=list)
    refusal: str = ""
    zones: list[Figure] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    #: Head centres on the ground, m, where the counter knows single people.
    heads: list[tuple[float, float]] = field(default_factory=list)


def cells(ground: Ground, count: Count) -> list[Cell]:
    """Density of the ground in squares, from the counter's grid; empty squares are left out."""
    places = seen_ground(ground)
    if len(places) < 3:
        return []
    low, high = np.percentile(places, [0, 97], axis=0)
    side = CELL_M
    while np.prod(np.ceil((high - low) / side)) > CELLS_MOST:
        side *= 2
    rows, cols = count.grid.shape
    width, height = ground.picture
    u = (np.arange(cols * _SAMPLES) + 0.5) / _SAMPLES * width / cols
    v = (np.arange(rows * _SAMPLES) + 0.5) / _SAMPLES * height / rows
    heavy = np.repeat(np.repeat(count.grid > 1e-4, _SAMPLES, axis=0), _SAMPLES, axis=1)
    down, across = np.nonzero(heavy)
    if not len(down):
        return []
    ground_places = ground.to_ground(np.column_stack([u[across], v[down]]), height_m=ground.head_height_m)
    people = count.grid[down // _SAMPLES, across // _SAMPLES] / _SAMPLES**2
    with np.errstate(invalid="ignore"):
        near = ((ground_places >= low - 1) & (ground_places <= high + 1)).all(axis=1)
    index = np.floor(ground_places[near] / side).astype(int)
    unique, inverse = np.unique(index, axis=0, return_inverse=True)
    sums = np.bincount(inverse.ravel(), weights=people[near])
    return [
        Cell(float(x * side), float(y * side), side, round(float(total / side**2), 3))
        for (x, y), total in zip(unique, sums, strict=True)
        if total / side**2 > 0.05
    ]


def heads(ground: Ground, count: Count) -> list[tuple[float, float]]:
    """Where single people stand, for counters that know them."""
    if count.points is None or not len(count.points):
        return []
    scale = np.array(ground.picture) / np.array(count.picture)
    places = ground.to_ground(np.asarray(count.points, np.float64) * scale, height_m=ground.head_height_m)
    return [(round(float(x), 2), round(float(y), 2)) for x, y in places if np.isfinite([x, y]).all()]
