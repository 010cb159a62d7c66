"""What the box says over the link, and what it hears: birth, farewell, readings, health, answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from edge.metrics import own_version
from wire import (
    VERSION,
    Health,
    MessageRefused,
    Presence,
    Readings,
    Recorded,
    SessionRecorded,
    Status,
    decode,
    encode,
)
from wire.broker import BrokerSettings
from wire.link import Link
from wire.topics import BACKLOG, HEALTH, READINGS, RECORDED, STATUS, Topic

_log = logging.getLogger(__name__)

#: The broker drops a live reading that nobody has taken for so long.
EXPIRY_S = 30


class Speaker(Protocol):
    """Whoever speaks as a box: a box, or a gateway of instruments."""

    @property
    def site(self) -> str: ...
    @property
    def box(self) -> str: ...
    @property
    def mqtt(self) -> BrokerSettings: ...


class Voice:
    """One box on its topics. `recorded` gets each answer of the service; `other` what comes on the topics `also`."""

    def __init__(
        self,
        settings: Speaker,
        session: str,
        hashes: dict[str, str],
        recorded: Callable[[tuple[SessionRecorded, ...]], None],
        *,
        also: tuple[str, ...] = (),
        other: Callable[[str, bytes, bool], None] = lambda topic, payload, retained: None,
    ) -> None:
        self._other = other
        self._site, self._box, self._session = settings.site, settings.box, session
        self._hashes = hashes
        self._recorded = recorded
        self._said = ""
        self._lock = threading.Lock()
        self._published: dict[str, int] = {row.name: 0 for row in (READINGS, BACKLOG, STATUS, HEALTH)}
        #: Set at each connection: what is retained should be said again.
        self.joined = threading.Event()
        self.link = Link(
            settings.mqtt,
            # A slash stands in no name, so that no two boxes have one id.
            client_id=f"levee/{settings.site}/{settings.box}",
            will=(self._topic(STATUS), encode(self._status(Presence.OFFLINE))),
            topics=(self._topic(RECORDED), self._topic(STATUS), *also),
            heard=self._heard,
            joined=self._joined,
        )

    def start(self) -> None:
        self.link.start()

    def close(self) -> None:
        """Say farewell and end."""
        self.link.close(lambda: self._say_status(Presence.STOPPED))

    @property
    def published(self) -> dict[str, int]:
        with self._lock:
            return dict(self._published)

    def live(self, message: Readings) -> bool:
        """Publish this tick's readings; False where they could not go."""
        return self._publish(READINGS, encode(message), expiry_s=EXPIRY_S)

    def late(self, payload: bytes) -> bool:
        """Publish a kept message; False where it could not go."""
        return self._publish(BACKLOG, payload)

    def health(self, message: Health) -> bool:
        return self._publish(HEALTH, encode(message))

    def _topic(self, row: Topic) -> str:
        return row.at(site=self._site, box=self._box)

    def _publish(self, row: Topic, payload: bytes, *, expiry_s: int | None = None) -> bool:
        sent = self.link.publish(self._topic(row), payload, retained=row.retained, expiry_s=expiry_s)
        if sent:
            with self._lock:
                self._published[row.name] += 1
        return sent

    def _status(self, state: Presence) -> Status:
        return Status(
            version=VERSION,
            site=self._site,
            box=self._box,
            session=self._session,
            state=state,
            sent=datetime.now(UTC),
            versions={"levee": own_version()},
            hashes=self._hashes,
        )

    def _say_status(self, state: Presence) -> None:
        self._publish(STATUS, encode(self._status(state)))

    def _joined(self) -> None:
        self._say_status(Presence.ONLINE)
        self.joined.set()

    def _heard(self, topic: str, payload: bytes, retained: bool) -> None:
        try:
            if topic == self._topic(RECORDED):
                answer = decode(payload, Recorded)
                if (answer.site, answer.box) == (self._site, self._box):
                    self._recorded(answer.sessions)
            elif topic == self._topic(STATUS):
                self._heard_status(payload)
            else:
                self._other(topic, payload, retained)
        except MessageRefused as refusal:
            self._say(f"{topic}: not understood: {refusal}")
        except Exception as error:  # noqa: BLE001
            # No single message may end the link's thread, and the box with it.
            if self._say(f"{topic}: a message failed: {type(error).__name__}"):
                _log.debug("where it failed", exc_info=True)

    def _heard_status(self, payload: bytes) -> None:
        status = decode(payload, Status)
        if status.session == self._session and status.state is not Presence.OFFLINE:
            return
        if status.session != self._session and status.state is Presence.ONLINE:
            self._say(f"{self._topic(STATUS)}: another box is online under this name (session {status.session})")
            return
        # The will or farewell of a former session, or the will of this one's last connection, came after our birth.
        self._say_status(Presence.ONLINE)

    def _say(self, line: str) -> bool:
        """Say a line that is news; whether it is."""
        news = line != self._said
        if news:
            self._said = line
            _log.warning("%s", line)
        return news
