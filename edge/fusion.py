"""A zone of several cameras while one of them is lost: what only that one saw is not taken for empty. Pure.

What no camera sees now is taken to be as dense as what is seen, and no emptier than it was when it was last seen, as
long as that was within `REMEMBERED_S`. Its upper end is half as much again. How cameras that see one place share it
stands in `edge.density`.
"""

from __future__ import annotations

from edge.density import Figures
from wire import Band

REMEMBERED_S = 600.0
MISSING_SHARE = 0.02
"""Share of the zone below which nothing is missing: corners at the edge of a picture."""
BEYOND = 0.5


class Whole:
    """One zone of several cameras, look by look."""

    def __init__(self) -> None:
        self._full: tuple[float, Figures] | None = None
        self._unseen: tuple[float, float, float] | None = None

    def filled(self, seen: Figures, seen_m2: float, full_m2: float, now: float) -> Figures:
        """The zone's figures from those of the `seen_m2` that are seen now, of the `full_m2` that all cameras see."""
        missing = max(0.0, full_m2 - seen_m2)
        if missing <= MISSING_SHARE * full_m2:
            self._full, self._unseen = (now, seen), None
            return seen
        if self._unseen is None and self._full is not None:
            # The first look without it: what is gone from the count is what only that camera saw.
            before = self._full[1]
            self._unseen = (self._full[0], max(0.0, before.count.value - seen.count.value), before.peak_density.value)
        people, peak = seen.count.value / seen_m2 * missing, 0.0
        if self._unseen is not None and now - self._unseen[0] <= REMEMBERED_S:
            people, peak = max(people, self._unseen[1]), self._unseen[2]
        value = seen.count.value + people
        count = Band(value=value, low=seen.count.low, high=seen.count.high + people * (1 + BEYOND))
        worst = Band(
            value=max(seen.peak_density.value, peak),
            low=seen.peak_density.low,
            high=max(seen.peak_density.high, peak * (1 + BEYOND)),
        )
        return Figures(count, value / full_m2, worst, seen.peak_place)
