"""The record itself: SQLite with full durability, or PostgreSQL by its URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Table, create_engine, delete, event, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, OperationalError, SQLAlchemyError

from alerting.assess import Figures, TierChanged, join_events, state_number
from alerting.ingest import MAX_SESSIONS
from alerting.ledger import Ledger
from alerting.record import tables
from alerting.record.batch import Batch, PageRow, PageState, Resumed
from wire import encode

#: Seconds that a commit waits for another writer; judgement waits as long.
BUSY_S = 1.0
#: Seconds that PostgreSQL may take for one statement.
STATEMENT_S = 5
_WHAT = {"TierChanged": "tier", "HeldUnknown": "held", "UnknownEnded": "seen-again", "SettingsChanged": "settings"}


class RecordRefused(ValueError):
    """The record cannot be used as it is: waiting would not help."""


class RecordAway(Exception):
    """The record cannot be reached or is busy; what was to be written is still in the caller's hands."""


def _clear(error: BaseException) -> str:
    """One line without the statement, its values or the URL."""
    return (str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__])[0][:200]


class Record:
    """One database. Not for several threads at once."""

    def __init__(self, url: str) -> None:
        """RecordRefused for a URL that is wrong, or names a database of another make."""
        try:
            self._dialect = make_url(url).get_backend_name()
            if self._dialect not in ("sqlite", "postgresql"):
                raise RecordRefused(f"the record can be SQLite or PostgreSQL, not {self._dialect}")
            self._engine: Engine = create_engine(url, pool_pre_ping=True, connect_args=_patience(url))
        except ArgumentError:
            raise RecordRefused("the record's URL is not one, as in sqlite:///levee-alerting.db") from None
        except ImportError as error:
            raise RecordRefused(f"the driver of the record's URL is not installed: {error}") from None
        if self._dialect == "sqlite":
            event.listen(self._engine, "connect", _sqlite_durable)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except (OperationalError, InterfaceError) as error:
            raise RecordAway(_clear(error)) from None
        except DatabaseError as error:
            raise RecordRefused(f"the record is damaged or of another make: {_clear(error)}") from None
        except SQLAlchemyError as error:
            raise RecordAway(_clear(error)) from None

    def resume(self, instance: str, session: str, at: float) -> Resumed:
        """Make the tables where they lack, begin a new term and say where the last one ended.

        RecordAway, RecordRefused.
        """
        with self._transaction() as connection:
            tables.metadata.create_all(connection)
            started = {"instance": instance, "session": session, "started": at}
            key = connection.execute(insert(tables.terms).values(started)).inserted_primary_key
            saved = list(connection.execute(select(tables.site_states)))
            states = {row.site: row.state for row in saved}
            events = {row.site: _after(connection, row.site, state_number(row.state)) for row in saved}
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
                    row.id, row.channel, row.tier, row.queued, row.note, PageState(row.state), row.attempts, row.answer
                )
                for row in found
            )
        term = int(key[0]) if key else 0
        return Resumed(term, max((row.saved for row in saved), default=0.0), states, events, ledgers, pending)

    def commit(self, batch: Batch, at: float) -> None:
        """All of `batch` in one transaction, or nothing of it: RecordAway, RecordRefused. Twice does no harm."""
        with self._transaction() as connection:
            if batch.messages:
                rows = [
                    {
                        "site": taken.site,
                        "box": taken.box,
                        "session": taken.message.session,
                        "sequence": taken.message.sequence,
                        "way": "live" if taken.live else "backlog",
                        "received": taken.at,
                        "payload": encode(taken.message),
                    }
                    for taken in batch.messages
                ]
                connection.execute(self._once(tables.messages), rows)
            if batch.changes:
                connection.execute(
                    self._once(tables.tier_changes),
                    [
                        {
                            "id": change.id,
                            "at": change.at,
                            "site": change.site,
                            "zone": change.zone,
                            "what": _WHAT[type(change).__name__],
                            "from_tier": change.from_tier if isinstance(change, TierChanged) else change.tier,
                            "to_tier": change.to_tier if isinstance(change, TierChanged) else change.tier,
                            "why": change.why,
                            "figures": msgspec.json.encode(
                                change.figures if isinstance(change, TierChanged) else Figures()
                            ).decode(),
                        }
                        for change in batch.changes
                    ],
                )
            if batch.pages:
                connection.execute(
                    self._replace(tables.pages),
                    [
                        {
                            "id": row.id,
                            "channel": row.channel,
                            "tier": row.tier,
                            "queued": row.queued,
                            "note": row.note,
                            "state": row.state.value,
                            "attempts": row.attempts,
                            "answer": row.answer,
                        }
                        for row in batch.pages.values()
                    ],
                )
            if batch.ledgers:
                connection.execute(
                    self._replace(tables.sessions),
                    [
                        {
                            "site": site,
                            "box": box,
                            "session": session,
                            "up_to": ledger.up_to,
                            "ranges": msgspec.json.encode(ledger.ranges).decode(),
                            "heard": at,
                        }
                        for (site, box, session), ledger in batch.ledgers.items()
                    ],
                )
            pieces = [
                {
                    "site": site,
                    "first": logged[0][0],
                    "last": logged[-1][0],
                    "at": at,
                    "piece": join_events(event for _, event in logged),
                }
                for site, logged in batch.events.items()
                if logged
            ]
            if pieces:
                connection.execute(self._once(tables.events), pieces)
            if batch.checkpoints:
                connection.execute(
                    self._once(tables.checkpoints),
                    [
                        {"site": site, "number": one.number, "at": one.at, "state": one.state}
                        for site, one in batch.checkpoints.items()
                    ],
                )
            if batch.states:
                connection.execute(
                    self._replace(tables.site_states),
                    [{"site": site, "saved": at, "state": state} for site, state in batch.states.items()],
                )

    def prune(self, before: float, at_most: int) -> int:
        """Delete up to `at_most` of the messages received before that time, oldest first; how many there were."""
        kept = tables.messages
        old = select(kept.c.id).where(kept.c.received < before).order_by(kept.c.received).limit(at_most)
        with self._transaction() as connection:
            gone = connection.execute(delete(kept).where(kept.c.id.in_(old.scalar_subquery()))).rowcount
            for table in (tables.events, tables.checkpoints):
                limit = select(table.c.at).where(table.c.at < before).order_by(table.c.at).offset(at_most).limit(1)
                until = connection.execute(limit).scalar()
                connection.execute(delete(table).where(table.c.at < (before if until is None else until)))
            return gone

    def _insert(self, table: Table) -> Any:
        return sqlite.insert(table) if self._dialect == "sqlite" else postgresql.insert(table)

    def _once(self, table: Table) -> Any:
        """An insert that leaves a row alone which is there already."""
        return self._insert(table).on_conflict_do_nothing()

    def _replace(self, table: Table) -> Any:
        """An insert that takes the place of the row with the same key."""
        statement = self._insert(table)
        keys = [column.name for column in table.primary_key]
        fresh = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
        return statement.on_conflict_do_update(index_elements=keys, set_=fresh)


def _after(connection: Connection, site: str, number: int) -> list[tuple[int, bytes]]:
    """The pieces of a site's log that hold events after `number`."""
    kept = tables.events.c
    found = select(kept.first, kept.piece).where(kept.site == site, kept.last > number).order_by(kept.first)
    return [(row.first, row.piece) for row in connection.execute(found)]


def _patience(url: str) -> dict[str, Any]:
    """What keeps a database that does not answer from holding up the judgement for long."""
    driver = make_url(url).get_driver_name()
    if driver in ("psycopg", "psycopg2"):
        return {
            "connect_timeout": 3,
            "options": f"-c statement_timeout={STATEMENT_S * 1000}",
            # The server cannot time out a statement that it never gets, or whose answer is lost.
            "keepalives": 1,
            "keepalives_idle": STATEMENT_S,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": STATEMENT_S * 1000,
        }
    return {"timeout": BUSY_S} if make_url(url).get_backend_name() == "sqlite" else {}


def _sqlite_durable(connection: Any, _record: object) -> None:
    """A commit is on the disk when it returns; readers never stop the writer."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()
