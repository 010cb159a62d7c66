"""A true pinhole camera in a metric world: x east, y north, z up, metres; pixels u right, v down."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pinhole:
    """Position in metres, angles in degrees, focal length in pixels, size in pixels (width, height).

    `yaw` turns clockwise from north (+y) as seen from above, `tilt` is the angle below the horizon,
    `roll` turns the picture about its own axis. Pixel centres lie at half-integers: (0, 0) is the corner.
    """

    position: tuple[float, float, float]
    yaw: float
    tilt: float
    focal: float
    size: tuple[int, int]
    roll: float = 0.0

    def __post_init__(self) -> None:
        if self.position[2] <= 0:
            raise ValueError(f"camera stands at z = {self.position[2]} m: it must be above the ground")
        if self.focal <= 0 or min(self.size) <= 0:
            raise ValueError(f"focal length {self.focal} and size {self.size} must be positive")

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
        centre = np.array(self.size) / 2.0
        return local[:, :2] / safe[:, None] * self.focal + centre, depth

    def rays(self, pixels: Floats) -> Floats:
        """Directions (n, 3) in the world with unit depth, for pixels (n, 2)."""
        flat = (np.asarray(pixels, float).reshape(-1, 2) - np.array(self.size) / 2.0) / self.focal
        return np.column_stack([flat, np.ones(len(flat))]) @ self.rotation

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
