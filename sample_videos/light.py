"""Light of a scene in linear units: sky, sun, lamps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Lamp:
    """A lamp at a place (x, y, z) with linear BGR power."""

    place: tuple[float, float, float]
    power: tuple[float, float, float]


@dataclass(frozen=True)
class Light:
    """`sky` and `sun` are linear BGR; `sun_from` points to the sun (x, y, z), unit length."""

    sky: tuple[float, float, float] = (0.55, 0.5, 0.46)
    sun: tuple[float, float, float] = (0.0, 0.0, 0.0)
    sun_from: tuple[float, float, float] = (0.4, -0.5, 0.77)
    lamps: tuple[Lamp, ...] = field(default=())

    def from_lamps(self, points: NDArray[np.floating]) -> Floats:
        """Linear BGR (n, 3) that level ground at points (n, 3) receives from all lamps."""
        points = np.asarray(points, np.float32)
        total = np.zeros((len(points), 3), np.float32)
        for lamp in self.lamps:
            away = np.asarray(lamp.place, np.float32) - points
            square = np.maximum((away**2).sum(1), 0.25)
            cosine = np.clip(away[:, 2], 0, None) / np.sqrt(square)
            total += ((0.25 + cosine) / square)[:, None] * np.asarray(lamp.power, np.float32)
        return total

    def lamp_side(self, points: NDArray[np.floating]) -> Floats:
        """Unit vectors (n, 3) to where most lamp light comes from at points (n, 3); straight up without lamps."""
        points = np.asarray(points, np.float32)
        total = np.zeros((len(points), 3), np.float32)
        total[:, 2] = 1e-4
        for lamp in self.lamps:
            away = np.asarray(lamp.place, np.float32) - points
            square = np.maximum((away**2).sum(1), 0.25)
            total += away / (square**1.5)[:, None] * np.float32(sum(lamp.power))
        return total / np.linalg.norm(total, axis=1, keepdims=True)

    def has_sun(self) -> bool:
        """Whether there is direct sun that casts shadows."""
        return max(self.sun) > 0.02


def _towards(azimuth: float, elevation: float) -> tuple[float, float, float]:
    a, e = np.radians([azimuth, elevation])
    return (float(np.sin(a) * np.cos(e)), float(np.cos(a) * np.cos(e)), float(np.sin(e)))


def daylight(azimuth: float, elevation: float, clouds: float) -> Light:
    """Day: clouds 0 (clear) .. 1 (overcast); angles of the sun in degrees."""
    warm = np.clip((30 - elevation) / 30, 0, 1)
    sun = (1 - clouds) * np.array([0.95 - 0.45 * warm, 1.0 - 0.2 * warm, 1.05])
    sky = (0.34 + 0.36 * clouds) * np.array([1.12 - 0.08 * clouds, 1.0, 0.93 + 0.05 * clouds])
    return Light(sky=_triple(sky), sun=_triple(sun), sun_from=_towards(azimuth, elevation))


def lamplight(lamps: tuple[Lamp, ...], dusk: float) -> Light:
    """Night (dusk 0) to dusk (1), with lamps."""
    sky = np.array([0.016, 0.013, 0.011]) + dusk * np.array([0.16, 0.12, 0.10])
    return Light(sky=_triple(sky), lamps=lamps)


def _triple(values: NDArray[np.floating]) -> tuple[float, float, float]:
    b, g, r = np.maximum(np.asarray(values, float), 0).tolist()
    return (b, g, r)
