"""The make of the record's tables: made where they lack, brought up to date by the service that takes the lead, and
refused where a newer program made them.

A new table needs no step: it is made at the next start. A changed one needs a step here, and the next number.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy import Connection, Integer, column, func, inspect, select, table, text, update

from alerting.record import tables
from alerting.record.engine import Database, RecordRefused

log = logging.getLogger("levee.alerting")
#: What this program writes.
MAKE = 3
#: Of PostgreSQL: two services that start together must not both make the tables.
LOCK = 0x6C65766565


def open_tables(database: Database, connection: Connection) -> int:
    """The make of the tables, which are made where there are none. RecordRefused for one that is not known."""
    if not database.engine.dialect.has_table(connection, "meta"):
        if database.engine.dialect.has_table(connection, "messages"):
            raise RecordRefused("the record was made by an earlier version: move it away to begin anew")
        _lock(database, connection)
        tables.metadata.create_all(connection)
        connection.execute(database.once(tables.meta), [{"version": MAKE}])
    return known_make(connection)


def known_make(connection: Connection) -> int:
    """RecordRefused for a make that this program does not know, or several."""
    found = list(connection.execute(select(tables.meta.c.version).order_by(tables.meta.c.version)).scalars())
    if len(found) != 1:
        raise RecordRefused("the record does not say of which make it is: it is damaged, or an upgrade of it is")
    make = int(found[0])
    if make > MAKE:
        raise RecordRefused(f"the record is of make {make}, and this program knows up to {MAKE}: run the newer program")
    if make < min(STEPS, default=MAKE):
        raise RecordRefused(f"the record is of make {make}, which this program no longer reads: move it away")
    return make


def upgrade(database: Database, connection: Connection, make: int) -> None:
    """From `make` to this program's, one step after another, in the transaction that takes the lead."""
    if make < MAKE:
        _lock(database, connection)
    tables.metadata.create_all(connection)
    for number in range(make, MAKE):
        log.warning("the record is brought from make %d to %d", number, number + 1)
        STEPS[number](connection)
        connection.execute(update(tables.meta).where(tables.meta.c.version == number).values(version=number + 1))


def _lock(database: Database, connection: Connection) -> None:
    if database.dialect == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))


def _with_digests(connection: Connection) -> None:
    """From 2: each message has a digest that the chain seals, and a request that was taken keeps nobody's name."""
    _add(connection, "messages", "digest", "BYTEA" if connection.dialect.name == "postgresql" else "BLOB")
    asked = tables.requests.c
    connection.execute(update(tables.requests).where(asked.outcome.is_not(None)).values(body="{}"))
    pages = table("pages", column("answer"), column("attempts", Integer))
    told = pages.c.answer.startswith("acknowledged by ")
    connection.execute(update(pages).where(told).values(answer="acknowledged"))


def _add(connection: Connection, where: str, name: str, kind: str) -> None:
    """A column, unless a step that was broken off has added it already."""
    if name not in {one["name"] for one in inspect(connection).get_columns(where)}:
        connection.execute(text(f"ALTER TABLE {where} ADD COLUMN {name} {kind}"))


STEPS: dict[int, Callable[[Connection], None]] = {2: _with_digests}
