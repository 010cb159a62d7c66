"""Lens distortion: between pixels as a bent lens shows them and as a pinhole camera would. Pure.

Radial distortion after Brown and Conrady, as OpenCV writes it (calib3d, `distCoeffs` k1 and k2): what a pinhole shows
at x, y from the middle of the picture, in units of `unit_px`, is seen at (x, y) (1 + k1 r^2 + k2 r^4). For OpenCV's
figures the unit is the focal length. Without them k1 is found from edges that are straight in reality, by the
plumb-line method (Brown, Close-range camera calibration, 1971): the k1 that makes them straightest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge.points import GroundRefused
from edge.polygon import Points

#: Radius, in units of half the picture's diagonal, up to which the distortion is followed.
_WIDEST = 1.6
_STEPS = 4001
#: k1 in units of half the diagonal: below it the picture would fold over before its corners.
_K1_RANGE = (-0.147, 0.1)
#: Edges that bend by less than this share of their length after the correction are straight.
LINE_SHARE = 0.01


@dataclass(frozen=True)
class Lens:
    """Distortion about the middle of a picture of (width, height) px."""

    picture: tuple[int, int]
    unit_px: float
    k1: float
    k2: float = 0.0

    def __post_init__(self) -> None:
        if self._curve[1][-1] < float(np.hypot(*self.picture)) / 2 / self.unit_px:
            raise GroundRefused(
                f"distortion {self.k1:g}, {self.k2:g} folds the picture over before its corners", "distortion"
            )

    def bent(self, pixels: Points) -> Points:
        """(n, 2) px where the lens shows what a pinhole shows at `pixels`; NaN where it shows it nowhere."""
        flat = (pixels - self._middle) / self.unit_px
        radius = np.hypot(flat[:, 0], flat[:, 1])
        true, seen = self._curve
        found = np.interp(radius, true, seen, right=np.nan)
        bent: Points = flat * (found / np.maximum(radius, 1e-12))[:, None] * self.unit_px + self._middle
        return bent

    def straight(self, pixels: Points) -> Points:
        """(n, 2) px where a pinhole shows what the lens shows at `pixels`."""
        flat = (pixels - self._middle) / self.unit_px
        radius = np.hypot(flat[:, 0], flat[:, 1])
        true, seen = self._curve
        # a few steps of Newton from the table, so that there and back is exact
        found = np.interp(radius, seen, true)
        for _ in range(3):
            slope = 1 + 3 * self.k1 * found**2 + 5 * self.k2 * found**4
            found = found - (found * (1 + self.k1 * found**2 + self.k2 * found**4) - radius) / np.maximum(slope, 1e-6)
        straight: Points = flat * (found / np.maximum(radius, 1e-12))[:, None] * self.unit_px + self._middle
        return straight

    def derivative(self, pixels: Points) -> NDArray[np.float64]:
        """(n, 2, 2) by how many px the picture moves for one px of a pinhole's, at pinhole `pixels` (n, 2)."""
        flat = (pixels - self._middle) / self.unit_px
        squared = (flat**2).sum(axis=1)
        scale = 1 + self.k1 * squared + self.k2 * squared**2
        bend = 2 * self.k1 + 4 * self.k2 * squared
        found: NDArray[np.float64] = scale[:, None, None] * np.eye(2) + bend[:, None, None] * (
            flat[:, :, None] * flat[:, None, :]
        )
        return found

    @property
    def _middle(self) -> NDArray[np.float64]:
        return np.array(self.picture, dtype=np.float64) / 2

    @cached_property
    def _curve(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Radii of a pinhole and those at which they are seen, as far as the second grow with the first."""
        true = np.linspace(0, _WIDEST * float(np.hypot(*self.picture)) / 2 / self.unit_px, _STEPS)
        seen = true * (1 + self.k1 * true**2 + self.k2 * true**4)
        folds = np.flatnonzero(np.diff(seen) <= 0)
        stop = int(folds[0]) + 1 if len(folds) else _STEPS
        return true[:stop], seen[:stop]


def lens_of_lines(lines: Sequence[Points], picture: tuple[int, int]) -> Lens:
    """The lens that shows these edges, (n, 2) px each and straight in reality; GroundRefused where none fits.

    A line through the middle of the picture tells nothing: all of them should not.
    """
    unit = float(np.hypot(*picture)) / 2
    for number, line in enumerate(lines):
        if len(line) < 3:
            raise GroundRefused(
                f"straight line {number + 1} has {len(line)} points: three or more are needed", "straight_lines", number
            )
        if not np.isfinite(line).all():
            raise GroundRefused(f"straight line {number + 1} holds a number that is not finite", "straight_lines")
        if float(np.hypot(*np.ptp(line, axis=0))) < 0.1 * unit:
            raise GroundRefused(
                f"straight line {number + 1} is too short to show a bend: take edges across the picture",
                "straight_lines",
                number,
            )

    def bend(k1: float) -> float:
        lens = Lens(picture, unit, k1)
        return float(sum((_off_line(lens.straight(line)) ** 2).sum() for line in lines))

    low, high = _K1_RANGE
    for _ in range(4):  # ever finer: the sum of squares has one minimum in the range
        tried = np.linspace(low, high, 25)
        best = int(np.argmin([bend(k1) for k1 in tried]))
        low, high = tried[max(best - 1, 0)], tried[min(best + 1, 24)]
    lens = Lens(picture, unit, float((low + high) / 2))
    for number, line in enumerate(lines):
        straight = lens.straight(line)
        off = float(_off_line(straight).max())
        if off > LINE_SHARE * float(np.hypot(*np.ptp(straight, axis=0))):
            raise GroundRefused(
                f"straight line {number + 1} stays bent by {off:.1f} px under any lens: is it straight in reality?",
                "straight_lines",
                number,
            )
    return lens


def _off_line(points: Points) -> NDArray[np.float64]:
    """(n,) distances from the line that fits the points best (total least squares)."""
    centred = points - points.mean(axis=0)
    normal = np.linalg.svd(centred, full_matrices=False)[2][-1]
    return np.abs(centred @ normal)
