"""`levee demo` as a script runs it: real clips, real counter, real broker, real kills.

The scenes are those that come with Levee; the thresholds are lowered, so that the tiers come within seconds.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "configs" / "demo"
Wait = Callable[..., None]
#: Persons/m² that the steps pass within their first seconds, and that they take a minute to pass.
SOON = {"blue": 0.1, "yellow": 0.15, "orange": 0.2, "red": 0.25}
LATER = {"blue": 0.1, "yellow": 0.2, "orange": 1.0, "red": 1.4}


@dataclass
class Demo:
    """One run as a process, whose folder is kept so that a test can look into it."""

    process: subprocess.Popen[str]
    folder: Path
    pids: dict[str, int] = field(default_factory=dict)

    def whereabouts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "demo.json").read_text())
        return found

    def family(self) -> list[int]:
        """Every process of the tree, while it runs."""
        return [child.pid for child in psutil.Process(self.process.pid).children(recursive=True)]

    def end(self) -> tuple[str, str]:
        return self.process.communicate(timeout=150)


def alive(pid: int) -> bool:
    return bool(psutil.pid_exists(pid)) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Starts the demo with the arguments given; `levels` are the thresholds of the steps."""
    started: list[Demo] = []

    def start(*arguments: str, levels: dict[str, float] = SOON) -> Demo:
        settings = _settings(tmp_path, levels)
        folder = tmp_path / "run"
        command = [
            sys.executable,
            "-m",
            "levee",
            "demo",
            "--settings",
            str(settings),
            "--keep",
            str(folder),
            *arguments,
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        started.append(Demo(process, folder))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        for stream in (one.process.stdout, one.process.stderr):
            if stream is not None:
                stream.close()
        one.process.wait(timeout=10)


def _settings(tmp_path: Path, levels: dict[str, float]) -> Path:
    """The demo's own settings, with the steps alone, other thresholds, and short windows."""
    settings = tmp_path / "settings"
    settings.mkdir()
    box = yaml.safe_load((DEMO / "box.yaml").read_text())
    site = yaml.safe_load((DEMO / "site.yaml").read_text())
    (zone,) = [zone for zone in box["zones"] if zone["name"] == "steps"]
    (camera,) = [camera for camera in box["cameras"] if camera["name"] == zone["camera"]]
    camera["source"] = str((DEMO / camera["source"]).resolve())
    box["cameras"], box["zones"] = [camera], [zone]
    site["zones"] = [zone for zone in site["zones"] if zone["name"] == "steps"]
    site["zones"][0]["thresholds"] = levels
    site["zones"][0]["windows"] = {"blue_s": 8, "yellow_s": 8, "orange_s": 8, "red_s": 8}
    (settings / "box.yaml").write_text(yaml.safe_dump(box))
    (settings / "site.yaml").write_text(yaml.safe_dump(site))
    for name in ("service.yaml", "duty.yaml"):
        (settings / name).write_text((DEMO / name).read_text())
    return settings


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{folder / 'record.db'}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def judged(folder: Path) -> bool:
    try:
        return bool(rows(folder, "select 1 from messages limit 1"))
    except sqlite3.OperationalError:
        return False


def ready(one: Demo) -> bool:
    assert one.process.poll() is None, one.end()
    return (one.folder / "demo.json").exists() and judged(one.folder)


def test_a_script_gets_the_timeline_as_one_document(demo: Callable[..., Demo], wait: Wait) -> None:
    one = demo("--headless", "--until", "red", "--timeout", "90", "--json")
    wait("the box is heard", lambda: ready(one), 60)
    family = one.family()
    assert len(family) >= 3
    out, err = one.end()
    assert one.process.returncode == 0, err
    document = json.loads(out)
    assert (document["reached"], document["outcome"], document["fault"]) == (True, "reached", None)
    changes = [event for event in document["timeline"] if event["what"] == "tier"]
    assert changes[-1]["to"] == "red"
    for before, after in itertools.pairwise(changes):
        assert after["from"] == before["to"]
        assert after["seconds"] >= before["seconds"]
    red = [page for page in document["pages"] if page["tier"] == "red"]
    assert {page["channel"] for page in red} == {"log", "duty-phone"}
    assert {page["outcome"] for page in red} == {"accepted"}
    assert document["pages_received"] >= 1, "the page arrived by HTTP"
    assert not [pid for pid in family if alive(pid)]


def test_a_tier_that_is_not_reached_in_time_is_one_line(demo: Callable[..., Demo]) -> None:
    one = demo("--headless", "--until", "red", "--timeout", "12", "--json", levels={**SOON, "red": 40})
    out, err = one.end()
    assert one.process.returncode == 1
    assert err.splitlines()[-1].startswith("levee: red was not reached within 12 s; the highest tier was ")
    document = json.loads(out)
    assert document["outcome"] == "timed-out"
    assert document["timeline"], "what there was of it"


@pytest.mark.parametrize(
    ("number", "arguments", "status"), [(signal.SIGINT, (), 0), (signal.SIGTERM, ("--until", "red"), 143)]
)
def test_a_signal_ends_all_and_tells_what_happened(
    demo: Callable[..., Demo], wait: Wait, number: signal.Signals, arguments: tuple[str, ...], status: int
) -> None:
    one = demo("--headless", "--json", *arguments, levels={**SOON, "red": 40})
    wait("the box is heard", lambda: ready(one), 60)
    family = one.family()
    one.process.send_signal(number)
    out, _ = one.end()
    assert one.process.returncode == status
    assert json.loads(out)["outcome"] == "stopped"
    assert not [pid for pid in family if alive(pid)]


def test_no_process_outlives_a_demo_that_is_killed(demo: Callable[..., Demo], wait: Wait) -> None:
    one = demo("--headless")
    wait("the box is heard", lambda: ready(one), 60)
    family = one.family()
    assert set(one.whereabouts()["pids"].values()) <= set(family)
    one.process.kill()
    one.process.wait(timeout=10)
    wait("all are gone", lambda: not [pid for pid in family if alive(pid)])


@pytest.mark.parametrize("who", ["edge", "alerting"])
def test_a_child_that_dies_ends_the_demo_with_one_line(demo: Callable[..., Demo], wait: Wait, who: str) -> None:
    one = demo("--headless")
    wait("the box is heard", lambda: ready(one), 60)
    family = one.family()
    os.kill(one.whereabouts()["pids"][who], signal.SIGKILL)
    _, err = one.end()
    assert one.process.returncode == 1
    (line,) = err.splitlines()
    assert line.startswith("levee: the edge worker" if who == "edge" else "levee: the service")
    assert "ended unexpectedly (SIGKILL)" in line
    assert not [pid for pid in family if alive(pid)]


def test_settings_that_cannot_be_used_are_one_line(demo: Callable[..., Demo]) -> None:
    one = demo("--headless", levels={**SOON, "red": 0.01})
    _, err = one.end()
    assert one.process.returncode == 2
    (line,) = err.splitlines()
    assert "site.yaml:" in line
    assert "thresholds must rise" in line


def test_a_broker_that_is_gone_for_a_while_loses_no_change_and_no_reading(
    demo: Callable[..., Demo], wait: Wait, need: Callable[[str, str], str]
) -> None:
    need("mosquitto", "mosquitto")
    one = demo("--headless", "--broker", "mosquitto", "--until", "red", "--timeout", "180", "--json", levels=LATER)
    wait("the box is heard", lambda: ready(one), 60)
    wait("a first tier", lambda: rows(one.folder, "select 1 from tier_changes where what = 'tier'"), 60)
    away_until = time.monotonic() + 15
    while time.monotonic() < away_until:
        broker = one.whereabouts()["pids"]["broker"]
        if alive(broker):
            os.kill(broker, signal.SIGKILL)
        time.sleep(0.05)
    out, err = one.end()
    assert one.process.returncode == 0, err
    document = json.loads(out)
    assert document["broker"]["restarts"] >= 2
    recorded = rows(one.folder, "select from_tier, to_tier from tier_changes where what = 'tier' order by at")
    told = [event for event in document["timeline"] if event["what"] == "tier"]
    names = ["normal", "blue", "yellow", "orange", "red"]
    assert [(names[before], names[after]) for before, after in recorded] == [(e["from"], e["to"]) for e in told]
    for (_, after), (before, _) in itertools.pairwise(recorded):
        assert after == before, "each change goes on from the one before"
    ((first, last, number),) = rows(one.folder, "select min(sequence), max(sequence), count(*) from messages")
    assert (first, number) == (1, last), "every reading is recorded, those of the outage too"
    ((late,),) = rows(one.folder, "select count(*) from messages where way = 'backlog'")
    assert late >= 10
    pages = rows(one.folder, "select state, count(*) from pages group by state")
    assert [state for state, _ in pages] == ["accepted"]


def test_the_embedded_broker_serves_as_well(demo: Callable[..., Demo]) -> None:
    pytest.importorskip("amqtt")
    one = demo("--headless", "--broker", "embedded", "--until", "blue", "--timeout", "90", "--json")
    out, err = one.end()
    assert one.process.returncode == 0, err
    assert json.loads(out)["broker"]["kind"] == "embedded"
