"""Figures set into the world: bones and head points of everybody at a moment. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_videos.figures import poses
from sample_videos.figures import skeleton as sk
from sample_videos.figures.kinds import BAGS
from sample_videos.figures.wardrobe import Cast

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PROP = 17
"""After the bones: what a person carries, pushes or holds above."""


@dataclass(frozen=True)
class Figures:
    """n figures: `cast`, `ident` (n,; 0 is nobody, a statue), `place` (n, 3) feet, `matrices` (n, 18, 3, 4) from rest
    to the world, `velocity` (n, 3) m/s, `heads` (n, 3) middles of the heads."""

    cast: Cast
    ident: Ints
    place: Floats
    matrices: Floats
    velocity: Floats
    heads: Floats

    def __len__(self) -> int:
        return len(self.ident)

    def take(self, rows: NDArray[np.integer]) -> Figures:
        """The figures of these rows."""
        return Figures(self.cast.take(rows), self.ident[rows], self.place[rows], self.matrices[rows],
                       self.velocity[rows], self.heads[rows])  # fmt: skip

    def and_(self, other: Figures) -> Figures:
        """These and the others."""
        joined = {name: np.concatenate([getattr(self.cast, name), getattr(other.cast, name)])
                  for name in Cast.__dataclass_fields__}  # fmt: skip
        return Figures(Cast(**joined), *(np.concatenate([getattr(self, name), getattr(other, name)])
                       for name in ("ident", "place", "matrices", "velocity", "heads")))  # fmt: skip


def stand(cast: Cast, place: Floats, heading: Floats, ident: Ints, *, phase: Floats | None = None,
          velocity: Floats | None = None, time: float = 0.0, lift: Floats | None = None,
          glance: Floats | None = None) -> Figures:  # fmt: skip
    """Set people on the ground. `place` (n, 3), `heading` (n,) radians anticlockwise from +y, `phase` (n,) strides,
    `velocity` (n, 2) m/s, `lift` (n, 2) ground under the feet over the ground under the person."""
    count = len(cast)
    speed = np.zeros((count, 2)) if velocity is None else np.asarray(velocity, float)
    pace = np.hypot(speed[:, 0], speed[:, 1])
    scale = cast.height / sk.HEIGHT
    step = np.zeros(count) if phase is None else np.asarray(phase, float)
    held = poses.pose(step, pace / np.sqrt(scale), cast.habit, ident, time,
                      None if lift is None else lift / scale[:, None], cast.stoop, glance)  # fmt: skip
    matrices = np.zeros((count, PROP + 1, 3, 4))
    matrices[:, :PROP] = sk.bones(held, place, heading, cast.height, cast.head)
    matrices[:, PROP] = _props(cast, matrices, place, heading)
    moving = np.column_stack([speed, np.zeros(count)])
    return Figures(cast, np.asarray(ident, np.int64), np.asarray(place, float), matrices, moving,
                   sk.head_points(matrices))  # fmt: skip


def _props(cast: Cast, matrices: Floats, place: Floats, heading: Floats) -> Floats:
    """(n, 3, 4): umbrellas upright over the hand, bags hanging from it, cases and prams on the ground."""
    count = len(cast)
    out = np.zeros((count, 3, 4))
    facing = sk.turn(np.column_stack([np.zeros((count, 2)), heading]))
    out[:, :, :3] = facing
    out[:, :, 3] = place
    hand = sk.REST[sk.HAND_R] + 0.085 * np.array([np.sin(sk.ARM_OUT), 0, -np.cos(sk.ARM_OUT)])
    grip = matrices[:, sk.HAND_R, :, :3] @ hand + matrices[:, sk.HAND_R, :, 3]
    for kind in ("umbrella", "shopping"):
        rows = cast.bag == BAGS.index(kind)
        out[rows, :, 3] = grip[rows]
    rows = cast.bag == BAGS.index("case")
    out[rows, :, 3] = place[rows] + np.einsum("nij,j->ni", facing[rows], np.array([0.22, -0.55, 0.0]))
    rows = cast.bag == BAGS.index("pram")
    out[rows, :, 3] = place[rows] + np.einsum("nij,j->ni", facing[rows], np.array([0.0, 0.75, 0.0]))
    return out


def look(cast: Cast) -> NDArray[np.float32]:
    """(n, 12, 4): palette and dress, as the drawing programs read them after the bones."""
    out = np.zeros((len(cast), 12, 4), np.float32)
    out[:, :8, :3] = cast.palette
    out[:, 9], out[:, 10] = cast.cut, cast.pattern
    out[:, 11, 0] = cast.garment
    out[:, 11, 1] = cast.bag == BAGS.index("backpack")
    mixed = (np.arange(len(cast)) * 7919 + (cast.height * 1e5).astype(int)) % 1000 / 1000
    out[:, 11, 2] = mixed < 0.06
    out[:, 11, 3] = (mixed > 0.4) & (cast.habit != poses.MANNEQUIN)
    return out
