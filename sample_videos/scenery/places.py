"""Random places for training stills: camera, ground, buildings, furniture, light and weather."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_videos.camera import Pinhole
from sample_videos.scenery import furniture, textures
from sample_videos.scenery.furniture import IN_GROUPS, THINGS, tint
from sample_videos.scenery.light import Lamp, Light, daylight, lamplight
from sample_videos.scenery.solids import Solids
from sample_videos.scenery.stairs import Stairs

Floats = NDArray[np.float64]
SIZES = ((640, 360), (768, 432), (960, 540), (1024, 576), (1280, 720), (1024, 768), (800, 600))
HEAD_SPAN = 0.23  # metres, height of a head
HOURS = ("cloudy", "sunny", "low", "dusk", "night")
WEATHER = ("dry", "rain", "snow", "fog")


@dataclass(frozen=True)
class Place:
    """Where a still is taken. `blocked` (n, 3): discs x, y, radius where nobody stands; `statues` (n, 3): x, y, z
    of figures that are no people; `seats` (n, 2): places to sit."""

    camera: Pinhole
    solids: Solids
    light: Light
    stairs: Stairs | None
    blocked: Floats
    statues: Floats
    reach: float
    hour: str
    weather: str
    season: str

    def height(self, points: Floats) -> Floats:
        """Ground (n,) under points (n, 2), metres."""
        return self.stairs.height(points) if self.stairs else np.zeros(len(points))


def camera(rng: np.random.Generator) -> tuple[Pinhole, float]:
    """A camera 3-40 m high, tilted 6-85 degrees, whose heads are of a useful size; and how far people go (m)."""
    while True:
        size = SIZES[int(rng.integers(len(SIZES)))]
        height = float(np.exp(rng.uniform(np.log(3), np.log(40))))
        low, middle, steep = rng.uniform(6, 24), rng.uniform(18, 50), rng.uniform(45, 85)
        tilt = float(rng.choice([low, middle, steep], p=(0.34, 0.48, 0.18)))
        focal = size[0] * float(np.exp(rng.uniform(np.log(0.5), np.log(3.4))))
        head = focal * HEAD_SPAN / ((height - 1.6) / np.sin(np.radians(tilt)) + 0.5)
        if 5.0 <= head <= 70:
            break
    reach = float(np.clip(focal * HEAD_SPAN / 4.0, 12.0, 100.0))
    k1 = -float(rng.uniform(0.05, 0.30)) * min(1.0, size[0] / focal / 1.2) ** 2 if rng.random() < 0.6 else 0.0
    corner = (np.hypot(*size) / 2 / focal) ** 2
    k1 = max(k1, -0.11 / corner)
    return Pinhole((0.0, 0.0, height), 0.0, tilt, focal, size, float(rng.normal(0, 1.5)), (k1, 0.0)), reach


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
    points = rng.uniform(low, high, (count * 8, 2))
    pixels, depth = view.project(np.column_stack([points, np.full(len(points), 1.2)]))
    good = (depth > 0.5) & view.inside(pixels, -margin * width) & (np.hypot(points[:, 0], points[:, 1]) < reach)
    return np.asarray(points[good])


def light(rng: np.random.Generator, ground: Floats) -> tuple[Light, str, str]:
    """Light with its hour and weather."""
    hour = str(rng.choice(HOURS, p=(0.32, 0.28, 0.10, 0.12, 0.18)))
    weather = str(rng.choice(WEATHER, p=(0.80, 0.10, 0.05, 0.05)))
    if weather != "dry" and hour in ("sunny", "low"):
        hour = "cloudy"
    haze = (
        float(rng.uniform(0.012, 0.03))
        if weather == "fog"
        else float(np.exp(rng.uniform(np.log(0.0005), np.log(0.004))))
    )
    wet = 1.0 if weather == "rain" else float(rng.random() < 0.08)
    snow = float(rng.uniform(0.3, 1.0)) if weather == "snow" else 0.0
    if hour in ("cloudy", "sunny", "low"):
        elevation = float(rng.uniform(9, 24) if hour == "low" else rng.uniform(28, 75))
        clouds = float(rng.uniform(0.8, 1) if hour == "cloudy" else rng.uniform(0, 0.45))
        return daylight(float(rng.uniform(0, 360)), elevation, clouds, haze=haze, wet=wet, snow=snow), hour, weather
    lamps = []
    for _ in range(int(rng.integers(2, 8))):
        x, y = ground[int(rng.integers(len(ground)))] if len(ground) else (0.0, 10.0)
        high = float(rng.uniform(4, 9))
        warm = np.array([0.45, 0.75, 1.0]) if rng.random() < 0.6 else np.array([1.0, 0.95, 0.88])
        if rng.random() < 0.1:
            warm = rng.uniform(0.2, 1.0, 3)
        b, g, r = (warm * rng.uniform(4, 14) * (high / 5) ** 2).tolist()
        lamps.append(Lamp((float(x), float(y), high), (b, g, r)))
    dusk = float(rng.uniform(0.4, 1) if hour == "dusk" else rng.uniform(0.03, 0.3))
    return lamplight(tuple(lamps), dusk, haze=haze, wet=wet, snow=snow), hour, weather


def _ground(set_: Solids, rng: np.random.Generator) -> None:
    floors = textures.FLOORS
    kind = str(rng.choice(floors, p=(0.2, 0.16, 0.18, 0.07, 0.13, 0.08, 0.1, 0.08)))
    tone = float(rng.uniform(0.6, 1.25))
    set_.slab((-400, -400, 0), (800, 0, 0), (0, 800, 0), (kind, int(rng.integers(14))), tone)
    for k in range(int(rng.integers(0, 7))):  # painted lines, strips and carpets of another floor
        x, y, turn = rng.uniform(-25, 25), rng.uniform(2, 50), rng.uniform(0, np.pi)
        wide = float(rng.choice([0.12, 0.12, 0.3, 0.6, 3.5, 8.0]))
        long = float(rng.uniform(4, 90))
        along = (float(long * np.cos(turn)), float(long * np.sin(turn)), 0.0)
        up = (float(-wide * np.sin(turn)), float(wide * np.cos(turn)), 0.0)
        surface = (str(rng.choice(floors)), int(rng.integers(14))) if wide > 1 else None
        repeat = int(rng.integers(4, 12)) if wide == 0.6 else 1
        for i in range(repeat):
            at = (
                float(x) - up[0] * 2 * i - along[0] / 2,
                float(y) + abs(up[1]) * 2 * i - along[1] / 2,
                0.003 + 0.0004 * k,
            )
            set_.slab(at, along, up, surface, float(rng.uniform(0.5, 1.4)) if surface else tint(rng, 120, 235, 0.25))


def _walls(set_: Solids, rng: np.random.Generator, reach: float, lit: float) -> None:
    seed = int(rng.integers(14))
    if rng.random() < 0.7:
        y, x = float(reach * rng.uniform(0.6, 1.2)), -150.0
        while x < 150:
            wide, high = float(rng.uniform(8, 40)), float(rng.uniform(5, 32))
            kind = str(rng.choice(textures.WALLS, p=(0.40, 0.12, 0.12, 0.26, 0.1)))
            back = y + float(rng.uniform(0, 4))
            glow = lit * float(rng.uniform(0.05, 0.35)) if kind in ("shopfront", "glass") else lit * 0.02
            set_.box(
                (x + wide / 2, back + 6),
                (wide, 12, high),
                (kind, int(seed + rng.integers(3))),
                float(rng.uniform(0.5, 1.2)),
                glow=glow,
            )
            for _ in range(int(rng.integers(0, 5))):
                w, h = float(rng.uniform(1.5, 6)), float(rng.uniform(0.6, 2.2))
                what = (str(rng.choice(["sign", "sign", "poster", "screen", "crowdprint"])), int(rng.integers(12)))
                set_.slab(
                    (x + float(rng.uniform(0, max(wide - w, 0.1))), back - 0.15, float(rng.uniform(1.5, 4.5))),
                    (w, 0, 0),
                    (0, 0, h),
                    what,
                    float(rng.uniform(0.7, 1.2)),
                    glow=lit * float(rng.uniform(0, 1.2)),
                    whole=True,
                )
            if rng.random() < 0.3:
                set_.slab((x, back - 1.4, 2.9), (wide, 0, 0), (0, 1.4, 0.6), None, tint(rng, 60, 230, 0.6))
            x += wide + (float(rng.uniform(0, 8)) if rng.random() < 0.3 else 0.0)
    if rng.random() < 0.3:
        side = float(rng.choice([-1, 1]) * rng.uniform(5, 18))
        set_.slab(
            (side, -20, 0),
            (float(rng.normal(0, 6)), 150, 0),
            (0, 0, float(rng.uniform(3, 16))),
            (str(rng.choice(textures.WALLS)), seed + 1),
            0.9,
            glow=lit * 0.05,
        )
    if rng.random() < 0.25:
        x, y = float(rng.uniform(-8, 4)), float(rng.uniform(6, 25))
        along = (float(rng.uniform(5, 30)), float(rng.normal(0, 8)), 0.0)
        set_.slab((x, y, 0), along, (0, 0, 1.05), None, tint(rng, 25, 140), bars=float(rng.choice([0.14, 0.2, 1.5])))


def _furniture(
    set_: Solids, rng: np.random.Generator, ground: Floats, busy: float, near: float
) -> tuple[Floats, Floats]:
    blocked: list[tuple[float, float, float]] = []
    statues: list[tuple[float, float, float]] = []
    names = list(THINGS)
    for _ in range(int(rng.poisson(2.0 * busy)) if len(ground) else 0):
        kind = names[int(rng.integers(len(names)))]
        x, y = ground[int(rng.integers(len(ground)))].tolist()
        group = int(rng.integers(1, 8)) if kind in IN_GROUPS else 1
        turn, gap = rng.uniform(0, 2 * np.pi), rng.uniform(1.4, 4) if kind != "car" else 5.5
        for k in range(group):
            spread = rng.normal(0, 1.5, 2) if kind == "pigeon" else np.array([np.cos(turn), np.sin(turn)]) * gap * k
            at = (float(x + spread[0]), float(y + spread[1]))
            if np.hypot(*at) < near and kind in (
                "tree",
                "parasol",
                "lamp_post",
                "kiosk",
                "stall",
                "poster",
                "car",
                "balloons",
            ):
                continue
            radius = THINGS[kind](set_, rng, *at)
            if radius:
                blocked.append((*at, radius))
            if kind == "plinth":
                statues.append((*at, float(set_.rows[-1][:, 2].max())))
    if len(ground) and rng.random() < 0.12 * busy:  # shop dummies stand on the ground
        x, y = ground[int(rng.integers(len(ground)))].tolist()
        statues += [(x + 0.9 * k, y + float(rng.normal(0, 0.2)), 0.0) for k in range(int(rng.integers(1, 5)))]
        blocked += [(s[0], s[1], 0.4) for s in statues]
    return np.array(blocked).reshape(-1, 3), np.array(statues).reshape(-1, 3)


def _stairs(rng: np.random.Generator, view: Pinhole) -> Stairs | None:
    if rng.random() > 0.18 or not 12 < view.tilt < 60:
        return None
    wide = float(rng.uniform(5, 40))
    middle = (view.position[2] - 1) / np.tan(np.radians(view.tilt))
    found = Stairs(
        -wide / 2,
        wide / 2,
        float(max(3.0, middle * rng.uniform(0.5, 1.0))),
        treads=(int(rng.integers(5, 12)), int(rng.integers(4, 12))),
        landings=(float(rng.uniform(1.2, 4)),),
        rise=float(rng.uniform(0.13, 0.18)),
    )
    return None if found.top[1] > view.position[2] - 2.5 else found


def random_place(rng: np.random.Generator, busy: float) -> Place:
    """A whole place; `busy` scales the clutter."""
    view, reach = camera(rng)
    ground = visible_ground(view, reach, rng, 400)
    lit_by, hour, weather = light(rng, ground)
    set_, stairs = Solids(), _stairs(rng, view)
    dark = {"night": 1.0, "dusk": 0.5}.get(hour, 0.03)
    _ground(set_, rng)
    blocked = statues = np.zeros((0, 3))
    if stairs:
        stairs.build(set_, (str(rng.choice(["concrete", "plaster", "slabs", "marble"])), int(rng.integers(14))))
    else:
        blocked, statues = _furniture(set_, rng, ground, busy, max(5.0, view.position[2] * 0.8))
    _walls(set_, rng, reach, dark)
    for lamp in lit_by.lamps:
        if np.hypot(lamp.place[0], lamp.place[1]) > 4 and not stairs:
            furniture.lamp_post(set_, rng, lamp.place[0], lamp.place[1], lamp.place[2] - 0.4, lit=4.0)
    season = "winter" if weather == "snow" else str(rng.choice(["summer", "mild", "winter"], p=(0.38, 0.34, 0.28)))
    return Place(view, set_, lit_by, stairs, blocked, statues, reach, hour, weather, season)
