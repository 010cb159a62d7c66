"""Who is on duty: by the wall clock, over midnight, in turns, on holidays, in swaps, and when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.duty.rota import chain, gaps, on_duty
from alerting.duty.settings import DutySettings, ZoneDuty

PEOPLE = [{"name": name, "title": name.upper(), "reach": [{"channel": "log"}]} for name in "abcd"]


def duty(*shifts: dict[str, Any], zone: str = "Asia/Shanghai", calendar: Any = None, **unit: Any) -> DutySettings:
    whole = {"name": "u", "title": "U", "shifts": list(shifts), **unit}
    return msgspec.convert(
        {"time_zone": zone, "people": PEOPLE, "units": [whole], "calendar": calendar or {}}, DutySettings
    )


def at(text: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


DAY = {"name": "day", "begins": "08:00", "ends": "20:00", "teams": [["a", "b"]]}
NIGHT = {"name": "night", "begins": "20:00", "ends": "08:00", "teams": [["c"]]}
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@pytest.mark.parametrize(
    ("moment", "people"),
    [
        ("2026-11-24 07:59", ("c",)),
        ("2026-11-24 08:00", ("a", "b")),
        ("2026-11-24 19:59", ("a", "b")),
        ("2026-11-24 20:00", ("c",)),
        ("2026-11-25 00:00", ("c",)),
    ],
)
def test_day_and_night(moment: str, people: tuple[str, ...]) -> None:
    plan = duty(DAY, NIGHT)
    assert on_duty(plan, plan.units[0], at(moment)) == people


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    plan = duty({**NIGHT, "days": ["fri"]}, {**DAY, "begins": "00:00", "ends": "24:00", "days": ["sun"]})
    unit = plan.units[0]
    assert on_duty(plan, unit, at("2026-11-27 21:00")) == ("c",)
    assert on_duty(plan, unit, at("2026-11-28 07:00")) == ("c",), "Saturday morning is Friday's night"
    assert on_duty(plan, unit, at("2026-11-28 21:00")) == ()


@pytest.mark.parametrize(
    ("turn", "days", "teams"),
    [("weekly", (0, 6, 7, 14, 21), "aabca"), ("daily", (0, 1, 2, 3), "abca"), ("weekly", (-1, -7, -8), "ccb")],
)
def test_teams_take_turns(turn: str, days: tuple[int, ...], teams: str) -> None:
    plan = duty({"name": "all", "teams": [["a"], ["b"], ["c"]], "turn": turn, "since": "2026-01-05"})
    first = at("2026-01-05 12:00")
    found = [on_duty(plan, plan.units[0], first + timedelta(days=day)) for day in days]
    assert "".join(people[0] for people in found) == teams


def test_holidays_and_working_weekends() -> None:
    plan = duty(
        {**DAY, "days": WEEK[:5]},
        {"name": "off", "days": ["sat", "sun", "holiday"], "teams": [["d"]]},
        calendar={"2026-10-01": "holiday", "2026-10-10": "fri"},
    )
    unit = plan.units[0]
    assert on_duty(plan, unit, at("2026-10-01 12:00")) == ("d",), "a Thursday, and a holiday"
    assert on_duty(plan, unit, at("2026-10-10 12:00")) == ("a", "b"), "a Saturday that works like a Friday"
    plain = duty({**DAY, "days": WEEK}, calendar={"2026-10-01": "holiday"})
    assert on_duty(plain, plain.units[0], at("2026-10-01 12:00")) == ("a", "b"), "no shift knows holidays"


def test_swaps() -> None:
    swaps = [
        {"begins": "2026-12-31 20:00", "ends": "2027-01-01 02:00", "absent": "c", "stands_in": "d"},
        {"begins": "2027-01-01 08:00", "ends": "2027-01-01 20:00", "absent": "a"},
    ]
    plan = duty(DAY, NIGHT, swaps=swaps)
    unit = plan.units[0]
    assert on_duty(plan, unit, at("2026-12-31 20:00")) == ("d",)
    assert on_duty(plan, unit, at("2027-01-01 02:00")) == ("c",)
    assert on_duty(plan, unit, at("2027-01-01 09:00")) == ("b",)


def test_a_swap_with_nobody_leaves_a_gap_that_is_named() -> None:
    swaps = [{"begins": "2026-12-31 20:00", "ends": "2027-01-01 02:00", "absent": "c"}]
    plan = duty(DAY, NIGHT, swaps=swaps)
    (gap,) = gaps(plan, plan.units[0], date(2026, 12, 1), 60)
    assert str(gap) == "Thu 2026-12-31 20:00+0800 to Fri 2027-01-01 02:00+0800"


def test_summer_time_opens_no_gap_and_hides_none() -> None:
    berlin = "Europe/Berlin"
    covered = duty(
        {"name": "early", "begins": "02:30", "ends": "14:00", "teams": [["a"]]},
        {"name": "late", "begins": "14:00", "ends": "02:30", "teams": [["b"]]},
        zone=berlin,
    )
    assert list(gaps(covered, covered.units[0], date(2026, 1, 1), 370)) == []
    # Nobody from two to three: on 29 March there is no such hour, on 25 October there are two of them.
    holed = duty({"name": "x", "begins": "03:00", "ends": "02:00", "teams": [["a"]]}, zone=berlin)
    spring = list(gaps(holed, holed.units[0], date(2026, 3, 28), 3))
    assert [f"{gap.begins:%d}" for gap in spring] == ["28", "30"]
    autumn = list(gaps(holed, holed.units[0], date(2026, 10, 25), 1))
    assert [gap.ends.astimezone(UTC) - gap.begins.astimezone(UTC) for gap in autumn] == [timedelta(hours=2)]


@given(
    cuts=st.lists(st.integers(1, 95), min_size=1, max_size=4, unique=True).map(sorted),
    offset=st.integers(0, 60 * 24 * 370),
    zone=st.sampled_from(["Europe/Berlin", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe"]),
)
def test_what_covers_the_wall_clock_covers_every_minute(cuts: list[int], offset: int, zone: str) -> None:
    marks = [f"{cut * 15 // 60:02d}:{cut * 15 % 60:02d}" for cut in [*cuts, cuts[0]]]
    if len(cuts) == 1:
        shifts = [{"name": "all", "teams": [["a"]]}]
    else:
        shifts = [
            {"name": str(number), "begins": begins, "ends": ends, "teams": [["a"], ["b"]], "turn": "daily"}
            for number, (begins, ends) in enumerate(pairwise(marks))
        ]
    plan = duty(*shifts, zone=zone)
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=offset)
    assert len(on_duty(plan, plan.units[0], moment)) == 1
    assert not list(gaps(plan, plan.units[0], moment.date(), 3))


def test_the_chain_goes_up_and_names_nobody_twice() -> None:
    whole = {"name": "all"}
    units = [
        {"name": "operator", "title": "O", "shifts": [{**whole, "teams": [["a", "b"]]}]},
        {"name": "street", "title": "S", "up": "city", "shifts": [{**whole, "teams": [["b", "c"]]}]},
        {"name": "city", "title": "C", "shifts": [{**whole, "teams": [["d"]]}]},
    ]
    plan = msgspec.convert({"people": PEOPLE, "units": units}, DutySettings)
    rungs = chain(plan, ZoneDuty(operator="operator", territory="street"), at("2026-11-24 12:00"))
    assert [(rung.unit, rung.person) for rung in rungs] == [
        ("operator", "a"),
        ("operator", "b"),
        ("street", "c"),
        ("city", "d"),
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"units": [{"name": "u", "title": "U", "shifts": []}]}, "length >= 1"),
        ({"units": [{"name": "u", "title": "U", "shifts": [{"name": "s", "teams": [[]]}]}]}, "a shift with nobody"),
        ({"units": [{"name": "u", "title": "U", "shifts": [{"name": "s", "teams": [["x"]]}]}]}, "nobody is called x"),
        ({"people": [*PEOPLE, PEOPLE[0]]}, "person a is listed twice"),
        ({"people": [{"name": "a", "title": "A", "reach": []}]}, "length >= 1"),
        ({"keeper": "x"}, "no unit is called x"),
        ({"time_zone": "Mars/Base"}, "no time zone is called Mars/Base"),
        ({"calendar": {"2026-02-30": "holiday"}}, "there is no day 2026-02-30"),
    ],
)
def test_what_is_refused(change: dict[str, Any], says: str) -> None:
    shift = {"name": "s", "teams": [["a"]]}
    whole = {"people": PEOPLE, "units": [{"name": "u", "title": "U", "shifts": [shift]}], **change}
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert(whole, DutySettings)


def test_units_above_each_other_in_a_circle() -> None:
    shift = [{"name": "s", "teams": [["a"]]}]
    units = [
        {"name": "u", "title": "U", "up": "v", "shifts": shift},
        {"name": "v", "title": "V", "up": "u", "shifts": shift},
    ]
    with pytest.raises(msgspec.ValidationError, match="up leads in a circle"):
        msgspec.convert({"people": PEOPLE, "units": units}, DutySettings)
