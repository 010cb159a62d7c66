"""When a forecast raises a zone: to one tier below what it foresees, and never down.

A tier is foreseen where it is likely to be reached within the time that somebody needs to act on it, in several looks
after one another. What was raised so is held while reaching it stays rather likely.
"""

from __future__ import annotations

from msgspec.structs import replace

from alerting.assess.forecast import Ahead, Figure, forecast, gates_known
from alerting.assess.levels import MAX_WHY, RISING, Reached, estimate
from alerting.assess.state import Outlook, ZoneState
from wire import Band, Kind, Tier

#: Seconds between two looks ahead, and how many must agree: a minute [J].
EVERY_S, LOOKS = 15.0, 4
#: So likely must a tier be to raise [J], and to hold what was raised.
LIKELY, HOLDS = 0.8, 0.4
#: Minutes ahead that raise, and those for a red that is foreseen: a dispatch takes 5 to 8 minutes, a metro's skip-stop
#: longer; the slow filling of a place, known from its gates, is foreseen for longer. What calls more people must be
#: nearer [J].
DENSITY_MINUTES, PEOPLE_MINUTES, GATES_MINUTES = (15, 10), (30, 15), (60, 30)
#: The forecast that a page tells.
TOLD_MINUTES = 15
#: Below this share of its threshold a density is too far off for a trend to foresee it [J].
NEAR = 0.5


def look_ahead(zone: ZoneState, now: float) -> ZoneState:
    """The zone with its outlook, anew every `EVERY_S`; none where too little is known to foresee anything."""
    before = zone.outlook
    if not zone.rules.forecast or (before is not None and 0 <= now - before.at < EVERY_S):
        return zone
    if zone.tier is Tier.RED and before is None:
        return zone
    likely, holds, why = Tier.NORMAL, Tier.NORMAL, ""
    for figure, minutes in _figures(zone, now):
        known = forecast(zone, figure, now)
        for tier in RISING if known else ():
            threshold = _threshold(zone, figure, tier)
            ahead = [one for one in known if one.minutes <= minutes[tier is Tier.RED]]
            reached = next((one for one in ahead if one.above(threshold) >= LIKELY), None)
            if reached is not None and tier > likely and _near(figure, zone, threshold, now):
                likely, why = tier, _words(zone, figure, tier, threshold, reached)
            if tier > holds and max(one.above(threshold) for one in ahead) >= HOLDS:
                holds = tier
            if tier <= min(likely, holds):
                break
    looks = before.likely if before is not None and now - before.at < 4 * EVERY_S else ()
    return replace(zone, outlook=Outlook(now, (*looks, likely)[-LOOKS:], holds, why))


def density_ahead(zone: ZoneState, now: float) -> tuple[Band | None, int]:
    """The density foreseen for the time that a dispatch takes, and how many minutes that is; none, 0 where unknown."""
    known = (
        [one for one in forecast(zone, "density", now) if one.minutes == TOLD_MINUTES] if zone.rules.forecast else []
    )
    if not known:
        return None, 0
    low, median, high = (round(value, 3) for value in (known[0].low, max(0.0, known[0].median), known[0].high))
    return Band(value=median, low=min(low, median), high=max(high, median)), TOLD_MINUTES


def foreseen(zone: ZoneState) -> list[Reached]:
    """What the outlook raises to, with its words."""
    outlook = zone.outlook
    if outlook is None or len(outlook.likely) < LOOKS:
        return []
    tier = Tier(max(0, min(outlook.likely) - 1))
    return [Reached("forecast", tier, outlook.why, Kind.FORECAST)] if tier is not Tier.NORMAL else []


def still_foreseen(zone: ZoneState, now: float) -> bool:
    """Whether what would raise to the present tier is still rather likely: then it does not fall."""
    outlook = zone.outlook
    return outlook is not None and now - outlook.at < 4 * EVERY_S and outlook.holds > zone.tier


def _figures(zone: ZoneState, now: float) -> list[tuple[Figure, tuple[int, int]]]:
    found: list[tuple[Figure, tuple[int, int]]] = [("density", DENSITY_MINUTES)]
    if zone.rules.capacity is not None:
        gates = gates_known(zone, now)
        found.append(("people", GATES_MINUTES if gates else PEOPLE_MINUTES))
        if zone.inside is not None and gates:
            found.append(("occupancy", GATES_MINUTES))
    return found


def _threshold(zone: ZoneState, figure: Figure, tier: Tier) -> float:
    if figure == "density":
        return zone.rules.density.of(tier)
    return zone.rules.capacity_percent.of(tier) / 100 * (zone.rules.capacity or 0)


def _near(figure: Figure, zone: ZoneState, threshold: float, now: float) -> bool:
    if figure == "density":
        # A trend that went on through a gap says nothing of what is there now.
        present = estimate(zone, Tier.BLUE, now, "density")
        if present is None or present.value < NEAR * threshold:
            return False
        return zone.density_trend is not None and zone.density_trend.level >= NEAR * threshold
    return True


def _words(zone: ZoneState, figure: Figure, tier: Tier, threshold: float, at: Ahead) -> str:
    what = {
        "density": f"density {at.median:.1f} ({at.low:.1f} to {at.high:.1f}) persons/m²",
        "people": f"capacity {at.median:.0f} ({at.low:.0f} to {at.high:.0f}) people",
        "occupancy": f"capacity {at.median:.0f} ({at.low:.0f} to {at.high:.0f}) inside",
    }[figure]
    limit = f"{threshold:g}" if figure == "density" else f"{threshold:.0f}"
    likely = f"{tier.label}, from {limit}, is {at.above(threshold):.0%} likely by then"
    return f"forecast of {what} in {at.minutes} min; {likely}"[:MAX_WHY]
