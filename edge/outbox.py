"""Messages kept on disk until the service says that they are recorded. One thread owns an outbox.

SQLite in WAL mode, with each commit synced: what `add` was given and `flush` has written survives a power cut. A file
that turns out to be corrupt is moved aside with one line, and a new one is begun.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.settings import OutboxSettings
from wire import SessionRecorded

_log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    session TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    wall REAL NOT NULL,
    monotonic REAL NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (session, sequence)
);
CREATE INDEX IF NOT EXISTS by_age ON messages (wall, session, sequence);
"""


@dataclass(frozen=True)
class Kept:
    """One message: `payload` as it was at `wall` (seconds since 1970) and `monotonic`, both when it was made."""

    session: str
    sequence: int
    wall: float
    monotonic: float
    payload: bytes


class OutboxUnread(RuntimeError):
    """The disk did not let itself be read just now: what is kept is not known."""


class OutboxRefused(ValueError):
    """The folder of the outbox cannot be written to; the line names it."""


class Outbox:
    """A store of messages, oldest first.

    `dropped` counts by reason what was given up: `count`, `bytes`, `disk`, and `corrupt`, which counts files, since
    nobody can tell how many messages one held.
    """

    def __init__(self, path: Path, limits: OutboxSettings) -> None:
        self.path = path
        self.dropped: dict[str, int] = {}
        self._limits = limits
        self._unwritten: list[Kept] = []
        self._unanswered: list[SessionRecorded] = []
        self._complained = ""
        self._count = 0
        self._bytes = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._open()
        except (OSError, sqlite3.OperationalError) as error:
            raise OutboxRefused(f"data_folder: the outbox {path} cannot be written: {error}") from None
        self._measure()

    def add(self, message: Kept) -> None:
        """Take a message; it is on disk after the next `flush`."""
        self._unwritten.append(message)

    def recorded(self, sessions: Sequence[SessionRecorded]) -> None:
        """The service's answer; what it holds is deleted at the next `flush`."""
        self._unanswered = list(sessions)

    def flush(self) -> bool:
        """Write what was added, delete what was answered for, keep the limits. False where the disk refused."""
        try:
            # In a transaction of its own, and first: on a full disk this is what makes room.
            self._delete_answered()
            self._write()
            self._keep_limits()
        except sqlite3.OperationalError as error:
            self._complain(f"outbox {self.path}: {error}; messages wait in memory")
            self._shed_memory()
            return False
        except sqlite3.DatabaseError as error:
            self._replace(error)
            return False
        self._complained = ""
        return True

    def oldest(self, limit: int, *, not_in: set[tuple[str, int]]) -> list[Kept]:
        """Up to `limit` messages, oldest first, leaving out those in `not_in` (session, sequence)."""
        found: list[Kept] = []
        try:
            rows = self._db.execute(
                "SELECT session, sequence, wall, monotonic, payload FROM messages ORDER BY wall, session, sequence"
            )
            for row in rows:
                if len(found) >= limit:
                    break
                if (row[0], row[1]) not in not_in:
                    found.append(Kept(*row))
            rows.close()
        except sqlite3.OperationalError as error:
            self._complain(f"outbox {self.path}: {error}")
        except sqlite3.DatabaseError as error:
            self._replace(error)
        return found

    def floor(self, session: str) -> int | None:
        """The lowest sequence of a session that is still kept, or None; OutboxUnread where the disk does not say."""
        waiting = [m.sequence for m in self._unwritten if m.session == session]
        try:
            row = self._db.execute("SELECT min(sequence) FROM messages WHERE session = ?", (session,)).fetchone()
        except sqlite3.DatabaseError as error:
            self._complain(f"outbox {self.path}: {error}")
            raise OutboxUnread(str(error)) from None
        return min([*waiting, *([row[0]] if row[0] is not None else [])], default=None)

    @property
    def messages(self) -> int:
        """How many are kept, on disk and waiting for it."""
        return self._count + len(self._unwritten)

    @property
    def oldest_wall(self) -> float | None:
        """Wall clock of the oldest message that is kept."""
        try:
            row = self._db.execute("SELECT min(wall) FROM messages").fetchone()
        except sqlite3.DatabaseError as error:
            self._complain(f"outbox {self.path}: {error}")
            row = (None,)
        return min([*(m.wall for m in self._unwritten), *([row[0]] if row[0] is not None else [])], default=None)

    def close(self) -> None:
        """Write what waits, and close the file."""
        self.flush()
        self._db.close()

    def _delete_answered(self) -> None:
        # Taken out before they are used: an answer that cannot be worked with fails once, not at each flush.
        taken, self._unanswered = self._unanswered, []
        try:
            self._delete_those(taken)
        except sqlite3.Error:
            self._unanswered = taken
            raise

    def _delete_those(self, taken: list[SessionRecorded]) -> None:
        answers = {answer.session: answer for answer in taken}
        self._unwritten = [
            m for m in self._unwritten if m.session not in answers or not answers[m.session].holds(m.sequence)
        ]
        count, size = self._count, self._bytes
        with self._db:
            for answer in taken:
                for first, last in ((0, answer.up_to), *answer.also):
                    which = "session = ? AND sequence BETWEEN ? AND ?"
                    gone, freed = self._delete(which, answer.session, first, last)
                    count, size = count - gone, size - freed
        self._count, self._bytes = count, size

    def _write(self) -> None:
        count, size = self._count, self._bytes
        with self._db:
            for m in self._unwritten:
                row = (m.session, m.sequence, m.wall, m.monotonic, m.payload)
                new = self._db.execute("INSERT OR IGNORE INTO messages VALUES (?, ?, ?, ?, ?)", row).rowcount
                count, size = count + new, size + new * len(m.payload)
        self._unwritten = []
        self._count, self._bytes = count, size

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            self._move_aside(error)
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=5.0, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.executescript(_SCHEMA)
            answer = db.execute("PRAGMA quick_check(1)").fetchone()
            if answer is None or answer[0] != "ok":
                raise sqlite3.DatabaseError(str(answer[0]).splitlines()[0] if answer else "no answer to a check")
            db.execute("SELECT session, sequence, wall, monotonic, payload FROM messages LIMIT 1").fetchone()
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _replace(self, error: sqlite3.DatabaseError) -> None:
        self._db.close()
        try:
            self._move_aside(error)
            self._db = self._connect()
            self._measure()
        except (OSError, sqlite3.Error) as failure:
            # The next flush finds the file closed, and comes here again.
            self._complain(f"outbox {self.path}: {failure}; messages wait in memory")
            self._shed_memory()

    def _move_aside(self, error: sqlite3.DatabaseError) -> None:
        aside = self.path.with_name(f"{self.path.name}.corrupt-{time.time_ns() // 1_000_000}")
        if self.path.exists():
            self.path.replace(aside)
            self._drop("corrupt", 1)
            _log.error("outbox %s is corrupt (%s): moved to %s, a new one is begun", self.path, error, aside.name)
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _measure(self) -> None:
        row = self._db.execute("SELECT count(*), coalesce(sum(length(payload)), 0) FROM messages").fetchone()
        self._count, self._bytes = int(row[0]), int(row[1])

    def _delete(self, which: str, *values: str | int) -> tuple[int, int]:
        """Delete the messages that an SQL condition picks; how many they were, and how many bytes."""
        row = self._db.execute(
            f"SELECT count(*), coalesce(sum(length(payload)), 0) FROM messages WHERE {which}", values
        )
        count, size = row.fetchone()
        self._db.execute(f"DELETE FROM messages WHERE {which}", values)
        return int(count), int(size)

    def _keep_limits(self) -> None:
        over = self._count - self._limits.messages_max
        if over > 0:
            self._give_up("count", over)
        while self._bytes > self._limits.bytes_max and self._count > 0:
            # A tenth at a time: a limit is met in a few steps, and not one message a second.
            self._give_up("bytes", max(1, min(self._count // 10, 1000)))

    def _give_up(self, reason: str, count: int) -> None:
        with self._db:
            oldest = "rowid IN (SELECT rowid FROM messages ORDER BY wall, session, sequence LIMIT ?)"
            gone, freed = self._delete(oldest, count)
        self._count, self._bytes = self._count - gone, self._bytes - freed
        self._drop(reason, gone)

    def _shed_memory(self) -> None:
        over = len(self._unwritten) - self._limits.messages_max
        if over > 0:
            del self._unwritten[:over]
            self._drop("disk", over)

    def _drop(self, reason: str, count: int) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + count

    def _complain(self, line: str) -> None:
        if line != self._complained:
            _log.error("%s", line)
            self._complained = line
