"""Who is on duty, as it stands in a file: people, the units that they work for, and their shifts."""

from __future__ import annotations

import enum
import re
import zoneinfo
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from wire import Name, Tier

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
WallTime = Annotated[
    str,
    msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", description="A time of day, as in 20:00."),
]
DateText = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="A date, as in 2026-10-01.")
]
Moment = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}$",
        description="A date and a time of day where the unit is, as in 2026-10-01 20:00.",
    ),
]


class Level(enum.Enum):
    """Levels of the urban grid: 网格, 街镇, 区, 市."""

    GRID = "grid"
    STREET = "street"
    DISTRICT = "district"
    CITY = "city"


class Day(enum.Enum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"
    HOLIDAY = "holiday"


WEEK = tuple(Day)[:7]


class Reach(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to reach a person."""

    channel: Annotated[Name, msgspec.Meta(title="Channel", description="A channel of the service.")]
    to: Annotated[
        Text | None,
        msgspec.Meta(
            title="Address",
            description="Telephone number, mail address or account there; left out where the channel has one receiver.",
        ),
    ] = None


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who is called by name."""

    name: Annotated[Name, msgspec.Meta(title="Name", description="Short name, as in shifts.")]
    title: Annotated[Text, msgspec.Meta(title="Called", description="What people call him or her.")]
    language: Annotated[
        Literal["zh", "en"], msgspec.Meta(title="Language", description="Language of the pages: zh or en.")
    ] = "zh"
    reach: Annotated[
        tuple[Reach, ...],
        msgspec.Meta(
            title="Reached by", description="Channels in the order of trial; for red, all at once.", min_length=1
        ),
    ]

    def __post_init__(self) -> None:
        _unique(f"person {self.name}: the channel", [reach.channel for reach in self.reach])


class Shift(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours of the day at which the same people are on duty. Over midnight it belongs to the day on which it begins."""

    name: Annotated[Text, msgspec.Meta(title="Name", description="What people call the shift.")]
    days: Annotated[
        tuple[Day, ...],
        msgspec.Meta(
            title="Days",
            description="Days on which it begins; `holiday` are the days that the calendar calls so.",
            min_length=1,
        ),
    ] = tuple(Day)
    begins: Annotated[WallTime, msgspec.Meta(title="Begins", description="A time of day, as in 08:00.")] = "00:00"
    ends: Annotated[WallTime, msgspec.Meta(title="Ends", description="A time of day, as in 20:00.")] = "24:00"
    teams: Annotated[
        tuple[tuple[Name, ...], ...],
        msgspec.Meta(title="Teams", description="Lists of people, called in this order; several take turns."),
    ]
    turn: Annotated[
        Literal["daily", "weekly"], msgspec.Meta(title="Turn", description="How often the next team takes over.")
    ] = "weekly"
    since: Annotated[
        DateText, msgspec.Meta(title="Since", description="The day on which the first team begins its turn.")
    ] = "2024-01-01"

    def __post_init__(self) -> None:
        if not self.teams or not all(self.teams):
            raise ValueError(f"shift {self.name}: teams holds a shift with nobody")
        _date(self.since, f"shift {self.name}: since")
        if self.begins == self.ends or self.begins == "24:00":
            raise ValueError(f"shift {self.name}: begins and ends leave it no time")


class Swap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For once, somebody else."""

    begins: Annotated[Moment, msgspec.Meta(title="Begins", description="Date and time, as in 2026-10-01 20:00.")]
    ends: Annotated[Moment, msgspec.Meta(title="Ends", description="Date and time, as in 2026-10-02 08:00.")]
    absent: Annotated[Name, msgspec.Meta(title="Absent", description="Who is not there.")]
    stands_in: Annotated[
        Name | None, msgspec.Meta(title="Stands in", description="Who is called instead; left out, nobody is.")
    ] = None

    def __post_init__(self) -> None:
        if _moment(self.begins, "begins") >= _moment(self.ends, "ends"):
            raise ValueError("swap: ends is not after begins")


class Unit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit that answers for places: an operator, a department, a territory."""

    name: Annotated[Name, msgspec.Meta(title="Name", description="Its short name.")]
    title: Annotated[Text, msgspec.Meta(title="Called", description="What people call the unit.")]
    level: Annotated[
        Level | None, msgspec.Meta(title="Level", description="Its level in the urban grid (网格、街镇、区、市).")
    ] = None
    up: Annotated[
        Name | None, msgspec.Meta(title="Above", description="The unit that is called when this one does not answer.")
    ] = None
    time_zone: Annotated[
        Text | None, msgspec.Meta(title="Time zone", description="IANA name; left out, that of the file.")
    ] = None
    shifts: Annotated[tuple[Shift, ...], msgspec.Meta(title="Shifts", description="Who is on duty when.", min_length=1)]
    swaps: Annotated[tuple[Swap, ...], msgspec.Meta(title="Swaps", description="One-off changes of the shifts.")] = ()


Seconds = Annotated[float, msgspec.Meta(ge=1, le=86_400)]


class Deadlines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds until the next one is called, unless somebody has acknowledged."""

    red_s: Annotated[Seconds, msgspec.Meta(title="Red", description="Seconds to acknowledge a red.")] = 60.0
    orange_s: Annotated[Seconds, msgspec.Meta(title="Orange", description="Seconds to acknowledge an orange.")] = 180.0
    yellow_s: Annotated[Seconds, msgspec.Meta(title="Yellow", description="Seconds to acknowledge a yellow.")] = 600.0
    unknown_s: Annotated[
        Seconds, msgspec.Meta(title="Not seen", description="Seconds to acknowledge that a zone is not seen.")
    ] = 180.0

    def of(self, urgency: Tier, blind: bool) -> float | None:
        """Seconds for a tier; None where nobody has to acknowledge. `blind`: it is also, or only, not seen."""
        by_tier = {Tier.RED: self.red_s, Tier.ORANGE: self.orange_s, Tier.YELLOW: self.yellow_s}.get(urgency)
        known = [seconds for seconds in (by_tier, self.unknown_s if blind else None) if seconds is not None]
        return min(known, default=None)


class DutySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People, units and shifts."""

    time_zone: Annotated[Text, msgspec.Meta(title="Time zone", description="IANA name, for example Asia/Shanghai.")] = (
        "Asia/Shanghai"
    )
    people: Annotated[
        tuple[Person, ...], msgspec.Meta(title="People", description="Everybody who may be called.", min_length=1)
    ]
    units: Annotated[tuple[Unit, ...], msgspec.Meta(title="Units", description="Units and their shifts.", min_length=1)]
    calendar: Annotated[
        dict[DateText, Day],
        msgspec.Meta(
            title="Calendar",
            description="Dates that are `holiday`, or that work like another day of the week (调休).",
        ),
    ] = msgspec.field(default_factory=dict)
    deadlines: Annotated[Deadlines, msgspec.Meta(title="Deadlines", description="Seconds to acknowledge, by tier.")] = (
        Deadlines()
    )
    keeper: Annotated[
        Name | None,
        msgspec.Meta(title="Keeper", description="The unit that is called when the paging itself is at fault."),
    ] = None
    storm_from: Annotated[
        int,
        msgspec.Meta(
            title="Storm",
            description="Calls below red to one person within a minute from which on they are put together.",
            ge=2,
            le=100,
        ),
    ] = 4
    close_unanswered_s: Annotated[
        float,
        msgspec.Meta(
            title="Close unanswered",
            description="Seconds after its end at which an incident below red is closed though nobody acknowledged.",
            ge=60,
            le=604_800,
        ),
    ] = 14_400.0

    def __post_init__(self) -> None:
        people = _unique("person", [person.name for person in self.people])
        units = _unique("unit", [unit.name for unit in self.units])
        _zone(self.time_zone, "time_zone")
        for day in self.calendar:
            _date(day, "calendar")
        for unit in self.units:
            if unit.time_zone is not None:
                _zone(unit.time_zone, f"unit {unit.name}: time_zone")
            for shift in unit.shifts:
                for name in (one for team in shift.teams for one in team):
                    if name not in people:
                        raise ValueError(f"unit {unit.name}: shift {shift.name}: nobody is called {name}")
            for swap in unit.swaps:
                for name in filter(None, (swap.absent, swap.stands_in)):
                    if name not in people:
                        raise ValueError(f"unit {unit.name}: swaps: nobody is called {name}")
            if unit.up is not None and unit.up not in units:
                raise ValueError(f"unit {unit.name}: up: no unit is called {unit.up}")
        for unit in self.units:
            _no_circle(unit, {one.name: one for one in self.units})
        if self.keeper is not None and self.keeper not in units:
            raise ValueError(f"keeper: no unit is called {self.keeper}")

    def person(self, name: str) -> Person | None:
        return next((person for person in self.people if person.name == name), None)

    def unit(self, name: str) -> Unit | None:
        return next((unit for unit in self.units if unit.name == name), None)


class ZoneDuty(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who answers for a zone. They are called in this order, then the units above the last of them."""

    operator: Annotated[
        Name | None, msgspec.Meta(title="Operator", description="Unit that runs the place (主体责任).")
    ] = None
    department: Annotated[
        Name | None, msgspec.Meta(title="Department", description="Unit of the line department (部门责任).")
    ] = None
    territory: Annotated[
        Name | None, msgspec.Meta(title="Territory", description="Unit of the place's territory (属地责任).")
    ] = None
    level: Annotated[
        Level | None,
        msgspec.Meta(title="Level", description="Level at which the place is supervised; that of its territory."),
    ] = None

    def __post_init__(self) -> None:
        if not self.units:
            raise ValueError("duty names no unit, so the chain of calls ends in nobody")

    @property
    def units(self) -> tuple[str, ...]:
        return tuple(name for name in (self.operator, self.department, self.territory) if name is not None)


def _unique(what: str, names: list[str]) -> set[str]:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{what} {name} is listed twice")
    return set(names)


def _zone(name: str, what: str) -> None:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{what}: no time zone is called {name}") from None


def _date(text: str, what: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{what}: there is no day {text}") from None


def _moment(text: str, what: str) -> datetime:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", text):
        raise ValueError(f"{what}: there is no moment {text}")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{what}: there is no moment {text}") from None


def _no_circle(unit: Unit, units: dict[str, Unit]) -> None:
    seen, at = {unit.name}, unit
    while at.up is not None:
        if at.up in seen:
            raise ValueError(f"unit {unit.name}: up leads in a circle, through {at.up}")
        seen.add(at.up)
        at = units[at.up]
