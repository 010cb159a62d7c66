"""Tables and logs as users have them: judged as live, or refused with the row; the same log, the same answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from alerting.metrics import Metrics
from alerting.paging.note import Note
from alerting.paging.senders import Answer, Outcome
from alerting.record import Record
from alerting.service import Service
from alerting.settings import ServiceSettings, SiteSettings
from levee.cli import app, refusal
from levee.replays.open import open_recordings
from levee.replays.recording import ReplayRefused
from levee.replays.score import _covered
from wire import Band, Instant, Readings, State, encode

SITE = """
levee: site
site: bund
title: Bund
time_zone: Asia/Shanghai
responsible: Duty room
zones:
  - {name: steps, title: Steps, kind: steps, box: box-1, capacity: 300}
  - {name: square, title: Square, kind: flat, box: box-1}
"""
HEAD = "time,zone,kind,count,low,high,density,peak_density,peak_low,peak_high,speed,counterflow,pressure"
BEIJING = timezone(timedelta(hours=8))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    file = tmp_path / "site.yaml"
    file.write_text(SITE, encoding="utf-8")
    return file


def replayed(file: Path, *args: str) -> list[dict[str, Any]]:
    found = CliRunner().invoke(app, ["replay", str(file), "--json", *args])
    assert found.exit_code == 0, (found.output, found.exception)
    return [json.loads(line) for line in found.stdout.splitlines()]


def table(file: Path, step: float, seconds: int, density: Any, offset: str = "+08:00") -> Path:
    begin = datetime(2014, 12, 31, 22, 0, tzinfo=BEIJING)
    rows = [HEAD]
    for number in range(int(seconds / step)):
        at = (begin + timedelta(seconds=number * step)).isoformat()
        value = density(number * step)
        rows.append(f"{at.replace('+08:00', offset)},steps,instant,{value * 50},,,,{value},,,0.4,0.02,")
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("step", [0.5, 1, 2, 5, 10, 30, 60])
def test_a_table_raises_at_any_pace_of_its_rows(tmp_path: Path, site: Path, step: float) -> None:
    file = table(tmp_path / "t.csv", step, 600, lambda at: 1.0 if at < 300 else 3.0)
    events = replayed(file, "--config", str(site))
    assert [event["to"] for event in events][-1] == "orange"
    assert all(event["why"].startswith("density") for event in events)
    assert "22:05:08" <= events[-1]["time"][11:19] <= "22:05:40"
    assert all(event["time"].endswith("+08:00") for event in events)


def test_a_quiet_table_tells_nothing(tmp_path: Path, site: Path) -> None:
    assert replayed(table(tmp_path / "t.csv", 1, 300, lambda _: 0.4), "--config", str(site)) == []


def test_one_wrong_row_raises_nothing(tmp_path: Path, site: Path) -> None:
    assert (
        replayed(table(tmp_path / "t.csv", 1, 300, lambda at: 9.0 if at == 100 else 0.4), "--config", str(site)) == []
    )


def test_times_without_an_offset_are_the_sites_and_without_settings_utc(tmp_path: Path, site: Path) -> None:
    file = table(tmp_path / "t.csv", 1, 200, lambda _: 3.1, offset="")
    assert replayed(file, "--config", str(site))[0]["time"].endswith("+08:00")
    found = CliRunner().invoke(app, ["replay", str(file), "--json"])
    first = json.loads(found.stdout.splitlines()[0])
    assert first["time"].endswith("+00:00")
    assert first["to"] == "yellow", "3.1 persons/m² on the flat"
    assert "judged as `flat`" in found.stderr
    offset = table(tmp_path / "o.csv", 1, 200, lambda _: 3.1)
    assert replayed(offset)[0]["time"].endswith("+08:00")


def test_a_gap_in_a_table_is_unknown_and_pages_on_steps(tmp_path: Path, site: Path) -> None:
    begin = datetime(2014, 12, 31, 22, 0, tzinfo=BEIJING)
    rows = [HEAD]
    for second in [*range(100), *range(400, 500)]:
        rows.append(f"{(begin + timedelta(seconds=second)).isoformat()},steps,instant,50,,,,1.0,,,,,")
    file = tmp_path / "gap.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    events = replayed(file, "--config", str(site))
    assert [event["why"].split(";")[0] for event in events] == [
        "unknown: no reading for more than 10 s",
        "unknown: no reading for more than 10 s",
        "unknown ended after 295 s",
    ]
    assert {(event["from"], event["to"]) for event in events} == {("normal", "normal")}


GOOD = "2014-12-31T22:00:00+08:00,steps,instant,50,40,60,,1.0,0.9,1.2,,,"


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["2014-12-31T22:00:01+08:00,steps,instant,50,60,70,,1,,,,,"], "3: low <= count <= high must hold"),
        (["2014-12-31T22:00:01+08:00,steps,instant,50,,,,2.0,2.5,3,,,"], "3: peak_low <= peak_density <= peak_high"),
        (["2014-12-31T22:00:01+08:00,steps,instant,nan,,,,1,,,,,"], "3: count is nan"),
        (["2014-12-31T22:00:01+08:00,steps,instant,-5,,,,1,,,,,"], "3: count -5 is negative"),
        (["2014-12-31T22:00:01+08:00,steps,instant,5,,,,1,,,,1.5,"], "3: counterflow 1.5 is more than 1"),
        (["2014-12-31T22:00:01+08:00,steps,instant,many,,,,1,,,,,"], "3: count 'many' is no number"),
        (["2014-12-31T22:00:01+08:00,steps,instant,,,,,1,,,,,"], "3: count is missing"),
        (["2014-12-31T22:00:01+08:00,steps,instant,50,,,,,,,,,"], "3: zone steps: peak_density is missing"),
        (["2014-12-31T21:00:00+08:00,steps,instant,50,,,,1,,,,,"], "3: time .* is before the row above it"),
        ([",steps,instant,50,,,,1,,,,,"], "3: time is missing"),
        (["ten o'clock,steps,instant,50,,,,1,,,,,"], "3: time .* is not one like"),
        (["0001-01-01T00:00:00+14:00,steps,instant,50,,,,1,,,,,"], "3: time .* is not between the years 1970 and 2200"),
        (["9999-12-31T23:59:59-12:00,steps,instant,50,,,,1,,,,,"], "3: time .* is not between the years 1970 and 2200"),
        (["2014-12-31T22:00:01+08:00,attic,instant,50,,,,1,,,,,"], "3: zone attic is unknown: the settings have"),
        (["2014-12-31T22:00:01+08:00,,instant,50,,,,1,,,,,"], "3: zone is missing"),
        (["2014-12-31T22:00:01+08:00,steps,people,50,,,,1,,,,,"], "3: kind 'people' must be one of"),
        (["2014-12-31T22:00:01+08:00,steps,throughput,50,,,,,,,,,"], "3: a row of kind throughput cannot hold count"),
        (["2014-12-31T22:00:01+08:00,steps,instant,50"], "3: 4 values under 13 columns"),
        ([GOOD], "3: a second instant of steps at one time; the first is in line 2"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_guessed(tmp_path: Path, site: Path, rows: list[str], says: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("\n".join([HEAD, GOOD, *rows]) + "\n", encoding="utf-8")
    found = CliRunner().invoke(app, ["replay", str(file), "--config", str(site)])
    assert isinstance(found.exception, ReplayRefused)
    line, status = refusal(found.exception)
    assert status == 2
    assert len(line.splitlines()) == 1
    with pytest.raises(ReplayRefused, match=says):
        raise found.exception
    assert found.stdout == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the column time is missing"),
        ("time,zone\n", "the column kind is missing"),
        (HEAD + "\n", "no row follows the header"),
        (HEAD + ",mood\n", "no column is called 'mood'"),
        ("time,zone,kind,count,count\n", "the column count is there twice"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ReplayRefused, match=says):
        list(open_recordings(file))


def test_all_faults_are_said_at_once_and_a_flood_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    rows = [f"2014-12-31T22:00:{second:02}+08:00,steps,instant,-1,,,,,,,,," for second in range(50)]
    file.write_text("\n".join([HEAD, *rows]), encoding="utf-8")
    with pytest.raises(ReplayRefused) as refused:
        list(open_recordings(file))
    assert str(refused.value).splitlines()[-1] == "... and 30 more"
    assert len(str(refused.value).splitlines()) == 21


def test_gates_and_occupancies_stand_in_tables_too(tmp_path: Path, site: Path) -> None:
    begin = datetime(2014, 12, 31, 22, 0, tzinfo=BEIJING)
    rows = ["time,zone,kind,occupancy,inflow,outflow,state"]
    for minute in range(30):
        at = (begin + timedelta(minutes=minute)).isoformat()
        rows += [f"{at},steps,occupancy,{100 + 8 * minute},,,good", f"{at},steps,throughput,,20,12,good"]
    file = tmp_path / "gates.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    events = replayed(file, "--config", str(site))
    assert [event["to"] for event in events if event["kind"] == "observed"][-1] == "red"
    foreseen = [event for event in events if event["kind"] == "forecast"]
    assert foreseen[0]["why"].startswith("forecast of capacity")
    assert foreseen[0]["time"] < next(event for event in events if event["to"] == "red")["time"]


@pytest.mark.parametrize("minutes", [1, 15])
def test_slow_occupancies_do_not_flap(tmp_path: Path, minutes: int) -> None:
    begin = datetime(2014, 12, 31, 20, 0, tzinfo=BEIJING)
    rows = ["time,zone,kind,occupancy,inflow,outflow"]
    for number in range(20):
        at = (begin + timedelta(minutes=minutes * number)).isoformat()
        rows += [f"{at},hall,occupancy,{100 + number},,", f"{at},door,throughput,,5,4"]
    file = tmp_path / "slow.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    told = replayed(file)
    assert not [event for event in told if event["why"].startswith("unknown") and event["zone"] == "hall"]


def test_half_hours_of_an_offset_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "delhi.csv"
    rows = [f"2026-01-01T20:{n // 60:02}:{n % 60:02}+05:30,square,instant,600,6" for n in range(120)]
    file.write_text("\n".join(["time,zone,kind,count,peak_density", *rows]), encoding="utf-8")
    told = replayed(file)
    assert told
    assert all(event["time"].startswith("2026-01-01T20:") and event["time"].endswith("+05:30") for event in told)


class Nobody:
    def send(self, note: Note) -> Answer:
        return Answer(Outcome.ACCEPTED, "yes")


def live(path: Path, seconds: int = 400) -> list[tuple[str, str]]:
    """A service that judged a while, and what it recorded."""
    import sqlite3

    settings = msgspec.convert({"sites": ["a"], "channels": {"hook": {"type": "console"}}}, ServiceSettings)
    zones = [
        {"name": "steps", "title": "S", "kind": "steps", "box": "box-1", "fall_s": 30, "capacity": 300},
        {"name": "square", "title": "Q", "kind": "flat", "box": "box-1"},
    ]
    place = msgspec.convert({"site": "bund", "title": "B", "responsible": "R", "zones": zones}, SiteSettings)
    record, at = Record(f"sqlite:///{path}"), 1_800_000_000.0
    service = Service(
        settings,
        [place],
        record,
        record.resume("alerting", "a" * 16, at),
        {"hook": Nobody()},
        Metrics(),
        publish=lambda *_: None,
        wake=lambda: None,
        session="a" * 16,
        at=at,
    )
    for second in range(1, seconds):
        at += 1
        density = 3.7 if 100 < second < 200 else 0.5
        band = Band(value=density, low=density, high=density)
        reading = Instant(zone="steps", age_s=0.1, state=State.GOOD, method="t", count=band, peak_density=band)
        message = Readings(
            version=1,
            site="bund",
            box="box-1",
            session="b" * 16,
            sequence=second,
            floor=1,
            sent=datetime.fromtimestamp(at, UTC),
            readings=(reading,),
        )
        service.receive("levee/v1/bund/box-1/readings", encode(message), False, at, at)
        service.tick(at)
        if second % 5 == 0:
            service.settle(at)
    service.close(at)
    with sqlite3.connect(path) as base:
        return base.execute("select zone, why from tier_changes order by at, zone, why").fetchall()


def test_a_record_is_replayed_as_it_was_judged_and_so_is_its_saved_log(tmp_path: Path, site: Path) -> None:
    record = tmp_path / "alerting.db"
    recorded = live(record)
    events = replayed(record, "--save", str(tmp_path / "night.log"))
    told = [(event["zone"], event["why"]) for event in events if "; for " not in event["why"]]
    assert sorted(told) == sorted(recorded)
    assert replayed(tmp_path / "night.log") == events
    assert {"red"} <= {event["to"] for event in events}
    lenient = SITE.replace("kind: steps", "kind: standing-audience")
    (tmp_path / "other.yaml").write_text(lenient, encoding="utf-8")
    other = replayed(record, "--config", str(tmp_path / "other.yaml"))
    assert "red" not in {event["to"] for event in other}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{}\n", "1: no log of Levee"),
        ('{"levee": "log", "version": 1, "site": "a", "time_zone": "UTC", "state": "AA=="}\n', "cannot be read"),
    ],
)
def test_a_damaged_log_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "x.log"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ReplayRefused, match=says):
        list(open_recordings(file))


def test_what_is_no_file_or_cannot_be_varied_is_refused(tmp_path: Path, site: Path) -> None:
    for args, says in (
        ([str(tmp_path / "none.csv")], "no such file"),
        ([str(tmp_path)], "is a folder"),
        ([str(table(tmp_path / "t.csv", 1, 10, lambda _: 1)), "--inflow", "1.3"], "only a scenario can be varied"),
    ):
        found = CliRunner().invoke(app, ["replay", *args])
        assert isinstance(found.exception, ReplayRefused)
        assert says in str(found.exception)


def test_time_near_a_danger_is_no_safe_time_and_overlaps_count_once() -> None:
    assert _covered([], 0.0, 100.0) == 0
    assert _covered([(-50.0, 30.0), (20.0, 40.0), (25.0, 28.0), (90.0, 400.0)], 0.0, 100.0) == 50
