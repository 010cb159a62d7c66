"""What people ask the service for through the console, and the journal of what they did: both go through the record."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from alerting.console.roles import Who
from alerting.record.browse import Browser
from alerting.record.engine import RecordAway, RecordRefused
from alerting.record.reader import Asked

log = logging.getLogger("levee.console")
#: Seconds to wait for the leader to take what is asked.
PATIENCE_S = 6.0
#: Lines of the journal that wait for a record that is away.
WAITING = 5_000
R = TypeVar("R")


class Door:
    """For several threads. Everything that asks the record may wait for it: never on the loop."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._browser: Browser | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        if self._browser is not None:
            self._browser.close()

    @property
    def record(self) -> Browser:
        """RecordRefused before the service has made the record."""
        with self._lock:
            if self._browser is None:
                self._browser = Browser(self._url)
            return self._browser

    def ask(self, body: Mapping[str, Any]) -> Asked:
        """Ask, and wait for what comes of it; outcome `waiting` where no leader has taken it in time. RecordAway,
        RecordRefused."""
        key = f"console-{secrets.token_hex(12)}"
        record = self.record
        record.ask(key, body)
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            told = record.asked(key)
            if told is not None and told.outcome:
                return told
            time.sleep(0.1)
        return Asked("waiting", "it was asked for, and no service has taken it yet; one that starts later still does")


class Journal:
    """A line in the record for each action, written by a thread of its own: a record that is away delays nobody, and
    loses nothing as long as this process lives."""

    def __init__(self, door: Door, clock: Callable[[], float] = time.time) -> None:
        self._door, self._clock = door, clock
        self._lines: deque[tuple[str, dict[str, str]]] = deque()
        self._some, self._stop = threading.Event(), threading.Event()
        self.lost = 0
        self._said = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def note(self, account: str, did: str, about: str = "", address: str = "") -> None:
        """`account` did something; it also goes into the log of this process, without the address."""
        log.info("%s: %s %s", account, did, about[:200])
        if len(self._lines) >= WAITING:
            self.lost += 1
            return
        body = {"what": "console", "account": account, "did": did, "about": about[:400], "from": address[:64]}
        self._lines.append((f"journal-{secrets.token_hex(12)}", body))
        self._some.set()

    def by(self, who: Who, did: str, about: str = "", address: str = "") -> None:
        self.note(who.account.name, did if who.via == "session" else f"{did} by {who.via}", about, address)

    def close(self, timeout_s: float = 3.0) -> None:
        end = time.monotonic() + timeout_s
        while self._lines and time.monotonic() < end:
            time.sleep(0.05)
        self._stop.set()
        self._some.set()
        self._thread.join(2)
        if self._lines:
            log.error("%d lines of the journal could not be recorded", len(self._lines))

    def _run(self) -> None:
        while not self._stop.is_set():
            self._some.wait()
            self._some.clear()
            while self._lines and not self._stop.is_set():
                key, body = self._lines[0]
                try:
                    self._door.record.ask(key, body)
                except (RecordAway, RecordRefused) as error:
                    if not self._said:
                        log.error("what people do cannot be recorded: %s; it is tried again every 2 s", error)
                    self._said = True
                    self._stop.wait(2)
                    continue
                self._said = False
                self._lines.popleft()
