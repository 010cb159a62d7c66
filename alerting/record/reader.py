"""The record as others see it: read only, beside the service that writes it; and the one table that people write to."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, func, select

from alerting.record import tables
from alerting.record.chain import Head, Link, Verdict, canonical, verify
from alerting.record.engine import Database, RecordRefused
from alerting.record.make import known_make
from alerting.record.sealed import MessageFault, Row, Seals

#: Entries that are read at a time.
PIECE = 2_000


@dataclass(frozen=True)
class Told:
    """One entry, read back: time in seconds since 1970 UTC."""

    number: int
    at: float
    kind: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What came of a request; `outcome` is empty until the leader has taken it."""

    outcome: str
    words: str


class Reader:
    """RecordRefused for a URL that is wrong, or where there is no record."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self._known = False
        file = self._database.file
        if file is not None and not os.path.exists(file):
            raise RecordRefused(f"there is no record at {file}")
        if file is not None and not os.access(file, os.R_OK):
            raise RecordRefused(f"the record at {file} may not be read")

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """RecordAway; RecordRefused for a record that a newer program made."""
        with self._database.transaction() as connection:
            if not self._known:
                known_make(connection)
                self._known = True
            yield connection

    def stored_messages(self) -> Iterator[Row]:
        """The messages that are kept, by number. RecordAway, RecordRefused."""
        kept, after = tables.messages, 0
        while True:
            with self._transaction() as connection:
                rows = connection.execute(select(kept).where(kept.c.id > after).order_by(kept.c.id).limit(PIECE)).all()
            for row in rows:
                yield Row(**row._mapping)
            if len(rows) < PIECE:
                return
            after = rows[-1].id

    def count_messages(self) -> int:
        with self._transaction() as connection:
            return int(connection.execute(select(func.count()).select_from(tables.messages)).scalar_one())

    def verify_messages(self, rows: Iterable[Row] | None = None) -> MessageFault | None:
        """Hold the messages to the chain, which must be whole itself. RecordAway, RecordRefused."""
        seals = Seals()
        for link in self.links():
            seals.take(link.number, link.kind, link.body)
        return seals.check(self.stored_messages() if rows is None else rows)

    def links(self, after: int = 0) -> Iterator[Link]:
        """The chain from the entry after number `after` on. RecordAway, RecordRefused."""
        entry = tables.log.c
        while True:
            with self._transaction() as connection:
                rows = connection.execute(
                    select(tables.log).where(entry.number > after).order_by(entry.number).limit(PIECE)
                ).all()
            for row in rows:
                yield Link(row.number, row.at_ms, row.kind, row.body, row.digest, row.hash)
            if len(rows) < PIECE:
                return
            after = rows[-1].number

    def verify(self, witness: Head | None = None) -> Verdict:
        """Follow the whole chain. RecordAway, RecordRefused."""
        return verify(self.links(), witness)

    def entries(self, after: int = 0) -> Iterator[Told]:
        for link in self.links(after):
            if link.body is not None:
                yield Told(link.number, link.at_ms / 1000, link.kind, json.loads(link.body))

    def length(self) -> int:
        with self._transaction() as connection:
            last = connection.execute(
                select(tables.log.c.number).order_by(tables.log.c.number.desc()).limit(1)
            ).scalar()
        return int(last or 0)

    def pulse(self) -> tuple[int, int] | None:
        """Term and beat of the leader; None before there was one."""
        with self._transaction() as connection:
            row = connection.execute(select(tables.leadership.c.term, tables.leadership.c.beat)).first()
        return (row.term, row.beat) if row is not None else None

    def key(self) -> str:
        """The key that signs links; empty before the first service has made it."""
        with self._transaction() as connection:
            found = connection.execute(select(tables.keys.c.value).where(tables.keys.c.name == "links")).scalar()
        return str(found or "")

    def pages(self) -> list[dict[str, Any]]:
        """Every page, without its note."""
        wanted = [column for column in tables.pages.columns if column.name != "note"]
        with self._transaction() as connection:
            return [dict(row._mapping) for row in connection.execute(select(*wanted).order_by(tables.pages.c.queued))]

    def incident(self, incident: str) -> dict[str, Any] | None:
        with self._transaction() as connection:
            row = connection.execute(select(tables.incidents).where(tables.incidents.c.id == incident)).first()
        return dict(row._mapping) if row is not None else None

    def duty_state(self, name: str) -> bytes | None:
        """The stored duty of a site, or of the desk, as it was saved last (within some seconds)."""
        with self._database.transaction() as connection:
            wanted = select(tables.duty_states.c.state).where(tables.duty_states.c.site == name)
            found = connection.execute(wanted).scalar()
        return bytes(found) if found is not None else None

    def names(self) -> dict[str, str]:
        """What people are called, by pseudonym; those who were erased are left out."""
        with self._database.transaction() as connection:
            rows = connection.execute(select(tables.people)).all()
        return {row.pseudonym: row.title or row.name for row in rows if row.name is not None}

    def call(self, call: str) -> tuple[str, str, str, float, list[tuple[str, int]]] | None:
        """Site, person's short name, text, time, and the incidents with their alarms; None where there was none."""
        joined = tables.calls.join(tables.people, tables.people.c.pseudonym == tables.calls.c.person, isouter=True)
        known = tables.people.c
        wanted = (tables.calls, case((known.erased.is_(None), known.name)).label("name"))
        with self._transaction() as connection:
            row = connection.execute(select(*wanted).select_from(joined).where(tables.calls.c.id == call)).first()
        if row is None:
            return None
        return row.site, row.name or "", row.text, row.at, [(name, alarm) for name, alarm in json.loads(row.incidents)]

    def title(self, pseudonym: str) -> str:
        """What a person is called; empty where unknown or erased."""
        with self._transaction() as connection:
            known = tables.people.c
            found = connection.execute(
                select(known.title).where(known.pseudonym == pseudonym, known.erased.is_(None))
            ).scalar()
        return str(found or "")

    def pseudonym(self, name: str) -> str:
        with self._transaction() as connection:
            known = tables.people.c
            mine = (known.name == name, known.erased.is_(None))
            found = connection.execute(select(known.pseudonym).where(*mine)).scalar()
        return str(found or "")

    def ask(self, key: str, body: Mapping[str, Any]) -> bool:
        """Ask the leader for something, once for each `key`; False where it was asked before. RecordAway."""
        row = {"key": key, "at": time.time(), "body": canonical(body), "outcome": None, "words": ""}
        with self._transaction() as connection:
            return connection.execute(self._database.once(tables.requests), [row]).rowcount == 1

    def asked(self, key: str) -> Asked | None:
        """What came of the request `key`; None where nobody has asked."""
        request = tables.requests.c
        with self._transaction() as connection:
            row = connection.execute(select(request.outcome, request.words).where(request.key == key)).first()
        return Asked(row.outcome or "", row.words) if row is not None else None
