"""A place with people on duty: services as processes, vendors that can refuse, and a clock that all of them share."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
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

from alerting.duty.settings import Deadlines, DutySettings
from alerting.record.reader import Reader
from alerting.view import View, decode_view
from wire import Band, Instant, Readings, State, Tier, encode

ROOT = Path(__file__).parents[3]
#: A clock that runs `speed` times as fast from `anchor` on, the same in every process.
PROGRAM = """
import logging, os, signal, sys, threading, time
import msgspec
import alerting.runner
from alerting.clock import Clock
from alerting.audit.run import run_audit
from alerting.desk.settings import DeskSettings
from alerting.duty.settings import DutySettings
from alerting.settings import ServiceSettings, SiteSettings

what, folder, name, anchor, speed = sys.argv[1:6]
anchor, speed = float(anchor), float(speed)

class Fast(Clock):
    def __init__(self, not_before=0.0):
        self._floor, self._fast_lock = not_before, threading.Lock()
    @property
    def ahead_s(self):
        return 0.0
    def now(self):
        with self._fast_lock:
            self._floor = max(self._floor, anchor + (time.time() - anchor) * speed)
            return self._floor

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
read = lambda file, kind: msgspec.json.decode(open(f"{folder}/{file}.json", "rb").read(), type=kind)
service, site, duty = read(name, ServiceSettings), read("site", SiteSettings), read("duty", DutySettings)
if what == "audit":
    run_audit(service, [site], duty, stop=stop, clock=Fast().now)
else:
    if speed != 1:
        alerting.runner.TICK_S = 0.1
    desk = read("desk", DeskSettings) if os.path.exists(f"{folder}/desk.json") else None
    alerting.runner.run(service, [site], stop=stop, duty=duty, desk=desk, clock=Fast if speed != 1 else Clock)
"""
QUICK = {"blue_s": 5, "yellow_s": 5, "orange_s": 5, "red_s": 5}


class Vendor:
    """Takes pages as a webhook or as a DingTalk robot; `answers` are statuses, bodies, or "drop" for the next ones."""

    def __init__(self) -> None:
        self.pages: list[dict[str, Any]] = []
        self.answers: list[tuple[int, str] | str] = []
        self.always: tuple[int, str] | str = (200, '{"errcode": 0, "errmsg": "ok"}')
        self.lock = threading.Lock()
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with vendor.lock:
                    answer = vendor.answers.pop(0) if vendor.answers else vendor.always
                    page = json.loads(body) if body else {}
                    vendor.pages.append({**page, "answer": answer, "arrived": time.time()})
                if answer == "drop":
                    self.close_connection = True
                    return
                status, words = answer
                self.send_response(int(status))
                self.end_headers()
                self.wfile.write(words.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/page"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def to(self, person: str) -> list[dict[str, Any]]:
        with self.lock:
            return [page for page in self.pages if page.get("to") == f"no-{person}"]


def duty_settings(**deadlines: float) -> dict[str, Any]:
    def person(name: str) -> dict[str, Any]:
        reach = [{"channel": "phone", "to": f"no-{name}"}, {"channel": "group", "to": f"no-{name}"}]
        return {"name": name, "title": name.upper(), "language": "en", "reach": reach}

    def unit(name: str, *people: str, **more: str) -> dict[str, Any]:
        return {"name": name, "title": name, "shifts": [{"name": "all", "teams": [list(people)]}], **more}

    return {
        "people": [person(name) for name in ("ann", "bob", "cid", "dan")],
        "units": [unit("operator", "ann", "bob"), unit("street", "cid", up="city"), unit("city", "dan")],
        "keeper": "city",
        "deadlines": deadlines,
    }


class Place:
    """One site with two zones, its box, and the services that watch it."""

    def __init__(self, folder: Path, broker: int, record: str, new_port: Callable[[], int], speed: float = 1.0) -> None:
        self.folder, self.record, self.speed, self.broker = folder, record, speed, broker
        self.phone, self.group, self.screen, self.audit, self.dead_man = (Vendor() for _ in range(5))
        self.anchor = time.time()
        self.new_port = new_port
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ports: dict[str, tuple[int, int]] = {}
        self.sequence = 0
        self.tiers: list[dict[str, Any]] = []
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.on_connect = lambda client, *_: client.subscribe("levee/v1/bund/zones/#", 1)
        self.client.on_message = self._heard
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", broker)
        self.client.loop_start()

    def _heard(self, _c: object, _d: object, message: mqtt.MQTTMessage) -> None:
        if message.payload:
            self.tiers.append({**json.loads(message.payload), "arrived": time.time(), "retained": message.retain})

    def now(self) -> float:
        return self.anchor + (time.time() - self.anchor) * self.speed

    def settle_in(self, *names: str, site: dict[str, Any] | None = None, **deadlines: float) -> None:
        """Writes the settings of services called `names`."""
        secrets = self.folder / "secrets"
        secrets.mkdir(exist_ok=True)
        for name, text in (("record", self.record), ("group", self.group.url), ("ping", self.dead_man.url)):
            (secrets / name).write_text(text)
            (secrets / name).chmod(0o600)
        zone = {"kind": "steps", "box": "box-1", "windows": QUICK, "fall_s": 15, "stale_s": 30, "forecast": False}
        zones = [{"name": "steps", "title": "Steps", **zone}, {"name": "square", "title": "Square", **zone}]
        whole_site = {
            "site": "bund",
            "title": "The Bund",
            "time_zone": "Asia/Shanghai",
            "responsible": "Duty room",
            "duty": {"operator": "operator", "territory": "street"},
            "zones": zones,
            **(site or {}),
        }
        self._write("site", whole_site)
        self._write("duty", duty_settings(**deadlines))
        for name in names:
            self.ports[name] = (self.new_port(), self.new_port())
            metrics, answer = self.ports[name]
            self._write(
                name,
                {
                    "instance": name,
                    "sites": ["site.json"],
                    "duty": "duty.json",
                    "mqtt": {"port": self.broker, "retry_max_s": 1},
                    "record": {"url_from_file": str(secrets / "record")},
                    "metrics": {"port": metrics},
                    "channels": {
                        "screen": {"type": "webhook", "url": self.screen.url},
                        "phone": {"type": "webhook", "url": self.phone.url, "timeout_s": 3},
                        "group": {"type": "dingtalk", "url_from_file": str(secrets / "group"), "per_minute": 6000},
                    },
                    "pages": {
                        "yellow": ["screen"],
                        "orange": ["screen"],
                        "red": ["screen"],
                        "unknown": ["screen"],
                        "first_retry_s": 0.3,
                        "slowest_retry_s": 1,
                    },
                    "answer": {"url": f"http://127.0.0.1:{answer}", "port": answer},
                    "audit": {
                        "channels": {"own": {"type": "webhook", "url": self.audit.url}},
                        "every_s": 0.5,
                        "grace_s": 60,
                        "witness": str(self.folder / "witness.json"),
                        "ping_url_from_file": str(secrets / "ping"),
                        "ping_every_s": 1,
                    },
                    "tier_expires_s": 6,
                    **({"cluster": "pair"} if self.record.startswith("postgres") else {}),
                },
            )

    def _write(self, name: str, settings: dict[str, Any]) -> None:
        (self.folder / f"{name}.json").write_text(json.dumps(settings))

    def start(self, name: str, what: str = "serve") -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", PROGRAM, what, str(self.folder), name, str(self.anchor), str(self.speed)]
        with (self.folder / f"{what}-{name}.log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
        self.processes[f"{what}-{name}"] = process
        return process

    def kill(self, name: str) -> None:
        process = self.processes[f"serve-{name}"]
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    def log(self, name: str, what: str = "serve") -> str:
        return (self.folder / f"{what}-{name}.log").read_text()

    def view(self, name: str) -> View | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name][0]}/state", timeout=2) as answer:
                return decode_view(answer.read())
        except OSError:
            return None

    def leads(self, name: str) -> bool:
        view = self.view(name)
        return view is not None and view.role == "leader" and view.broker_connected

    def tier(self, zone: str = "steps") -> Tier | None:
        told = [tier for tier in self.tiers if tier["zone"] == zone]
        return Tier[told[-1]["tier"].upper()] if told else None

    def say(self, density: float, *zones: str) -> None:
        self.sequence += 1
        message = Readings(
            version=1,
            site="bund",
            box="box-1",
            session="0123456789abcdef",
            sequence=self.sequence,
            floor=1,
            sent=datetime.now(UTC),
            readings=tuple(
                Instant(
                    zone=zone,
                    age_s=0.0,
                    state=State.GOOD,
                    method="test",
                    count=Band(value=density * 10, low=0.0, high=density * 20),
                    peak_density=Band(value=density, low=0.0, high=density * 2),
                )
                for zone in zones or ("steps", "square")
            ),
        )
        self.client.publish("levee/v1/bund/box-1/readings", encode(message), qos=1)

    def crowd(
        self, density: Callable[[], float] | float, until: Callable[[], object], timeout_s: float = 60, what: str = "it"
    ) -> None:
        """A crowd on the steps, told of until something is so."""
        end = time.monotonic() + timeout_s
        while not until():
            assert time.monotonic() < end, f"{what}: not within {timeout_s:g} s"
            value = density if isinstance(density, float) else density()  # type: ignore[operator]
            self.say(value, "steps")
            self.say(0.1, "square")
            time.sleep(max(0.05, 0.5 / self.speed))

    def deadlines(self) -> Deadlines:
        return msgspec.convert(json.loads((self.folder / "duty.json").read_text()), DutySettings).deadlines

    @staticmethod
    def link_in(page: dict[str, Any]) -> str:
        text = page.get("link") or json.dumps(page)
        found = re.search(r"http://[^\s\"\\]+/a/[^\s\"\\]+", text)
        assert found, text
        return found[0]

    def open_link(self, link: str, method: str = "GET", body: bytes | None = None) -> tuple[int, str]:
        request = urllib.request.Request(link, data=body if method == "POST" else None, method=method)
        if method == "POST" and body is None:
            request.data = b"answer=acknowledge"
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def entries(self) -> list[tuple[float, str, dict[str, Any]]]:
        reader = Reader(self.record)
        try:
            return [(told.at, told.kind, told.body) for told in reader.entries()]
        finally:
            reader.close()

    def close(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        self.client.disconnect()
        self.client.loop_stop()
        for vendor in (self.phone, self.group, self.screen, self.audit, self.dead_man):
            vendor.close()


@pytest.fixture
def place(tmp_path: Path, broker: Any, new_port: Callable[[], int]) -> Iterator[Callable[..., Place]]:
    made: list[Place] = []

    def make(record: str | None = None, speed: float = 1.0) -> Place:
        one = Place(tmp_path, broker.port, record or f"sqlite:///{tmp_path}/record.db", new_port, speed)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()
