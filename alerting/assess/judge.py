"""One zone at one moment: what its readings say, whether its tier rises, holds or falls.

A tier rises as soon as a windowed estimate reaches its threshold. It falls by one after `fall_s` seconds of good
evidence below `clear_ratio` of its threshold; a look at the zone that shows nothing is no evidence of anything, and one
that is degraded or saturated none for a fall.
"""

from __future__ import annotations

import math

from msgspec.structs import replace

from alerting.assess.effects import Effect, Figures, HeldUnknown, Page, TierChanged, UnknownEnded, effect_id
from alerting.assess.estimate import SCALE, Estimate, Figure, add_second, forget, kept_s, trend, windowed
from alerting.assess.rules import ZoneKind
from alerting.assess.state import Second, ZoneState
from wire import Band, Instant, Kind, State, Tier

MAX_WHY = 400
#: Kinds of zone where blindness alone is reason enough to call somebody.
CRITICAL_KINDS = frozenset({ZoneKind.STEPS})
#: A zone stays unknown until it has been seen for so long without a break: a camera that flickers is not one event a
#: second. Tiers may rise meanwhile; they do not fall.
RECOVER_S = 5.0
_RISING = (Tier.RED, Tier.ORANGE, Tier.YELLOW, Tier.BLUE)


def observe(zone: ZoneState, reading: Instant, at: float, now: float) -> ZoneState:
    """The zone after `reading`, which arrived at `at`; one whose picture is older than `stale_s` changes nothing."""
    taken = at - reading.age_s
    if now - taken > zone.rules.stale_s:
        return zone
    second = int(taken // 1)
    newest = taken >= zone.seen_at
    density, people, basis = _judged(reading, "peak" in zone.measures)
    blind = _blind(zone, reading, density)
    new = Second(second) if blind else Second(second, _whole(density, "density"), _whole(people, "people"))
    seconds, slots = add_second(zone.seconds, new, _oldest(zone, now), zone.slots)
    if not newest:
        return replace(zone, seconds=seconds, slots=slots)
    if blind:
        return replace(zone, seconds=seconds, seen_at=taken, seen=True, blind=blind)
    worst = reading.peak_density
    if worst is None and reading.density is not None:
        worst = Band(value=reading.density, low=reading.density, high=max(reading.density, density or 0.0))
    return replace(
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
    )


def _measures(zone: ZoneState, reading: Instant) -> tuple[str, ...]:
    given = {"peak": reading.peak_density, "density": reading.peak_density or reading.density, "people": reading.count}
    fresh = tuple(name for name, value in given.items() if value is not None and name not in zone.measures)
    return (*zone.measures, *fresh)


def _judged(reading: Instant, peaked: bool) -> tuple[float | None, float | None, str]:
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
    return Figures(people=zone.people, density=zone.density, trend=trend(zone.slots, now))


def judge(site: str, zone: ZoneState, now: float) -> tuple[ZoneState, list[Effect]]:
    """The zone's tier at `now`, which is never before the last time it was judged, and what follows from it."""
    zone, effects, seen = _sight(site, zone, now)
    if not seen:
        return replace(zone, judged_at=now, below=False), effects
    highest = _highest(zone)
    for tier in _RISING:
        if tier < zone.tier:
            break
        reached = _reached(zone, tier, now, highest)
        if tier > zone.tier and reached:
            zone, rise = _change(
                site, zone, tier, now, "; ".join(reached.values()), tuple(reached), next(iter(reached))
            )
            return zone, [*effects, *rise]
        if tier == zone.tier:
            fresh = {cause: why for cause, why in reached.items() if cause not in zone.causes}
            if fresh:
                causes = (*zone.causes, *fresh)
                zone, second = _change(site, zone, tier, now, "; ".join(fresh.values()), causes, next(iter(fresh)))
                return zone, [*effects, *second]
    if zone.unknown_since is not None:
        return replace(zone, judged_at=now, below=False), effects
    zone, fall = _fall(site, zone, now)
    return zone, [*effects, *fall]


def _sight(site: str, zone: ZoneState, now: float) -> tuple[ZoneState, list[Effect], bool]:
    """Whether the newest look at the zone shows something, and what is to be said of that."""
    why = f"unknown: {zone.blind}"[:MAX_WHY] if zone.blind else ""
    if now - zone.seen_at > zone.rules.stale_s:
        why = f"unknown: no reading for more than {zone.rules.stale_s:g} s"
    if not why:
        zone, effects = _recover(site, zone, now)
        return zone, effects, True
    since = zone.unknown_since
    if since is None:
        zone = replace(zone, unknown_since=now, unknown_why=why, unknown_paged=False, good_since=None)
        mark = effect_id(site, zone.rules.zone, "held", now)
        return zone, [HeldUnknown(id=mark, at=now, site=site, zone=zone.rules.zone, tier=zone.tier, why=why)], False
    zone = replace(zone, unknown_why=why, good_since=None)
    important = zone.rules.kind in CRITICAL_KINDS or zone.tier >= Tier.YELLOW
    if zone.unknown_paged or not important or now - since < zone.rules.unknown_page_s:
        return zone, [], False
    page = Page(
        id=effect_id(site, zone.rules.zone, "unknown", since),
        at=now,
        site=site,
        zone=zone.rules.zone,
        tier=zone.tier,
        from_tier=zone.tier,
        why=f"{why}; for {now - since:.0f} s, {zone.tier.label} is held"[:MAX_WHY],
        since=since,
        figures=Figures(),
        unknown=True,
        cause="unknown",
    )
    return replace(zone, unknown_paged=True), [page], False


def _recover(site: str, zone: ZoneState, now: float) -> tuple[ZoneState, list[Effect]]:
    """The end of being unknown, once the zone has been seen for long enough."""
    if zone.unknown_since is None:
        return zone, []
    good_since = now if zone.good_since is None else zone.good_since
    if now - good_since < RECOVER_S:
        return replace(zone, good_since=good_since), []
    lasted = now - zone.unknown_since
    quiet = 0.0 if lasted > zone.rules.fall_s else zone.quiet_s
    zone = replace(zone, unknown_since=None, unknown_why="", unknown_paged=False, good_since=None, quiet_s=quiet)
    mark = effect_id(site, zone.rules.zone, "seen", now)
    why = f"unknown ended after {lasted:.0f} s"
    return zone, [UnknownEnded(id=mark, at=now, site=site, zone=zone.rules.zone, tier=zone.tier, why=why)]


def _estimate(zone: ZoneState, tier: Tier, now: float, figure: Figure) -> Estimate | None:
    return windowed(zone.seconds, int(now // 1), zone.rules.windows.of(tier), zone.rules, figure)


def _highest(zone: ZoneState) -> tuple[float, float]:
    """The highest density and the most people remembered: no mean of theirs can be above."""
    density = max((second.density for second in zone.seconds if second.density is not None), default=0)
    people = max((second.people for second in zone.seconds if second.people is not None), default=0)
    return density / SCALE["density"], people / SCALE["people"]


def _reached(zone: ZoneState, tier: Tier, now: float, highest: tuple[float, float]) -> dict[str, str]:
    """The causes that put the zone at `tier` or above it, each with its words."""
    reached: dict[str, str] = {}
    basis = f" ({zone.basis})" if zone.basis else ""
    threshold = zone.rules.density.of(tier)
    density = _estimate(zone, tier, now, "density") if highest[0] >= threshold else None
    if density is not None and density.value >= threshold:
        reached["density"] = (
            f"density {density.value:.2f} persons/m² in the worst cell over {density.span_s} s, "
            f"{tier.label} from {threshold:g}{basis}"
        )[:MAX_WHY]
    capacity = zone.rules.capacity
    if capacity is not None:
        percent = zone.rules.capacity_percent.of(tier)
        people = _estimate(zone, tier, now, "people") if highest[1] * 100 >= percent * capacity else None
        if people is not None and people.value * 100 >= percent * capacity:
            reached["capacity"] = (
                f"capacity {people.value:.0f} people over {people.span_s} s, {people.value / capacity:.0%} of "
                f"{capacity}, {tier.label} from {percent:g} %{basis}"
            )[:MAX_WHY]
    return reached


def _change(
    site: str, zone: ZoneState, tier: Tier, now: float, why: str, causes: tuple[str, ...], cause: str
) -> tuple[ZoneState, list[Effect]]:
    """A rise, or a second cause at the same tier; both call people."""
    why, before = why[:MAX_WHY], zone.tier
    zone = replace(
        zone,
        tier=tier,
        since=now if tier is not before else zone.since,
        why=why,
        kind=Kind.OBSERVED,
        cause=cause,
        causes=causes,
        quiet_s=0.0,
        below=False,
        judged_at=now,
    )
    known = _figures(zone, now)
    mark = effect_id(site, zone.rules.zone, before, tier, now)
    name = zone.rules.zone
    return zone, [
        TierChanged(
            id=mark,
            at=now,
            site=site,
            zone=name,
            from_tier=before,
            to_tier=tier,
            why=why,
            figures=known,
            cause=cause,
        ),
        Page(
            id=mark,
            at=now,
            site=site,
            zone=name,
            tier=tier,
            from_tier=before,
            why=why,
            since=zone.since,
            figures=known,
            cause=cause,
        ),
    ]


def _fall(site: str, zone: ZoneState, now: float) -> tuple[ZoneState, list[Effect]]:
    """Count the evidence for a fall; one tier at a time."""
    if zone.tier is Tier.NORMAL:
        return replace(zone, judged_at=now, seconds=forget(zone.seconds, _oldest(zone, now))), []
    gap = now - zone.judged_at
    calm = _calm(zone, now)
    quiet = zone.quiet_s
    if calm is None:
        return replace(zone, judged_at=now, below=False), []
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
        quiet_s=0.0,
        below=False,
        judged_at=now,
    )
    if tier is Tier.NORMAL:
        zone = replace(zone, causes=())
    known = _figures(zone, now)
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
            figures=known,
            cause="fall",
        )
    ]


def _calm(zone: ZoneState, now: float) -> str | None:
    """Words for what is well below the present tier; empty where something is not; None where it cannot be told.

    Each figure that the zone has ever given must be seen, and must be low.
    """
    rules, tier, words = zone.rules, zone.tier, []
    density = _estimate(zone, tier, now, "density")
    people = _estimate(zone, tier, now, "people") if rules.capacity is not None else None
    if density is None and "density" in zone.measures:
        return None
    if people is None and rules.capacity is not None:
        return None
    if density is not None:
        limit = rules.clear_ratio * rules.density.of(tier)
        if density.value >= limit:
            return ""
        words.append(f"density {density.value:.2f} persons/m² under {limit:.2f}")
    if people is not None and rules.capacity is not None:
        limit = rules.clear_ratio * rules.capacity_percent.of(tier) / 100 * rules.capacity
        if people.value >= limit:
            return ""
        words.append(f"{people.value:.0f} people under {limit:.0f}")
    return ", ".join(words) or None
