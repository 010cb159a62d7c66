"""The gateway as a process: to the service a box like any other, with instruments instead of cameras."""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from edge.courier import Courier
from edge.instruments.listening import Listening
from edge.instruments.metrics import Metrics
from edge.instruments.push import Push
from edge.instruments.settings import GatewaySettings
from edge.outbox import Outbox
from edge.voice import Voice
from wire import VERSION, CameraState, Health, Readings
from wire.link import Link

_log = logging.getLogger("levee.instruments")


class GatewayFailed(RuntimeError):
    """A part of the gateway has died; the process should end, and be started again by whoever watches it."""


class Gateway:
    """One gateway. BoxRefused, LinkRefused, OutboxRefused or SecretMissing where it cannot begin."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.session = secrets.token_hex(8)
        self._settings = settings
        self.listening = listening = Listening(settings, now=time.monotonic(), wall=time.time())
        path = Path(settings.data_folder) / f"outbox-{settings.site}_{settings.box}.db"
        apart = settings.listens is not None
        self._voice = Voice(
            settings,
            self.session,
            {"instruments": hashlib.sha256(msgspec.json.encode(settings.instruments)).hexdigest()},
            lambda answers: self._courier.recorded(answers),
            also=() if apart else listening.topics,
            other=listening.heard,
        )
        self._source: Link | None = None
        if settings.listens is not None and listening.topics:
            self._source = Link(
                settings.listens,
                client_id=f"levee/{settings.site}/{settings.box}/instruments",
                will=None,
                topics=listening.topics,
                heard=listening.heard,
                joined=lambda: None,
            )
        self._courier = Courier(
            Outbox(path, settings.outbox),
            settings.outbox,
            self.session,
            self._voice.late,
            lambda: self._voice.link.connected,
        )
        self._metrics = Metrics(
            lambda: listening.health(time.monotonic()),
            lambda: self._courier.health,
            self._links,
            lambda: self._voice.published,
        )
        self._anchor = (time.monotonic(), time.time())
        self._sequence = 0
        self._health_due = 0.0
        self._states: list[CameraState] = []

    def _links(self) -> dict[str, bool]:
        own = self._voice.link.connected
        return {"service": own, "instruments": own if self._source is None else self._source.connected}

    def run(self, stop: threading.Event) -> None:
        """Tick until `stop` is set, then say farewell."""
        settings = self._settings
        if settings.metrics.enabled:
            self._metrics.serve(settings.metrics)
        try:
            push = None if settings.push is None else Push(settings.push, self.listening.pushed)
        except BaseException:
            if settings.metrics.enabled:
                self._metrics.close()
            raise
        _log.info("gateway %s/%s begins with %d instruments", settings.site, settings.box, len(settings.instruments))
        self._courier.start()
        self._voice.start()
        if self._source is not None:
            self._source.start()
        due = time.monotonic() + settings.tick_s
        try:
            while not stop.wait(max(0.0, due - time.monotonic())):
                self.tick(time.monotonic(), time.time())
                due = max(due + settings.tick_s, time.monotonic())
                self._check_parts()
        finally:
            self._close(push)

    def tick(self, now: float, wall: float) -> None:
        """Publish and keep what there is to say at these clocks."""
        readings = self.listening.readings(now, wall, connected=self._links()["instruments"])
        begin, began = self._anchor
        sent = datetime.fromtimestamp(began + (now - begin), UTC)
        if readings:
            self._sequence += 1
            message = Readings(
                version=VERSION,
                site=self._settings.site,
                box=self._settings.box,
                session=self.session,
                sequence=self._sequence,
                floor=self._courier.floor(self._sequence),
                sent=sent,
                readings=readings,
            )
            self._courier.keep(message, wall=wall, monotonic=now, sent_live=self._voice.live(message))
        self._say_health(now, sent)

    def _say_health(self, now: float, sent: datetime) -> None:
        instruments = self.listening.health(now)
        states = [one.state for one in instruments]
        if now < self._health_due and states == self._states and not self._voice.joined.is_set():
            return
        self._voice.joined.clear()
        health = Health(
            version=VERSION,
            site=self._settings.site,
            box=self._settings.box,
            session=self.session,
            sent=sent,
            cameras=instruments,
            outbox=self._courier.health,
        )
        if self._voice.health(health):
            self._health_due, self._states = now + self._settings.health_s, states

    def _check_parts(self) -> None:
        parts = {"outbox": self._courier.alive, "link": self._voice.link.alive}
        if self._source is not None:
            parts["link to the instruments"] = self._source.alive
        dead = [name for name, alive in parts.items() if not alive]
        if dead:
            raise GatewayFailed(f"gateway {self._settings.box}: its {dead[0]} thread has died; see the log above")

    def _close(self, push: Push | None) -> None:
        if push is not None:
            push.close()
        if self._source is not None:
            self._source.close(lambda: None)
        # What came since the last tick is told before the farewell: a total that is not told is lost with the session.
        self.tick(time.monotonic(), time.time())
        self._voice.close()
        self._courier.stop()
        if self._settings.metrics.enabled:
            self._metrics.close()
        _log.info("gateway %s/%s has ended", self._settings.site, self._settings.box)


def run(settings: GatewaySettings, *, stop: threading.Event) -> None:
    """Work as this gateway until `stop` is set."""
    Gateway(settings).run(stop)
