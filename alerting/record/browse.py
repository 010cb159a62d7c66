"""The record a page at a time, for people to look through: newest first, names in place of pseudonyms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Table, and_, or_, select

from alerting.record import tables
from alerting.record.people import PSEUDONYM, spoken
from alerting.record.reader import Reader
from wire import MessageRefused, Readings, Tier, decode

#: The row of the duty desk among the stored duties.
DESK = "levee-desk"
#: Messages that are read at a time.
PIECE = 200


@dataclass(frozen=True)
class Place:
    """Where a page ends: the time and id of its last row."""

    at: float
    id: str


@dataclass(frozen=True)
class ChangeRow:
    id: str
    at: float
    site: str
    zone: str
    what: str
    from_tier: str
    to_tier: str
    why: str
    figures: dict[str, Any]


@dataclass(frozen=True)
class IncidentRow:
    id: str
    site: str
    zone: str
    phase: str
    tier: str
    peak: str
    opened: float
    since: float
    alarm: int
    due: float | None
    #: What the person is called; empty where nobody has, or the person was erased.
    acknowledged_by: str
    acknowledged_at: float | None
    why: str


class Browser(Reader):
    """RecordAway, RecordRefused from everything here."""

    def changes(
        self,
        limit: int,
        before: Place | None = None,
        site: str = "",
        zone: str = "",
        since: float = 0.0,
        what: str = "",
    ) -> list[ChangeRow]:
        """Tier changes and what else happened to zones; an erased person is `…`."""
        wanted = _page(tables.tier_changes, "at", before, limit)
        change = tables.tier_changes.c
        wanted = wanted.where(change.site == site) if site else wanted
        wanted = wanted.where(change.zone == zone) if zone else wanted
        wanted = wanted.where(change.at >= since) if since else wanted
        wanted = wanted.where(change.what == what) if what else wanted
        with self._database.transaction() as connection:
            rows = list(connection.execute(wanted))
            people = {found for row in rows for found in PSEUDONYM.findall(row.why)}
            known = tables.people.c
            wanted = select(known.pseudonym, known.name).where(known.pseudonym.in_(sorted(people)))
            names = {row.pseudonym: row.name for row in connection.execute(wanted)} if people else {}
        return [
            ChangeRow(
                row.id,
                row.at,
                row.site,
                row.zone,
                row.what,
                Tier(row.from_tier).label,
                Tier(row.to_tier).label,
                spoken(row.why, names),
                json.loads(row.figures),
            )
            for row in rows
        ]

    def incidents(
        self, limit: int, before: Place | None = None, site: str = "", zone: str = "", only_open: bool = False
    ) -> list[IncidentRow]:
        wanted = _page(tables.incidents, "opened", before, limit)
        incident = tables.incidents.c
        wanted = wanted.where(incident.site == site) if site else wanted
        wanted = wanted.where(incident.zone == zone) if zone else wanted
        wanted = wanted.where(incident.phase != "closed") if only_open else wanted
        with self._database.transaction() as connection:
            rows = list(connection.execute(wanted))
            people = {row.acknowledged_by for row in rows if row.acknowledged_by}
            known = tables.people.c
            names = {
                row.pseudonym: row.title or row.name or ""
                for row in connection.execute(
                    select(known.pseudonym, known.name, known.title).where(known.pseudonym.in_(sorted(people)))
                )
            }
        return [
            IncidentRow(
                row.id,
                row.site,
                row.zone,
                row.phase,
                Tier(row.tier).label,
                Tier(row.peak).label,
                row.opened,
                row.since,
                row.alarm,
                row.due,
                names.get(row.acknowledged_by, ""),
                row.acknowledged_at,
                row.why,
            )
            for row in rows
        ]

    def desk(self) -> bytes | None:
        """The stored state of the duty desk, at most some seconds old; None where there is none."""
        kept = tables.duty_states.c
        with self._database.transaction() as connection:
            found = connection.execute(select(kept.state).where(kept.site == DESK)).scalar()
        return bytes(found) if found is not None else None

    def incident_row(self, name: str) -> tuple[str, str, int] | None:
        """Site, zone and alarm of an incident."""
        found = self.incident(name)
        return (found["site"], found["zone"], found["alarm"]) if found is not None else None

    def messages(self, since: float) -> Iterator[list[tuple[float, Readings]]]:
        """What arrived `since` then, oldest first, in pieces; what can no longer be read is passed over."""
        kept, after = tables.messages.c, 0
        with self._database.transaction() as connection:
            first = connection.execute(
                select(kept.id).where(kept.received >= since).order_by(kept.received).limit(1)
            ).scalar()
        if first is None:
            return
        after = int(first) - 1
        while True:
            with self._database.transaction() as connection:
                rows = connection.execute(
                    select(kept.id, kept.received, kept.payload).where(kept.id > after).order_by(kept.id).limit(PIECE)
                ).all()
            piece = []
            for row in rows:
                try:
                    piece.append((row.received, decode(row.payload, Readings)))
                except MessageRefused:
                    continue
            yield piece
            if len(rows) < PIECE:
                return
            after = rows[-1].id


def _page(table: Table, time: str, before: Place | None, limit: int) -> Select[Any]:
    at, name = table.c[time], table.c.id
    wanted = select(table).order_by(at.desc(), name.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(or_(at < before.at, and_(at == before.at, name < before.id)))
    return wanted
