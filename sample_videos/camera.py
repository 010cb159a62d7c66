"""A true camera in a metric world: x east, y north, z up, metres; pixels u right, v down.

A pinhole with radial distortion after Brown and Conrady, as OpenCV writes it: a point at (x, y) on the plane one
focal length ahead is seen at (x, y) (1 + k1 r^2 + k2 r^4).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_WIDEST = 4.0  # radius on the plane one focal length ahead up to which the distortion is looked at


@dataclass(frozen=True)
class Pinhole:
    """Position in metres, angles in degrees, focal length in pixels, size in pixels (width, height).

    `yaw` turns clockwise from north (+y) as seen from above, `tilt` is the angle below the horizon,
    `roll` turns the picture about its own axis; `distortion` is (k1, k2). Pixel centres lie at
    half-integers: (0, 0) is the corner.
    """

    position: tuple[float, float, float]
    yaw: float
    tilt: float
    focal: float
    size: tuple[int, int]
    roll: float = 0.0
    distortion: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if self.position[2] <= 0:
            raise ValueError(f"camera stands at z = {self.position[2]:g} m: it must be above the ground")
        if self.focal <= 0 or min(self.size) <= 0:
            raise ValueError(f"focal length {self.focal:g} and size {self.size} must be positive")
        if not self._covers():
            raise ValueError(f"distortion {self.distortion} folds the picture over before its corners")

    @cached_property
    def rotation(self) -> Floats:
        """(3, 3): rows are the camera's right, down and forward axes in world coordinates."""
        yaw, tilt, roll = np.radians([self.yaw, self.tilt, self.roll])
        forward = np.array([np.sin(yaw) * np.cos(tilt), np.cos(yaw) * np.cos(tilt), -np.sin(tilt)])
        right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
        down = np.cross(forward, right)
        cos, sin = np.cos(roll), np.sin(roll)
        return np.stack([cos * right + sin * down, cos * down - sin * right, forward])

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """World (n, 3) -> pixels (n, 2) and depth (n,) along the optical axis; depth <= 0 is behind."""
        local = (np.asarray(points, float).reshape(-1, 3) - np.array(self.position)) @ self.rotation.T
        depth = local[:, 2]
        safe = np.where(np.abs(depth) < 1e-6, 1e-6, depth)
        flat = self._distorted(local[:, :2] / safe[:, None])
        return flat * self.focal + np.array(self.size) / 2.0, depth

    def rays(self, pixels: Floats) -> Floats:
        """Directions (n, 3) in the world with unit depth, for pixels (n, 2)."""
        flat = self.flat(pixels)
        return np.column_stack([flat, np.ones(len(flat))]) @ self.rotation

    def flat(self, pixels: Floats) -> Floats:
        """Points (n, 2) on the plane one unit ahead, without distortion, for pixels (n, 2)."""
        seen = (np.asarray(pixels, float).reshape(-1, 2) - np.array(self.size) / 2.0) / self.focal
        if self.distortion == (0.0, 0.0):
            return seen
        radius = np.hypot(seen[:, 0], seen[:, 1])
        true, bent = self._curve
        found = np.interp(radius, bent, true)
        return seen * (found / np.maximum(radius, 1e-12))[:, None]

    def on_plane(self, pixels: Floats, z: float = 0.0) -> Floats:
        """World (n, 2) where the pixels' rays meet the level plane z; NaN for rays that never do."""
        rays = self.rays(pixels)
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = (z - self.position[2]) / rays[:, 2]
            found = np.array(self.position[:2]) + rays[:, :2] * reach[:, None]
        return np.where((reach > 0)[:, None], found, np.nan)

    def inside(self, pixels: Floats, margin: float = 0.0) -> NDArray[np.bool_]:
        """Which pixels (n, 2) lie in the picture, `margin` pixels off its edge."""
        width, height = self.size
        u, v = pixels[:, 0], pixels[:, 1]
        return (u >= margin) & (v >= margin) & (u < width - margin) & (v < height - margin)

    def resized(self, factor: float) -> Pinhole:
        """The same view in a picture `factor` times as large."""
        size = (round(self.size[0] * factor), round(self.size[1] * factor))
        return replace(self, size=size, focal=self.focal * size[0] / self.size[0])

    @cached_property
    def _curve(self) -> tuple[Floats, Floats]:
        """True radii and the radii at which they are seen, as far as the second grows with the first."""
        true = np.linspace(0, _WIDEST, 8001)
        k1, k2 = self.distortion
        bent = true * (1 + k1 * true**2 + k2 * true**4)
        folds = np.flatnonzero(np.diff(bent) <= 1e-6)
        stop = int(folds[0]) + 1 if len(folds) else len(true)
        return true[:stop], bent[:stop]

    def _distorted(self, flat: Floats) -> Floats:
        if self.distortion == (0.0, 0.0):
            return flat
        radius = np.hypot(flat[:, 0], flat[:, 1])
        true, bent = self._curve
        # What lies beyond the fold of the polynomial stays outside, as it would with a real lens.
        seen = np.where(radius < true[-1], np.interp(radius, true, bent), bent[-1] + (radius - true[-1]))
        return flat * (seen / np.maximum(radius, 1e-12))[:, None]

    def _covers(self) -> bool:
        corner = float(np.hypot(*self.size)) / 2 / self.focal
        return self.distortion == (0.0, 0.0) or float(self._curve[1][-1]) > corner
