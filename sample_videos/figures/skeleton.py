"""Seventeen bones, and where they are in a pose. A figure is 1.70 m tall, faces +y, and is scaled when placed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

(PELVIS, BELLY, CHEST, NECK, HEAD, ARM_L, FOREARM_L, HAND_L, ARM_R, FOREARM_R, HAND_R,
 THIGH_L, SHIN_L, FOOT_L, THIGH_R, SHIN_R, FOOT_R) = range(17)  # fmt: skip
BONES = 17
HEIGHT = 1.70
HEAD_CENTRE = np.array([0.0, 0.012, 1.575])
"""Middle of the head of a figure at rest, metres."""
HEAD_SHARE = float(HEAD_CENTRE[2]) / HEIGHT
"""Height of the head's middle over the height of the person, when standing upright."""
HEAD_RADIUS = 0.100
"""Metres: a ball of this size stands for a head where its expected size in the picture is needed."""

ARM_OUT = np.radians(40.0)
UPPER_ARM, FOREARM, THIGH, SHIN = 0.275, 0.250, 0.42, 0.40


def _rest() -> Floats:
    """Joints (17, 3) at rest: arms 40 degrees off the body, legs straight."""
    joints = np.zeros((BONES, 3))
    joints[PELVIS] = (0, 0, 0.93)
    joints[BELLY] = (0, 0, 1.02)
    joints[CHEST] = (0, 0, 1.18)
    joints[NECK] = (0, -0.012, 1.43)
    joints[HEAD] = (0, -0.004, 1.50)
    for side, (arm, thigh) in ((-1, (ARM_L, THIGH_L)), (1, (ARM_R, THIGH_R))):
        way = np.array([side * np.sin(ARM_OUT), 0, -np.cos(ARM_OUT)])
        joints[arm] = (side * 0.170, -0.012, 1.378)
        joints[arm + 1] = joints[arm] + UPPER_ARM * way
        joints[arm + 2] = joints[arm + 1] + FOREARM * way
        joints[thigh] = (side * 0.088, 0, 0.905)
        joints[thigh + 1] = (side * 0.088, 0, 0.905 - THIGH)
        joints[thigh + 2] = (side * 0.088, 0, 0.905 - THIGH - SHIN)
    return joints


REST = _rest()


@dataclass(frozen=True)
class Pose:
    """How n figures hold themselves, each in its own frame (facing +y, feet at 0), metres and radians.

    `hip` (n, 3) shift of the pelvis; `pelvis`, `chest`, `head` (n, 3): pitch (forward bow), roll, yaw of each;
    `upper`, `fore` (n, 2, 3): directions of upper arms and forearms (left, right) in the chest's frame;
    `ankle` (n, 2, 3): where the ankles are wanted; `foot` (n, 2): pitch of the feet, toes up positive.
    """

    hip: Floats
    pelvis: Floats
    chest: Floats
    head: Floats
    upper: Floats
    fore: Floats
    ankle: Floats
    foot: Floats


def turn(angles: Floats) -> Floats:
    """(n, 3) pitch, roll, yaw -> rotations (n, 3, 3): forward bow about x, then roll about y, then yaw about z."""
    pitch, roll, yaw = (angles[:, i] for i in range(3))
    cp, sp, cr, sr, cy, sy = np.cos(pitch), np.sin(-pitch), np.cos(roll), np.sin(roll), np.cos(yaw), np.sin(yaw)
    zero, one = np.zeros_like(cp), np.ones_like(cp)
    about_x = _stack([[one, zero, zero], [zero, cp, -sp], [zero, sp, cp]])
    about_y = _stack([[cr, zero, sr], [zero, one, zero], [-sr, zero, cr]])
    about_z = _stack([[cy, -sy, zero], [sy, cy, zero], [zero, zero, one]])
    return np.asarray(about_z @ about_y @ about_x)


def _stack(rows: list[list[Floats]]) -> Floats:
    return np.stack([np.stack(row, -1) for row in rows], -2)


def swing(start: Floats, end: Floats) -> Floats:
    """The smallest rotations (n, 3, 3) that take the unit vector `start` (3,) to the directions `end` (n, 3)."""
    end = end / np.maximum(np.linalg.norm(end, axis=1, keepdims=True), 1e-9)
    axis = np.cross(np.broadcast_to(start, end.shape), end)
    cosine = end @ start
    k = np.zeros((len(end), 3, 3))
    k[:, 0, 1], k[:, 0, 2], k[:, 1, 2] = -axis[:, 2], axis[:, 1], -axis[:, 0]
    k -= np.swapaxes(k, 1, 2)
    return np.eye(3) + k + k @ k / np.maximum(1 + cosine, 1e-6)[:, None, None]


def bones(pose: Pose, place: Floats, heading: Floats, height: Floats, head_scale: Floats) -> Floats:
    """(n, 17, 3, 4): from points of the figure at rest to points in the world.

    `place` (n, 3) feet, `heading` (n,) radians anticlockwise from +y, `height` (n,) metres, `head_scale` (n,).
    """
    count = len(place)
    rotation = np.zeros((count, BONES, 3, 3))
    joint = np.zeros((count, BONES, 3))
    rotation[:, PELVIS] = turn(pose.pelvis)
    joint[:, PELVIS] = REST[PELVIS] + pose.hip
    rotation[:, CHEST] = rotation[:, PELVIS] @ turn(pose.chest)
    half = turn(pose.chest * 0.5)
    rotation[:, BELLY] = rotation[:, PELVIS] @ half
    rotation[:, HEAD] = rotation[:, CHEST] @ turn(pose.head)
    rotation[:, NECK] = rotation[:, CHEST] @ turn(pose.head * 0.5)
    for bone, parent in ((BELLY, PELVIS), (CHEST, BELLY), (NECK, CHEST), (HEAD, NECK), (ARM_L, CHEST), (ARM_R, CHEST),
                         (THIGH_L, PELVIS), (THIGH_R, PELVIS)):  # fmt: skip
        joint[:, bone] = joint[:, parent] + np.einsum("nij,j->ni", rotation[:, parent], REST[bone] - REST[parent])
    for side, arm in enumerate((ARM_L, ARM_R)):
        sign = -1.0 if side == 0 else 1.0
        rest = np.array([sign * np.sin(ARM_OUT), 0, -np.cos(ARM_OUT)])
        chest = rotation[:, CHEST]
        rotation[:, arm] = chest @ swing(rest, pose.upper[:, side])
        rotation[:, arm + 1] = chest @ swing(rest, pose.fore[:, side])
        rotation[:, arm + 2] = rotation[:, arm + 1]
        for bone in (arm + 1, arm + 2):
            joint[:, bone] = joint[:, bone - 1] + np.einsum(
                "nij,j->ni", rotation[:, bone - 1], REST[bone] - REST[bone - 1]
            )
    for side, thigh in enumerate((THIGH_L, THIGH_R)):
        _leg(rotation, joint, thigh, pose.ankle[:, side], pose.foot[:, side])
    rotation[:, HEAD] *= head_scale[:, None, None]
    return _placed(rotation, joint, place, heading, height)


def _leg(rotation: Floats, joint: Floats, thigh: int, ankle: Floats, pitch: Floats) -> None:
    """Two bones that reach for the ankle, the knee forward (law of cosines)."""
    hip = joint[:, thigh]
    way = ankle - hip
    reach = np.linalg.norm(way, axis=1)
    way = way / np.maximum(reach, 1e-6)[:, None]
    reach = np.clip(reach, 0.25, (THIGH + SHIN) * 0.9985)
    cosine = (THIGH**2 + reach**2 - SHIN**2) / (2 * THIGH * reach)
    front = np.cross(np.cross(way, np.array([0.0, 1.0, 0.0])), way)
    front = front / np.maximum(np.linalg.norm(front, axis=1, keepdims=True), 1e-6)
    sine = np.sqrt(np.clip(1 - cosine**2, 0, 1))
    knee = hip + THIGH * (way * cosine[:, None] + front * sine[:, None])
    end = hip + way * reach[:, None]
    down = np.array([0.0, 0.0, -1.0])
    rotation[:, thigh] = swing(down, knee - hip)
    rotation[:, thigh + 1] = swing(down, end - knee)
    rotation[:, thigh + 2] = turn(np.column_stack([-pitch, np.zeros_like(pitch), np.zeros_like(pitch)]))
    joint[:, thigh + 1], joint[:, thigh + 2] = knee, end


def _placed(rotation: Floats, joint: Floats, place: Floats, heading: Floats, height: Floats) -> Floats:
    count = len(place)
    scale = (height / HEIGHT)[:, None, None]
    facing = turn(np.column_stack([np.zeros((count, 2)), heading])) * scale
    out = np.zeros((count, BONES, 3, 4))
    out[..., :3] = facing[:, None] @ rotation
    start = joint - np.einsum("nbij,bj->nbi", rotation, REST)
    out[..., 3] = np.einsum("nij,nbj->nbi", facing, start) + place[:, None]
    return out


def head_points(matrices: Floats) -> Floats:
    """Middles (n, 3) of the heads in the world, from `bones`."""
    head = matrices[:, HEAD]
    return np.asarray(head[:, :, :3] @ HEAD_CENTRE + head[:, :, 3])
