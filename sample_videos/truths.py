"""From a scene's story to what is true in each frame. Numpy only: no picture is needed to know it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from sample_videos.crowds.stories import FPS, Moment
from sample_videos.figures import poses, wardrobe
from sample_videos.figures.kinds import BAGS
from sample_videos.figures.placed import Figures, stand
from sample_videos.figures.wardrobe import Cast
from sample_videos.scenes.scene import Scene

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """One frame's truth: ids (n,), ground places (n, 3) m, velocity (n, 2) m/s, heights m, middles of the heads in
    the world (n, 3) and in the picture (n, 2) px, in the picture (n,)."""

    ident: NDArray[np.int64]
    ground: Floats
    velocity: Floats
    height: Floats
    world: Floats
    heads: Floats
    inside: NDArray[np.bool_]


def extras(scene: Scene, count: int = 900) -> Cast:
    """The people of a clip, by id (modulo their number)."""
    cast = wardrobe.cast(
        np.random.default_rng([scene.seed, 5]), count, scene.season, rain=scene.umbrellas, cheer=scene.cheer
    )
    if not scene.wheels:
        wheels = np.isin(cast.bag, [BAGS.index("case"), BAGS.index("pram")])
        cast.bag[wheels] = BAGS.index("none")
        cast.habit[wheels & (cast.habit == poses.PUSH)] = poses.PLAIN
    return cast


def figures(scene: Scene, index: int, moment: Moment, people: Cast) -> Figures:
    """Everybody in a moment, set on the ground; `ident` is the id plus one, as nobody is 0."""
    cast = people.take(moment.ident % len(people))
    pace = np.hypot(moment.velocity[:, 0], moment.velocity[:, 1])
    brisk = (pace > 0.5) & np.isin(cast.habit, [poses.CROSSED, poses.TALK, poses.PHOTO, poses.HOLD, poses.CHEER])
    cast.habit[brisk] = poses.PLAIN
    level = scene.height(moment.place)
    ground = np.column_stack([moment.place, level])
    lift = None
    if scene.stairs is not None:
        ahead = moment.velocity * 0.2
        feet = [scene.stairs.tread(moment.place + side * ahead) - level for side in (-1, 1)]
        lift = np.clip(np.column_stack(feet), -0.2, 0.2)
    return stand(cast, ground, moment.facing, moment.ident + 1, phase=moment.phase, velocity=moment.velocity,
                 time=index / FPS, lift=lift)  # fmt: skip


def truth_of(scene: Scene, moment: Moment, people: Figures) -> Truth:
    """What is true of the people in a moment."""
    heads, depth = scene.camera.project(people.heads)
    inside = scene.camera.inside(heads) & (depth > 0.3)
    return Truth(moment.ident, people.place, moment.velocity, people.cast.height, people.heads, heads, inside)


def simulate(scene: Scene, frames: int | None = None) -> Iterator[tuple[Figures, Truth]]:
    """Run the story; the same scene gives the same moments, whatever `frames` is cut to."""
    people = extras(scene)
    total = scene.seconds * FPS
    for index, moment in enumerate(islice(scene.story(scene.seed, total), total if frames is None else frames)):
        placed = figures(scene, index, moment, people)
        yield placed, truth_of(scene, moment, placed)
