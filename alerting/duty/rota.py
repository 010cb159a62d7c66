"""Who is on duty at a moment. By the clock on the wall: an hour that summer time repeats has the same shift twice,
and one that it leaves out leaves no gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from alerting.duty.settings import WEEK, Day, DutySettings, Shift, Unit, ZoneDuty


@dataclass(frozen=True)
class Rung:
    """One step of the chain of calls, by short names."""

    unit: str
    person: str


@dataclass(frozen=True)
class Gap:
    """From `begins` until `ends`, nobody of the unit is on duty."""

    begins: datetime
    ends: datetime

    def __str__(self) -> str:
        return f"{self.begins:%a %Y-%m-%d %H:%M%z} to {self.ends:%a %Y-%m-%d %H:%M%z}"


def on_duty(duty: DutySettings, unit: Unit, at: datetime) -> tuple[str, ...]:
    """The people of `unit` at the moment `at` (with a time zone), in the order in which they are called."""
    wall = at.astimezone(ZoneInfo(unit.time_zone or duty.time_zone)).replace(tzinfo=None)
    names: list[str | None] = [name for shift in unit.shifts for name in _of_shift(duty, unit, shift, wall)]
    for swap in unit.swaps:
        if datetime.fromisoformat(swap.begins) <= wall < datetime.fromisoformat(swap.ends):
            names = [swap.stands_in if name == swap.absent else name for name in names]
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _of_shift(duty: DutySettings, unit: Unit, shift: Shift, wall: datetime) -> tuple[str, ...]:
    minute = wall.hour * 60 + wall.minute
    begins, ends = _minutes(shift.begins), _minutes(shift.ends)
    today = wall.date()
    if begins < ends:
        first = today if begins <= minute < ends else None
    else:
        first = today if minute >= begins else today - timedelta(days=1) if minute < ends else None
    if first is None or _kind(duty, unit, first) not in shift.days:
        return ()
    step = 1 if shift.turn == "daily" else 7
    turn = (first - date.fromisoformat(shift.since)).days // step
    return shift.teams[turn % len(shift.teams)]


def _kind(duty: DutySettings, unit: Unit, day: date) -> Day:
    """What sort of day it is; a holiday is an ordinary day for a unit whose shifts know no holidays."""
    kind = duty.calendar.get(day.isoformat(), WEEK[day.weekday()])
    if kind is Day.HOLIDAY and not any(Day.HOLIDAY in shift.days for shift in unit.shifts):
        return WEEK[day.weekday()]
    return kind


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def chain(duty: DutySettings, zone: ZoneDuty, at: datetime) -> tuple[Rung, ...]:
    """Who is called for a zone, in this order: its operator, its department, its territory, then the levels above."""
    rungs: dict[str, Rung] = {}
    for name in chain_units(duty, zone):
        unit = duty.unit(name)
        for person in on_duty(duty, unit, at) if unit is not None else ():
            rungs.setdefault(person, Rung(name, person))
    return tuple(rungs.values())


def chain_units(duty: DutySettings, zone: ZoneDuty) -> tuple[str, ...]:
    """The units of a zone's chain; from the last of its own on, the units above."""
    names = dict.fromkeys(zone.units)
    unit = duty.unit(zone.units[-1])
    while unit is not None and unit.up is not None:
        names.setdefault(unit.up)
        unit = duty.unit(unit.up)
    return tuple(names)


def gaps(duty: DutySettings, unit: Unit, first: date, days: int) -> Iterator[Gap]:
    """Where nobody is on duty within `days` days from `first`, each stretch once, with the unit's UTC offset."""
    place = ZoneInfo(unit.time_zone or duty.time_zone)
    began: datetime | None = None
    moments = _moments(duty, unit, place, first, days)
    for at in moments:
        nobody = not on_duty(duty, unit, at)
        if nobody and began is None:
            began = at
        elif not nobody and began is not None:
            yield Gap(began.astimezone(place), at.astimezone(place))
            began = None
    if began is not None:
        yield Gap(began.astimezone(place), moments[-1].astimezone(place))


def _moments(duty: DutySettings, unit: Unit, place: ZoneInfo, first: date, days: int) -> list[datetime]:
    """Every moment at which the people on duty can change."""
    minutes = {0} | {_minutes(text) % 1440 for shift in unit.shifts for text in (shift.begins, shift.ends)}
    walls = {
        datetime(day.year, day.month, day.day, minute // 60, minute % 60)
        for day in (first + timedelta(days=number) for number in range(days))
        for minute in minutes
    }
    last = first + timedelta(days=days)
    walls.add(datetime(last.year, last.month, last.day))
    for swap in unit.swaps:
        for text in (swap.begins, swap.ends):
            moment = datetime.fromisoformat(text)
            if first <= moment.date() < last:
                walls.add(moment)
    found = {wall.replace(tzinfo=place, fold=fold).astimezone(UTC) for wall in walls for fold in (0, 1)}
    day = datetime(first.year, first.month, first.day, tzinfo=UTC)
    for _ in range(days + 1):
        after = day + timedelta(days=1)
        if day.astimezone(place).utcoffset() != after.astimezone(place).utcoffset():
            found.add(_change(day, after, place))
        day = after
    return sorted(found)


def _change(low: datetime, high: datetime, place: ZoneInfo) -> datetime:
    """The minute at which the clocks are changed."""
    before = low.astimezone(place).utcoffset()
    while high - low > timedelta(minutes=1):
        middle = (low + (high - low) / 2).replace(second=0, microsecond=0)
        if middle.astimezone(place).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high
