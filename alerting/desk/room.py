"""The duty desk around its pure core: what it asks for becomes entries of the record, and notes to people."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from alerting.answer.link import Links
from alerting.assess.effects import effect_id
from alerting.desk.capxml import cap_xml
from alerting.desk.events import Asked, Began, CapDraft, DrillOver, Happening, Notice, OccasionTurned, Passed, Withdrawn
from alerting.desk.settings import DeskSettings
from alerting.desk.state import DeskRefused, DeskState, decode_desk, encode_desk
from alerting.desk.step import step
from alerting.desk.work import Book
from alerting.duty.events import Call, Entry, Refused
from alerting.duty.settings import DutySettings, Person
from alerting.paging.note import Note
from alerting.record import Batch, CallRow, RecordRefused
from alerting.settings import SiteSettings
from wire import TierName

log = logging.getLogger("levee.alerting")
#: The row of the desk among the stored duties.
STORED = "levee-desk"
SUBJECTS = {
    "steps": ("预案步骤", "Steps of the plan"),
    "overdue": ("步骤逾期", "Step overdue"),
    "linkage": ("应急联动", "Request"),
    "roll-call": ("查岗", "Roll-call"),
    "roll-missed": ("查岗无应答", "Roll-call missed"),
    "hazard": ("隐患", "Hazard"),
    "hazard-overdue": ("隐患逾期", "Hazard overdue"),
    "reminder": ("隐患提醒", "Hazard due soon"),
    "recheck": ("回头看", "Re-check"),
    "drill-stopped": ("演练中止", "Drill stopped"),
}


@dataclass
class Followed:
    """What is to be done by others after one happening."""

    #: Who is told, by which note, on all channels at once or not.
    notes: list[tuple[str, Note, bool]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    #: Notes that nobody needs any more.
    withdrawn: list[str] = field(default_factory=list)
    over: DrillOver | None = None
    turned: list[OccasionTurned] = field(default_factory=list)


class DeskRoom:
    """Used by the thread of the service only. Without settings or a duty list there is no desk, and nothing follows.
    RecordRefused where a stored state cannot be read."""

    def __init__(
        self,
        desk: DeskSettings | None,
        duty: DutySettings | None,
        sites: Sequence[SiteSettings],
        stored: bytes | None,
        at: float,
        *,
        links: Links | None,
        key: str = "",
    ) -> None:
        """`key` is a secret of the record, from which the times of the roll-calls follow."""
        self.settings, self._links = desk, links
        self._book: Book | None = None
        if desk is not None and duty is not None:
            zones = {site.site: {zone.name: zone.title for zone in site.zones} for site in sites}
            self._book = Book(desk, duty, zones, {site.site: site.title for site in sites})
        self._places = {site.site: ZoneInfo(site.time_zone) for site in sites}
        self.bodies = desk.addressees() if desk is not None else {}
        self.state = _stored(stored, at)
        self._seed = hashlib.sha256(f"levee-roll-calls\x1f{key}".encode()).hexdigest()
        #: By ask, the notes that were sent for it.
        self._sent: dict[str, list[str]] = {}
        self._unsaved = False

    def use(self, duty: DutySettings) -> None:
        """Other people are on duty from now on."""
        if self._book is not None:
            self._book = replace(self._book, duty=duty)

    @property
    def active(self) -> bool:
        return self._book is not None

    def begin(self, at: float, batch: Batch) -> Followed:
        return self.happens(Began(at, self._seed), batch)

    def happens(self, happening: Happening, batch: Batch) -> Followed:
        """What follows from `happening`, into `batch`."""
        followed = Followed()
        if self._book is None:
            return followed
        before = self.state
        try:
            self.state, asked = step(before, happening, self._book)
        except Exception:
            # Plans and hazards must not keep a tier from being judged, or anybody from being called.
            log.exception("the duty desk fails")
            followed.refused.append(Refused(happening.at, "failed", "the duty desk failed; see the service's log"))
            return followed
        if asked or not isinstance(happening, Passed) or msgspec.structs.replace(self.state, at=before.at) != before:
            self._unsaved = True
        for one in asked:
            try:
                self._follow(one, batch, followed)
            except Exception:
                # What cannot be worded must not keep the rest from being said.
                log.exception("the duty desk cannot say %s", type(one).__name__)
        return followed

    def _follow(self, one: Asked, batch: Batch, followed: Followed) -> None:
        match one:
            case Entry():
                batch.entries.append(self._masked(one))
            case Refused():
                followed.refused.append(one)
            case Notice():
                self._note(one, batch, followed)
            case Withdrawn():
                for ask in one.asks:
                    followed.withdrawn += self._sent.pop(ask, [])
            case DrillOver():
                followed.over = one
            case OccasionTurned():
                followed.turned.append(one)
            case CapDraft():
                self._cap(one, batch)

    def save(self, batch: Batch) -> None:
        if self._unsaved:
            batch.duties[STORED] = encode_desk(self.state)
            self._unsaved = False

    def _masked(self, entry: Entry) -> Entry:
        """What people write in their own words must not carry a name into the chain, which is for ever."""
        assert self._book is not None
        body = dict(entry.body)
        for key in ("words", "evidence", "why"):
            text = body.get(key)
            for person in self._book.duty.people if isinstance(text, str) and text else ():
                for name in (person.title, person.name):
                    whole = rf"(?<![\w-]){re.escape(name)}(?![\w-])" if name.isascii() else re.escape(name)
                    text = re.sub(whole, "…", str(text))
            if isinstance(text, str):
                body[key] = text
        return Entry(entry.at, entry.kind, body, entry.people)

    def stopped(self, drill: str, people: Sequence[str], at: float) -> list[tuple[str, Note, bool]]:
        """Whoever was called in a drill is told that it is over, and that what comes now is real."""
        told = []
        for name in people:
            notice = Notice(
                id=effect_id("drill-stopped", drill, name),
                at=at,
                to=name,
                unit="",
                what="drill-stopped",
                zh="演练已中止：现场出现真实告警。此后收到的通知均为真实告警。",
                en="The drill is stopped: there is a real warning. What you receive from now on is real.",
            )
            person = self._book.duty.person(name) if self._book is not None else None
            told += [(name, self._write(notice, person), False)] if person is not None else []
        return told

    def _note(self, notice: Notice, batch: Batch, followed: Followed) -> None:
        assert self._book is not None
        person = self.bodies.get(notice.to) or self._book.duty.person(notice.to)
        if person is None:
            return
        note = self._write(notice, person)
        followed.notes.append((notice.to, note, notice.parallel))
        for ask in notice.asks:
            self._sent.setdefault(ask, []).append(notice.id)
        incidents = tuple((ask, 0) for ask in notice.asks)
        call = Call(notice.id, notice.at, notice.to, notice.unit, incidents, notice.tier, notice.what, notice.parallel)
        batch.calls[notice.id] = CallRow(call, notice.site or STORED, note.text)

    def _write(self, notice: Notice, person: Person) -> Note:
        book = self._book
        assert book is not None
        zh = person.language == "zh"
        place = self._places.get(notice.site, ZoneInfo(book.desk.time_zone))
        at = datetime.fromtimestamp(round(notice.at, 3), UTC).astimezone(place)
        link = self._links.make(notice.id, notice.at) if self._links is not None and notice.asks else ""
        mark = ("【演练】" if zh else "EXERCISE ") if notice.drill else ""
        subject = SUBJECTS.get(notice.what, ("值班台", "Duty desk"))[0 if zh else 1]
        return Note(
            id=notice.id,
            site=notice.site,
            site_title=book.titles.get(notice.site, notice.site),
            zone=notice.zone,
            zone_title=book.sites.get(notice.site, {}).get(notice.zone, notice.zone),
            tier=TierName.of(notice.tier),
            from_tier=TierName.of(notice.tier),
            unknown=False,
            why=subject,
            since=at,
            at=at,
            people=None,
            density=None,
            trend=None,
            responsible=book.unit_title(notice.unit),
            text=mark + (notice.zh if zh else notice.en),
            exercise=bool(notice.drill),
            drill=notice.drill,
            subject=subject,
            person=person.title,
            language=person.language,
            reason=notice.what,
            link=link,
        )

    def _cap(self, draft: CapDraft, batch: Batch) -> None:
        book = self._book
        assert book is not None
        assert book.desk.cap is not None
        zone = book.place(draft.site, draft.zone)
        xml = cap_xml(draft, book.desk.cap, zone)
        body = {
            "message": draft.identifier,
            "type": draft.message,
            "status": draft.status,
            "scope": draft.scope,
            "site": draft.site,
            "zone": draft.zone,
            "tier": draft.tier.label,
            "incident": draft.incident,
            "drill": draft.drill,
            "xml": xml,
        }
        body |= {"by": draft.by, "draft": draft.note} if draft.by else {}
        batch.entries.append(Entry(draft.at, "cap", body, ("by",) if draft.by else ()))


def _stored(stored: bytes | None, at: float) -> DeskState:
    if stored is None:
        return DeskState(at=at)
    try:
        return decode_desk(stored)
    except DeskRefused as error:
        raise RecordRefused(f"{error}; move the record away to begin anew") from None
