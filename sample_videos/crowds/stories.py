"""What happens in each clip: who enters when, and where they want to go. Pure simulation, no pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_videos.crowds.crowd import Crowd, Force, advance
from sample_videos.density import Zone

Floats = NDArray[np.float64]
FPS = 10
SUBSTEPS = 2
NO_WALLS = np.zeros((0, 4))


@dataclass(frozen=True)
class Moment:
    """One frame: ids (n,), ground places (n, 2) m, velocity (n, 2) m/s, facing (n,) radians anticlockwise from +y,
    strides walked (n,)."""

    ident: NDArray[np.int64]
    place: Floats
    velocity: Floats
    facing: Floats
    phase: Floats


Story = Callable[[int, int], Iterator[Moment]]
"""From a seed and a number of frames to the frames."""


def moment(crowd: Crowd) -> Moment:
    """The crowd as it is now."""
    return Moment(crowd.ident.copy(), crowd.place.copy(), crowd.speed.copy(), crowd.facing.copy(), crowd.phase.copy())


# --- the steps ---------------------------------------------------------------------------------------

STEPS_ZONE = Zone("steps", ((-3.0, 0.0), (3.0, 0.0), (3.0, 7.5), (-3.0, 7.5)))
STEPS_WALLS = np.array([(-3, -0.2, -3, 7.7), (3, -0.2, 3, 7.7), (-12, 7.6, -3, 7.6), (3, 7.6, 12, 7.6),
                        (-12, -0.1, -3, -0.1), (3, -0.1, 12, -0.1)], float)  # fmt: skip
STEPS_WARM_UP = 40.0
STEPS_COURSE = (
    (6.0, 0.55),
    (18.0, 1.4),
    (30.0, 1.75),
    (44.0, 1.85),
    (57.0, 2.2),
    (74.0, 2.75),
    (90.0, 3.7),
    (112.0, 4.95),
)


def steps_level(time: float) -> float:
    """The worst-cell density that the two flows are meant to reach at `time` seconds, persons/m²."""
    times, levels = zip(*STEPS_COURSE, strict=True)
    return float(np.interp(time, times, levels))


def _walking_speed(density: float) -> float:
    """Weidmann's fundamental diagram: 1.34 (1 - exp(-1.913 (1/D - 1/5.4))) m/s."""
    return float(1.34 * (1 - np.exp(-1.913 * max(1 / max(density, 0.05) - 1 / 5.4, 0.0))))


def steps(seed: int, frames: int) -> Iterator[Moment]:
    """Two flows meet on a flight of steps and lock.

    Both ends have a waiting crowd that grows. How hard it presses on to the steps follows the gap between
    the density that is meant and the one measured; the more there are, the slower all walk and the closer
    they bear each other; from about 2.5 persons/m² those past the middle are held by those who come.
    """
    rng = np.random.default_rng([seed, 1231])
    crowd, dt = Crowd(), 1 / (FPS * SUBSTEPS)
    due, slow_valve, valve = 0.0, 0.5, 0.5
    for tick in range(-int(STEPS_WARM_UP * FPS), frames):
        level = steps_level(tick / FPS + 2.0)
        force = Force(touch=float(np.interp(level, (1, 3, 5), (0.38, 0.30, 0.22))), fade=0.11)
        for _ in range(SUBSTEPS):
            crowd.keep(np.where(crowd.kind > 0, crowd.place[:, 1] < 12.5, crowd.place[:, 1] > -13))
            due = min(due + dt * _steps_arrivals(crowd, level), 3.0)
            while due >= 1:
                due -= 1
                _steps_enter(crowd, rng)
            advance(crowd, _steps_wanted(crowd, level, valve), STEPS_WALLS, force, dt, rng)
        gap = level - STEPS_ZONE.worst(crowd.place)
        slow_valve = float(np.clip(slow_valve + 0.006 * gap, 0.1, 0.9))
        valve = float(np.clip(slow_valve + 0.7 * gap, 0.0, 1.0))
        if tick >= 0:
            yield moment(crowd)


def _waiting(crowd: Crowd) -> NDArray[np.bool_]:
    y = crowd.place[:, 1]
    return np.where(crowd.kind > 0, y < 0, y > 7.5)


def _steps_arrivals(crowd: Crowd, level: float) -> float:
    """Persons a second on both sides together: the waiting crowd is kept at the size that the level asks."""
    wanted = float(np.interp(level, (0.5, 1.5, 3, 5), (10, 24, 48, 90)))
    return float(np.clip(0.35 * (wanted - _waiting(crowd).sum()), 0.1, 9.0))


def _steps_enter(crowd: Crowd, rng: np.random.Generator) -> None:
    for _ in range(8):
        kind = 1 if rng.random() < 0.5 else -1
        spot = np.array([rng.uniform(-4, 4), rng.uniform(-11.5, -7.5) if kind > 0 else rng.uniform(9.8, 12.3)])
        if crowd.room_at(spot, 0.5):
            aim = np.array([np.clip(spot[0] + rng.normal(0, 1.2), -2.6, 2.6), 14.0 * kind])
            crowd.add(spot, kind, float(np.clip(rng.normal(1, 0.14), 0.65, 1.35)), aim, np.array([0, 0.8 * kind]))
            return


def _steps_wanted(crowd: Crowd, level: float, valve: float) -> Floats:
    """Everybody wants to the other end, through the 6 m between the walls."""
    x, y, kind = crowd.place[:, 0], crowd.place[:, 1], crowd.kind
    before = _waiting(crowd)
    gate = np.column_stack([np.clip(crowd.target[:, 0], -2.6, 2.6), np.where(kind > 0, 0.8, 6.7)])
    aim = np.where(before[:, None], gate, np.column_stack([crowd.target[:, 0], 14.0 * kind])) - crowd.place
    size = np.maximum(np.hypot(aim[:, 0], aim[:, 1]), 1e-6)
    locked = float(np.clip((level - 2.0) / 1.6, 0, 1))
    walk = 0.62 * _walking_speed(level)
    middle = 3.75 + 0.5 * np.sin(1.7 * x)
    beyond = np.where(kind > 0, y > middle, y < middle)
    pressing = 0.04 + 0.55 * valve
    on_steps = np.where(beyond, walk * (1 - locked) + 0.05 * locked, walk * (1 - locked) + pressing * locked)
    out = ~before & np.where(kind > 0, y > 7.5, y < 0)
    near = np.where(kind > 0, y > -3.0, y < 10.0)
    coming = np.where(near, 0.08 + 1.3 * valve, 1.2)
    pace = np.where(before, coming, np.where(out, 1.2, on_steps))
    return np.asarray(aim / size[:, None] * (pace * crowd.pace)[:, None])


# --- the plaza ---------------------------------------------------------------------------------------

PLAZA_ZONE = Zone("plaza", ((-6.0, -4.5), (6.0, -4.5), (6.0, 5.5), (-6.0, 5.5)))
PLAZA_STAGE = np.array([0.0, 22.0])


def _plaza_spots(rng: np.random.Generator, count: int) -> Floats:
    """Where people will stand: densest (about 2 persons/m²) before the middle, thinner outwards."""
    spots: list[Floats] = []
    for _ in range(40_000):
        if len(spots) >= count:
            break
        spot = np.array([rng.uniform(-8.5, 8.5), rng.uniform(-6.0, 9.5)])
        off = float(np.hypot(spot[0] * 0.8, spot[1] - 1.0))
        least = 0.44 + 0.085 * max(off - 2.0, 0)
        if all(np.hypot(*(spot - other)) > least for other in spots):
            spots.append(spot)
    order = np.argsort([np.hypot(s[0] * 0.8, s[1] - 1.0) + rng.normal(0, 3.0) for s in spots])
    return np.array(spots)[order]


def _edge(rng: np.random.Generator, wide: float, near: float, far: float) -> Floats:
    """A place outside the picture, left, right or behind."""
    side = int(rng.integers(3))
    if side == 2:
        return np.array([rng.uniform(-wide, wide), far])
    return np.array([(-1 if side == 0 else 1) * wide, rng.uniform(near, far)])


def plaza(seed: int, frames: int) -> Iterator[Moment]:
    """People come for a countdown and stand before the screen; the place fills, calmly."""
    rng = np.random.default_rng([seed, 2359])
    crowd, force = Crowd(), Force(sway=0.12, touch=0.30)
    spots = _plaza_spots(rng, 230)
    last = (frames / FPS) * 0.86
    arrive = np.concatenate([np.full(12, -50.0), np.linspace(-14, last - 12, len(spots) - 12)])
    seats: dict[int, int] = {}
    dt, entered = 1 / (FPS * SUBSTEPS), 0
    for tick in range(-55 * FPS, frames):
        while entered < len(spots) and arrive[entered] <= tick / FPS:
            seats[crowd.born] = entered
            crowd.add(_edge(rng, 15, -4, 17), 1, float(np.clip(rng.normal(1.2, 0.15), 0.8, 1.6)), spots[entered])
            entered += 1
        if rng.random() < 0.25 / FPS:
            start = np.array([float(rng.choice([-15, 15])), rng.uniform(-6, -3)])
            crowd.add(start, 2, 1.25, np.array([-start[0], start[1]]))
        for _ in range(SUBSTEPS):
            gap = crowd.target - crowd.place
            far = np.maximum(np.hypot(gap[:, 0], gap[:, 1]), 1e-6)
            wanted = gap / far[:, None] * (crowd.pace * np.clip(far / 0.8, 0, 1))[:, None]
            looking = np.where((crowd.kind == 1)[:, None], PLAZA_STAGE, crowd.target)
            advance(crowd, wanted, NO_WALLS, force, dt, rng, looking)
        crowd.keep(~((crowd.kind == 2) & (np.hypot(*(crowd.target - crowd.place).T) < 1)))
        if tick >= 0:
            yield moment(crowd)


# --- the evening -------------------------------------------------------------------------------------

EVENING_ZONE = Zone("promenade", ((-5.5, -4.0), (5.5, -4.0), (5.5, 6.0), (-5.5, 6.0)))


def evening(seed: int, frames: int) -> Iterator[Moment]:
    """An ordinary evening: couples and single people stroll by, some stop for a while."""
    rng = np.random.default_rng([seed, 1900])
    crowd, force, dt = Crowd(), Force(sway=0.1), 1 / (FPS * SUBSTEPS)
    rests: dict[int, tuple[float, float]] = {}
    for tick in range(-40 * FPS, frames):
        time = tick / FPS
        if rng.random() < 0.6 / FPS and len(crowd) < 23:
            _evening_enter(crowd, rng, time, rests)
        awake = np.array(
            [not rests[i][0] < time < rests[i][1] if i in rests else True for i in crowd.ident.tolist()], float
        )
        for _ in range(SUBSTEPS):
            gap = crowd.target - crowd.place
            far = np.maximum(np.hypot(gap[:, 0], gap[:, 1]), 1e-6)
            advance(crowd, gap / far[:, None] * (crowd.pace * awake)[:, None], NO_WALLS, force, dt, rng, crowd.target)
        crowd.keep(np.hypot(*(crowd.target - crowd.place).T) > 1)
        if tick >= 0:
            yield moment(crowd)


def _evening_enter(crowd: Crowd, rng: np.random.Generator, time: float, rests: dict[int, tuple[float, float]]) -> None:
    side = float(rng.choice([-1, 1]))
    start = np.array([side * rng.uniform(12, 14), rng.uniform(-4, 9)])
    end = np.array([-side * 14, np.clip(start[1] + rng.normal(0, 4), -4.5, 14)])
    if rng.random() < 0.25:
        start, end = (
            (start, np.array([rng.uniform(-8, 8), 22.0]))
            if rng.random() < 0.5
            else (np.array([rng.uniform(-8, 8), 22.0]), end)
        )
    pace = float(np.clip(rng.normal(1.05, 0.18), 0.6, 1.5))
    stop = (time + rng.uniform(6, 16), time + rng.uniform(18, 40)) if rng.random() < 0.25 else None
    for mate in range(int(rng.choice([1, 2, 3], p=(0.5, 0.38, 0.12)))):
        shift = np.array([0.25, 0.62]) * mate
        if stop is not None:
            rests[crowd.born] = stop
        crowd.add(start + shift, 1, pace, end + shift)


def nobody(seed: int, frames: int) -> Iterator[Moment]:
    """Nobody comes."""
    for _ in range(frames):
        yield Moment(np.zeros(0, np.int64), np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0), np.zeros(0))
