"""The last hours of each zone, thinned to buckets: what the charts draw. Filled from what is shown, and at the start
from the record, so that a console that begins anew does not begin with empty charts.
"""

from __future__ import annotations

import math
import threading
from array import array
from collections.abc import Iterable

from alerting.view import ZoneView
from wire import Band, Instant, Readings, State

#: Seconds of one bucket.
STEP_S = 30
#: What is kept of each zone. Flows are known from the start of the console on: the record tells of gates, not of zones.
FIGURES = ("density", "people", "inflow", "outflow")
_NAN = math.nan
Key = tuple[str, str]


class Track:
    """One figure of one zone in a ring of buckets: mean of the values, lowest low, highest high; NaN where unknown."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._slot = array("q", [-1] * size)
        self._sum, self._number = array("d", [0.0] * size), array("l", [0] * size)
        self._low, self._high = array("d", [_NAN] * size), array("d", [_NAN] * size)

    def add(self, at: float, band: Band) -> None:
        slot = int(at // STEP_S)
        place = slot % self._size
        if self._slot[place] > slot:
            return
        if self._slot[place] < slot:
            self._slot[place], self._sum[place], self._number[place] = slot, 0.0, 0
            self._low[place] = self._high[place] = _NAN
        first = not self._number[place]
        self._sum[place] += band.value
        self._number[place] += 1
        self._low[place] = band.low if first else min(self._low[place], band.low)
        self._high[place] = band.high if first else max(self._high[place], band.high)

    def between(self, first: int, last: int) -> tuple[list[float | None], list[float | None], list[float | None]]:
        """Value, low and high of the buckets `first` to `last`."""
        value: list[float | None] = []
        low: list[float | None] = []
        high: list[float | None] = []
        for slot in range(first, last + 1):
            place = slot % self._size
            known = self._slot[place] == slot and self._number[place] > 0
            value.append(round(self._sum[place] / self._number[place], 3) if known else None)
            low.append(round(self._low[place], 3) if known else None)
            high.append(round(self._high[place], 3) if known else None)
        return value, low, high


class History:
    """For several threads."""

    def __init__(self, hours: int, zones: Iterable[Key]) -> None:
        self.hours = hours
        size = hours * 3600 // STEP_S + 2
        self._tracks = {key: tuple(Track(size) for _ in FIGURES) for key in zones}
        self._lock = threading.Lock()

    def add_views(self, zones: Iterable[ZoneView], at: float) -> None:
        """What is known of the zones `at` (seconds since 1970 UTC, the service's clock)."""
        with self._lock:
            for zone in zones:
                flows = [_one(value) for value in (zone.inflow, zone.outflow)]
                self._add((zone.site, zone.zone), at, zone.density, zone.people, *flows)

    def add_readings(self, message: Readings, at: float) -> None:
        """A message of the record that arrived `at`."""
        with self._lock:
            for reading in message.readings:
                if isinstance(reading, Instant) and reading.state is not State.UNKNOWN:
                    worst = reading.peak_density
                    if worst is None and reading.density is not None:
                        worst = Band(value=reading.density, low=reading.density, high=reading.density)
                    self._add((message.site, reading.zone), at - reading.age_s, worst, reading.count)

    def _add(self, key: Key, at: float, *figures: Band | None) -> None:
        tracks = self._tracks.get(key)
        if tracks is None:
            return
        for track, band in zip(tracks, figures, strict=False):
            if band is not None:
                track.add(at, band)

    def of(self, key: Key, now: float, hours: float) -> dict[str, object]:
        """Columns of the last `hours`: begin of each bucket (seconds since 1970 UTC), each figure with its band."""
        last = int(now // STEP_S)
        first = last - int(min(hours, self.hours) * 3600 // STEP_S)
        with self._lock:
            tracks = self._tracks.get(key)
            found = [track.between(first, last) for track in tracks] if tracks is not None else []
        whole: dict[str, object] = {"step_s": STEP_S, "at": [slot * STEP_S for slot in range(first, last + 1)]}
        for name, columns in zip(FIGURES, found, strict=False):
            whole[name] = dict(zip(("value", "low", "high"), columns, strict=True))
        return whole


def _one(value: float | None) -> Band | None:
    return None if value is None else Band(value=value, low=value, high=value)
