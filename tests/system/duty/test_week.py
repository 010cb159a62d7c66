"""The week of the countdown, from its script through the pager, the desk and the record to the report; the report in
docs/ is what the command makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from alerting.desk.state import HazardState
from alerting.record.reader import Reader
from tests.system.duty.week import FIRST, LAST, LATE, MISSED, ROOT, Week, play, when


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Week:
    return play(tmp_path_factory.mktemp("week"))


def levee(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "levee", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)


@pytest.fixture(scope="module")
def report(week: Week) -> dict[str, Any]:
    made = levee("report", week.config, "--from", FIRST, "--to", LAST, "--json")
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


def test_alarms_are_those_of_the_script(report: dict[str, Any]) -> None:
    assert report["alarms"] == {"orange": 1, "yellow": 1}, "incidents, by the tier at which they began"
    units = {one["unit"]: one for one in report["units"]}
    # Plaza 11:07:00 to 11:08:40. Steps: yellow 5 min of 10, orange 4 min of 3, red 90 s of 60.
    assert units["riverside-street"]["times_s"] == [100.0]
    assert sorted(units["promenade-operator"]["times_s"]) == [90.0, 240.0, 300.0]
    assert (units["promenade-operator"]["in_time"], units["promenade-operator"]["late"]) == (1, 2)
    assert report["handled"] == {"good": 2, "of": 4, "rate": 0.5}
    # 11:08:40 to 11:30 on the plaza, 22:39:30 to 23:05 on the steps; the yellow and the orange there rose further.
    assert sorted(report["relief_s"]) == [1280.0, 1530.0]
    assert report["relieved"] == {"good": 2, "of": 4, "rate": 0.5}


def test_plan_and_linkage_of_the_red(report: dict[str, Any]) -> None:
    assert report["steps"] == {"begun": 3, "in time": 2, "late": 1}
    assert report["receipts"] == {"begun": 2, "in time": 1, "late": 1}


def test_drills_are_those_of_the_script(report: dict[str, Any]) -> None:
    first, second = report["drills"]
    assert (first["how"], first["dangers"], first["found"], first["lead_s"]) == ("ended", 1, 1, [180.0])
    assert sorted(first["answered"]) == [30.0, 40.0]
    assert (first["steps"], first["steps_in_time"]) == (5, 3)
    assert set(first["steps_late"]) == {"steps-red/broadcast", "steps-orange/skip-stop"}
    assert second["how"] == "stopped"
    assert "riverside/plaza" in second["why"]
    assert second["dangers"] == 0, "stopped before its danger: that is no case"
    assert second["took_s"] == 420.0
    assert report["found"] == {"good": 1, "of": 1, "rate": 1.0}


def test_roll_calls_are_those_of_the_script(week: Week, report: dict[str, Any]) -> None:
    counts = report["roll_calls"]["promenade-operator"]
    assert counts["missed"] == len(MISSED) + 1
    assert counts["late"] == 1
    assert counts["confirmed"] == counts["asked"] - counts["missed"]
    assert counts["asked"] + counts.get("left-out", 0) == 7 * 6, "one in each four hours"
    assert len(week.asked) == counts["asked"] > LATE


def test_hazards_and_events_are_those_of_the_script(report: dict[str, Any]) -> None:
    assert report["hazards"] == {
        "opened": 5,
        "overdue": 1,
        "closed": 4,
        "closed in time": 3,
        "open at the end": 1,
        "overdue at the end": 0,
    }
    assert report["hazards_by_cause"] == {"inspection": 3, "camera-down": 1, "assessment-stale": 1}
    assert [one["words"] for one in report["hazards_open"]] == ["lamp at the foot of the steps"]
    (moved,) = [one for one in report["events"] if one["what"] == "changed"]
    assert moved["hours_before"] == 27.0
    assert [one["assessed"] for one in report["events"] if one["what"] == "begun"] == [True]
    zones = {one["zone"]: (one["hours"], one["seen"]) for one in report["zones"]}
    assert zones == {"riverside/steps": (168.0, 165.0), "riverside/plaza": (168.0, 168.0)}
    assert report["cameras_down_h"] == {"camera/riverside/box-1/steps-cam": 3.0}


def test_warnings_written_and_released(report: dict[str, Any]) -> None:
    cap = report["cap"]
    assert {key: count for key, count in cap.items() if "Public" in key} == {
        "Actual Alert Public": 1,
        "Actual Cancel Public": 1,
    }
    assert cap["Exercise Cancel Restricted"] == 2, "a drill leaves no message standing"


def test_who_may_not_is_refused_and_nothing_else_is(week: Week) -> None:
    refused = [one for one in week.outcomes if one[1] not in ("done", "acknowledged")]
    # A camera that is still dark, and a person without the right to release.
    assert refused == [("hazard-close", "still-wrong"), ("cap-release", "no-right")]
    assert week.pager.room.state.hazards[week.hazard("countdown")].state is HazardState.CLOSED


def test_the_thresholds_of_the_event_come_into_force_when_it_begins(week: Week) -> None:
    ((at, event),) = week.changed
    assert at == when("12-31 21:00"), "as it was moved"
    assert {zone.zone: zone.density.red for zone in event.zones}["steps"] == 3.0


def test_the_chain_is_whole_and_holds_no_name(week: Week) -> None:
    reader = Reader(week.url)
    try:
        assert reader.verify().fault is None
        assert week.duty is not None
        names = [person.name for person in week.duty.people] + [person.title for person in week.duty.people]
        for link in reader.links():
            for name in names:
                assert f'"{name}"' not in (link.body or ""), link
    finally:
        reader.close()


def test_the_example_in_docs_is_what_the_command_makes(week: Week, tmp_path: Path) -> None:
    page = tmp_path / "week.html"
    made = levee("report", week.config, "--from", FIRST, "--to", LAST, "--out", page)
    assert made.returncode == 0, made.stderr
    shown = ROOT / "docs" / "example-week.html"
    again = "write it with: python -m tests.system.duty.week"
    assert page.read_text(encoding="utf-8") == shown.read_text(encoding="utf-8"), again


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2020-01-01"), "holds nothing of 2020-01-01: there is nothing to report"),
        (("--from", "2026-12-28", "--to", "2026-12-01"), "is before"),
    ],
)
def test_reports_refused(week: Week, words: tuple[str, ...], said: str) -> None:
    made = levee("report", week.config, *words)
    assert made.returncode != 0
    assert said in " ".join(made.stderr.split())
    assert "Traceback" not in made.stderr


def test_a_day_and_a_month(week: Week) -> None:
    day = json.loads(levee("report", week.config, "--from", "2026-12-29", "--json").stdout)
    assert day["hazards"]["opened"] == 1, "the camera's"
    assert day["handled"] == {"good": 0, "of": 0, "rate": None}, "no case is not a good one"
    month = json.loads(levee("report", week.config, "--from", "2026-12-01", "--to", "2026-12-31", "--json").stdout)
    assert month["handled"]["of"] == 4
    assert month["hazards"]["opened"] == 4
