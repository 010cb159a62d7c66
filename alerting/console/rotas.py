"""Who is on duty, as the page of the rota shows it: now, until when, who is next, and where nobody will be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerting.duty.rota import Gap, chain, gaps, on_duty
from alerting.duty.settings import DutySettings, Unit
from alerting.settings import SiteSettings

#: How far ahead the next change is looked for, and in which steps: shifts change at minutes that are told in fives.
AHEAD, STEP = timedelta(hours=72), timedelta(minutes=5)
GAP_DAYS = 7


@dataclass(frozen=True)
class UnitNow:
    unit: Unit
    people: tuple[str, ...]
    #: When others take over, in the unit's own time; None where that is not within three days.
    until: datetime | None
    following: tuple[str, ...]


@dataclass(frozen=True)
class Chain:
    """Who is called for a zone, in this order: the unit's title and what the person is called."""

    site: str
    zone: str
    rungs: tuple[tuple[str, str], ...]


def units_now(duty: DutySettings, now: datetime) -> list[UnitNow]:
    return [_unit_now(duty, unit, now) for unit in duty.units]


def _unit_now(duty: DutySettings, unit: Unit, now: datetime) -> UnitNow:
    people = on_duty(duty, unit, now)
    at = now.replace(minute=now.minute - now.minute % 5, second=0, microsecond=0)
    end = at + AHEAD
    while at < end:
        at += STEP
        following = on_duty(duty, unit, at)
        if following != people:
            place = ZoneInfo(unit.time_zone or duty.time_zone)
            return UnitNow(unit, _titles(duty, people), at.astimezone(place), _titles(duty, following))
    return UnitNow(unit, _titles(duty, people), None, ())


def chains(duty: DutySettings, sites: Sequence[SiteSettings], now: datetime) -> list[Chain]:
    """The chain of each zone that somebody answers for; zones with the same one are told together."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
    for site in sites:
        for zone in site.zones:
            answers = zone.duty or site.duty
            if answers is None:
                continue
            rungs = []
            for rung in chain(duty, answers, now):
                unit, person = duty.unit(rung.unit), duty.person(rung.person)
                rungs.append((unit.title if unit else rung.unit, person.title if person else rung.person))
            found.setdefault((site.title, tuple(rungs)), []).append(zone.title)
    return [Chain(site, ", ".join(zones), rungs) for (site, rungs), zones in found.items()]


def gaps_ahead(duty: DutySettings, now: datetime) -> list[tuple[Unit, Gap]]:
    return [(unit, gap) for unit in duty.units for gap in gaps(duty, unit, now.date(), GAP_DAYS)]


def _titles(duty: DutySettings, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(person.title if (person := duty.person(name)) else name for name in names)
