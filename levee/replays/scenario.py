"""A scenario as a recording: the simulated crowd as cameras and gates would tell of it."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from alerting.assess import Event, Observed, Tick, new_site
from alerting.settings import SiteSettings
from levee.replays.recording import Label, Recording
from levee.scenarios.crowd import Moment, Times, play
from levee.scenarios.story import Scenario
from wire import Band, Instant, Reading, State, Throughput

#: What a count is off by changes slowly: the share of it that lasts from one reading to the next [J].
LASTS = 0.7
GATE_EVERY_S = 60


def scenario_recording(name: str, scenario: Scenario, site: SiteSettings, run: int = 0) -> Recording:
    """Run `run` of the scenario, at the site's own clock."""
    place = ZoneInfo(site.time_zone)
    start = scenario.start.replace(tzinfo=place).timestamp()
    times = Times(scenario)
    return Recording(
        name=name if scenario.scatter.runs == 1 else f"{name} #{run + 1}",
        site=site,
        begin=new_site(site.site, start),
        events=_events(scenario, site, start, run),
        start=start,
        end=start + times.length_s,
        labels=tuple(
            Label(danger.zone, start + times.at(danger.start), start + times.at(danger.end), danger.what)
            for danger in scenario.dangers
        ),
    )


def _events(scenario: Scenario, site: SiteSettings, start: float, run: int) -> Iterator[Event]:
    yield site.applied(start)
    eyes = _Eyes(scenario, site, run)
    gates = _Gates(scenario, site)
    for second, moments in enumerate(play(scenario, run)):
        at = start + second
        readings: list[Reading] = []
        if second % scenario.sight.every_s == 0:
            readings += eyes.look(second, moments)
        readings += gates.count(second, moments)
        if readings:
            yield Observed(at=at, readings=tuple(readings))
        yield Tick(at=at)


class _Eyes:
    """Cameras: counts with an error that wanders, and a band."""

    def __init__(self, scenario: Scenario, site: SiteSettings, run: int) -> None:
        zones = {zone.name for zone in site.zones}
        times = Times(scenario)
        self._grounds = [ground for ground in scenario.grounds if ground.name in zones]
        self._dice = random.Random(f"{scenario.scatter.seed}/{run}/eyes")
        self._sight = scenario.sight
        self._off = {ground.name: [0.0, 0.0] for ground in self._grounds}
        self._blind = [(one.zone, times.at(one.start), times.at(one.end), one.reason) for one in scenario.blindness]

    def look(self, second: int, moments: dict[str, Moment]) -> Iterator[Reading]:
        for ground in self._grounds:
            off = self._off[ground.name]
            for each in (0, 1):
                fresh = self._dice.gauss(0, self._sight.noise)
                off[each] = LASTS * off[each] + math.sqrt(1 - LASTS**2) * fresh
            reason = next((why for zone, a, b, why in self._blind if zone == ground.name and a <= second < b), None)
            if reason is not None:
                yield Instant(zone=ground.name, age_s=0.0, state=State.UNKNOWN, method="scenario", reasons=(reason,))
                continue
            moment = moments[ground.name]
            yield Instant(
                zone=ground.name,
                age_s=0.0,
                state=State.GOOD,
                method="scenario",
                count=self._band(moment.people, off[0]),
                area_m2=round(moment.area_m2, 1),
                density=round(moment.density, 3),
                peak_density=self._band(moment.density * ground.worst_cell, off[1]),
                speed=round(moment.speed, 3),
                counterflow=None if moment.against is None else round(moment.against, 3),
            )

    def _band(self, value: float, off: float) -> Band:
        seen = max(0.0, value * (1 + off))
        low, high = seen * (1 - self._sight.band), seen * (1 + self._sight.band)
        # Rounded, so that the last bit of a machine's arithmetic is no part of the story.
        return Band(value=round(seen, 3), low=round(low, 3), high=round(high, 3))


class _Gates:
    """Counters at the entries of a ground: once a minute, a little short."""

    def __init__(self, scenario: Scenario, site: SiteSettings) -> None:
        zones = {zone.name for zone in site.zones}
        self._gates = [gate for gate in scenario.gates if gate.ground in zones]
        self._passed = {gate.ground: [0.0, 0.0] for gate in self._gates}

    def count(self, second: int, moments: dict[str, Moment]) -> Iterator[Reading]:
        for gate in self._gates:
            passed = self._passed[gate.ground]
            passed[0] += moments[gate.ground].entered
            passed[1] += moments[gate.ground].left
            if second == 0 or second % GATE_EVERY_S:
                continue
            inflow, outflow = (round(people * (1 - gate.error), 1) for people in passed)
            passed[0] = passed[1] = 0.0
            yield Throughput(
                zone=gate.ground,
                age_s=0.0,
                state=State.GOOD,
                method="scenario",
                interval_s=float(GATE_EVERY_S),
                inflow=inflow,
                outflow=outflow,
            )
