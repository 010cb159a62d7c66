"""What people ask for through other doors (the answering page, the command line), in one form for all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from alerting.assess.effects import effect_id
from alerting.assess.rules import Levels
from alerting.desk.asks import ASKS, happening
from alerting.desk.events import Forgotten, Happening
from alerting.duty.events import Call, Entry, Refused, Silenced, Unsilenced
from alerting.duty.incident import Silence
from alerting.office import Office
from alerting.paging.note import Note
from alerting.record import Batch, Outcome, Request
from alerting.record.store import ERASING
from alerting.resets import Reset, ask_reset
from alerting.thresholds import Thresholds
from wire import TierName


@dataclass(frozen=True)
class Answered:
    """Somebody has it in hand: who, by which call, and what."""

    call: str
    person: str
    incidents: tuple[str, ...]


@dataclass(frozen=True)
class Taken:
    outcome: Outcome
    pages: list[tuple[Call, Note]] = field(default_factory=list)
    answered: Answered | None = None
    #: Thresholds that are to come into force.
    thresholds: Thresholds | None = None
    #: An occupancy that begins anew.
    reset: Reset | None = None
    #: What the duty desk is told; its refusal, if there is one, is the outcome.
    desk: Happening | None = None
    #: Who is to be erased.
    forgotten: str = ""


def take_request(request: Request, office: Office, at: float, batch: Batch) -> Taken:
    """Do what is asked, into `batch`. What cannot be read is refused, and never asked again."""
    try:
        body = json.loads(request.body)
        what = body["what"]
        if what == "acknowledge":
            return _acknowledge(request, body, office, at, batch)
        if what == "silence":
            return _silence(request, body, office, at, batch)
        if what == "unsilence":
            return _unsilence(request, body, office, at, batch)
        if what in ASKS:
            return Taken(Outcome(request.id, "done", ""), desk=happening(body, request.key, at))
        if what == "forget":
            person = str(body["person"])
            batch.erased.append(person)
            batch.entries.append(Entry(at, "forgotten", {"person": person}, ("person",)))
            office.forget(person)
            return Taken(Outcome(request.id, ERASING, ""), forgotten=person, desk=Forgotten(at, person))
        if what == "thresholds":
            return _thresholds(request, body, office, at)
        if what == "reset":
            reset, outcome, words = ask_reset(body, office, at, batch)
            return Taken(Outcome(request.id, outcome, words), reset=reset)
        if what == "console":
            told = {key: str(body[key])[:400] for key in ("account", "did", "about", "from")}
            batch.entries.append(Entry(at, "console", told, ("account",)))
            return Taken(Outcome(request.id, "done", ""))
        if what == "opened":
            entry = {"how": "link", "call": str(body["call"]), "person": str(body["person"])}
            batch.entries.append(Entry(at, "log-in", entry, ("person",)))
            return Taken(Outcome(request.id, "done", ""))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Taken(Outcome(request.id, "invalid", f"the request cannot be read: {type(error).__name__}"))
    return Taken(Outcome(request.id, "invalid", "nobody knows how to do that"))


def _acknowledge(request: Request, body: Mapping[str, Any], office: Office, at: float, batch: Batch) -> Taken:
    person, site = str(body["person"]), str(body["site"])
    incidents = [(str(name), int(alarm)) for name, alarm in body["incidents"]]
    done, refused = office.acknowledge(site, incidents, person, str(body.get("how", "link")), at, batch)
    if done:
        answered = Answered(str(body.get("call", "")), person, tuple(done))
        return Taken(Outcome(request.id, "acknowledged", ""), answered=answered)
    return Taken(_refusal(request, refused))


def _silence(request: Request, body: Mapping[str, Any], office: Office, at: float, batch: Batch) -> Taken:
    site = str(body["site"])
    if site not in office.sites:
        return Taken(Outcome(request.id, "unknown-site", f"no site is called {site}"))
    begins = float(body.get("begins") or at)
    silence = Silence(
        id=effect_id("silence", request.key),
        site=site,
        zone=str(body.get("zone", "")),
        owner=str(body["owner"]),
        reason=str(body["reason"])[:200],
        begins=begins,
        ends=float(body["ends"]) if "ends" in body else max(begins, at) + float(body["for_s"]),
        ceiling=TierName(str(body["ceiling"])).tier,
        maintenance=bool(body.get("maintenance", False)),
    )
    pages, refused = office.happens(site, Silenced(at, silence), batch)
    if refused:
        return Taken(_refusal(request, refused))
    return Taken(Outcome(request.id, "silenced", silence.id), pages)


def _unsilence(request: Request, body: Mapping[str, Any], office: Office, at: float, batch: Batch) -> Taken:
    wanted = str(body["silence"])
    site = next((one.site for one in office.silences() if one.id == wanted), None)
    if site is None:
        return Taken(Outcome(request.id, "unknown-silence", "there is no such silence now"))
    pages, refused = office.happens(site, Unsilenced(at, wanted, str(body["person"])), batch)
    return Taken(_refusal(request, refused) if refused else Outcome(request.id, "ended", ""), pages)


def _thresholds(request: Request, body: Mapping[str, Any], office: Office, at: float) -> Taken:
    """A change of thresholds by a named person, with a reason."""
    site, zone = str(body["site"]), str(body["zone"])
    if not office.judges(site, zone):
        return Taken(Outcome(request.id, "unknown-zone", f"no zone is called {site}/{zone}"))
    person, reason = str(body["person"]).strip(), str(body["reason"]).strip()
    if not person or not reason:
        return Taken(Outcome(request.id, "no-reason", "a change of thresholds needs a name and a reason"))
    try:
        levels = msgspec.convert(body["levels"], Levels, strict=False)
    except msgspec.ValidationError as error:
        return Taken(Outcome(request.id, "invalid", str(error)))
    change = Thresholds(site=site, zone=zone, levels=levels, by=person, reason=reason[:200], at=at)
    return Taken(Outcome(request.id, "changed", ""), thresholds=change)


def _refusal(request: Request, refused: list[Refused]) -> Outcome:
    first = refused[0] if refused else Refused(0.0, "invalid", "nothing was asked")
    return Outcome(request.id, first.reason, first.words)
