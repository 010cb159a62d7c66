"""A site as a whole: its tier from its zones and its occupancy, and when it will be full."""

from __future__ import annotations

from dataclasses import dataclass

from alerting.assess.forecast import minutes_to
from alerting.assess.levels import inside_now
from alerting.assess.state import Inside, SiteState, ZoneState
from wire import Kind, Tier


@dataclass(frozen=True)
class Filling:
    """A place with a capacity whose entries and exits are counted. `inside` is the balance since its named reset, and
    never a count of what cameras see; `full_in_min` is None where it is not foreseen to fill within two hours."""

    zone: str
    inside: Inside
    capacity: int | None
    full_in_min: float | None


@dataclass(frozen=True)
class SiteView:
    """The highest tier among the zones, which zone and why; zones that are unknown now; what is filling."""

    site: str
    at: float
    tier: Tier
    zone: str | None
    why: str
    kind: Kind
    unknown: tuple[str, ...]
    filling: tuple[Filling, ...]


def site_view(state: SiteState) -> SiteView:
    """The site at the time of its state. A zone that is unknown counts with the tier that it holds."""
    zones = sorted(state.zones.values(), key=lambda zone: (-zone.tier, zone.since, zone.rules.zone))
    worst = zones[0] if zones and zones[0].tier is not Tier.NORMAL else None
    return SiteView(
        site=state.site,
        at=state.at,
        tier=worst.tier if worst else Tier.NORMAL,
        zone=worst.rules.zone if worst else None,
        why=worst.why if worst else "",
        kind=worst.kind if worst else Kind.OBSERVED,
        unknown=tuple(sorted(zone.rules.zone for zone in zones if zone.unknown_since is not None)),
        filling=tuple(found for zone in zones if (found := _filling(zone, state.at)) is not None),
    )


def _filling(zone: ZoneState, now: float) -> Filling | None:
    inside, capacity = inside_now(zone, now), zone.rules.capacity
    if inside is None:
        return None
    full = None if capacity is None else minutes_to(zone, "occupancy", float(capacity), now)
    return Filling(zone.rules.zone, inside, capacity, full)
