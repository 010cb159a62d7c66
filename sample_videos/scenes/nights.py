"""Nights: a concert and its dispersal; an empty street in the rain, with lights that move."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sample_videos.camera import Pinhole
from sample_videos.crowds import flows, stories
from sample_videos.density import Zone
from sample_videos.measures import Gate
from sample_videos.scenery import furniture
from sample_videos.scenery.light import Lamp, lamplight
from sample_videos.scenery.solids import Solids
from sample_videos.scenes.scene import COOL, WARM, Scene, lamp, moved_camera

CONCERT_SEED, NIGHT_SEED = 2030, 3
HD = (1280, 720)


def concert(seed: int = CONCERT_SEED) -> Scene:
    """The pit before a stage, and how it empties."""
    draw = np.random.default_rng([seed, 5])
    first = seed == CONCERT_SEED
    people, density = (330, 6.0) if first else (int(draw.integers(180, 400)), float(draw.uniform(3.5, 7.5)))
    ends = 40.0 if first else float(draw.uniform(25, 55))
    set_, rng = Solids(), np.random.default_rng(32)
    set_.slab((-300, -300, 0), (600, 0, 0), (0, 600, 0), ("asphalt", 9), 0.9)
    set_.box((0, 12.5), (18, 6, 1.4), None, (0.03, 0.03, 0.03))
    set_.slab((-9, 15.4, 1.4), (18, 0, 0), (0, 0, 6), ("screen", 8), 0.7, whole=True, glow=0.35)
    for side in (-1, 1):
        set_.box((side * 10.2, 11), (1.6, 1.6, 6.5), None, (0.02, 0.02, 0.02))
        set_.rod((side * 9, 9.6, 0), (side * 9, 9.6, 8), (0.12, 0.12), (0.2, 0.2, 0.2))
        for k in range(4):
            set_.ball((side * (2 + 2.2 * k), 9.6, 7.6), (0.25, 0.25, 0.25), (0.9, 0.5, 0.6), glow=8.0, fine=6)
    set_.rod((-9, 9.6, 7.9), (9, 9.6, 7.9), (0.12, 0.12), (0.2, 0.2, 0.2))
    set_.slab((-8.5, 8.4, 0.05), (17, 0, 0), (0, 0, 1.1), None, (0.3, 0.3, 0.3), bars=0.12)
    furniture.stall(set_, rng, -12.5, -4.0)
    furniture.bin_(set_, rng, 11.5, -2.0)
    lamps = (
        Lamp((0.0, 9.0, 8.0), (26, 16, 24)),
        Lamp((-7.0, 9.0, 7.6), (30, 12, 6)),
        Lamp((7.0, 9.0, 7.6), (6, 12, 30)),
        lamp(-12, -8, 7, 20),
        lamp(12, -8, 7, 20),
    )

    def flashing(time: float) -> tuple[Lamp, ...]:
        share = 0.5 + 0.5 * float(np.sin(2 * np.pi * 0.5 * time))
        x = 6.0 * float(np.sin(0.9 * time))
        return (Lamp((x, 8.0, 7.5), (24 * share, 24 * (1 - share), 12.0)),)

    scene = Scene(
        name="concert",
        about="the pit before a stage, and how it empties",
        story=flows.concert(people, density, ends),
        seconds=100,
        seed=seed,
        camera=Pinhole((0.5, -16.5, 10.5), 0.5, 30.0, 900.0, HD, 0.5, (-0.06, 0.0)),
        zones=(Zone("pit", ((-6.0, 0.0), (6.0, 0.0), (6.0, 7.5), (-6.0, 7.5))),),
        gates=(Gate("west", (-9.0, 8.0), (-9.0, -14.0)), Gate("east", (9.0, -14.0), (9.0, 8.0))),
        marks=((-6, 0, 0), (6, 0, 0), (6, 7.5, 0), (-6, 7.5, 0), (0, -3, 0), (0, 7.5, 0), (-5, -3, 0), (5, -3, 0)),
        light=lamplight(lamps, 0.12, haze=0.008),
        moving=flashing,
        solids=set_,
        walkable=(-20.0, -14.0, 20.0, 8.0),
        season="mild",
        cheer=0.4,
        wheels=False,
        hour="night",
        gain=0.85,
        noise=0.014,
        exposure_s=0.05,
        clock="2026-08-22 21:55:00",
        crf=30,
    )
    return scene if first else moved_camera(draw, scene)


def night(seed: int = NIGHT_SEED) -> Scene:
    """Nobody is about; it rains, lamps sway and headlights pass."""
    draw = np.random.default_rng([seed, 6])
    set_, rng = Solids(), np.random.default_rng(int(draw.integers(100)) if seed != NIGHT_SEED else 44)
    set_.slab((-300, -300, 0), (600, 0, 0), (0, 600, 0), ("paving", 6), 0.9)
    set_.slab((-100, 13, 0.005), (200, 0, 0), (0, 7, 0), ("asphalt", 2), 0.8)
    set_.box((0, 30), (90, 8, 14), ("shopfront", 4), 0.9, glow=0.12)
    for x in (-10.0, 2.0, 9.0):
        set_.slab((x, 25.8, 2.8), (4, 0, 0), (0, 0, 0.9), ("sign", int(abs(x))), 1.0, whole=True, glow=1.2)
    for x in (-8.0, 8.0):
        furniture.lamp_post(set_, np.random.default_rng(4), x, 9.0, 6.0, lit=6.0)
    for kind, x, y in (
        ("bin", 5.5, 8.5),
        ("bench", -3.5, 7.5),
        ("planter", 0.5, 10.5),
        ("tree", -11.0, 10.0),
        ("bicycle", 9.6, 7.5),
        ("sacks", 10.5, 3.0),
        ("cone", -7.0, 2.0),
        ("parasol", 11.5, 11.0),
    ):
        furniture.THINGS[kind](set_, rng, x, y)
    pace, gap = float(draw.uniform(6, 11)), float(draw.uniform(7, 14))

    def headlights(time: float) -> tuple[Lamp, ...]:
        sway = 0.15 * float(np.sin(1.3 * time))
        car, other = -30 + (pace * time) % (60 + gap * pace), 30 - (0.8 * pace * time + 9) % (60 + gap * pace)
        return (
            Lamp((car, 16.0, 0.9), (9.0, 10.0, 10.0)),
            Lamp((other, 18.5, 0.9), (1.0, 1.5, 9.0)),
            Lamp((2.0 + sway, 5.0, 4.5), (4.0, 6.0, 7.0)),
        )

    lamps = (lamp(-8, 8.6, 6.2, 20, WARM), lamp(8, 8.6, 6.2, 20, WARM), lamp(0, -6, 7, 12, COOL))
    scene = Scene(
        name="night",
        about="an empty street at night, with rain and moving lights",
        story=stories.nobody,
        seconds=30,
        seed=seed,
        camera=Pinhole((0.0, -13.0, 7.0), 0.0, 22.0, 850.0, HD, -0.6, (-0.06, 0.0)),
        zones=(Zone("street", ((-6.0, -1.0), (6.0, -1.0), (6.0, 9.0), (-6.0, 9.0))),),
        marks=((-6, -1, 0), (6, -1, 0), (6, 9, 0), (-6, 9, 0), (0, -1, 0), (0, 9, 0)),
        light=lamplight(lamps, 0.06, wet=1.0, haze=0.004),
        moving=headlights,
        solids=set_,
        walkable=(-20.0, -8.0, 20.0, 25.0),
        hour="night",
        weather="rain",
        gain=0.7,
        noise=0.016,
        exposure_s=0.05,
        clock="2026-11-25 02:47:00",
    )
    return scene if seed == NIGHT_SEED else moved_camera(draw, replace(scene))
