"""One zone at one moment: what its readings say, whether its tier rises, holds or falls.

A tier rises as soon as a cause reaches it: density or capacity over its window, the way the crowd moves (one above what
those two stand for), a forecast (one below what it foresees), a wave from a neighbour. It falls by one after `fall_s`
seconds of good evidence that nothing holds it. A look that shows nothing is no evidence of anything, and one that is
degraded or saturated none for a fall.
"""

from __future__ import annotations

import math

from msgspec.structs import replace

from alerting.assess.effects import Effect, Figures, Page, TierChanged, effect_id
from alerting.assess.estimate import SCALE, Figure, add_second, forget, kept_s, trend
from alerting.assess.forecast import follow
from alerting.assess.levels import MAX_WHY, Reached, base_tier, below, levels, occupancy
from alerting.assess.motion import cause_known, motion_known, observe_motion, raising
from alerting.assess.neighbours import warned
from alerting.assess.occupancy import drift_by_camera
from alerting.assess.outlook import density_ahead, foreseen, look_ahead, still_foreseen
from alerting.assess.sight import sight
from alerting.assess.state import Second, ZoneState
from wire import Band, Instant, Kind, State, Tier

MOTIONS = frozenset({"stall", "counterflow", "pressure", "outflow"})


def observe(zone: ZoneState, reading: Instant, at: float, now: float) -> ZoneState:
    """The zone after `reading`, which arrived at `at`; one whose picture is older than `stale_s` changes nothing."""
    taken = at - reading.age_s
    if now - taken > zone.rules.stale_s:
        return zone
    second = int(taken // 1)
    newest = taken >= zone.seen_at
    density, people, basis = _judged(reading, "peak" in zone.measures, reading.area_m2 or zone.area_m2)
    blind = _blind(zone, reading, density)
    new = Second(second) if blind else Second(second, _whole(density, "density"), _whole(people, "people"))
    seconds, slots = add_second(zone.seconds, new, _oldest(zone, now), zone.slots)
    if not newest:
        return replace(zone, seconds=seconds, slots=slots)
    if blind:
        return replace(zone, seconds=seconds, seen_at=taken, seen=True, blind=blind)
    zone, since_s = observe_motion(zone, reading, taken, now), taken - zone.seen_at
    worst = reading.peak_density
    if worst is None and reading.density is not None:
        worst = Band(value=reading.density, low=reading.density, high=max(reading.density, density or 0.0))
    zone = replace(
        zone,
        seconds=seconds,
        slots=slots,
        seen_at=taken,
        seen=True,
        blind="",
        people=reading.count,
        density=worst,
        basis=basis,
        measures=_measures(zone, reading),
        area_m2=reading.area_m2 or zone.area_m2,
        # Forecasts follow the value, not its bound: a lens that gets dirty is no growing crowd.
        density_trend=zone.density_trend if worst is None else follow(zone.density_trend, worst.value, taken),
        people_trend=(
            zone.people_trend if reading.count is None else follow(zone.people_trend, reading.count.value, taken)
        ),
    )
    return drift_by_camera(zone, reading, since_s)


def _measures(zone: ZoneState, reading: Instant) -> tuple[str, ...]:
    given = {"peak": reading.peak_density, "density": reading.peak_density or reading.density, "people": reading.count}
    fresh = tuple(name for name, value in given.items() if value is not None and name not in zone.measures)
    return (*zone.measures, *fresh)


def _judged(reading: Instant, peaked: bool, area_m2: float | None) -> tuple[float | None, float | None, str]:
    """Density and people to judge by: the upper bound where the input is degraded or saturated.

    The mean density stands in only for a zone that has never given the density of its worst cell (`peaked`).
    """
    count, peak, mean = reading.count, reading.peak_density, reading.density
    upper = reading.state is State.DEGRADED or reading.saturated
    people = None if count is None else count.high if upper else count.value
    density: float | None
    if peak is not None:
        density = peak.high if upper else peak.value
    elif peaked:
        density = None
    elif mean is not None and upper and count is not None and area_m2:
        density = max(mean, count.high / area_m2)
    elif mean is not None and upper and count is not None and count.value > 0:
        density = mean * count.high / count.value
    else:
        density = mean
    if not upper:
        return density, people, ""
    causes = (*reading.reasons, *(("saturated",) if reading.saturated else ()))
    return density, people, f"upper bound: {', '.join(causes)}"


def _blind(zone: ZoneState, reading: Instant, density: float | None) -> str:
    """Why this reading shows nothing that could be judged; empty where it does."""
    if reading.state is State.UNKNOWN:
        return ", ".join(reading.reasons)
    if density is None and zone.rules.capacity is None:
        return "uncalibrated: neither a density nor a capacity to judge by"
    return ""


def _whole(value: float | None, figure: Figure) -> int | None:
    return None if value is None else round(min(value, 1e9) * SCALE[figure])


def _oldest(zone: ZoneState, now: float) -> int:
    return int(now // 1) - kept_s(zone.rules) - math.ceil(zone.rules.stale_s)


def figures(zone: ZoneState, now: float) -> Figures:
    """What is known of the zone now; nothing while it is unknown."""
    return Figures() if zone.unknown_since is not None else _figures(zone, now)


def _figures(zone: ZoneState, now: float) -> Figures:
    ahead, minutes = density_ahead(zone, now)
    return Figures(
        people=zone.people, density=zone.density, trend=trend(zone.slots, now), ahead=ahead, ahead_minutes=minutes
    )


def judge(site: str, zone: ZoneState, now: float) -> tuple[ZoneState, list[Effect]]:
    """The zone's tier at `now`, which is never before the last time it was judged, and what follows from it."""
    zone, effects, seen = sight(site, zone, now)
    if not seen:
        zone = replace(zone, judged_at=now, below=False, over={})
        # What gates or a neighbour tell may raise a zone that no camera sees, and never clears it.
        found = [one for one in (occupancy(zone, now), *warned(zone, now)) if one is not None and one.tier > zone.tier]
        if not found:
            return zone, effects
        zone, rise = _change(site, zone, (one := max(found, key=lambda one: one.tier)), (one.cause,), now)
        return zone, [*effects, *rise]
    zone = look_ahead(zone, now)
    reached = levels(zone, now)
    base = base_tier(zone, reached, now)
    if base is not zone.base:
        zone = replace(zone, base=base)
    motions = raising(zone, now)
    zone = _without_over(zone, motions, now)
    raised = Tier(min(Tier.RED, base + 1))
    reached += [Reached(cause, raised, why) for cause, why in motions.items()]
    reached += [*warned(zone, now), *foreseen(zone)]
    top = max((one.tier for one in reached), default=Tier.NORMAL)
    changed = False
    if top > zone.tier:
        first = next(one for one in reached if one.tier is top)
        zone, rise = _change(site, zone, first, (first.cause,), now)
        effects, changed = [*effects, *rise], True
    if zone.tier is not Tier.NORMAL:
        for one in reached:
            # A forecast of what is measured already is no news.
            if one.tier >= zone.tier and one.kind is Kind.OBSERVED and one.cause not in zone.causes:
                one = Reached(one.cause, zone.tier, one.why)
                zone, second = _change(site, zone, one, (*zone.causes, one.cause), now)
                effects, changed = [*effects, *second], True
    if changed:
        return zone, effects
    if zone.unknown_since is not None:
        return replace(zone, judged_at=now, below=False), effects
    zone, fall = _fall(site, zone, now, held=bool(motions) and raised >= zone.tier)
    return zone, [*effects, *fall]


def _without_over(zone: ZoneState, motions: dict[str, str], now: float) -> ZoneState:
    """The zone without the motions that were seen to be over for `fall_s`: should they come again, that is news."""
    if not zone.over and not MOTIONS.intersection(zone.causes):
        return zone
    over = {
        cause: zone.over.get(cause, now)
        for cause in zone.causes
        if cause in MOTIONS and cause not in motions and cause_known(zone, cause, now)
    }
    gone = {cause for cause, since in over.items() if now - since >= zone.rules.fall_s}
    over = {cause: since for cause, since in over.items() if cause not in gone}
    return replace(zone, over=over, causes=tuple(cause for cause in zone.causes if cause not in gone))


def _change(
    site: str, zone: ZoneState, reached: Reached, causes: tuple[str, ...], now: float
) -> tuple[ZoneState, list[Effect]]:
    """A rise, or a second cause at the same tier; both call people."""
    before, tier = zone.tier, reached.tier
    zone = replace(
        zone,
        tier=tier,
        since=now if tier is not before else zone.since,
        why=reached.why,
        kind=reached.kind,
        cause=reached.cause,
        causes=causes,
        quiet_s=0.0,
        below=False,
        judged_at=now,
    )
    seen = zone.unknown_since is None or zone.good_since is not None
    known = _figures(zone, now) if seen else Figures()
    name = zone.rules.zone
    parts = (site, name, before, tier, now)
    mark = effect_id(*parts) if tier is not before else effect_id(*parts, reached.cause)
    return zone, [
        TierChanged(
            id=mark,
            at=now,
            site=site,
            zone=name,
            from_tier=before,
            to_tier=tier,
            why=reached.why,
            figures=known,
            kind=reached.kind,
            cause=reached.cause,
        ),
        Page(
            id=mark,
            at=now,
            site=site,
            zone=name,
            tier=tier,
            from_tier=before,
            why=reached.why,
            since=zone.since,
            figures=known,
            kind=reached.kind,
            cause=reached.cause,
        ),
    ]


def _fall(site: str, zone: ZoneState, now: float, *, held: bool) -> tuple[ZoneState, list[Effect]]:
    """Count the evidence for a fall; one tier at a time. `held`: the crowd's motion holds the present tier."""
    if zone.tier is Tier.NORMAL:
        return replace(zone, judged_at=now, seconds=forget(zone.seconds, _oldest(zone, now))), []
    gap = now - zone.judged_at
    calm = "" if held or still_foreseen(zone, now) or _expected(zone, now) else below(zone, zone.tier, now)
    if calm and MOTIONS.intersection(zone.causes) - {"outflow"} and not motion_known(zone, now):
        calm = None
    quiet = zone.quiet_s
    if calm is None:
        return replace(zone, judged_at=now, below=False, quiet_s=max(0.0, quiet - max(0.0, gap))), []
    if not calm:
        return replace(zone, judged_at=now, below=False, quiet_s=0.0), []
    if zone.basis:
        # A covered lens is calm as well. Such time undoes as much good evidence; one bad picture does not undo all.
        return replace(zone, judged_at=now, below=False, quiet_s=max(0.0, quiet - max(0.0, gap))), []
    if zone.below and 0 < gap <= zone.rules.stale_s:
        quiet += gap
    if quiet < zone.rules.fall_s:
        return replace(zone, judged_at=now, below=True, quiet_s=quiet), []
    before, tier = zone.tier, Tier(zone.tier - 1)
    why = f"fall after {quiet:.0f} s below {zone.rules.clear_ratio:.0%} of {before.label}: {calm}"[:MAX_WHY]
    zone = replace(
        zone,
        tier=tier,
        since=now,
        why=why,
        kind=Kind.OBSERVED,
        cause="fall",
        causes=() if tier is Tier.NORMAL else zone.causes,
        quiet_s=0.0,
        below=False,
        judged_at=now,
    )
    mark = effect_id(site, zone.rules.zone, before, tier, now)
    return zone, [
        TierChanged(
            id=mark,
            at=now,
            site=site,
            zone=zone.rules.zone,
            from_tier=before,
            to_tier=tier,
            why=why,
            figures=_figures(zone, now),
            cause="fall",
        )
    ]


def _expected(zone: ZoneState, now: float) -> bool:
    """Whether a wave is on its way that holds the present tier."""
    return any(one.tier >= zone.tier for one in warned(zone, now))
