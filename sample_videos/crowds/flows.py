"""What happens where people stream: a metro exit in waves, a door, a one-way path, a queue, a concert that ends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sample_videos.crowds.crowd import Crowd, Force, advance
from sample_videos.crowds.gather import lattice
from sample_videos.crowds.stories import FPS, NO_WALLS, SUBSTEPS, Moment, Story, moment
from sample_videos.crowds.walkers import Walkers
from sample_videos.figures.poses import stride

Floats = NDArray[np.float64]


def _box(x0: float, y0: float, x1: float, y1: float) -> list[tuple[float, float]]:
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def metro(wave: int, every_s: float) -> Story:
    """A corridor 4 m wide opens to a square: `wave` people come out every `every_s` seconds, some go in."""

    def story(seed: int, frames: int) -> Iterator[Moment]:
        rng = np.random.default_rng([seed, 61])
        sides = [_box(-20, 12, -2, 34), _box(2, 12, 20, 34)]
        walkers = Walkers(_box(-20, -14, 20, 34), sides)
        goals = [_box(-20, -8, -18.5, 10), _box(18.5, -8, 20, 10), _box(-12, -14, 12, -12.5)]
        exits = [walkers.exit(goal) for goal in goals]
        mouth = walkers.waypoint((0.0, 11.0), 2.2)
        out = [walkers.journey([mouth, leave]) for leave in exits]
        down = walkers.exit(_box(-2, 32.5, 2, 34))
        inward = walkers.journey([mouth, down])
        waiting, next_wave = 0, -4.0
        for tick in range(-12 * FPS, frames):
            if tick / FPS >= next_wave:
                waiting += int(rng.poisson(wave))
                next_wave += every_s
            for _ in range(3):
                if waiting and rng.random() < 0.6:
                    spot = (float(rng.uniform(-1.6, 1.6)), float(rng.uniform(28, 31.5)))
                    way = int(rng.choice(3, p=(0.3, 0.3, 0.4)))
                    waiting -= walkers.add(spot, out[way], mouth, walkers.pace(rng))
            if rng.random() < 0.25 / FPS * 3:
                spot = (float(rng.choice([-17.5, 17.5])), float(rng.uniform(-6, 8)))
                walkers.add(spot, inward, mouth, walkers.pace(rng))
            found = walkers.step()
            if tick >= 0:
                yield found

    return story


def door(width: float, people: int) -> Story:
    """`people` in a yard of 16 m x 12 m leave through a gap `width` metres wide."""

    def story(seed: int, frames: int) -> Iterator[Moment]:
        rng = np.random.default_rng([seed, 62])
        half = width / 2
        walls = [_box(-8, 0, -half, 0.4), _box(half, 0, 8, 0.4), _box(-8, -16, -7.9, 0), _box(7.9, -16, 8, 0)]
        walkers = Walkers(_box(-8, -16, 8, 12), walls)
        leave = walkers.exit(_box(-7, -15.9, 7, -14.5))
        gap = walkers.waypoint((0.0, -0.8), max(half, 0.8))
        way = walkers.journey([gap, leave])
        left = people
        for spot in lattice(rng, np.array([0.0, 6.0]), 4 * people, 2.6, 1.3):
            if left and abs(spot[0]) < 7.5 and 1.0 < spot[1] < 11.6:
                left -= walkers.add((float(spot[0]), float(spot[1])), way, gap, walkers.pace(rng))
        for _ in range(frames):
            yield walkers.step()

    return story


def one_way(rate: float, against_at: float, against: int) -> Story:
    """A path 4 m wide on which `rate` people a second walk north; `against` walk south from `against_at` s on."""

    def story(seed: int, frames: int) -> Iterator[Moment]:
        rng = np.random.default_rng([seed, 63])
        walkers = Walkers(_box(-2, -22, 2, 32))
        north, south = walkers.exit(_box(-2, 30.5, 2, 32)), walkers.exit(_box(-2, -22, 2, -20.5))
        up, down = walkers.journey([north]), walkers.journey([south])
        due, left = 0.0, against
        for tick in range(-40 * FPS, frames):
            due = min(due + rate / FPS, 3.0)
            if due >= 1 and walkers.add(
                (float(rng.uniform(-1.7, 1.7)), float(rng.uniform(-20, -18))), up, north, walkers.pace(rng)
            ):
                due -= 1
            if left and tick / FPS >= against_at + 4.0 * (against - left):
                left -= walkers.add((float(rng.uniform(-0.8, 0.8)), 27.0), down, south, 1.0)
            found = walkers.step()
            if tick >= 0:
                yield found

    return story


QUEUE_PATH = np.array(
    [
        (-9.0, -3.0),
        (6.0, -3.0),
        (6.0, -1.2),
        (-6.0, -1.2),
        (-6.0, 0.6),
        (6.0, 0.6),
        (6.0, 2.4),
        (-1.0, 2.4),
        (-1.0, 5.2),
    ]
)


def queue(rate: float, serve_s: float, before: int) -> Story:
    """A queue that winds between barriers to a counter: `rate` people a second come, each is served for `serve_s`."""
    steps = np.hypot(*np.diff(QUEUE_PATH, axis=0).T)
    marks = np.concatenate([[0], np.cumsum(steps)])
    length = float(marks[-1])

    def at(along: NDArray[np.floating]) -> Floats:
        return np.column_stack([np.interp(along, marks, QUEUE_PATH[:, i]) for i in range(2)])

    def story(seed: int, frames: int) -> Iterator[Moment]:
        rng = np.random.default_rng([seed, 64])
        along: NDArray[np.floating] = length - np.arange(before) * 0.62  # the first stands at the counter
        ident: NDArray[np.int64] = np.arange(before, dtype=np.int64)
        aside: NDArray[np.floating] = rng.normal(0, 0.13, before)
        own: NDArray[np.floating] = rng.uniform(0.52, 0.80, before)
        phase: NDArray[np.floating] = 0.37 * np.arange(before)
        gone = Crowd()
        facing: NDArray[np.floating] = np.zeros(before)
        born, served, due = before, 0.0, 0.0
        last: dict[int, Floats] = {}
        for _ in range(frames):
            due += rate / FPS
            if due >= 1 and (not len(along) or along[-1] > 1.0):
                due -= 1
                along, ident = np.append(along, 0.0), np.append(ident, born)
                aside, own = np.append(aside, rng.normal(0, 0.13)), np.append(own, rng.uniform(0.52, 0.80))
                phase, facing, born = np.append(phase, 0.0), np.append(facing, 0.0), born + 1
            served += 1 / FPS
            if len(along) and served >= serve_s and along[0] > length - 0.3:
                served = 0.0
                _leave(gone, int(ident[0]), at(along[:1])[0], float(facing[0]), rng)
                along, ident, aside, own, phase, facing = (
                    along[1:],
                    ident[1:],
                    aside[1:],
                    own[1:],
                    phase[1:],
                    facing[1:],
                )
            room = (
                np.concatenate([[length], along[:-1]])[: len(along)]
                - along
                - np.concatenate([[0.0], own[1:]])[: len(along)]
            )
            pace = np.clip(room * 1.6, 0, 1.1)
            along = along + pace / FPS
            place = at(along)
            way = at(along + 0.25) - at(along - 0.05)
            way = np.where(np.hypot(*way.T)[:, None] < 1e-6, np.array([0, 1.0]), way)
            side = np.column_stack([-way[:, 1], way[:, 0]]) / np.hypot(*way.T)[:, None]
            place = place + side * aside[:, None]
            aim = np.arctan2(-way[:, 0], way[:, 1])
            facing = facing + ((aim - facing + np.pi) % (2 * np.pi) - np.pi) * 0.3
            velocity = np.array([(p - last.get(int(i), p)) * FPS for i, p in zip(ident, place, strict=True)]).reshape(
                -1, 2
            )
            last = {int(i): p for i, p in zip(ident, place, strict=True)}
            speed = np.hypot(velocity[:, 0], velocity[:, 1])
            phase = phase + speed / FPS / stride(speed)
            _walk_off(gone, rng)
            yield Moment(
                np.concatenate([ident, gone.ident]), np.vstack([place, gone.place]), np.vstack([velocity, gone.speed]),
                np.concatenate([facing, gone.facing]), np.concatenate([phase, gone.phase]),
            )  # fmt: skip

    return story


def _leave(gone: Crowd, ident: int, place: Floats, facing: float, rng: np.random.Generator) -> None:
    gone.add(place, 1, float(rng.uniform(1.0, 1.4)), np.array([14.0, float(rng.uniform(4.6, 7.0))]))
    gone.ident[-1], gone.facing[-1] = ident, facing


def _walk_off(gone: Crowd, rng: np.random.Generator) -> None:
    for _ in range(SUBSTEPS):
        gap = gone.target - gone.place
        far = np.maximum(np.hypot(gap[:, 0], gap[:, 1]), 1e-6)
        advance(gone, gap / far[:, None] * gone.pace[:, None], NO_WALLS, Force(sway=0.1), 1 / (FPS * SUBSTEPS), rng)
    gone.keep(np.hypot(*(gone.target - gone.place).T) > 1.0)


def concert(people: int, density: float, ends_at: float) -> Story:
    """`people` placed before a stage at up to `density` persons/m², swaying; from `ends_at` s on they go home.

    No simulator is trusted at such densities: places are a jittered lattice, thinner away from the stage.
    """

    def story(seed: int, frames: int) -> Iterator[Moment]:
        rng = np.random.default_rng([seed, 65])
        spots = lattice(rng, np.array([0.0, 2.0]), 6 * people, density, 1.0)
        spots = spots[(np.abs(spots[:, 0]) < 8.0) & (spots[:, 1] > -9.5) & (spots[:, 1] < 7.6)]
        thin = np.clip(1.0 - (7.0 - spots[:, 1]) / 18.0 - 0.02 * np.abs(spots[:, 0]), 0.05, 1)
        spots = spots[rng.random(len(spots)) < thin][:people]
        crowd = Crowd()
        for spot in spots:
            aim = np.array([float(np.sign(spot[0] + rng.normal(0, 3)) * 19.0), float(rng.uniform(-13, -4))])
            crowd.add(spot, 1, float(rng.uniform(0.9, 1.4)), aim)
        home, beat = crowd.place.copy(), rng.uniform(0, 2 * np.pi, len(spots))
        stage, leaves = np.array([0.0, 12.0]), ends_at + rng.exponential(9.0, len(spots))
        crowd.facing = np.arctan2(-(stage - crowd.place)[:, 0], (stage - crowd.place)[:, 1])
        keep_home = np.arange(len(spots))
        for tick in range(-2 * FPS, frames):
            time = tick / FPS
            for _ in range(SUBSTEPS):
                stays = time < leaves[keep_home]
                sway = 0.06 * np.column_stack([np.sin(2.4 * time + beat), 0.4 * np.cos(1.7 * time + beat)])[keep_home]
                to = np.where(stays[:, None], home[keep_home] + sway, crowd.target) - crowd.place
                far = np.maximum(np.hypot(to[:, 0], to[:, 1]), 1e-6)
                pace = np.where(stays, np.clip(far / 0.5, 0, 0.6), crowd.pace)
                looking = np.where(stays[:, None], stage, crowd.target)
                force = Force(touch=0.22, fade=0.07, push=1.6, sway=0.08)
                advance(crowd, to / far[:, None] * pace[:, None], NO_WALLS, force, 1 / (FPS * SUBSTEPS), rng, looking)
            here = np.hypot(*(crowd.target - crowd.place).T) > 1.0
            crowd.keep(here)
            keep_home = keep_home[here]
            if tick >= 0:
                yield moment(crowd)

    return story
