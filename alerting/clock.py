"""The service's clock: it never goes back, whatever is done to the machine's.

It runs with the monotonic clock and is drawn to the wall clock: behind by more than two seconds it jumps forward,
ahead it runs up to a tenth slower until the wall clock has caught up. A jump of more than a day is followed only once
it has stayed for a minute: there is no way back from it.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

JUMP_S = 2.0
MOST_SLEW = 0.1
SLEW_PER_S = 0.05
DOUBTFUL_S = 86_400.0
CONFIRM_S = 60.0


class Clock:
    """Seconds since 1970 UTC; not before `not_before`, which is where the record ends. Safe for several threads."""

    def __init__(self, not_before: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._steady = time.monotonic()
        self._at = max(time.time(), not_before)
        self._doubted: float | None = None

    @property
    def ahead_s(self) -> float:
        """How far it is ahead of the machine's clock."""
        return self._at - time.time()

    def now(self) -> float:
        with self._lock:
            steady = time.monotonic()
            passed, wall = steady - self._steady, time.time()
            if wall - self._at - passed <= DOUBTFUL_S:
                self._doubted = None
            else:
                self._doubted = steady if self._doubted is None else self._doubted
                if steady - self._doubted < CONFIRM_S:
                    wall = self._at + passed
            self._at = advance(self._at, passed, wall)
            self._steady = steady
            return self._at

    def utc(self) -> datetime:
        return datetime.fromtimestamp(round(self.now(), 3), UTC)


def advance(at: float, passed: float, wall: float) -> float:
    """The time after `passed` seconds, when the wall clock shows `wall`; never below `at`."""
    ahead = at + passed - wall
    if ahead < -JUMP_S:
        return wall
    return at + passed * (1 - max(-MOST_SLEW, min(MOST_SLEW, ahead * SLEW_PER_S)))
