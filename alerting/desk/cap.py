"""What is written in the Common Alerting Protocol, and what refers to what. A draft is for the duty room; only a named
person with the right to it releases to the public."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from alerting.desk.events import CapDraft, CapReleased, TierFell, TierRose
from alerting.desk.state import CapMessage, CapThread
from alerting.desk.work import Work
from wire import Tier


def changed(work: Work, event: TierRose | TierFell) -> None:
    """Alert, update or cancel: the draft that a change of tier asks for."""
    settings = work.book.desk.cap
    if settings is None:
        return
    key = f"{event.drill or 'live'}/{event.site}/{event.zone}"
    thread = work.cap.get(key, CapThread())
    above = event.tier >= Tier.from_label(settings.from_tier)
    was_above = bool(thread.drafts) and thread.tier >= Tier.from_label(settings.from_tier)
    if not above and not was_above:
        return
    if not was_above:
        thread = replace(thread, drafts=())
    kind = "Alert" if not thread.drafts else "Update" if above else "Cancel"
    made = _next(work)
    _write(work, event, made, kind, "Restricted", thread.drafts)
    thread = replace(
        thread,
        drafts=(*thread.drafts, made),
        tier=event.tier,
        kind=event.kind,
        why=event.why,
        released=False,
    )
    if event.drill and kind == "Cancel":
        work.cap.pop(key, None)
    else:
        work.cap[key] = thread


def release(work: Work, event: CapReleased) -> None:
    """The newest draft of a zone goes to the public, in the name of the body, by decision of a person."""
    settings = work.book.desk.cap
    if work.unknown(event.person):
        return
    if settings is None or event.person not in settings.release:
        work.refuse("no-right", f"{event.person} may not release a warning to the public (`cap.release`)")
        return
    for key, thread in work.cap.items():
        names = [draft.identifier for draft in thread.drafts]
        if event.message not in names:
            continue
        way, site, zone = key.split("/")
        if way != "live":
            work.refuse("exercise", "a message of an exercise is not released")
        elif names[-1] != event.message:
            work.refuse("superseded", f"a newer draft stands: {names[-1]}")
        elif thread.released:
            work.refuse("already", "it is released already")
        else:
            _publish(work, key, thread, site, zone, event)
        return
    work.refuse("unknown-message", "there is no such draft")


def _publish(work: Work, key: str, thread: CapThread, site: str, zone: str, event: CapReleased) -> None:
    settings = work.book.desk.cap
    assert settings is not None
    over = thread.tier < Tier.from_label(settings.from_tier)
    if over and not thread.public:
        work.refuse("nothing-public", "nothing of it was released, so there is nothing to cancel")
        return
    kind = "Cancel" if over else "Update" if thread.public else "Alert"
    made = _next(work)
    change = TierRose(work.now, site, zone, thread.tier, "", thread.why, thread.kind)
    _write(work, change, made, kind, "Public", thread.public, by=event.person, of=event.message)
    public = () if over else (*thread.public, made)
    work.cap[key] = replace(thread, public=public, released=True)


def _next(work: Work) -> CapMessage:
    """Area code, body and unit, the time in the desk's zone, and a number."""
    settings = work.book.desk.cap
    assert settings is not None
    work.cap_number += 1
    place = datetime.fromtimestamp(int(work.now), UTC).astimezone(ZoneInfo(work.book.desk.time_zone))
    return CapMessage(
        identifier=f"{settings.prefix}_{place:%Y%m%d%H%M%S}_{work.cap_number}",
        sent=place.isoformat(timespec="seconds"),
    )


def _write(
    work: Work,
    event: TierRose | TierFell,
    made: CapMessage,
    kind: str,
    scope: str,
    before: tuple[CapMessage, ...],
    by: str = "",
    of: str = "",
) -> None:
    work.asked.append(
        CapDraft(
            at=work.now,
            identifier=made.identifier,
            sent=made.sent,
            status="Exercise" if event.drill else "Actual",
            message=kind,
            scope=scope,
            references=tuple((one.identifier, one.sent) for one in before),
            site=event.site,
            zone=event.zone,
            tier=event.tier,
            kind=event.kind,
            why=event.why,
            incident=event.incident,
            by=by,
            note=of,
            drill=event.drill,
        )
    )
