"""The night of 12·31: warned in time on the steps where 36 people died; and quiet on evenings when nothing happens.

The scenario was written down before any threshold was set; see its facts. Thresholds are the defaults.
"""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from alerting.assess import Tick, TierChanged, new_site
from alerting.settings import SiteSettings
from levee.cli import app
from levee.config.load import load_scenario
from levee.replays.recording import Recording, fold
from levee.replays.scenario import scenario_recording
from levee.replays.score import score_of, trace_of
from levee.scenarios.crowd import area, play
from levee.scenarios.story import Scenario, Sight, Vary
from wire import Kind, Tier

FOLDER = Path(__file__).resolve().parents[3] / "configs/scenarios"
NIGHT = FOLDER / "bund-2014-12-31.yaml"


def lines_of(*args: str) -> list[dict[str, Any]]:
    found = CliRunner().invoke(app, ["replay", *args, "--json"])
    assert found.exit_code == 0, found.output
    return [json.loads(line) for line in found.stdout.splitlines()]


def first(events: list[dict[str, Any]], tier: str, zone: str | None = None, **more: str) -> str:
    """The clock time of the first event that reached `tier`."""
    return next(
        event["time"][11:19]
        for event in events
        if event["to"] == tier
        and event["from"] != tier
        and zone in (None, event["zone"])
        and all(event[key] == value for key, value in more.items())
    )


@pytest.fixture(scope="module")
def night() -> list[dict[str, Any]]:
    return lines_of(str(NIGHT))


def test_the_night_is_warned_of_in_time(night: list[dict[str, Any]]) -> None:
    assert first(night, "blue") <= "21:00:00"
    assert first(night, "yellow") <= "21:30:00"
    assert first(night, "orange") <= "22:00:00"
    assert "22:30:00" <= first(night, "red") <= "22:38:00"
    assert "22:37:00" <= first(night, "red", "steps") <= "22:38:00"
    counterflow = next(event for event in night if event["why"].startswith("counterflow"))
    assert (counterflow["zone"], counterflow["to"]) == ("steps", "red")
    assert counterflow["time"][11:19] <= "22:38:00"
    stall = next(event for event in night if event["why"].startswith("stall") and event["zone"] == "steps")
    assert (stall["from"], stall["to"]) == ("red", "red")
    assert stall["time"][11:19] <= "23:24:00"
    foreseen = next(event for event in night if event["kind"] == "forecast" and "capacity" in event["why"])
    assert foreseen["time"][11:19] <= "22:35:00"


def test_each_line_has_its_six_keys_and_the_offset_of_the_site(night: list[dict[str, Any]]) -> None:
    causes = ("density", "capacity", "forecast", "stall", "counterflow", "outflow", "pressure", "neighbour")
    for event in night:
        assert list(event) == ["time", "zone", "from", "to", "why", "kind"]
        assert datetime.fromisoformat(event["time"]).utcoffset() is not None
        assert event["time"].endswith("+08:00")
        assert event["kind"] in ("observed", "forecast")
        assert event["why"].split()[0].rstrip(":") in (*causes, "unknown", "fall")
    times = [event["time"] for event in night]
    assert times == sorted(times)


def part(scenario: Scenario, site: SiteSettings, start: str, end: str, run: int = 0) -> Recording:
    """The hours from `start` to `end`, seen every three seconds."""
    day = scenario.start.date()
    shorter = replace(scenario, end=datetime.fromisoformat(f"{day}T{end}"), sight=Sight(every_s=3))
    recording = scenario_recording("part", shorter, site, run)
    begin = datetime.fromisoformat(f"{day}T{start}").replace(tzinfo=ZoneInfo(site.time_zone)).timestamp()
    recording.start, recording.begin = begin, new_site(site.site, begin)
    recording.events = [site.applied(begin), *(event for event in recording.events if event.at > begin)]
    return recording


@pytest.mark.parametrize(("inflow", "width"), [(0.7, 1.0), (1.3, 1.0), (1.0, 0.8), (1.0, 1.2), (0.7, 1.2), (1.3, 0.8)])
def test_warnings_move_with_the_crowd_and_none_is_missing_in_danger(inflow: float, width: float) -> None:
    """Whenever the steps have been deadly for half a minute, they are at red; and orange came minutes before."""
    scenario, site = load_scenario(NIGHT)
    scenario = replace(scenario, vary=Vary(inflow=inflow, width=width), end=datetime.fromisoformat("2014-12-31T23:40"))
    scenario = replace(scenario, sight=Sight(every_s=3))
    recording = scenario_recording("varied", scenario, site)
    deadly = [moments["steps"].density * 1.25 >= 4.2 for moments in play(scenario)]
    reds, oranges, second = [], [], -1
    for event, state, _ in fold(recording):
        if isinstance(event, Tick):
            second += 1
            tier = state.zones["steps"].tier
            reds.append(tier is Tier.RED)
            oranges.append(tier >= Tier.ORANGE)
    assert any(deadly), "the variation is still a disaster"
    for at in range(30, len(deadly)):
        if all(deadly[at - 30 : at + 1]):
            assert reds[at], f"at second {at} the steps were deadly, and not at red"
    assert all(reds[-120:])


def test_it_is_the_same_every_time() -> None:
    scenario, site = load_scenario(NIGHT)
    scenario = replace(scenario, end=datetime.fromisoformat("2014-12-31T18:20"))
    one, other = (list(scenario_recording("x", scenario, site).events) for _ in range(2))
    assert one == other


@pytest.mark.parametrize(
    ("name", "runs", "start", "end"),
    [
        ("bund-evening", (0, 11, 23), "18:45:00", "21:15:00"),
        ("concert", (1,), "18:00:00", "20:30:00"),
        ("rainy-rush-hour", (2,), "17:15:00", "19:15:00"),
    ],
)
def test_ordinary_evenings_stay_quiet(name: str, runs: tuple[int, ...], start: str, end: str) -> None:
    """The busy hours of some of the runs that `levee backtest` plays in full."""
    scenario, site = load_scenario(FOLDER / f"{name}.yaml")
    for run in runs:
        score = score_of(trace_of(part(scenario, site, start, end, run)))
        assert (score.false.get(Tier.ORANGE, 0), score.false.get(Tier.RED, 0)) == (0, 0)
        assert score.false.get(Tier.YELLOW, 0) <= 1


def test_the_score_of_the_night() -> None:
    scenario, site = load_scenario(NIGHT)
    trace = trace_of(part(scenario, site, "21:30:00", "23:50:00"))
    score = score_of(trace)
    assert score.misses == []
    lead = score.leads[0].before_s
    assert lead[Tier.RED] is not None
    assert lead[Tier.ORANGE] is not None
    assert 40 * 60 <= lead[Tier.RED] <= lead[Tier.ORANGE]
    assert score.false == {}, "alarms of the last hours before it are warnings"
    assert sum(score.time_in.values()) == pytest.approx(3 * 140 * 60, abs=10)
    assert 0.5 < score.skills["density", 5].coverage <= 1


def test_blindness_in_a_scenario_is_told_and_lowers_nothing(tmp_path: Path) -> None:
    text = NIGHT.read_text(encoding="utf-8").replace("site: bund.yaml", f"site: {FOLDER / 'bund.yaml'}")
    text = text.replace('"2015-01-01T00:10', '"2014-12-31T22:50').replace("every_s: 1", "every_s: 2")
    text = text.replace('start: "23:23", end: "23:40"', 'start: "22:48", end: "22:50"')
    text += 'blindness:\n  - {zone: steps, start: "22:41", end: "22:46"}\n'
    file = tmp_path / "blind.yaml"
    file.write_text(text, encoding="utf-8")
    events = [event for event in lines_of(str(file)) if event["zone"] == "steps"]
    told = [(event["time"][11:19], event["why"]) for event in events if event["why"].startswith("unknown")]
    assert [why for _, why in told] == [
        "unknown: camera-dark",
        "unknown: camera-dark; for 120 s, red is held",
        "unknown ended after 305 s",
    ]
    assert told[0][0] == "22:41:00"
    assert not [event for event in events if event["why"].startswith("fall")]


def test_people_are_neither_made_nor_lost_on_their_way() -> None:
    """Who entered the square and has not left it, or the deck's far end, is still somewhere."""
    scenario, _ = load_scenario(NIGHT)
    scenario = replace(scenario, end=datetime.fromisoformat("2014-12-31T19:30"))
    moments = list(play(scenario))
    for before, after in zip(moments[:-1:600], moments[600::600], strict=False):
        start = sum(one.people for one in before.values())
        assert sum(one.people for one in after.values()) > start
    for one, other in pairwise(moments[3000:3600]):
        for name in one:
            change = other[name].people - one[name].people
            assert change == pytest.approx(one[name].entered - one[name].left, abs=1e-6)


def test_the_geometry_is_that_of_the_place() -> None:
    scenario, _ = load_scenario(NIGHT)
    sizes = {ground.name: area(ground.polygon) for ground in scenario.grounds}
    assert sizes["steps"] == pytest.approx(49.8)
    assert sizes["square"] == pytest.approx(2880)
    marks = {fact.when: fact.mark.value for fact in scenario.facts}
    assert marks["23:35"] == "S"
    assert marks["22:37"] == "R"
    assert marks["arrivals"] == "J"


def test_forecasts_never_reach_red_and_never_lower() -> None:
    scenario, site = load_scenario(NIGHT)
    scenario = replace(scenario, vary=Vary(inflow=1.3))
    foreseen = 0
    for _, _, effects in fold(part(scenario, site, "19:30:00", "22:00:00")):
        for one in effects:
            if isinstance(one, TierChanged) and one.kind is Kind.FORECAST:
                foreseen += 1
                assert one.from_tier < one.to_tier < Tier.RED
    assert foreseen
