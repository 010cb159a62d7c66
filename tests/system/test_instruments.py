"""A gateway of instruments at a real broker: what cameras publish arrives as readings, and what is wrong is counted."""

from __future__ import annotations

import json
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
import pytest

from edge.instruments.gateway import Gateway
from edge.instruments.settings import GatewaySettings
from wire import Health, Occupancy, Reading, Readings, State, Throughput, decode
from wire.topics import BACKLOG, HEALTH, READINGS, parse

COUNTER = "door/onvif-ej/RuleEngine/CountAggregation/Counter/&1"
HALL = "door/onvif-ej/RuleEngine/CountAggregation/OccupancyCounter/&1/Hall"


def onvif(rule: str, count: int) -> str:
    return json.dumps({"UtcTime": "2026-05-01T10:00:00Z", "Source": {"Rule": rule}, "Data": {"Count": str(count)}})


class Ear:
    """Hears what a gateway says, and speaks as the cameras do."""

    def __init__(self, port: int) -> None:
        self.readings: list[Reading] = []
        self.messages: list[Readings] = []
        self.health: list[Health] = []
        self.late = 0
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.client.on_connect = lambda client, *rest: client.subscribe("levee/v1/#", qos=1)
        self.client.on_message = self._heard
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _heard(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        row, _ = parse(message.topic)
        said: Any = decode(bytes(message.payload), row.message)
        if row is READINGS:
            self.messages.append(said)
            self.readings += said.readings
        elif row is BACKLOG:
            self.late += 1
        elif row is HEALTH:
            self.health.append(said)

    def say(self, topic: str, payload: str, *, retained: bool = False) -> None:
        self.client.publish(topic, payload, qos=1, retain=retained)

    def of(self, zone: str) -> list[Any]:
        return [one for one in list(self.readings) if one.zone == zone]

    def passed(self, zone: str) -> tuple[float, float]:
        known = [one for one in self.of(zone) if isinstance(one, Throughput) and one.inflow is not None]
        return (
            round(sum(one.inflow * one.interval_s / 60 for one in known), 6),
            round(sum((one.outflow or 0.0) * one.interval_s / 60 for one in known), 6),
        )


@pytest.fixture
def ear(broker: Any) -> Iterator[Ear]:
    made = Ear(broker.port)
    yield made
    made.client.disconnect()
    made.client.loop_stop()


@pytest.fixture
def begin(broker: Any, tmp_path: Path) -> Iterator[Callable[..., Callable[[], None]]]:
    ends: list[Callable[[], None]] = []

    def start(**more: object) -> Callable[[], None]:
        settings = msgspec.convert(
            {
                "site": "bund",
                "box": "counters",
                "instruments": [
                    {
                        "name": "east", "zone": "east", "format": "onvif", "topics": [f"{COUNTER}/#"],
                        "inward": ["In"], "outward": ["Out"],
                        "alive": {"topic": "door/status", "offline": "offline", "will": True},
                    },
                    {"name": "hall", "zone": "hall", "format": "onvif", "topics": [HALL], "inside": ["Hall"]},
                    {"name": "north", "zone": "north", "format": "xovis", "logic": "North", "topics": ["north/#"]},
                ],
                "mqtt": {"port": broker.port, "retry_max_s": 1},
                "metrics": {"enabled": False},
                "tick_s": 0.2,
                "health_s": 1,
                "data_folder": str(tmp_path / "gateway"),
                **more,
            },
            GatewaySettings,
        )  # fmt: skip
        stop = threading.Event()
        thread = threading.Thread(target=Gateway(settings).run, args=(stop,))
        thread.start()

        def end() -> None:
            stop.set()
            thread.join(15)
            assert not thread.is_alive()

        ends.append(end)
        return end

    yield start
    for end in ends:
        end()


def test_from_a_camera_to_readings(
    broker: Any, ear: Ear, begin: Any, wait: Any, new_port: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "levee.instruments")
    # What the broker kept is where counting begins: nobody of these passed now.
    ear.say(f"{COUNTER}/In", onvif("In", 5000), retained=True)
    ear.say(f"{COUNTER}/Out", onvif("Out", 4000), retained=True)
    ear.say("door/status", "online", retained=True)
    port = new_port()
    begin(push={"port": port})
    wait("the gate is known", lambda: any(one.state is State.GOOD for one in ear.of("east")))
    assert ear.passed("east") == (0, 0)
    assert all(one.state is State.UNKNOWN and one.reasons == ("no-word-yet",) for one in ear.of("hall"))

    ear.say(f"{COUNTER}/In", onvif("In", 5007))
    ear.say(f"{COUNTER}/Out", onvif("Out", 4002))
    ear.say(HALL, onvif("Hall", 42))
    wait("those who passed", lambda: ear.passed("east") == (7, 2))
    wait("the hall", lambda: any(isinstance(one, Occupancy) and one.occupancy for one in ear.of("hall")))
    assert [one.occupancy.value for one in ear.of("hall") if one.occupancy] == [42]

    # What is wrong is told in one line with its topic, and counted.
    ear.say(f"{COUNTER}/In", '{"Data": {"Count": "\\u001b[31mmany"}}')
    ear.say(HALL, "not json")
    wait("both are counted", lambda: sum(sum(one.dropped.values()) for one in ear.health[-1].cameras) == 2)
    lines = [record.getMessage() for record in caplog.records]
    assert any(line.startswith(f"instrument east: {COUNTER}/In: Data.Count") for line in lines)
    assert any(line.startswith(f"instrument hall: {HALL}: not JSON") for line in lines)
    assert not any("\x1b" in line for line in lines)

    # A push over HTTP; one that comes again is no second crowd.
    span = {"from": "2026-05-01T10:00:00Z", "to": "2026-05-01T10:01:00Z"}
    counts = [{"name": "fw", "value": 30}, {"name": "bw", "value": 4}]
    package = {"logics_data": {"logics": [{"name": "North", "records": [{**span, "counts": counts}]}]}}
    assert post(port, "north", json.dumps(package)) == (204, "")
    assert post(port, "north", json.dumps(package))[0] == 400
    assert post(port, "nobody", "{}")[0] == 404
    wait("those who were pushed", lambda: ear.passed("north") == (30, 4))

    # The camera's will: unknown, not empty.
    ear.say("door/status", "offline", retained=True)
    wait("it is gone", lambda: ear.of("east")[-1].reasons == ("instrument-offline",))
    wait("its health says so", lambda: ear.health[-1].cameras[0].state.value == "off")
    sequences = [one.sequence for one in ear.messages]
    assert sequences == sorted(set(sequences))


def test_a_broker_that_dies_loses_nobody(broker: Any, ear: Ear, begin: Any, wait: Any) -> None:
    end = begin()
    say = lambda people, gone: (  # noqa: E731
        ear.say(f"{COUNTER}/In", onvif("In", people)),
        ear.say(f"{COUNTER}/Out", onvif("Out", gone)),
    )
    wait("it listens", lambda: bool(ear.of("east")))
    say(10, 0)
    wait("the first word", lambda: ear.health and ear.health[-1].cameras[0].frames >= 2)
    broker.kill()
    broker.start()
    # A total says the same however often it is said; one of these reaches the gateway after it is back.
    wait("those who passed", lambda: say(15, 1) and ear.passed("east") == (5, 1), 30)
    end()


def post(port: int, name: str, body: str) -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{name}", body.encode(), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
