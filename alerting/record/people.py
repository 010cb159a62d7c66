"""Who stands behind the pseudonyms of the chain. The chain never holds a name, so a person can be erased and it stays
whole."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from alerting.duty.events import Entry
from alerting.record import tables


class People:
    """Pseudonyms by short name, as far as the record knows them."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._titles: dict[str, str] = {}
        self._unsaved: dict[str, str] = {}

    def load(self, connection: Connection) -> None:
        rows = connection.execute(select(tables.people).where(tables.people.c.name.is_not(None)))
        self._known = {row.name: row.pseudonym for row in rows}
        self._names = {pseudonym: name for name, pseudonym in self._known.items()}

    def called(self, titles: Mapping[str, str]) -> None:
        """What people are called, by short name; written with the next entry that names them."""
        self._titles = dict(titles)

    def pseudonym(self, name: str) -> str:
        """The pseudonym of `name`, made anew where there is none; empty for nobody."""
        if not name:
            return ""
        if name not in self._known:
            made = f"p-{secrets.token_hex(8)}"
            self._known[name] = self._unsaved[name] = made
            self._names[made] = name
        return self._known[name]

    def name(self, pseudonym: str) -> str:
        """The short name behind a pseudonym; empty where it was erased."""
        return self._names.get(pseudonym, "")

    def body(self, entry: Entry) -> dict[str, Any]:
        """The entry's body with pseudonyms where people stand."""
        return {key: self.pseudonym(str(value)) if key in entry.people else value for key, value in entry.body.items()}

    def unsaved(self) -> list[dict[str, str | None]]:
        """Rows for the pseudonyms that are not in the database yet."""
        return [
            {"pseudonym": made, "name": name, "title": self._titles.get(name), "erased": None}
            for name, made in self._unsaved.items()
        ]

    def forget(self, name: str) -> None:
        """From now on `name` is somebody new."""
        self._names.pop(self._known.pop(name, ""), None)

    def saved(self) -> None:
        self._unsaved.clear()
