"""The broker's settings that come with Levee, in a real Mosquitto: who may say what, and what is kept."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from levee.demo.ports import listens
from wire import topics

CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "mosquitto"
USERS = ("riverside-1", "riverside-2", "alerting", "sign")
Wait = Callable[..., None]


@pytest.fixture
def server(tmp_path: Path, need: Callable[[str, str], str], new_port: Callable[[], int], wait: Wait) -> Iterator[int]:
    """Mosquitto with our settings; only the port and the folders are others."""
    program, maker = need("mosquitto", "mosquitto"), need("mosquitto_passwd", "mosquitto")
    passwords = tmp_path / "passwords"
    passwords.touch(mode=0o600)
    for user in USERS:
        subprocess.run([maker, "-b", str(passwords), user, f"of {user}"], check=True, capture_output=True)
    acl = tmp_path / "acl"
    acl.write_text((CONFIGS / "acl.conf").read_text())
    acl.chmod(0o600)
    port = new_port()
    text = (CONFIGS / "mosquitto.conf").read_text()
    for old, new in (
        ("listener 1883 127.0.0.1", f"listener {port} 127.0.0.1"),
        ("/etc/mosquitto/levee-passwords", str(passwords)),
        ("/etc/mosquitto/levee-acl", str(acl)),
        ("/var/lib/mosquitto/", f"{tmp_path}/"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    # Started by root it would become another user, who may not read the folder of the test.
    (tmp_path / "mosquitto.conf").write_text(f"{text}\nuser root\n")
    process = subprocess.Popen([program, "-c", str(tmp_path / "mosquitto.conf")], stderr=subprocess.DEVNULL)
    try:
        wait("it runs", lambda: listens(port))
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)


class Client:
    """One user, connected; `heard` are the topics of what came."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self.heard: list[str] = []
        self.code: str | None = None
        self.subscribed = threading.Event()
        self.mqtt = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.mqtt.username_pw_set(user, password)
        self.mqtt.on_connect = lambda client, data, flags, code, properties: setattr(self, "code", str(code))
        self.mqtt.on_subscribe = lambda *_: self.subscribed.set()
        self.mqtt.on_message = lambda client, data, message: self.heard.append(message.topic)
        self.mqtt.connect("127.0.0.1", port)
        self.mqtt.loop_start()

    def listen(self) -> None:
        self.mqtt.subscribe("levee/#", 1)
        assert self.subscribed.wait(10)

    def say(self, topic: str) -> bool:
        """Whether the broker took it for somebody: MQTT 5 answers, but also where nobody may hear."""
        info = self.mqtt.publish(topic, b"x", 1)
        info.wait_for_publish(10)
        return info.is_published()

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()


@pytest.fixture
def join(server: int, wait: Wait) -> Iterator[Callable[..., Client]]:
    joined: list[Client] = []

    def connect(user: str, password: str | None = None) -> Client:
        client = Client(server, user, f"of {user}" if password is None else password)
        joined.append(client)
        wait("an answer", lambda: client.code is not None)
        return client

    yield connect
    for client in joined:
        client.close()


def test_a_box_speaks_only_for_itself(join: Callable[..., Client], wait: Wait) -> None:
    service, box = join("alerting"), join("riverside-1")
    service.listen()
    own = topics.READINGS.at(site="riverside", box="riverside-1")
    for topic in (
        topics.READINGS.at(site="riverside", box="riverside-2"),
        topics.STATUS.at(site="riverside", box="riverside-2"),
        topics.RECORDED.at(site="riverside", box="riverside-1"),
        topics.TIER.at(site="riverside", zone="steps"),
        topics.SERVICE.at(instance="alerting"),
        own,
    ):
        box.say(topic)
    wait("what may be said arrives", lambda: own in service.heard)
    assert service.heard == [own]


def test_only_the_service_says_tiers_and_signs_hear_nothing_else(join: Callable[..., Client], wait: Wait) -> None:
    service, sign = join("alerting"), join("sign")
    sign.listen()
    tier = topics.TIER.at(site="riverside", zone="steps")
    box = join("riverside-1")
    box.say(topics.READINGS.at(site="riverside", box="riverside-1"))
    sign.say(tier)
    service.say(tier)
    wait("the tier arrives", lambda: tier in sign.heard)
    assert sign.heard == [tier]


@pytest.mark.parametrize(("user", "password"), [("riverside-1", "wrong"), ("nobody", "x"), ("", "")])
def test_nobody_enters_without_a_password(join: Callable[..., Client], user: str, password: str) -> None:
    assert join(user, password).code == "Not authorized"


def test_our_limits_are_above_a_day_of_one_box() -> None:
    text = (CONFIGS / "mosquitto.conf").read_text()
    limits = dict(line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#"))
    assert int(limits["max_queued_messages"]) >= 86_400
    assert int(limits["max_packet_size"]) >= 2_000_000
    assert limits["persistence"] == "true"
