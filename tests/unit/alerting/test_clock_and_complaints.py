"""Time never goes back, and the log is not flooded."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.clock import Clock, advance
from alerting.complaints import MAX_SOURCES, Complaints


@given(st.floats(0, 1e10), st.floats(0, 1e5), st.floats(0, 1e10))
def test_time_never_goes_back(at: float, passed: float, wall: float) -> None:
    assert advance(at, passed, wall) >= at


@pytest.mark.parametrize(
    ("at", "passed", "wall", "then"),
    [
        (1000.0, 1.0, 1001.0, 1001.0),
        (1000.0, 1.0, 5000.0, 5000.0),
        (1000.0, 1.0, 500.0, 1000.9),
        (1000.0, 1.0, 1000.0, 1000.95),
        (1000.0, 1.0, 1002.0, 1001.05),
    ],
)
def test_it_is_drawn_to_the_wall_clock(at: float, passed: float, wall: float, then: float) -> None:
    assert advance(at, passed, wall) == pytest.approx(then)


def test_it_goes_on_from_the_end_of_the_record() -> None:
    clock = Clock(not_before=4_000_000_000.0)
    assert clock.now() >= 4_000_000_000.0
    assert clock.ahead_s > 1_000_000
    assert clock.utc().year == 2096


def test_one_line_a_minute_for_each_cause_and_source(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints()
    with caplog.at_level(logging.WARNING):
        said = [complaints.tell("late", "box-1", "old", float(second)) for second in range(100)]
        assert complaints.tell("late", "box-2", "old", 99.0)
        assert complaints.tell("duplicate", "box-1", "again", 99.0)
    assert [second for second, told in enumerate(said) if told] == [0, 60]
    assert "59 more" in caplog.records[1].getMessage()


def test_made_up_sources_do_not_fill_the_memory(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints()
    with caplog.at_level(logging.ERROR):
        told = sum(complaints.tell("topic", f"box-{number}", "x", 1.0) for number in range(3 * MAX_SOURCES))
    assert told == MAX_SOURCES + 1


def test_a_jump_of_days_is_followed_only_once_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    steady, wall = 100.0, 1_000_000.0
    monkeypatch.setattr("alerting.clock.time.monotonic", lambda: steady)
    monkeypatch.setattr("alerting.clock.time.time", lambda: wall)
    clock = Clock()
    for _ in range(30):
        steady, wall = steady + 1, 9_000_000.0
        assert clock.now() < 1_000_100
    steady, wall = steady + 1, 1_000_031.0
    assert clock.now() == pytest.approx(1_000_031.0)
    followed = []
    for _ in range(62):
        steady, wall = steady + 1, 9_000_000.0
        followed.append(clock.now() > 8_000_000)
    assert followed.index(True) == 60
