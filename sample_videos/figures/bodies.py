"""Bodies, hair, hats and bags as solids, in the frame of the figure at rest (1.70 m, facing +y)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from sample_videos.figures import skeleton as sk
from sample_videos.figures.shapes import Ball, Box, Mesh, Rod, Solid, Vec, mesh

VOXELS = (0.014, 0.023, 0.038, 0.058)
"""Metres: the four levels of detail."""

# wide shoulders, waist, hips, depth, limbs
_SHAPE = {
    "slim": (0.96, 0.92, 0.94, 0.94, 0.92),
    "man": (1.04, 1.0, 0.98, 1.0, 1.03),
    "stout": (1.06, 1.28, 1.15, 1.32, 1.12),
    "woman": (0.89, 0.86, 1.03, 0.93, 0.88),
    "curvy": (0.94, 1.12, 1.18, 1.14, 1.02),
    "child": (0.90, 0.98, 0.95, 1.0, 0.95),
}
# thickness on the trunk, on arms, on legs; lowest cloth on the trunk
_CUT = {
    "shirt": (1.0, 0.002, 0.006, 0.88),
    "loose": (1.07, 0.012, 0.014, 0.84),
    "jacket": (1.10, 0.015, 0.010, 0.83),
    "coat": (1.13, 0.018, 0.006, 0.60),
    "puffer": (1.26, 0.030, 0.008, 0.82),
    "skirt": (1.0, 0.002, 0.0, 0.58),
    "dress": (1.0, 0.0, 0.0, 0.52),
    "robe": (1.16, 0.022, 0.004, 0.22),
}


def _at(bone: int, along: float, towards: int) -> Vec:
    a, b = sk.REST[bone], sk.REST[towards]
    x, y, z = (a + (b - a) * along).tolist()
    return (x, y, z)


def _trunk(build: str, garment: str) -> list[Solid]:
    wide, waist, hips, deep, _ = _SHAPE[build]
    puff, _, _, hem = _CUT[garment]
    d = deep * (0.5 + 0.5 * puff)
    w = waist * puff
    parts: list[Solid] = [
        Ball((0, -0.012, 0.925), (0.150 * hips, 0.112 * deep, 0.115), sk.PELVIS),
        Ball((0, 0.004, 1.045), (0.136 * w, 0.098 * d * w / puff**0.5, 0.135), sk.BELLY),
        Ball((0, 0.0, 1.235), (0.150 * wide * puff, 0.108 * d, 0.185), sk.CHEST),
        Ball((0, -0.022, 1.33), (0.128 * wide * puff, 0.085 * d, 0.090), sk.CHEST),
        Rod((0, -0.016, 1.42), (0, -0.004, 1.50), (0.056, 0.050), sk.NECK),
    ]
    for side in (-1, 1):
        slope = 0.040 + 0.010 * (puff - 1) * 4
        parts.append(Rod((0.030 * side, -0.020, 1.430), (side * 0.152 * wide, -0.014, 1.372), (0.040, slope), sk.CHEST))
        parts.append(Ball((side * 0.075, -0.045 * deep, 0.905), (0.085 * hips, 0.085 * deep, 0.095), sk.PELVIS))
        if build in ("woman", "curvy"):
            parts.append(Ball((side * 0.064, 0.068 * d, 1.235), (0.058, 0.052, 0.060), sk.CHEST))
    if build == "stout":
        parts.append(Ball((0, 0.055, 1.06), (0.135, 0.105, 0.135), sk.BELLY))
    if garment == "puffer":
        parts += [
            Ball((0, 0, z), (0.168 * wide * w**0.3, 0.128 * deep, 0.062), sk.CHEST if z > 1.1 else sk.BELLY)
            for z in (0.92, 1.03, 1.14, 1.25, 1.35)
        ]
    if hem < 0.8:
        parts += _drape(hem, hips, garment)
    elif garment in ("jacket", "loose"):
        parts.append(Rod((0, -0.008, hem + 0.03), (0, -0.006, 1.0), (0.158 * hips, 0.146 * w), sk.PELVIS, 0.74))
    return parts


def _drape(hem: float, hips: float, garment: str) -> list[Solid]:
    """Skirts and tails of coats as rings that follow the legs."""
    flare = {"coat": 0.200, "skirt": 0.205, "dress": 0.225, "robe": 0.24}[garment]
    parts: list[Solid] = []
    foot = hem + 0.05
    for t in np.linspace(0, 1, 2 + int((1.0 - hem) / 0.028)).tolist():
        z = 1.0 + (foot - 1.0) * t
        r = (0.132 + (flare - 0.132) * t) * hips
        parts.append(Ball((0, -0.005, z), (r, r * 0.78, 0.045), sk.PELVIS))
        for side, bone in ((-1, sk.THIGH_L), (1, sk.THIGH_R)):
            parts.append(Ball((side * 0.5 * r, -0.005, z), (r * 0.52, r * 0.78, 0.045), bone))
    return parts


def _limbs(build: str, garment: str) -> list[Solid]:
    limb = _SHAPE[build][4]
    wide = _SHAPE[build][0]
    _, sleeve, leg, _ = _CUT[garment]
    parts: list[Solid] = []
    for side, arm, thigh in ((-1, sk.ARM_L, sk.THIGH_L), (1, sk.ARM_R, sk.THIGH_R)):
        x, y, z = sk.REST[arm].tolist()
        shoulder = (x - side * 0.17 * (1 - wide), y, z)
        elbow, wrist = _at(arm + 1, 0, arm + 2), _at(arm + 2, 0, arm + 1)
        parts.append(Rod(shoulder, elbow, (0.050 * limb + sleeve, 0.040 * limb + sleeve), arm))
        parts.append(Rod(elbow, wrist, (0.038 * limb + sleeve, 0.028 * limb + sleeve * 0.8), arm + 1))
        out = np.array([side * np.sin(sk.ARM_OUT), 0, -np.cos(sk.ARM_OUT)])
        hx, hy, hz = (np.array(wrist) + 0.075 * out).tolist()
        parts.append(Rod(wrist, (hx, hy + 0.01, hz), (0.026, 0.034), arm + 2, 1.25))
        parts.append(Ball((hx - side * 0.012, hy + 0.045, hz + 0.03), (0.016, 0.030, 0.022), arm + 2))
        hip, knee, ankle = _at(thigh, 0, thigh + 1), _at(thigh + 1, 0, thigh + 2), _at(thigh + 2, 0, thigh + 1)
        parts.append(Rod(hip, knee, (0.082 * limb + leg * 0.6, 0.056 * limb + leg), thigh))
        calf = (knee[0], -0.018, 0.36)
        parts.append(Rod(knee, calf, (0.053 * limb + leg, 0.055 * limb + leg), thigh + 1))
        parts.append(Rod(calf, ankle, (0.054 * limb + leg, 0.037 * limb + leg * 1.3), thigh + 1))
        heel, toe = (ankle[0], -0.045, 0.045), (ankle[0] + side * 0.018, 0.135, 0.036)
        parts.append(Rod(heel, toe, (0.042, 0.036), thigh + 2))
        parts.append(Ball((ankle[0], -0.005, 0.065), (0.042, 0.07, 0.045), thigh + 2))
    return parts


def _head() -> list[Solid]:
    return [
        Ball((0, -0.008, 1.606), (0.074, 0.092, 0.092), sk.HEAD),
        Ball((0, 0.022, 1.552), (0.057, 0.062, 0.078), sk.HEAD, pitch=0.2),
        Ball((0, 0.084, 1.572), (0.013, 0.018, 0.022), sk.HEAD),
        Ball((-0.074, -0.004, 1.578), (0.011, 0.022, 0.030), sk.HEAD),
        Ball((0.074, -0.004, 1.578), (0.011, 0.022, 0.030), sk.HEAD),
    ]


def _hair(kind: str) -> tuple[list[Solid], list[Solid]]:
    """Hair and what is cut from it, so that the face stays free."""
    h = sk.HEAD
    cap: Solid = Ball((0, -0.016, 1.616), (0.083, 0.098, 0.094), h)
    face: list[Solid] = [
        Box((0, 0.13, 1.545), (0.062, 0.085, 0.085), 0.04),
        Ball((0, 0.10, 1.615), (0.070, 0.07, 0.048)),
    ]
    nape: Solid = Ball((0, -0.045, 1.56), (0.072, 0.062, 0.065), h)
    if kind == "short":
        return [cap, nape], [*face, Box((0, 0.06, 1.52), (0.2, 0.07, 0.055))]
    if kind == "thick":
        return [Ball((0, -0.014, 1.628), (0.092, 0.106, 0.096), h), nape], face
    if kind == "side":
        return [cap, nape, Ball((0.03, 0.035, 1.672), (0.062, 0.062, 0.036), h)], face
    if kind == "bob":
        sides: list[Solid] = [Ball((s * 0.066, -0.012, 1.555), (0.036, 0.066, 0.10), h) for s in (-1, 1)]
        return [cap, *sides, Ball((0, -0.058, 1.545), (0.078, 0.05, 0.105), h)], face
    if kind == "long":
        locks: list[Solid] = [
            Rod((s * 0.068, -0.012, 1.60), (s * 0.078, -0.03, 1.44), (0.034, 0.026), h) for s in (-1, 1)
        ]
        back = Ball((0, -0.075, 1.42), (0.092, 0.040, 0.16), sk.CHEST)
        return [cap, *locks, Ball((0, -0.06, 1.53), (0.082, 0.050, 0.12), h), back], face
    if kind == "bun":
        return [cap, nape, Ball((0, -0.095, 1.672), (0.044, 0.042, 0.042), h)], face
    if kind == "tail":
        tail = Rod((0, -0.105, 1.63), (0, -0.125, 1.44), (0.030, 0.020), h)
        return [cap, nape, tail], face
    raise ValueError(f"no hair is called {kind!r}")


def _hat(kind: str) -> tuple[list[Solid], list[Solid]]:
    h = sk.HEAD
    face: list[Solid] = [Box((0, 0.14, 1.56), (0.062, 0.085, 0.075), 0.04)]
    if kind == "cap":
        crown = Ball((0, -0.012, 1.640), (0.088, 0.102, 0.082), h)
        return [crown, Ball((0, 0.110, 1.640), (0.068, 0.078, 0.012), h, pitch=-0.12)], [
            Box((0, 0.0, 1.55), (0.3, 0.3, 0.072), 0.01)
        ]
    if kind == "beanie":
        return [Ball((0, -0.014, 1.640), (0.090, 0.104, 0.098), h)], [Box((0, 0.06, 1.53), (0.3, 0.3, 0.085), 0.01)]
    if kind == "sunhat":
        return [
            Ball((0, -0.010, 1.655), (0.090, 0.104, 0.080), h),
            Ball((0, -0.008, 1.648), (0.185, 0.20, 0.013), h),
        ], []
    if kind == "hood":
        shell: list[Solid] = [
            Ball((0, -0.030, 1.605), (0.108, 0.118, 0.125), h),
            Ball((0, -0.055, 1.47), (0.11, 0.085, 0.10), sk.NECK),
        ]
        return shell, [Box((0, 0.14, 1.575), (0.070, 0.12, 0.088), 0.05)]
    if kind == "helmet":
        return [Ball((0, -0.005, 1.648), (0.108, 0.132, 0.092), h)], [Box((0, 0, 1.55), (0.3, 0.3, 0.068), 0.01)]
    if kind == "scarf":
        cloth: list[Solid] = [
            Ball((0, -0.020, 1.604), (0.094, 0.106, 0.112), h),
            Ball((0, -0.03, 1.48), (0.12, 0.095, 0.10), sk.NECK),
        ]
        return cloth, face
    raise ValueError(f"no hat is called {kind!r}")


def _hand(side: int) -> Vec:
    out = np.array([side * np.sin(sk.ARM_OUT), 0, -np.cos(sk.ARM_OUT)])
    x, y, z = (sk.REST[sk.HAND_R if side > 0 else sk.HAND_L] + 0.09 * out).tolist()
    return (x, y, z)


def _bag(kind: str) -> list[Solid]:
    if kind == "backpack":
        return [
            Box((0, -0.185, 1.20), (0.135, 0.085, 0.205), 0.06, sk.CHEST),
            Box((0, -0.25, 1.12), (0.10, 0.05, 0.09), 0.04, sk.CHEST),
        ]
    if kind == "shoulder":
        strap = Rod((0.19, 0.03, 0.98), (-0.09, 0.095, 1.38), (0.014, 0.014), sk.CHEST)
        return [Box((0.225, 0.0, 0.90), (0.045, 0.13, 0.10), 0.03, sk.PELVIS), strap]
    if kind == "tote":
        strap = Rod((0.20, -0.02, 1.05), (0.155, -0.02, 1.41), (0.013, 0.013), sk.CHEST)
        return [Box((0.225, -0.02, 0.95), (0.05, 0.16, 0.14), 0.03, sk.CHEST), strap]
    if kind == "phone":
        x, y, z = _hand(1)
        return [Box((x, y + 0.03, z - 0.02), (0.035, 0.008, 0.07), 0.006, sk.HAND_R)]
    if kind == "furled":
        x, y, z = _hand(1)
        return [Rod((x, y, z + 0.12), (x + 0.25, y, z - 0.52), (0.022, 0.012), sk.HAND_R)]
    raise ValueError(f"no bag is called {kind!r}")


@lru_cache(maxsize=512)
def body_mesh(build: str, garment: str, level: int) -> Mesh:
    """A body in its clothes at a level of detail (0 finest)."""
    return mesh([*_trunk(build, garment), *_limbs(build, garment), *_head()], VOXELS[level])


@lru_cache(maxsize=256)
def part_mesh(group: str, kind: str, level: int) -> Mesh | None:
    """Hair, a hat or a bag that follows the body; None for nothing to draw."""
    if kind in ("none", "bald", "case", "umbrella", "shopping", "pram"):
        return None
    voxel = VOXELS[level] * (0.8 if group != "bag" else 1.0)
    if group == "bag":
        return mesh(_bag(kind), min(voxel, 0.024), join=0.006)
    solids, cuts = _hair(kind) if group == "hair" else _hat(kind)
    return mesh(solids, min(voxel, 0.03), cuts, join=0.008)
