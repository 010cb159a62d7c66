"""New settings: zones that stay keep their tier, and what was changed, by whom and why, is an event of its own."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from alerting.assess.effects import Effect, HeldUnknown, SettingsChanged, effect_id
from alerting.assess.events import SettingsApplied
from alerting.assess.levels import MAX_WHY
from alerting.assess.rules import ZoneRules
from alerting.assess.state import SiteState, ZoneState


def apply_settings(state: SiteState, event: SettingsApplied, now: float) -> tuple[SiteState, list[Effect]]:
    """Zones that stay keep their tier and start anew on their evidence where their rules changed."""
    zones: dict[str, ZoneState] = {}
    effects: list[Effect] = []
    for rules in event.zones:
        known = state.zones.get(rules.zone)
        if known is None:
            zones[rules.zone] = _new(rules, now)
            zones[rules.zone] = _with_gates(zones[rules.zone], event)
            effects.append(_unseen(state.site, zones[rules.zone], now))
        elif known.rules == rules:
            zones[rules.zone] = _with_gates(known, event)
        else:
            # What it gave once it must still see to fall: a camera that is blind just now is no camera that is gone.
            changed = replace(known, rules=rules, quiet_s=0.0, below=False, outlook=None)
            zones[rules.zone] = _with_gates(changed, event)
            effects.append(_changed(state.site, known, rules, event, now))
    return replace(state, at=now, zones=zones, gates=event.gates), effects


def _new(rules: ZoneRules, now: float) -> ZoneState:
    return ZoneState(
        rules=rules,
        since=now,
        seen_at=now,
        judged_at=now,
        unknown_since=now,
        unknown_why="unknown: no reading yet",
        blind="no reading yet",
    )


def _with_gates(zone: ZoneState, event: SettingsApplied) -> ZoneState:
    """The zone without gates that are gone, and with those that it waits for."""
    name = zone.rules.zone
    wanted = {gate.gate for gate in event.gates if name in (gate.into, gate.out_of)}
    passing = tuple(one for one in zone.passing if one.gate in wanted or one.gate == name)
    unheard = tuple(sorted(wanted - {one.gate for one in passing}))
    return replace(zone, passing=passing, unheard=unheard)


def _unseen(site: str, zone: ZoneState, now: float) -> HeldUnknown:
    name = zone.rules.zone
    mark = effect_id(site, name, "held", now)
    return HeldUnknown(id=mark, at=now, site=site, zone=name, tier=zone.tier, why=zone.unknown_why)


def _changed(site: str, known: ZoneState, rules: ZoneRules, event: SettingsApplied, now: float) -> SettingsChanged:
    changes = tuple(_differences("", known.rules, rules))
    who = event.by or "somebody who is not named"
    told = ", ".join(f"{name} from {before} to {after}" for name, before, after in changes)
    return SettingsChanged(
        id=effect_id(site, rules.zone, "settings", now),
        at=now,
        site=site,
        zone=rules.zone,
        tier=known.tier,
        why=f"settings changed by {who}{f' ({event.reason})' if event.reason else ''}: {told}"[:MAX_WHY],
        by=event.by,
        changes=changes,
    )


def _differences(path: str, old: object, new: object) -> Iterator[tuple[str, str, str]]:
    """Setting, old and new value, for each that differs."""
    if old == new:
        return
    if isinstance(old, msgspec.Struct) and type(old) is type(new):
        for field in old.__struct_fields__:
            name = f"{path}.{field}" if path else field
            yield from _differences(name, getattr(old, field), getattr(new, field))
        return
    yield path, _text(old), _text(new)


def _text(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, str | bool):
        return str(value)
    if isinstance(value, int | float):
        return f"{value:g}"
    return str(getattr(value, "value", None) or msgspec.json.encode(value).decode())
