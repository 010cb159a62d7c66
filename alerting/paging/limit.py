"""How many pages a vendor takes: a count over the last minute, with a fifth of it kept for red."""

from __future__ import annotations

from collections import deque

MINUTE_S = 60.0


class Limit:
    def __init__(self, per_minute: int | None) -> None:
        """None: there is no limit."""
        self._most = per_minute
        self._times: deque[float] = deque()

    def ready(self, steady: float, red: bool) -> bool:
        """Whether one more may go now."""
        if self._most is None:
            return True
        while self._times and steady - self._times[0] >= MINUTE_S:
            self._times.popleft()
        return len(self._times) < (self._most if red else self._most - self._most // 5)

    def took(self, steady: float) -> None:
        if self._most is not None:
            self._times.append(steady)
