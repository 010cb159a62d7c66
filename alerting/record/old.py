"""What is old leaves the record: messages and what goes with them, and the bodies of entries of the chain."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, select, update

from alerting.record import tables
from alerting.record.batch import PageState


def holds_messages(connection: Connection, before: float) -> bool:
    received = tables.messages.c.received
    return connection.execute(select(received).where(received < before).limit(1)).first() is not None


def prune(connection: Connection, before: float, at_most: int) -> int:
    kept = tables.messages
    old = select(kept.c.id).where(kept.c.received < before).order_by(kept.c.received).limit(at_most)
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


def holds_bodies(connection: Connection, kind: str, before: float) -> bool:
    old = select(tables.log.c.number).where(*_bodies(kind, before))
    return connection.execute(old.limit(1)).first() is not None


def prune_bodies(connection: Connection, kind: str, before: float) -> int:
    return connection.execute(update(tables.log).where(*_bodies(kind, before)).values(body=None)).rowcount


def _bodies(kind: str, before: float) -> tuple[ColumnElement[Any], ...]:
    entry = tables.log.c
    return entry.kind == kind, entry.at_ms < round(before * 1000), entry.body.is_not(None)
