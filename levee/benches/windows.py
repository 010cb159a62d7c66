"""Windows of filmed scenes: some seconds of a scene, only the frames that are looked at, with the truth of every frame.

Filming costs a second a frame, so what was filmed is kept in a folder and filmed once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_videos.camera import Pinhole
from sample_videos.crowds.stories import FPS
from sample_videos.figures.placed import Figures
from sample_videos.scenes import Scene
from sample_videos.scenes import scene as find

Floats = NDArray[np.float64]
Progress = Callable[[Iterable[int]], Iterable[int]]
#: Frames before each that is counted which motion looks at: 0.2 s apart, 0.6 s back.
BEFORE = (6, 4, 2)
JPEG_QUALITY = 90


@dataclass(frozen=True)
class Window:
    """`seconds` of a scene from `start_s` on; a frame a second is counted."""

    scene: str
    seed: int
    start_s: int
    seconds: int
    key_s: float = 1.0

    @property
    def name(self) -> str:
        return f"{self.scene} {self.seed}"

    @property
    def keys(self) -> list[int]:
        """Numbers of the frames that are counted."""
        first, last = self.start_s * FPS, (self.start_s + self.seconds) * FPS
        return list(range(first, last + 1, round(self.key_s * FPS)))

    @property
    def wanted(self) -> list[int]:
        """Numbers of all frames that are looked at."""
        return sorted({key - back for key in self.keys for back in (*BEFORE, 0) if key >= back})

    def scenery(self) -> Scene:
        return find(self.scene, self.seed)


@dataclass(frozen=True)
class Instance:
    """The truth of one frame: everybody's id (n,), place (n, 2) m, velocity (n, 2) m/s, head in the picture (n, 2)
    px, and whether that lies in it."""

    ident: NDArray[np.int64]
    place: Floats
    velocity: Floats
    heads: Floats
    inside: NDArray[np.bool_]


@dataclass(frozen=True)
class Filmed:
    """A window with the truth of each frame of its scene up to its end, and its pictures where they were filmed."""

    window: Window
    scene: Scene
    moments: list[Instance]
    folder: Path | None

    def picture(self, frame: int) -> NDArray[np.uint8]:
        """BGR; FileNotFoundError where that frame was not filmed."""
        path = _picture(self.folder or Path(), frame)
        found = cv2.imread(str(path)) if self.folder is not None else None
        if found is None:
            raise FileNotFoundError(2, "this frame was not filmed", str(path))
        return np.asarray(found, np.uint8)

    @property
    def camera(self) -> Pinhole:
        return self.scene.camera

    def over(self, frame: int, back: int) -> Floats:
        """(n, 2) m/s: velocities of everybody at a frame by where they were `back` frames before, as PedPy's individual
        speed has it (a step is a picture of a walk, not of a moment); of who came since, the moment's."""
        now, before = self.moments[frame], self.moments[frame - back]
        velocity = now.velocity.copy()
        _, here, there = np.intersect1d(now.ident, before.ident, return_indices=True)
        velocity[here] = (now.place[here] - before.place[there]) / (back / FPS)
        return velocity


def truths(window: Window, until_s: float | None = None) -> Filmed:
    """The truth of a scene, without a picture; in seconds."""
    scene = window.scenery()
    frames = round((window.start_s + window.seconds if until_s is None else until_s) * FPS) + 1
    moments = [instance for _, instance in _moments(scene, frames)]
    return Filmed(window, scene, moments, None)


def filmed(window: Window, cache: Path, progress: Progress = iter) -> Filmed:
    """The window with its pictures, which are filmed where the cache lacks them."""
    from sample_videos.film import Filming

    scene = window.scenery()
    # The same name and seed give the same pictures only as long as the studio is the same.
    folder = cache / f"{window.scene}-{window.seed}-{_fingerprint()}"
    folder.mkdir(parents=True, exist_ok=True)
    missing = {frame for frame in window.wanted if not _picture(folder, frame).exists()}
    filming = Filming(scene) if missing else None
    moments = []
    frames = window.keys[-1] + 1
    simulated = iter(_moments(scene, frames))
    for frame in progress(range(frames)) if missing else range(frames):
        people, instance = next(simulated)
        moments.append(instance)
        if frame in missing and filming is not None:
            picture, _, _ = filming.shoot(frame, people)
            path = _picture(folder, frame)
            held = path.with_suffix(".part.jpg")
            if not cv2.imwrite(str(held), picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
                raise OSError(5, "the picture cannot be written", str(held))
            held.rename(path)
    return Filmed(window, scene, moments, folder)


def _moments(scene: Scene, frames: int) -> Iterator[tuple[Figures, Instance]]:
    from sample_videos.truths import simulate

    for people, truth in simulate(scene, frames):
        yield people, Instance(truth.ident, truth.ground[:, :2], truth.velocity, truth.heads, truth.inside)


def _picture(folder: Path, frame: int) -> Path:
    return folder / f"{frame:05d}.jpg"


def _fingerprint() -> str:
    """Of the studio's code: pictures of an older one are not taken for those of this."""
    import sample_videos

    root = Path(sample_videos.__file__).parent
    said = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        said.update(path.read_bytes())
    return said.hexdigest()[:8]
