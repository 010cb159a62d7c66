"""Random places for training stills: camera, floor, walls, light, street furniture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_videos import textures
from sample_videos.backdrop import Slab, box
from sample_videos.camera import Pinhole
from sample_videos.figures import PARTS, THINGS
from sample_videos.light import Lamp, Light, daylight, lamplight
from sample_videos.painter import Prop
from sample_videos.terrain import Stairs
from sample_videos.wardrobe import linear

Floats = NDArray[np.float64]
SIZES = ((640, 360), (768, 432), (960, 540), (1024, 576), (1280, 720), (640, 480), (800, 600))
HEAD_SPAN = 0.23  # metres, height of a head


@dataclass(frozen=True)
class Place:
    """Where a still is taken. `blocked` (n, 3): discs x, y, radius where nobody stands; `kind` of light."""

    camera: Pinhole
    slabs: list[Slab]
    props: list[Prop]
    light: Light
    sky: tuple[float, float, float]
    floor: str
    floor_seed: int
    floor_tone: float
    stairs: Stairs | None
    blocked: Floats
    reach: float
    hour: str


def camera(rng: np.random.Generator) -> tuple[Pinhole, float]:
    """A camera 3–30 m high, tilted 10–75 degrees, whose heads are of a useful size; and how far people go."""
    while True:
        size = SIZES[int(rng.integers(len(SIZES)))]
        height = float(np.exp(rng.uniform(np.log(3), np.log(30))))
        tilt = float(rng.choice([rng.uniform(10, 32), rng.uniform(22, 52), rng.uniform(45, 75)], p=(0.35, 0.45, 0.2)))
        focal = size[0] * float(np.exp(rng.uniform(np.log(0.6), np.log(3.2))))
        head = focal * HEAD_SPAN / ((height - 1.6) / np.sin(np.radians(tilt)) + 0.5)
        if 6.0 <= head <= 62:
            break
    reach = min(focal * HEAD_SPAN / 4.5, 110.0)
    roll = float(rng.normal(0, 1.2))
    return Pinhole((0.0, 0.0, height), 0.0, tilt, focal, size, roll), reach


def visible_ground(view: Pinhole, reach: float, rng: np.random.Generator, count: int) -> Floats:
    """Points (n, 2) spread evenly over the ground that shows (some of them just outside the picture)."""
    width, height = view.size
    margin = 0.06
    rim = np.array([(u, v) for u in (-margin, 0.5, 1 + margin) for v in (-margin, 0.25, 0.5, 1.1)]) * [width, height]
    found = view.on_plane(rim)
    found = found[np.isfinite(found).all(1)]
    far = np.hypot(found[:, 0], found[:, 1])
    found = found * np.minimum(1, reach / np.maximum(far, 1e-6))[:, None]
    low, high = found.min(0), found.max(0)
    if high[1] < reach and view.tilt < 40:
        high[1] = min(reach, max(high[1], reach * 0.9))
    points = rng.uniform(low, high, (count * 6, 2))
    pixels, depth = view.project(np.column_stack([points, np.full(len(points), 1.2)]))
    good = (depth > 0.5) & view.inside(pixels, -margin * width) & (np.hypot(points[:, 0], points[:, 1]) < reach)
    return points[good]


def _light(rng: np.random.Generator, view: Pinhole, ground: Floats) -> tuple[Light, tuple[float, float, float], str]:
    hour = str(rng.choice(["cloudy", "sunny", "low", "dusk", "night"], p=(0.32, 0.28, 0.1, 0.12, 0.18)))
    azimuth = float(rng.uniform(0, 360))
    if hour in ("cloudy", "sunny", "low"):
        elevation = float(rng.uniform(10, 25) if hour == "low" else rng.uniform(28, 75))
        clouds = float(rng.uniform(0.75, 1) if hour == "cloudy" else rng.uniform(0, 0.4))
        light = daylight(azimuth, elevation, clouds)
        white = np.array([0.95, 0.85, 0.78]) * (0.75 + 0.4 * clouds)
        return light, (float(white[0]), float(white[1]), float(white[2])), hour
    lamps = []
    for _ in range(int(rng.integers(2, 7))):
        x, y = ground[int(rng.integers(len(ground)))] if len(ground) else (0.0, 10.0)
        high = float(rng.uniform(4, 9))
        warm = np.array([0.45, 0.75, 1.0]) if rng.random() < 0.6 else np.array([1.0, 0.95, 0.88])
        b, g, r = (warm * rng.uniform(4, 16) * (high / 5) ** 2).tolist()
        lamps.append(Lamp((float(x), float(y), high), (b, g, r)))
    dusk = float(rng.uniform(0.4, 1) if hour == "dusk" else rng.uniform(0.05, 0.3))
    tone = 0.02 + 0.25 * dusk
    return lamplight(tuple(lamps), dusk), (tone * 1.2, tone * 0.9, tone * 0.8), hour


def _walls(rng: np.random.Generator, reach: float) -> list[Slab]:
    out: list[Slab] = []
    seed = int(rng.integers(40))
    if rng.random() < 0.65:
        y = float(reach * rng.uniform(0.75, 1.15))
        x = -140.0
        while x < 140:
            wide = float(rng.uniform(8, 40))
            kind = str(rng.choice(textures.WALLS, p=(0.42, 0.16, 0.12, 0.2, 0.1)))
            out.append(
                Slab(
                    (x, y, 0), (wide, 0, 0), (0, 0, float(rng.uniform(6, 30))), kind, seed, float(rng.uniform(0.6, 1.2))
                )
            )
            x += wide + (float(rng.uniform(0, 7)) if rng.random() < 0.3 else 0.0)
    if rng.random() < 0.25:
        side = float(rng.choice([-1, 1]) * rng.uniform(4, 16))
        kind = str(rng.choice(textures.WALLS))
        out.append(
            Slab((side, -20, 0), (float(rng.normal(0, 6)), 150, 0), (0, 0, float(rng.uniform(3, 14))), kind, seed + 1)
        )
    if rng.random() < 0.25:
        x, y = float(rng.uniform(-8, 4)), float(rng.uniform(6, 25))
        along = (float(rng.uniform(5, 30)), float(rng.normal(0, 8)), 0.0)
        gap = float(rng.choice([0.14, 0.4, 1.5]))
        out.append(Slab((x, y, 0), along, (0, 0, 1.05), "plaster", seed, 0.4, bars=gap))
    return out


def _marks(rng: np.random.Generator) -> list[Slab]:
    """Painted lines, strips and carpets of another floor."""
    out = []
    for _ in range(int(rng.integers(0, 5))):
        x, y, turn = rng.uniform(-20, 20), rng.uniform(3, 45), rng.uniform(0, np.pi)
        long, wide = rng.uniform(4, 80), rng.choice([0.12, 0.3, 0.6, 4.0, 10.0])
        along = (float(long * np.cos(turn)), float(long * np.sin(turn)), 0.0)
        up = (float(-wide * np.sin(turn)), float(wide * np.cos(turn)), 0.0)
        kind = str(rng.choice(textures.FLOORS)) if wide > 1 else "plaster"
        out.append(
            Slab(
                (float(x), float(y), 0.003),
                along,
                up,
                kind,
                int(rng.integers(40)),
                float(rng.uniform(0.4, 1.5)),
                occludes=False,
            )
        )
    return out


def thing_palette(rng: np.random.Generator) -> NDArray[np.float32]:
    """Colours for street furniture: 0 body, 1 trim, 2 bright cloth, 3.. leaves."""
    colours = np.zeros((PARTS, 3))
    colours[0] = rng.uniform(25, 110) + rng.normal(0, 8, 3)
    colours[1] = rng.uniform(30, 210) + rng.normal(0, 14, 3)
    colours[2] = rng.uniform(30, 235, 3) if rng.random() < 0.7 else np.full(3, 215.0)
    colours[3:] = np.array([40, rng.uniform(60, 105), rng.uniform(40, 90)]) * rng.uniform(0.7, 1.25, (PARTS - 3, 1))
    return linear(np.clip(colours, 5, 245))


def _furniture(
    rng: np.random.Generator, ground: Floats, busy: float
) -> tuple[list[Prop], list[Slab], list[tuple[float, float, float]]]:
    props: list[Prop] = []
    slabs: list[Slab] = []
    blocked: list[tuple[float, float, float]] = []
    if not len(ground):
        return props, slabs, blocked
    for _ in range(int(rng.poisson(1.6 * busy))):
        kind = str(rng.choice(THINGS, p=(0.15, 0.13, 0.14, 0.13, 0.12, 0.11, 0.08, 0.08, 0.06)))
        palette = thing_palette(rng)
        x, y = ground[int(rng.integers(len(ground)))].tolist()
        group = int(rng.integers(1, 9)) if kind in ("bollard", "pigeon", "cone", "parasol") else 1
        turn, gap = rng.uniform(0, 2 * np.pi), rng.uniform(1.4, 4)
        for k in range(group):
            spread = rng.normal(0, 0.8, 2) if kind == "pigeon" else np.array([np.cos(turn), np.sin(turn)]) * gap * k
            at = (float(x + spread[0]), float(y + spread[1]), 0.0)
            if np.hypot(at[0], at[1]) < 5 and kind in ("tree", "parasol", "post"):
                continue
            props.append(Prop(kind, at, float(rng.uniform(0.8, 1.2)), palette))
            blocked.append((at[0], at[1], {"planter": 0.8, "bin": 0.5, "tree": 0.4}.get(kind, 0.3)))
    for _ in range(int(rng.poisson(0.9 * busy))):
        x, y = ground[int(rng.integers(len(ground)))].tolist()
        size = (float(rng.uniform(1, 4.8)), float(rng.uniform(0.5, 2.2)), float(rng.choice([0.45, 0.8, 1.4, 2.4])))
        if np.hypot(x, y) < 8 and size[2] > 1:
            continue
        kind = str(rng.choice(["plaster", "concrete", "shopfront", "brick", "glass"]))
        slabs += box(
            x, y, size, kind, int(rng.integers(40)), float(rng.uniform(0, np.pi)), float(rng.uniform(0.3, 1.2))
        )
        blocked.append((x, y, float(np.hypot(size[0], size[1]))))
    return props, slabs, blocked


def random_place(rng: np.random.Generator, busy: float) -> Place:
    """A whole place; `busy` scales the clutter."""
    view, reach = camera(rng)
    ground = visible_ground(view, reach, rng, 400)
    light, sky, hour = _light(rng, view, ground)
    stairs = None
    props, boxes, blocked = _furniture(rng, ground, busy)
    slabs = _marks(rng) + _walls(rng, reach)
    if rng.random() < 0.16 and 12 < view.tilt < 55:
        wide = float(rng.uniform(5, 40))
        middle = (view.position[2] - 1) / np.tan(np.radians(view.tilt))
        stairs = Stairs(-wide / 2, wide / 2, float(max(3.0, middle * rng.uniform(0.5, 1.0))),
                        treads=(int(rng.integers(5, 12)), int(rng.integers(4, 12))),
                        landings=(float(rng.uniform(1.2, 4)),))  # fmt: skip
        if stairs.top[1] > view.position[2] - 2.5:
            stairs = None
        else:
            slabs = [s for s in slabs if s.occludes] + stairs.slabs(
                str(rng.choice(["concrete", "plaster", "slabs"])), int(rng.integers(40))
            )
            props, boxes = [], []
    return Place(
        camera=view, slabs=slabs + boxes, props=props, light=light, sky=sky,
        floor=str(rng.choice(textures.FLOORS, p=(0.2, 0.16, 0.18, 0.09, 0.13, 0.08, 0.08, 0.08))),
        floor_seed=int(rng.integers(40)), floor_tone=float(rng.uniform(0.6, 1.25)), stairs=stairs,
        blocked=np.array(blocked).reshape(-1, 3), reach=reach, hour=hour,
    )  # fmt: skip
