"""The crowd of a scenario, second by second: people on grounds, and flows through passages that can take only so many.

A cell-transmission model (Daganzo 1994) with the walking speeds of Weidmann (1993): what wants to cross a passage is
limited by its width, and by the room on the far side. The same scenario always gives the same crowd.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from levee.scenarios.story import Clock, Ground, Scenario, Table

#: m/s on the level and up stairs when alone (Weidmann 1993, repeated; stairs along the slope's plan).
FREE_SPEED, FREE_SPEED_STAIRS = 1.34, 0.61
WEIDMANN = 1.913
#: From this density on a ground lets in less, down to nothing at its jam density.
CROWDED = 2.0
#: However dense, people shuffle on where nothing holds them, m/s [J].
SHUFFLE = 0.06
#: A cordon opens over so many persons/m² below what it holds.
CORDON = 0.25
#: Two ways through one passage take from each other [J].
FRICTION = 0.35


@dataclass
class Moment:
    """One ground in one second.

    `people` and `area_m2`, `speed` in m/s, `against` the share walking against the others (None where nobody is), and
    who entered and left in this second.
    """

    people: float
    area_m2: float
    speed: float
    against: float | None
    entered: float
    left: float

    @property
    def density(self) -> float:
        return self.people / self.area_m2


@dataclass
class _Line:
    width_m: float
    per_second: float
    onto: str
    held_below: list[float] | None
    #: Party index and stop index that lead through it, and whether that is from its first ground to its second.
    users: list[tuple[int, int, bool]] = field(default_factory=list)


def area(polygon: tuple[tuple[float, float], ...]) -> float:
    """m² of a polygon, by the shoelace formula."""
    pairs = zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2


class Times:
    """The scenario's clock: seconds since its start."""

    def __init__(self, scenario: Scenario) -> None:
        self._start = scenario.start
        self.length_s = int((scenario.end - scenario.start).total_seconds())

    def at(self, clock: Clock) -> float:
        """Seconds from the start to the first such time at or after it."""
        hours, minutes, *rest = (int(part) for part in clock.split(":"))
        midnight = self._start.replace(hour=0, minute=0, second=0, microsecond=0)
        moment: datetime = midnight + timedelta(hours=hours, minutes=minutes, seconds=rest[0] if rest else 0)
        if moment < self._start:
            moment += timedelta(days=1)
        return (moment - self._start).total_seconds()

    def minutes(self, table: Table) -> list[float]:
        """The table's value in each minute of the scenario, the last one included."""
        points = [(self.at(clock), value) for clock, value in table]
        for one, other in pairwise(points):
            if other[0] <= one[0]:
                raise ValueError("the times of a table must rise, from the start of the scenario on")
        return [_along(points, 60.0 * minute) for minute in range(self.length_s // 60 + 2)]


def table_faults(scenario: Scenario) -> list[str]:
    """What is wrong with the times of the scenario's tables."""
    times = Times(scenario)
    found: list[str] = []

    def check(where: str, table: Table | None) -> None:
        try:
            if table is not None:
                times.minutes(table)
        except ValueError as error:
            found.append(f"{where}: {error}")

    for party in scenario.parties:
        check(f"party {party.name}: arrivals", party.arrivals)
        check(f"party {party.name}: leaving", party.leaving)
        for stop in party.way:
            check(f"party {party.name}: stay_min at {stop.ground}", stop.stay_min)
    for passage in scenario.passages:
        check(f"passage between {' and '.join(passage.between)}: held_below", passage.held_below)
    return found


def _along(points: list[tuple[float, float]], at: float) -> float:
    if at <= points[0][0]:
        return points[0][1]
    for (t0, v0), (t1, v1) in pairwise(points):
        if at <= t1:
            return v0 + (v1 - v0) * (at - t0) / (t1 - t0)
    return points[-1][1]


def walking_speed(density: float, ground: Ground) -> float:
    """m/s at `density` persons/m² (Weidmann 1993), with the ground's own jam density."""
    free = FREE_SPEED_STAIRS if ground.stairs else FREE_SPEED
    if density <= 0.05:
        return free
    if density >= ground.jam_density:
        return SHUFFLE
    return max(SHUFFLE, free * (1 - math.exp(-WEIDMANN * (1 / density - 1 / ground.jam_density))))


def play(scenario: Scenario, run: int = 0) -> Iterator[dict[str, Moment]]:
    """Each second of the scenario from its start: every ground by name. `run` chooses among its scattered nights."""
    times = Times(scenario)
    vary = scenario.vary
    dice = random.Random(f"{scenario.scatter.seed}/{run}")
    day = math.exp(dice.gauss(0, scenario.scatter.day)) if scenario.scatter.day else 1.0
    grounds = {ground.name: ground for ground in scenario.grounds}
    areas = {name: area(one.polygon) * (vary.width if one.widens else 1.0) for name, one in grounds.items()}
    lengths = {name: _length(scenario, name, areas[name]) for name in grounds}
    lines = _lines(scenario, times)
    parties = scenario.parties
    people = [[0.0] * len(party.way) for party in parties]
    for index, party in enumerate(parties):
        people[index][0] = party.present * (vary.inflow * day if party.varies else 1.0)
    arrivals = [
        [
            value
            * (vary.inflow * day if party.varies else 1.0)
            * max(0.0, 1 + dice.gauss(0, scenario.scatter.minutes) if scenario.scatter.minutes else 1.0)
            for value in times.minutes(party.arrivals)
        ]
        for party in parties
    ]
    leaving = [None if party.leaving is None else times.minutes(party.leaving) for party in parties]
    stays = [
        [None if stop.stay_min is None else times.minutes(stop.stay_min) for stop in party.way] for party in parties
    ]
    by_name = {party.name: index for index, party in enumerate(parties)}
    locks = [(lock, times.at(lock.start), times.at(lock.end)) for lock in scenario.locks]

    for second in range(times.length_s + 1):
        minute, within = divmod(second, 60)
        total = dict.fromkeys(grounds, 0.0)
        for party, counts in zip(parties, people, strict=True):
            for stop, count in zip(party.way, counts, strict=True):
                total[stop.ground] += count
        locked = {lock.ground: lock for lock, start, end in locks if start <= second < end}
        density = {name: total[name] / areas[name] for name in grounds}
        speed = {name: walking_speed(density[name], grounds[name]) for name in grounds}
        for name, lock in locked.items():
            speed[name] *= lock.left

        def per_second(table: list[float], minute: int = minute, within: int = within) -> float:
            return (table[minute] + (table[minute + 1] - table[minute]) * within / 60) / 60

        # What wants to move on, by party and stop.
        wish: list[list[float]] = []
        for index, party in enumerate(parties):
            row = []
            for place, stop in enumerate(party.way):
                stay = stays[index][place]
                if stay is None:
                    rate = speed[stop.ground] / lengths[stop.ground]
                else:
                    rate = 1 / (60 * max(0.1, per_second(stay) * 60))
                if stop.ground in locked:
                    rate *= locked[stop.ground].left if stay is not None else 1.0
                row.append(people[index][place] * min(1.0, rate))
            wish.append(row)
        entered, left = dict.fromkeys(grounds, 0.0), dict.fromkeys(grounds, 0.0)
        moves: list[tuple[int, int, float]] = []
        for line in lines:
            ways = {True: 0.0, False: 0.0}
            for index, place, onward in line.users:
                ways[onward] += wish[index][place]
            both = ways[True] + ways[False]
            if both <= 0:
                continue
            balance = 2 * min(ways.values()) / both
            room = line.width_m * line.per_second * (1 - FRICTION * balance)
            share = min(1.0, room / both)
            for index, place, _ in line.users:
                target = parties[index].way[place + 1].ground
                jam = locked[target].jam_density if target in locked else grounds[target].jam_density
                free = min(1.0, max(0.0, (jam - density[target]) / (jam - CROWDED)))
                if line.held_below is not None and target == line.onto:
                    held = per_second(line.held_below) * 60
                    free = min(free, max(0.0, (held - density[target]) / CORDON))
                moved = min(wish[index][place] * share, line.width_m * line.per_second * free)
                moves.append((index, place, moved))
        for index, place, moved in moves:
            here, there = parties[index].way[place].ground, parties[index].way[place + 1].ground
            people[index][place] -= moved
            people[index][place + 1] += moved
            left[here] += moved
            entered[there] += moved
        for index, party in enumerate(parties):
            gone = wish[index][-1]
            limit = leaving[index]
            if limit is not None:
                gone = min(gone, per_second(limit))
            gone = min(gone, people[index][-1])
            people[index][-1] -= gone
            left[party.way[-1].ground] += gone
            new = per_second(arrivals[index])
            first = party.way[0].ground
            if party.turned_from is None:
                # The denser the place, the more people turn away from it.
                jam = grounds[first].jam_density
                new *= min(1.0, max(0.0, (jam - density[first]) / (jam - CROWDED)))
                entered[first] += new
            else:
                source = by_name[party.turned_from]
                at = next(i for i, stop in enumerate(parties[source].way) if stop.ground == first)
                new = min(new, people[source][at])
                people[source][at] -= new
            people[index][0] += new
        yield {
            name: Moment(
                people=total[name],
                area_m2=areas[name],
                speed=speed[name],
                against=_against(scenario, people, name),
                entered=entered[name],
                left=left[name],
            )
            for name in grounds
        }


def _against(scenario: Scenario, people: list[list[float]], name: str) -> float | None:
    ways = {True: 0.0, False: 0.0}
    for party, counts in zip(scenario.parties, people, strict=True):
        for stop, count in zip(party.way, counts, strict=True):
            if stop.ground == name:
                ways[party.against] += count
    both = ways[True] + ways[False]
    return min(ways.values()) / both if both >= 1 else None


def _lines(scenario: Scenario, times: Times) -> list[_Line]:
    lines = []
    for passage in scenario.passages:
        width = passage.width_m * (scenario.vary.width if passage.widens else 1.0)
        held = None if passage.held_below is None else times.minutes(passage.held_below)
        line = _Line(width, passage.per_metre / 60, passage.between[1], held)
        for index, party in enumerate(scenario.parties):
            for place, (one, other) in enumerate(pairwise(party.way)):
                if {one.ground, other.ground} == set(passage.between):
                    line.users.append((index, place, one.ground == passage.between[0]))
        lines.append(line)
    return lines


def _length(scenario: Scenario, name: str, size: float) -> float:
    """How far one walks through a ground: its area over the width of its narrowest passage."""
    widths = [
        passage.width_m * (scenario.vary.width if passage.widens else 1.0)
        for passage in scenario.passages
        if name in passage.between
    ]
    return size / min(widths) if widths else math.sqrt(size)
