"""A zone on the ground and how the picture covers it: checked, sampled, and ready to be filled with people. Pure.

The centre of a head at picture point p stands over the ground place that p shows on the plane of heads. Each cell of a
counter's grid is therefore sampled at points spread evenly over it, each sample carries an equal share of the cell's
people, and a sample belongs to the zone if its ground place does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.ground import Ground
from edge.points import GroundRefused
from edge.polygon import Points, area, contains, crossing, outline
from edge.settings import ZoneSettings

SMALLEST_M2 = 1.0
LARGEST_M2 = 100_000.0
#: Share of a zone that may lie outside the picture, as exact corners at its edge do; more would be counted as empty.
UNSEEN_SHARE = 0.05
#: Samples of the picture that a zone should have at least, so that no metre of it falls between two.
_SAMPLES_WANTED = 40_000
_SAMPLES_MOST_PER_SIDE = 24


@dataclass(frozen=True)
class Cover:
    """Samples of a (rows, cols) grid that fall into a zone: `cell[i]` is the flat index of the cell that sample i lies
    in, `place[i]` its ground place in metres, and it carries `share[i]` of its cell's people."""

    shape: tuple[int, int]
    cell: NDArray[np.intp]
    place: Points
    share: NDArray[np.float64]

    def weights(self, chosen: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """(rows, cols): share of each cell that lies in the zone, or in the part of it that `chosen` samples make."""
        cells, share = (self.cell, self.share) if chosen is None else (self.cell[chosen], self.share[chosen])
        counted = np.bincount(cells, share, minlength=self.shape[0] * self.shape[1])
        return np.minimum(counted, 1.0).reshape(self.shape)


@dataclass(frozen=True)
class Zone:
    """A polygon on the ground (corners in metres), as one camera sees it."""

    name: str
    corners: Points
    area_m2: float
    ground: Ground

    def visible(self, places: Points) -> NDArray[np.bool_]:
        """Which ground places have their heads within the picture."""
        return _seen(self.ground, places)

    def quality(self, places: Points) -> NDArray[np.float64]:
        """(n,) how well heads at ground places are seen: px² of the picture for a m² of the ground; 0 out of sight."""
        derivative = self.ground.derivative(places, height_m=self.ground.head_height_m)[:, :, :2]
        found = np.abs(np.linalg.det(np.nan_to_num(derivative)))
        return np.where(self.visible(places), found, 0.0)

    def cover(self, shape: tuple[int, int]) -> Cover:
        """The samples of a grid of this shape over the whole picture that fall into the zone."""
        rows, cols = shape
        width, height = self.ground.picture
        heads = self.ground.to_picture(outline(self.corners, 0.25), height_m=self.ground.head_height_m)
        low, high = np.nanmin(heads, axis=0), np.nanmax(heads, axis=0)
        first = np.clip(np.floor(low / [width, height] * [cols, rows]).astype(int) - 1, 0, [cols - 1, rows - 1])
        last = np.clip(np.floor(high / [width, height] * [cols, rows]).astype(int) + 1, 0, [cols - 1, rows - 1])
        across, down = last - first + 1
        side = int(np.clip(np.ceil(np.sqrt(_SAMPLES_WANTED / (across * down))), 4, _SAMPLES_MOST_PER_SIDE))
        x = (first[0] + (np.arange(across * side) + 0.5) / side) * width / cols
        y = (first[1] + (np.arange(down * side) + 0.5) / side) * height / rows
        u, v = np.meshgrid(x, y)
        column, row = np.meshgrid(
            first[0] + np.arange(across * side) // side, first[1] + np.arange(down * side) // side
        )
        pixels = np.column_stack([u.ravel(), v.ravel()])
        places = self.ground.to_ground(pixels, height_m=self.ground.head_height_m)
        inside = contains(self.corners, places)
        cell = (row.ravel() * cols + column.ravel())[inside]
        return Cover(shape, cell.astype(np.intp), places[inside], np.full(len(cell), 1.0 / side**2))


def make_zone(settings: ZoneSettings, ground: Ground) -> Zone:
    """The zone on a camera's ground; GroundRefused with one sentence where it cannot be watched by that camera."""
    return make_views(settings, [ground])[0]


def make_views(settings: ZoneSettings, grounds: Sequence[Ground]) -> list[Zone]:
    """The zone as each of several cameras sees it, which together must see it whole; GroundRefused otherwise."""
    corners = np.array(settings.polygon, dtype=np.float64)
    if not np.isfinite(corners).all():
        raise GroundRefused("the polygon holds a number that is not finite", "polygon")
    if len(corners) > 3 and np.array_equal(corners[0], corners[-1]):
        corners = corners[:-1]
    for i, place in enumerate(corners):
        if np.hypot(*(place - corners[(i + 1) % len(corners)])) < 1e-6:
            raise GroundRefused(f"corners {i + 1} and {(i + 1) % len(corners) + 1} are the same place", "polygon", i)
    crossed = crossing(corners)
    if crossed is not None:
        edges = [f"{i + 1}-{(i + 1) % len(corners) + 1}" for i in crossed]
        raise GroundRefused(f"the polygon crosses itself: its edges {edges[0]} and {edges[1]} meet", "polygon")
    size = abs(area(corners))
    if not SMALLEST_M2 <= size <= LARGEST_M2:
        raise GroundRefused(
            f"an area of {size:,.2f} m² cannot be: {SMALLEST_M2:g} to {LARGEST_M2:,.0f} m² are watched by one camera",
            "polygon",
        )
    if len(grounds) == 1:
        _refuse_horizon(corners, grounds[0])
    _refuse_unseen(corners, grounds, size)
    return [Zone(settings.name, corners, size, ground) for ground in grounds]


def _refuse_horizon(corners: Points, ground: Ground) -> None:
    for i, place in enumerate(corners):
        for height_m in (0.0, ground.head_height_m):
            if np.isnan(ground.to_picture(place[None], height_m=height_m)).any():
                raise GroundRefused(
                    f"corner {i + 1} ({place[0]:g}, {place[1]:g}) lies beyond the horizon or behind the camera",
                    "polygon",
                    i,
                )


def _refuse_unseen(corners: Points, grounds: Sequence[Ground], size: float) -> None:
    step = max(np.sqrt(size) / 60, 0.02)
    low, high = corners.min(axis=0), corners.max(axis=0)
    x, y = (np.arange(a + step / 2, b, step) for a, b in zip(low, high, strict=True))
    places = np.column_stack([axis.ravel() for axis in np.meshgrid(x, y)])
    places = places[contains(corners, places)]
    # Centres of a fine raster stand for the area.
    each = np.array([_seen(ground, places) for ground in grounds])
    unseen = 1.0 - float(np.mean(each.any(axis=0))) if len(places) else 1.0
    blind = [number for number, seen in enumerate(each) if not seen.any()]
    if blind and len(grounds) > 1:
        raise GroundRefused("one of its cameras sees nothing of it: leave that out", "cameras", blind[0])
    if unseen <= UNSEEN_SHARE:
        return
    if len(grounds) > 1:
        at = places[~each.any(axis=0)].mean(axis=0)
        raise GroundRefused(
            f"{unseen:.0%} of the zone is seen by none of its {len(grounds)} cameras, round ({at[0]:.1f}, {at[1]:.1f})",
            "polygon",
        )
    ground = grounds[0]
    heads = ground.to_picture(corners, height_m=ground.head_height_m)
    width, height = ground.picture
    outside = np.maximum(np.maximum(-heads, heads - [width, height]).max(axis=1), 0)
    worst = int(outside.argmax())
    (x_m, y_m), (u, v) = corners[worst], heads[worst]
    raise GroundRefused(
        f"{unseen:.0%} of the zone lies outside the picture of {width} x {height}: heads at corner {worst + 1} "
        f"({x_m:g}, {y_m:g}) would be at pixel {u:.0f}, {v:.0f}",
        "polygon",
        worst,
    )


def _seen(ground: Ground, places: Points) -> NDArray[np.bool_]:
    heads = ground.to_picture(places, height_m=ground.head_height_m)
    with np.errstate(invalid="ignore"):
        within: NDArray[np.bool_] = np.all((heads >= 0) & (heads <= np.array(ground.picture)), axis=1)
    return within
