"""Both halves under a supervisor that listens as systemd does: ready, alive, stopping; and silent where work stands."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from edge import freshness, worker
from edge.settings import BoxSettings, CameraSettings, GroundPoint, MetricsSettings, ZoneSettings
from models import Count
from wire.broker import BrokerSettings
from wire.supervisor import Supervisor

Wait = Callable[..., None]


class Systemd:
    """The socket of a notify service, and what came to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    def hear(self) -> list[str]:
        while True:
            try:
                self.told.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return self.told

    def count(self, word: str) -> int:
        return self.hear().count(word)

    def says(self, part: str) -> bool:
        return any(line.startswith("STATUS=") and part in line for line in self.hear())

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    one = Systemd(tmp_path / "notify")
    yield one
    one.close()


def test_the_service_is_ready_beats_and_says_when_it_stops(
    systemd: Systemd, tmp_path: Path, new_port: Callable[[], int], wait: Wait
) -> None:
    zone = {"name": "steps", "title": "Steps", "kind": "steps", "box": "riverside-1"}
    site = {"levee": "site", "site": "riverside", "title": "R", "responsible": "Duty room", "zones": [zone]}
    service = {
        "levee": "service",
        "instance": "alerting",
        "sites": ["site.yaml"],
        "mqtt": {"port": new_port()},
        "metrics": {"port": 0},
        "channels": {"log": {"type": "console"}},
        "record": {"url": "sqlite:///record.db"},
    }
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(site))
    (tmp_path / "service.yaml").write_text(yaml.safe_dump(service))
    told = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "60000000"}
    process = subprocess.Popen(
        [sys.executable, "-m", "levee", "alerting", "run", str(tmp_path / "service.yaml")],
        env=os.environ | told,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait("it is ready and beats", lambda: systemd.count("WATCHDOG=1") >= 3, 60)
        assert systemd.told[0] == "READY=1"
        assert systemd.says("judging, no broker")
        process.send_signal(signal.SIGSTOP)
        before = systemd.count("WATCHDOG=1")
        time.sleep(2.5)
        assert systemd.count("WATCHDOG=1") <= before + 1, "a process that hangs does not beat"
        process.send_signal(signal.SIGCONT)
        wait("it beats again", lambda: systemd.count("WATCHDOG=1") > before + 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert systemd.hear()[-1] == "STOPPING=1"
    finally:
        process.kill()
        process.wait()


class Stuck:
    """A counter that counts until it is told to hang."""

    name = "density:stuck"
    digest = "d" * 64

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()

    def count(self, frame: np.ndarray, view: object = None) -> Count:
        self.go.wait(60)
        size = (frame.shape[1], frame.shape[0])
        grid = np.ones((9, 16), dtype=np.float32)
        return Count(grid=grid, picture=size, points=None, method=self.name, saturated=False, reasons=())


def test_a_box_that_gets_pictures_and_does_not_count_them_goes_silent(
    systemd: Systemd, tmp_path: Path, new_port: Callable[[], int], wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "UNCOUNTED_S", 1.5)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    drawn = np.random.default_rng(1).integers(60, 200, (90, 160, 3), dtype=np.uint8)
    for number in range(3):
        cv2.imwrite(str(pictures / f"{number}.png"), np.roll(drawn, 7 * number, axis=1))
    points = tuple(GroundPoint(pixel=(x, y), ground=(x / 9, (90 - y) / 9)) for x in (0.0, 90.0) for y in (0.0, 80.0))
    camera = CameraSettings(
        name="c",
        source=str(pictures),
        repeat=True,
        sample_s=0.2,
        picture_px=(160, 90),
        ground_points=points,
        head_height_m=0,
    )
    zone = ZoneSettings(name="steps", camera="c", polygon=((1, 1), (8, 1), (8, 8), (1, 8)))
    settings = BoxSettings(
        site="riverside",
        box="riverside-1",
        cameras=(camera,),
        zones=(zone,),
        mqtt=BrokerSettings(port=new_port()),
        metrics=MetricsSettings(enabled=False),
        tick_s=0.2,
        data_folder=str(tmp_path / "data"),
    )
    counter, stop = Stuck(), threading.Event()
    watched = Supervisor({"NOTIFY_SOCKET": str(systemd.path)})
    thread = threading.Thread(
        target=worker.run, args=(settings,), kwargs={"stop": stop, "counter": counter, "supervisor": watched}
    )
    thread.start()
    try:
        wait("it beats", lambda: systemd.count("WATCHDOG=1") >= 3)
        assert systemd.told[0] == "READY=1"
        wait("its camera is live", lambda: systemd.says("1 of 1 cameras live, no broker"))
        counter.go.clear()
        wait("it says why it is silent", lambda: systemd.says("pictures come, and none was counted"))
        before = systemd.count("WATCHDOG=1")
        time.sleep(1.0)
        assert systemd.count("WATCHDOG=1") == before
        counter.go.set()
        wait("it beats again", lambda: systemd.count("WATCHDOG=1") > before)
    finally:
        counter.go.set()
        stop.set()
        thread.join(20)
    assert systemd.hear()[-1] == "STOPPING=1"
