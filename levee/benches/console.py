"""Many browsers on one console: how quickly each hears of a tier, and whether pages wait for them.

A broker, the service and the console run as processes of their own; the browsers are live connections of this process,
which read whatever comes. A delay counts from the arrival of the reading that changed the tier at the service.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import paho.mqtt.client as mqtt
import yaml
from paho.mqtt.enums import CallbackAPIVersion

from levee.demo.broker import Broker, choose
from levee.demo.children import Child, end_all
from levee.demo.ports import LOOPBACK, free_port, listens
from levee.demo.session import _levee
from wire import Band, Instant, Readings, State, encode, topics

SESSION = "0123456789abcdef"
PASSWORD = "for-an-hour-on-the-loopback"
#: Windows as short as they may be: a tier changes five seconds after its crowd.
QUICK = {"blue_s": 5, "yellow_s": 5, "orange_s": 5, "red_s": 5}
CALM, DENSE = 0.5, 6.0
#: Seconds between two zones that go red, and between two pages that are asked for meanwhile.
APART_S, PAGE_S = 2.0, 0.25
START_S = 60.0
#: Seconds that are waited for the last of them to be heard of.
PATIENCE_S = 15.0


class BenchFailed(RuntimeError):
    """The bench could not be run: one line."""


@dataclass
class Result:
    """Delays in seconds. `heard` are those of all connections and all changes; `pages` of pages, by connections."""

    connections: int
    zones: int
    changes: int
    heard: list[float] = field(default_factory=list)
    dropped: int = 0
    pages: dict[int, list[float]] = field(default_factory=dict)

    @property
    def missed(self) -> int:
        return self.connections * self.changes - len(self.heard)


def quantile(values: list[float], share: float) -> float:
    """NaN where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def bench_console(connections: int, zones: int, changes: int, say: Callable[[str], None]) -> Result:
    """Run it; BenchFailed, NoBroker, ChildDied."""
    folder = Path(tempfile.mkdtemp(prefix="levee-bench-"))
    place = _Place(folder, zones)
    try:
        place.start(say)
        return asyncio.run(_measure(place, connections, changes, say))
    finally:
        place.close()
        shutil.rmtree(folder, ignore_errors=True)


class _Place:
    def __init__(self, folder: Path, zones: int) -> None:
        self.folder, self.names = folder, [f"z{number}" for number in range(zones)]
        broker_port, state_port = free_port(), free_port()
        self.port = free_port(None, frozenset({broker_port, state_port}))
        self.density = dict.fromkeys(self.names, CALM)
        (folder / "broker").mkdir()
        self._write(broker_port, state_port)
        self._broker = Broker(choose(None), broker_port, folder / "broker", folder / "broker.log")
        file = folder / "service.yaml"
        self._service = Child("the service", _levee("alerting", "run", file), folder / "service.log")
        self._console = Child("the console", _levee("console", "run", file), folder / "console.log")
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="levee-bench")
        self._broker_port, self._sequence = broker_port, 0

    def _write(self, broker_port: int, state_port: int) -> None:
        zone = {"kind": "flat", "box": "box-1", "windows": QUICK, "stale_s": 10}
        site = {
            "levee": "site",
            "site": "bench",
            "title": "Bench",
            "responsible": "nobody",
            "zones": [{"name": name, "title": name, **zone} for name in self.names],
        }
        service = {
            "levee": "service",
            "sites": ["site.yaml"],
            "mqtt": {"port": broker_port},
            "record": {"url": f"sqlite:///{self.folder / 'record.db'}"},
            "metrics": {"port": state_port},
            "channels": {"log": {"type": "console"}},
            "console": {"port": self.port, "accounts": str(self.folder / "accounts.db"), "connections": 10_000},
        }
        for name, whole in (("site", site), ("service", service)):
            (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")

    def start(self, say: Callable[[str], None]) -> None:
        from alerting.console.accounts import Accounts
        from alerting.console.roles import Account, Role

        accounts = Accounts(self.folder / "accounts.db")
        accounts.add(Account("bench", "Bench", Role.VIEW), PASSWORD, time.time())
        accounts.close()
        say("starting a broker, the service and the console")
        self._broker.start()
        self._service.start()
        self._console.start()
        self._client.connect(LOOPBACK, self._broker_port)
        self._client.loop_start()
        end = time.monotonic() + START_S
        while not listens(self.port):
            self._service.check()
            self._console.check()
            if time.monotonic() > end:
                raise BenchFailed(f"the console does not listen after {START_S:g} s")
            time.sleep(0.1)

    def speak(self) -> None:
        """All zones once, as a box sends them each tick."""
        self._sequence += 1
        readings = tuple(
            Instant(
                zone=zone,
                age_s=0.0,
                state=State.GOOD,
                method="bench",
                count=Band(value=10 * value, low=9 * value, high=11 * value),
                peak_density=Band(value=value + self._sequence % 5 / 50, low=0.0, high=value + 0.2),
            )
            for zone, value in self.density.items()
        )
        message = Readings(
            version=1,
            site="bench",
            box="box-1",
            session=SESSION,
            sequence=self._sequence,
            floor=1,
            sent=datetime.now(UTC),
            readings=readings,
        )
        self._client.publish(topics.READINGS.at(site="bench", box="box-1"), encode(message), qos=1)

    def check(self) -> None:
        self._service.check()
        self._console.check()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        end_all([one for one in (self._console, self._service, self._broker.child) if one.pid is not None])


async def _measure(place: _Place, connections: int, changes: int, say: Callable[[str], None]) -> Result:
    result = Result(connections, len(place.names), min(changes, len(place.names)))
    cookie = await _log_in(place.port)
    talking = asyncio.create_task(_talk(place))
    tasks: list[asyncio.Task[None]] = []
    try:
        await _ready(place, cookie)
        say("pages without any connection")
        result.pages[0] = await _pages(place.port, cookie, asyncio.create_task(asyncio.sleep(min(5.0, changes))))
        say(f"{connections} live connections")
        seen: dict[int, set[str]] = {number: set() for number in range(connections)}
        for number in range(connections):
            tasks.append(asyncio.create_task(_listen(place.port, cookie, seen[number], result)))
            if number % 20 == 19:
                await asyncio.sleep(0.1)
        await asyncio.sleep(0.5)
        say(f"{result.changes} zones go red, one after the other")
        result.pages[connections] = await _pages(place.port, cookie, asyncio.create_task(_go_red(place, result)))
        result.dropped = sum(task.done() for task in tasks)
    finally:
        for task in (*tasks, talking):
            task.cancel()
        await asyncio.gather(*tasks, talking, return_exceptions=True)
    return result


async def _talk(place: _Place) -> None:
    while True:
        place.speak()
        await asyncio.sleep(0.5)


async def _go_red(place: _Place, result: Result) -> None:
    for name in place.names[: result.changes]:
        place.density[name] = DENSE
        await asyncio.sleep(APART_S)
    end = time.monotonic() + QUICK["red_s"] + PATIENCE_S
    while result.missed and time.monotonic() < end:
        place.check()
        await asyncio.sleep(0.2)


async def _listen(port: int, cookie: str, seen: set[str], result: Result) -> None:
    """One browser: notes when it hears of each red."""
    from websockets.asyncio.client import connect

    headers = {"Cookie": cookie}
    async with connect(f"ws://{LOOPBACK}:{port}/live", additional_headers=headers, proxy=None, max_size=None) as socket:
        async for text in socket:
            heard = time.time()
            if '"tier":"red"' not in str(text):
                continue
            for zone in json.loads(text)["zones"]:
                if zone.get("tier") == "red" and zone["id"] not in seen and "since" in zone:
                    seen.add(zone["id"])
                    result.heard.append(heard - zone["since"] / 1000)


async def _log_in(port: int) -> str:
    form = urlencode({"name": "bench", "password": PASSWORD}).encode()
    head = f"POST /login HTTP/1.1\r\nHost: {LOOPBACK}\r\nContent-Length: {len(form)}\r\nConnection: close\r\n\r\n"
    answer = (await _exchange(port, head.encode() + form)).decode("latin-1")
    for line in answer.split("\r\n"):
        if line.lower().startswith("set-cookie:"):
            return line.split(":", 1)[1].split(";")[0].strip()
    raise BenchFailed(f"the console lets nobody in: {answer.splitlines()[0] if answer else 'no answer'}")


async def _ready(place: _Place, cookie: str) -> None:
    """Until the console shows every zone as judged."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        place.check()
        with contextlib.suppress(OSError, ValueError):
            answer = await _get(place.port, "/api/v1/zones?limit=500", cookie)
            items: list[Any] = json.loads(answer.split(b"\r\n\r\n", 1)[1])["items"]
            if items and all(one["sight"] == "seen" for one in items):
                return
        await asyncio.sleep(0.3)
    raise BenchFailed(f"the zones are not judged after {START_S:g} s")


async def _pages(port: int, cookie: str, until: asyncio.Task[None]) -> list[float]:
    """How long pages take while `until` runs."""
    took, number = [], 0
    while not until.done():
        path = ("/", "/incidents", "/settings", "/rota")[number % 4]
        began = time.monotonic()
        answer = await _get(port, path, cookie)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise BenchFailed(f"{path}: {answer[:60].decode('latin-1')}")
        took.append(time.monotonic() - began)
        number += 1
        await asyncio.sleep(PAGE_S)
    await until
    return took


async def _get(port: int, path: str, cookie: str) -> bytes:
    head = f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
    return await _exchange(port, head.encode())


async def _exchange(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(request)
        return await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()
