"""Films a scene: frames, and how much of each head they show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import chain
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_videos.crew import Recipe, draw, drawn
from sample_videos.crowds.stories import FPS
from sample_videos.faults import NO_FAULT, Fault
from sample_videos.figures import wardrobe
from sample_videos.figures.placed import Figures, stand
from sample_videos.ledger import EVERY
from sample_videos.record import HeadTable, Rows, camera_yaml
from sample_videos.scenes.scene import Scene
from sample_videos.studio import lens, weather
from sample_videos.studio.context import NoStudio
from sample_videos.studio.sight import visible
from sample_videos.studio.stage import Shot, Stage
from sample_videos.truths import simulate

Bytes = NDArray[np.uint8]
GOP_S = 5
WIDE = 1000
"""Pixels: wider pictures are drawn less fine, to be done in time."""


class Filming:
    """Films a scene frame by frame: the set is baked once and the exposure is fixed, as on a mounted camera."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        fine = 1.5 if scene.camera.size[0] < WIDE else 1.25
        self.stage = Stage(scene.camera, scene.solids, scene.light, fine=fine)
        rng = np.random.default_rng([scene.seed, 12])
        spots = np.array(scene.statues, float).reshape(-1, 4)
        self.statues = stand(
            wardrobe.statues(rng, len(spots)), spots[:, :3], spots[:, 3], np.zeros(len(spots), np.int64)
        )
        bare = self.stage.shoot(self.statues)
        self.gain = lens.exposure(bare.picture, 0.20) * scene.gain

    def shoot(self, index: int, people: Figures) -> tuple[Bytes, NDArray[np.float64], Shot]:
        """Frame (h, w, 3) BGR, the share (n,) of each head that shows, and the masks."""
        scene = self.scene
        if scene.moving is not None:
            self.stage.light = replace(scene.light, lamps=(*scene.light.lamps, *scene.moving(index / FPS)))
        shot = self.stage.shoot(people.and_(self.statues), scene.exposure_s)
        clock = datetime.fromisoformat(scene.clock) + timedelta(seconds=index // FPS)
        seen = lens.Lens(gain=self.gain, blur=0.55 * scene.camera.size[0] / 900 + 0.2, bloom=0.05, vignette=0.2,
                         noise=scene.noise, sharpen=0.55, white=scene.white, contrast=0.95, fringe=0.0004,
                         stamp=f"{clock:%Y-%m-%d %H:%M:%S}  CAM 03")  # fmt: skip
        rng = np.random.default_rng([scene.seed, index, 9])
        light = weather.fall(shot.picture, rng, scene.weather, 0.6)
        share, _ = visible(scene.camera, people, shot)
        return lens.shoot(light, seen, rng), share, shot


class Encoder:
    """H.264, yuv420p, a key frame every five seconds, `crf` as libx264 understands it."""

    def __init__(self, path: Path, size: tuple[int, int], crf: int) -> None:
        try:
            import av
        except ModuleNotFoundError:
            raise NoStudio("rendering needs PyAV: install levee[sim]") from None
        self._frame_type = av.VideoFrame
        self._file = av.open(str(path), "w", options={"movflags": "+faststart"})
        self._stream = self._file.add_stream("libx264", rate=Fraction(FPS), options={"crf": str(crf), "preset": "slow"})
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.gop_size = GOP_S * FPS

    def __enter__(self) -> Encoder:
        return self

    def add(self, picture: Bytes) -> None:
        """One BGR frame."""
        self._file.mux(self._stream.encode(self._frame_type.from_ndarray(picture, format="bgr24")))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.mux(self._stream.encode(None))
        self._file.close()


@dataclass(frozen=True)
class Plan:
    """What is filmed: so many frames, at this H.264 quality, with the heads of every n-th frame, with this fault."""

    frames: int
    crf: int
    every: int = EVERY
    fault: Fault = NO_FAULT


Progress = Callable[[Iterable[int]], Iterable[int]]
ENDINGS = (".mp4", ".camera.yaml", ".truth.csv.gz", ".heads.npz")


def film(recipe: Recipe, out: Path, plan: Plan, progress: Progress = iter, workers: int = 1) -> list[Path]:
    """Render a scene with its truth; the files written. The truth is that of the place, whatever the camera's fault."""
    scene = recipe.scene()
    paths = [out / f"{scene.name}{end}" for end in ENDINGS]
    pictures = draw(scene, plan.frames) if workers == 1 else drawn(recipe, plan.frames, workers)
    table, rows = HeadTable(), Rows(scene)
    first = next(pictures)  # before anything is written: it may be refused
    out.mkdir(parents=True, exist_ok=True)
    paths[1].write_text(camera_yaml(scene), encoding="utf-8")
    faulty = plan.fault.begin(scene.camera.size, scene.seed)
    moments = simulate(scene, plan.frames)
    with closing(pictures), Encoder(paths[0], scene.camera.size, plan.crf) as encoder:
        shot = zip(progress(range(plan.frames)), moments, chain([first], pictures), strict=False)
        for index, (_, truth), (picture, share) in shot:
            shown = faulty(index, picture)
            if shown is not None:
                encoder.add(np.ascontiguousarray(shown))
            rows.add(index, truth)
            if index % plan.every == 0:
                table.add(index, truth, share)
    paths[2].write_bytes(rows.packed())
    table.write(paths[3])
    return paths


def first_frame(path: Path) -> Bytes:
    """The first frame of a clip, BGR."""
    capture = cv2.VideoCapture(str(path))
    good, picture = capture.read()
    capture.release()
    if not good:
        raise OSError(f"{path}: no frame can be read")
    return np.asarray(picture, np.uint8)
