"""The whole judgement of one site: a pure function of its state and one event."""

from __future__ import annotations

import math

from msgspec.structs import replace

from alerting.assess.effects import Effect, HeldUnknown, effect_id
from alerting.assess.events import Event, Observed, SettingsApplied, Tick
from alerting.assess.judge import judge, observe
from alerting.assess.rules import ZoneRules
from alerting.assess.state import SiteState, ZoneState
from wire import Instant

FRESH_S = 0.5


def step(state: SiteState, event: Event) -> tuple[SiteState, list[Effect]]:
    """The site after `event`, and what is to be done. The same arguments always give the same answer.

    Time never goes back: an event that is older than the state is judged at the state's time, while its readings
    keep the moment at which their pictures were taken. Readings of zones that are not in the settings, and counts of
    another kind than `instant`, are not judged here. ValueError for a time that is not finite.
    """
    if not math.isfinite(event.at):
        raise ValueError(f"site {state.site}: an event at {event.at} has no time")
    now = max(event.at, state.at)
    if isinstance(event, SettingsApplied):
        return _apply(state, event, now)
    if isinstance(event, Tick):
        # What was judged on a reading just now would be judged no differently.
        touched = [name for name, zone in state.zones.items() if not 0 <= now - zone.judged_at < FRESH_S]
        zones = state.zones
    else:
        zones, touched = _observe(state.zones, event, now)
    effects: list[Effect] = []
    judged = dict(zones)
    for name in touched:
        judged[name], followed = judge(state.site, zones[name], now)
        effects += followed
    return replace(state, at=now, number=state.number + 1, zones=judged), effects


def _observe(zones: dict[str, ZoneState], event: Observed, now: float) -> tuple[dict[str, ZoneState], list[str]]:
    seen = dict(zones)
    touched: dict[str, None] = {}
    for reading in event.readings:
        if isinstance(reading, Instant) and reading.zone in seen:
            seen[reading.zone] = observe(seen[reading.zone], reading, event.at, now)
            touched[reading.zone] = None
    return seen, list(touched)


def _apply(state: SiteState, event: SettingsApplied, now: float) -> tuple[SiteState, list[Effect]]:
    """Zones that stay keep their tier and start anew on their evidence where their rules changed."""
    zones: dict[str, ZoneState] = {}
    effects: list[Effect] = []
    for rules in event.zones:
        known = state.zones.get(rules.zone)
        if known is not None:
            zones[rules.zone] = known if known.rules == rules else _changed(known, rules)
            continue
        why = "unknown: no reading yet"
        zones[rules.zone] = ZoneState(
            rules=rules,
            since=now,
            seen_at=now,
            judged_at=now,
            unknown_since=now,
            unknown_why=why,
            blind="no reading yet",
        )
        mark = effect_id(state.site, rules.zone, "held", now)
        tier = zones[rules.zone].tier
        effects.append(HeldUnknown(id=mark, at=now, site=state.site, zone=rules.zone, tier=tier, why=why))
    return replace(state, at=now, number=state.number + 1, zones=zones), effects


def _changed(zone: ZoneState, rules: ZoneRules) -> ZoneState:
    return replace(zone, rules=rules, measures=(), quiet_s=0.0, below=False)
