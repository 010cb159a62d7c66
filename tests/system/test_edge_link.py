"""A box at a real broker: birth, will, backlog, and a service that answers, is away, or comes back."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import paho.mqtt.client as mqtt
import pytest
from amqtt.broker import Broker
from numpy.typing import NDArray

from edge import worker
from edge.plan import BoxRefused
from edge.settings import (
    BoxSettings,
    CameraSettings,
    GroundPoint,
    MetricsSettings,
    OutboxSettings,
    ZoneSettings,
)
from models import Count, CountRefused
from wire import (
    VERSION,
    Health,
    Presence,
    Readings,
    Recorded,
    SessionRecorded,
    State,
    Status,
    decode,
    encode,
)
from wire.broker import BrokerSettings
from wire.topics import BACKLOG, HEALTH, READINGS, RECORDED, STATUS, parse

PLACE = {"site": "bund", "box": "steps"}


class Twelve:
    """A counter that finds 144 people in every picture, evenly spread, unless told to refuse."""

    name = "density:twelve"
    digest = "d" * 64

    def __init__(self) -> None:
        self.refuse = False

    def count(self, frame: NDArray[np.uint8], view: object = None) -> Count:
        if self.refuse:
            raise CountRefused("the picture cannot be counted")
        grid = np.ones((9, 16), dtype=np.float32)
        size = (frame.shape[1], frame.shape[0])
        return Count(grid=grid, picture=size, points=None, method=self.name, saturated=False, reasons=())


class Service:
    """What the service does on the wire: hears everything, and answers for it when it is there."""

    def __init__(self, port: int) -> None:
        self.here = True
        self.live: list[Readings] = []
        self.late: list[Readings] = []
        #: What went by while the service was away.
        self.missed: list[Readings] = []
        self.statuses: list[Status] = []
        self.healths: list[Health] = []
        self.properties: list[Any] = []
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.client.on_connect = lambda client, *rest: client.subscribe("levee/v1/#", qos=1)
        self.client.on_message = self._heard
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _heard(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        row, _ = parse(message.topic)
        if row is RECORDED:
            return
        said: Any = decode(bytes(message.payload), row.message)
        if row in (READINGS, BACKLOG) and not self.here:
            self.missed.append(said)
            return
        heard: dict[str, list[Any]] = {
            "readings": self.live,
            "backlog": self.late,
            "status": self.statuses,
            "health": self.healths,
        }
        heard[row.name].append(said)
        if row is READINGS:
            self.properties.append(message.properties)
        if row in (READINGS, BACKLOG):
            self.answer(said.session)

    def answer(self, session: str) -> None:
        held = sorted(self.sequences(session))
        up_to = 0
        while up_to + 1 in held:
            up_to += 1
        also = tuple((n, n) for n in held if n > up_to)
        answer = Recorded(
            version=VERSION,
            **PLACE,
            sent=datetime.now(UTC),
            sessions=(SessionRecorded(session=session, up_to=up_to, also=also),),
        )
        self.client.publish(RECORDED.at(**PLACE), encode(answer), qos=1, retain=True)

    def sequences(self, session: str) -> set[int]:
        return {m.sequence for m in [*self.live, *self.late] if m.session == session}


class Running:
    """A worker in a thread."""

    def __init__(self, settings: BoxSettings, counter: Twelve) -> None:
        self.stop = threading.Event()
        self.worker = worker.Worker(settings, counter)
        self.session = self.worker.session
        self.thread = threading.Thread(target=self.worker.run, args=(self.stop,))
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (320, 180))
    for index in range(20):
        picture = np.full((180, 320, 3), 90, dtype=np.uint8)
        picture[60:100, index * 10 : index * 10 + 30] = 230
        writer.write(picture)
    writer.release()
    return path


@pytest.fixture
def settings(tmp_path: Path, clip: Path, new_port: Callable[[], int]) -> Callable[..., BoxSettings]:
    points = (((20, 170), (-4, 2)), ((300, 170), (4, 2)), ((220, 60), (5, 16)), ((100, 60), (-5, 16)))

    def make(port: int, **changes: Any) -> BoxSettings:
        camera = CameraSettings(
            name="cam",
            source=str(clip),
            repeat=True,
            sample_s=0.2,
            picture_px=(320, 180),
            ground_points=tuple(GroundPoint(pixel=pixel, ground=ground) for pixel, ground in points),
            residual_limit_m=5.0,
        )
        fields: dict[str, Any] = {
            **PLACE,
            "cameras": (camera,),
            "zones": (ZoneSettings(name="foot", camera="cam", polygon=((-3, 4), (3, 4), (3, 12), (-3, 12))),),
            "mqtt": BrokerSettings(port=port, retry_max_s=1.0),
            "metrics": MetricsSettings(port=new_port()),
            "outbox": OutboxSettings(unanswered_after_s=1.0, backlog_per_s=200.0),
            "tick_s": 0.2,
            "health_s": 1.0,
            "data_folder": str(tmp_path / "data"),
            **changes,
        }
        return BoxSettings(**fields)

    return make


@pytest.fixture
def service(broker: Any) -> Iterator[Service]:
    listening = Service(broker.port)
    yield listening
    listening.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    running: list[Running] = []

    def begin(settings: BoxSettings, counter: Twelve | None = None) -> Running:
        running.append(Running(settings, counter or Twelve()))
        return running[-1]

    yield begin
    for each in running:
        if each.thread.is_alive():
            each.end()


def test_birth_readings_health_and_farewell(
    broker: Any, service: Service, settings: Callable, start: Callable, wait: Callable
) -> None:
    box = start(settings(broker.port))
    wait("five good readings", lambda: sum(m.readings[0].state is State.GOOD for m in service.live) >= 5)
    wait("health", lambda: any(h.cameras[0].state.value == "live" for h in service.healths))
    birth = service.statuses[0]
    assert (birth.state, birth.session) == (Presence.ONLINE, box.session)
    assert birth.hashes["model"] == "d" * 64
    assert set(birth.hashes) == {"model", "calibration-cam"}
    last = service.live[-1]
    reading: Any = last.readings[0]
    assert [m.sequence for m in service.live] == sorted({m.sequence for m in service.live})
    assert (reading.zone, reading.method, reading.calibration) == (
        "foot",
        "density:twelve",
        birth.hashes["calibration-cam"],
    )
    assert reading.area_m2 == pytest.approx(48.0)
    assert reading.density == pytest.approx(reading.count.value / 48.0, rel=0.02)
    assert reading.count.low <= reading.count.value <= reading.count.high
    assert reading.peak_density.value >= reading.density * 0.99
    assert reading.age_s < 5.0
    assert service.properties[-1].MessageExpiryInterval <= 30
    wait("the outbox empties", lambda: service.healths[-1].outbox.messages < 5)
    box.end()
    wait("farewell", lambda: service.statuses[-1].state is Presence.STOPPED)
    assert {s.session for s in service.statuses} == {box.session}


def test_metrics_show_what_is_known_and_nothing_that_is_not(
    broker: Any, service: Service, settings: Callable, start: Callable, wait: Callable
) -> None:
    counter = Twelve()
    chosen = settings(broker.port)
    start(chosen, counter)

    def scrape() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{chosen.metrics.port}/metrics", timeout=5) as answer:
            return str(answer.read().decode())

    wait("good readings", lambda: service.live and service.live[-1].readings[0].state is State.GOOD)
    wait("people", lambda: 'levee_edge_zone_people{zone="foot"}' in scrape())
    page = scrape()
    for line in (
        'levee_edge_zone_state{state="good",zone="foot"} 1.0',
        'levee_edge_camera_state{camera="cam",state="live"} 1.0',
        "levee_edge_broker_connected 1.0",
        'levee_edge_published_total{topic="readings"}',
        'levee_edge_count_duration_seconds_count{camera="cam"}',
        'levee_edge_zone_peak_density_per_square_metre{zone="foot"}',
        'levee_edge_frames_dropped_total{camera="cam",reason="superseded"}',
        'levee_edge_outbox_dropped_total{reason="count"} 0.0',
        "levee_edge_build_info{version=",
        "levee_edge_ticks_total",
        "levee_edge_outbox_messages",
    ):
        assert line in page
    counter.refuse = True
    wait("unknown", lambda: service.live[-1].readings[0].state is State.UNKNOWN)
    assert service.live[-1].readings[0].reasons == ("count-refused",)
    wait("the values are gone", lambda: 'levee_edge_zone_state{state="unknown",zone="foot"} 1.0' in scrape())
    assert 'people{zone="foot"}' not in scrape()
    assert 'metre{zone="foot"}' not in scrape()


def test_a_broken_link_leaves_the_will_and_a_late_will_is_undone(
    broker: Any, service: Service, settings: Callable, start: Callable, wait: Callable
) -> None:
    box = start(settings(broker.port))
    wait("birth", lambda: bool(service.statuses))
    # Cut without a farewell, as a power cut does: the broker publishes the will, and the box is born again after it.
    box.worker._voice.link._client.socket().shutdown(2)
    wait("will", lambda: any(s.state is Presence.OFFLINE and s.session == box.session for s in service.statuses))
    wait("rebirth", lambda: service.statuses[-1].state is Presence.ONLINE)
    # The will of a former life arrives after the birth.
    late = json.loads(encode(service.statuses[0]))
    late.update(session="0123456789abcdef", state="offline")
    seen = len(service.statuses)
    service.client.publish(STATUS.at(**PLACE), json.dumps(late), qos=1, retain=True)
    wait("late will", lambda: any(s.session == "0123456789abcdef" for s in service.statuses[seen:]))
    wait("undone", lambda: service.statuses[-1].session == box.session)
    assert service.statuses[-1].state is Presence.ONLINE


def test_a_broker_that_dies_costs_no_message(
    broker: Any, service: Service, settings: Callable, start: Callable, wait: Callable, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    box = start(settings(broker.port))
    wait("readings", lambda: len(service.live) >= 5)
    broker.kill()
    time.sleep(4)
    before = box.worker._sequence
    assert box.worker._courier.health.messages >= 10
    broker.start()
    wait("back", lambda: service.live[-1].sequence > before, timeout_s=30)

    def complete() -> bool:
        held = service.sequences(box.session)
        return held >= set(range(1, before + 1))

    wait("every sequence number", complete, timeout_s=30)
    assert service.late
    # Live ones are fresh; late ones say how old they are.
    assert np.median([m.readings[0].age_s for m in service.live]) < 2.0
    assert max(m.readings[0].age_s for m in service.late) > 2.0
    wait("the outbox empties", lambda: box.worker._courier.health.messages < 5)
    box.end()
    said = [r.message for r in caplog.records if r.name == "wire.link"]
    assert 3 <= len(said) <= 8, said


def test_a_service_that_is_away_costs_no_message(
    broker: Any, service: Service, settings: Callable, start: Callable, wait: Callable
) -> None:
    service.here = False
    box = start(settings(broker.port))
    wait("a backlog", lambda: box.worker._courier.health.messages >= 20)
    away = box.worker._sequence
    service.here = True
    wait("every sequence number", lambda: service.sequences(box.session) >= set(range(1, away + 1)), timeout_s=30)
    wait("the outbox empties", lambda: box.worker._courier.health.messages < 5)


def test_what_one_life_could_not_send_the_next_one_does(
    broker: Any, service: Service, settings: Callable, start: Callable, wait: Callable
) -> None:
    service.here = False
    chosen = settings(broker.port)
    first = start(chosen)
    wait("some messages", lambda: first.worker._courier.health.messages >= 8)
    first.end()
    sent = first.worker._sequence
    service.here = True
    second = start(chosen)
    wait("the first life's messages", lambda: service.sequences(first.session) == set(range(1, sent + 1)), timeout_s=30)
    assert second.session != first.session
    late = [m for m in service.late if m.session == first.session]
    assert {m.floor for m in late} >= {1}
    assert min(m.readings[0].age_s for m in late) > 0.0


ALONE = """
import signal, sys, threading
import numpy as np
import msgspec
from edge import worker
from edge.settings import BoxSettings
from models import Count

class Twelve:
    name, digest = "density:twelve", "d" * 64
    def count(self, frame, view: object = None):
        size = (frame.shape[1], frame.shape[0])
        return Count(np.ones((9, 16), np.float32), size, None, self.name, False, ())

stop = threading.Event()
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: stop.set())
worker.run(msgspec.json.decode(sys.argv[1], type=BoxSettings), stop=stop, counter=Twelve())
"""


def process(settings: BoxSettings) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    arguments = [sys.executable, "-c", ALONE, msgspec.json.encode(settings).decode()]
    return subprocess.Popen(arguments, env=environment, stderr=subprocess.DEVNULL)


def test_kill_9_costs_a_second_at_most_and_sigterm_nothing(
    broker: Any, service: Service, settings: Callable, wait: Callable
) -> None:
    service.here = False
    chosen = settings(broker.port)
    lives: list[str] = []
    for number in (signal.SIGKILL, signal.SIGTERM):
        alone = process(chosen)
        try:
            wait("a life", lambda: len({m.session for m in service.missed}) > len(lives), timeout_s=30)
            session = service.missed[-1].session
            wait("ten ticks", lambda session=session: sum(m.session == session for m in service.missed) >= 10)
        finally:
            alone.send_signal(number)
            code = alone.wait(timeout=20)
        lives.append(session)
        assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)
    wait("farewell", lambda: service.statuses[-1].state is Presence.STOPPED)
    made = {session: {m.sequence for m in service.missed if m.session == session} for session in lives}
    service.here = True
    alone = process(chosen)
    try:
        # Written behind: the last second of a life that was cut off may be lost (five ticks of 0.2 s), no more.
        lost = {lives[0]: 5, lives[1]: 0}
        for session in lives:
            wanted = {n for n in made[session] if n <= max(made[session]) - lost[session]}
            wait(
                f"the messages of {session}",
                lambda session=session, wanted=wanted: service.sequences(session) >= wanted,
                timeout_s=30,
            )
    finally:
        alone.send_signal(signal.SIGINT)
        assert alone.wait(timeout=20) == 0


def test_a_broker_that_hangs_up_on_mqtt_5_gets_3_1_1(
    settings: Callable, start: Callable, wait: Callable, new_port: Callable, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    port = new_port()
    began, ended = threading.Event(), threading.Event()

    async def serve() -> None:
        config = {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
        server = Broker(config)
        await server.start()
        began.set()
        while not ended.is_set():
            await asyncio.sleep(0.05)
        await server.shutdown()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert began.wait(20)
        box = start(settings(port))
        wait("a connection", lambda: "connected, MQTT 3.1.1" in caplog.text)
        wait("readings", lambda: box.worker._voice.published["readings"] >= 3)
        box.end()
    finally:
        ended.set()
        thread.join(timeout=20)


def test_a_broker_that_is_down_at_the_start_is_one_line(
    settings: Callable, start: Callable, wait: Callable, new_port: Callable, caplog: pytest.LogCaptureFixture
) -> None:
    port = new_port()
    box = start(settings(port))
    wait("ticks", lambda: box.worker._sequence >= 15)
    box.end()
    said = [r.message for r in caplog.records if r.name == "wire.link"]
    assert said == [f"broker 127.0.0.1:{port}: no connection: Connection refused; tried again"]


def test_a_camera_that_is_not_there_reads_unknown_and_never_zero(
    broker: Any, service: Service, settings: Callable, start: Callable, wait: Callable, new_port: Callable
) -> None:
    chosen = settings(broker.port)
    camera = chosen.cameras[0]
    fields = {name: getattr(camera, name) for name in camera.__struct_fields__}
    fields.update(source=f"rtsp://127.0.0.1:{new_port()}/x", open_timeout_s=1.0)
    start(settings(broker.port, cameras=(CameraSettings(**fields),)))
    wait("readings", lambda: len(service.live) >= 8)
    assert {m.readings[0].state for m in service.live} == {State.UNKNOWN}
    assert service.live[-1].readings[0].reasons == ("camera-off",)
    assert all(getattr(m.readings[0], "count", None) is None for m in service.live)
    wait("health says why", lambda: "refuses connections" in service.healths[-1].cameras[0].reason)


def test_a_password_that_is_wrong_is_one_line_without_the_password(
    tmp_path: Path,
    new_port: Callable,
    settings: Callable,
    start: Callable,
    wait: Callable,
    need: Callable,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    program, port = need("mosquitto", "mosquitto"), new_port()
    (tmp_path / "passwords").write_text("")
    (tmp_path / "passwords").chmod(0o600)
    (tmp_path / "m.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {tmp_path}/passwords\nuser root\n"
    )
    server = subprocess.Popen([program, "-c", str(tmp_path / "m.conf")], stderr=subprocess.DEVNULL)
    monkeypatch.setenv("BOX_PASSWORD", "very-secret")
    try:
        mqtt_settings = BrokerSettings(port=port, username="box", password_from_env="BOX_PASSWORD", retry_max_s=1.0)
        box = start(settings(port, mqtt=mqtt_settings))
        wait("a refusal", lambda: "the broker refuses" in caplog.text)
        time.sleep(1.5)
        box.end()
    finally:
        server.kill()
        server.wait()
    assert "very-secret" not in caplog.text
    assert len([r for r in caplog.records if "the broker refuses" in r.message]) == 1


def test_settings_that_cannot_be_worked_with_are_refused_before_anything_starts(
    settings: Callable, new_port: Callable
) -> None:
    far = ZoneSettings(name="far", camera="cam", polygon=((50, 4), (60, 4), (60, 12), (50, 12)))
    with pytest.raises(BoxRefused, match=r"^zone far: .* lies outside the picture") as caught:
        worker.Worker(settings(new_port(), zones=(far,)), Twelve())
    assert caught.value.setting[:3] == ("zones", 0, "polygon")


def test_a_metrics_port_that_is_taken_is_one_line(settings: Callable, broker: Any, new_port: Callable) -> None:
    chosen = settings(new_port(), metrics=MetricsSettings(port=broker.port))
    with pytest.raises(BoxRefused, match=rf"^metrics: 127\.0\.0\.1:{broker.port}: Address already in use"):
        worker.run(chosen, stop=threading.Event(), counter=Twelve())


def test_nothing_but_the_retained_is_retained(
    broker: Any, service: Service, settings: Callable, start: Callable, wait: Callable
) -> None:
    box = start(settings(broker.port))
    wait("readings and health", lambda: len(service.live) > 3 and bool(service.healths))
    box.end()
    newcomer = Service(broker.port)
    wait("what is retained", lambda: newcomer.statuses and newcomer.healths)
    time.sleep(0.5)
    newcomer.close()
    assert (newcomer.live, newcomer.late) == ([], [])
    assert newcomer.statuses[0].state is Presence.STOPPED
    assert HEALTH.retained
    assert STATUS.retained
