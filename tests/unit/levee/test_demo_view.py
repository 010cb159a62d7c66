"""The demo's view, trend and timeline: plain values in, text out."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from levee.demo.snapshot import BoxSeen, CameraSeen, PageSeen, Snapshot, TierChange, ZoneSeen
from levee.demo.timeline import Timeline
from levee.demo.trend import Trend, Trends, trend
from levee.demo.view import Frame, draw
from wire import Band, Tier

NOW = datetime(2014, 12, 31, 15, 24, 5, tzinfo=UTC)


def zone(name: str, tier: Tier, people: float | None, peak: float | None, *, unknown: bool = False) -> ZoneSeen:
    def band(value: float | None) -> Band | None:
        return None if value is None else Band(value=value, low=value * 0.8, high=value * 1.2)

    return ZoneSeen(
        site="bund",
        zone=name,
        title=name.title(),
        tier=tier,
        since=NOW - timedelta(seconds=14),
        why=f"why of {name}",
        unknown=unknown,
        people=band(people),
        peak=band(peak),
        reasons=("camera dark",) if unknown else (),
    )


def change(seconds: float, before: Tier, after: Tier, what: str = "tier") -> TierChange:
    at = NOW + timedelta(seconds=seconds)
    return TierChange(at, what, "steps", before, after, f"why {after.label}", "observed", 61.7, 1.634)


def page(seconds: float, tier: Tier, outcome: str = "accepted", *, unknown: bool = False) -> PageSeen:
    return PageSeen(NOW + timedelta(seconds=seconds), "steps", tier, unknown, "phone", outcome, "204")


SNAPSHOT = Snapshot(
    at=NOW,
    link=True,
    zones=(
        zone("steps", Tier.RED, 96, 3.9),
        zone("plaza", Tier.BLUE, 141, 2.2),
        zone("promenade", Tier.YELLOW, None, None, unknown=True),
    ),
    boxes=(BoxSeen("box-1", online=True, waiting=3),),
    cameras=(CameraSeen("box-1", "steps-cam", "live"), CameraSeen("box-1", "walk-cam", "dark")),
    pages=(page(0, Tier.RED), page(-30, Tier.ORANGE, "failed"), page(-9, Tier.YELLOW, unknown=True)),
)
FRAME = Frame(125.0, {("bund", "steps"): Trend.RISING}, (("metrics", "http://127.0.0.1:9108/metrics"),))


def text(snapshot: Snapshot | None, frame: Frame = FRAME, width: int = 150, height: int = 40) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(draw(snapshot, frame, width, height))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    "told",
    [
        "running 2:05",
        "2014-12-31 15:24:05 UTC",
        "Steps",
        "RED I ",
        "BLUE IV",
        "YELLOW III",
        "UNKNOWN",
        "96 (77–115)",
        "3.9 (3.1–4.7)",
        "▲ rising",
        "14 s",
        "why of steps",
        "held, unknown: camera dark",
        "broker connected",
        "box box-1 online, 3 waiting to be recorded",
        "camera steps-cam live",
        "camera walk-cam DARK",
        "failed: 204",
        "http://127.0.0.1:9108/metrics",
    ],
)
def test_the_view_says(told: str) -> None:
    assert told in text(SNAPSHOT)


@pytest.mark.parametrize(
    "told", ["steps", "RED I ", "96 (77–115)", "3.9 (3.1–4.7)", "steps: why of steps", "ORANGE II"]
)
def test_a_narrow_terminal_says_it_too(told: str) -> None:
    narrow = text(SNAPSHOT, width=80)
    assert told in narrow
    assert max(map(len, narrow.splitlines())) == 80


@pytest.mark.parametrize(("width", "height"), [(80, 24), (150, 24), (100, 30)])
def test_it_fits_into_the_terminal_with_the_last_page(width: int, height: int) -> None:
    many = tuple(page(-second, Tier.ORANGE) for second in range(1, 40))
    told = text(replace(SNAPSHOT, pages=(*many, page(0, Tier.RED))), width=width, height=height)
    assert len(told.splitlines()) <= height
    assert "15:24:05" in told.split("last pages")[1]
    assert "127.0.0.1:9108" in told


def test_what_is_unknown_is_never_shown_as_a_figure() -> None:
    (row,) = [line for line in text(SNAPSHOT).splitlines() if "Promenade" in line]
    assert row.count("unknown") == 3, "people, density and the reason"
    assert " 0" not in row


def test_a_tier_has_its_word_without_colour() -> None:
    for tier in Tier:
        assert tier.label.upper() in text(Snapshot(NOW, True, (zone("a", tier, 1, 1),)))


def test_before_anything_is_known_it_says_what_it_waits_for() -> None:
    assert "waiting for the first readings" in text(None, Frame(1.0, {}, notice="waiting for the first readings"))


def test_the_clock_is_that_of_the_site() -> None:
    shanghai = timezone(timedelta(hours=8))
    here = replace(SNAPSHOT.zones[0], since=NOW.astimezone(shanghai))
    assert "2014-12-31 23:24:05 UTC+08:00" in text(replace(SNAPSHOT, zones=(here,)))


def test_no_link_and_an_absent_box_are_loud() -> None:
    told = text(Snapshot(NOW, False, boxes=(BoxSeen("box-1", online=False),)))
    assert "NO LINK" in told
    assert "OFFLINE" in told


@pytest.mark.parametrize(
    ("figure", "wanted"),
    [
        (lambda s: 10 + s, Trend.RISING),
        (lambda s: 50 - s, Trend.FALLING),
        (lambda s: 40 + 0.5 * (-1) ** int(s), Trend.STEADY),
        (lambda s: 0.0, Trend.STEADY),
        (lambda s: 1 + 0.05 * s, Trend.STEADY),
    ],
)
def test_the_trend_of_a_course(figure: Callable[[float], float], wanted: Trend) -> None:
    assert trend([(float(s), figure(float(s))) for s in range(20)]) is wanted


@given(st.lists(st.floats(0, 1e6), max_size=40), st.floats(0, 1e9))
def test_a_trend_is_found_for_any_figures(figures: list[float], start: float) -> None:
    found = trend([(start + n, figure) for n, figure in enumerate(figures)])
    assert (found is Trend.UNKNOWN) == (len(figures) < 7)


def test_a_gap_begins_a_trend_anew() -> None:
    trends = Trends()
    for second in range(10):
        trends.add("a", second, 10.0 + second)
    assert trends.of("a") is Trend.RISING
    trends.add("a", 10, None)
    assert trends.of("a") is Trend.UNKNOWN
    assert trends.of("never seen") is Trend.UNKNOWN


def test_the_timeline_holds_each_event_once_and_in_order() -> None:
    timeline = Timeline(NOW)
    later, first = change(9, Tier.BLUE, Tier.YELLOW), change(4.21, Tier.NORMAL, Tier.BLUE)
    assert timeline.add(Snapshot(NOW, True, changes=(later,))) == [later]
    assert timeline.add(Snapshot(NOW, True, changes=(first, later), pages=(page(4.3, Tier.BLUE, "queued"),))) == [first]
    assert timeline.add(Snapshot(NOW, True, changes=(first, later), pages=(page(4.3, Tier.BLUE),))) == []
    assert [(event["seconds"], event["from"], event["to"]) for event in timeline.to_json()] == [
        (4.2, "normal", "blue"),
        (9.0, "blue", "yellow"),
    ]
    assert [page["outcome"] for page in timeline.pages_to_json()] == ["accepted"]
    assert timeline.lines() == [
        "   4.2 s  steps: normal -> blue, 62 people (why blue)",
        "   4.3 s  page: steps blue by phone: accepted",
        "   9.0 s  steps: blue -> yellow, 62 people (why yellow)",
    ]


def test_a_tier_is_reached_by_a_change_and_not_by_blindness() -> None:
    timeline = Timeline(NOW)
    timeline.add(Snapshot(NOW, True, changes=(change(1, Tier.RED, Tier.RED, "held"),)))
    assert timeline.reached(Tier.RED) is None
    timeline.add(Snapshot(NOW, True, changes=(change(2, Tier.NORMAL, Tier.RED),)))
    reached = timeline.reached(Tier.ORANGE)
    assert reached is not None
    assert reached.after is Tier.RED


def test_a_page_counts_once_every_channel_has_accepted() -> None:
    timeline = Timeline(NOW)
    assert not timeline.accepted(Tier.BLUE)
    timeline.add(Snapshot(NOW, True, pages=(page(0, Tier.RED, unknown=True),)))
    assert not timeline.accepted(Tier.BLUE), "a page for blindness is none for a crowd"
    timeline.add(Snapshot(NOW, True, pages=(page(1, Tier.RED, "failed"), page(1.5, Tier.BLUE))))
    assert not timeline.accepted(Tier.RED)
    timeline.add(Snapshot(NOW, True, pages=(page(1, Tier.RED),)))
    assert timeline.accepted(Tier.RED)
