"""A film drawn on several cores: each worker draws every n-th frame of the same scene, and they come back in order.

OpenGL's software driver shades figures on one core, so two processes draw nearly twice as fast as one.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sample_videos.scenes import scene as find
from sample_videos.scenes.changes import changed
from sample_videos.scenes.scene import Scene
from sample_videos.studio.context import NoStudio

Drawn = tuple[NDArray[np.uint8], NDArray[np.float64]]
"""Frame (h, w, 3) BGR, and the share (n,) of each head that shows."""
MOST = 4


@dataclass(frozen=True)
class Recipe:
    """What makes a scene: a scene itself holds stories, which cannot be sent to another process."""

    name: str
    seed: int | None = None
    width: int | None = None
    settings: Path | None = None

    def scene(self) -> Scene:
        """The scene; ValueError with what is wrong."""
        scene = find(self.name, self.seed)
        if self.width is not None:
            if not 64 <= self.width <= 4096 or self.width % 2:
                raise ValueError(f"--width {self.width}: must be even, from 64 to 4096")
            scene = replace(scene, camera=scene.camera.resized(self.width / scene.camera.size[0]))
        if self.settings is not None:
            scene = changed(scene, self.settings)
        width, height = scene.camera.size
        if width % 2 or height % 2:
            raise ValueError(f"a picture of {width} x {height}: H.264 needs even sides")
        return scene


def cores() -> int:
    """Workers that help on this machine."""
    return max(1, min(MOST, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))


def draw(scene: Scene, frames: int, first: int = 0, step: int = 1) -> Generator[Drawn]:
    """Frames `first`, `first + step`, ... of a scene, drawn here."""
    from sample_videos.film import Filming
    from sample_videos.truths import simulate

    filming = Filming(scene)
    for index, (people, _) in islice(enumerate(simulate(scene, frames)), first, None, step):
        picture, share, _ = filming.shoot(index, people)
        yield picture, share


def drawn(recipe: Recipe, frames: int, workers: int) -> Generator[Drawn]:
    """All frames of a scene in order, drawn by so many processes. What fails in one is raised here."""
    spawn = get_context("spawn")  # a fork would take over a half-working OpenGL
    ends, crew = [], []
    try:
        for first in range(workers):
            here, there = spawn.Pipe(duplex=False)
            worker = spawn.Process(target=_work, args=(there, recipe, frames, first, workers), daemon=True)
            worker.start()
            there.close()
            ends.append(here)
            crew.append(worker)
        for index in range(frames):
            try:
                told = ends[index % workers].recv()
            except EOFError:
                raise OSError(f"a process that draws ended before frame {index}") from None
            if isinstance(told, Exception):
                raise told
            yield told
    finally:
        for worker in crew:
            worker.terminate()
        for worker in crew:
            worker.join()
        for end in ends:
            end.close()


def _work(end: Connection, recipe: Recipe, frames: int, first: int, step: int) -> None:
    with closing(end), suppress(BrokenPipeError):  # then nobody wants the rest
        try:
            for one in draw(recipe.scene(), frames, first, step):
                end.send(one)
        except (ValueError, NoStudio) as error:
            end.send(error)
