"""The demo's broker: Mosquitto where it is installed, the embedded one otherwise; started again when it dies."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import time
from enum import Enum
from pathlib import Path

from levee.demo.children import Child, ChildDied
from levee.demo.ports import listens

#: Pauses before each new start, in seconds; the last one is kept. A broker that held for STEADY_S begins anew.
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 10.0)
STEADY_S = 60.0
_READY_S = 20.0


class BrokerKind(Enum):
    MOSQUITTO = "mosquitto"
    EMBEDDED = "embedded"


class NoBroker(RuntimeError):
    """Neither broker is there, or the wanted one is not."""


def mosquitto() -> str | None:
    """The path of Mosquitto; Debian puts it where an ordinary user's PATH does not look."""
    return shutil.which("mosquitto") or next(
        (str(path) for path in (Path("/usr/sbin/mosquitto"), Path("/usr/local/sbin/mosquitto")) if path.is_file()), None
    )


def choose(wanted: BrokerKind | None) -> BrokerKind:
    """`wanted`, or the best there is; NoBroker with one line on what to install."""
    embedded = importlib.util.find_spec("amqtt") is not None
    if wanted is BrokerKind.MOSQUITTO and mosquitto() is None:
        raise NoBroker("Mosquitto is not installed: install the Debian package mosquitto, or leave --broker out")
    if wanted is BrokerKind.EMBEDDED and not embedded:
        raise NoBroker("the embedded broker is not installed: install levee[demo]")
    if wanted is not None:
        return wanted
    if mosquitto() is not None:
        return BrokerKind.MOSQUITTO
    if embedded:
        return BrokerKind.EMBEDDED
    raise NoBroker("no broker is installed: install levee[demo], or the Debian package mosquitto")


class Broker:
    """One broker on the loopback address. `watch` starts it again, ever more slowly, when it has died."""

    def __init__(self, kind: BrokerKind, port: int, folder: Path, log: Path) -> None:
        self.kind = kind
        self.port = port
        self.child = Child("the broker", _command(kind, port, folder), log)
        self._deaths = 0
        self._started_s = 0.0
        self._start_at_s: float | None = None

    @property
    def restarts(self) -> int:
        return max(0, self.child.starts - 1)

    def start(self) -> None:
        """Returns once it accepts connections; ChildDied where it ends or stays deaf instead."""
        self.child.start()
        self._started_s = time.monotonic()
        while not listens(self.port):
            self.child.check()
            if time.monotonic() - self._started_s > _READY_S:
                raise ChildDied(f"the broker does not listen on port {self.port} after {_READY_S:g} s")
            time.sleep(0.05)

    def watch(self) -> str | None:
        """Call often. One line when it was found dead or was started again, else None."""
        if self.child.ended is None:
            return None
        now = time.monotonic()
        if self._start_at_s is None:
            self._deaths = 0 if now - self._started_s > STEADY_S else self._deaths
            pause = PAUSES_S[min(self._deaths, len(PAUSES_S) - 1)]
            self._deaths += 1
            self._start_at_s = now + pause
            return f"the broker died ({self.child.how()}); it is started again in {pause:g} s"
        if now < self._start_at_s:
            return None
        self._start_at_s = None
        self._started_s = now
        self.child.start()
        return "the broker was started again"


def _command(kind: BrokerKind, port: int, folder: Path) -> list[str]:
    if kind is BrokerKind.EMBEDDED:
        return [sys.executable, "-m", "levee.demo.embedded", str(port)]
    path = mosquitto()
    if path is None:
        raise NoBroker("Mosquitto is not installed")
    config = folder / "mosquitto.conf"
    lines = [
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        "persistence true",
        f"persistence_location {folder}/",
        "autosave_interval 5",
        # Mosquitto drops silently above its limits, so they are set, and far above what the demo sends.
        "max_queued_messages 100000",
        "max_queued_bytes 0",
        "log_dest stdout",
        "log_type error",
        "log_type warning",
        "log_type notice",
    ]
    if os.geteuid() == 0:
        # Started by root it would become another user, and the kernel then forgets to end it with its parent.
        lines.append("user root")
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [path, "-c", str(config)]
