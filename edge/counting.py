"""The one thread that counts: the newest frame of each camera in turn, and the figures of its zones."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.capture import Camera, Frame
from edge.density import Figures, ZoneDensity, smoothed
from edge.drift import Memory, View
from edge.fusion import Whole
from edge.gates import Flow
from edge.movement import Movement, Moving
from edge.plan import Plan
from edge.settings import BoxSettings
from models import Count, Counter, CountRefused
from models import View as Scale

_log = logging.getLogger(__name__)

#: A picture may have another size than the calibration's, but not another shape: sides may differ by this share.
_SHAPE_SHARE = 0.01
_WAIT_S = 0.5
#: What a counter says of a picture that shows nothing: its figures are no evidence that nobody is there.
SHOWS_NOTHING = frozenset({"dark", "blank"})


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
    #: How the people of each zone move, of those where that is known.
    moving: dict[str, Moving] = field(default_factory=dict)
    #: By zone: cameras that were not there to count it.
    lost: dict[str, tuple[str, ...]] = field(default_factory=dict)
    view: View = View.LEARNING


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
        memories: dict[str, Memory] | None = None,
    ) -> None:
        self._plan = plan
        self._counter = counter
        self._cameras = cameras
        self._news = news
        self._took = took
        self._smoothing = {zone.name: zone.smoothing_s for zone in settings.zones}
        self._densities: dict[tuple[object, ...], ZoneDensity] = {}
        self.movement = Movement(settings, plan, memories)
        self._counts: dict[str, tuple[float, Count]] = {}
        self._wholes = {name: Whole() for name, views in plan.views.items() if len(views) > 1}
        self._oldest_s = {camera.name: camera.stalled_after_s + camera.sample_s for camera in settings.cameras}
        #: Cameras whose pictures are worth nothing now; set by whoever supervises them.
        self.lost: frozenset[str] = frozenset()
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
        self._counts[frame.camera] = (frame.captured, count)
        self.movement.take(frame, count)
        figures: dict[str, Figures] = {}
        moving: dict[str, Moving] = {}
        lost: dict[str, tuple[str, ...]] = {}
        for name in self._plan.watched_by(frame.camera):
            cameras = self._there(name, frame.captured, frame.camera)
            density = self._density(name, cameras)
            now = density.figures(*(self._counts[camera][1] for camera in cameras))
            lost[name] = tuple(camera for camera in self._plan.views[name] if camera not in cameras)
            if name in self._wholes:
                now = self._wholes[name].filled(now, density.visible_m2, self._full_m2(name), frame.captured)
            clean = before is not None and not (before.reasons or before.saturated or count.reasons or count.saturated)
            figures[name] = self._smooth(name, before, now, frame.captured) if clean else now
            moved = self.movement.zone(name, density, cameras, frame.captured)
            if moved is not None:
                moving[name] = moved
        self._took(frame.camera, time.monotonic() - begin)
        view = self.movement.view(frame.camera)
        return Result(
            frame.captured, figures, count.method, tuple(count.reasons), count.saturated, "", moving, lost, view
        )

    def flow(self, gate: str, now: float) -> Flow | None:
        """What passed a gate lately."""
        return self.movement.flow(gate, now)

    def _there(self, zone: str, now: float, camera: str) -> list[str]:
        """The cameras of a zone whose counts tell of now; `camera` has just counted."""
        found = []
        for each in self._plan.views[zone]:
            taken = self._counts.get(each)
            fresh = taken is not None and now - taken[0] <= self._oldest_s.get(each, 6.0)
            shows = taken is not None and not set(taken[1].reasons) & SHOWS_NOTHING
            if each == camera or (each not in self.lost and fresh and shows):
                found.append(each)
        return found

    def _density(self, zone: str, cameras: list[str]) -> ZoneDensity:
        shapes = [self._counts[camera][1].grid.shape for camera in cameras]
        sizes = [(int(rows), int(cols)) for rows, cols in shapes]
        key = (zone, *cameras, *sizes)
        if key not in self._densities:
            self._densities[key] = ZoneDensity([self._plan.views[zone][camera] for camera in cameras], sizes)
        return self._densities[key]

    def _full_m2(self, zone: str) -> float:
        """Square metres of a zone that all its cameras see together."""
        views = list(self._plan.views[zone].values())
        key = (zone, "full")
        if key not in self._densities:
            self._densities[key] = ZoneDensity(views, [(2, 2)] * len(views))
        return self._densities[key].visible_m2

    def _view(self, frame: Frame) -> Scale:
        return Scale(frame.camera, self._plan.head_px(frame.camera, frame.size[0]))

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
