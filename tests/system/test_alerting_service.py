"""The service as a process: a real broker, a real database, a real receiver of pages, and real kills."""

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
from wire import Band, Instant, Readings, Recorded, State, Tier, TierMessage, decode, encode, topics

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
QUICK = {"blue_s": 3, "yellow_s": 3, "orange_s": 3, "red_s": 3}
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
            "zones": [{"zone": "steps", "title": "Steps", **zone}, {"zone": "square", "title": "Square", **zone}],
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
            self.process = subprocess.Popen(command, stderr=log, stdout=log, cwd=Path(__file__).parents[2])

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


def test_a_crowd_on_the_steps_pages_and_is_recorded(
    house: House, receiver: Receiver, wait: Callable[..., None]
) -> None:
    house.start()
    wait("the service is there", house.ready)
    house.crowd(4.0, 15, until=lambda: house.tier() is Tier.RED)
    wait("the page is out", lambda: receiver.pages)
    page = receiver.pages[0]
    assert page["tier"] == "red"
    assert page["header"] == page["id"]
    assert page["why"].startswith("density 4.00")
    assert page["responsible"] == "Duty room"
    assert page["since"].endswith("+08:00")
    wait("the tier topic is red", lambda: house.heard.get("levee/v1/bund/zones/steps/tier"))
    tier = decode(house.heard["levee/v1/bund/zones/steps/tier"][-1], TierMessage)
    assert tier.tier.value == "red"
    assert tier.expires > tier.sent
    wait("all is recorded", lambda: (told := house.recorded()) and told.sessions[-1].up_to == house.sequence)
    assert house.rows("select count(*) from messages") == [(house.sequence,)]
    assert house.rows("select to_tier from tier_changes where what = 'tier'") == [(4,)]
    text = house.metrics()
    assert 'levee_alerting_zone_tier{site="bund",zone="steps"} 4.0' in text
    assert 'levee_alerting_zone_unknown{site="bund",zone="square"} 1.0' in text
    assert 'levee_alerting_zone_people{site="bund",zone="square"}' not in text
    assert house.stop() == 0
    assert b'"stopped"' in house.heard["levee/v1/service/alerting"][-1]


def test_a_page_outlives_kills_and_goes_out_once(house: House, receiver: Receiver, wait: Callable[..., None]) -> None:
    receiver.answers = [503, 503]
    house.start()
    wait("the service is there", house.ready)
    house.crowd(4.0, 15, until=lambda: receiver.pages)
    house.kill()
    tried = len(receiver.pages)
    assert house.rows("select state from pages") in ([("queued",)], [("refused",)])
    receiver.answers = []
    house.start()
    wait("the page is accepted", receiver.accepted)
    wait("that is recorded", lambda: house.rows("select state from pages") == [("accepted",)])
    page = receiver.pages[-1]
    assert page["id"] == receiver.pages[0]["id"]
    assert page["attempt"] > tried
    assert house.tier() is Tier.RED
    house.crowd(4.0, 2)
    house.kill()
    house.start()
    wait("the service is there again", house.ready)
    house.crowd(4.0, 4)
    assert len(receiver.accepted()) == 1
    assert house.tier() is Tier.RED
    assert len(house.rows("select 1 from tier_changes where what = 'tier'")) == 1
    assert house.rows("select term from terms order by term") == [(1,), (2,), (3,)]


def test_killed_while_the_vendor_thinks(house: House, receiver: Receiver, wait: Callable[..., None]) -> None:
    """The page may have been received: it is repeated under the same id, and says that it is a repeat."""
    receiver.hold.clear()
    house.start()
    wait("the service is there", house.ready)
    house.crowd(4.0, 15, until=lambda: house.tier() is Tier.RED)
    wait("the attempt is recorded", lambda: house.rows("select attempts from pages") == [(1,)])
    house.kill()
    receiver.hold.set()
    house.start()
    wait("the page is accepted", lambda: house.rows("select state from pages") == [("accepted",)])
    assert {page["id"] for page in receiver.pages} == {house.rows("select id from pages")[0][0]}
    assert receiver.pages[-1]["attempt"] == 2


def test_random_kills_lose_no_page_and_double_none(house: House, receiver: Receiver, wait: Callable[..., None]) -> None:
    """Two zones rise while the service is killed again and again at moments that nobody chose."""
    house.start()
    for pause in (1.1, 1.7, 0.9, 2.3, 1.3):
        house.crowd(4.0, pause, "steps", "square")
        house.kill()
        house.start()
    wait("the service is there", house.ready)
    house.crowd(4.0, 10, "steps", "square", until=lambda: len(set(receiver.accepted())) == 2)
    wait("both are recorded", lambda: house.rows("select count(*) from pages where state = 'accepted'") == [(2,)])
    recorded = {row[0] for row in house.rows("select id from pages")}
    assert set(receiver.accepted()) == recorded
    changes = house.rows("select zone, to_tier from tier_changes where what = 'tier' order by zone")
    assert changes == [("square", 4), ("steps", 4)]
    for page in recorded:
        repeats = [note["attempt"] for note in receiver.pages if note["id"] == page]
        assert repeats == sorted(set(repeats)), "a repeat must say that it is one"


def test_bad_payloads_change_nothing(house: House, receiver: Receiver, wait: Callable[..., None]) -> None:
    old = encode(house.message(0.0, "steps"))
    house.client.publish("levee/v1/bund/box-1/readings", old, qos=1, retain=True).wait_for_publish(5)
    house.sequence = 0
    house.start()
    wait("the service is there", house.ready)
    house.crowd(4.0, 15, until=lambda: house.tier() is Tier.RED)
    good = json.loads(encode(house.message(0.0, "steps")))
    topic = "levee/v1/bund/box-1/readings"
    band = {"value": 0.0, "low": 0.0, "high": 0.0}

    def with_reading(**fields: Any) -> dict[str, Any]:
        return {**good, "sequence": 900, "readings": [{**good["readings"][0], **fields}]}

    bad: list[tuple[str, bytes, str]] = [
        (topic, b"not json", "not-json"),
        (topic, b"\xff\xfe", "not-json"),
        (topic, b"[" * 100_000, "not-json"),
        (topic, b"{}", "invalid"),
        (topic, json.dumps({**good, "version": 2}).encode(), "version"),
        (topic, json.dumps(with_reading(count={**band, "value": float("nan")})).encode(), "not-json"),
        (topic, json.dumps(with_reading(count={**band, "low": -1.0})).encode(), "invalid"),
        (topic, json.dumps(with_reading(count={"value": 1e12, "low": 0, "high": 1e12})).encode(), "invalid"),
        (topic, json.dumps(with_reading(age_s=-5)).encode(), "invalid"),
        (topic, json.dumps({**with_reading(age_s=3600), "sequence": 901}).encode(), "late"),
        (topic, json.dumps({**with_reading(zone="moon"), "sequence": 902}).encode(), "unknown-zone"),
        (topic, json.dumps({**good, "sequence": 1}).encode(), "duplicate"),
        (topic, json.dumps({**good, "box": "box-2"}).encode(), "topic-mismatch"),
        ("levee/v1/bund/box-9/readings", json.dumps({**good, "box": "box-9"}).encode(), "unknown-box"),
        ("levee/v1/mars/box-1/readings", json.dumps({**good, "site": "mars"}).encode(), "unknown-site"),
    ]
    for name, payload, _ in bad:
        house.client.publish(name, payload, qos=1)
    for _ in range(2000):
        house.client.publish(topic, b"flood", qos=0)
    expected = {reason for _, _, reason in bad} | {"retained"}
    wait("each is counted", lambda: (view := house.view()) and expected <= set(view.dropped))
    wait("the flood is counted", lambda: (view := house.view()) and view.dropped["not-json"] > 2000)
    assert house.tier() is Tier.RED
    lines = [line for line in house.log.read_text().splitlines() if line.startswith("WARNING not-json")]
    assert len(lines) == 1
    house.crowd(4.0, 1)
    assert house.tier() is Tier.RED
    assert house.process is not None
    assert house.process.poll() is None


def test_the_broker_goes_and_comes_back(
    house: House, broker: Any, receiver: Receiver, wait: Callable[..., None]
) -> None:
    broker.kill()
    house.start()
    wait("the service runs without a broker", lambda: house.view() is not None)
    broker.start()
    wait("it found the broker", house.ready)
    wait("so did the box", house.client.is_connected)
    house.crowd(4.0, 15, until=lambda: house.tier() is Tier.RED)
    wait("the page is out", receiver.accepted)
    broker.kill()
    wait("it noticed", lambda: (view := house.view()) and not view.broker_connected)
    wait("the tier is held", lambda: (view := house.view()) and view.zones[0].held, 20)
    assert house.tier() is Tier.RED
    house.heard.clear()
    broker.start()
    wait("it is back", house.ready)
    wait("so is the box", house.client.is_connected)
    wait("the tier topic is said again", lambda: house.heard.get("levee/v1/bund/zones/steps/tier"))
    tier = decode(house.heard["levee/v1/bund/zones/steps/tier"][-1], TierMessage)
    assert (tier.tier.value, tier.held) == ("red", True)
    wait("what is recorded is said again", house.recorded)
    house.crowd(4.0, 2)
    wait("it sees again", lambda: (view := house.view()) and not view.zones[0].held)
    assert len(receiver.accepted()) == 1
    lines = [line for line in house.log.read_text().splitlines() if "is away" in line]
    assert len(lines) == 2


def test_what_was_sent_while_the_service_was_away_is_recorded_late(
    house: House, receiver: Receiver, wait: Callable[..., None]
) -> None:
    house.start()
    wait("the service is there", house.ready)
    house.crowd(1.0, 2)
    wait("it is recorded", lambda: (told := house.recorded()) and told.sessions[-1].up_to == house.sequence)
    house.kill()
    gap = [house.message(5.0, "steps") for _ in range(50)]
    house.start()
    wait("the service is there again", house.ready)
    house.say(1.0)
    first = house.sequence
    wait("a hole is told", lambda: (told := house.recorded()) and told.sessions[-1].also == ((first, first),))
    for message in reversed(gap):
        house.client.publish(topics.BACKLOG.at(site="bund", box="box-1"), encode(message), qos=1)
    wait("the hole is closed", lambda: (told := house.recorded()) and told.sessions[-1].up_to == house.sequence)
    assert house.rows("select count(*) from messages where way = 'backlog'") == [(50,)]
    assert house.rows("select count(*) from tier_changes where what = 'tier'") == [(0,)], "backlog was judged"
    assert not receiver.pages


def test_a_record_that_is_away_loses_nothing(house: House, receiver: Receiver, wait: Callable[..., None]) -> None:
    house.start()
    wait("the service is there", house.ready)
    house.crowd(0.5, 1)
    lock = sqlite3.connect(house.database, isolation_level=None)
    lock.execute("begin immediate")
    try:
        house.crowd(4.0, 12, until=lambda: house.tier() is Tier.RED)
        assert house.tier() is Tier.RED, "judgement must not wait for the record"
        wait("it says so", lambda: "the record cannot be written" in house.log.read_text())
        before = house.recorded()
        house.crowd(4.0, 3)
        assert house.recorded() == before, "a box was answered for what is not recorded"
        view = house.view()
        assert view is not None
        assert not view.recording
    finally:
        lock.execute("rollback")
        lock.close()
    wait("all is recorded", lambda: (told := house.recorded()) and told.sessions[-1].up_to == house.sequence)
    wait("the page is accepted", receiver.accepted)
    assert house.rows("select count(*) from messages") == [(house.sequence,)]
    assert len(receiver.accepted()) == 1
