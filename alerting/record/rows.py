"""What is recorded as the rows of its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from alerting.assess import Change, Figures, TierChanged, join_events
from alerting.assess.rules import Levels
from alerting.duty.incident import Incident
from alerting.ingest import Accepted
from alerting.ledger import Ledger
from alerting.record.batch import CallRow, Checkpoint, PageRow
from alerting.record.sealed import message_digest
from alerting.thresholds import Thresholds
from wire import encode

Row = dict[str, Any]
WHAT = {"TierChanged": "tier", "HeldUnknown": "held", "UnknownEnded": "seen-again", "SettingsChanged": "settings"}


def message_row(taken: Accepted) -> Row:
    row = {
        "site": taken.site,
        "box": taken.box,
        "session": taken.message.session,
        "sequence": taken.message.sequence,
        "way": "live" if taken.live else "backlog",
        "received": taken.at,
        "payload": encode(taken.message),
    }
    return {**row, "digest": message_digest(row)}


def change_row(change: Change) -> Row:
    return {
        "id": change.id,
        "at": change.at,
        "site": change.site,
        "zone": change.zone,
        "what": WHAT[type(change).__name__],
        "from_tier": change.from_tier if isinstance(change, TierChanged) else change.tier,
        "to_tier": change.to_tier if isinstance(change, TierChanged) else change.tier,
        "why": change.why,
        "figures": msgspec.json.encode(change.figures if isinstance(change, TierChanged) else Figures()).decode(),
    }


def page_row(row: PageRow, pseudonym: Callable[[str], str]) -> Row:
    return {
        "id": row.id,
        "channel": row.channel,
        "person": pseudonym(row.person),
        "tier": row.tier,
        "queued": row.queued,
        "note": row.note,
        "state": row.state.value,
        "attempts": row.attempts,
        "answer": row.answer,
    }


def ledger_row(key: tuple[str, str, str], ledger: Ledger, at: float) -> Row:
    site, box, session = key
    ranges = msgspec.json.encode(ledger.ranges).decode()
    return {"site": site, "box": box, "session": session, "up_to": ledger.up_to, "ranges": ranges, "heard": at}


def incident_row(incident: Incident, pseudonym: Callable[[str], str]) -> Row:
    return {
        "id": incident.id,
        "site": incident.site,
        "zone": incident.zone,
        "phase": incident.phase.value,
        "tier": int(incident.tier),
        "peak": int(incident.peak),
        "opened": incident.opened,
        "since": incident.since,
        "alarm": incident.alarm,
        "due": incident.due,
        "acknowledged_by": pseudonym(incident.acknowledged_by),
        "acknowledged_at": incident.acknowledged_at,
        "why": incident.why[:400],
    }


def call_row(row: CallRow, pseudonym: Callable[[str], str]) -> Row:
    call = row.call
    return {
        "id": call.id,
        "site": row.site,
        "at": call.at,
        "person": pseudonym(call.person),
        "incidents": msgspec.json.encode(call.incidents).decode(),
        "text": row.text,
    }


def thresholds_row(one: Thresholds, pseudonym: Callable[[str], str]) -> Row:
    return {
        "site": one.site,
        "zone": one.zone,
        "at": one.at,
        "person": pseudonym(one.by),
        "reason": one.reason[:200],
        "base": msgspec.json.encode(one.base).decode(),
        "levels": msgspec.json.encode(one.levels).decode(),
    }


def thresholds_read(row: Any, name: Callable[[str], str]) -> Thresholds:
    return Thresholds(
        site=row.site,
        zone=row.zone,
        at=row.at,
        by=name(row.person),
        reason=row.reason,
        base=msgspec.json.decode(row.base, type=Levels | None),
        levels=msgspec.json.decode(row.levels, type=Levels),
    )


def state_rows(states: Iterable[tuple[str, bytes]], at: float) -> list[Row]:
    return [{"site": site, "saved": at, "state": state} for site, state in states]


def event_rows(events: Mapping[str, list[tuple[int, bytes]]], at: float) -> list[Row]:
    return [
        {
            "site": site,
            "first": logged[0][0],
            "last": logged[-1][0],
            "at": at,
            "piece": join_events(event for _, event in logged),
        }
        for site, logged in events.items()
        if logged
    ]


def checkpoint_rows(checkpoints: Mapping[str, Checkpoint]) -> list[Row]:
    return [{"site": site, "number": one.number, "at": one.at, "state": one.state} for site, one in checkpoints.items()]
