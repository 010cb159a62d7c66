"""What a scene is: a place, its light and camera, what happens in it, and what of it is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sample_videos.camera import Pinhole
from sample_videos.crowds.stories import Story
from sample_videos.density import Zone
from sample_videos.measures import Gate
from sample_videos.scenery.light import Lamp, Light, daylight, lamplight
from sample_videos.scenery.solids import Solids
from sample_videos.scenery.stairs import Stairs

Point = tuple[float, float, float]
Floats = NDArray[np.float64]
WARM, COOL = (0.42, 0.74, 1.0), (0.95, 0.98, 1.0)
Moving = Callable[[float], tuple[Lamp, ...]]
"""Lamps that move: from seconds to where they are."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """All that one clip needs; metres.

    `marks`: ground points (x, y, z) that a person could have measured. `walkable`: corners (x0, y0, x1, y1) of where
    people can be. `ways`: the direction (x, y) of zones that have one. `statues` (n, 4): x, y, z and facing of
    figures that are no people. `umbrellas`, `cheer`: shares of people with them. `exposure_s` blurs what moves.
    """

    name: str
    about: str
    story: Story
    seconds: int
    seed: int
    camera: Pinhole
    zones: tuple[Zone, ...]
    marks: tuple[Point, ...]
    light: Light
    walkable: tuple[float, float, float, float]
    gates: tuple[Gate, ...] = ()
    ways: tuple[tuple[str, tuple[float, float]], ...] = ()
    stairs: Stairs | None = None
    solids: Solids = field(default_factory=Solids)
    statues: tuple[tuple[float, float, float, float], ...] = ()
    moving: Moving | None = None
    hour: str = "day"
    weather: str = "dry"
    season: str = "winter"
    umbrellas: float = 0.0
    cheer: float = 0.0
    wheels: bool = True
    gain: float = 1.0
    noise: float = 0.010
    exposure_s: float = 0.02
    white: Point = (1.0, 1.0, 1.0)
    clock: str = "2026-12-31 23:16:00"
    crf: int = 28

    def height(self, points: Floats) -> Floats:
        """Ground (n,) under points (n, 2)."""
        return self.stairs.height(points) if self.stairs is not None else np.zeros(len(points))


def lamp(x: float, y: float, z: float, power: float, tint: Point = WARM) -> Lamp:
    """A street lamp."""
    return Lamp((x, y, z), (tint[0] * power, tint[1] * power, tint[2] * power))


@dataclass(frozen=True)
class Mood:
    """Light and weather of a variation."""

    light: Light
    hour: str
    weather: str
    umbrellas: float
    gain: float
    noise: float
    exposure_s: float


def mood(rng: np.random.Generator, lamps: tuple[Lamp, ...], hours: tuple[str, ...] = ("day", "dusk", "night")) -> Mood:
    """A light and a weather, drawn."""
    hour = str(rng.choice(hours))
    weather = str(rng.choice(["dry", "dry", "dry", "rain", "fog", "snow"]))
    haze = {"fog": float(rng.uniform(0.012, 0.025))}.get(weather, float(rng.uniform(0.0008, 0.003)))
    wet, snow = float(weather == "rain"), 0.6 if weather == "snow" else 0.0
    if hour == "day":
        clouds = float(rng.uniform(0.0, 1.0)) if weather == "dry" else 1.0
        light = daylight(float(rng.uniform(0, 360)), float(rng.uniform(15, 60)), clouds, haze=haze, wet=wet, snow=snow)
        return Mood(light, hour, weather, 0.5 * wet, 1.0, 0.006, 0.01)
    dusk = float(rng.uniform(0.5, 1.0)) if hour == "dusk" else float(rng.uniform(0.05, 0.3))
    light = lamplight(lamps, dusk, haze=haze, wet=wet, snow=snow)
    return Mood(light, hour, weather, 0.5 * wet, 0.85, 0.012, 0.04)


def in_mood(scene: Scene, found: Mood) -> Scene:
    """The scene in another light and weather."""
    return replace(scene, light=found.light, hour=found.hour, weather=found.weather, umbrellas=found.umbrellas,
                   gain=found.gain, noise=found.noise, exposure_s=found.exposure_s)  # fmt: skip


def seen(camera: Pinhole, scene: Scene) -> bool:
    """Whether the camera has all marks and, up to the height of people, all zones in its picture."""
    marks = np.array(scene.marks, float)
    pixels, depth = camera.project(marks)
    if (depth < 0.5).any() or not camera.inside(pixels, 2).all():
        return False
    for zone in scene.zones:
        corners = np.array(zone.corners)
        for high in (0.0, 1.75):
            pixels, depth = camera.project(np.column_stack([corners, scene.height(corners) + high]))
            if (depth < 0.5).any() or not camera.inside(pixels, 2).all():
                return False
    return True


def moved_camera(rng: np.random.Generator, scene: Scene, distortion: float = 0.08) -> Scene:
    """The scene from a camera nearby with a lens of its own, that still sees all that is measured."""
    old = scene.camera
    for attempt in range(60):
        ease = 1 - attempt / 60
        position = np.array(old.position) + rng.normal(0, 1, 3) * [1.2 * ease, 1.0 * ease, 0.8 * ease]
        focal = old.focal * float(rng.uniform(0.80, 1.0 + 0.05 * ease))
        k1 = -float(rng.uniform(0, distortion)) * ease
        camera = Pinhole((float(position[0]), float(position[1]), float(max(position[2], 3.0))),
                         old.yaw + float(rng.normal(0, 2.5 * ease)), old.tilt + float(rng.normal(0, 1.5 * ease)), focal,
                         old.size, float(rng.normal(0, 1.2 * ease)), (k1, 0.0))  # fmt: skip
        if seen(camera, scene):
            return replace(scene, camera=camera)
    return scene
