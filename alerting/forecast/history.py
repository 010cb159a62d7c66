"""The usual course of a day at one place, and how far from it things stay once they are off.

By kind of day (working day, Saturday, Sunday) and time of day: the median of the last weeks. A figure that is above the
usual now is expected to stay above it by a share that is learned for each horizon. No clock, no I/O.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

#: So many days of one kind are remembered for each time of day, and so many are needed to say anything.
WEEKS, MIN_DAYS = 10, 3
#: How fast old errors are forgotten, per value.
FORGET = 0.01


@dataclass(frozen=True)
class Expected:
    """A figure at some time ahead, and its scatter (1 sigma)."""

    value: float
    sigma: float


def kind_of_day(moment: datetime) -> str:
    """`working`, `saturday` or `sunday`, by the local date of `moment`."""
    return ("saturday", "sunday")[moment.weekday() - 5] if moment.weekday() >= 5 else "working"


@dataclass
class _Learned:
    """What is known of one horizon: how much of a deviation lasts, and the size of relative errors by time of day."""

    cross: float = 0.0
    square: float = 1e-9
    errors: dict[int, float] = field(default_factory=dict)

    @property
    def lasts(self) -> float:
        return min(1.0, max(0.0, self.cross / self.square))


@dataclass
class History:
    """One figure of one zone. `slot_min` minutes make a slot; values come in the order of time, one a slot."""

    slot_min: int = 60
    _days: dict[tuple[str, int], deque[float]] = field(default_factory=dict)
    _learned: dict[int, _Learned] = field(default_factory=dict)
    #: Deviations of the last slots, the newest at the end, and forecasts that wait to be scored: due slot, slots ahead.
    _deviations: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=400))
    _waiting: dict[tuple[int, int], tuple[float, float]] = field(default_factory=dict)

    def add(self, moment: datetime, value: float, slots_ahead: tuple[int, ...] = ()) -> None:
        """Take a value of the slot that `moment` (local time) lies in, and learn how the last forecasts fared."""
        index, key = self._index(moment), self._key(moment)
        usual = self._usual(key)
        if usual is not None:
            deviation = value - usual
            before = dict(self._deviations)
            for ahead in slots_ahead:
                learned = self._learned.setdefault(ahead, _Learned())
                old = before.get(index - ahead)
                if old is not None:
                    learned.cross += FORGET * (old * deviation - learned.cross)
                    learned.square += FORGET * (old * old - learned.square)
                told = self._waiting.pop((index, ahead), None)
                if told is not None:
                    expected, scale = told
                    error = abs(value - expected) / scale
                    hour = key[1]
                    known = learned.errors.get(hour)
                    # Huge errors are cut, so that one festival does not blind the band for weeks.
                    learned.errors[hour] = (
                        error if known is None else known + 0.05 * (min(error, 4 * known + 0.05) - known)
                    )
            self._deviations.append((index, deviation))
        self._days.setdefault(key, deque(maxlen=WEEKS * (5 if key[0] == "working" else 1))).append(value)
        for ahead in slots_ahead:
            found = self._expect(index, key, self._later(moment, ahead), value, ahead)
            if found is not None:
                self._waiting[index + ahead, ahead] = (found, self._scale(found))
        for due in [due for due in self._waiting if due[0] < index]:
            del self._waiting[due]

    def expect(self, moment: datetime, value: float, target: datetime, slots_ahead: int) -> Expected | None:
        """The figure at `target`, `slots_ahead` slots after `moment`, when it is `value` now; None without a past."""
        found = self._expect(self._index(moment), self._key(moment), target, value, slots_ahead)
        if found is None:
            return None
        learned = self._learned.get(slots_ahead)
        errors = {} if learned is None else learned.errors
        relative = errors.get(self._key(target)[1], median(errors.values()) if errors else 0.5)
        # From the mean absolute error to sigma of a normal distribution.
        return Expected(found, relative * self._scale(found) * math.sqrt(math.pi / 2))

    def _expect(
        self, index: int, key: tuple[str, int], target: datetime, value: float, slots_ahead: int
    ) -> float | None:
        now, then = self._usual(key), self._usual(self._key(target))
        if now is None or then is None:
            return None
        learned = self._learned.get(slots_ahead)
        lasts = learned.lasts if learned is not None else 0.0
        # What is usual scales: a deviation at a quiet hour is small at that.
        size = min(3.0, max(0.33, self._scale(then) / self._scale(now)))
        return max(0.0, then + lasts * (value - now) * math.sqrt(size))

    def _later(self, moment: datetime, ahead: int) -> datetime:
        return datetime.fromtimestamp(moment.timestamp() + ahead * self.slot_min * 60, moment.tzinfo)

    @staticmethod
    def _scale(value: float) -> float:
        return max(1.0, value)

    def _index(self, moment: datetime) -> int:
        return int(moment.timestamp() // (60 * self.slot_min))

    def _key(self, moment: datetime) -> tuple[str, int]:
        return kind_of_day(moment), (moment.hour * 60 + moment.minute) // self.slot_min

    def _usual(self, key: tuple[str, int]) -> float | None:
        known = self._days.get(key)
        return None if known is None or len(known) < MIN_DAYS else median(known)
