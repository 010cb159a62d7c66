"""Carries messages past a broker or a service that is away: keeps them, and sends them again, oldest first.

A thread of its own owns the outbox, so that a slow disk never holds a tick. What could not go live goes on `backlog` as
soon as there is a connection. What went and is not answered for within `unanswered_after_s` is set aside and goes again
on `backlog` after a pause that grows while nobody answers, and ends when the service answers again. Messages that were
set aside hold up none that have not been tried, and at most `WINDOW` wait for an answer at a time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from edge.ages import aged, waited_s
from edge.outbox import Kept, Outbox, OutboxUnread
from edge.settings import OutboxSettings
from wire import MessageRefused, OutboxHealth, Readings, SessionRecorded, decode, encode

_log = logging.getLogger(__name__)

PERIOD_S = 0.25
WINDOW = 500
LONGEST_PAUSE_S = 60.0
#: Rounds that may fail one after another before the thread ends, and the box with it.
FAILURES_MOST = 20


@dataclass
class Pace:
    """How fast late messages may go: a rate, and pauses that grow while nobody answers. Pure: time comes in."""

    per_s: float
    first_pause_s: float
    allowance: float = 0.0
    pause_s: float = 0.0
    retry_at: float = 0.0
    last_answer: float = 0.0
    last: float | None = None

    def allowed(self, now: float) -> int:
        """How many may go at `now` (monotonic seconds): the rate times the time since the last call."""
        passed = 0.0 if self.last is None else now - self.last
        self.last = now
        self.allowance = min(self.allowance + passed * self.per_s, max(1.0, self.per_s))
        return int(self.allowance)

    def spend(self, count: int) -> None:
        self.allowance -= count

    def due(self, now: float) -> bool:
        """Whether what was set aside may be tried again; if so, the next time comes after a longer pause."""
        if now < self.retry_at:
            return False
        self.pause_s = min(LONGEST_PAUSE_S, max(self.first_pause_s, self.pause_s * 2))
        self.retry_at = now + self.pause_s
        return True

    def answered(self, now: float, *, progress: bool) -> None:
        """The service answered. After a silence, or when late messages were answered for, the pauses begin anew."""
        if progress or now - self.last_answer >= self.first_pause_s:
            self.pause_s = 0.0
            self.retry_at = now
        self.last_answer = now


class Courier:
    """Keeps every message of the box until it is recorded. `send` puts a late one on the wire, False if it cannot."""

    def __init__(
        self,
        outbox: Outbox,
        settings: OutboxSettings,
        session: str,
        send: Callable[[bytes], bool],
        connected: Callable[[], bool],
    ) -> None:
        self._outbox = outbox
        self._settings = settings
        self._session = session
        self._send = send
        self._connected = connected
        self._pace = Pace(settings.backlog_per_s, settings.unanswered_after_s)
        self._lock = threading.Lock()
        self._added: list[tuple[Kept, bool]] = []
        self._answers: dict[str, SessionRecorded] = {}
        #: When each message that waits for an answer was last sent, monotonic seconds.
        self._waiting: dict[tuple[str, int], float] = {}
        #: Those that were sent and not answered for.
        self._aside: set[tuple[str, int]] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="levee-courier", daemon=True)
        #: The last that is known; the disk may not say for a while, and then it does not move.
        self._floor = self._kept_from(session)
        self._health = self._measure()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what waits and close the outbox."""
        self._stop.set()
        self._thread.join(timeout=10.0)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def floor(self, sequence: int) -> int:
        """The lowest sequence of this session that is still kept, for a message with this sequence."""
        with self._lock:
            return sequence if self._floor is None else min(self._floor, sequence)

    def keep(self, message: Readings, *, wall: float, monotonic: float, sent_live: bool) -> None:
        """Keep a message made at these clocks; `sent_live` tells whether it is on the wire already."""
        kept = Kept(message.session, message.sequence, wall, monotonic, encode(message))
        with self._lock:
            self._added.append((kept, sent_live))
            if self._floor is None:
                self._floor = message.sequence

    def recorded(self, sessions: Sequence[SessionRecorded]) -> None:
        """The service's answer."""
        with self._lock:
            self._answers.update({answer.session: answer for answer in sessions})

    @property
    def health(self) -> OutboxHealth:
        with self._lock:
            return self._health

    def _run(self) -> None:
        failures = 0
        while failures < FAILURES_MOST and not self._stop.wait(PERIOD_S):
            failures = 0 if self._attempt(sending=True) else failures + 1
        self._attempt(sending=False)
        self._outbox.close()

    def _attempt(self, *, sending: bool) -> bool:
        """One round; what was not foreseen in one message ends that round only. False where it did."""
        try:
            self.round(time.monotonic(), time.time(), sending=sending)
        except Exception as error:  # noqa: BLE001
            _log.exception("outbox: a round failed: %s", type(error).__name__)
            return False
        return True

    def round(self, monotonic: float, wall: float, *, sending: bool = True) -> None:
        """One round at these clocks: write, delete, send what is due. Public for tests; the thread calls it."""
        with self._lock:
            added, self._added = self._added, []
            answers, self._answers = self._answers, {}
        for kept, sent_live in added:
            self._outbox.add(kept)
            if sent_live:
                self._waiting[(kept.session, kept.sequence)] = monotonic
        if answers:
            self._outbox.recorded(list(answers.values()))
            self._forget(answers, monotonic)
        if added or answers:
            self._outbox.flush()
        if sending and self._connected():
            self._send_late(monotonic, wall)
        with self._lock:
            waiting = [kept.sequence for kept, _ in self._added]
            try:
                floor = self._outbox.floor(self._session)
                self._floor = min([*waiting, *([floor] if floor is not None else [])], default=None)
            except OutboxUnread:
                self._floor = min([*waiting, *([self._floor] if self._floor is not None else [])], default=None)
            self._health = self._measure()

    def _kept_from(self, session: str) -> int | None:
        try:
            return self._outbox.floor(session)
        except OutboxUnread:
            return None

    def _forget(self, answers: dict[str, SessionRecorded], monotonic: float) -> None:
        def held(key: tuple[str, int]) -> bool:
            return key[0] in answers and answers[key[0]].holds(key[1])

        before = len(self._aside)
        self._aside = {key for key in self._aside if not held(key)}
        self._waiting = {key: sent for key, sent in self._waiting.items() if not held(key)}
        self._pace.answered(monotonic, progress=len(self._aside) < before)

    def _send_late(self, monotonic: float, wall: float) -> None:
        overdue = [k for k, sent in self._waiting.items() if monotonic - sent >= self._settings.unanswered_after_s]
        for key in overdue:
            del self._waiting[key]
        self._aside.update(overdue)
        if self._outbox.messages == 0:
            self._aside.clear()
        if self._aside and self._pace.due(monotonic):
            self._aside.clear()
        count = min(self._pace.allowed(monotonic), WINDOW - len(self._waiting))
        if count <= 0 or self._outbox.messages <= len(self._waiting) + len(self._aside):
            return
        floors: dict[str, int | None] = {}
        sent = 0
        for kept in self._outbox.oldest(count, not_in=self._aside | self._waiting.keys()):
            if kept.session not in floors:
                floors[kept.session] = self._kept_from(kept.session)
            payload = self._late(kept, floors[kept.session], monotonic, wall)
            if payload is not None and not self._send(payload):
                break
            # One that cannot be read waits with the others, until the limits take it.
            self._waiting[(kept.session, kept.sequence)] = monotonic
            sent += 1
        self._pace.spend(sent)

    def _late(self, kept: Kept, floor: int | None, monotonic: float, wall: float) -> bytes | None:
        try:
            message = decode(kept.payload, Readings)
        except MessageRefused as refusal:
            _log.error("outbox: message %s/%d cannot be read: %s", kept.session, kept.sequence, refusal)
            return None
        waited = waited_s(kept, session=self._session, monotonic=monotonic, wall=wall)
        # Where the disk does not say, the floor that the message was made with holds still.
        floor = message.floor if floor is None else floor
        return encode(aged(message, waited, floor=floor, sent=datetime.fromtimestamp(wall, UTC)))

    def _measure(self) -> OutboxHealth:
        oldest = self._outbox.oldest_wall
        age = None if oldest is None else max(0.0, time.time() - oldest)
        return OutboxHealth(messages=self._outbox.messages, oldest_age_s=age, dropped=dict(self._outbox.dropped))
