"""Squares: one that fills for a countdown, one on an ordinary evening, one where nobody is but much stands about."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sample_videos.camera import Pinhole
from sample_videos.crowds import stories
from sample_videos.density import Zone
from sample_videos.measures import Gate
from sample_videos.scenery import furniture
from sample_videos.scenery.light import daylight, lamplight
from sample_videos.scenery.solids import Solids
from sample_videos.scenes.scene import COOL, Scene, in_mood, lamp, mood, moved_camera

PLAZA_SEED, EVENING_SEED, EMPTY_SEED = 2359, 1900, 404


def plaza(seed: int = PLAZA_SEED) -> Scene:
    """A plaza fills for a countdown, calmly."""
    set_, rng = Solids(), np.random.default_rng(23)
    set_.slab((-300, -300, 0), (600, 0, 0), (0, 600, 0), ("paving", 15), 0.95)
    set_.box((-18, 30), (24, 8, 16), ("facade", 3), 0.8)
    set_.box((12, 30), (36, 8, 12), ("shopfront", 9), 0.9, glow=0.06)
    set_.slab((-4, 25.7, 3.2), (8, 0, 0), (0, 0, 4.5), ("screen", 3), 1.0, whole=True, glow=1.2)
    set_.slab((-20, 13.5, 0.003), (40, 0, 0), (0, 0.6, 0), ("plaster", 2), 0.5)
    furniture.kiosk(set_, rng, -13.5, 8.0)
    furniture.bench(set_, rng, 11.5, 11.0)
    furniture.bin_(set_, rng, 10.6, 3.2)
    furniture.tree(set_, rng, -15.0, 16.5)
    furniture.tree(set_, rng, 14.5, 17.5)
    for x, y in ((-9.5, 11), (9.5, 7.0), (-9.6, -0.5)):
        furniture.planter(set_, rng, x, y)
    for x in (-6.0, -2.0, 2.0, 6.0):
        furniture.bollard(set_, rng, x, -6.6)
    scene = Scene(
        name="plaza",
        about="a plaza fills for a countdown, calmly",
        story=stories.plaza,
        seconds=90,
        seed=seed,
        camera=Pinhole((-0.4, -15.6, 10.5), 1.5, 32.5, 655.0, (640, 360), 0.0),
        zones=(stories.PLAZA_ZONE,),
        gates=(Gate("west", (-9.0, -6.0), (-9.0, 12.0)), Gate("east", (9.0, 12.0), (9.0, -6.0))),
        marks=(
            (-6, -4.5, 0),
            (6, -4.5, 0),
            (6, 5.5, 0),
            (-6, 5.5, 0),
            (0, -4.5, 0),
            (0, 5.5, 0),
            (-3, 0, 0),
            (3, 0, 0),
        ),
        light=daylight(235.0, 17.0, 0.55),
        solids=set_,
        walkable=(-16.0, -8.0, 16.0, 20.0),
        noise=0.006,
        white=(0.93, 1.0, 0.99),
        clock="2026-12-31 16:42:10",
    )
    if seed == PLAZA_SEED:
        return scene
    draw = np.random.default_rng([seed, 59])
    lamps = (lamp(-8, 12, 7, 24), lamp(8, 12, 7, 24), lamp(-9, -4, 7, 20), lamp(9, -3, 7, 20, COOL))
    return moved_camera(draw, in_mood(scene, mood(draw, lamps)))


def evening(seed: int = EVENING_SEED) -> Scene:
    """An ordinary quiet evening."""
    set_, rng = Solids(), np.random.default_rng(19)
    set_.slab((-300, -300, 0), (600, 0, 0), (0, 600, 0), ("tiles", 17), 0.9)
    set_.box((0, 28), (80, 8, 9), ("shopfront", 21), 0.9, glow=0.35)
    for x in (-14.0, -3.0, 8.0):
        set_.slab((x, 23.8, 3.0), (5, 0, 0), (0, 0, 1.0), ("sign", int(abs(x))), 1.0, whole=True, glow=0.8)
    set_.slab((-40, 9.2, 0.003), (80, 0, 0), (0, 0.35, 0), ("tiles", 8), 0.9)
    furniture.bench(set_, np.random.default_rng(2), -6.5, 8.0)
    furniture.bench(set_, np.random.default_rng(2), 5.2, 8.0)
    for x in (-5.5, 5.5):
        furniture.lamp_post(set_, np.random.default_rng(4), x, 7.0, 5.4, lit=5.0)
    furniture.tree(set_, rng, -10.5, 10.5)
    furniture.tree(set_, rng, 11.0, 12.5)
    furniture.bin_(set_, rng, 7.6, 8.0)
    furniture.bicycle(set_, rng, -8.6, 9.0)
    furniture.planter(set_, rng, 0.0, 9.8)
    lamps = (lamp(-5.5, 7, 5.6, 20), lamp(5.5, 7, 5.6, 20), lamp(0, -4, 7, 16), lamp(0, 18, 6, 25, COOL))
    scene = Scene(
        name="evening",
        about="an ordinary quiet evening",
        story=stories.evening,
        seconds=60,
        seed=seed,
        camera=Pinhole((0.5, -14.6, 9.0), -1.5, 31.0, 600.0, (640, 360), 0.0),
        zones=(stories.EVENING_ZONE,),
        gates=(Gate("middle", (0.0, -4.0), (0.0, 9.0)),),
        marks=(
            (-5.5, -4, 0),
            (5.5, -4, 0),
            (5.5, 6, 0),
            (-5.5, 6, 0),
            (0, -4, 0),
            (0, 6, 0),
            (-5.5, 7.6, 0),
            (5.5, 7.6, 0),
        ),
        light=lamplight(lamps, 0.9),
        solids=set_,
        walkable=(-15.0, -6.0, 15.0, 23.0),
        season="mild",
        hour="dusk",
        noise=0.009,
        gain=0.85,
        exposure_s=0.03,
        white=(1.05, 1.0, 0.96),
        clock="2026-11-19 18:20:00",
    )
    if seed == EVENING_SEED:
        return scene
    draw = np.random.default_rng([seed, 19])
    return moved_camera(draw, in_mood(scene, mood(draw, lamps)))


def empty(seed: int = EMPTY_SEED) -> Scene:
    """Nobody, but much that could be taken for people: statues, dummies, posters, balloons, pigeons, parasols."""
    rng = np.random.default_rng([seed, 4])
    set_ = Solids()
    set_.slab((-300, -300, 0), (600, 0, 0), (0, 600, 0), (str(rng.choice(["paving", "slabs", "cobbles"])), 5), 0.95)
    set_.box((0, 32), (90, 8, 12), ("shopfront", int(rng.integers(12))), 0.95, glow=0.1)
    for _ in range(5):
        set_.slab(
            (float(rng.uniform(-18, 16)), 27.8, float(rng.uniform(0.8, 4))),
            (float(rng.uniform(1.5, 4)), 0, 0),
            (0, 0, float(rng.uniform(1.5, 3))),
            (str(rng.choice(["poster", "crowdprint", "sign"])), int(rng.integers(12))),
            1.0,
            whole=True,
            glow=0.2,
        )
    statues: list[tuple[float, float, float, float]] = []
    kinds = [
        "bollard",
        "bin",
        "planter",
        "parasol",
        "bench",
        "cone",
        "sacks",
        "bicycle",
        "poster",
        "stall",
        "balloons",
        "barrier",
        "litter",
        "manhole",
        "chair",
        "tree",
        "pigeon",
        "pigeon",
        "pigeon",
        "balloons",
        "poster",
    ]
    for kind in kinds:
        x, y = float(rng.uniform(-9, 9)), float(rng.uniform(-4, 18))
        for _ in range(9 if kind == "pigeon" else 1):
            dx, dy = rng.normal(0, 1.1, 2) if kind == "pigeon" else (0.0, 0.0)
            furniture.THINGS[kind](set_, rng, x + float(dx), y + float(dy))
    for _ in range(3):
        x, y = float(rng.uniform(-8, 8)), float(rng.uniform(0, 16))
        furniture.plinth(set_, rng, x, y)
        statues.append((x, y, float(set_.rows[-1][:, 2].max()), float(rng.uniform(-3, 3))))
    x, y = float(rng.uniform(-8, 4)), float(rng.uniform(14, 22))
    statues += [(x + 0.9 * k, y, 0.0, float(rng.uniform(2.6, 3.6))) for k in range(4)]
    lamps = (lamp(-7, 10, 7, 22), lamp(7, 10, 7, 22), lamp(0, -5, 7, 18, COOL))
    scene = Scene(
        name="empty",
        about="an empty square full of things that are not people",
        story=stories.nobody,
        seconds=30,
        seed=seed,
        camera=Pinhole((0.0, -15.0, 8.5), 0.0, 27.0, 900.0, (1280, 720), 0.6, (-0.06, 0.0)),
        zones=(Zone("square", ((-6.5, -2.0), (6.5, -2.0), (6.5, 12.0), (-6.5, 12.0))),),
        marks=((-6.5, -2, 0), (6.5, -2, 0), (6.5, 12, 0), (-6.5, 12, 0), (0, 3, 0), (0, 12, 0)),
        light=daylight(140.0, 38.0, 0.25),
        solids=set_,
        walkable=(-12.0, -8.0, 12.0, 26.0),
        statues=tuple(statues),
        season="mild",
        noise=0.006,
        clock="2026-05-03 11:05:00",
    )
    if seed == EMPTY_SEED:
        return scene
    return moved_camera(rng, in_mood(replace(scene), mood(rng, lamps)))
