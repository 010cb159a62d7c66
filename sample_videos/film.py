"""From a scene's story to frames and truth: the simulation is run once, frames are painted from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from sample_videos import figures, lens, wardrobe
from sample_videos.backdrop import bake
from sample_videos.painter import Placed, head_points, paint
from sample_videos.scenes import Scene
from sample_videos.sprites import SpriteShelf
from sample_videos.stories import FPS, Moment
from sample_videos.wardrobe import Person

Floats = NDArray[np.float64]
HEAD_RADIUS = 0.12
MOVES, STANDS = 0.30, 0.16  # m/s: above the first a figure walks, below the second it stands


@dataclass(frozen=True)
class Truth:
    """One frame's truth: ids, ground places (n, 3) m, heights m, head centres (n, 2) px, in the picture (n,)."""

    ident: NDArray[np.int64]
    ground: Floats
    height: Floats
    heads: Floats
    inside: NDArray[np.bool_]


def extras(scene: Scene, count: int = 1200) -> list[Person]:
    """The people of a clip, by id."""
    return wardrobe.cast(np.random.default_rng([scene.seed, 5]), count, looks=14, winter=scene.winter)


def truth_of(scene: Scene, moment: Moment, people: list[Person]) -> Truth:
    """Ground, heights and head points of everybody in a moment."""
    level = scene.stairs.height(moment.place) if scene.stairs else np.zeros(len(moment.place))
    ground = np.column_stack([moment.place, level])
    height = np.array([people[i % len(people)].height for i in moment.ident.tolist()])
    heads, depth = scene.camera.project(head_points(ground, height))
    return Truth(moment.ident, ground, height, heads, scene.camera.inside(heads) & (depth > 0.3))


def simulate(scene: Scene, frames: int | None = None) -> Iterator[tuple[Moment, Truth]]:
    """Run the story; the same scene gives the same moments, whatever `frames` is cut to."""
    people = extras(scene)
    total = scene.seconds * FPS
    for moment in islice(scene.story(scene.seed, total), total if frames is None else frames):
        yield moment, truth_of(scene, moment, people)


class Camera:
    """Films a scene frame by frame: the backdrop and the exposure are fixed, as on a mounted camera."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.people = extras(scene)
        self.shelf = SpriteShelf(limit_bytes=900_000_000)
        self.backdrop = bake(scene.camera, scene.slabs, scene.light, scene.sky, floor=scene.floor,
                             seed=scene.floor_seed, floor_tone=scene.floor_tone, fine=3)  # fmt: skip
        empty = self.backdrop.albedo * (self.backdrop.ambient + self.backdrop.direct)
        self.gain = lens.exposure(empty, 0.20) * scene.gain
        self._walking: dict[int, bool] = {}

    def _placed(self, moment: Moment, truth: Truth) -> list[Placed]:
        out = []
        for k, ident in enumerate(moment.ident.tolist()):
            pace = float(moment.speed[k])
            walking = pace > (STANDS if self._walking.get(ident, True) else MOVES)
            self._walking[ident] = walking
            still = ("stand", "pockets", "stand", "phone", "pockets")[ident % 5]
            phase = int(moment.walked[k] / 1.35 * figures.WALK_PHASES) % figures.WALK_PHASES
            x, y, z = truth.ground[k].tolist()
            out.append(Placed(self.people[ident % len(self.people)], (x, y, z), float(moment.facing[k]),
                              "walk" if walking else still, phase))  # fmt: skip
        return out

    def shoot(self, index: int, moment: Moment, truth: Truth) -> tuple[NDArray[np.uint8], Floats]:
        """Frame (h, w, 3) BGR, and the visible share (n,) of each head."""
        scene = self.scene
        painted = paint(scene.camera, self.backdrop, scene.light, self._placed(moment, truth), scene.props, self.shelf)
        clock = datetime.fromisoformat(scene.clock) + timedelta(seconds=index // FPS)
        seen = lens.Lens(gain=self.gain, blur=0.55, bloom=0.05, vignette=0.2, noise=scene.noise, sharpen=0.55,
                         white=scene.white, contrast=0.95, stamp=f"{clock:%Y-%m-%d %H:%M:%S}  CAM 03")  # fmt: skip
        rng = np.random.default_rng([scene.seed, index, 9])
        return lens.shoot(painted.picture, seen, rng), painted.visible
