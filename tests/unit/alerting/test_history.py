"""What a place's own past expects: the course of its days, and how long a deviation lasts."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

import pytest

from alerting.forecast.history import History, kind_of_day

BEGIN = datetime(2016, 2, 1, tzinfo=UTC)


def usual(moment: datetime) -> float:
    busy = 400 if kind_of_day(moment) == "working" else 150
    return busy * (1.2 + math.sin((moment.hour - 9) / 24 * 2 * math.pi))


def taught(weeks: int, last: float, seed: int = 1) -> tuple[History, datetime, float]:
    """A place whose deviations last: `last` of each hour's goes on into the next."""
    dice, history, off, value = random.Random(seed), History(), 0.0, 0.0
    moment = BEGIN
    for hour in range(weeks * 7 * 24):
        moment = BEGIN + timedelta(hours=hour)
        off = last * off + dice.gauss(0, 20)
        value = max(0.0, usual(moment) + off)
        history.add(moment, value, (1, 3))
    return history, moment, value


@pytest.mark.parametrize(
    ("moment", "kind"),
    [
        (datetime(2016, 2, 5, 23), "working"),
        (datetime(2016, 2, 6, 0), "saturday"),
        (datetime(2016, 2, 7, 12), "sunday"),
    ],
)
def test_kinds_of_days(moment: datetime, kind: str) -> None:
    assert kind_of_day(moment) == kind


def test_without_a_past_nothing_is_expected() -> None:
    history = History()
    assert history.expect(BEGIN, 10, BEGIN + timedelta(hours=1), 1) is None
    history.add(BEGIN, 10.0, (1,))
    assert history.expect(BEGIN, 10, BEGIN + timedelta(hours=1), 1) is None


def test_the_usual_course_of_a_day_is_expected_by_its_kind() -> None:
    history, moment, _ = taught(6, 0.0)
    for hours in (1, 3):
        target = moment + timedelta(hours=hours)
        expected = history.expect(moment, usual(moment), target, hours)
        assert expected is not None
        assert expected.value == pytest.approx(usual(target), abs=35)
        assert 10 < expected.sigma < 60


def test_what_is_above_the_usual_stays_above_it_where_that_is_the_way_of_the_place() -> None:
    sticky, moment, _ = taught(8, 0.95)
    fickle, _, _ = taught(8, 0.0)
    target = moment + timedelta(hours=1)
    more = usual(moment) + 100
    one, other = sticky.expect(moment, more, target, 1), fickle.expect(moment, more, target, 1)
    assert one is not None
    assert other is not None
    assert one.value > usual(target) + 40
    assert other.value < usual(target) + 40
