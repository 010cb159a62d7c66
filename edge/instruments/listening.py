"""Whatever instruments send, from whichever side, to the instrument that it is of; every drop is counted and told.

Safe for several threads: brokers' and pushes' alike.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from paho.mqtt.client import topic_matches_sub

from edge.instruments.formats import read
from edge.instruments.settings import GatewaySettings, Instrument
from edge.instruments.track import Track
from edge.instruments.words import Heard, PayloadRefused, Refusal, Refused
from wire import CameraHealth, CameraState, Reading
from wire.readings import MAX_AGE_S

log = logging.getLogger("levee.instruments")
#: The same fault of one instrument is told once in so many seconds; the metric has the count.
QUIET_S = 60.0


class Listening:
    """The instruments of a gateway. `wall` and `now` are when it began."""

    def __init__(self, settings: GatewaySettings, *, now: float, wall: float) -> None:
        self._place = ZoneInfo(settings.time_zone)
        self._instruments = settings.instruments
        self._tracks = {one.name: Track(one, self._place, began=now, wall=wall) for one in settings.instruments}
        self._messages = {one.name: 0 for one in settings.instruments}
        self._dropped: dict[str, dict[str, int]] = {one.name: {} for one in settings.instruments}
        self._told: dict[tuple[str, Refusal], tuple[float, int]] = {}
        self._lock = threading.Lock()

    @property
    def topics(self) -> tuple[str, ...]:
        """All filters to subscribe to."""
        alive = [one.alive.topic for one in self._instruments if one.alive is not None]
        return tuple(dict.fromkeys([*(topic for one in self._instruments for topic in one.topics), *alive]))

    def heard(self, topic: str, payload: bytes, retained: bool) -> None:
        """A message of a broker."""
        now, wall = time.monotonic(), time.time()
        for one in self._instruments:
            if one.alive is not None and one.alive.topic == topic:
                gone = one.alive.offline is not None and one.alive.offline.encode() in payload
                with self._lock:
                    # What a broker kept shows that it was there once; that it is gone stays true.
                    if gone or one.alive.will or not retained:
                        self._tracks[one.name].alive(now, gone=gone)
        meant = [one for one in self._instruments if any(topic_matches_sub(of, topic) for of in one.topics)]
        if meant:
            self._take(meant, topic, payload, now, wall, retained)

    def pushed(self, name: str, payload: bytes) -> list[Refused] | None:
        """What an instrument pushed; what was refused of it, or None where no instrument has that name."""
        one = next((one for one in self._instruments if one.name == name), None)
        if one is None:
            return None
        return self._take([one], f"push/{name}", payload, time.monotonic(), time.time(), False)

    def _take(
        self, meant: Sequence[Instrument], topic: str, payload: bytes, now: float, wall: float, retained: bool
    ) -> list[Refused]:
        found = [(one, self._hear(one, topic, payload, now, wall, retained)) for one in meant]
        taken = any(heard.said for _, heard in found)
        refused: list[Refused] = []
        for number, (one, heard) in enumerate(found):
            for fault in heard.refused:
                # Several instruments on one topic: what is of one is not of the others, and no fault.
                if fault.reason is Refusal.OTHER and (taken or number):
                    continue
                refused.append(fault)
                self._count(one.name, topic, fault, now)
        return refused

    def _hear(self, one: Instrument, topic: str, payload: bytes, now: float, wall: float, retained: bool) -> Heard:
        heard = read(one, topic, payload, self._place)
        taken = Heard(refused=list(heard.refused))
        with self._lock:
            if heard.said:
                self._messages[one.name] += 1
            for number, said in enumerate(heard.said, 1):
                try:
                    self._tracks[one.name].hear(said, now=now, wall=wall, retained=retained)
                    taken.said.append(said)
                except PayloadRefused as error:
                    taken.refuse(error, number if len(heard.said) > 1 else None)
        return taken

    def _count(self, name: str, topic: str, fault: Refused, now: float) -> None:
        with self._lock:
            counts = self._dropped[name]
            counts[fault.reason.value] = counts.get(fault.reason.value, 0) + 1
            last, unsaid = self._told.get((name, fault.reason), (-QUIET_S, 0))
            if now - last < QUIET_S:
                self._told[name, fault.reason] = (last, unsaid + 1)
                return
            self._told[name, fault.reason] = (now, 0)
        more = f" (and {unsaid} more since the last such line)" if unsaid else ""
        log.warning("instrument %s: %s: %s%s", name, ascii(topic[:200])[1:-1], ascii(fault.line[:300])[1:-1], more)

    def readings(self, now: float, wall: float, *, connected: bool = True) -> tuple[Reading, ...]:
        """What there is to say at `now`; `connected`: whether the brokers' wills would reach us."""
        with self._lock:
            for track in self._tracks.values() if connected else ():
                track.stands(now)
            found = [track.reading(now, wall) for track in self._tracks.values()]
        return tuple(one for one in found if one is not None)

    def health(self, now: float) -> tuple[CameraHealth, ...]:
        """How each instrument fares, in the words that a box has for its cameras."""
        told = []
        with self._lock:
            for name, track in self._tracks.items():
                state, why = track.state(now)
                age = None if track.heard_at is None else min(MAX_AGE_S, max(0.0, now - track.heard_at))
                told.append(
                    CameraHealth(
                        camera=name,
                        state=CameraState(state),
                        reason=why,
                        frames=self._messages[name],
                        dropped=dict(self._dropped[name]),
                        frame_age_s=age,
                    )
                )
        return tuple(told)
