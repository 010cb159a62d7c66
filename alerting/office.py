"""The duty of all sites around its pure core: what it asks for becomes entries of the record, and pages to people."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from alerting.answer.link import Links
from alerting.assess import Figures, Page
from alerting.duty.events import Acknowledged, Call, Closed, Entry, Happening, Refused
from alerting.duty.incident import DutyRefused, DutyState, Incident, Silence, decode_duty, encode_duty, forgotten
from alerting.duty.settings import DutySettings, Person, ZoneDuty
from alerting.duty.step import Roster, follow
from alerting.paging.note import NOBODY, Addressee, Note, write_note
from alerting.record import Batch, CallRow, PageRow, RecordRefused
from alerting.record.erase import Traces
from alerting.settings import SiteSettings
from wire import Tier, TierName

log = logging.getLogger("levee.alerting")
#: The duty of the service itself: where the paging is at fault.
SELF = "levee-service"
SELF_ZONE = "pager"
#: What is known of a zone now, by site and zone.
Known = Callable[[str, str], Figures]


class Office:
    """Used by the thread of the service only. RecordRefused where a stored state cannot be read."""

    def __init__(
        self,
        sites: Sequence[SiteSettings],
        duty: DutySettings | None,
        stored: Mapping[str, bytes],
        at: float,
        *,
        known: Known,
        links: Links | None,
        addressed: frozenset[str] = frozenset(),
        bodies: Mapping[str, Person] | None = None,
        exercises: Mapping[str, str] | None = None,
    ) -> None:
        """`addressed` are the channels that reach nobody without an address; `bodies` are reached as people are;
        `exercises` are those of `sites` that drills are played at, each with the real site that it stands for."""
        self._sites = {site.site: site for site in sites}
        self._bodies, self.exercises = dict(bodies or {}), dict(exercises or {})
        #: The drill that calls of exercises belong to.
        self.drill = ""
        self.duty, self._known, self._links, self.addressed = duty, known, links, addressed
        self._rosters = {site.site: Roster({z.name: z.duty or site.duty for z in site.zones}, duty) for site in sites}
        keeper = ZoneDuty(territory=duty.keeper) if duty is not None and duty.keeper is not None else None
        self._rosters[SELF] = Roster({SELF_ZONE: keeper}, duty)
        self._states = {name: _stored(name, stored.get(name), at) for name in self._rosters}
        self.unsaved: set[str] = set()

    def happens(self, site: str, happening: Happening, batch: Batch) -> tuple[list[tuple[Call, Note]], list[Refused]]:
        """What follows from `happening`, into `batch`; the pages to be queued, and what was refused."""
        before = self._states[site].incidents
        self._states[site], asked = follow(self._states[site], happening, self._rosters[site])
        self.unsaved.add(site)
        after = self._states[site].incidents
        for zone in before.keys() | after.keys():
            incident = after.get(zone)
            if incident is not None and incident != before.get(zone):
                batch.incidents[incident.id] = incident
        pages, refused = [], []
        for one in asked:
            match one:
                case Entry():
                    batch.entries.append(self._marked(site, one))
                case Closed():
                    batch.incidents[one.incident.id] = one.incident
                case Call():
                    note = self._note_or_none(site, one)
                    if note is not None:
                        batch.calls[one.id] = CallRow(one, site, note.text)
                        pages.append((one, note))
                case Refused():
                    refused.append(one)
        return pages, refused

    def _marked(self, site: str, entry: Entry) -> Entry:
        """What happens in a drill is of another kind in the record, so that nobody takes it for real."""
        if site not in self.exercises:
            return entry
        return Entry(entry.at, f"drill-{entry.kind}"[:20], {**entry.body, "drill": self.drill}, entry.people)

    def use(self, duty: DutySettings) -> None:
        """Other people are on duty from now on."""
        self.duty = duty
        self._rosters = {name: Roster(roster.zones, duty) for name, roster in self._rosters.items()}

    def save(self, batch: Batch) -> None:
        for site in self.unsaved:
            batch.duties[site] = encode_duty(self._states[site])
        self.unsaved.clear()

    @property
    def tested_at(self) -> float:
        """When the daily test was begun last; 0 before the first time."""
        return self._states[SELF].tested_at

    def mark_tested(self, at: float) -> None:
        self._states[SELF] = msgspec.structs.replace(self._states[SELF], tested_at=at)
        self.unsaved.add(SELF)

    def forget(self, name: str) -> None:
        """Leave out a person who is to be erased, wherever he or she was called or has answered."""
        known = self.duty.person(name) if self.duty is not None else None
        traces = Traces(name, (known.title,) if known is not None else ())
        for site, state in self._states.items():
            self._states[site] = forgotten(state, name, traces.without)
            self.unsaved.add(site)

    @property
    def sites(self) -> Iterable[str]:
        return self._states

    def incidents(self) -> list[Incident]:
        """The open ones, the most urgent first."""
        found = [incident for state in self._states.values() for incident in state.incidents.values()]
        return sorted(found, key=lambda incident: (-incident.urgency, incident.opened))

    def incident(self, site: str, zone: str) -> Incident | None:
        return self._states[site].incidents.get(zone)

    def silences(self) -> list[Silence]:
        return [silence for state in self._states.values() for silence in state.silences]

    def judges(self, site: str, zone: str) -> bool:
        return site in self._sites and any(one.name == zone for one in self._sites[site].zones)

    def balances(self, site: str, zone: str) -> bool:
        """Whether the zone's occupancy is kept here, from its gates."""
        return any(one.name == zone and one.balance for one in self._sites[site].zones)

    def zones_left(self, site: str) -> set[str]:
        """Zones with an open incident that are no longer judged."""
        known = {zone.name for zone in self._sites[site].zones} if site in self._sites else {SELF_ZONE}
        return set(self._states[site].incidents) - known

    def silences_left(self, site: str) -> list[Silence]:
        """Silences over zones that are no longer judged."""
        known = {zone.name for zone in self._sites[site].zones} if site in self._sites else {SELF_ZONE}
        return [one for one in self._states[site].silences if one.zone and one.zone not in known]

    def acknowledge(
        self, site: str, incidents: Iterable[tuple[str, int]], person: str, how: str, at: float, batch: Batch
    ) -> tuple[list[str], list[Refused]]:
        """`person` answers; the incidents that are acknowledged by that, and what was refused."""
        done, refused = [], []
        for incident, alarm in incidents:
            event = Acknowledged(at, incident, person, alarm if alarm >= 0 else None, how)
            _, no = self.happens(site, event, batch) if site in self._states else ([], [Refused(at, "closed", "")])
            refused += no
            done += [] if no else [incident]
        return done, refused

    def address(self, person: str, channel: str) -> str | None:
        """Where a person is reached on a channel: empty where the channel has one receiver, None where there is
        nobody of that name, or no such way."""
        if not person:
            return ""
        known = self._person(person)
        if known is None:
            return None
        return next((reach.to or "" for reach in known.reach if reach.channel == channel), None)

    def channels(self, call: Call) -> list[str]:
        """The channels of a call: for red all at once, otherwise the first."""
        return self.ways(call.person, call.parallel)

    def ways(self, name: str, parallel: bool) -> list[str]:
        """The channels of a person or a body: all of them at once, or the first."""
        known = self._person(name)
        ways = [reach.channel for reach in known.reach] if known is not None else []
        return ways if parallel else ways[:1]

    def _person(self, name: str) -> Person | None:
        if name in self._bodies:
            return self._bodies[name]
        return self.duty.person(name) if self.duty is not None and name else None

    def next_channel(self, row: PageRow) -> str | None:
        """Where a page below red goes on when a channel has not taken it at its first answer."""
        known = self._person(row.person)
        if known is None or row.tier >= Tier.RED:
            return None
        ways = [reach.channel for reach in known.reach]
        place = ways.index(row.channel) if row.channel in ways else len(ways)
        return ways[place + 1] if place + 1 < len(ways) else None

    # What a call says

    def _note_or_none(self, site: str, call: Call) -> Note | None:
        """One call that cannot be worded must not keep the others from being made."""
        try:
            return self._note(site, call)
        except Exception:
            log.exception("site %s: the call %s to %s cannot be worded", site, call.id, call.person)
            return None

    def _note(self, site: str, call: Call) -> Note | None:
        person = self.duty.person(call.person) if self.duty is not None else None
        if person is None:
            return None
        link = self._links.make(call.id, call.at) if self._links is not None and call.incidents else ""
        if call.silence:
            return self._reminder(site, call, person)
        known = {incident.id: incident for incident in self._states[site].incidents.values()}
        mine = [known[name] for name, _ in call.incidents if name in known]
        if not mine:
            return None
        first = max(mine, key=lambda incident: incident.urgency)
        to = Addressee(person.title, person.language, call.reason, link, first.id)
        note = self.write(self._page(call, first), to)
        note = msgspec.structs.replace(note, incidents=tuple(incident.id for incident in mine))
        if len(mine) == 1:
            return note
        others = [f"{self._title(site, one.zone)} {TierName.of(one.tier).value}" for one in mine if one.id != first.id]
        more = f"另有：{'、'.join(others)}。" if person.language == "zh" else f" Also: {', '.join(others)}."
        return msgspec.structs.replace(note, text=note.text + more)

    def _page(self, call: Call, incident: Incident) -> Page:
        """The newest alarm of the incident, with what is known of the zone now."""
        return Page(
            id=call.id,
            at=call.at,
            site=incident.site,
            zone=incident.zone,
            tier=max(incident.tier, Tier.NORMAL),
            from_tier=incident.told_from,
            why=incident.why,
            since=incident.told_since,
            figures=self._known(incident.site, incident.zone) if incident.site != SELF else Figures(),
            unknown=incident.blind,
        )

    def _reminder(self, site: str, call: Call, person: Person) -> Note | None:
        silence = next((one for one in self._states[site].silences if one.id == call.silence), None)
        if silence is None:
            return None
        settings = self._site(site)
        zone = silence.zone or settings.zones[0].name
        page = Page(
            id=call.id,
            at=call.at,
            site=site,
            zone=zone,
            tier=Tier.NORMAL,
            from_tier=Tier.NORMAL,
            why=silence.reason,
            since=silence.begins,
            figures=Figures(),
        )
        note = write_note(page, settings, Addressee(person.title, person.language, call.reason))
        ends = datetime.fromtimestamp(silence.ends, UTC).astimezone(ZoneInfo(settings.time_zone))
        where = self._title(site, silence.zone) if silence.zone else settings.title
        text = (
            f"{where} 的静默将于 {ends:%H:%M} 结束（{silence.reason}）。"
            if person.language == "zh"
            else f"The silence of {where} ends at {ends:%H:%M} ({silence.reason})."
        )
        return msgspec.structs.replace(note, text=text, steps=())

    def write(self, page: Page, to: Addressee = NOBODY) -> Note:
        """The note of a page; marked, and of the real site, where it belongs to a drill."""
        real = self.exercises.get(page.site)
        if real is None:
            return write_note(page, self._site(page.site), to)
        note = write_note(page, self._site(page.site), to, exercise=True, drill=self.drill or "drill")
        return msgspec.structs.replace(note, site=real)

    def _site(self, site: str) -> SiteSettings:
        return self._sites[site] if site in self._sites else self_site()

    def _title(self, site: str, zone: str) -> str:
        return next((one.title for one in self._site(site).zones if one.name == zone), zone)


def self_site() -> SiteSettings:
    """The service itself, as a place that somebody answers for."""
    zone = {"name": SELF_ZONE, "title": "paging", "kind": "flat", "box": SELF}
    whole = {"site": SELF, "title": "Levee", "responsible": "keeper of the service", "zones": [zone]}
    return msgspec.convert(whole, SiteSettings)


def _stored(site: str, stored: bytes | None, at: float) -> DutyState:
    if stored is None:
        return DutyState(site=site, at=at)
    try:
        return decode_duty(stored)
    except DutyRefused as error:
        raise RecordRefused(f"site {site}: {error}; move the record away to begin anew") from None
