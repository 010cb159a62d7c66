"""The record itself, as its one writer sees it: where the last run ended, and one transaction after another."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from alerting.assess import Event, SettingsApplied, state_number
from alerting.ingest import MAX_SESSIONS
from alerting.ledger import Ledger
from alerting.record import old, tables
from alerting.record.batch import Batch, Outcome, PageRow, PageState, Request, Resumed
from alerting.record.chain import Head, extend
from alerting.record.engine import Database, Deposed, RecordAway, RecordRefused
from alerting.record.erase import Traces, sweep
from alerting.record.leader import Leadership
from alerting.record.make import open_tables, upgrade
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
from alerting.record.sealed import KIND, seal_of

MAX_REQUESTS = 100
#: The messages are sealed into the chain so often (seconds), or when so many have come.
SEAL_S = 60.0
SEAL_AT = 5_000
#: A request to erase somebody who is still being looked for.
ERASING = "erasing"


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
        #: When the messages were sealed last, and how many have come since.
        self._sealed_at, self._unsealed = 0.0, 0

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
                make = open_tables(self._database, connection)
                if not self._leadership.claim(connection, at):
                    return None
                upgrade(self._database, connection, make)
                self._people.load(connection)
                self._head, self._tried, self._done = _head(connection), None, 0
                self._sealed_at = at
                return self._resumed(connection)
        except RecordAway:
            if not self._leadership.taking:
                raise
            self._leadership.evict()
            return None

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
            sealed = bool(batch.messages) and self._seals_now(len(batch.messages), at)
            if sealed:
                head = self._seal(connection, batch, head or self._head, at)
        leadership.renewed(until)
        self._unsealed += len(batch.messages)
        if sealed:
            self._sealed_at, self._unsealed = at, 0
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
        if not batch.entries and self._tried is None:
            return None
        if self._tried is not None:
            found = _head(connection)
            if found == self._tried[1]:
                self._done, self._head = self._tried
            elif found != self._head:
                raise RecordRefused("the chain was changed by somebody else")
        head = self._head
        entries = [(entry.at, entry.kind, self._people.body(entry)) for entry in batch.entries[self._done :]]
        head = _extended(connection, head, entries)
        self._tried = (len(batch.entries), head)
        return head

    def _seals_now(self, fresh: int, at: float) -> bool:
        return at - self._sealed_at >= SEAL_S or self._unsealed + fresh >= SEAL_AT

    def _seal(self, connection: Connection, batch: Batch, head: Head, at: float) -> Head:
        """An entry over the messages that none covers yet."""
        log, kept = tables.log.c, tables.messages
        newest = select(log.body).where(log.kind == KIND).order_by(log.at_ms.desc(), log.number.desc()).limit(1)
        told = connection.execute(newest).scalar()
        if told is None:
            after = connection.execute(select(func.max(kept.c.id)).where(kept.c.digest.is_(None))).scalar() or 0
        else:
            try:
                after = int(json.loads(told)["to"])
            except (ValueError, KeyError, TypeError):
                # Somebody has changed the chain: it shows, and the service goes on.
                return head
        rows = connection.execute(
            select(kept.c.id, kept.c.received, kept.c.digest).where(kept.c.id > after).order_by(kept.c.id)
        )
        body = seal_of(after, ((row.id, row.received, row.digest or b"") for row in rows))
        if body is not None:
            head = _extended(connection, head, [(at, KIND, body)])
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
        for call in batch.answered:
            page = tables.pages.c
            connection.execute(
                update(tables.pages)
                .where(page.id == call, page.state == PageState.ACCEPTED.value)
                .values(state=PageState.ACKNOWLEDGED.value, answer="acknowledged")
            )
        fresh = self._people.unsaved()
        if fresh:
            connection.execute(base.once(tables.people), fresh)
        for name in batch.erased:
            self._erase(connection, name, at)

    def _answer(self, connection: Connection, outcome: Outcome) -> None:
        taken = {"outcome": outcome.outcome, "words": outcome.words[:400]}
        if outcome.outcome != ERASING:
            # The chain says what was asked, and by whom; here nobody needs it any more.
            taken["body"] = "{}"
        connection.execute(update(tables.requests).where(tables.requests.c.id == outcome.request).values(**taken))

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

    def veiled(self, event: Event) -> Event:
        """Who changed settings, by pseudonym: what is judged is kept for long, and holds nobody's name."""
        if not isinstance(event, SettingsApplied):
            return event
        by, reason = self._people.pseudonym(event.by), self._people.discreet(event.reason)
        return msgspec.structs.replace(event, by=by, reason=reason)

    def spoken(self, told: Any) -> Any:
        """A change for screens, with names where its `why` has pseudonyms."""
        return replace(told, why=self._people.spoken(told.why))

    def _erase(self, connection: Connection, name: str, at: float) -> None:
        """Forget who stands behind a pseudonym, and what pages said to that person; `erase_next` does the rest."""
        pseudonym, titles = self._people.pseudonym(name), self._people.titles(name)
        people, pages = tables.people, tables.pages
        known = connection.execute(select(people.c.title).where(people.c.pseudonym == pseudonym)).scalar()
        fresh = {"pseudonym": pseudonym, "name": name, "title": next(iter(titles), known), "erased": at}
        connection.execute(self._database.replace(people), [fresh])
        connection.execute(update(pages).where(pages.c.person == pseudonym).values(note=b"{}", answer=""))
        connection.execute(update(tables.calls).where(tables.calls.c.person == pseudonym).values(text=""))

    def erase_next(self) -> bool:
        """Take the next one who is to be erased out of everything but the chain; False where nobody is left.

        RecordAway, RecordRefused, Deposed.
        """
        people, asked = tables.people, tables.requests.c
        leadership = self._reign()
        with self._database.transaction() as connection:
            until = leadership.beat(connection)
            row = connection.execute(
                select(people).where(people.c.erased.is_not(None), people.c.name.is_not(None)).limit(1)
            ).first()
            if row is not None:
                sweep(self._database, connection, Traces(row.name, tuple(filter(None, [row.title]))))
                for one in connection.execute(select(tables.requests).where(asked.outcome == ERASING)):
                    if json.loads(one.body).get("person") == row.name:
                        done = {"outcome": "done", "words": "erased", "body": "{}"}
                        connection.execute(update(tables.requests).where(asked.id == one.id).values(**done))
                mine = people.c.pseudonym == row.pseudonym
                connection.execute(update(people).where(mine).values(name=None, title=None))
        leadership.renewed(until)
        return row is not None

    def compact(self) -> bool:
        """Leave nothing of what was erased beside the rows; False: to be tried again."""
        return self._database.compact()

    def holds_messages(self, before: float) -> bool:
        """Whether there are messages received before that time."""
        with self._database.transaction() as connection:
            return old.holds_messages(connection, before)

    def prune(self, before: float, at_most: int) -> int:
        """Delete up to `at_most` of the messages received before that time, oldest first; how many there were. Pages
        whose end is known, calls, and requests that were taken go with them; the chain tells of them still."""
        with self._database.transaction() as connection:
            return old.prune(connection, before, at_most)

    def holds_old(self, kind: str, before: float) -> bool:
        """Whether there are entries of `kind` older than that time that still have their bodies."""
        with self._database.transaction() as connection:
            return old.holds_bodies(connection, kind, before)

    def prune_log(self, kind: str, before: float) -> int:
        """Delete the bodies of entries of `kind` older than that time; the chain stays whole. An entry of kind
        `pruned` must say so before. How many there were."""
        with self._database.transaction() as connection:
            self._reign().beat(connection)
            return old.prune_bodies(connection, kind, before)


def _after(connection: Connection, site: str, number: int) -> list[tuple[int, bytes]]:
    """The pieces of a site's log that hold events after `number`."""
    kept = tables.events.c
    found = select(kept.first, kept.piece).where(kept.site == site, kept.last > number).order_by(kept.first)
    return [(row.first, row.piece) for row in connection.execute(found)]


def _extended(connection: Connection, head: Head, entries: Iterable[tuple[float, str, Mapping[str, Any]]]) -> Head:
    """The end of the chain once `entries` were written after `head`."""
    links = list(extend(head, entries))
    if not links:
        return head
    connection.execute(insert(tables.log), [asdict(link) for link in links])
    return Head(links[-1].number, links[-1].hash)


def _head(connection: Connection) -> Head:
    last = connection.execute(
        select(tables.log.c.number, tables.log.c.hash).order_by(tables.log.c.number.desc()).limit(1)
    ).first()
    return Head(last.number, last.hash) if last is not None else Head()


__all__ = ["Deposed", "Record", "RecordAway", "RecordRefused"]
