"""People through a gate, in and out, by density times velocity. Pure.

Between two counts, T seconds apart, everybody crosses a line whose way from x - v T to x leads over it. Summed over the
samples of a density grid, each of which stands for some people, this is the integral of density times velocity along
the line over time (Edie, Discussion of traffic stream measurements and definitions, 1963): it works where no single
person can be followed. Where the counter knows each head (a sparse view) a sample is a person, and the sum counts
tracks. In is from the right to the left of the line as one looks from its first end to its second.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.ground import Ground
from edge.motion import Moves
from edge.points import GroundRefused
from edge.polygon import Points
from edge.settings import GateSettings

SHORTEST_M = 0.3
LONGEST_M = 200.0
REACH_M = 4.0
"""People further away do not reach the gate between two counts: what is looked at around it, metres."""
GAP_S = 3.0
"""After a longer pause between two counts nothing is known of those who passed in it."""
KNOWN_SHARE = 0.5
"""Share of the interval that must be known for a flow to be told."""
FIRST_S = 10.0
"""Seconds that must be known before a gate says anything."""


@dataclass(frozen=True)
class Gate:
    """A line on the ground, its two ends (2, 2) in metres, as one camera sees it."""

    name: str
    ends: Points
    interval_s: float
    ground: Ground

    @property
    def around(self) -> Points:
        """Corners (4, 2) of the ground that people come from between two counts."""
        along = (self.ends[1] - self.ends[0]) / np.hypot(*(self.ends[1] - self.ends[0]))
        out = np.array([-along[1], along[0]]) * REACH_M
        first, second = self.ends[0] - along * REACH_M / 2, self.ends[1] + along * REACH_M / 2
        return np.array([first - out, second - out, second + out, first + out])

    def passed(self, moved: Moves, seconds: float) -> tuple[float, float]:
        """(in, out): how many people have crossed it in the `seconds` before these moves."""
        after = moved.place
        before = after - moved.velocity * seconds
        start, along = self.ends[0], self.ends[1] - self.ends[0]
        left = np.array([-along[1], along[0]])
        side, now = (before - start) @ left, (after - start) @ left
        change = (side >= 0) != (now >= 0)
        share = np.divide(side, side - now, out=np.zeros(len(side)), where=change)
        at = (before + share[:, None] * (after - before) - start) @ along / (along @ along)
        over: NDArray[np.bool_] = change & (at >= 0) & (at <= 1)
        inward = over & (now >= 0)
        return float(moved.people[inward].sum()), float(moved.people[over & ~inward].sum())


def make_gate(settings: GateSettings, ground: Ground) -> Gate:
    """The gate on a camera's ground; GroundRefused with one sentence where it cannot be watched by that camera."""
    ends = np.array(settings.line, dtype=np.float64)
    if not np.isfinite(ends).all():
        raise GroundRefused("the line holds a number that is not finite", "line")
    length = float(np.hypot(*(ends[1] - ends[0])))
    if not SHORTEST_M <= length <= LONGEST_M:
        raise GroundRefused(
            f"a gate {length:,.2f} m wide cannot be: {SHORTEST_M:g} to {LONGEST_M:g} m are watched by one camera",
            "line",
        )
    line = ends[0] + np.linspace(0, 1, 41)[:, None] * (ends[1] - ends[0])
    heads = ground.to_picture(line, height_m=ground.head_height_m)
    if np.isnan(heads[[0, -1]]).any():
        raise GroundRefused("an end of the line lies beyond the horizon or behind the camera", "line")
    width, height = ground.picture
    with np.errstate(invalid="ignore"):
        seen: NDArray[np.bool_] = np.all((heads >= 0) & (heads <= [width, height]), axis=1)
    if seen.mean() < 0.95:
        worst = 0 if not seen[0] else 1
        u, v = heads[0 if worst == 0 else -1]
        raise GroundRefused(
            f"{1 - seen.mean():.0%} of the line lies outside the picture of {width} x {height}: heads at end "
            f"{worst + 1} would be at pixel {u:.0f}, {v:.0f}",
            "line",
        )
    return Gate(settings.name, ends, settings.interval_s, ground)


@dataclass(frozen=True)
class Flow:
    """Persons/min through a gate, over the `interval_s` that are known of the time before."""

    inflow: float
    outflow: float
    interval_s: float


class Passages:
    """What passed a gate lately, count by count. Times are of one clock that never goes back, in seconds."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._known: deque[tuple[float, float, float, float]] = deque()

    def add(self, now: float, seconds: float, inward: float, outward: float) -> None:
        """So many crossed in the `seconds` before `now`."""
        if self._known and now <= self._known[-1][0]:
            return
        self._known.append((now, seconds, inward, outward))
        while self._known[0][0] <= now - self._interval_s:
            self._known.popleft()

    def flow(self, now: float) -> Flow | None:
        """Over the interval before `now`; None where too little of it is known."""
        recent = [each for each in self._known if each[0] > now - self._interval_s]
        known = sum(seconds for _, seconds, _, _ in recent)
        if not recent or known < min(FIRST_S, self._interval_s * KNOWN_SHARE):
            return None
        span = min(self._interval_s, now - (recent[0][0] - recent[0][1]))
        if known < KNOWN_SHARE * span or now - recent[-1][0] > max(GAP_S, self._interval_s * (1 - KNOWN_SHARE)):
            return None
        inward, outward = (sum(each[k] for each in recent) for k in (2, 3))
        return Flow(inward / known * 60, outward / known * 60, known)
