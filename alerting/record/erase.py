"""A person is forgotten: whoever stands behind a pseudonym is looked for in every table, and taken out.

The chain never held a name, so it stays as it is. Nor do the messages of boxes and what was judged (`messages`,
`events`, `site_states`, `checkpoints`): whoever changed a setting stands there by pseudonym.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, String, Table, Text, func, literal, or_, select, update

from alerting.duty.incident import DutyRefused, decode_duty, encode_duty, forgotten
from alerting.record import tables
from alerting.record.engine import Database

#: What stands where a person stood.
GONE = "…"
#: Tables that hold no names, or whose own rule is kept elsewhere.
_APART = frozenset(
    {"log", "people", "messages", "events", "site_states", "checkpoints", "sessions", "terms", "leadership", "keys"}
)
#: Columns that hold figures and ids, as JSON.
_FIGURES = frozenset({"figures", "incidents", "base", "levels"})
#: Shorter columns are names of places and states, no free text.
_FREE_TEXT = 100


@dataclass(frozen=True)
class Traces:
    """How a person may stand in a text: by a short name, as a word of its own, or as he or she is called."""

    name: str
    titles: tuple[str, ...] = ()

    def without(self, text: str) -> str:
        """`text` without the person."""
        for title in self._titles:
            text = text.replace(title, GONE)
        return self._word.sub(GONE, text)

    @property
    def _titles(self) -> list[str]:
        return sorted((title for title in self.titles if len(title) > 1), key=len, reverse=True)

    @property
    def _word(self) -> re.Pattern[str]:
        return re.compile(rf"(?<![A-Za-z0-9_-]){re.escape(self.name)}(?![A-Za-z0-9_-])")

    def in_text(self, column: Column[str]) -> Any:
        """The rows that may hold the person."""
        return or_(*(column.contains(word, autoescape=True) for word in (self.name, *self._titles)))

    def in_bytes(self, database: Database, column: Column[bytes]) -> Any:
        words = [literal(word.encode(), LargeBinary) for word in (self.name, *self._titles)]
        if database.dialect == "sqlite":
            return or_(*(func.instr(column, word) > 0 for word in words))
        return or_(*(func.position(word.op("IN")(column)) > 0 for word in words))


def sweep(database: Database, connection: Connection, traces: Traces) -> None:
    """Take a person out of every table that may hold a text about people."""
    for table in tables.metadata.sorted_tables:
        if table.name in _APART:
            continue
        for column in table.columns:
            kind = column.type
            if column is tables.requests.c.body or column.name in _FIGURES:
                # What is asked is forgotten as soon as it is taken.
                continue
            if not column.primary_key and isinstance(kind, String | Text) and (kind.length or 1_000) >= _FREE_TEXT:
                rows = _rows(connection, table, column, traces.in_text(column))
                _rewrite(connection, table, column, rows, traces.without)
    pages, duties = tables.pages, tables.duty_states
    rows = _rows(connection, pages, pages.c.note, traces.in_bytes(database, pages.c.note))
    _rewrite(connection, pages, pages.c.note, rows, lambda note: _note_without(note, traces))
    rows = _rows(connection, duties, duties.c.state, traces.in_bytes(database, duties.c.state))
    _rewrite(connection, duties, duties.c.state, rows, lambda state: duty_without(state, traces))


def duty_without(state: bytes, traces: Traces) -> bytes:
    try:
        return encode_duty(forgotten(decode_duty(state), traces.name, traces.without))
    except DutyRefused:
        # Not the duty of a site: whoever keeps it forgets the person by a rule of its own.
        return state


def _rows(connection: Connection, table: Table, column: Column[Any], where: Any) -> list[tuple[tuple[Any, ...], Any]]:
    keys = list(table.primary_key)
    return [(tuple(row[:-1]), row[-1]) for row in connection.execute(select(*keys, column).where(where))]


def _rewrite(
    connection: Connection,
    table: Table,
    column: Column[Any],
    rows: Iterable[tuple[tuple[Any, ...], Any]],
    without: Callable[[Any], Any],
) -> None:
    for key, value in rows:
        fresh = without(value)
        if fresh != value:
            mine = [one == part for one, part in zip(table.primary_key, key, strict=True)]
            connection.execute(update(table).where(*mine).values({column.name: fresh}))


def _note_without(note: bytes, traces: Traces) -> bytes:
    def cleaned(value: Any) -> Any:
        if isinstance(value, str):
            return traces.without(value)
        if isinstance(value, list):
            return [cleaned(one) for one in value]
        if isinstance(value, dict):
            # Where it is and what it is for are no texts about people.
            return {key: one if key in ("site", "zone", "link", "id") else cleaned(one) for key, one in value.items()}
        return value

    return json.dumps(cleaned(json.loads(note)), ensure_ascii=False, separators=(",", ":")).encode()
