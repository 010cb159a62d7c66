"""The connection to brokers that are old, mute, closed to strangers, or no brokers at all."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wire.broker import BrokerSettings
from wire.link import Link
from wire.secret import SecretMissing

OLD_BROKER = """
import asyncio, sys
from amqtt.broker import Broker
async def main():
    await Broker({"listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{sys.argv[1]}"}},
                  "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}}).start()
    await asyncio.sleep(60)
asyncio.run(main())
"""


def make(settings: BrokerSettings, heard: Callable[..., None], joined: Callable[[], None]) -> Link:
    will = ("levee/v1/service/me", b"will")
    topics = ("levee/v1/+/+/status",)
    return Link(settings, client_id="me", will=will, topics=topics, heard=heard, joined=joined)


class End:
    """A link with what it heard."""

    def __init__(self, settings: BrokerSettings) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self.ups = 0
        self.link = make(settings, self._take, self._up)
        self.link.start()

    def _take(self, *what: Any) -> None:
        self.heard.append(what)

    def _up(self) -> None:
        self.ups += 1

    def up(self) -> bool:
        return self.link.connected


@pytest.fixture
def end() -> Iterator[Callable[..., End]]:
    made: list[End] = []

    def make(**settings: Any) -> End:
        made.append(End(BrokerSettings(**settings)))
        return made[-1]

    yield make
    for one in made:
        one.link.close(lambda: None)


@pytest.fixture
def old_broker(new_port: Callable[[], int], wait: Callable[..., None], tmp_path: Path) -> Iterator[int]:
    """It speaks MQTT 3.1.1 only, and falls silent before any other."""
    pytest.importorskip("amqtt")
    port = new_port()
    with (tmp_path / "amqtt.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-c", OLD_BROKER, str(port)], stdout=log, stderr=log)

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait("the old broker listens", listens)
    yield port
    process.kill()
    process.wait(10)


def test_a_broker_of_the_old_protocol(old_broker: int, end: Callable[..., End], wait: Callable[..., None]) -> None:
    one = end(port=old_broker)
    wait("it is connected", one.up, 30)
    one.link.publish("levee/v1/a/b/status", b"hello", retained=True)
    wait("it hears", lambda: one.heard)
    assert one.heard[0][:2] == ("levee/v1/a/b/status", b"hello")


def test_a_broker_that_lets_nobody_in_at_first(
    broker: Any, end: Callable[..., End], wait: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    open_to_all = broker.config.read_text()
    broker.kill()
    broker.config.write_text(open_to_all.replace("allow_anonymous true", "allow_anonymous false"))
    broker.start()
    with caplog.at_level(logging.WARNING):
        one = end(port=broker.port)
        wait("it says so", lambda: "Not authorized" in caplog.text)
        time.sleep(2.5)
        assert len(caplog.records) == 1
        broker.kill()
        broker.config.write_text(open_to_all)
        broker.start()
        wait("it is let in", one.up, 30)
    assert one.ups == 1


def test_something_that_is_no_broker(
    new_port: Callable[[], int], end: Callable[..., End], wait: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    port, asked = new_port(), threading.Event()
    with socket.create_server(("127.0.0.1", port)) as listener:

        def answer() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n<html></html>")
                    asked.set()

        threading.Thread(target=answer, daemon=True).start()
        with caplog.at_level(logging.WARNING):
            one = end(port=port)
            assert asked.wait(10)
            wait("it says so", lambda: "tried again" in caplog.text)
            assert not one.up()
        listener.shutdown(socket.SHUT_RDWR)


def test_what_is_published_while_down_is_not_kept(new_port: Callable[[], int], end: Callable[..., End]) -> None:
    one = end(port=new_port())
    assert not one.link.publish("levee/v1/a/b/status", b"x" * 1000, retained=True)
    assert not one.up()


def test_a_password_that_is_not_there_is_refused_at_once() -> None:
    quiet: Any = lambda *_: None  # noqa: E731
    with pytest.raises(SecretMissing, match="broker's password: the environment variable NOT_SET"):
        make(BrokerSettings(username="u", password_from_env="NOT_SET"), quiet, quiet)


def test_a_name_that_was_taken_over_is_not_fought_for(broker: Any, wait: Callable[..., None]) -> None:
    sure, up = threading.Event(), [0]
    what: dict[str, Any] = {
        "client_id": "pair",
        "will": ("levee/v1/service/me", b"will"),
        "topics": ("levee/v1/+/+/status",),
        "heard": lambda *_: None,
    }
    settings = BrokerSettings(port=broker.port)
    first = Link(settings, **what, joined=lambda: None, sure=sure.is_set)
    first.start()
    wait("the first is there", lambda: first.connected)
    second = Link(settings, **what, joined=lambda: up.__setitem__(0, up[0] + 1))
    second.start()
    wait("the second is there", lambda: second.connected)
    wait("the first was put out", lambda: not first.connected)
    time.sleep(2)
    assert (first.connected, second.connected, up) == (False, True, [1])
    second.close(lambda: None)
    sure.set()
    wait("the first is there again", lambda: first.connected)
    first.close(lambda: None)


def test_nothing_is_published_without_leave(broker: Any, wait: Callable[..., None]) -> None:
    leave = threading.Event()
    link = Link(
        BrokerSettings(port=broker.port),
        client_id="x",
        will=("levee/v1/service/me", b"will"),
        topics=("levee/v1/+/+/status",),
        heard=lambda *_: None,
        joined=lambda: None,
        allowed=leave.is_set,
    )
    link.start()
    time.sleep(1)
    assert not link.connected
    leave.set()
    wait("it connects", lambda: link.connected)
    assert link.publish("levee/v1/service/me", b"x", retained=False)
    leave.clear()
    assert not link.publish("levee/v1/service/me", b"x", retained=False)
    link.close(lambda: None)
