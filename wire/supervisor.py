"""What a process tells the one that started it and watches over it: systemd's notify protocol, see sd_notify(3).

Where nobody watches, nothing is told. A datagram that cannot go out is no reason to stop working.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import MutableMapping


class Supervisor:
    """Takes the address out of `environment`, so that no child of this process speaks in its name."""

    def __init__(self, environment: MutableMapping[str, str] | None = None) -> None:
        known = os.environ if environment is None else environment
        address = known.pop("NOTIFY_SOCKET", "")
        # A leading '@' stands for Linux's abstract names.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_s = _watchdog_s(known.pop("WATCHDOG_USEC", ""), known.pop("WATCHDOG_PID", ""))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if self._address else None
        if self._socket is not None:
            self._socket.setblocking(False)
        self._said = ""

    @property
    def watched(self) -> bool:
        """Whether anybody listens."""
        return self._socket is not None

    def ready(self) -> None:
        """The work has begun."""
        self._tell("READY=1")

    def alive(self) -> None:
        """The work goes on. Without it for `watchdog_s` the supervisor ends this process and starts it anew."""
        self._tell("WATCHDOG=1")

    def says(self, line: str) -> None:
        """One line for `systemctl status`, told when it changes."""
        line = " ".join(line.split())[:400]
        if line != self._said:
            self._said = line
            self._tell(f"STATUS={line}")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def _tell(self, words: str) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendto(words.encode(), self._address)


def _watchdog_s(microseconds: str, process: str) -> float | None:
    """The interval that was agreed with this very process, or None."""
    if not microseconds.isdigit() or int(microseconds) == 0:
        return None
    if process and process != str(os.getpid()):
        return None
    return int(microseconds) / 1e6
