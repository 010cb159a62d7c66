"""Street furniture and other things that are not people, added to a set."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from sample_videos.figures.wardrobe import linear
from sample_videos.scenery.solids import Solids, Vec

Add = Callable[[Solids, np.random.Generator, float, float], float]
"""Adds a thing at (x, y); returns the radius in which nobody can stand."""


def tint(rng: np.random.Generator, low: float = 25, high: float = 120, colourful: float = 0.2) -> Vec:
    """A paint: grey of that brightness (sRGB), or a colour."""
    if rng.random() < colourful:
        b, g, r = linear(rng.uniform(20, 235, 3)).tolist()
    else:
        b, g, r = linear(np.clip(rng.uniform(low, high) + rng.normal(0, 7, 3), 4, 250)).tolist()
    return (b, g, r)


def _turned(x: float, y: float, turn: float, dx: float, dy: float) -> tuple[float, float]:
    c, s = float(np.cos(turn)), float(np.sin(turn))
    return (x + c * dx - s * dy, y + s * dx + c * dy)


def bollard(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    paint, top = tint(rng), tint(rng, 60, 230)
    high, r = float(rng.uniform(0.55, 1.05)), float(rng.uniform(0.06, 0.14))
    set_.rod((x, y, 0), (x, y, high), (r, r * 0.95), paint)
    set_.ball((x, y, high), (r * 1.15, r * 1.15, r * float(rng.uniform(0.5, 1.2))), top)
    return 0.3


def bin_(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    paint, lid = tint(rng, 30, 110), tint(rng, 30, 200)
    r = float(rng.uniform(0.22, 0.34))
    if rng.random() < 0.4:
        set_.box((x, y), (r * 2, r * 1.8, 0.95), None, paint, float(rng.uniform(0, 3)))
        set_.ball((x, y, 0.97), (r * 0.9, r * 0.8, 0.12), lid)
    else:
        set_.rod((x, y, 0), (x, y, 0.9), (r * 0.9, r), paint, 12)
        set_.ball((x, y, 0.92), (r * 1.05, r * 1.05, float(rng.uniform(0.04, 0.2))), lid)
    return 0.5


def lamp_post(
    set_: Solids, rng: np.random.Generator, x: float, y: float, high: float | None = None, lit: float = 0.0
) -> float:
    tall = float(rng.uniform(3.5, 9)) if high is None else high
    paint = tint(rng, 25, 130, 0.05)
    set_.rod((x, y, 0), (x, y, tall), (0.09, 0.055), paint)
    set_.rod((x, y, 0), (x, y, 0.7), (0.14, 0.12), paint)
    glass = (0.75, 0.85, 0.9)
    if rng.random() < 0.5:
        for side in (-1, 1) if rng.random() < 0.4 else (1,):
            set_.rod((x, y, tall), (x + side * 1.1, y, tall + 0.25), (0.05, 0.04), paint)
            set_.ball((x + side * 1.15, y, tall + 0.22), (0.32, 0.14, 0.08), glass, lit)
    else:
        set_.ball((x, y, tall + 0.2), (0.24, 0.24, 0.24), glass, lit)
    return 0.3


def tree(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    tall = float(rng.uniform(2.2, 5.0))
    crown = float(rng.uniform(1.1, 2.6))
    bark = tint(rng, 45, 80, 0.0)
    lean = rng.normal(0, 0.15, 2)
    set_.rod((x, y, 0), (x + float(lean[0]), y + float(lean[1]), tall + crown * 0.5), (0.16, 0.08), bark)
    for _ in range(4):
        way = rng.normal(0, 1, 2) * crown * 0.5
        set_.rod((x, y, tall * 0.8), (x + float(way[0]), y + float(way[1]), tall + crown * 0.6), (0.07, 0.03), bark, 5)
    green = linear(np.array([rng.uniform(30, 60), rng.uniform(75, 115), rng.uniform(50, 100)]))
    if rng.random() < 0.12:
        green = linear(np.array([40, rng.uniform(90, 130), rng.uniform(140, 190)]))
    b, g, r = (green * 1.5).tolist()
    if rng.random() < 0.88:
        set_.foliage(rng, (x, y, tall + crown * 0.7), (crown, crown, crown * 0.75), int(900 * crown), 0.085, (b, g, r))
    set_.disc((x, y, 0.004), 0.6, tint(rng, 40, 70, 0.0))
    return 0.5


def planter(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    r = float(rng.uniform(0.35, 0.7))
    if rng.random() < 0.5:
        set_.box((x, y), (2 * r * float(rng.uniform(1, 2.4)), 2 * r, 0.5), ("concrete", 4), tint(rng, 90, 210))
    else:
        set_.rod((x, y, 0), (x, y, 0.55), (r * 0.75, r), tint(rng, 60, 200), 14)
    green = linear(np.array([rng.uniform(30, 60), rng.uniform(80, 120), rng.uniform(50, 100)])) * 1.5
    b, g, w = green.tolist()
    set_.foliage(rng, (x, y, 0.75), (r * 0.9, r * 0.9, 0.25), 260, 0.06, (b, g, w))
    for _ in range(int(rng.integers(0, 14))):
        at = rng.normal(0, r * 0.5, 2)
        set_.ball((x + float(at[0]), y + float(at[1]), 0.95), (0.07, 0.07, 0.06), tint(rng, 100, 230, 0.9), fine=4)
    return 0.9


def parasol(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    high, r = float(rng.uniform(2.1, 2.7)), float(rng.uniform(1.1, 2.0))
    one = tint(rng, 120, 235, 0.6)
    two = one if rng.random() < 0.6 else (0.75, 0.75, 0.75)
    set_.rod((x, y, 0), (x, y, high), (0.03, 0.03), tint(rng))
    set_.cone((x, y, high + 0.25), r, float(rng.uniform(0.35, 0.6)), (one, two), int(rng.choice([6, 8, 8, 10])))
    set_.disc((x, y, 0.74), 0.42, tint(rng, 120, 230))
    for k in range(4):
        turn = k * np.pi / 2 + 0.5
        chair(set_, rng, x + 0.85 * float(np.cos(turn)), y + 0.85 * float(np.sin(turn)))
    return 1.2


def chair(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    paint, turn = tint(rng, 30, 220, 0.3), float(rng.uniform(0, 6.3))
    set_.box((x, y), (0.42, 0.42, 0.06), None, paint, turn, 0.42)
    bx, by = _turned(x, y, turn, 0, 0.2)
    set_.box((bx, by), (0.42, 0.05, 0.45), None, paint, turn, 0.45)
    for dx in (-0.18, 0.18):
        for dy in (-0.18, 0.18):
            lx, ly = _turned(x, y, turn, dx, dy)
            set_.rod((lx, ly, 0), (lx, ly, 0.44), (0.018, 0.018), paint, 4)
    return 0.4


def bench(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    turn, wide = float(rng.uniform(0, 3.2)), float(rng.uniform(1.3, 2.4))
    surface = ("wood", int(rng.integers(4))) if rng.random() < 0.6 else ("concrete", 3)
    set_.box((x, y), (wide, 0.5, 0.09), surface, 1.0, turn, 0.38, surface)
    for dx in (-wide * 0.4, wide * 0.4):
        set_.box(_turned(x, y, turn, dx, 0), (0.1, 0.42, 0.38), None, tint(rng), turn)
    if rng.random() < 0.5:
        set_.box(_turned(x, y, turn, 0, 0.24), (wide, 0.06, 0.42), surface, 0.9, turn, 0.45)
    return wide * 0.6


def traffic_cone(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    set_.rod((x, y, 0.03), (x, y, 0.7), (0.17, 0.03), (0.02, 0.12, 0.75), 10)
    set_.rod((x, y, 0.32), (x, y, 0.46), (0.118, 0.09), (0.7, 0.7, 0.7), 10)
    set_.box((x, y), (0.4, 0.4, 0.04), None, (0.02, 0.08, 0.5))
    return 0.3


def pigeon(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    grey = tint(rng, 50, 190, 0.05)
    turn = float(rng.uniform(0, 6.3))
    set_.ball((x, y, 0.12), (0.08, 0.08, 0.075), grey, fine=5)
    set_.ball((*_turned(x, y, turn, 0.13, 0), 0.09), (0.09, 0.05, 0.035), grey, fine=4)
    set_.ball((*_turned(x, y, turn, -0.09, 0), 0.21), (0.035, 0.035, 0.045), tint(rng, 30, 90, 0.0), fine=4)
    return 0.0


def sacks(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    for _ in range(int(rng.integers(1, 7))):
        at = rng.normal(0, 0.45, 2)
        size = rng.uniform(0.2, 0.4)
        set_.ball(
            (x + float(at[0]), y + float(at[1]), size * 0.8), (size, size * 0.8, size), tint(rng, 15, 60, 0.3), fine=6
        )
    return 0.8


def car(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    paint = tint(rng, 20, 235, 0.35)
    turn = float(rng.choice([0.0, np.pi / 2, rng.uniform(0, 3.2)]))
    van = rng.random() < 0.25
    glass, black = (0.03, 0.028, 0.025), (0.02, 0.02, 0.02)
    long, wide = (4.9, 1.95) if van else (4.3, 1.78)
    set_.box((x, y), (long, wide, 0.55), None, paint, turn, 0.28)
    top = 1.2 if van else 0.52
    set_.box(
        _turned(x, y, turn, -0.15, 0), (long * (0.93 if van else 0.52), wide * 0.86, top * 0.85), None, glass, turn, 0.8
    )
    set_.box(
        _turned(x, y, turn, -0.15, 0),
        (long * (0.94 if van else 0.46), wide * 0.84, 0.06),
        None,
        paint,
        turn,
        0.8 + top * 0.85,
    )
    for dx in (-long * 0.31, long * 0.31):
        for side in (-1, 1):
            cx, cy = _turned(x, y, turn, dx, side * wide * 0.47)
            ox, oy = _turned(x, y, turn, dx, side * wide * 0.53)
            set_.rod((cx, cy, 0.31), (ox, oy, 0.31), (0.31, 0.31), black, 12)
            set_.ball((ox, oy, 0.31), (0.2, 0.2, 0.2), (0.3, 0.3, 0.3), fine=5)
    for side in (-1, 1):
        lx, ly = _turned(x, y, turn, long / 2, side * wide * 0.36)
        set_.ball((lx, ly, 0.62), (0.12, 0.12, 0.08), (0.8, 0.85, 0.9), fine=4)
        rx, ry = _turned(x, y, turn, -long / 2, side * wide * 0.38)
        set_.ball((rx, ry, 0.68), (0.1, 0.1, 0.09), (0.03, 0.03, 0.4), fine=4)
    return 2.3


def bicycle(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    paint, turn = tint(rng, 20, 160, 0.6), float(rng.uniform(0, 6.3))
    for dx in (-0.52, 0.52):
        for k in range(14):
            a, b = 2 * np.pi * k / 14, 2 * np.pi * (k + 1) / 14
            p, q = (
                _turned(x, y, turn, dx + 0.33 * float(np.cos(a)), 0),
                _turned(x, y, turn, dx + 0.33 * float(np.cos(b)), 0),
            )
            set_.rod(
                (*p, 0.34 + 0.33 * float(np.sin(a))),
                (*q, 0.34 + 0.33 * float(np.sin(b))),
                (0.018, 0.018),
                (0.02, 0.02, 0.02),
                4,
            )
    joints = [(-0.52, 0.34), (-0.15, 0.82), (0.40, 0.85), (-0.05, 0.32), (-0.15, 0.82)]
    for (a, za), (b, zb) in pairwise(joints):
        set_.rod((*_turned(x, y, turn, a, 0), za), (*_turned(x, y, turn, b, 0), zb), (0.022, 0.022), paint, 5)
    set_.rod((*_turned(x, y, turn, 0.52, 0), 0.34), (*_turned(x, y, turn, 0.38, 0), 1.02), (0.02, 0.02), paint, 5)
    set_.rod(
        (*_turned(x, y, turn, 0.36, -0.26), 1.04),
        (*_turned(x, y, turn, 0.36, 0.26), 1.04),
        (0.018, 0.018),
        (0.02, 0.02, 0.02),
        5,
    )
    set_.ball((*_turned(x, y, turn, -0.17, 0), 0.93), (0.13, 0.09, 0.05), (0.02, 0.02, 0.02), fine=4)
    return 0.7


def poster(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    """A board with a printed face or figure, or letters."""
    turn, wide = float(rng.uniform(-0.9, 0.9)), float(rng.uniform(0.7, 2.6))
    high = wide * float(rng.uniform(0.8, 1.7))
    foot = float(rng.uniform(0.05, 1.6))
    a = (float(np.cos(turn)) * wide, float(np.sin(turn)) * wide, 0.0)
    kind = ("poster", int(rng.integers(12))) if rng.random() < 0.75 else ("sign", int(rng.integers(8)))
    lit = float(rng.choice([0.0, 0.0, 0.8]))
    set_.slab((x - a[0] / 2, y - a[1] / 2, foot), a, (0, 0, high), kind, 1.0, whole=True, glow=lit)
    set_.slab((x - a[0] / 2, y - a[1] / 2 + 0.06, foot), a, (0, 0, high), None, tint(rng))
    for side in (-0.45, 0.45):
        set_.rod(
            (x + side * a[0], y + side * a[1] + 0.03, 0),
            (x + side * a[0], y + side * a[1] + 0.03, foot + 0.1),
            (0.04, 0.04),
            tint(rng),
            6,
        )
    return wide * 0.6


def stall(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    """A market stall: an awning, and a table of round goods."""
    turn = float(rng.uniform(0, 3.2))
    cloth = tint(rng, 100, 235, 0.7)
    for dx in (-1.1, 1.1):
        for dy in (-0.7, 0.7):
            px, py = _turned(x, y, turn, dx, dy)
            set_.rod((px, py, 0), (px, py, 2.2), (0.03, 0.03), tint(rng))
    corner = _turned(x, y, turn, -1.3, -0.9)
    c, s = float(np.cos(turn)), float(np.sin(turn))
    if rng.random() < 0.7:
        set_.slab((*corner, 2.15), (2.6 * c, 2.6 * s, 0), (-1.8 * s, 1.8 * c, 0.35), None, cloth)
    set_.box((x, y), (2.2, 1.1, 0.8), ("wood", 2), 1.0, turn, lid=("wood", 3))
    goods = tint(rng, 60, 220, 0.9)
    for _ in range(int(rng.integers(20, 70))):
        gx, gy = _turned(x, y, turn, float(rng.uniform(-1, 1)), float(rng.uniform(-0.5, 0.5)))
        r = float(rng.uniform(0.06, 0.13))
        set_.ball((gx, gy, 0.8 + r), (r, r, r * 0.9), goods if rng.random() < 0.7 else tint(rng, 60, 220, 0.9), fine=4)
    return 1.5


def balloons(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    """Balloons or lanterns, about as large as heads."""
    for _ in range(int(rng.integers(3, 14))):
        at = rng.normal(0, 0.4, 3)
        r = float(rng.uniform(0.1, 0.17))
        place = (x + float(at[0]), y + float(at[1]), float(rng.uniform(1.6, 2.2)) + float(at[2]) * 0.5)
        set_.ball(place, (r, r, r * 1.2), tint(rng, 60, 230, 0.85), fine=5)
        set_.rod((x, y, 0.9), place, (0.006, 0.006), (0.6, 0.6, 0.6), 3)
    return 0.5


def kiosk(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    size = (float(rng.uniform(1.8, 3.6)), float(rng.uniform(1.5, 2.4)), float(rng.uniform(2.2, 2.9)))
    surface = (str(rng.choice(["shopfront", "plaster", "wood", "sign"])), int(rng.integers(8)))
    set_.box((x, y), size, surface, tint(rng, 140, 240, 0.3), float(rng.uniform(0, 3.2)))
    set_.box((x, y), (size[0] + 0.4, size[1] + 0.4, 0.14), None, tint(rng, 30, 200, 0.4), 0.0, size[2])
    return size[0]


def barrier(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    """A row of crowd barriers."""
    turn, count = float(rng.uniform(0, 3.2)), int(rng.integers(1, 7))
    steel = tint(rng, 110, 200, 0.1)
    for k in range(count):
        ax, ay = _turned(x, y, turn, 2.1 * k, 0)
        c, s = float(np.cos(turn)) * 2.0, float(np.sin(turn)) * 2.0
        set_.slab((ax, ay, 0.08), (c, s, 0), (0, 0, 1.0), None, steel, bars=float(rng.choice([0.12, 0.16])))
    return 0.4


def plinth(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    """The block under a statue."""
    high = float(rng.uniform(0.2, 1.6))
    set_.box((x, y), (1.1, 1.1, high), ("marble" if rng.random() < 0.5 else "concrete", 5), tint(rng, 120, 230, 0.0))
    return 1.0


def manhole(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    set_.disc((x, y, 0.004), float(rng.uniform(0.12, 0.45)), tint(rng, 20, 110, 0.05))
    return 0.0


def litter(set_: Solids, rng: np.random.Generator, x: float, y: float) -> float:
    for _ in range(int(rng.integers(2, 14))):
        at = rng.normal(0, 1.2, 2)
        r = float(rng.uniform(0.04, 0.16))
        if rng.random() < 0.5:
            set_.disc((x + float(at[0]), y + float(at[1]), 0.006), r, tint(rng, 60, 240, 0.4), 7)
        else:
            set_.ball((x + float(at[0]), y + float(at[1]), r), (r, r, r), tint(rng, 20, 240, 0.5), fine=4)
    return 0.0


THINGS: dict[str, Add] = {
    "bollard": bollard, "bin": bin_, "lamp_post": lamp_post, "tree": tree, "planter": planter, "parasol": parasol,
    "bench": bench, "cone": traffic_cone, "pigeon": pigeon, "sacks": sacks, "car": car, "bicycle": bicycle,
    "poster": poster, "stall": stall, "balloons": balloons, "kiosk": kiosk, "barrier": barrier, "plinth": plinth,
    "manhole": manhole, "litter": litter, "chair": chair,
}  # fmt: skip
IN_GROUPS = (
    "bollard",
    "pigeon",
    "cone",
    "parasol",
    "bicycle",
    "car",
    "tree",
    "lamp_post",
    "chair",
    "planter",
    "manhole",
)
