"""How high the ground is where it is no one plane: stairs, ramps, a quay. Pure.

A piece is a line of places with heights, such as the foot and the head of each flight of steps. Its height at any
place is that of the line, where the place falls on it by its shortest way; before the first and behind the last place
it stays level. A piece may have an area: outside all areas the ground is the plane of the measured points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.camera_settings import ElevationSettings
from edge.points import GroundRefused
from edge.polygon import Points, area, contains, crossing

#: Steeper than this no ground is that people walk on (metres up for a metre on): the steepest stairs have about 1.
STEEPEST = 2.0


@dataclass(frozen=True)
class Piece:
    """A line of heights along `axis`: positions and heights (m,) in metres; `corners` of its area, or None."""

    axis: NDArray[np.float64]
    positions: NDArray[np.float64]
    heights: NDArray[np.float64]
    corners: Points | None

    def covers(self, places: Points) -> NDArray[np.bool_]:
        """Which places (n, 2) it speaks of."""
        return np.ones(len(places), bool) if self.corners is None else contains(self.corners, places)

    def height(self, places: Points) -> NDArray[np.float64]:
        """Height (n,) of the ground at places, metres."""
        return np.asarray(np.interp(places @ self.axis, self.positions, self.heights), dtype=np.float64)


@dataclass(frozen=True)
class Elevation:
    """All pieces of a camera's ground; of several at one place the first one counts."""

    pieces: tuple[Piece, ...]

    def height(self, places: Points, plane: tuple[float, float, float]) -> NDArray[np.float64]:
        """Height (n,) of the ground at places (n, 2), metres; that of the plane z = a x + b y + c between pieces."""
        found = places @ np.array(plane[:2]) + plane[2]
        free = np.ones(len(places), bool)
        for piece in self.pieces:
            here = free & piece.covers(places)
            if here.any():
                found[here] = piece.height(places[here])
                free &= ~here
        return found

    def covers(self, places: Points) -> NDArray[np.bool_]:
        """Which places some piece speaks of."""
        covered = np.zeros(len(places), bool)
        for piece in self.pieces:
            covered |= piece.covers(places)
        return covered


def elevation_of(settings: Sequence[ElevationSettings]) -> Elevation:
    """The pieces of the settings; GroundRefused with one sentence where one of them is no ground."""
    return Elevation(tuple(_piece(number, each) for number, each in enumerate(settings)))


def _piece(number: int, settings: ElevationSettings) -> Piece:
    def refuse(line: str, *where: str | int) -> GroundRefused:
        return GroundRefused(f"elevation {number + 1}: {line}", "elevation", number, *where)

    line = np.array(settings.line, dtype=np.float64)
    if not np.isfinite(line).all():
        raise refuse("its line holds a number that is not finite", "line")
    across = line[-1, :2] - line[0, :2]
    length = float(np.hypot(*across))
    if length < 0.1:
        raise refuse("its line ends where it begins: give the way up, from foot to head", "line")
    axis = across / length
    positions = line[:, :2] @ axis
    back = np.flatnonzero(np.diff(positions) < 0.01)
    if len(back):
        raise refuse(
            f"place {back[0] + 2} does not lie further along the line than the one before", "line", int(back[0]) + 1
        )
    steep = np.abs(np.diff(line[:, 2])) / np.diff(positions)
    if steep.max() > STEEPEST:
        at = int(steep.argmax())
        raise refuse(
            f"between places {at + 1} and {at + 2} the ground rises {steep[at]:.1f} m a metre: nobody walks there",
            "line",
            at + 1,
        )
    corners = None
    if settings.area:
        corners = np.array(settings.area, dtype=np.float64)
        if not np.isfinite(corners).all() or len(corners) < 3 or abs(area(corners)) < 0.1:
            raise refuse("its area has no extent: give three corners or more", "area")
        if crossing(corners) is not None:
            raise refuse("the edges of its area cross each other", "area")
    return Piece(axis, positions, line[:, 2].copy(), corners)
