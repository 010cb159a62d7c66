"""What ground plane and motion cost beside decoding and counting: CPU time with and without them, in one run."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

import models
import sample_videos
from edge.camera_settings import CameraSettings, GroundPoint
from edge.capture import Frame
from edge.capture.past import Past
from edge.capture.reader import open_reader
from edge.counting import Counting
from edge.plan import make_plan
from edge.settings import BoxSettings, GateSettings, ZoneSettings
from models import Count, Counter, View

SIZE = (1280, 720)
FPS = 25
NOISE = 2.0
"""Grey levels of sensor noise, without which a decoder has nothing to do."""
FILMED_FPS = 10
SECONDS = 12
SAMPLE_S = 0.5
CLIP = "steps"
WARM = 4
"""Counted frames after which all that is computed once has been."""


@dataclass(frozen=True)
class Cost:
    """CPU seconds for a second of video, round by round: decoding and counting alone, and with ground and motion."""

    without: list[float]
    together: list[float]

    @property
    def added(self) -> float:
        """Median share that ground and motion add."""
        return float(np.median(self.together) / np.median(self.without) - 1)


def measure(rounds: int, model: str, say: Callable[[str], None]) -> Cost:
    """Play a clip of 1280 x 720 at 2 counted frames a second, `rounds` times either way, by turns."""
    counter = _FullSize(models.load(model, threads=1))
    cost = Cost([], [])
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        _write(clip)
        settings = _box(clip)
        _play(settings, counter, with_ground=True)  # kernels and caches are warm after that
        for number in range(rounds):
            cost.without.append(_play(settings, counter, with_ground=False))
            cost.together.append(_play(settings, counter, with_ground=True))
            say(f"round {number + 1}: {cost.without[-1]:.3f} s without, {cost.together[-1]:.3f} s with")
    return cost


def _write(path: Path) -> None:
    """The densest part of a sample clip, made as large as a camera's picture."""
    capture = cv2.VideoCapture(str(sample_videos.clip(CLIP)))
    capture.set(cv2.CAP_PROP_POS_FRAMES, 900)
    writer = _H264(path)
    rng = np.random.default_rng(0)
    noise = rng.normal(0, NOISE, (2 * SIZE[1], 2 * SIZE[0], 1)).astype(np.float32)
    picture, shown = None, -1
    for index in range(FPS * SECONDS):
        while shown < index * FILMED_FPS // FPS:
            good, small = capture.read()
            if not good:
                break
            picture, shown = cv2.resize(small, SIZE, interpolation=cv2.INTER_CUBIC).astype(np.float32), shown + 1
        if picture is None:
            break
        x, y = (int(rng.integers(side)) for side in SIZE)
        writer.write(np.clip(picture + noise[y : y + SIZE[1], x : x + SIZE[0]], 0, 255).astype(np.uint8))
    writer.close()
    capture.release()


class _FullSize:
    """Counts pictures at their own size, which 2 frames a second of 1280 x 720 means: in a near view the ground lets a
    counter shrink them, and counting costs less with it than without."""

    def __init__(self, counter: Counter) -> None:
        self._counter, self.name, self.digest = counter, counter.name, counter.digest

    def count(self, frame: NDArray[np.generic], view: View | None = None) -> Count:
        return self._counter.count(frame)


class _H264:
    """What cameras send."""

    def __init__(self, path: Path) -> None:
        import av

        self._frame = av.VideoFrame
        self._file = av.open(str(path), "w")
        self._stream = self._file.add_stream("libx264", rate=FPS, options={"crf": "26", "preset": "veryfast"})
        self._stream.width, self._stream.height, self._stream.pix_fmt = *SIZE, "yuv420p"

    def write(self, picture: NDArray[np.uint8]) -> None:
        self._file.mux(self._stream.encode(self._frame.from_ndarray(picture, format="bgr24")))

    def close(self) -> None:
        self._file.mux(self._stream.encode(None))
        self._file.close()


def _box(clip: Path) -> BoxSettings:
    """A box whose camera is that of the sample clip, with its zone and a gate."""
    truth = yaml.safe_load(sample_videos.camera_file(CLIP).read_text(encoding="utf-8"))
    scale = SIZE[0] / truth["picture_px"][0]
    points = tuple(
        GroundPoint(
            pixel=(each["pixel"][0] * scale, each["pixel"][1] * scale), ground=tuple(each["ground"]), z=each["z"]
        )
        for each in truth["ground_points"]
    )
    camera = CameraSettings(name="camera", source=str(clip), sample_s=SAMPLE_S, picture_px=SIZE, ground_points=points)
    zones = tuple(
        ZoneSettings(name=zone["name"], camera="camera", polygon=tuple(map(tuple, zone["polygon"])))
        for zone in truth["zones"]
    )
    gate = GateSettings(name="gate", camera="camera", line=((-3.0, 4.0), (3.0, 4.0)))
    return BoxSettings(site="bench", box="bench", cameras=(camera,), zones=zones, gates=(gate,))


def _play(settings: BoxSettings, counter: Counter, *, with_ground: bool) -> float:
    """CPU seconds of all threads of this process for a second of video."""
    camera, plan = settings.cameras[0], make_plan(settings)
    counting = Counting(settings, plan, counter, {}, threading.Event(), lambda name, seconds: None)
    reader = open_reader(str(camera.source), open_timeout_s=10, read_timeout_s=10)
    past, wanted, frames = Past(SAMPLE_S), 0.0, 0
    began: float | None = None
    try:
        while reader.grab():
            moment = reader.time_s
            if moment + 0.5 / FPS < wanted:
                if with_ground and past.wants(moment, wanted - moment):
                    past.keep(reader.picture(), moment)
                continue
            wanted += SAMPLE_S
            picture = reader.picture()
            if picture is None:
                continue
            if with_ground:
                before = past.before(moment)
                small = past.counted(picture, moment)
                counting.count(Frame(picture, frames, moment, moment, "camera", before, small))
            else:
                counter.count(picture, View("camera", plan.head_px("camera", SIZE[0])))
            frames += 1
            if frames == WARM:
                # What is computed once for a zone is no cost of a frame.
                began, first = time.process_time(), moment
    finally:
        reader.close()
    if began is None or frames < 3:
        raise RuntimeError("the clip gave no frames")
    return (time.process_time() - began) / (moment - first)
