"""The one thread that counts: the newest frame of each camera in turn, and the figures of its zones."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from edge.capture import Camera, Frame
from edge.density import Figures, ZoneDensity, smoothed
from edge.plan import Plan
from edge.settings import BoxSettings
from models import Counter, CountRefused, View

_log = logging.getLogger(__name__)

#: A picture may have another size than the calibration's, but not another shape: sides may differ by this share.
_SHAPE_SHARE = 0.01
_WAIT_S = 0.5


@dataclass(frozen=True)
class Result:
    """What the last count of a camera gave: figures by zone, or why there are none. `captured` is monotonic seconds."""

    captured: float
    figures: dict[str, Figures]
    method: str
    reasons: tuple[str, ...] = ()
    saturated: bool = False
    #: A reason for an unknown reading; empty where there are figures.
    refusal: str = ""


class Counting:
    """Counts frames as they come. `took` is told (camera, seconds) after each count."""

    def __init__(
        self,
        settings: BoxSettings,
        plan: Plan,
        counter: Counter,
        cameras: dict[str, Camera],
        news: threading.Event,
        took: Callable[[str, float], None],
    ) -> None:
        self._plan = plan
        self._counter = counter
        self._cameras = cameras
        self._news = news
        self._took = took
        self._smoothing = {zone.name: zone.smoothing_s for zone in settings.zones}
        self._densities: dict[tuple[str, tuple[int, int]], ZoneDensity] = {}
        self._results: dict[str, Result] = {}
        self._said: dict[str, str] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="levee-counting", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._news.set()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def results(self) -> dict[str, Result]:
        """The last result of each camera that has one."""
        return dict(self._results)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._news.wait(_WAIT_S)
            self._news.clear()
            for name, camera in self._cameras.items():
                frame = camera.take()
                if frame is not None and not self._stop.is_set():
                    self._results[name] = self.count(frame)

    def count(self, frame: Frame) -> Result:
        """The result of one frame, smoothed with the one before."""
        refusal = self._misfit(frame)
        if refusal:
            self._say(frame.camera, refusal)
            return Result(frame.captured, {}, self._counter.name, refusal="picture-size")
        begin = time.monotonic()
        try:
            count = self._counter.count(frame.picture, self._view(frame))
        except CountRefused as error:
            self._say(frame.camera, str(error))
            return Result(frame.captured, {}, self._counter.name, refusal="count-refused")
        self._say(frame.camera, "")
        before = self._results.get(frame.camera)
        figures: dict[str, Figures] = {}
        for name, zone in self._plan.zones.items():
            if self._plan.camera_of[name] != frame.camera:
                continue
            key = (name, (int(count.grid.shape[0]), int(count.grid.shape[1])))
            if key not in self._densities:
                self._densities[key] = ZoneDensity(zone, key[1])
            now = self._densities[key].figures(count)
            clean = before is not None and not (before.reasons or before.saturated or count.reasons or count.saturated)
            figures[name] = self._smooth(name, before, now, frame.captured) if clean else now
        self._took(frame.camera, time.monotonic() - begin)
        return Result(frame.captured, figures, count.method, tuple(count.reasons), count.saturated)

    def _view(self, frame: Frame) -> View:
        return View(frame.camera, self._plan.head_px(frame.camera, frame.size[0]))

    def _smooth(self, zone: str, before: Result | None, now: Figures, captured: float) -> Figures:
        smoothing_s = self._smoothing[zone]
        old = before.figures.get(zone) if before is not None else None
        # After a gap the past says nothing about now.
        if old is None or before is None or captured - before.captured > max(5.0, 3 * smoothing_s):
            return now
        passed = captured - before.captured
        count = smoothed(old.count, now.count, passed, smoothing_s)
        peak = smoothed(old.peak_density, now.peak_density, passed, smoothing_s)
        density = now.density * count.value / now.count.value if now.count.value > 0 else 0.0
        return Figures(count, density, peak, now.peak_place)

    def _misfit(self, frame: Frame) -> str:
        """Why a picture does not fit the calibration of its camera; empty where it does, at whatever resolution."""
        ground = self._plan.grounds.get(frame.camera)
        if ground is None:
            return ""
        (width, height), (own_width, own_height) = frame.size, ground.picture
        if abs(width * own_height / (height * own_width) - 1) <= _SHAPE_SHARE:
            return ""
        return f"pictures of {width} x {height} do not fit `picture_px` {own_width} x {own_height}"

    def _say(self, camera: str, line: str) -> None:
        if line and self._said.get(camera) != line:
            _log.warning("camera %s: not counted: %s", camera, line)
        self._said[camera] = line
