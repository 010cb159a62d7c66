"""A wave of people that leaves one zone warns the next one on its path before it arrives."""

from __future__ import annotations

from msgspec.structs import replace

from alerting.assess.levels import MAX_WHY, RISING, Reached
from alerting.assess.state import SiteState, Wave, ZoneState
from wire import Kind, Tier

#: A zone is emptying where in a minute so much of its people leave it [J].
LEAVING = 0.04
#: A warning of a wave lasts so long after it should have arrived.
LINGERS_S = 120.0
#: A wave of longer than this is a flow.
LONGEST_MIN = 5.0


def waves(state: SiteState, now: float) -> dict[str, Wave]:
    """Which zones a wave is on its way to, at `now`."""
    found: dict[str, Wave] = {}
    for zone in state.zones.values():
        if not zone.rules.onward or zone.tier < Tier.YELLOW or zone.unknown_since is not None:
            continue
        trend = zone.people_trend
        if trend is None or trend.minutes < 3 or now // 60 - trend.minute > 1 or -trend.slope < LEAVING * trend.level:
            continue
        share = 1 / len(zone.rules.onward)
        for onward in zone.rules.onward:
            there = state.zones.get(onward.zone)
            wave = None if there is None else _arriving(zone, there, -trend.slope * share, onward.walk_s, now)
            if wave is not None and (onward.zone not in found or wave.tier > found[onward.zone].tier):
                found[onward.zone] = wave
    return found


def _arriving(source: ZoneState, there: ZoneState, per_minute: float, walk_s: float, now: float) -> Wave | None:
    """What so many people a minute would make of the next zone, one tier below that."""
    trend, area = there.density_trend, there.area_m2
    if trend is None or trend.minutes < 3 or area is None or there.unknown_since is not None:
        return None
    people = per_minute * min(LONGEST_MIN, max(1.0, walk_s / 60))
    # They come on top of those who are there, spread as those are: what is dense gets denser.
    mean = (there.people_trend.level if there.people_trend is not None else 0.0) / area
    uneven = trend.level / mean if mean > 0.1 else 1.0
    density = trend.level + max(1.0, min(3.0, uneven)) * people / area
    tier = next((tier for tier in RISING if density >= there.rules.density.of(tier)), Tier.NORMAL)
    # Never to more than the zone that they come from, and one below what is foreseen.
    tier = min(Tier(max(0, tier - 1)), source.tier)
    if tier is Tier.NORMAL:
        return None
    why = (
        f"neighbour {source.rules.zone} is emptying: about {people:.0f} people on their way, "
        f"{density:.1f} persons/m² in the worst cell when they arrive in {walk_s:.0f} s"
    )
    return Wave(tier, now + walk_s + LINGERS_S, why[:MAX_WHY])


def with_wave(zone: ZoneState, wave: Wave | None, now: float) -> ZoneState:
    """The zone with the highest wave that is still due."""
    old = zone.wave if zone.wave is not None and now <= zone.wave.until else None
    if wave is not None and (old is None or wave.tier >= old.tier):
        return replace(zone, wave=wave)
    return zone if old is zone.wave else replace(zone, wave=old)


def warned(zone: ZoneState, now: float) -> list[Reached]:
    wave = zone.wave
    return [] if wave is None or now > wave.until else [Reached("neighbour", wave.tier, wave.why, Kind.FORECAST)]
