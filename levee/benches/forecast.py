"""How many zones a second one core foresees: the judgement's own look ahead, on states that it made itself."""

from __future__ import annotations

import time
from dataclasses import dataclass

from msgspec.structs import replace

from alerting.assess import Observed, SettingsApplied, SiteState, Tick, ZoneKind, ZoneRules, new_site, step
from alerting.assess.outlook import look_ahead
from alerting.assess.rules import DENSITY_LEVELS, GateRules
from wire import Band, Instant, State, Throughput

#: Minutes that each zone has been seen for, and zones that differ.
SEEN_MIN, KINDS = 20, 50


@dataclass(frozen=True)
class ForecastCost:
    """`zones` looks ahead took `seconds` of this process's time on one core."""

    zones: int
    seconds: float

    @property
    def zones_per_s(self) -> float:
        return self.zones / self.seconds


def bench_forecast(zones: int) -> ForecastCost:
    """Look ahead for so many zones, of which every second has a capacity and counted gates."""
    state = _lived()
    made = [replace(zone, outlook=None) for zone in state.zones.values()]
    told = 0
    begin = time.process_time()
    for number in range(zones):
        told += look_ahead(made[number % len(made)], state.at).outlook is not None
    seconds = time.process_time() - begin
    if told != zones:
        raise RuntimeError(f"only {told} of {zones} zones had a look ahead")
    return ForecastCost(zones, seconds)


def _lived() -> SiteState:
    """Zones that fill, empty and stay, as the judgement remembers them after some minutes."""
    names = [f"zone-{number}" for number in range(KINDS)]
    rules = tuple(
        ZoneRules(
            zone=name,
            kind=ZoneKind.FLAT,
            density=DENSITY_LEVELS[ZoneKind.FLAT],
            capacity=1500 if number % 2 else None,
            balance=bool(number % 2),
        )
        for number, name in enumerate(names)
    )
    gates = tuple(GateRules(gate=f"gate-{name}", into=name) for name in names[1::2])
    state, _ = step(new_site("bench", 0.0), SettingsApplied(at=0.0, zones=rules, gates=gates))
    for second in range(0, SEEN_MIN * 60, 5):
        readings: list[Instant | Throughput] = []
        for number, name in enumerate(names):
            value = max(0.1, 2.0 + (number - KINDS / 2) / KINDS * second / 300 + (second % 35) / 100)
            people = 300 * value
            band = Band(value=value, low=0.9 * value, high=1.1 * value)
            count = Band(value=people, low=0.9 * people, high=1.1 * people)
            readings.append(
                Instant(
                    zone=name,
                    age_s=0.0,
                    state=State.GOOD,
                    method="bench",
                    count=count,
                    peak_density=band,
                    area_m2=300.0,
                )
            )
        if second % 60 == 0:
            readings += [
                Throughput(
                    zone=one.gate,
                    age_s=0.0,
                    state=State.GOOD,
                    method="bench",
                    interval_s=60.0,
                    inflow=40.0,
                    outflow=25.0,
                )
                for one in gates
            ]
        state, _ = step(state, Observed(at=float(second), readings=tuple(readings)))
        state, _ = step(state, Tick(at=float(second)))
    return state
