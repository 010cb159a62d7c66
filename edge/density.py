"""People per square metre from a grid of counts: the mean over a zone, and its worst cell. Pure.

**Worst cell.** A square window of side sqrt(10) m, its sides along the axes of the ground, is slid over the zone so
that its lower left corners stand on a lattice of 0.5 m aligned with the zone's bounding box, and flush with that box's
upper sides. Windows that lie in the zone whole compete first. Of the others, those that show a part of the zone that no
whole one shows compete too: theirs is the people in the part that lies in the zone, over the area of that part, but
over 5 m² at least (or 90 % of the largest part found, where that is less: a narrow zone). So no narrow part of a zone
is left out, and one person in a sliver is no crowd: at most 0.2 persons/m². A part of less than 1 m² that only such
windows show does not compete, where there are larger ones. A zone of less than 10 m² is one window as a whole. The
worst cell is the window of the highest density.

The search runs on a raster of 0.25 m (coarser for zones above 100 m), where window sums are differences of a
summed-area table; the figure itself and its band are taken from the counter's grid with the exact window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from edge.polygon import Points, contains
from edge.zone import Cover, Zone
from wire import Band

WINDOW_M2 = 10.0
STEP_M = 0.5
#: The least area that people in a window are divided by, m², where the zone holds a part that large.
DIVISOR_M2 = 5.0
COMPETING_M2 = 1.0
_LARGEST_SHARE = 0.9
#: A window lies in a zone whole from this share of its area on: the raster is not exact.
_WHOLE_SHARE = 0.985
_RASTER_M = 0.25
_RASTER_MOST = 400
_AREA_SAMPLES = 4


class Estimate(Protocol):
    """People in a region: 0 <= low <= value <= high."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


class CountedGrid(Protocol):
    """What is needed of a count: its (rows, cols) grid of people, and an estimate for a part of it."""

    @property
    def grid(self) -> NDArray[np.float32]: ...
    def within(self, weights: NDArray[np.floating]) -> Estimate: ...


@dataclass(frozen=True)
class Figures:
    """Of one zone at one moment: people, mean density and the worst cell's density (persons/m²)."""

    count: Band
    density: float
    peak_density: Band
    #: Lower left corner of the worst cell, metres.
    peak_place: tuple[float, float]


class _Part:
    """What one camera adds to a zone: its samples, and the raster bins that they fall into."""

    def __init__(self, cover: Cover, low: Points, raster_m: float, bins: NDArray[np.int_]) -> None:
        self.cover = cover
        self.weights = cover.weights()
        column, row = np.minimum(((cover.place - low) / raster_m).astype(int), bins - 1).T
        cells = cover.shape[0] * cover.shape[1]
        # One entry for all samples of a cell that fall into one bin: the sum per frame runs over these.
        pair, which = np.unique((row * bins[0] + column).astype(np.int64) * cells + cover.cell, return_inverse=True)
        self.entry_bin, self.entry_cell = np.divmod(pair, cells)
        self.entry_share = np.bincount(which.ravel(), cover.share, len(pair))


class ZoneDensity:
    """The figures of one zone from grids of one shape; all that does not depend on the counts is computed once.

    Of a zone that several cameras see, each place is told by those that see it, weighted by how well they do: the
    square of their px² a m² (`Zone.quality`). The weights at a place add up to one, so that a person is counted once.
    """

    def __init__(self, zone: Zone | Sequence[Zone], shape: tuple[int, int] | Sequence[tuple[int, int]]) -> None:
        views = [zone] if isinstance(zone, Zone) else list(zone)
        shapes = (
            [cast("tuple[int, int]", shape)] if isinstance(zone, Zone) else [cast("tuple[int, int]", s) for s in shape]
        )
        self.zone = views[0]
        corners = self.zone.corners
        self._low = corners.min(axis=0)
        extent = corners.max(axis=0) - self._low
        self._raster_m = max(_RASTER_M, float(extent.max()) / _RASTER_MOST)
        self._bins = np.maximum(np.ceil(extent / self._raster_m).astype(int), 1)
        covers = [view.cover(each) for view, each in zip(views, shapes, strict=True)]
        if len(views) > 1:
            covers = [
                replace(cover, share=cover.share * shares_of(views, cover.place)[:, number])
                for number, cover in enumerate(covers)
            ]
        self._parts = [_Part(cover, self._low, self._raster_m, self._bins) for cover in covers]
        self.cover, self.weights = covers[0], self._parts[0].weights
        inside = _inside_area(views, self._low, self._bins, self._raster_m)
        #: Area of the zone that the pictures show, m².
        self.visible_m2 = min(float(inside.sum()), self.zone.area_m2)
        self._window_m = float(np.sqrt(WINDOW_M2))
        self._whole = self.zone.area_m2 < WINDOW_M2
        #: Of each window: its lower left corner, and the square metres that its people are divided by.
        self._places, self._areas = self._windows(inside, extent)

    @property
    def windows(self) -> tuple[Points, NDArray[np.float64], float]:
        """Lower left corners (k, 2), areas (k,) m² and side of the windows among which the worst is looked for."""
        return self._places, self._areas, self._window_m

    def figures(self, *counts: CountedGrid) -> Figures:
        """The zone's people and densities. The grids, one for each camera, must have the shapes that this was made for
        (ValueError)."""
        for count, part in zip(counts, self._parts, strict=True):
            if count.grid.shape != part.cover.shape:
                raise ValueError(f"a grid of {count.grid.shape} where {part.cover.shape} was expected")
        people = _band(_together([c.within(part.weights) for c, part in zip(counts, self._parts, strict=True)]), 1.0)
        density = people.value / self.visible_m2
        if self._whole:
            return Figures(people, density, _divided(people, self.visible_m2), (self._low[0], self._low[1]))
        chosen = self._worst([count.grid for count in counts])
        place, size = self._places[chosen], float(self._areas[chosen])
        found: list[Estimate] = []
        for count, part in zip(counts, self._parts, strict=True):
            offset = part.cover.place - place
            window = ((offset >= 0) & (offset < self._window_m)).all(axis=1)
            found.append(count.within(part.cover.weights(window)))
        return Figures(people, density, _band(_together(found), size), (float(place[0]), float(place[1])))

    def _windows(self, inside: NDArray[np.float64], extent: NDArray[np.float64]) -> tuple[Points, NDArray[np.float64]]:
        step = max(STEP_M, float(extent.max()) / _RASTER_MOST)
        axes = [np.arange(-np.ceil(self._window_m / step), np.ceil(e / step) + 1) * step for e in extent]
        axes = [np.unique(np.append(axis, e - self._window_m)) for axis, e in zip(axes, extent, strict=True)]
        places = np.column_stack([axis.ravel() for axis in np.meshgrid(*axes)]) + self._low
        areas = self._sums(inside, places)
        most = _LARGEST_SHARE * float(areas.max())
        whole = areas >= _WHOLE_SHARE * WINDOW_M2
        left = self._sums(inside * ~self._shown_by(places[whole]), places)
        keep = whole | (left >= min(COMPETING_M2, most) - 1e-9)
        return places[keep], np.maximum(areas[keep], min(DIVISOR_M2, most))

    def _shown_by(self, places: Points) -> NDArray[np.bool_]:
        """(rows, cols): which raster bins have their middle in one of the windows at these places."""
        shown = np.zeros((int(self._bins[1]), int(self._bins[0])), bool)
        first = np.ceil((places - self._low) / self._raster_m - 0.5).astype(int).clip(0)
        last = np.ceil((places - self._low + self._window_m) / self._raster_m - 0.5).astype(int)
        for (left, top), (right, bottom) in zip(first, last, strict=True):
            shown[top:bottom, left:right] = True
        return shown

    def _worst(self, grids: Sequence[NDArray[np.float32]]) -> int:
        raster = np.zeros(int(self._bins.prod()))
        for grid, part in zip(grids, self._parts, strict=True):
            people = grid.ravel()[part.entry_cell].astype(np.float64) * part.entry_share
            raster += np.bincount(part.entry_bin, people, len(raster))
        sums = self._sums(raster.reshape(self._bins[1], self._bins[0]), self._places)
        return int(np.argmax(sums / self._areas))

    def _sums(self, raster: NDArray[np.float64], places: Points) -> NDArray[np.float64]:
        """Sum of the raster within the window at each place, bins at its edge by their share."""
        table = np.zeros((raster.shape[0] + 1, raster.shape[1] + 1))
        table[1:, 1:] = raster.cumsum(axis=0).cumsum(axis=1)
        low = (places - self._low) / self._raster_m
        high = low + self._window_m / self._raster_m
        return (
            _at(table, high[:, 0], high[:, 1])
            - _at(table, low[:, 0], high[:, 1])
            - _at(table, high[:, 0], low[:, 1])
            + _at(table, low[:, 0], low[:, 1])
        )


def shares_of(views: Sequence[Zone], places: Points) -> NDArray[np.float64]:
    """(n, views): how much each camera's word counts at each place; rows add up to 1, or to 0 where none sees it."""
    squared = np.column_stack([view.quality(places) for view in views]) ** 2
    total = squared.sum(axis=1, keepdims=True)
    return np.divide(squared, total, out=np.zeros_like(squared), where=total > 0)


@dataclass(frozen=True)
class _Sum:
    value: float
    low: float
    high: float


def _together(found: Sequence[Estimate]) -> Estimate:
    """What several cameras count together: their misses may all lie to one side, so the bands add."""
    if len(found) == 1:
        return found[0]
    return _Sum(*(float(sum(getattr(each, end) for each in found)) for end in ("value", "low", "high")))


def smoothed(before: Band | None, now: Band, elapsed_s: float, smoothing_s: float) -> Band:
    """Exponential smoothing with the time constant `smoothing_s` of a figure and both ends of its band.

    `elapsed_s` is the time since `before`; no `before`, or `smoothing_s` of 0, gives `now`.
    """
    if before is None or smoothing_s <= 0:
        return now
    kept = float(np.exp(-max(elapsed_s, 0.0) / smoothing_s))
    value = kept * before.value + (1 - kept) * now.value
    low = kept * before.low + (1 - kept) * now.low
    high = kept * before.high + (1 - kept) * now.high
    # Rounding must not turn the band over.
    return Band(value=value, low=min(low, value), high=max(high, value))


def _band(estimate: Estimate, divisor: float) -> Band:
    value = float(estimate.value) / divisor
    return Band(
        value=value, low=min(float(estimate.low) / divisor, value), high=max(float(estimate.high) / divisor, value)
    )


def _divided(band: Band, divisor: float) -> Band:
    return Band(value=band.value / divisor, low=band.low / divisor, high=band.high / divisor)


def _inside_area(
    views: Sequence[Zone], low: NDArray[np.float64], bins: NDArray[np.int_], raster_m: float
) -> NDArray[np.float64]:
    """(rows, cols): square metres of each raster bin that lie in the zone and in a picture."""
    fine = _AREA_SAMPLES
    x, y = ((np.arange(n * fine) + 0.5) / fine * raster_m for n in bins)
    places = np.column_stack([axis.ravel() for axis in np.meshgrid(x, y)]) + low
    seen = np.any([view.visible(places) for view in views], axis=0)
    inside = (contains(views[0].corners, places) & seen).astype(np.float64)
    shape = (int(bins[1]), fine, int(bins[0]), fine)
    areas: NDArray[np.float64] = inside.reshape(shape).sum(axis=(1, 3)) * (raster_m / fine) ** 2
    return areas


def _at(table: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """The summed-area table between its nodes, by bilinear interpolation; beyond its edges it stays level."""
    x = np.clip(x, 0, table.shape[1] - 1)
    y = np.clip(y, 0, table.shape[0] - 1)
    i = np.minimum(x.astype(int), table.shape[1] - 2)
    j = np.minimum(y.astype(int), table.shape[0] - 2)
    fx, fy = x - i, y - j
    upper = table[j, i] * (1 - fx) + table[j, i + 1] * fx
    lower = table[j + 1, i] * (1 - fx) + table[j + 1, i + 1] * fx
    return upper * (1 - fy) + lower * fy
