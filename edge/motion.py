"""How people move on the ground: velocities of heads from tracklets, and what they make of a zone. Pure.

**Velocity** (m/s). A tracklet (`edge.flow`) of 0.4 to 0.7 s is put on the ground at the height of heads, and a line is
fitted through it by least squares: with times t and places x, v = sum (t - t0)(x - x0) / sum (t - t0)^2. What is far
and still tells how the camera itself shook, and that is taken off first.

**Noise** (m2/s2, of both axes together) of a velocity is the larger of two that are measured: the scatter of the
tracklet about its line, s^2 / sum (t - t0)^2, averaged over the view, as heads bob and sway, and that of still
background, in px and carried to the place. It is subtracted wherever squares of velocities are averaged.

**Speed** (m/s): mean of |v| over the people in the zone, each |v| less its noise.

**Direction** (degrees clockwise from the y axis): of the mean velocity; none where hardly anybody walks.

**Counterflow** (0..1): share of those who walk, at 0.2 m/s or faster, that walk against the main direction: the zone's
own (`way`), or the axis of the largest velocities (first eigenvector of sum v v^T) turned to where more walk, and then
at most 0.5. As `sample_videos.measures` defines it.

**Crowd pressure** (1/s2): P = rho Var(v), density times variance of velocity, the greatest over the windows of 10 m2
that `edge.density` slides, of those with three people or more (Helbing, Johansson and Al-Abideen, Dynamics of crowd
disasters, Phys. Rev. E 75, 046109, 2007: critical near 0.02). By this definition any two flows that pass each other
are above it, and so is one person who walks through a queue: it speaks of danger only where a crowd is dense.

**Stall** (dense, while speed collapses) is judged by the service, which knows the tier. **Stop-and-go**: `edge.waves`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.flow import Glimpse, corners, follow, usable
from edge.ground import Ground
from edge.polygon import Points, contains

Floats = NDArray[np.float64]

WALKING_M_S = 0.2
"""Who is slower has no direction."""
FASTEST_M_S = 5.0
"""Nobody in a crowd runs faster: such a tracklet jumped to somebody else."""
LONGEST_S = 0.75
SHORTEST_S = 0.15
SEEDS_MOST = 300
SEEDS_A_PERSON = 3
BACKGROUND = 60
LEAST_STRENGTH = 2e-5
"""Corners weaker than this (minimal eigenvalue) are not followed: they slide along edges."""
UNSTEADY_PX = 0.7
"""Pixels by which a step of a track may differ from its mean step, beside a quarter of its length."""
KNOWN_SHARE = 0.3
"""Share of the people whose tracklets must hold for anything to be said."""
CELL_M = 3.1623
FEW = 3.0


class Counted(Protocol):
    """What is needed of a count."""

    @property
    def grid(self) -> NDArray[np.float32]: ...
    @property
    def points(self) -> NDArray[np.float32] | None: ...


@dataclass(frozen=True)
class Moves:
    """Samples of the people in a view: `place` (n, 2) m and `velocity` (n, 2) m/s at the height of heads, `noise` (n,)
    m2/s2, and how many `people` (n,) each stands for. `known` is the share of the people that all of them stand for."""

    place: Points
    velocity: Floats
    noise: Floats
    people: Floats
    known: float


@dataclass(frozen=True)
class Cells:
    """Squares of about 10 m2 with somebody in them: middles (k, 2) m, people (k,), mean velocity (k, 2) m/s."""

    middle: Points
    people: Floats
    velocity: Floats


@dataclass(frozen=True)
class Motion:
    """Of one zone at one moment, as the module's text defines them; None where it cannot be told."""

    speed: float
    direction_deg: float | None
    counterflow: float | None
    pressure: float | None
    #: What the pressure's noise floor was, 1/s2, before it was taken off.
    pressure_noise: float
    cells: Cells


def moves(
    ground: Ground, count: Counted, now: Glimpse, before: Sequence[Glimpse], watched: NDArray[np.float64]
) -> Moves | None:
    """How the people of a count moved just before it; None where the pictures before do not tell.

    `watched` (rows, cols): the share of each cell of the count's grid that matters.
    """
    past = usable(now, before, LONGEST_S)
    if not past or now.time_s - past[-1].time_s < SHORTEST_S:
        return None
    height, width = now.grey.shape
    rows, cols = count.grid.shape
    spots, strength = corners(now.grey, (height / rows, width / cols))
    mass = np.asarray(count.grid, np.float64) * watched
    seeds, people = _seeds(count, ground, mass, spots, (width, height), watched)
    if not len(seeds):
        return Moves(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0), np.zeros(0), 1.0)
    still = _background(count.grid, spots, strength)
    tracks = follow(now, past, np.concatenate([seeds, still]))
    at, fixed = tracks.at[: len(seeds)], tracks.at[len(seeds) :][tracks.held[len(seeds) :]]
    shake, jitter_px = _shake(fixed, tracks.time_s)
    at = at - shake
    scale = np.array(ground.picture) / [width, height]
    held = tracks.held[: len(seeds)]
    places = ground.to_ground(((at + 0.5) * scale).reshape(-1, 2), height_m=ground.head_height_m).reshape(at.shape)
    velocity, scatter = _fitted(places, tracks.time_s)
    held &= np.isfinite(places).all(axis=(1, 2)) & (np.hypot(velocity[:, 0], velocity[:, 1]) <= FASTEST_M_S)
    held &= _steady(at)
    total = float(people.sum())
    known = float(people[held].sum()) / total if total > 0 else 1.0
    if known < KNOWN_SHARE:
        return None
    place = places[held, 0]
    noise = _noise(ground, place, scatter[held], people[held], jitter_px * scale[0])
    return Moves(place, velocity[held], noise, people[held] / known, known)


def zone_motion(
    moved: Moves,
    outline: Points,
    windows: tuple[Points, Floats, float],
    way: tuple[float, float] | None = None,
) -> Motion | None:
    """What the people in the polygon `outline` do; None where nobody is there.

    `windows`: lower left corners (k, 2), areas (k,) and side of the windows that pressure is looked for in.
    """
    here = contains(outline, moved.place)
    if moved.people[here].sum() < 0.5:
        return None
    place, velocity, noise, people = (each[here] for each in (moved.place, moved.velocity, moved.noise, moved.people))
    squared = np.maximum((velocity**2).sum(axis=1) - noise, 0.0)
    pace = np.sqrt(squared)
    speed = float(np.average(pace, weights=people))
    mean = np.average(velocity, axis=0, weights=people)
    walks = pace >= WALKING_M_S
    walking = float(people[walks].sum())
    direction = None
    if walking >= 0.5 and float(np.hypot(*mean)) >= WALKING_M_S / 2:
        direction = float(np.degrees(np.arctan2(mean[0], mean[1])) % 360)
    pressure, floor = _pressure(place, velocity, noise, people, windows)
    return Motion(
        speed,
        direction,
        counterflow(velocity[walks], people[walks], way) if walking >= 0.5 else None,
        pressure,
        floor,
        _cells(place, velocity, people, outline.min(axis=0)),
    )


def counterflow(velocity: Floats, people: Floats, way: tuple[float, float] | None = None) -> float:
    """Share 0..1 of `people` (n,) that walk against the main direction, by their velocities (n, 2)."""
    if way is not None:
        against = velocity @ np.asarray(way, np.float64) < 0
        return float(people[against].sum() / people.sum())
    axis = np.linalg.eigh((velocity * people[:, None]).T @ velocity)[1][:, -1]
    share = float(people[velocity @ axis < 0].sum() / people.sum())
    return min(share, 1 - share)


def _seeds(
    count: Counted,
    ground: Ground,
    mass: Floats,
    spots: Points,
    size: tuple[int, int],
    watched: NDArray[np.float64],
) -> tuple[Points, Floats]:
    """Points (n, 2) px of the small picture to follow, and how many people each stands for.

    Heads where the count knows them, each a person (a sparse view); otherwise places drawn evenly over the people
    (systematic sampling), each moved to the spot in its cell that is easiest to follow.
    """
    if count.points is not None and len(count.points):
        rows, cols = watched.shape
        points = np.asarray(count.points, np.float64)
        cell = np.clip((points / ground.picture * [cols, rows]).astype(int), 0, [cols - 1, rows - 1])
        weight = watched[cell[:, 1], cell[:, 0]]
        return points[weight > 0] * size / np.array(ground.picture) - 0.5, weight[weight > 0]
    total = float(mass.sum())
    if total < 0.05:
        return np.zeros((0, 2)), np.zeros(0)
    number = max(4, min(SEEDS_MOST, int(np.ceil(total * SEEDS_A_PERSON))))
    drawn = np.diff(np.floor(np.concatenate([[0.0], np.cumsum(mass.ravel())]) / total * number - 1e-9 + 0.5))
    chosen = np.flatnonzero(drawn > 0)
    return spots[chosen], drawn[chosen] * total / number


def _background(grid: NDArray[np.float32], spots: Points, strength: Floats) -> Points:
    """Strong corners where nobody stands, spread over the picture."""
    rows, cols = grid.shape
    busy = np.pad(np.asarray(grid) > 0.01, 1)
    near = sum(busy[r : r + rows, c : c + cols].astype(int) for r in range(3) for c in range(3))
    free = (np.asarray(near) == 0).ravel() & (strength >= LEAST_STRENGTH)
    row, col = np.divmod(np.arange(rows * cols), cols)
    # The strongest of each of some sixty parts of the picture.
    part = (row * 6 // rows) * 10 + col * 10 // cols
    order = np.lexsort((-strength, part))
    order = order[free[order]]
    _, first = np.unique(part[order], return_index=True)
    return spots[order[first]][:BACKGROUND]


def _shake(fixed: Floats, time_s: Floats) -> tuple[Floats, float]:
    """How the camera itself moved, (m, 2) px at each time, and the scatter of still background about that, px.

    From tracks (n, m, 2) of background; nothing where too little of it is seen, or it does not agree.
    """
    none = np.zeros((len(time_s), 2))
    if len(fixed) < 6:
        return none, 0.1
    gone = fixed - fixed[:, :1]
    middle = np.median(gone, axis=0)
    scatter = np.median(np.abs(gone[:, 1:] - middle[1:]), axis=0) * 1.4826
    spread = float(np.clip(scatter.mean(), 0.02, 1.0))
    agreed = float(np.mean(np.abs(gone[:, -1] - middle[-1]).max(axis=1) < 3 * spread + 0.1))
    return (middle if agreed > 0.5 else none), spread


def _fitted(places: Floats, time_s: Floats) -> tuple[Floats, Floats]:
    """Velocities (n, 2) of places (n, m, 2), and the variance (n,) of each by its scatter; NaN with two times."""
    since = time_s - time_s.mean()
    square = float((since**2).sum())
    middle = places.mean(axis=1, keepdims=True)
    velocity = np.einsum("m,nmk->nk", since, places - middle) / square
    if len(time_s) < 3:
        return velocity, np.full(len(places), np.nan)
    off = places - middle - velocity[:, None] * since[None, :, None]
    return velocity, (off**2).sum(axis=(1, 2)) / (len(time_s) - 2) / square


def _steady(at: Floats) -> NDArray[np.bool_]:
    """Which tracks (n, m, 2) px keep to a line: one that jumps to somebody else on its way does not."""
    if at.shape[1] < 3:
        return np.ones(len(at), bool)
    steps = np.diff(at, axis=1)
    off = np.abs(steps - steps.mean(axis=1, keepdims=True)).max(axis=(1, 2))
    length = np.hypot(*(at[:, -1] - at[:, 0]).T)
    steady: NDArray[np.bool_] = off <= UNSTEADY_PX + 0.25 * length
    return steady


def _noise(ground: Ground, place: Points, scatter: Floats, people: Floats, jitter_px: float) -> Floats:
    """(n,) m2/s2: see the module's text."""
    if not len(place):
        return np.zeros(0)
    derivative = ground.derivative(place, height_m=ground.head_height_m)[:, :, :2]
    # metres for a px along each axis of the picture, both together
    size = np.sqrt((np.linalg.inv(derivative) ** 2).sum(axis=(1, 2)))
    still = (jitter_px * size / LONGEST_S) ** 2
    if not np.isfinite(scatter).all():
        return still
    # One scatter rests on a few pictures: of those at places alike the mean is taken, in px.
    usual = float(np.average(np.minimum(scatter / size**2, np.median(scatter / size**2) * 6), weights=people))
    noise: Floats = np.maximum(still, usual * size**2)
    return noise


def _pressure(
    place: Points, velocity: Floats, noise: Floats, people: Floats, windows: tuple[Points, Floats, float]
) -> tuple[float | None, float]:
    low, areas, side = windows
    gap = place[None] - low[:, None]
    inside = ((gap >= 0) & (gap < side)).all(axis=2)
    weight = inside * people
    total = weight.sum(axis=1)
    enough = (total >= FEW) & (inside.sum(axis=1) >= FEW)
    if not enough.any():
        return 0.0, 0.0
    weight, total = weight[enough] / total[enough, None], total[enough]
    mean = weight @ velocity
    square = weight @ (velocity**2).sum(axis=1)
    density = total / areas[enough]
    own = weight @ noise
    found = density * np.maximum(square - (mean**2).sum(axis=1) - own, 0.0)
    worst = int(found.argmax())
    return float(found[worst]), float(density[worst] * own[worst])


def _cells(place: Points, velocity: Floats, people: Floats, low: Points) -> Cells:
    index = np.floor((place - low) / CELL_M).astype(int)
    cells, which = np.unique(index, axis=0, return_inverse=True)
    which = which.ravel()
    held = np.asarray(np.bincount(which, people, len(cells)), dtype=np.float64)
    mean = np.column_stack([np.bincount(which, people * velocity[:, k], len(cells)) for k in (0, 1)]) / held[:, None]
    kept = held >= 0.25
    middle = np.asarray(low + (cells[kept] + 0.5) * CELL_M, dtype=np.float64)
    return Cells(middle, held[kept], mean[kept])
