"""Where people stream: a metro exit in waves, a bottleneck, a one-way path, a queue."""

from __future__ import annotations

import numpy as np

from sample_videos.camera import Pinhole
from sample_videos.crowds import flows
from sample_videos.density import Zone
from sample_videos.measures import Gate
from sample_videos.scenery import furniture
from sample_videos.scenery.light import daylight, lamplight
from sample_videos.scenery.solids import Solids
from sample_videos.scenes.scene import COOL, Scene, in_mood, lamp, mood, moved_camera

METRO_SEED, BOTTLENECK_SEED, ONE_WAY_SEED, QUEUE_SEED = 88, 240, 17, 900
HD = (1280, 720)


def _vary(scene: Scene, rng: np.random.Generator, lamps: int = 3) -> Scene:
    x0, y0, x1, y1 = scene.walkable
    spots = [
        (x0 * 0.6, y0 * 0.4 + y1 * 0.6),
        (x1 * 0.6, y0 * 0.4 + y1 * 0.6),
        (0.0, y0 * 0.7 + y1 * 0.3),
        (x0 * 0.6, y0),
    ]
    lights = tuple(lamp(x, y, 7.0, 24, COOL if k == 2 else (0.42, 0.74, 1.0)) for k, (x, y) in enumerate(spots[:lamps]))
    return moved_camera(rng, in_mood(scene, mood(rng, lights)))


def metro(seed: int = METRO_SEED) -> Scene:
    """A metro exit lets people out in waves."""
    draw = np.random.default_rng([seed, 1])
    wave, every = (70, 40.0) if seed == METRO_SEED else (int(draw.integers(40, 110)), float(draw.uniform(30, 55)))
    set_, rng = Solids(), np.random.default_rng(8)
    set_.slab((-300, -300, 0), (600, 0, 0), (0, 600, 0), ("slabs", 3), 0.95)
    for x in (-8.0, 8.0):
        set_.box((x, 22), (12 - 0.01, 20, 4.2), ("glass", 5), 0.8, glow=0.1)
    set_.box((0, 22.5), (6, 19, 0.5), None, (0.16, 0.16, 0.17), z=3.4)
    set_.slab((-4, 12.9, 3.3), (8, 0, 0), (0, 0, 1.1), ("sign", 4), 1.0, whole=True, glow=0.7)
    set_.slab((-30, 33, 0), (60, 0, 0), (0, 0, 18), ("facade", 7), 0.8)
    set_.slab((-2, 12, 0.004), (4, 0, 0), (0, 22, 0), ("tiles", 5), 0.7)
    for x, y in ((-13, 4), (13, 5)):
        furniture.tree(set_, rng, x, y)
        furniture.bench(set_, rng, x * 0.86, y - 4)
    for x in (-9.0, 9.0):
        furniture.bin_(set_, rng, x, 10.6)
        furniture.lamp_post(set_, np.random.default_rng(4), x * 1.05, -1.0, 6.0, lit=1.0)
    furniture.kiosk(set_, rng, -15.5, -3.0)
    scene = Scene(
        name="metro",
        about="a metro exit lets people out in waves",
        story=flows.metro(wave, every),
        seconds=120,
        seed=seed,
        camera=Pinhole((1.5, -13.5, 9.0), -2.0, 23.0, 840.0, HD, 0.4, (-0.05, 0.0)),
        zones=(Zone("mouth", ((-5.0, 3.0), (5.0, 3.0), (5.0, 11.5), (-5.0, 11.5))),),
        gates=(Gate("door", (-2.0, 12.0), (2.0, 12.0)),),
        marks=((-5, 3, 0), (5, 3, 0), (5, 11.5, 0), (-5, 11.5, 0), (0, 3, 0), (0, 11.5, 0), (-2, 12, 0), (2, 12, 0)),
        light=daylight(200.0, 40.0, 0.7),
        solids=set_,
        walkable=(-20.0, -14.0, 20.0, 12.0),
        season="mild",
        noise=0.007,
        clock="2026-10-12 08:21:00",
    )
    return scene if seed == METRO_SEED else _vary(scene, draw)


def bottleneck(seed: int = BOTTLENECK_SEED) -> Scene:
    """A yard empties through one gap."""
    draw = np.random.default_rng([seed, 2])
    width, people = (
        (2.4, 220) if seed == BOTTLENECK_SEED else (float(draw.uniform(1.4, 3.4)), int(draw.integers(120, 260)))
    )
    set_, rng = Solids(), np.random.default_rng(6)
    set_.slab((-300, -300, 0), (600, 0, 0), (0, 600, 0), ("asphalt", 4), 1.1)
    half = width / 2
    for side in (-1, 1):
        set_.box((side * (half + 8) / 2, 0.2), (8 - half, 0.4, 1.5), ("brick", 2), 1.0)
        set_.box((side * 8.2, 6), (0.4, 12, 2.2), ("brick", 2), 0.95)
        set_.slab((side * 7.95, -16, 0), (0, 16, 0), (0, 0, 1.05), None, 0.2, bars=0.16)
        furniture.planter(set_, rng, side * 11.0, -3.0)
    set_.box((0, 13), (17, 1.0, 5), ("plaster", 4), 0.9)
    set_.slab((-7, 12.4, 1.0), (14, 0, 0), (0, 0, 3), ("facade", 2), 0.9)
    set_.slab((-7.5, -6.0, 0.004), (15, 0, 0), (0, 0.15, 0), None, (0.6, 0.6, 0.6))
    scene = Scene(
        name="bottleneck",
        about="a yard empties through one gap",
        story=flows.door(width, people),
        seconds=90,
        seed=seed,
        camera=Pinhole((0.8, -15.0, 11.0), -1.0, 32.0, 900.0, HD, -0.5, (-0.06, 0.0)),
        zones=(Zone("yard", ((-4.0, 0.5), (4.0, 0.5), (4.0, 6.5), (-4.0, 6.5))),),
        gates=(Gate("gap", (-half, 0.2), (half, 0.2)),),
        marks=((-4, 0.6, 0), (4, 0.6, 0), (4, 6.5, 0), (-4, 6.5, 0), (-5, -3, 0), (5, -3, 0), (0, -3, 0)),
        light=daylight(150.0, 32.0, 0.4),
        solids=set_,
        walkable=(-8.0, -16.0, 8.0, 12.0),
        season="mild",
        wheels=False,
        noise=0.007,
        clock="2026-05-30 17:45:00",
    )
    return scene if seed == BOTTLENECK_SEED else _vary(scene, draw)


def one_way(seed: int = ONE_WAY_SEED) -> Scene:
    """A one-way path on which somebody begins to walk against the others."""
    draw = np.random.default_rng([seed, 3])
    rate, at, against = (
        (1.5, 30.0, 4)
        if seed == ONE_WAY_SEED
        else (float(draw.uniform(0.8, 2.2)), float(draw.uniform(15, 45)), int(draw.integers(1, 9)))
    )
    set_, rng = Solids(), np.random.default_rng(16)
    set_.slab((-300, -300, 0), (600, 0, 0), (0, 600, 0), ("grass", 3), 0.9)
    set_.slab((-2.3, -60, 0.01), (4.6, 0, 0), (0, 160, 0), ("concrete", 6), 1.0)
    for side in (-1, 1):
        for k in range(9):
            set_.slab((side * 2.2, -20 + 6 * k, 0.05), (0, 5.9, 0), (0, 0, 1.0), None, (0.28, 0.30, 0.31), bars=0.14)
        for k in range(4):
            furniture.tree(set_, rng, side * float(rng.uniform(5, 9)), -4.0 + 9 * k)
    for y in (-8.0, 4.0, 16.0):
        set_.slab((-0.5, y, 0.014), (1.0, 0, 0), (0, 0.25, 0), None, (0.65, 0.65, 0.65))
        set_.slab((-0.12, y - 1.2, 0.014), (0.24, 0, 0), (0, 1.2, 0), None, (0.65, 0.65, 0.65))
    scene = Scene(
        name="oneway",
        about="somebody walks against the others on a one-way path",
        story=flows.one_way(rate, at, against),
        seconds=90,
        seed=seed,
        camera=Pinhole((4.5, -13.0, 6.5), -15.0, 22.0, 950.0, HD, 0.0, (-0.04, 0.0)),
        zones=(Zone("path", ((-2.0, -2.0), (2.0, -2.0), (2.0, 10.0), (-2.0, 10.0))),),
        ways=(("path", (0.0, 1.0)),),
        gates=(Gate("line", (-2.0, 4.0), (2.0, 4.0)),),
        marks=((-2, -2, 0), (2, -2, 0), (2, 10, 0), (-2, 10, 0), (-2, 4, 0), (2, 4, 0)),
        light=daylight(110.0, 45.0, 0.15),
        solids=set_,
        walkable=(-2.0, -22.0, 2.0, 32.0),
        season="summer",
        wheels=False,
        noise=0.006,
        exposure_s=0.01,
        clock="2026-07-18 16:02:00",
    )
    return scene if seed == ONE_WAY_SEED else _vary(scene, draw)


def queue(seed: int = QUEUE_SEED) -> Scene:
    """A queue winds between barriers to a counter."""
    draw = np.random.default_rng([seed, 4])
    rate, serve, before = (
        (0.28, 3.5, 62)
        if seed == QUEUE_SEED
        else (float(draw.uniform(0.15, 0.4)), float(draw.uniform(2.5, 6)), int(draw.integers(25, 68)))
    )
    set_, rng = Solids(), np.random.default_rng(26)
    set_.slab((-300, -300, 0), (600, 0, 0), (0, 600, 0), ("tiles", 9), 1.0)
    for y, x0, x1 in (
        (-2.1, -9.0, 5.2),
        (-0.3, -5.2, 7.0),
        (1.5, -7.0, 5.2),
        (3.3, 0.0, 7.0),
        (3.3, -7.0, -2.0),
        (-3.9, -9.0, 7.0),
    ):
        set_.slab((x0, y, 0.05), (x1 - x0, 0, 0), (0, 0, 0.95), None, (0.32, 0.33, 0.34), bars=0.16)
    set_.slab((7.0, -3.9, 0.05), (0, 7.2, 0), (0, 0, 0.95), None, (0.32, 0.33, 0.34), bars=0.16)
    set_.slab((-7.0, -1.9, 0.05), (0, 5.2, 0), (0, 0, 0.95), None, (0.32, 0.33, 0.34), bars=0.16)
    set_.box((-1, 7.6), (9, 3, 3.2), ("shopfront", 10), 0.95, glow=0.4)
    set_.slab((-5.5, 6.0, 2.3), (9, 0, 0), (0, 0, 0.8), ("sign", 6), 1.0, whole=True, glow=1.0)
    set_.slab((-40, 20, 0), (80, 0, 0), (0, 0, 12), ("facade", 12), 0.9, glow=0.05)
    furniture.poster(set_, rng, 8.6, 6.5)
    furniture.bin_(set_, rng, -8.5, 2.5)
    furniture.planter(set_, rng, -9.5, 6.0)
    lamps = (lamp(-6, -6, 7, 24), lamp(6, -6, 7, 24), lamp(8, 6, 6, 18, COOL), lamp(-8, 5, 6, 18))
    scene = Scene(
        name="queue",
        about="a queue winds between barriers to a counter",
        story=flows.queue(rate, serve, before),
        seconds=90,
        seed=seed,
        camera=Pinhole((-1.0, -13.0, 7.5), 2.0, 28.0, 820.0, HD, 0.8, (-0.08, 0.0)),
        zones=(Zone("queue", ((-6.5, -3.6), (6.5, -3.6), (6.5, 3.0), (-6.5, 3.0))),),
        gates=(Gate("counter", (-1.9, 4.0), (-0.1, 4.0)),),
        marks=((-6.5, -3.6, 0), (6.5, -3.6, 0), (6.5, 3, 0), (-6.5, 3, 0), (0, -3.6, 0), (0, 3, 0)),
        light=lamplight(lamps, 0.8),
        solids=set_,
        walkable=(-9.0, -4.0, 14.0, 7.0),
        hour="dusk",
        noise=0.009,
        gain=0.9,
        exposure_s=0.03,
        clock="2026-12-19 17:20:00",
    )
    return scene if seed == QUEUE_SEED else _vary(scene, draw)
