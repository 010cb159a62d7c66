"""Whether a zone is seen at all. Unknown holds its tier, is told, and after a while calls somebody."""

from __future__ import annotations

from msgspec.structs import replace

from alerting.assess.effects import Effect, Figures, HeldUnknown, Page, UnknownEnded, effect_id
from alerting.assess.levels import MAX_WHY, inside_now
from alerting.assess.rules import ZoneKind
from alerting.assess.state import ZoneState
from wire import Tier

#: Kinds of zone where blindness alone is reason enough to call somebody.
CRITICAL_KINDS = frozenset({ZoneKind.STEPS})
#: A zone stays unknown until it has been seen for so long without a break: a camera that flickers is not one event a
#: second. Tiers may rise meanwhile; they do not fall.
RECOVER_S = 5.0


def sight(site: str, zone: ZoneState, now: float) -> tuple[ZoneState, list[Effect], bool]:
    """Whether the newest look at the zone shows something, and what is to be said of that."""
    why = _blindness(zone, now)
    if not why:
        zone, effects = _recover(site, zone, now)
        return zone, effects, True
    since = zone.unknown_since
    if since is None:
        zone = replace(zone, unknown_since=now, unknown_why=why, unknown_paged=False, good_since=None)
        mark = effect_id(site, zone.rules.zone, "held", now)
        return zone, [HeldUnknown(id=mark, at=now, site=site, zone=zone.rules.zone, tier=zone.tier, why=why)], False
    if zone.unknown_why != why or zone.good_since is not None:
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


def _blindness(zone: ZoneState, now: float) -> str:
    """Why the zone is not seen now; empty where it is. A zone that no camera ever looked at is seen by its gates."""
    if not zone.seen and "people" not in zone.measures and inside_now(zone, now) is not None:
        return ""
    if zone.inside is not None and "people" not in zone.measures and not zone.seen:
        return f"unknown: no word of its gates for more than {zone.rules.gate_stale_s:g} s"
    if now - zone.seen_at > zone.rules.stale_s:
        return f"unknown: no reading for more than {zone.rules.stale_s:g} s"
    return f"unknown: {zone.blind}"[:MAX_WHY] if zone.blind else ""


def _recover(site: str, zone: ZoneState, now: float) -> tuple[ZoneState, list[Effect]]:
    """The end of being unknown, once the zone has been seen for long enough."""
    if zone.unknown_since is None:
        return zone, []
    good_since = now if zone.good_since is None else zone.good_since
    if now - good_since < RECOVER_S:
        return replace(zone, good_since=good_since), []
    lasted = now - zone.unknown_since
    # Time that nobody saw undoes as much good evidence.
    quiet = max(0.0, zone.quiet_s - lasted)
    zone = replace(zone, unknown_since=None, unknown_why="", unknown_paged=False, good_since=None, quiet_s=quiet)
    mark = effect_id(site, zone.rules.zone, "seen", now)
    why = f"unknown ended after {lasted:.0f} s"
    return zone, [UnknownEnded(id=mark, at=now, site=site, zone=zone.rules.zone, tier=zone.tier, why=why)]
