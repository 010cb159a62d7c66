"""How people walk, stand and hold things: poses from phase, pace, habit and time. Pure, numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sample_videos.figures.skeleton import REST, SHIN, THIGH, THIGH_L, Pose

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HABITS = ("plain", "phone", "pockets", "crossed", "call", "talk", "photo", "cheer", "umbrella", "push", "sit", "hold",
          "mannequin")  # fmt: skip
PLAIN, PHONE, POCKETS, CROSSED, CALL, TALK, PHOTO, CHEER, UMBRELLA, PUSH, SIT, HOLD, MANNEQUIN = range(len(HABITS))
SEAT = 0.45  # metres


def stride(pace: Floats) -> Floats:
    """Metres walked in two steps at a pace in m/s: short shuffles when slow."""
    return np.asarray(0.36 + 0.76 * np.clip(pace, 0, 2.4) - 0.05 * np.clip(pace - 1.2, 0, 1))


def pose(phase: Floats, pace: Floats, habit: Ints, ident: Ints, time: float, lift: Floats | None = None,
         stoop: Floats | None = None, glance: Floats | None = None) -> Pose:  # fmt: skip
    """Poses of n people. `phase` in strides (1 = two steps), `pace` m/s, `habit` of HABITS, `ident` for their ways.

    `lift` (n, 2): ground under the left and right foot over the ground under the person, metres. `stoop` (n,)
    radians of forward bow, `glance` (n,) radians by which the head is turned.
    """
    count = len(phase)
    walk = np.clip((pace - 0.08) / 0.45, 0, 1)
    own = _own(ident, 6)
    ankle, foot = _feet(phase, pace, walk, own)
    if lift is not None:
        ankle[..., 2] += lift
    hip, pelvis = _hips(phase, walk, own, time)
    hip[:, 2] = np.minimum(hip[:, 2], _reach(phase, ankle, hip))
    if lift is not None:
        hip[:, 2] += np.minimum(lift.min(1), 0) * 0.8
    swingy = np.sin(2 * np.pi * phase)
    chest = np.zeros((count, 3))
    bow = 0.03 + 0.05 * walk * np.clip(pace / 1.3, 0, 1.4) + (own[:, 0] - 0.5) * 0.08
    chest[:, 0] = bow if stoop is None else bow + stoop
    chest[:, 1] = -0.7 * pelvis[:, 1]
    chest[:, 2] = -1.8 * pelvis[:, 2] + (own[:, 1] - 0.5) * 0.1 * (1 - walk)
    head = np.zeros((count, 3))
    head[:, 0] = -0.6 * chest[:, 0] + 0.06 + 0.22 * (own[:, 2] > 0.8)
    look = 0.55 * (1 - 0.6 * walk) * np.sin(0.35 * time * (0.5 + own[:, 3]) + 40 * own[:, 4])
    head[:, 2] = look if glance is None else look * 0.3 + glance
    upper, fore = _arms(swingy, walk, np.clip(pace / 1.3, 0, 1.3), own)
    _habits(habit, upper, fore, head, chest, own, time)
    _sit(habit, hip, ankle, foot, chest)
    return Pose(hip, pelvis, chest, head, upper, fore, ankle, foot)


def _own(ident: Ints, count: int) -> Floats:
    """Numbers (n, count) in 0..1 that belong to a person, from its id alone."""
    mixed = np.asarray(ident, np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15)
    mixed = mixed + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0xD1B54A32D192ED03)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    return (mixed % np.uint64(1 << 24)).astype(np.float64) / (1 << 24)


def _feet(phase: Floats, pace: Floats, walk: Floats, own: Floats) -> tuple[Floats, Floats]:
    count = len(phase)
    ankle, foot = np.zeros((count, 2, 3)), np.zeros((count, 2))
    reach = 0.27 * stride(pace) * walk
    for side in range(2):
        sign = -1 if side == 0 else 1
        p = (phase + 0.5 * side) % 1.0
        stance = p < 0.6
        on = p / 0.6
        off = (p - 0.6) / 0.4
        eased = off * off * (3 - 2 * off)
        y = np.where(stance, 0.8 - 2 * on, -1.2 + 2 * eased)
        heel = np.clip((on - 0.72) / 0.28, 0, 1) ** 2
        z = np.where(stance, 0.12 * heel, 0.12 * (1 - off) ** 2 + 0.06 * np.sin(np.pi * off))
        pitch = np.where(
            stance, 0.28 * np.clip(1 - on / 0.18, 0, 1) - 0.65 * heel, -0.65 * (1 - off) ** 3 + 0.28 * off**2
        )
        spread = 0.075 + 0.07 * (1 - walk) * own[:, 4]
        ahead = (own[:, 5] - 0.5) * 0.22 * (1 - walk) * sign
        ankle[:, side] = np.column_stack([sign * spread, y * reach + ahead, 0.085 + z * walk])
        foot[:, side] = pitch * walk
    return ankle, foot


def _reach(phase: Floats, ankle: Floats, hip: Floats) -> Floats:
    """Shift (n,) of the pelvis at which a foot that stands still touches the ground, however long the step."""
    least = np.full(len(phase), 9.0)
    for side in range(2):
        stands = (phase + 0.5 * side) % 1.0 < 0.6
        aside = ankle[:, side, :2] - hip[:, :2] - np.array([-0.088 if side == 0 else 0.088, 0.0])
        square = (THIGH + SHIN) ** 2 * 0.995 - (aside**2).sum(1)
        top = ankle[:, side, 2] + np.sqrt(np.maximum(square, 0.1)) - REST[THIGH_L, 2]
        least = np.where(stands, np.minimum(least, top), least)
    return least


def _hips(phase: Floats, walk: Floats, own: Floats, time: float) -> tuple[Floats, Floats]:
    count = len(phase)
    hip, pelvis = np.zeros((count, 3)), np.zeros((count, 3))
    sway = np.sin(2 * np.pi * phase)
    idle = np.sin(0.5 * time * (0.6 + own[:, 0]) + 30 * own[:, 1]) * 0.6 + np.where(own[:, 2] > 0.5, 0.5, -0.5)
    hip[:, 0] = 0.018 * walk * sway + 0.035 * (1 - walk) * idle
    hip[:, 2] = -0.022 * walk - 0.016 * walk * np.cos(4 * np.pi * phase) - 0.012 * (1 - walk)
    pelvis[:, 1] = -0.05 * walk * sway + 0.05 * (1 - walk) * idle
    pelvis[:, 2] = 0.10 * walk * np.cos(2 * np.pi * phase)
    return hip, pelvis


def _arms(swingy: Floats, walk: Floats, vigour: Floats, own: Floats) -> tuple[Floats, Floats]:
    count = len(swingy)
    upper, fore = np.zeros((count, 2, 3)), np.zeros((count, 2, 3))
    for side in range(2):
        sign = -1.0 if side == 0 else 1.0
        forward = sign * swingy * 0.42 * walk * vigour + 0.02
        out = 0.10 + 0.10 * own[:, 3]
        upper[:, side] = np.column_stack([sign * out, np.sin(forward), -np.cos(forward)])
        bent = forward + 0.14 + 0.28 * walk + 0.18 * np.maximum(forward, 0)
        fore[:, side] = np.column_stack([sign * (out - 0.12), np.sin(bent), -np.cos(bent)])
    return upper, fore


def _habits(habit: Ints, upper: Floats, fore: Floats, head: Floats, chest: Floats, own: Floats, time: float) -> None:
    """Arms and head of those who do something with them."""

    def hold(
        which: NDArray[np.bool_], side: int, up: tuple[float, float, float], on: tuple[float, float, float]
    ) -> None:
        sign = -1.0 if side == 0 else 1.0
        upper[which, side] = (sign * up[0], up[1], up[2])
        fore[which, side] = (sign * on[0], on[1], on[2])

    phone = habit == PHONE
    hold(phone, 1, (0.18, 0.42, -0.9), (-0.42, 0.72, 0.52))
    head[phone, 0] += 0.42
    head[phone, 2] *= 0.25
    both = phone & (own[:, 3] > 0.6)
    hold(both, 0, (0.18, 0.42, -0.9), (-0.42, 0.72, 0.52))
    for side in range(2):
        hold(habit == POCKETS, side, (0.34, -0.20, -0.92), (-0.28, 0.42, -0.87))
        hold(habit == CROSSED, side, (0.22, 0.28, -0.94), (-0.88, 0.42, 0.18 if side else 0.02))
        hold(habit == PHOTO, side, (0.22, 0.80, -0.20), (-0.25, 0.62, 0.76))
        hold(habit == PUSH, side, (0.12, 0.42, -0.90), (0.0, 0.86, -0.42))
        hold(habit == HOLD, side, (0.16, 0.22, -0.96), (-0.30, 0.90, 0.05))
        hold(habit == MANNEQUIN, side, (0.22, 0.04, -0.97), (0.10, 0.30 if side else 0.05, -0.95))
    hold(habit == CALL, 1, (0.42, 0.32, -0.85), (-0.50, 0.10, 0.86))
    head[habit == CALL, 1] += 0.12
    hold(habit == UMBRELLA, 1, (0.20, 0.20, -0.96), (-0.22, 0.62, 0.76))
    talk = habit == TALK
    wave = np.sin(2.2 * time + 20 * own[:, 0])[talk]
    upper[talk, 1] = np.column_stack([0.3 + 0 * wave, 0.32 + 0.1 * wave, -0.9 + 0 * wave])
    fore[talk, 1] = np.column_stack([-0.3 + 0.4 * wave, 0.75 + 0 * wave, 0.25 + 0.35 * wave])
    cheer = habit == CHEER
    beat = np.sin(2 * np.pi * (1.9 * time + own[:, 1]))[cheer]
    for side in range(2):
        sign = -1.0 if side == 0 else 1.0
        raised = 0.75 + 0.25 * beat if side else np.where(own[cheer, 2] > 0.4, 0.75 + 0.25 * beat, -0.8)
        upper[cheer, side] = np.column_stack([np.full_like(beat, sign * 0.45), np.full_like(beat, 0.25), raised])
        fore[cheer, side] = np.column_stack([np.full_like(beat, sign * 0.1), np.full_like(beat, 0.3), raised + 0.3])
    head[habit == PHOTO, 0] -= 0.08
    chest[habit == PUSH, 0] += 0.12
    head[habit == MANNEQUIN] = 0.0


def _sit(habit: Ints, hip: Floats, ankle: Floats, foot: Floats, chest: Floats) -> None:
    sitting = habit == SIT
    if not sitting.any():
        return
    hip[sitting] = (0.0, -0.05, SEAT + 0.09 - 0.93)
    for side in range(2):
        ankle[sitting, side] = (-0.11 if side == 0 else 0.11, 0.38, 0.085)
    foot[sitting] = 0.0
    chest[sitting, 0] += 0.10
