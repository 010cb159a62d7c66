"""Whether a zone is filling or emptying, from what was seen in the last seconds."""

from __future__ import annotations

from collections import deque
from enum import Enum

#: Over how long a trend is taken, in seconds, and how much of that must have been seen.
SPAN_S = 20.0
LEAST_S = 6.0
#: Change over the span, as a share of the mean, below which it counts as steady; and the smallest mean that counts,
#: so that one or two people who pass are no trend.
STEADY = 0.08
LEAST_PEOPLE = 20.0


class Trend(Enum):
    UNKNOWN = "unknown"
    RISING = "rising"
    STEADY = "steady"
    FALLING = "falling"

    @property
    def arrow(self) -> str:
        return {"unknown": "·", "rising": "▲", "steady": "▶", "falling": "▼"}[self.value]


class Trends:
    """The last seconds of one figure for each key; a gap (None) begins anew."""

    def __init__(self) -> None:
        self._seen: dict[object, deque[tuple[float, float]]] = {}

    def add(self, key: object, seconds: float, figure: float | None) -> None:
        """`figure` as it was at `seconds`, a clock that only goes forward."""
        seen = self._seen.setdefault(key, deque())
        if figure is None:
            seen.clear()
            return
        seen.append((seconds, figure))
        while seen and seconds - seen[0][0] > SPAN_S:
            seen.popleft()

    def of(self, key: object) -> Trend:
        return trend(list(self._seen.get(key, ())))


def trend(seen: list[tuple[float, float]]) -> Trend:
    """The sign of the least-squares slope through (seconds, figure), where it is more than noise."""
    if len(seen) < 3 or seen[-1][0] - seen[0][0] < LEAST_S:
        return Trend.UNKNOWN
    middle = sum(at for at, _ in seen) / len(seen)
    mean = sum(figure for _, figure in seen) / len(seen)
    spread = sum((at - middle) ** 2 for at, _ in seen)
    slope = sum((at - middle) * (figure - mean) for at, figure in seen) / spread
    change = slope * (seen[-1][0] - seen[0][0]) / max(mean, LEAST_PEOPLE)
    if abs(change) < STEADY:
        return Trend.STEADY
    return Trend.RISING if change > 0 else Trend.FALLING
