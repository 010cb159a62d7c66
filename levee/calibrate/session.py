"""One installer at one camera: the frame that is shown, what is counted on it, and what is saved."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.density import Figures, ZoneDensity
from edge.points import GroundRefused
from edge.settings import ZoneSettings
from edge.zone import Zone, make_zone
from levee.calibrate import writing
from levee.calibrate.draft import Draft
from levee.calibrate.judge import Judged, judge
from levee.calibrate.look import Figure, Look, cells, heads
from levee.calibrate.target import CalibrateRefused, Target
from levee.calibrate.watch import Watch
from levee.overlay.draw import Overlay
from levee.overlay.seen import ZoneSeen
from models import Count, Counter, CountRefused, View, load

Picture = NDArray[np.uint8]


class Saved:
    """What became of saving: files that ask to be replaced, faults, warnings, or files that were written."""

    def __init__(self) -> None:
        self.ask: list[Path] = []
        self.faults: list[str] = []
        self.warnings: list[str] = []
        self.written: list[Path] = []


class Session:
    """Called from threads of the web server; one count at a time."""

    def __init__(self, watch: Watch, target: Target, draft: Draft, first: tuple[float, Picture], model: str) -> None:
        self.watch, self.target, self.draft = watch, target, draft
        self._model = model
        self._counter: Counter | None = None
        self._lock = threading.Lock()
        self._number = 0
        self.time_s, self._picture = first
        self._pictures: dict[str, bytes] = {}
        self._show(self._picture)

    @property
    def number(self) -> int:
        """Of the frame that is shown."""
        return self._number

    def picture(self, drawn: bool = False) -> bytes:
        """The frame that is shown, JPEG; `drawn`: with what was last counted on it."""
        return self._pictures.get("drawn" if drawn else "plain", self._pictures["plain"])

    def judge(self, draft: Draft) -> Judged:
        return judge(draft)

    def turn(self, time_s: float) -> None:
        """Another frame; SourceRefused where there is none."""
        with self._lock:
            self.time_s, picture = self.watch.frame(time_s)
            self._show(picture)

    def look(self, draft: Draft, time_s: float | None) -> Look:
        """Count the people on the frame at that time, or on the one that is shown."""
        with self._lock:
            if time_s is not None:
                self.time_s, picture = self.watch.frame(time_s)
                self._show(picture)
            return self._look(draft)

    def _look(self, draft: Draft) -> Look:
        judged = judge(draft)
        if self._counter is None:
            self._counter = load(self._model)
        zones = _zones(draft, judged)
        head_px = _head_px(judged, zones)
        try:
            count = self._counter.count(self._picture, View("calibrate", head_px))
        except CountRefused as refused:
            return Look(self.time_s, self._number, refusal=str(refused))
        self._draw(count, zones)
        total = count.total
        state = "degraded" if count.reasons or count.saturated else "good"
        figures = [_figure(zone, count) for zone in zones]
        ground = judged.ground
        return Look(
            self.time_s,
            self._number,
            (total.value, total.low, total.high),
            state,
            list(count.reasons),
            zones=figures,
            cells=cells(ground, count) if ground is not None else [],
            heads=heads(ground, count) if ground is not None else [],
        )

    def _draw(self, count: Count, zones: list[Zone]) -> None:
        rows, cols = count.grid.shape
        seen = [ZoneSeen(zone, ZoneDensity(zone, (int(rows), int(cols))).figures(count)) for zone in zones]
        # Zones change from look to look: nothing is kept of the last one.
        drawn = Overlay().heat(self._picture, count, seen)
        self._pictures["drawn"] = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()

    def save(self, draft: Draft, replace: bool) -> Saved:
        """Nothing that stands is replaced unless `replace`; nothing unsound is written at all."""
        saved = Saved()
        with self._lock:
            try:
                new = writing.texts(self.target, draft)
            except CalibrateRefused as refused:
                saved.faults = str(refused).splitlines()
                return saved
            problems = writing.check(self.target, new)
            saved.faults = [str(problem) for problem in problems if not problem.warning]
            saved.warnings = [str(problem) for problem in problems if problem.warning]
            if saved.faults:
                return saved
            saved.ask = writing.changed(self.target, new)
            if saved.ask and not replace:
                return saved
            saved.ask = []
            saved.written = writing.write(self.target, new)
        return saved

    def _show(self, picture: Picture) -> None:
        whole, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
        if not whole:
            raise CalibrateRefused("the frame cannot be shown")
        self._picture, self._pictures = picture, {"plain": jpeg.tobytes()}
        self._number += 1


def _zones(draft: Draft, judged: Judged) -> list[Zone]:
    made: list[Zone] = []
    if judged.ground is None:
        return made
    for zone, shape in zip(draft.zones, judged.verdict.zones, strict=True):
        if shape.metres is None or shape.refusal is not None or len(shape.metres) < 3:
            continue
        try:
            made.append(make_zone(ZoneSettings(name=zone.name, camera="x", polygon=tuple(shape.metres)), judged.ground))
        except GroundRefused:
            continue
    return made


def _head_px(judged: Judged, zones: list[Zone]) -> tuple[float, float] | None:
    from edge.scale import head_range

    if judged.ground is None or not zones:
        return None
    return head_range(judged.ground, zones)


def _figure(zone: Zone, count: Count) -> Figure:
    rows, cols = count.grid.shape
    found: Figures = ZoneDensity(zone, (int(rows), int(cols))).figures(count)
    people, worst = found.count, found.peak_density
    return Figure(
        zone.name,
        (people.value, people.low, people.high),
        found.density,
        (worst.value, worst.low, worst.high),
        found.peak_place,
    )
