"""Where the console hears of the service: /state, asked for each second on a thread, and the broker. It publishes
nothing there."""

from __future__ import annotations

import http.client
import logging
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence

import msgspec

from alerting.view import View, decode_view
from wire import Health, MessageRefused, Status, TierMessage, decode, topics
from wire.broker import BrokerSettings
from wire.link import Link

log = logging.getLogger("levee.console")
#: Seconds between two looks at /state, and until one counts as failed.
LOOK_S, PATIENCE_S = 1.0, 2.0
MAX_BYTES = 50_000_000
HEARD = (topics.TIER, topics.STATUS, topics.HEALTH)
Message = TierMessage | Status | Health


class StatePoll:
    """Asks every address of `addresses` in turn; `heard` is called on its thread with each view that came."""

    def __init__(self, addresses: Sequence[str], heard: Callable[[View], None]) -> None:
        self._addresses, self._heard = tuple(addresses), heard
        self._stop, self._nudge = threading.Event(), threading.Event()
        # No proxy: the service is asked directly.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._said = ""
        self._thread = threading.Thread(target=self._run, name="state", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def nudge(self) -> None:
        """Ask at once: something has happened."""
        self._nudge.set()

    def close(self) -> None:
        self._stop.set()
        self._nudge.set()
        self._thread.join(PATIENCE_S + 1)

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            for address in self._addresses:
                self._ask(address)
            wait = LOOK_S - (time.monotonic() - began)
            if self._nudge.wait(max(0.05, wait)):
                self._nudge.clear()
                # What was told over MQTT is in the service's next view, some milliseconds later.
                self._stop.wait(0.05)

    def _ask(self, address: str) -> None:
        try:
            with self._opener.open(address, timeout=PATIENCE_S) as answer:
                view = decode_view(answer.read(MAX_BYTES))
        except (OSError, urllib.error.URLError, http.client.HTTPException, msgspec.DecodeError, ValueError) as error:
            self._say(f"{address} does not answer: {getattr(error, 'reason', error)}"[:300])
            return
        self._say(f"{address} answers")
        self._heard(view)

    def _say(self, line: str) -> None:
        if line != self._said and len(self._addresses) == 1:
            self._said = line
            log.info("%s", line)


def broker_link(settings: BrokerSettings, heard: Callable[[Message], None], changed: Callable[[bool], None]) -> Link:
    """A link that hears tiers and boxes; `heard` and `changed` are called on its thread."""

    def take(topic: str, payload: bytes, retained: bool) -> None:
        try:
            row, levels = topics.parse(topic)
            message = decode(payload, row.message) if payload and row in HEARD else None
        except (topics.TopicRefused, MessageRefused):
            return
        if isinstance(message, TierMessage | Status | Health) and all(
            getattr(message, level) == name for level, name in levels.items()
        ):
            heard(message)

    return Link(
        settings,
        client_id=f"levee-console-{secrets.token_hex(4)}",
        will=None,
        topics=tuple(row.everywhere() for row in HEARD),
        heard=take,
        joined=lambda: changed(True),
    )
