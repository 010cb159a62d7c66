"""Who stands behind the pseudonyms of the chain. The chain never holds a name, so a person can be erased and it stays
whole."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from alerting.duty.events import Entry
from alerting.record import tables

PSEUDONYM = re.compile(r"\bp-[0-9a-f]{16}\b")


def spoken(text: str, names: Mapping[str, str | None]) -> str:
    """`text` with names by pseudonym in place of pseudonyms; `…` for whoever is not known any more."""
    return PSEUDONYM.sub(lambda found: names.get(found[0]) or "…", text)


class People:
    """Pseudonyms by short name, as far as the record knows them."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._titles: dict[str, str] = {}
        self._unsaved: dict[str, str] = {}

    def load(self, connection: Connection) -> None:
        known = tables.people.c
        rows = connection.execute(select(tables.people).where(known.name.is_not(None), known.erased.is_(None)))
        self._known = {row.name: row.pseudonym for row in rows}
        self._names = {pseudonym: name for name, pseudonym in self._known.items()}

    def called(self, titles: Mapping[str, str]) -> None:
        """What people are called, by short name; written with the next entry that names them."""
        self._titles = dict(titles)

    def titles(self, name: str) -> tuple[str, ...]:
        """What is known of how people call `name`."""
        return tuple(filter(None, [self._titles.get(name)]))

    def pseudonym(self, name: str) -> str:
        """The pseudonym of `name`, made anew where there is none; empty for nobody."""
        if not name or name in self._names:
            return name
        if name not in self._known:
            made = f"p-{secrets.token_hex(8)}"
            self._known[name] = self._unsaved[name] = made
            self._names[made] = name
        return self._known[name]

    def name(self, pseudonym: str) -> str:
        """The short name behind a pseudonym; empty where it was erased."""
        return self._names.get(pseudonym, "")

    def body(self, entry: Entry) -> dict[str, Any]:
        """The entry's body with pseudonyms where people stand, also in what somebody wrote freely."""
        free = {"why", "reason", "about"} if entry.kind != "call" else set[str]()
        body: dict[str, Any] = {}
        for key, value in entry.body.items():
            if key in entry.people:
                value = self.pseudonym(str(value))
            elif isinstance(value, str) and (key in free or key == "words"):
                value = self.discreet(value, names=key in free)
            body[key] = value
        return body

    def discreet(self, text: str, names: bool = True) -> str:
        """`text` with pseudonyms for the people of the duty list, by what they are called and by short `names`."""
        for name, title in sorted(self._titles.items(), key=lambda one: -len(one[1])):
            if len(title) > 1 and title in text:
                text = text.replace(title, self.pseudonym(name))
        for name in (self._titles.keys() | self._known.keys()) if names else ():
            if name in text:
                text = re.sub(rf"(?<![A-Za-z0-9_-]){re.escape(name)}(?![A-Za-z0-9_-])", self.pseudonym(name), text)
        return text

    def spoken(self, text: str) -> str:
        """The same with the short names of those who are still known."""
        return spoken(text, self._names)

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
