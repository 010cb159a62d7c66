"""The scenes that are filmed for the committed clips: place, light, camera and story of each."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sample_videos import stories
from sample_videos.backdrop import Slab, box
from sample_videos.camera import Pinhole
from sample_videos.density import Zone
from sample_videos.figures import PARTS
from sample_videos.light import Lamp, Light, daylight, lamplight
from sample_videos.painter import Prop
from sample_videos.stories import Story
from sample_videos.terrain import Stairs
from sample_videos.wardrobe import linear

Point = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """All that one clip needs. `marks`: ground points (x, y, z) that a person could have measured."""

    name: str
    about: str
    story: Story
    seconds: int
    seed: int
    camera: Pinhole
    zones: tuple[Zone, ...]
    marks: tuple[Point, ...]
    light: Light
    sky: Point
    floor: str
    floor_seed: int
    floor_tone: float = 1.0
    stairs: Stairs | None = None
    slabs: list[Slab] = field(default_factory=list)
    props: list[Prop] = field(default_factory=list)
    winter: bool = True
    gain: float = 1.0
    noise: float = 0.010
    white: Point = (1.0, 1.0, 1.0)
    clock: str = "2026-12-31 23:16:00"
    crf: int = 29


def _paint_of(*colours: tuple[int, int, int]) -> np.ndarray:
    table = np.zeros((PARTS, 3))
    table[:] = colours[-1]
    table[: len(colours)] = colours
    return linear(table)


_DARK = ((46, 44, 42), (120, 170, 190), (40, 40, 150), (40, 70, 52), (34, 62, 46), (48, 80, 60))
_WARM, _COOL = (0.42, 0.74, 1.0), (0.95, 0.98, 1.0)


def _lamp(x: float, y: float, z: float, power: float, tint: Point) -> Lamp:
    return Lamp((x, y, z), (tint[0] * power, tint[1] * power, tint[2] * power))


def _bridge_steps() -> Scene:
    stairs = Stairs(-3.0, 3.0, 0.0, treads=(9, 8), landings=(3.0,), rise=0.15, going=0.30)
    top_y, top_z = stairs.top
    slope = (0.0, top_y, top_z)
    slabs = stairs.slabs("concrete", 7)
    for side, out in ((-3.0, -1.0), (3.0, 1.0)):
        slabs.append(Slab((side, 0, 0), slope, (0, 0, 0.95), "plaster", 3, 0.8))
        slabs.append(Slab((side + out * 0.22, 0, 0), slope, (0, 0, 0.95), "plaster", 3, 0.8))
        slabs.append(Slab((side, 0, 0.95), slope, (out * 0.22, 0, 0), "plaster", 3, 1.25))
        slabs.append(Slab((side + out * 0.22, 0, 0.35), (out * 14, 0, 0), slope, "grass", 4, 0.8, occludes=False))
        slabs.append(
            Slab((side + out * 0.22, top_y, top_z), (out * 20, 0, 0), (0, 12, 0), "slabs", 5, 0.9, occludes=False)
        )
        slabs.append(
            Slab((side + out * 0.22, top_y, top_z), (out * 20, 0, 0), (0, 0, 1.05), "plaster", 3, 0.5, bars=0.16)
        )
    slabs.append(Slab((-20, -4.2, 0.003), (40, 0, 0), (0, 0.5, 0), "tiles", 8, 0.8, occludes=False))
    slabs.append(Slab((-30, -24, 0), (60, 0, 0), (0, 0, 12), "shopfront", 6, 1.0))
    lamps = (_lamp(-4.3, -2.5, 6.0, 17, _WARM), _lamp(4.3, -2.5, 6.0, 17, _WARM), _lamp(-4.0, 8.5, 8.0, 26, _WARM),
             _lamp(4.0, 8.5, 8.0, 26, _COOL), _lamp(0.0, -10, 8.0, 22, _COOL))  # fmt: skip
    trees = [Prop("planter", (x, 4.0, 1.6), 1.0, _paint_of(*_DARK)) for x in (-4.6, 4.6)]
    posts = [Prop("post", (x, -2.5, 0.0), 1.25, _paint_of(*_DARK)) for x in (-4.3, 4.3)]
    return Scene(
        name="steps", about="two flows meet on a flight of steps and lock", story=stories.steps, seconds=150, seed=1231,
        camera=Pinhole((1.2, 15.6, 12.4), 184.5, 40.0, 735.0, (640, 360), 0.0),
        zones=(stories.STEPS_ZONE,),
        marks=((-3, -0.15, 0), (3, -0.15, 0), (-3, 2.55, 1.35), (3, 2.55, 1.35), (-3, 5.25, 1.35), (3, 5.25, 1.35),
               (-3, 7.65, 2.55), (3, 7.65, 2.55)),
        light=lamplight(lamps, 0.35), sky=(0.03, 0.02, 0.02), floor="slabs", floor_seed=11, floor_tone=0.8,
        stairs=stairs, slabs=slabs, props=trees + posts, gain=0.9, noise=0.008, white=(1.06, 1.0, 0.95),
        clock="2026-12-31 23:16:00", crf=31,
    )  # fmt: skip


def _plaza() -> Scene:
    slabs = [
        Slab((-30, 26, 0), (24, 0, 0), (0, 0, 16), "facade", 3, 0.8),
        Slab((-6, 26, 0), (36, 0, 0), (0, 0, 12), "shopfront", 9, 0.9),
    ]
    slabs += [Slab((-20, 13.5, 0.003), (40, 0, 0), (0, 0.6, 0), "plaster", 2, 0.5, occludes=False)]
    slabs += box(-13.5, 7, (2.2, 2.2, 2.3), "shopfront", 12, 0.2) + box(
        10.5, 10.5, (2.0, 0.6, 0.45), "concrete", 1, 0.6
    )
    props = [Prop("planter", (x, y, 0), 1.05, _paint_of(*_DARK)) for x, y in ((-9.5, 11), (9.5, 7.0), (-9.6, -0.5))]
    props += [Prop("bollard", (x, -6.6, 0), 1.0, _paint_of(*_DARK)) for x in (-6.0, -2.0, 2.0, 6.0)]
    return Scene(
        name="plaza", about="a plaza fills for a countdown, calmly", story=stories.plaza, seconds=90, seed=2359,
        camera=Pinhole((-0.4, -15.6, 10.5), 1.5, 32.5, 655.0, (640, 360), 0.0), zones=(stories.PLAZA_ZONE,),
        marks=((-6, -4.5, 0), (6, -4.5, 0), (6, 5.5, 0), (-6, 5.5, 0), (0, -4.5, 0), (0, 5.5, 0),
               (-3, 0, 0), (3, 0, 0)),
        light=daylight(235.0, 17.0, 0.55), sky=(0.75, 0.68, 0.66), floor="paving", floor_seed=15, floor_tone=0.95,
        slabs=slabs, props=props, noise=0.006, white=(0.90, 1.0, 0.99), clock="2026-12-31 16:42:10",
    )  # fmt: skip


def _evening() -> Scene:
    slabs = [Slab((-40, 24, 0), (80, 0, 0), (0, 0, 9), "shopfront", 21, 0.9)]
    slabs += [Slab((-40, 9.2, 0.003), (80, 0, 0), (0, 0.35, 0), "tiles", 8, 0.9, occludes=False)]
    slabs += box(-7.5, 7.6, (1.9, 0.55, 0.45), "brick", 1) + box(4.2, 7.6, (1.9, 0.55, 0.45), "brick", 1)
    lamps = (
        _lamp(-5.5, 7, 5.6, 20, _WARM),
        _lamp(5.5, 7, 5.6, 20, _WARM),
        _lamp(0, -4, 7, 16, _WARM),
        _lamp(0, 18, 6, 25, _COOL),
    )
    props = [Prop("post", (x, 7.0, 0), 1.2, _paint_of(*_DARK)) for x in (-5.5, 5.5)]
    props += [
        Prop("tree", (-10.5, 10.5, 0), 1.0, _paint_of(*_DARK)),
        Prop("bin", (7.6, 8.0, 0), 0.9, _paint_of(*_DARK)),
    ]
    return Scene(
        name="evening", about="an ordinary quiet evening", story=stories.evening, seconds=60, seed=1900,
        camera=Pinhole((0.5, -14.6, 9.0), -1.5, 31.0, 600.0, (640, 360), 0.0), zones=(stories.EVENING_ZONE,),
        marks=((-5.5, -4, 0), (5.5, -4, 0), (5.5, 6, 0), (-5.5, 6, 0), (0, -4, 0), (0, 6, 0),
               (-5.5, 7.6, 0), (5.5, 7.6, 0)),
        light=lamplight(lamps, 0.9), sky=(0.22, 0.15, 0.13), floor="tiles", floor_seed=17, floor_tone=0.9,
        slabs=slabs, props=props, noise=0.009, gain=0.85, white=(1.05, 1.0, 0.96), clock="2026-11-19 18:20:00",
    )  # fmt: skip


def scenes() -> dict[str, Scene]:
    """All scenes by name, in the order in which they are shown."""
    found = (_bridge_steps(), _plaza(), _evening())
    return {scene.name: scene for scene in found}
