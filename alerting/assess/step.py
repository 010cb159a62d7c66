"""The whole judgement of one site: a pure function of its state and one event."""

from __future__ import annotations

import math

from msgspec.structs import replace

from alerting.assess.changes import apply_settings
from alerting.assess.effects import Effect
from alerting.assess.events import Event, HistoryTold, Observed, OccupancyReset, SettingsApplied, Tick
from alerting.assess.join import joined, keep_part
from alerting.assess.judge import judge, observe
from alerting.assess.neighbours import waves, with_wave
from alerting.assess.occupancy import observe_occupancy, observe_passing, reset_occupancy
from alerting.assess.state import SiteState, ZoneState
from wire import Instant, Occupancy, Reading, Throughput

FRESH_S = 0.5
#: Seconds between two looks at what moves from zone to zone.
WAVES_S = 5


def step(state: SiteState, event: Event) -> tuple[SiteState, list[Effect]]:
    """The site after `event`, and what is to be done. The same arguments always give the same answer.

    Time never goes back: an event that is older than the state is judged at the state's time, while its readings
    keep the moment at which their pictures were taken. Readings of zones and gates that are not in the settings are
    passed over. ValueError for a time that is not finite.
    """
    if not math.isfinite(event.at):
        raise ValueError(f"site {state.site}: an event at {event.at} has no time")
    now = max(event.at, state.at)
    if isinstance(event, SettingsApplied):
        state, effects = apply_settings(state, event, now)
        return replace(state, number=state.number + 1), effects
    zones = dict(state.zones)
    if isinstance(event, Observed):
        touched = _observe(state, zones, event, now)
    elif isinstance(event, Tick):
        # What was judged on a reading just now would be judged no differently.
        touched = [name for name, zone in zones.items() if not 0 <= now - zone.judged_at < FRESH_S]
        if int(now) % WAVES_S == 0:
            _pass_on(state, zones, now)
    else:
        touched = _told(zones, event, now)
    effects = []
    for name in touched:
        zones[name], followed = judge(state.site, zones[name], now)
        effects += followed
    return replace(state, at=now, number=state.number + 1, zones=zones), effects


def _observe(state: SiteState, zones: dict[str, ZoneState], event: Observed, now: float) -> list[str]:
    touched: dict[str, None] = {}
    wholes: dict[str, None] = {}
    for reading in event.readings:
        for name, sign in _concerned(state, reading):
            zone = zones[name]
            # Three kinds of count, each with a way of its own: none of these functions takes another's.
            if isinstance(reading, Instant):
                zone = observe(zone, reading, event.at, now)
            elif isinstance(reading, Throughput):
                zone = observe_passing(zone, reading, sign, event.at, now)
            else:
                zone = observe_occupancy(zone, reading, event.at, now)
            zones[name] = zone
            touched[name] = None
        if isinstance(reading, Instant):
            for name, whole in zones.items():
                if reading.zone in whole.rules.parts:
                    zones[name] = keep_part(whole, reading, event.at - reading.age_s)
                    wholes[name] = None
    for name in wholes:
        zones[name] = observe(zones[name], joined(zones[name], now), now, now)
        touched[name] = None
    return list(touched)


def _concerned(state: SiteState, reading: Reading) -> list[tuple[str, int]]:
    """The zones that a reading tells of; for a gate, 1 where its inflow enters the zone and -1 where it leaves it."""
    if isinstance(reading, Instant | Occupancy):
        return [(reading.zone, 1)] if reading.zone in state.zones else []
    found = [(reading.zone, 1)] if reading.zone in state.zones else []
    for gate in state.gates:
        if gate.gate == reading.zone:
            ends = ((gate.into, 1), (gate.out_of, -1))
            found += [(name, sign) for name, sign in ends if name is not None and name in state.zones]
    return found


def _pass_on(state: SiteState, zones: dict[str, ZoneState], now: float) -> None:
    found = waves(state, now)
    for name, zone in zones.items():
        if zone.wave is not None or name in found:
            zones[name] = with_wave(zone, found.get(name), now)


def _told(zones: dict[str, ZoneState], event: OccupancyReset | HistoryTold, now: float) -> list[str]:
    zone = zones.get(event.zone)
    if zone is None:
        return []
    if isinstance(event, OccupancyReset):
        zones[event.zone] = reset_occupancy(zone, event.name, event.value, now)
    else:
        # Anew with the next look ahead, which may come at once.
        zones[event.zone] = replace(zone, typical=event.typical, typical_until=event.until)
    return [event.zone]
