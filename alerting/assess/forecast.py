"""What a zone will be like in 5 to 120 minutes: a quantile band, and how likely it crosses each threshold, and when.

People and density follow a damped trend in innovations state-space form (Hyndman et al., Forecasting with Exponential
Smoothing, 2008, ch. 6: its variances; the robust clipping after Gelper et al. 2010), minute by minute. Where gates are
counted, people follow conservation instead: people now plus the integral of in minus out. What the zone's history
expects is weighed in by its own scatter. Everything here is a function of the state: nothing is drawn, nothing is kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from alerting.assess.state import Trend, Typical, ZoneState

Figure = Literal["density", "people", "occupancy"]
HORIZONS = (5, 10, 15, 30)
#: For people where gates are counted, and for occupancy.
LONG_HORIZONS = (5, 10, 15, 30, 60, 120)
LONGEST = LONG_HORIZONS[-1]

#: Smoothing of level and slope a minute, and how much of the slope lasts from one minute to the next [J].
ALPHA, BETA, DAMP = 0.4, 0.06, 0.985
#: The same while a change lasts.
QUICK_ALPHA, QUICK_BETA = 0.6, 0.25
#: A minute that differs by more than so many sigma is cut to that, unless the one before did too: one burst does not
#: make a trend, and a change that lasts does.
CLIP = 2.5
#: Smoothing of the variance; the net flow of gates has a level only, smoothed so, and so much of it lasts a minute.
VARIANCE, NET_ALPHA, NET_DAMP = 0.06, 0.08, 0.99
#: Minutes until a trend is worth a forecast, and after a gap of so many it begins anew.
MIN_MINUTES, MAX_GAP = 6, 10
#: After so many minutes that nobody saw, so many must be seen before the trend is worth a forecast again [J].
UNSEEN, SEEN_AGAIN = 2, 3
#: The 90 % band of a normal distribution; forecasts of crowds have fatter tails, so sigma is taken so much wider [J].
NORMAL_90, WIDER = 1.645, 1.15

#: No flow is known better than to a hundredth of what passes.
GATES_KNOWN = 0.01

_REACH = tuple(DAMP * (1 - DAMP**h) / (1 - DAMP) for h in range(LONGEST + 1))
#: By minutes ahead, how many times the variance of one minute.
_SPREAD = (0.0, *accumulate([1.0, *((ALPHA + BETA * _REACH[j]) ** 2 for j in range(1, LONGEST))]))
_NET_REACH = tuple(NET_DAMP * (1 - NET_DAMP**h) / (1 - NET_DAMP) for h in range(LONGEST + 1))
_NET_SPREAD = (0.0, *accumulate((1 + NET_ALPHA * k) ** 2 for k in range(LONGEST)))


def follow(trend: Trend | None, value: float, at: float, alpha: float = ALPHA, beta: float = BETA) -> Trend:
    """The trend after one more reading of the figure, taken `at`; one of a minute that is over changes nothing."""
    minute = int(at // 60)
    if trend is None:
        return Trend(minute, total=value, readings=1)
    if minute < trend.minute:
        return trend
    if minute > trend.minute:
        trend = _close(trend, minute, alpha, beta)
    return Trend(
        trend.minute,
        trend.level,
        trend.slope,
        trend.variance,
        trend.minutes,
        trend.total + value,
        trend.readings + 1,
        trend.astray,
    )


def _close(trend: Trend, minute: int, alpha: float, beta: float) -> Trend:
    """Take the minute that is over into the trend, and pass over those that nobody saw."""
    gap = minute - trend.minute
    if gap > MAX_GAP:
        return Trend(minute)
    level, slope, variance, minutes, astray = trend.level, trend.slope, trend.variance, trend.minutes, trend.astray
    if trend.readings:
        seen = trend.total / trend.readings
        if not minutes:
            level = seen
        else:
            damped = DAMP * slope
            error = seen - level - damped
            if minutes >= MIN_MINUTES:
                limit = CLIP * math.sqrt(variance)
                astray = 0 if abs(error) <= limit else max(astray, 0) + 1 if error > 0 else min(astray, 0) - 1
                # A burst is cut; what lasts is a change, and is followed.
                if abs(astray) == 1:
                    error = min(limit, max(-limit, error))
                elif astray:
                    alpha, beta = max(alpha, QUICK_ALPHA), QUICK_BETA if beta else 0.0
            # The first minutes teach quicker, as in a filter that begins with a wide guess.
            first = 2 / (minutes + 2)
            level += damped + max(alpha, min(1.0, first)) * error
            slope = damped + (max(beta, first * first / 2) if beta else 0.0) * error
            share = max(VARIANCE, 1 / (minutes + 1))
            # Clipped errors would let the variance shrink for ever: it may always grow by a tenth a minute.
            variance += share * (error * error * (1.1 if minutes >= MIN_MINUTES else 1.0) - variance)
        minutes += 1
    if gap > UNSEEN:
        minutes = min(minutes, MIN_MINUTES - SEEN_AGAIN)
    for _ in range(gap - 1):
        slope *= DAMP
        level += slope
    return Trend(minute, level, slope, variance, minutes, astray=astray)


@dataclass(frozen=True)
class Ahead:
    """A figure so many minutes ahead: its median, and sigma of a normal distribution round it."""

    minutes: int
    median: float
    sigma: float

    def quantile(self, sigmas: float) -> float:
        return max(0.0, self.median + sigmas * self.sigma)

    @property
    def low(self) -> float:
        return self.quantile(-NORMAL_90)

    @property
    def high(self) -> float:
        return self.quantile(NORMAL_90)

    def above(self, threshold: float) -> float:
        """How likely the figure is at or above `threshold` by then."""
        if self.sigma <= 0:
            return 1.0 if self.median >= threshold else 0.0
        return 0.5 * math.erfc((threshold - self.median) / (self.sigma * math.sqrt(2)))


def forecast(zone: ZoneState, figure: Figure, now: float) -> tuple[Ahead, ...]:
    """The figure at each horizon; empty where too little is known, or the newest is too old, to say anything."""
    if figure == "occupancy":
        inside = zone.inside
        if inside is None or now - inside.at > zone.rules.gate_stale_s:
            return ()
        spread = max(0.0, inside.high - inside.low) / 2 / NORMAL_90
        return _conserved(zone, inside.value, spread * spread, now) or ()
    trend = zone.density_trend if figure == "density" else zone.people_trend
    if trend is None or trend.minutes < MIN_MINUTES or int(now // 60) - trend.minute > 1:
        return ()
    expected = zone.typical if now <= zone.typical_until else ()
    if figure == "people":
        conserved = _conserved(zone, trend.level, trend.variance, now)
        if conserved is not None:
            return tuple(_weighed(one, trend.level, expected, figure) for one in conserved)
    sigma = math.sqrt(max(trend.variance, _floor(trend.level))) * WIDER
    return tuple(
        _weighed(
            Ahead(h, max(0.0, trend.level + trend.slope * _REACH[h]), sigma * math.sqrt(_SPREAD[h])),
            trend.level,
            expected,
            figure,
        )
        for h in HORIZONS
    )


def _floor(level: float) -> float:
    """No figure is known better than to half a percent."""
    return (0.005 * level) ** 2 + 1e-9


def gates_known(zone: ZoneState, now: float) -> bool:
    """Whether the gates of this zone tell enough to forecast from."""
    net = zone.net_trend
    return (
        net is not None
        and net.minutes >= MIN_MINUTES
        and bool(zone.passing)
        and all(now - one.at <= zone.rules.gate_stale_s for one in zone.passing)
    )


def _conserved(zone: ZoneState, people: float, variance: float, now: float) -> tuple[Ahead, ...] | None:
    """People now plus the integral of in minus out; None without gates."""
    net = zone.net_trend
    if net is None or not gates_known(zone, now):
        return None
    through = sum(one.inflow + one.outflow for one in zone.passing)
    per_minute = max(net.variance, (GATES_KNOWN * through) ** 2 + 0.01) * WIDER**2
    return tuple(
        Ahead(h, max(0.0, people + net.level * _NET_REACH[h]), math.sqrt(variance + per_minute * _NET_SPREAD[h]))
        for h in LONG_HORIZONS
    )


def _weighed(ahead: Ahead, level: float, expected: tuple[Typical, ...], figure: str) -> Ahead:
    """With what history expects, each weighed by how well it is known (inverse variance)."""
    for one in expected:
        if one.figure == figure and one.minutes == ahead.minutes and one.sigma > 0 and ahead.sigma > 0:
            mine, its = 1 / ahead.sigma**2, 1 / one.sigma**2
            median = (ahead.median * mine + (level + one.change) * its) / (mine + its)
            return Ahead(ahead.minutes, max(0.0, median), math.sqrt(1 / (mine + its)))
    return ahead


def minutes_to(zone: ZoneState, figure: Figure, threshold: float, now: float) -> float | None:
    """Minutes until the figure reaches `threshold`: 0 where it has, None where it is not foreseen within two hours.

    Where gates are counted, at the flow of now, which errs on the early side; otherwise by the median.
    """
    known = forecast(zone, figure, now)
    if not known:
        return None
    inside, trend = zone.inside, zone.density_trend if figure == "density" else zone.people_trend
    start = inside.value if figure == "occupancy" and inside is not None else trend.level if trend is not None else 0.0
    if start >= threshold:
        return 0.0
    net = zone.net_trend
    if figure != "density" and net is not None and gates_known(zone, now):
        minutes = (threshold - start) / net.level if net.level > 0 else math.inf
        return minutes if minutes <= LONGEST else None
    before, value = 0, start
    for one in known:
        if one.median >= threshold:
            return before + (one.minutes - before) * (threshold - value) / (one.median - value)
        before, value = one.minutes, one.median
    return None
