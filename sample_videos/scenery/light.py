"""Light of a scene in linear units: sky, ground, sun or main lamp, further lamps, haze."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Vec = tuple[float, float, float]


@dataclass(frozen=True)
class Lamp:
    """A lamp at a place (x, y, z) with linear BGR power."""

    place: Vec
    power: Vec


@dataclass(frozen=True)
class Light:
    """Linear BGR. `sky` lights from above, `low` and `high` are what the sky looks like at the horizon and overhead.

    `sun_from` points to the sun; without sun the first lamp casts the shadows. `haze` is the share of light lost
    in a metre, `soft` the blur of shadows' edges in texels.
    """

    sky: Vec = (0.55, 0.5, 0.46)
    sun: Vec = (0.0, 0.0, 0.0)
    sun_from: Vec = (0.4, -0.5, 0.77)
    lamps: tuple[Lamp, ...] = field(default=())
    low: Vec = (0.75, 0.72, 0.70)
    high: Vec = (0.80, 0.62, 0.48)
    clouds: float = 0.5
    haze: float = 0.0012
    haze_colour: Vec = (0.60, 0.58, 0.56)
    soft: float = 1.3
    wet: float = 0.0
    snow: float = 0.0

    def has_sun(self) -> bool:
        """Whether there is direct sun that casts shadows."""
        return max(self.sun) > 0.02


def _towards(azimuth: float, elevation: float) -> Vec:
    a, e = np.radians([azimuth, elevation])
    return (float(np.sin(a) * np.cos(e)), float(np.cos(a) * np.cos(e)), float(np.sin(e)))


def daylight(azimuth: float, elevation: float, clouds: float, *, haze: float = 0.0012, wet: float = 0.0,
             snow: float = 0.0) -> Light:  # fmt: skip
    """Day: clouds 0 (clear) .. 1 (overcast); angles of the sun in degrees."""
    warm = float(np.clip((32 - elevation) / 32, 0, 1))
    sun = (1 - clouds) ** 0.7 * np.array([1.02 - 0.55 * warm, 1.06 - 0.24 * warm, 1.12]) * (1.0 - 0.35 * warm)
    sky = (0.26 + 0.34 * clouds) * np.array([1.16 - 0.12 * clouds, 1.0, 0.92 + 0.05 * clouds]) * (1.0 - 0.3 * warm)
    grey = np.array([0.80, 0.78, 0.77]) * (1 - 0.25 * warm)
    high = (1 - clouds) * np.array([0.72, 0.44, 0.26]) + clouds * grey
    low = (1 - clouds) * np.array([0.86, 0.78, 0.70]) + clouds * grey
    return Light(sky=_triple(sky), sun=_triple(sun), sun_from=_towards(azimuth, elevation), low=_triple(low),
                 high=_triple(high), clouds=clouds, haze=haze, haze_colour=_triple(grey * 0.8),
                 soft=0.9 + 2.4 * clouds, wet=wet, snow=snow)  # fmt: skip


def lamplight(
    lamps: tuple[Lamp, ...], dusk: float, *, haze: float = 0.002, wet: float = 0.0, snow: float = 0.0
) -> Light:
    """Night (dusk 0) to dusk (1), with lamps; the first one casts the shadows."""
    sky = np.array([0.020, 0.016, 0.014]) + dusk * np.array([0.17, 0.125, 0.10])
    look = np.array([0.030, 0.022, 0.020]) + dusk * np.array([0.30, 0.20, 0.16])
    glow = np.mean([lamp.power for lamp in lamps], axis=0) * 0.0022 if lamps else np.zeros(3)
    return Light(sky=_triple(sky), lamps=lamps, low=_triple(look * 1.5 + glow), high=_triple(look), clouds=0.4,
                 haze=haze, haze_colour=_triple(look + glow), soft=2.2, wet=wet, snow=snow)  # fmt: skip


def _triple(values: NDArray[np.floating]) -> Vec:
    b, g, r = np.maximum(np.asarray(values, float), 0).tolist()
    return (b, g, r)
