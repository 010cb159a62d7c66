"""A social-force crowd in metres: people drawn to targets, pushed off each other and off walls.

The forces are Helbing and Molnár's (Phys. Rev. E 51, 4282, 1995) without the view angle: a pull towards
the wanted velocity within a relaxation time, and repulsion A exp(-(d - r) / B) from people and walls.
One seed gives one film: the only randomness is the generator handed in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sample_videos.figures.poses import stride

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Force:
    """Strengths in m/s², lengths in metres, `relax` in seconds."""

    relax: float = 0.55
    push: float = 2.4
    touch: float = 0.40
    fade: float = 0.13
    wall_push: float = 4.0
    wall_fade: float = 0.10
    sway: float = 0.22
    fastest: float = 2.0


@dataclass
class Crowd:
    """People now: id, place and speed (n, 2), kind (n,), own pace (n,), target (n, 2), strides walked, facing."""

    ident: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    place: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    speed: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    kind: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    pace: Floats = field(default_factory=lambda: np.zeros(0))
    target: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    phase: Floats = field(default_factory=lambda: np.zeros(0))
    facing: Floats = field(default_factory=lambda: np.zeros(0))
    born: int = 0

    def __len__(self) -> int:
        return len(self.ident)

    def add(self, place: Floats, kind: int, pace: float, target: Floats, speed: Floats | None = None) -> None:
        """One person enters."""
        start = np.zeros(2) if speed is None else np.asarray(speed, float)
        gap = np.asarray(target, float) - place
        self.ident = np.append(self.ident, self.born)
        self.place = np.vstack([self.place, place])
        self.speed = np.vstack([self.speed, start])
        self.kind = np.append(self.kind, kind)
        self.pace = np.append(self.pace, pace)
        self.target = np.vstack([self.target, target])
        self.phase = np.append(self.phase, 0.37 * self.born)
        self.facing = np.append(self.facing, np.arctan2(-gap[0], gap[1]))
        self.born += 1

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Those outside the mask leave."""
        for name in ("ident", "place", "speed", "kind", "pace", "target", "phase", "facing"):
            setattr(self, name, getattr(self, name)[mask])

    def room_at(self, spot: Floats, least: float) -> bool:
        """Whether nobody stands within `least` metres of `spot`."""
        return not len(self) or float(np.hypot(*(self.place - spot).T).min()) > least


def advance(crowd: Crowd, wanted: Floats, walls: Floats, force: Force, dt: float, rng: np.random.Generator,
            looking: Floats | None = None) -> None:  # fmt: skip
    """Move everybody by dt seconds. `wanted` (n, 2) m/s; walls (m, 4) as x1, y1, x2, y2; `looking` (n, 2) turns
    those who stand towards a point."""
    count = len(crowd)
    if not count:
        return
    pull = (wanted - crowd.speed) / force.relax
    total = pull + _from_people(crowd.place, force) + _from_walls(crowd.place, walls, force)
    total += rng.normal(0, force.sway, (count, 2))
    speed = crowd.speed + total * dt
    size = np.hypot(speed[:, 0], speed[:, 1])
    speed *= np.minimum(1, force.fastest / np.maximum(size, 1e-9))[:, None]
    crowd.speed = speed
    crowd.place = crowd.place + speed * dt
    pace = np.hypot(speed[:, 0], speed[:, 1])
    crowd.phase = crowd.phase + pace * dt / stride(pace)
    _turn(crowd, wanted, dt, looking)


def _turn(crowd: Crowd, wanted: Floats, dt: float, looking: Floats | None) -> None:
    """Bodies turn with their walk, those who stand towards what they want or look at."""
    moving = np.hypot(crowd.speed[:, 0], crowd.speed[:, 1]) > 0.35
    aim = np.where(moving[:, None], crowd.speed, wanted if looking is None else looking - crowd.place)
    some = np.hypot(aim[:, 0], aim[:, 1]) > 0.02
    gap = np.arctan2(-aim[:, 0], aim[:, 1]) - crowd.facing
    gap = (gap + np.pi) % (2 * np.pi) - np.pi
    crowd.facing = crowd.facing + np.where(some, gap * min(1.0, 2.5 * dt), 0)


def _from_people(place: Floats, force: Force) -> Floats:
    gap = place[:, None, :] - place[None, :, :]
    far = np.sqrt((gap * gap).sum(2)) + 1e-9
    near = far < force.touch + 9 * force.fade
    np.fill_diagonal(near, False)
    strength = np.where(near, force.push * np.exp(np.minimum((force.touch - far) / force.fade, 3.0)), 0.0)
    return np.asarray((gap * (strength / far)[..., None]).sum(1))


def _from_walls(place: Floats, walls: Floats, force: Force) -> Floats:
    total = np.zeros_like(place)
    for x1, y1, x2, y2 in np.asarray(walls, float).reshape(-1, 4):
        start, along = np.array([x1, y1]), np.array([x2 - x1, y2 - y1])
        t = np.clip((place - start) @ along / max(float(along @ along), 1e-9), 0, 1)
        gap = place - (start + t[:, None] * along)
        far = np.hypot(gap[:, 0], gap[:, 1]) + 1e-9
        strength = force.wall_push * np.exp(np.minimum((0.25 - far) / force.wall_fade, 3.0))
        total += gap / far[:, None] * np.where(far < 1.2, strength, 0)[:, None]
    return total
