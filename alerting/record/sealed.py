"""The messages of the boxes, held to the chain: every message has a digest, and every minute an entry of the chain
seals the digests of those that came since the last one. What is changed, put in or taken out afterwards shows, and
where.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

#: Kind of the entries that seal, in the chain; and what a `pruned` entry calls the messages.
KIND = "messages"


@dataclass(frozen=True)
class Row:
    """A message as it stands in the database; `received` in seconds since 1970 UTC, `digest` None from make 2."""

    id: int
    site: str
    box: str
    session: str
    sequence: int
    way: str
    received: float
    payload: bytes
    digest: bytes | None

    def __str__(self) -> str:
        came = datetime.fromtimestamp(self.received, UTC)
        return (
            f"message {self.id} of {self.site}/{self.box} (session {self.session}, sequence {self.sequence}, received "
            f"{came:%Y-%m-%d %H:%M:%S} UTC)"
        )


@dataclass(frozen=True)
class MessageFault:
    """What was done to the messages: the row's number, or the first of a seal's where no single row can be named."""

    row: int
    words: str

    def __str__(self) -> str:
        return self.words


def message_digest(row: Mapping[str, Any]) -> bytes:
    """Over everything that is kept of a message."""
    known = "\x1f".join(str(row[name]) for name in ("site", "box", "session", "sequence", "way"))
    return hashlib.sha256(known.encode() + struct.pack(">d", row["received"]) + row["payload"]).digest()


def seal_of(after: int, rows: Iterable[tuple[int, float, bytes]]) -> dict[str, Any] | None:
    """The body of the entry that seals `rows` (number, time of receipt, digest), which follow number `after`; None
    where there is none."""
    whole, count, last, first = hashlib.sha256(), 0, after, 0.0
    for number, received, digest in rows:
        whole.update(digest)
        first = received if not count else min(first, received)
        count, last = count + 1, number
    if not count:
        return None
    return {"from": after, "to": last, "count": count, "since_ms": int(first * 1000), "digest": whole.hexdigest()}


@dataclass
class Seals:
    """The chain's own word on the messages, gathered while it is followed."""

    seals: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    #: Whatever was received before this time (ms) was to be deleted.
    pruned_ms: int = 0

    def take(self, number: int, kind: str, body: str | None) -> None:
        if body is None or kind not in (KIND, "pruned"):
            return
        told = json.loads(body)
        if kind == KIND:
            self.seals.append((number, told))
        elif told.get("kind") == KIND:
            self.pruned_ms = max(self.pruned_ms, int(told.get("before_ms", 0)))

    def check(self, rows: Iterable[Row]) -> MessageFault | None:
        """The first message, by number, that is not as it was sealed. `rows` by number."""
        waiting = self._sealed(rows)
        end: int | None = None
        for entry, told in self.seals:
            if end is not None and told["from"] != end:
                return MessageFault(end + 1, f"messages {end + 1} to {told['from']} are sealed by no entry")
            end = told["to"]
            whole, count = hashlib.sha256(), 0
            for row in waiting(told["to"]):
                if isinstance(row, MessageFault):
                    return row
                if row.id > told["from"] and row.digest is not None:
                    whole.update(row.digest)
                    count += 1
            may_lack = told["since_ms"] < self.pruned_ms
            if may_lack and count < told["count"]:
                continue
            place = f"messages {told['from'] + 1} to {told['to']}, which entry {entry} seals"
            if count != told["count"]:
                gone = told["count"] - count
                what = f"{gone} {'is' if gone == 1 else 'are'} gone" if gone > 0 else f"{-gone} were put in"
                return MessageFault(told["from"] + 1, f"of {place}, {what}")
            if whole.hexdigest() != told["digest"]:
                return MessageFault(told["from"] + 1, f"of {place}, one was changed together with its digest")
        for row in waiting(None):
            if isinstance(row, MessageFault):
                return row
        return None

    def _sealed(self, rows: Iterable[Row]):  # type: ignore[no-untyped-def]
        """Rows up to a number, each held to its own digest."""
        source, held = iter(rows), list[Row]()
        baseline = self.seals[0][1]["from"] if self.seals else None

        def until(last: int | None) -> Iterator[Row | MessageFault]:
            while True:
                row = held.pop() if held else next(source, None)
                if row is None:
                    return
                if last is not None and row.id > last:
                    held.append(row)
                    return
                if row.digest is None:
                    if baseline is not None and row.id > baseline:
                        yield MessageFault(row.id, f"{row}: its digest is gone")
                elif not _as_written(row):
                    yield MessageFault(row.id, f"{row}: its content was changed")
                yield row

        return until


def _as_written(row: Row) -> bool:
    """SQLite takes a value of any type into any column."""
    try:
        return row.digest == message_digest(row.__dict__)
    except (TypeError, AttributeError, struct.error):
        return False
