"""The record itself, as its one writer sees it: where the last run ended, and one transaction after another."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from alerting.assess import state_number
from alerting.ingest import MAX_SESSIONS
from alerting.ledger import Ledger
from alerting.record import tables
from alerting.record.batch import Batch, Outcome, PageRow, PageState, Request, Resumed
from alerting.record.chain import Head, extend
from alerting.record.engine import Database, Deposed, RecordAway, RecordRefused
from alerting.record.leader import Leadership
from alerting.record.people import People
from alerting.record.rows import (
    call_row,
    change_row,
    checkpoint_rows,
    event_rows,
    incident_row,
    ledger_row,
    message_row,
    page_row,
    state_rows,
    thresholds_read,
    thresholds_row,
)

#: The make of the tables; another one is refused.
MAKE = 2
MAX_REQUESTS = 100


class Record:
    """One database. Not for several threads at once."""

    def __init__(self, url: str) -> None:
        """RecordRefused for a URL that is wrong, or names a database of another make."""
        self._database = Database(url)
        self._people = People()
        self._leadership: Leadership | None = None
        self._head = Head()
        #: How many entries of the batch a commit tried to write that failed, and the head that it would have left; and
        #: how many of them are known to stand in the chain.
        self._tried: tuple[int, Head] | None = None
        self._done = 0

    def close(self) -> None:
        """Let another one lead, and let go of the database."""
        if self._leadership is not None:
            self._leadership.release()
        self._database.close()

    def abandon(self) -> None:
        """Let go of everything without a word: somebody else leads."""
        if self._leadership is not None:
            self._leadership.drop()
        self._database.close()

    def leads(self) -> bool:
        """Whether nobody else can have taken over yet."""
        return self._leadership is not None and self._leadership.holds()

    def resume(self, instance: str, session: str, at: float) -> Resumed:
        """As `try_resume`; RecordAway where another service leads."""
        resumed = self.try_resume(instance, session, at)
        if resumed is None:
            raise RecordAway("another service leads")
        return resumed

    def try_resume(self, instance: str, session: str, at: float) -> Resumed | None:
        """Make the tables where they lack, begin a new term and say where the last one ended; None while another
        service leads.

        RecordAway, RecordRefused.
        """
        if self._leadership is None:
            self._leadership = Leadership(self._database, instance, session)
        try:
            with self._database.transaction() as connection:
                self._make(connection)
                if not self._leadership.claim(connection, at):
                    return None
                self._people.load(connection)
                self._head, self._tried, self._done = _head(connection), None, 0
                return self._resumed(connection)
        except RecordAway:
            if not self._leadership.taking:
                raise
            self._leadership.evict()
            return None

    def _make(self, connection: Connection) -> None:
        old = self._database.engine.dialect.has_table(connection, "messages")
        new = self._database.engine.dialect.has_table(connection, "meta")
        if old and not new:
            raise RecordRefused("the record was made by an earlier version: move it away to begin anew")
        if not new or not self._database.engine.dialect.has_table(connection, "thresholds"):
            if self._database.dialect == "postgresql":
                # Two services that start together must not both make the tables.
                connection.execute(select(func.pg_advisory_xact_lock(0x6C65766565)))
            tables.metadata.create_all(connection)
            connection.execute(self._database.once(tables.meta), [{"version": MAKE}])
        make = connection.execute(select(tables.meta.c.version)).scalar_one()
        if make != MAKE:
            raise RecordRefused(f"the record is of make {make}, and this program writes {MAKE}: move it away")

    def _resumed(self, connection: Connection) -> Resumed:
        key = connection.execute(select(tables.keys.c.value).where(tables.keys.c.name == "links")).scalar()
        if key is None:
            key = secrets.token_hex(32)
            connection.execute(insert(tables.keys).values(name="links", value=key))
        saved = list(connection.execute(select(tables.site_states)))
        duties = list(connection.execute(select(tables.duty_states)))
        ledgers: dict[tuple[str, str], dict[str, Ledger]] = {}
        for row in connection.execute(select(tables.sessions).order_by(tables.sessions.c.heard)):
            ranges = msgspec.json.decode(row.ranges, type=list[tuple[int, int]])
            ledgers.setdefault((row.site, row.box), {})[row.session] = Ledger(row.up_to, ranges)
        for sessions in ledgers.values():
            while len(sessions) > MAX_SESSIONS:
                del sessions[next(iter(sessions))]
        waiting = [state.value for state in PageState if state.pending]
        found = connection.execute(
            select(tables.pages).where(tables.pages.c.state.in_(waiting)).order_by(tables.pages.c.queued)
        )
        pending = tuple(
            PageRow(
                row.id,
                row.channel,
                row.tier,
                row.queued,
                row.note,
                PageState(row.state),
                row.attempts,
                row.answer,
                self._people.name(row.person),
            )
            for row in found
        )
        return Resumed(
            self._leadership.term if self._leadership is not None else 0,
            max((row.saved for row in (*saved, *duties)), default=0.0),
            {row.site: row.state for row in saved},
            {row.site: _after(connection, row.site, state_number(row.state)) for row in saved},
            ledgers,
            pending,
            {row.site: row.state for row in duties},
            key,
            {
                (row.site, row.zone): thresholds_read(row, self._people.name)
                for row in connection.execute(select(tables.thresholds))
            },
        )

    def renew(self) -> None:
        """Show that the leader lives. RecordAway, RecordRefused, Deposed."""
        leadership = self._reign()
        with self._database.transaction() as connection:
            until = leadership.beat(connection)
        leadership.renewed(until)

    def commit(self, batch: Batch, at: float) -> None:
        """All of `batch` in one transaction, or nothing of it: RecordAway, RecordRefused, Deposed. A batch of which it
        is not known whether it was taken may be committed again; entries may have been added to it at its end."""
        leadership = self._reign()
        with self._database.transaction() as connection:
            until = leadership.beat(connection)
            head = self._append(connection, batch)
            self._write(connection, batch, at)
        leadership.renewed(until)
        self._people.saved()
        for name in batch.erased:
            self._people.forget(name)
        if head is not None:
            self._head = head
        self._tried, self._done = None, 0

    def _reign(self) -> Leadership:
        if self._leadership is None or not self._leadership.term:
            raise RecordRefused("the record was not resumed")
        return self._leadership

    def _append(self, connection: Connection, batch: Batch) -> Head | None:
        """The chain goes on; what an earlier try has written after all is not written again."""
        if not batch.entries:
            return None
        if self._tried is not None:
            found = _head(connection)
            if found == self._tried[1]:
                self._done, self._head = self._tried
            elif found != self._head:
                raise RecordRefused("the chain was changed by somebody else")
        head = self._head
        entries = [(entry.at, entry.kind, self._people.body(entry)) for entry in batch.entries[self._done :]]
        links = list(extend(head, entries))
        if links:
            connection.execute(
                insert(tables.log),
                [
                    {
                        "number": link.number,
                        "at_ms": link.at_ms,
                        "kind": link.kind,
                        "body": link.body,
                        "digest": link.digest,
                        "hash": link.hash,
                    }
                    for link in links
                ],
            )
            head = Head(links[-1].number, links[-1].hash)
        self._tried = (len(batch.entries), head)
        return head

    def _write(self, connection: Connection, batch: Batch, at: float) -> None:
        base, pseudonym = self._database, self._people.pseudonym
        if batch.messages:
            connection.execute(base.once(tables.messages), [message_row(taken) for taken in batch.messages])
        if batch.changes:
            connection.execute(base.once(tables.tier_changes), [change_row(change) for change in batch.changes])
        if batch.pages:
            rows = [page_row(row, pseudonym) for row in batch.pages.values()]
            connection.execute(base.replace(tables.pages), rows)
        if batch.ledgers:
            rows = [ledger_row(key, ledger, at) for key, ledger in batch.ledgers.items()]
            connection.execute(base.replace(tables.sessions), rows)
        pieces = event_rows(batch.events, at)
        if pieces:
            connection.execute(base.once(tables.events), pieces)
        if batch.checkpoints:
            connection.execute(base.once(tables.checkpoints), checkpoint_rows(batch.checkpoints))
        if batch.states:
            connection.execute(base.replace(tables.site_states), state_rows(batch.states.items(), at))
        if batch.duties:
            connection.execute(base.replace(tables.duty_states), state_rows(batch.duties.items(), at))
        if batch.incidents:
            rows = [incident_row(incident, pseudonym) for incident in batch.incidents.values()]
            connection.execute(base.replace(tables.incidents), rows)
        if batch.calls:
            connection.execute(base.once(tables.calls), [call_row(row, pseudonym) for row in batch.calls.values()])
        for (site, zone), changed in batch.thresholds.items():
            kept = tables.thresholds.c
            connection.execute(delete(tables.thresholds).where(kept.site == site, kept.zone == zone))
            if changed is not None:
                connection.execute(insert(tables.thresholds).values(**thresholds_row(changed, pseudonym)))
        for outcome in batch.outcomes:
            self._answer(connection, outcome)
        for call, person in batch.answered:
            page = tables.pages.c
            connection.execute(
                update(tables.pages)
                .where(page.id == call, page.state == PageState.ACCEPTED.value)
                .values(state=PageState.ACKNOWLEDGED.value, answer=f"acknowledged by {person}")
            )
        fresh = self._people.unsaved()
        if fresh:
            connection.execute(base.once(tables.people), fresh)
        for name in batch.erased:
            self._erase(connection, name, at)

    def _answer(self, connection: Connection, outcome: Outcome) -> None:
        connection.execute(
            update(tables.requests)
            .where(tables.requests.c.id == outcome.request)
            .values(outcome=outcome.outcome, words=outcome.words[:400])
        )

    def requests(self) -> list[Request]:
        """What people ask for that was not taken yet, oldest first. RecordAway, RecordRefused."""
        asked = tables.requests
        with self._database.transaction() as connection:
            found = connection.execute(
                select(asked).where(asked.c.outcome.is_(None)).order_by(asked.c.id).limit(MAX_REQUESTS)
            )
            return [Request(row.id, row.key, row.at, row.body) for row in found]

    def called(self, titles: Mapping[str, str]) -> None:
        """What people are called, by short name."""
        self._people.called(titles)

    def name_of(self, pseudonym: str) -> str:
        return self._people.name(pseudonym)

    def _erase(self, connection: Connection, name: str, at: float) -> None:
        """Forget who stands behind a pseudonym, and what pages said to that person."""
        pseudonym = self._people.pseudonym(name)
        people, pages = tables.people, tables.pages
        fresh = {"pseudonym": pseudonym, "name": None, "title": None, "erased": at}
        connection.execute(self._database.replace(people), [fresh])
        connection.execute(update(pages).where(pages.c.person == pseudonym).values(note=b"{}", answer=""))
        connection.execute(update(pages).where(pages.c.answer == f"acknowledged by {name}").values(answer=""))
        connection.execute(update(tables.calls).where(tables.calls.c.person == pseudonym).values(text=""))
        asked = tables.requests.c
        named = asked.body.contains(f'"{name}"', autoescape=True)
        connection.execute(update(tables.requests).where(asked.outcome.is_not(None), named).values(body="{}", words=""))

    def prune(self, before: float, at_most: int) -> int:
        """Delete up to `at_most` of the messages received before that time, oldest first; how many there were. Pages
        whose end is known, calls, and requests that were taken go with them; the chain tells of them still."""
        kept = tables.messages
        old = select(kept.c.id).where(kept.c.received < before).order_by(kept.c.received).limit(at_most)
        with self._database.transaction() as connection:
            gone = connection.execute(delete(kept).where(kept.c.id.in_(old.scalar_subquery()))).rowcount
            for table in (tables.events, tables.checkpoints):
                limit = select(table.c.at).where(table.c.at < before).order_by(table.c.at).offset(at_most).limit(1)
                until = connection.execute(limit).scalar()
                connection.execute(delete(table).where(table.c.at < (before if until is None else until)))
            pages, calls, requests = tables.pages, tables.calls, tables.requests
            pending = [state.value for state in PageState if state.pending]
            connection.execute(delete(pages).where(pages.c.queued < before, pages.c.state.not_in(pending)))
            connection.execute(delete(calls).where(calls.c.at < before))
            connection.execute(delete(requests).where(requests.c.at < before, requests.c.outcome.is_not(None)))
            return gone

    def holds_old(self, kind: str, before: float) -> bool:
        """Whether there are entries of `kind` older than that time that still have their bodies."""
        entry = tables.log.c
        with self._database.transaction() as connection:
            old = select(entry.number).where(
                entry.kind == kind, entry.at_ms < round(before * 1000), entry.body.is_not(None)
            )
            return connection.execute(old.limit(1)).first() is not None

    def prune_log(self, kind: str, before: float) -> int:
        """Delete the bodies of entries of `kind` older than that time; the chain stays whole. An entry of kind
        `pruned` must say so before. How many there were."""
        entry = tables.log.c
        with self._database.transaction() as connection:
            self._reign().beat(connection)
            gone = connection.execute(
                update(tables.log)
                .where(entry.kind == kind, entry.at_ms < round(before * 1000), entry.body.is_not(None))
                .values(body=None)
            )
            return gone.rowcount


def _after(connection: Connection, site: str, number: int) -> list[tuple[int, bytes]]:
    """The pieces of a site's log that hold events after `number`."""
    kept = tables.events.c
    found = select(kept.first, kept.piece).where(kept.site == site, kept.last > number).order_by(kept.first)
    return [(row.first, row.piece) for row in connection.execute(found)]


def _head(connection: Connection) -> Head:
    last = connection.execute(
        select(tables.log.c.number, tables.log.c.hash).order_by(tables.log.c.number.desc()).limit(1)
    ).first()
    return Head(last.number, last.hash) if last is not None else Head()


__all__ = ["Deposed", "Record", "RecordAway", "RecordRefused"]
