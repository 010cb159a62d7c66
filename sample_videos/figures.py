"""Bodies of people and things as unions of ellipsoids and tapered capsules, in metres.

The body stands at the origin, faces +y, is 1.70 m tall; other heights are scaled when drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SKIN, HAIR, TOP, BOTTOM, SHOES, BAG, ACCENT, HAT = range(8)
PARTS = 8
HEIGHT = 1.70
HEAD_CENTRE = 1.575  # centre of the head (hair included) of the 1.70 m figure
HEAD_SHARE = HEAD_CENTRE / HEIGHT
WALK_PHASES = 8
POSES = ("walk", "stand", "phone", "pockets")
BUILDS = ("slim", "broad", "soft")
GARMENTS = ("jacket", "shirt", "coat", "skirt", "puffer")
HEADS = ("short", "long", "cap", "bald", "hood", "bun", "beanie")
BAGS = ("none", "backpack", "shoulder")


@dataclass(frozen=True)
class Ball:
    """An ellipsoid: centre, half axes, turn about x (radians), part; `head` marks the head's surface."""

    centre: tuple[float, float, float]
    axes: tuple[float, float, float]
    part: int
    pitch: float = 0.0
    head: bool = False


@dataclass(frozen=True)
class Look:
    """What a figure is made of (not its colours)."""

    build: str = "slim"
    garment: str = "jacket"
    head: str = "short"
    bag: str = "none"


Vec = tuple[float, float, float]


@dataclass(frozen=True)
class Rod:
    """A tapered limb from `start` to `end` (its round ends are balls of their own)."""

    start: Vec
    end: Vec
    radii: tuple[float, float]
    part: int


Shape = Ball | Rod


def capsule(a: Vec, b: Vec, ra: float, rb: float, part: int) -> list[Shape]:
    """A tapered capsule from a to b: a rod and two balls."""
    return [Rod(a, b, (ra, rb), part), Ball(a, (ra, ra, ra), part), Ball(b, (rb, rb, rb), part)]


def cone(top: float, foot: float, r_top: float, r_foot: float, part: int, flat: float) -> list[Shape]:
    """A standing skirt or coat tail as thin discs, so that its hem stays level."""
    balls: list[Shape] = []
    for t in np.linspace(0, 1, 9):
        r = r_top + (r_foot - r_top) * float(t)
        balls.append(Ball((0.0, 0.0, top + (foot - top) * float(t)), (r, r * flat, 0.055), part))
    return balls


def _limb(origin: Vec, angle: float, length: float, sideways: float = 0.0) -> Vec:
    """The end of a limb that hangs down and swings forward by `angle`."""
    return (
        origin[0] + length * float(np.sin(sideways)),
        origin[1] + length * float(np.sin(angle)),
        origin[2] - length * float(np.cos(angle) * np.cos(sideways)),
    )


def _legs(look: Look, swing: float, phase: float, wide: float) -> list[Shape]:
    balls: list[Shape] = []
    long_skirt = look.garment == "skirt"
    for side in (-1, 1):
        turn = phase + (0 if side > 0 else np.pi)
        thigh = swing * 0.38 * float(np.sin(turn))
        bend = swing * (0.10 + 0.5 * max(0.0, float(np.cos(turn + 0.3))) ** 2)
        hip = (side * 0.085 * wide, 0.0, 0.90)
        knee = _limb(hip, thigh, 0.43)
        ankle = _limb(knee, thigh - bend, 0.41)
        lift = max(0.0, 0.05 - ankle[2]) if ankle[2] < 0.05 else 0.0
        ankle = (ankle[0], ankle[1], ankle[2] + lift)
        leg = SKIN if long_skirt else BOTTOM
        balls += capsule(hip, knee, 0.088 * wide, 0.062 * wide, BOTTOM)
        balls += capsule(knee, ankle, 0.062 * wide, 0.047, leg)
        toe = (ankle[0] + side * 0.015, ankle[1] + 0.13, ankle[2] - 0.01)
        balls += capsule((ankle[0], ankle[1] - 0.03, ankle[2]), toe, 0.048, 0.038, SHOES)
    if long_skirt:
        balls += cone(0.98, 0.55, 0.15 * wide, 0.22 * wide, BOTTOM, 0.8)
    return balls


def _arms(look: Look, pose: str, swing: float, phase: float, wide: float) -> list[Shape]:
    balls: list[Shape] = []
    thick = 1.25 if look.garment == "puffer" else 1.15 if look.garment == "coat" else 1.0
    for side in (-1, 1):
        turn = phase + (np.pi if side > 0 else 0)
        upper, fore, out = swing * 0.42 * float(np.sin(turn)), 0.25 + 0.2 * swing, 0.12 * side
        inward = 0.0
        if pose == "phone" and side > 0:
            upper, fore, inward = 0.45, 1.65, -0.45
        elif pose == "pockets":
            upper, fore, out = -0.18, 0.75, 0.22 * side
        shoulder = (side * 0.172 * wide, -0.005, 1.345)
        elbow = _limb(shoulder, upper, 0.28, out)
        wrist = _limb(elbow, upper + fore, 0.25, inward)
        balls += capsule(shoulder, elbow, 0.055 * thick, 0.047 * thick, TOP)
        bare = look.garment == "shirt" and look.head in ("long", "bun", "cap")
        balls += capsule(elbow, wrist, 0.046 * thick, 0.034 * thick, SKIN if bare else TOP)
        hand = (wrist[0] + (wrist[0] - elbow[0]) * 0.25, wrist[1] + (wrist[1] - elbow[1]) * 0.25,
                wrist[2] + (wrist[2] - elbow[2]) * 0.25)  # fmt: skip
        balls.append(Ball(hand, (0.038, 0.042, 0.05), SKIN))
        if pose == "phone" and side > 0:
            balls.append(Ball((hand[0], hand[1] + 0.02, hand[2] + 0.05), (0.035, 0.012, 0.07), SHOES))
    return balls


def _trunk(look: Look, wide: float) -> list[Shape]:
    deep = {"slim": 1.0, "broad": 1.08, "soft": 1.22}[look.build]
    puff = 1.12 if look.garment == "puffer" else 1.06 if look.garment in ("coat", "jacket") else 1.0
    balls: list[Shape] = [
        Ball((0, 0, 0.95), (0.165 * wide, 0.125 * deep, 0.14), BOTTOM),
        Ball((0, 0.005, 1.10), (0.160 * wide * puff, 0.125 * deep * puff, 0.20), TOP),
        Ball((0, 0.0, 1.25), (0.185 * wide * puff, 0.125 * deep * puff, 0.20), TOP),
    ]
    for side in (-1, 1):  # shoulders fall off from the neck
        balls += capsule((0.02 * side, -0.01, 1.405), (side * 0.145 * wide, -0.005, 1.352), 0.068, 0.066, TOP)
    balls += capsule((0, -0.005, 1.40), (0, 0.005, 1.50), 0.062, 0.052, SKIN)
    if look.garment in ("jacket", "coat"):  # an open front shows what is worn below
        balls += capsule((0, 0.060 * deep * puff, 1.40), (0, 0.078 * deep * puff, 1.02), 0.045, 0.058, ACCENT)
    if look.garment == "coat":
        balls += cone(1.15, 0.66, 0.172 * wide, 0.205 * wide, TOP, 0.75)
    if look.garment == "puffer":
        for z in (1.02, 1.12, 1.22, 1.32):
            balls.append(Ball((0, 0, z), (0.192 * wide, 0.15 * deep, 0.075), TOP))
    if look.bag == "backpack":
        balls += [
            Ball((0, -0.20 * deep, 1.22), (0.15, 0.10, 0.21), BAG),
            Ball((0, -0.25 * deep, 1.13), (0.11, 0.08, 0.10), BAG),
        ]
    elif look.bag == "shoulder":
        balls.append(Ball((0.23 * wide, 0.02, 0.92), (0.06, 0.14, 0.12), BAG))
        balls += capsule((0.22 * wide, 0.02, 1.0), (-0.08, 0.10 * deep, 1.40), 0.022, 0.022, BAG)
    return balls


def _head(kind: str) -> list[Shape]:
    z = HEAD_CENTRE
    face = Ball((0, 0.018, z - 0.012), (0.074, 0.090, 0.112), SKIN, head=True)
    nose = Ball((0, 0.106, z - 0.02), (0.014, 0.018, 0.022), SKIN, head=True)
    eyes = [Ball((s * 0.03, 0.094, z + 0.008), (0.015, 0.012, 0.009), HAIR, head=True) for s in (-1, 1)]
    ears = [Ball((s * 0.077, 0.0, z - 0.015), (0.012, 0.022, 0.032), SKIN, head=True) for s in (-1, 1)]
    balls: list[Shape] = [face, nose, *eyes, *ears]
    cover = HAT if kind in ("cap", "beanie", "hood") else HAIR
    if kind == "bald":
        balls.append(Ball((0, -0.018, z - 0.02), (0.078, 0.082, 0.075), HAIR, head=True))
        return balls
    if kind == "hood":
        balls.append(Ball((0, -0.028, z + 0.0), (0.105, 0.110, 0.145), TOP, head=True))
        return balls
    balls.append(Ball((0, -0.018, z + 0.016), (0.085, 0.096, 0.112), cover, head=True))
    if kind == "cap":
        balls.append(Ball((0, 0.10, z + 0.055), (0.068, 0.085, 0.014), HAT, pitch=-0.15, head=True))
        balls.append(Ball((0, -0.022, z - 0.03), (0.079, 0.080, 0.080), HAIR, head=True))
    if kind == "beanie":
        balls.append(Ball((0, -0.010, z + 0.05), (0.090, 0.102, 0.095), HAT, head=True))
    if kind == "long":
        balls += [
            Ball((0, -0.055, z - 0.10), (0.090, 0.062, 0.15), HAIR, head=True),
            Ball((0, -0.085, z - 0.21), (0.085, 0.045, 0.12), HAIR),
        ]
    if kind == "bun":
        balls.append(Ball((0, -0.10, z + 0.07), (0.045, 0.045, 0.045), HAIR, head=True))
    return balls


@lru_cache(maxsize=4096)
def body(look: Look, pose: str, phase: int) -> tuple[Shape, ...]:
    """All balls of a figure in a pose; `phase` in 0..WALK_PHASES-1 matters for walking only."""
    wide = {"slim": 0.94, "broad": 1.1, "soft": 1.06}[look.build]
    swing = 1.0 if pose == "walk" else 0.12
    turn = 2 * np.pi * phase / WALK_PHASES
    parts = _legs(look, swing, turn, wide) + _trunk(look, wide) + _arms(look, pose, swing, turn, wide)
    return tuple(parts + _head(look.head))


def _leaves(seed: int, count: int, middle: Vec, spread: Vec, size: float) -> list[Shape]:
    spots = np.random.default_rng(seed).normal(middle, spread, (count, 3)).tolist()
    return [Ball((x, y, z), (size, size, 0.85 * size), 3 + i % 3) for i, (x, y, z) in enumerate(spots)]


def thing(kind: str) -> tuple[Shape, ...]:
    """Street furniture from the same balls; parts index the thing's own palette."""
    shapes: list[Shape]
    if kind == "bollard":
        shapes = [*capsule((0, 0, 0.05), (0, 0, 0.85), 0.09, 0.08, 0), Ball((0, 0, 0.92), (0.1, 0.1, 0.08), 1)]
    elif kind == "bin":
        shapes = [*capsule((0, 0, 0.28), (0, 0, 0.75), 0.26, 0.28, 0), Ball((0, 0, 0.98), (0.3, 0.3, 0.1), 1)]
    elif kind == "post":
        shapes = [*capsule((0, 0, 0), (0, 0, 4.6), 0.07, 0.05, 0), Ball((0, 0, 4.7), (0.22, 0.22, 0.16), 1)]
    elif kind == "parasol":
        shapes = [
            *capsule((0, 0, 0), (0, 0, 2.4), 0.05, 0.04, 0),
            Ball((0, 0, 2.3), (1.4, 1.4, 0.32), 2),
            Ball((0, 0, 2.62), (0.07, 0.07, 0.09), 1),
        ]
    elif kind == "planter":
        shapes = [Ball((0, 0, 0.28), (0.52, 0.52, 0.4), 0), *_leaves(5, 26, (0, 0, 0.85), (0.2, 0.2, 0.15), 0.2)]
    elif kind == "tree":
        leaves = _leaves(9, 70, (0, 0, 4.3), (0.75, 0.75, 0.6), 0.45)
        shapes = [*capsule((0, 0, 0), (0.05, 0, 3.4), 0.17, 0.12, 0), *leaves]
    elif kind == "cone":
        shapes = [*capsule((0, 0, 0.06), (0, 0, 0.62), 0.17, 0.04, 2), Ball((0, 0, 0.38), (0.115, 0.115, 0.06), 1)]
    elif kind == "pigeon":
        shapes = [Ball((0, 0, 0.12), (0.07, 0.13, 0.08), 0), Ball((0, 0.12, 0.22), (0.04, 0.04, 0.05), 1)]
    elif kind == "sack":
        shapes = [Ball((0, 0, 0.3), (0.2, 0.15, 0.3), 2), Ball((0, 0, 0.62), (0.08, 0.03, 0.06), 0)]
    else:
        raise ValueError(f"no thing is called {kind!r}")
    return tuple(shapes)


THINGS = ("bollard", "bin", "post", "parasol", "planter", "tree", "cone", "pigeon", "sack")


def sizes(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Heights of people in metres: grown-ups about 1.68 m, one in twelve a child."""
    heights = np.clip(rng.normal(1.68, 0.085, count), 1.48, 1.95)
    children = rng.random(count) < 0.08
    return np.where(children, rng.uniform(1.10, 1.45, count), heights)
