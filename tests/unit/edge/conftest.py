"""A pinhole camera whose truth is known, for the tests of the ground."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.settings import CameraSettings, GroundPoint


@dataclass(frozen=True)
class Pinhole:
    """A camera above the ground plane z = a x + b y, looking along +y and down by `tilt` degrees."""

    focal: float = 900.0
    size: tuple[int, int] = (1280, 720)
    tilt: float = 35.0
    yaw: float = 0.0
    roll: float = 0.0
    height: float = 10.0
    slope: tuple[float, float] = (0.0, 0.0)

    def rotation(self) -> NDArray[np.float64]:
        tilt, yaw, roll = np.radians([self.tilt, self.yaw, self.roll])
        ahead = np.array([np.sin(yaw) * np.cos(tilt), np.cos(yaw) * np.cos(tilt), -np.sin(tilt)])
        right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
        turn = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
        return turn @ np.stack([right, np.cross(ahead, right), ahead])

    def elevation(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        return places @ np.array(self.slope)

    def see(self, places: NDArray[np.float64], above: float = 0.0) -> NDArray[np.float64]:
        """Pixels of points `above` metres over ground places (n, 2); NaN behind the camera."""
        world = np.column_stack([places, self.elevation(places) + above]) - np.array([0.0, 0.0, self.height])
        eye = world @ self.rotation().T
        with np.errstate(divide="ignore", invalid="ignore"):
            pixels = eye[:, :2] / eye[:, 2:] * self.focal + np.array(self.size) / 2
        pixels[eye[:, 2] <= 0.1] = np.nan
        return pixels

    def places(self, count: int, seed: int = 0, margin: float = 0.0) -> NDArray[np.float64]:
        """Ground places within the picture and 40 m of the camera."""
        draws = np.random.default_rng(seed).uniform([-30, 0.5], [30, 40], (4000, 2))
        pixels = self.see(draws)
        inside = ((pixels >= margin) & (pixels <= np.array(self.size) - margin)).all(axis=1)
        return draws[inside][:count]

    def corners(self) -> NDArray[np.float64]:
        """Four or five ground places well spread over the picture."""
        places = self.places(2000, margin=5)
        wanted = np.array([[0.1, 0.95], [0.9, 0.95], [0.75, 0.3], [0.25, 0.3], [0.5, 0.6]]) * self.size
        pixels = self.see(places)
        return np.array([places[np.argmin(np.hypot(*(pixels - each).T))] for each in wanted])

    def settings(self, places: NDArray[np.float64] | None = None, **changes: object) -> CameraSettings:
        """Settings of a camera whose ground points are these places, measured without error."""
        places = self.corners() if places is None else places
        points = tuple(
            GroundPoint(pixel=(float(u), float(v)), ground=(float(x), float(y)), z=float(z))
            for (u, v), (x, y), z in zip(self.see(places), places, self.elevation(places), strict=True)
        )
        fields: dict[str, object] = {
            "name": "cam",
            "source": 0,
            "picture_px": self.size,
            "ground_points": points,
            **changes,
        }
        return CameraSettings(**fields)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def pinhole() -> Callable[..., Pinhole]:
    return Pinhole
