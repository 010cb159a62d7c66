"""The steps of 12·31: two flows meet on a flight of steps and lock."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sample_videos.camera import Pinhole
from sample_videos.crowds import stories
from sample_videos.measures import Gate
from sample_videos.scenery import furniture
from sample_videos.scenery.light import lamplight
from sample_videos.scenery.solids import Solids
from sample_videos.scenery.stairs import Stairs
from sample_videos.scenes.scene import COOL, WARM, Scene, in_mood, lamp, mood, moved_camera

SEED = 1231


def _set(stairs: Stairs) -> Solids:
    set_ = Solids()
    rng = np.random.default_rng(7)
    top_y, top_z = stairs.top
    slope = (0.0, top_y, top_z)
    set_.slab((-300, -300, 0), (600, 0, 0), (0, 600, 0), ("slabs", 11), 0.8)
    stairs.build(set_, ("concrete", 7))
    for side, out in ((-3.0, -1.0), (3.0, 1.0)):
        set_.slab((side, 0, 0), slope, (0, 0, 0.95), ("plaster", 3), 0.8)
        set_.slab((side + out * 0.22, 0, 0), slope, (0, 0, 0.95), ("plaster", 3), 0.8)
        set_.slab((side, 0, 0.95), slope, (out * 0.22, 0, 0), ("plaster", 3), 1.25)
        set_.rod((side + out * 0.1, 0, 1.12), (side + out * 0.1, top_y, top_z + 1.12), (0.03, 0.03), (0.30, 0.32, 0.33))
        set_.slab((side + out * 0.22, 0, 0.35), (out * 14, 0, 0), slope, ("grass", 4), 0.8)
        set_.slab((side + out * 0.22, top_y, top_z), (out * 20, 0, 0), (0, 12, 0), ("slabs", 5), 0.9)
        set_.slab((side + out * 0.22, top_y, top_z), (out * 20, 0, 0), (0, 0, 1.05), None, 0.12, bars=0.16)
        set_.foliage(rng, (out * 4.7, 4.0, 2.6), (0.8, 0.8, 0.75), 3200, 0.045, (0.06, 0.16, 0.10))
        set_.rod((out * 4.7, 4.0, 1.4), (out * 4.7, 4.0, 2.6), (0.35, 0.30), (0.06, 0.07, 0.08), 12)
        furniture.lamp_post(set_, np.random.default_rng(4), out * 4.3, -2.5, 5.7, lit=5.0)
        furniture.bin_(set_, rng, out * 5.2, -1.0)
    set_.slab((-20, -4.2, 0.003), (40, 0, 0), (0, 0.5, 0), ("tiles", 8), 0.8)
    for x in (-9.0, -6.5, 6.5, 9.0):
        furniture.bollard(set_, np.random.default_rng(12), x, -4.8)
    set_.slab((-30, -24, 0), (60, 0, 0), (0, 0, 12), ("shopfront", 6), 1.0, glow=0.25)
    return set_


def steps(seed: int = SEED) -> Scene:
    """The scene; other seeds than the first vary camera, light and weather."""
    stairs = Stairs(-3.0, 3.0, 0.0, treads=(9, 8), landings=(3.0,), rise=0.15, going=0.30)
    lamps = (lamp(-4.0, 8.5, 8.0, 26), lamp(-4.3, -2.5, 6.0, 17), lamp(4.3, -2.5, 6.0, 17),
             lamp(4.0, 8.5, 8.0, 26, COOL), lamp(0.0, -10, 8.0, 22, COOL))  # fmt: skip
    scene = Scene(
        name="steps", about="two flows meet on a flight of steps and lock", story=stories.steps, seconds=150, seed=seed,
        camera=Pinhole((1.2, 15.6, 12.4), 184.5, 40.0, 735.0, (640, 360), 0.0),
        zones=(stories.STEPS_ZONE,),
        gates=(Gate("foot", (-3.0, 0.2), (3.0, 0.2)), Gate("head", (3.0, 7.2), (-3.0, 7.2))),
        marks=((-3, -0.15, 0), (3, -0.15, 0), (-3, 2.55, 1.35), (3, 2.55, 1.35), (-3, 5.25, 1.35), (3, 5.25, 1.35),
               (-3, 7.65, 2.55), (3, 7.65, 2.55)),
        light=lamplight(lamps, 0.35), stairs=stairs, solids=_set(stairs), walkable=(-12.0, -14.0, 12.0, 14.0),
        wheels=False, hour="night", gain=0.9, noise=0.009, exposure_s=0.03, white=(1.05, 1.0, 0.96),
        clock="2026-12-31 23:16:00",
    )  # fmt: skip
    if seed == SEED:
        return scene
    rng = np.random.default_rng([seed, 31])
    return moved_camera(rng, in_mood(replace(scene, clock="2026-11-07 19:40:00"), mood(rng, lamps)), 0.05)


__all__ = ["SEED", "WARM", "steps"]
