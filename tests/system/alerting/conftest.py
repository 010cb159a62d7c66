"""The service as a process of its own, a box that speaks to it, and a receiver of its pages."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from alerting.settings import ServiceSettings, SiteSettings
from alerting.view import View, decode_view
from wire import Band, Instant, Readings, Recorded, State, Tier, decode, encode, topics

PROGRAM = """
import logging, signal, sys, threading
import msgspec
from alerting.runner import run
from alerting.settings import ServiceSettings, SiteSettings
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
service = msgspec.json.decode(open(sys.argv[1], "rb").read(), type=ServiceSettings)
site = msgspec.json.decode(open(sys.argv[2], "rb").read(), type=SiteSettings)
run(service, [site], stop=stop)
"""
QUICK = {"blue_s": 5, "yellow_s": 5, "orange_s": 5, "red_s": 5}
SESSION = "0123456789abcdef"


class Receiver:
    """A webhook that keeps what it gets and answers what it is told to."""

    def __init__(self) -> None:
        self.pages: list[dict[str, Any]] = []
        self.answers: list[int] = []
        self.hold = threading.Event()
        self.hold.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.hold.wait(20)
                status = receiver.answers.pop(0) if receiver.answers else 200
                receiver.pages.append({**json.loads(body), "status": status, "header": self.headers["X-Levee-Page"]})
                try:
                    self.send_response(status)
                    self.end_headers()
                    self.wfile.write(b"so said the vendor")
                except OSError:
                    receiver.pages[-1]["gone"] = True

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/page"

    def accepted(self) -> list[str]:
        return [page["id"] for page in self.pages if page["status"] == 200]

    def reds(self) -> list[str]:
        """The accepted pages for red: on a busy machine the tiers below may be reached, and paged, on the way."""
        return [page["id"] for page in self.pages if page["status"] == 200 and page["tier"] == "red"]


class House:
    """The service's process, and a box that speaks to it."""

    def __init__(self, folder: Path, broker_port: int, metrics_port: int, page_url: str) -> None:
        self.folder, self.metrics_port, self.broker_port = folder, metrics_port, broker_port
        self.log = folder / "log"
        self.database = folder / "record.db"
        service = {
            "sites": ["site.json"],
            "mqtt": {"port": broker_port},
            "record": {"url": f"sqlite:///{self.database}"},
            "metrics": {"port": metrics_port},
            "channels": {"hook": {"type": "webhook", "url": page_url, "timeout_s": 5}},
            "pages": {"first_retry_s": 0.3, "slowest_retry_s": 1},
            "tier_expires_s": 6,
        }
        zone = {"kind": "steps", "box": "box-1", "windows": QUICK, "fall_s": 60}
        site = {
            "site": "bund",
            "title": "The Bund",
            "time_zone": "Asia/Shanghai",
            "responsible": "Duty room",
            "zones": [{"name": "steps", "title": "Steps", **zone}, {"name": "square", "title": "Square", **zone}],
        }
        msgspec.convert(service, ServiceSettings)
        msgspec.convert(site, SiteSettings)
        (folder / "service.json").write_text(json.dumps(service))
        (folder / "site.json").write_text(json.dumps(site))
        self.process: subprocess.Popen[bytes] | None = None
        self.heard: dict[str, list[bytes]] = {}
        self.sequence = 0
        self.connected = threading.Event()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.on_connect = self._on_connect
        self.client.on_message = lambda _c, _d, m: self.heard.setdefault(m.topic, []).append(bytes(m.payload))
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", broker_port)
        self.client.loop_start()
        assert self.connected.wait(10)

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe("levee/v1/#", 1)
        self.connected.set()

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "-c", PROGRAM, str(self.folder / "service.json"), str(self.folder / "site.json")]
            self.process = subprocess.Popen(command, stderr=log, stdout=log, cwd=Path(__file__).parents[3])

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        if self.process is None or self.process.poll() is not None:
            return -1
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)

    def view(self) -> View | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/state", timeout=2) as answer:
                return decode_view(answer.read())
        except OSError:
            return None

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=2) as answer:
            return answer.read().decode()

    def ready(self) -> bool:
        view = self.view()
        return view is not None and view.broker_connected

    def message(self, density: float, *zones: str, session: str = SESSION, floor: int = 1) -> Readings:
        self.sequence += 1
        return Readings(
            version=1,
            site="bund",
            box="box-1",
            session=session,
            sequence=self.sequence,
            floor=floor,
            sent=datetime.now(UTC),
            readings=tuple(
                Instant(
                    zone=zone,
                    age_s=0.1,
                    state=State.GOOD,
                    method="test",
                    count=Band(value=density * 10, low=0.0, high=density * 20),
                    peak_density=Band(value=density, low=0.0, high=density * 2),
                )
                for zone in zones
            ),
        )

    def say(self, density: float, *zones: str, backlog: bool = False, **options: Any) -> None:
        topic = topics.BACKLOG if backlog else topics.READINGS
        message = self.message(density, *(zones or ("steps",)), **options)
        self.client.publish(topic.at(site="bund", box="box-1"), encode(message), qos=1)

    def crowd(self, density: float, seconds: float, *zones: str, until: Callable[[], object] = lambda: False) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            self.say(density, *zones)
            time.sleep(0.3)

    def tier(self, zone: str = "steps") -> Tier | None:
        view = self.view()
        return next((z.tier.tier for z in view.zones if z.zone == zone), None) if view else None

    def recorded(self) -> Recorded | None:
        answers = self.heard.get("levee/v1/bund/box-1/recorded")
        return decode(answers[-1], Recorded) if answers else None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.database, timeout=5) as base:
            return base.execute(query).fetchall()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.hold.set()
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def house(tmp_path: Path, broker: Any, new_port: Callable[[], int], receiver: Receiver) -> Iterator[House]:
    made = House(tmp_path, broker.port, new_port(), receiver.url)
    yield made
    made.stop()
    made.client.disconnect()
    made.client.loop_stop()
    if os.environ.get("SHOW_LOG"):
        print(made.log.read_text())
