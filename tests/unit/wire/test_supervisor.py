"""The notify protocol against a real socket, and what feeds it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerting.pulse import DEAF_S, Pulse
from edge.freshness import BLIND_S, UNCOUNTED_S, Freshness
from wire.supervisor import Supervisor


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.bind(str(tmp_path / "n"))
        one.setblocking(False)
        yield one


def told(listener: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(listener.recv(4096).decode())
        except BlockingIOError:
            return found


def test_what_is_told(listener: socket.socket) -> None:
    environment = {"NOTIFY_SOCKET": listener.getsockname(), "WATCHDOG_USEC": "30000000", "OTHER": "x"}
    one = Supervisor(environment)
    assert environment == {"OTHER": "x"}, "a child of this process must not speak in its name"
    assert (one.watched, one.watchdog_s) == (True, 30.0)
    one.ready()
    one.says("2 of 3\ncameras live")
    one.says("2 of 3 cameras live")
    one.alive()
    one.stopping()
    assert told(listener) == ["READY=1", "STATUS=2 of 3 cameras live", "WATCHDOG=1", "STOPPING=1"]


def test_an_abstract_name_is_reached() -> None:
    name = f"levee-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.bind("\0" + name)
        one.setblocking(False)
        Supervisor({"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert told(one) == ["READY=1"]


@pytest.mark.parametrize(
    ("environment", "interval"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "x"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid())}, 2.0),
    ],
)
def test_an_interval_that_is_not_ours_is_none(environment: dict[str, str], interval: float | None) -> None:
    assert Supervisor(environment).watchdog_s == interval


def test_nobody_listening_is_no_failure(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}, {"NOTIFY_SOCKET": "relative"}):
        one = Supervisor(environment)
        one.ready()
        one.alive()


@pytest.mark.parametrize(
    ("now", "ages", "counted", "words"),
    [
        (1.0, {"a": None}, {}, ""),
        # Before the first picture there is time to open the cameras.
        (BLIND_S, {"a": None}, {}, ""),
        (BLIND_S + 2, {"a": None, "b": None}, {}, "no camera has given a picture for 602 s"),
        # Pictures come and are counted.
        (1000.0, {"a": 0.5}, {"a": 998.0}, ""),
        # One camera of two is enough: the other one's fault is told as its own.
        (1000.0, {"a": 0.5, "b": None}, {"a": 998.0}, ""),
        (1000.0, {"a": 900.0, "b": 0.5}, {"b": 999.0}, ""),
        # The last picture was counted, and then the camera went: that is not the worker's fault, for a while.
        (1000.0, {"a": 400.0}, {"a": 600.0}, ""),
        (1000.0, {"a": 700.0}, {"a": 300.0}, "no camera has given a picture for 700 s"),
    ],
)
def test_a_box_is_fresh_while_pictures_come_and_are_counted(now, ages, counted, words: str) -> None:
    assert Freshness(0.0).look(now, ages, counted) == words


def test_a_camera_that_comes_back_makes_the_box_fresh_again() -> None:
    one = Freshness(0.0)
    assert one.look(BLIND_S + 1, {"a": None}, {})
    assert one.look(BLIND_S + 2, {"a": 0.1}, {}) == ""
    assert one.look(BLIND_S + 3, {"a": 0.1}, {"a": BLIND_S + 2.5}) == ""


def test_counting_that_hangs_is_noticed_while_pictures_come() -> None:
    """It counts up to 100 s, with a second's delay, and then hangs; pictures go on."""
    one = Freshness(0.0)
    found = {now: one.look(float(now), {"a": 0.5}, {"a": min(now, 100) - 1.0}) for now in range(1, 200)}
    first = min(now for now, words in found.items() if words)
    assert 100 + UNCOUNTED_S - 2 <= first <= 100 + UNCOUNTED_S + 2
    assert all(found[now] for now in range(first, 200))
    assert found[first].startswith("pictures come, and none was counted for 6")
    assert one.look(201.0, {"a": 0.5}, {"a": 200.0}) == ""


def test_a_camera_that_goes_after_its_last_count_is_not_the_workers_fault() -> None:
    one = Freshness(0.0)
    assert one.look(1000.0, {"a": 0.5}, {"a": 999.5}) == ""
    assert one.look(1000.0 + BLIND_S - 1, {"a": BLIND_S - 0.5}, {"a": 999.5}) == ""
    rounded = Freshness(0.0)
    assert rounded.look(1000.0, {"a": 0.5}, {"a": 999.4999999}) == ""
    assert rounded.look(1100.0, {"a": 100.5}, {"a": 999.4999999}) == ""


@pytest.fixture
def pulse(listener: socket.socket) -> Pulse:
    return Pulse(Supervisor({"NOTIFY_SOCKET": listener.getsockname()}))


def test_a_service_beats_until_it_is_deaf(pulse: Pulse, listener: socket.socket) -> None:
    pulse.begins()
    pulse.waits("waits for the record")
    pulse.beats(0.0, True)
    assert told(listener) == ["READY=1", "STATUS=waits for the record", "WATCHDOG=1", "STATUS=judging", "WATCHDOG=1"]
    # It has never heard a reading: there may be no boxes yet.
    pulse.beats(10 * DEAF_S, True)
    pulse.heard(10 * DEAF_S)
    pulse.beats(11 * DEAF_S, True)
    assert told(listener) == ["WATCHDOG=1", "WATCHDOG=1"]
    pulse.beats(11 * DEAF_S + 1, True)
    assert told(listener) == ["STATUS=connected, but no reading has come for 301 s"]
    pulse.heard(11 * DEAF_S + 2)
    pulse.beats(11 * DEAF_S + 3, True)
    assert told(listener) == ["STATUS=judging", "WATCHDOG=1"]


def test_a_broker_that_is_away_is_no_deafness(pulse: Pulse, listener: socket.socket) -> None:
    pulse.heard(0.0)
    for now in (10.0, 10 * DEAF_S):
        pulse.beats(now, False)
    pulse.beats(10 * DEAF_S + 1, True)
    assert [line for line in told(listener) if line != "WATCHDOG=1"] == ["STATUS=judging, no broker", "STATUS=judging"]
