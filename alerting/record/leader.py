"""Who leads. One row says it; every commit of the leader asks for it first, so that a former leader writes nothing.

No clock is trusted. The leader moves `beat`; a standby that has seen it stand still for `LEASE_S` and a margin, by its
own steady clock, takes the next term. The leader counts its lease from before the beat that it wrote last, so that it
ends before anybody may take over; a leader that was paused finds it over when it wakes up. A file of SQLite has one
machine, and there a lock says whether the last leader lives.
"""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert, select, text, update

from alerting.record import tables
from alerting.record.engine import Database, Deposed, RecordAway, RecordRefused

LEASE_S = 3.0
MARGIN_S = 0.5
#: Milliseconds that a take-over waits for the row of the former leader.
PATIENCE_MS = 500
#: How often a standby looks.
LOOK_S = 0.5


def steady() -> float:
    """Seconds that also pass while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(frozen=True)
class Seen:
    term: int
    beat: int
    session: str
    free: bool


class Leadership:
    """The claim of one process, and later its reign."""

    def __init__(self, database: Database, instance: str, session: str) -> None:
        self._database, self._instance, self._session = database, instance, session
        self._watched: tuple[int, int] | None = None
        self._since = 0.0
        self._lock: int | None = None
        self.term = 0
        #: It was about to take over; whatever kept it from that must give way.
        self.taking = False
        self._lease_until = 0.0

    def holds(self) -> bool:
        """Whether nobody else can have taken over yet."""
        return self._lock is not None or steady() < self._lease_until

    def claim(self, connection: Connection, at: float) -> bool:
        """Take the next term where nobody leads; in one transaction with what follows from it. False: somebody does."""
        began = steady()
        found = connection.execute(select(tables.leadership)).first()
        if self._database.file is not None and not self._lock_file():
            return False
        if found is None:
            term = 1
            row = {"id": 1, "term": 1, "instance": self._instance, "session": self._session, "beat": 0, "free": False}
            connection.execute(self._database.once(tables.leadership), [row])
            first = connection.execute(select(tables.leadership.c.session)).scalar_one()
            if first != self._session:
                return False
        else:
            if self._lock is None and not self._may_take(Seen(found.term, found.beat, found.session, found.free)):
                return False
            term = found.term + 1
            mine = tables.leadership.c
            self.taking = True
            if self._database.dialect == "postgresql":
                connection.execute(text(f"SET LOCAL lock_timeout = {PATIENCE_MS}"))
            taken = connection.execute(
                update(tables.leadership)
                .where(mine.term == found.term, mine.beat == found.beat)
                .values(term=term, instance=self._instance, session=self._session, beat=0, free=False)
            )
            self.taking = False
            if taken.rowcount != 1:
                self._watched = None
                return False
        connection.execute(
            insert(tables.terms).values(term=term, instance=self._instance, session=self._session, started=at)
        )
        self.term, self._lease_until = term, began + LEASE_S
        return True

    def evict(self) -> None:
        """End the sessions that hold the leader's row. One that was paused in the middle of a transaction would hold it
        for ever, for a server waits without limit for the rest of what a client began to send."""
        self.taking = False
        with self._database.transaction() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'leadership'::regclass AND granted"
                    " AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()"
                )
            )

    def _may_take(self, seen: Seen) -> bool:
        if seen.free:
            return True
        now = steady()
        if self._watched != (seen.term, seen.beat):
            self._watched, self._since = (seen.term, seen.beat), now
            return False
        return now - self._since >= LEASE_S + MARGIN_S

    def beat(self, connection: Connection) -> float:
        """Ask for the term, first in every transaction; when the lease ends if it is committed. Deposed otherwise."""
        began = steady()
        mine = tables.leadership.c
        asked = connection.execute(
            update(tables.leadership)
            .where(mine.id == 1, mine.term == self.term, mine.session == self._session)
            .values(beat=mine.beat + 1)
        )
        if asked.rowcount != 1:
            self._lease_until = 0.0
            raise Deposed(f"term {self.term} is over: another service leads")
        return began + LEASE_S

    def renewed(self, until: float) -> None:
        """The transaction of the last `beat` was committed."""
        self._lease_until = max(self._lease_until, until)

    def release(self) -> None:
        """Let another one lead at once."""
        mine = tables.leadership.c
        try:
            with self._database.transaction() as connection:
                connection.execute(
                    update(tables.leadership)
                    .where(mine.term == self.term, mine.session == self._session)
                    .values(free=True)
                )
        except (RecordAway, RecordRefused):
            pass
        self.drop()

    def drop(self) -> None:
        """Forget the reign, without a word to anybody."""
        self._lease_until = 0.0
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _lock_file(self) -> bool:
        """The lock beside the SQLite file; it ends with the process, whatever ends it."""
        if self._lock is not None:
            return True
        handle = os.open(f"{Path(self._database.file or '')}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        self._lock = handle
        return True
