"""The connection to the database: SQLite with full durability, or PostgreSQL by its URL, and one word for what can go
wrong with either."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, OperationalError, SQLAlchemyError

#: Seconds that a commit waits for another writer; judgement waits as long.
BUSY_S = 1.0
#: Seconds that PostgreSQL may take for one statement.
STATEMENT_S = 5


class RecordRefused(ValueError):
    """The record cannot be used as it is: waiting would not help."""


class RecordAway(Exception):
    """The record cannot be reached or is busy; what was to be written is still in the caller's hands."""


class Deposed(Exception):
    """Another service leads now: nothing of this one may be written, sent or published any more."""


def clear(error: BaseException) -> str:
    """One line without the statement, its values or the URL."""
    return (str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__])[0][:200]


class Database:
    """An engine with the record's patience and durability. Its transactions are for several threads."""

    def __init__(self, url: str) -> None:
        """RecordRefused for a URL that is wrong, or names a database of another make."""
        try:
            parsed = make_url(url)
            self.dialect = parsed.get_backend_name()
            if self.dialect not in ("sqlite", "postgresql"):
                raise RecordRefused(f"the record can be SQLite or PostgreSQL, not {self.dialect}")
            parsed = _with_driver(parsed)
            self.file = parsed.database if self.dialect == "sqlite" else None
            self.engine: Engine = create_engine(parsed, pool_pre_ping=True, connect_args=_patience(parsed))
        except ArgumentError:
            raise RecordRefused("the record's URL is not one, as in sqlite:///levee-alerting.db") from None
        except ImportError as error:
            raise RecordRefused(f"the driver of the record's URL is not installed: {error}") from None
        if self.dialect == "sqlite":
            event.listen(self.engine, "connect", _sqlite_durable)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing. RecordAway, RecordRefused."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except (OperationalError, InterfaceError) as error:
            raise RecordAway(clear(error)) from None
        except DatabaseError as error:
            raise RecordRefused(f"the record is damaged or of another make: {clear(error)}") from None
        except SQLAlchemyError as error:
            raise RecordAway(clear(error)) from None

    def compact(self) -> bool:
        """Leave nothing of what was erased beside the rows: SQLite's log of writes is emptied, PostgreSQL's dead rows
        are given up. False where others read meanwhile: to be tried again."""
        try:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                if self.dialect == "sqlite":
                    return not connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
                for name in ("people", "pages", "requests", "calls", "duty_states", "tier_changes", "incidents"):
                    connection.exec_driver_sql(f"VACUUM {name}")
                return True
        except SQLAlchemyError:
            return False

    def insert(self, table: Table) -> Any:
        return sqlite.insert(table) if self.dialect == "sqlite" else postgresql.insert(table)

    def once(self, table: Table) -> Any:
        """An insert that leaves a row alone which is there already."""
        return self.insert(table).on_conflict_do_nothing()

    def replace(self, table: Table) -> Any:
        """An insert that takes the place of the row with the same key."""
        statement = self.insert(table)
        keys = [column.name for column in table.primary_key]
        fresh = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
        return statement.on_conflict_do_update(index_elements=keys, set_=fresh)


def _with_driver(url: URL) -> URL:
    """`postgresql://` means psycopg 3, which comes with the extra `service`."""
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url


def _patience(url: URL) -> dict[str, Any]:
    """What keeps a database that does not answer from holding up the judgement for long."""
    if url.get_driver_name() in ("psycopg", "psycopg2"):
        return {
            "connect_timeout": 3,
            "options": f"-c statement_timeout={STATEMENT_S * 1000} -c lock_timeout={STATEMENT_S * 1000} "
            "-c synchronous_commit=on -c idle_in_transaction_session_timeout=3000",
            # The server cannot time out a statement that it never gets, or whose answer is lost.
            "keepalives": 1,
            "keepalives_idle": STATEMENT_S,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": STATEMENT_S * 1000,
        }
    return {"timeout": BUSY_S} if url.get_backend_name() == "sqlite" else {}


def _sqlite_durable(connection: Any, _record: object) -> None:
    """A commit is on the disk when it returns; readers never stop the writer; what is deleted is overwritten."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()
