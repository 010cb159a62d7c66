"""Everything between "somebody must be told" and "it was accepted": screens, people, incidents, answers.

Used by the thread of the service. What happens goes into the service's batch; pages are handed out only once they are
recorded.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from alerting.answer.link import Links
from alerting.assess import Change, Figures, Page, SettingsChanged, SiteState, TierChanged, UnknownEnded
from alerting.assess.judge import figures
from alerting.audit.selftest import SelfTest
from alerting.channels import needs_address
from alerting.desk.events import DrillOver, Forgotten, IncidentEnded, OccasionTurned
from alerting.desk.events import Happening as DeskHappening
from alerting.desk.events import Passed as DeskPassed
from alerting.desk.inforce import fell, rose
from alerting.desk.room import STORED, DeskRoom, Followed
from alerting.desk.settings import DeskSettings
from alerting.duty.events import Call, Entry, Fell, Gone, Passed, Raised, Refused, SeenAgain, Unsilenced
from alerting.duty.incident import Phase
from alerting.duty.settings import DutySettings
from alerting.erasing import ERASED, emptied, end_pages, shown_without
from alerting.exercise import exercise_name, exercise_site
from alerting.metrics import Metrics
from alerting.office import SELF, SELF_ZONE, Office
from alerting.paging.desk import Desk, hands_of
from alerting.paging.note import Note
from alerting.paging.senders import Sender
from alerting.record import Batch, Outcome, PageRow, PageState, Request, Resumed
from alerting.requests import Answered, Taken, take_request
from alerting.resets import Reset
from alerting.settings import ServiceSettings, SiteSettings
from alerting.thresholds import Thresholds
from alerting.told import WHAT
from alerting.view import IncidentView, PageView, SilenceView, incident_view, page_view, silence_view
from wire import Tier
from wire.secret import secret

log = logging.getLogger("levee.alerting")
SHOWN = 50


class Pager:
    """RecordRefused where a stored state cannot be read."""

    def __init__(
        self,
        settings: ServiceSettings,
        sites: Sequence[SiteSettings],
        duty: DutySettings | None,
        senders: Mapping[str, Sender],
        resumed: Resumed,
        metrics: Metrics,
        *,
        desk: DeskSettings | None = None,
        states: Mapping[str, SiteState],
        batch: Callable[[], Batch],
        wake: Callable[[], None],
        allowed: Callable[[], bool],
        at: float,
    ) -> None:
        """`states` are the judgement's, for the figures of a page; `allowed` says whether this service leads."""
        self._settings, self._metrics, self._batch = settings, metrics, batch
        played = tuple(exercise_site(site) for site in sites) if desk is not None and desk.drills else ()
        self._sites = {site.site: site for site in (*sites, *played)}
        answer = settings.answer
        links = None
        if answer is not None:
            key = secret("the key of the links", env=answer.key_from_env, file=answer.key_from_file) or resumed.key
            links = Links(answer.url, key, answer.link_hours * 3600)
        self._states = states
        #: The judgement of the drill under way.
        self.played: Callable[[], SiteState | None] = lambda: None
        self.room = DeskRoom(desk, duty, sites, resumed.duties.get(STORED), at, links=links, key=resumed.key or "levee")
        #: Occasions that have begun or are over since somebody looked.
        self.turned: list[OccasionTurned] = []
        self.office = Office(
            (*sites, *played),
            duty,
            resumed.duties,
            at,
            known=self._known,
            links=links,
            addressed=frozenset(name for name, channel in settings.channels.items() if needs_address(channel)),
            bodies=self.room.bodies,
            exercises={exercise_name(site.site): site.site for site in sites if played},
        )
        channels = settings.channels
        self._desk = Desk(
            senders,
            settings.pages,
            wake,
            limits={name: getattr(channel, "per_minute", None) for name, channel in channels.items()},
            hands=hands_of(channels),
            address=self.office.address,
            allowed=allowed,
        )
        self.test = SelfTest(settings.self_test, tuple(senders), self.office)
        self._pages: dict[tuple[str, str], PageView] = {}
        self._taken: set[int] = set()
        self._erased: set[tuple[str, str]] = set()
        for row in self._desk.restore(resumed.pending, time.monotonic()):
            self._note_page(row)
            self._tell(row, at)
        for row in resumed.pending:
            if row.note != ERASED:
                self._pages.setdefault((row.id, row.channel), page_view(row))
        for site in self.office.sites:
            for zone in self.office.zones_left(site):
                self._happens(site, Gone(at, zone))
            for silence in self.office.silences_left(site):
                log.warning("%s/%s: the zone is no longer configured; its silence ends", site, silence.zone)
                self._happens(site, Unsilenced(at, silence.id, silence.owner))

        self._desk_asks(self.room.begin(at, self._batch()))

    def _real(self, site: str) -> tuple[str, str]:
        """The real site, and the drill that is played at it; no drill for what is real."""
        real = self.office.exercises.get(site)
        return (site, "") if real is None else (real, self.office.drill)

    def use(self, duty: DutySettings) -> None:
        """Other people are on duty from now on."""
        self.office.use(duty)
        self.room.use(duty)

    def _known(self, site: str, zone: str) -> Figures:
        state = self.played() if site in self.office.exercises else self._states[site]
        return figures(state.zones[zone], state.at) if state is not None else Figures()

    # What the judgement asks for

    def page(self, effect: Page) -> None:
        """Screens that everybody sees, as the settings say; and an alarm for the people who answer for the zone."""
        chosen = self._settings.pages.unknown if effect.unknown else self._settings.pages.channels(effect.tier)
        # Recorded with the change that it tells of, so that an end between the two cannot lose it.
        if chosen is None:
            chosen = tuple(name for name in self._settings.channels if name not in self.office.addressed)
        self._queue(self.office.write(effect), chosen, effect.at)
        raised = Raised(
            at=effect.at,
            id=effect.id,
            zone=effect.zone,
            tier=effect.tier,
            from_tier=effect.from_tier,
            why=effect.why,
            since=effect.since,
            blind=effect.unknown,
        )
        self._happens(effect.site, raised)
        incident = self.office.incident(effect.site, effect.zone)
        if not effect.unknown and incident is not None and effect.site != SELF:
            self.desk_happens(rose(effect, *self._real(effect.site), incident.id))

    def change(self, effect: Change) -> None:
        """Into the chain; a fall and the end of blindness may end an incident."""
        people: tuple[str, ...] = ()
        body: dict[str, Any] = {"id": effect.id, "site": effect.site, "zone": effect.zone, "why": effect.why}
        if isinstance(effect, TierChanged):
            body |= {"from": effect.from_tier.label, "to": effect.to_tier.label, "kind": effect.kind.value}
        elif isinstance(effect, SettingsChanged):
            people = ("by",)
            body |= {"by": effect.by, "changes": [list(change) for change in effect.changes], "why": ""}
        else:
            body |= {"tier": effect.tier.label}
        drill = self.office.drill if effect.site in self.office.exercises else ""
        kind = f"drill-{WHAT[type(effect)]}" if drill else WHAT[type(effect)]
        body |= {"drill": drill} if drill else {}
        self._batch().entries.append(Entry(effect.at, kind, body, people))
        if isinstance(effect, TierChanged) and effect.to_tier < effect.from_tier:
            incident = self.office.incident(effect.site, effect.zone)
            self.desk_happens(fell(effect, *self._real(effect.site), incident.id if incident else ""))
            self._happens(effect.site, Fell(effect.at, effect.zone, effect.to_tier, effect.why))
        elif isinstance(effect, UnknownEnded):
            self._happens(effect.site, SeenAgain(effect.at, effect.zone))

    def passed(self, at: float) -> None:
        """A second has passed: deadlines, silences, the daily test."""
        for site in self.office.sites:
            try:
                self._happens(site, Passed(at))
            except Exception:
                # The other sites' deadlines pass all the same.
                log.exception("the duty of site %s fails", site)
        try:
            self.desk_happens(DeskPassed(at))
        except Exception:
            # Plans and hazards must not keep anybody from being called.
            log.exception("the duty desk fails")
        try:
            self._test(at)
        except Exception:
            # What is there to find faults must not be one.
            log.exception("the daily test of the paging broke")

    def _test(self, at: float) -> None:
        begun = self.test.begin(at)
        if begun is not None:
            note, to = begun
            self._batch().entries.append(self.test.told(at, "begun", channels=sorted(to)))
            for channel, person in to.items():
                self._queue(note, [channel], at, person)
        self._tested(at)

    def _tested(self, at: float) -> None:
        """What has become of the daily test."""
        entries, fault, over = self.test.look(at)
        self._batch().entries += entries
        if over:
            for row in self._desk.drop(lambda row: row.id == over, PageState.GIVEN_UP, "the test is over"):
                self._note_page(row)
        if fault is not None:
            self.page(fault)
        elif over:
            self._happens(SELF, SeenAgain(at, SELF_ZONE))

    def _happens(self, site: str, happening: Raised | Fell | SeenAgain | Gone | Passed | Unsilenced) -> None:
        before = {one.id for one in self.office.incidents()}
        pages, _ = self.office.happens(site, happening, self._batch())
        left = {one.id for one in self.office.incidents()}
        closed = before - left
        if closed:
            rows = self._desk.drop_calls(
                lambda incidents: bool(incidents & closed) and not incidents & left,
                PageState.GIVEN_UP,
                "the incident is closed",
            )
            for row in rows:
                self._note_page(row)
        self._queue_calls(pages)
        for incident in closed:
            self.desk_happens(IncidentEnded(happening.at, incident))

    def _queue_calls(self, pages: list[tuple[Call, Note]]) -> None:
        for call, note in pages:
            log.info("%s is called for %s: %s", call.person, note.zone, call.reason)
            self._metrics.calls.labels(note.site).inc()
            self._queue(note, self.office.channels(call), call.at, call.person)

    def _queue(self, note: Note, channels: Sequence[str] | None, at: float, person: str = "") -> None:
        for row in self._desk.queue(note, channels, at, time.monotonic(), person):
            self._note_page(row)
            self._tell(row, at)

    # Answers of people

    def requests(self, requests: Sequence[Request], at: float) -> list[Thresholds | Reset]:
        """What people ask for through other doors, each once; what of it the judgement is told."""
        changes: list[Thresholds | Reset] = []
        for request in requests:
            if request.id in self._taken:
                continue
            self._taken.add(request.id)
            taken = take_request(request, self.office, at, self._batch())
            if taken.desk is not None:
                taken = self._desk_takes(taken)
            self._queue_calls(taken.pages)
            self._batch().outcomes.append(taken.outcome)
            if taken.answered is not None:
                self._answered(taken.answered)
            if taken.forgotten:
                self._forget(taken.forgotten)
            changes += [one for one in (taken.thresholds, taken.reset) if one is not None]
        return changes

    def _forget(self, person: str) -> None:
        self._erased |= end_pages(self._desk, self._batch(), person)
        self._pages = shown_without(self._pages, person, self.office.duty)

    def _answered(self, answered: Answered) -> None:
        """Nobody else needs to be tried for what somebody has in hand."""
        self._batch().answered.append(answered.call)
        done = set(answered.incidents)
        self._metrics.answered(one for one in self.office.incidents() if one.id in done)

        # A call that several incidents were put into goes on while one of them is in nobody's hands.
        open_still = {one.id for one in self.office.incidents() if one.phase is not Phase.ACKNOWLEDGED}

        def ours(incidents: frozenset[str]) -> bool:
            return bool(incidents & done) and not incidents & open_still

        for row in self._desk.drop_calls(ours, PageState.ACKNOWLEDGED, "acknowledged"):
            self._note_page(row)
        for key, view in self._pages.items():
            if view.incident in done and view.person:
                self._pages[key] = replace(view, acknowledged_by=answered.person)

    def committed(self) -> None:  # requests that were answered are no longer asked
        self._taken.clear()

    # The duty desk

    def desk_happens(self, happening: DeskHappening) -> list[Refused]:
        """Something happens to the duty desk; what it refuses."""
        followed = self.room.happens(happening, self._batch())
        self._desk_asks(followed)
        return followed.refused

    def _desk_takes(self, taken: Taken) -> Taken:
        assert taken.desk is not None
        if not self.room.active and not isinstance(taken.desk, Forgotten):
            words = "the service has no duty desk: name a file by `desk`, and one by `duty`"
            return Taken(Outcome(taken.outcome.request, "no-desk", words))
        refused = self.desk_happens(taken.desk)
        if not refused:
            return taken
        return Taken(Outcome(taken.outcome.request, refused[0].reason, refused[0].words))

    def _desk_asks(self, followed: Followed) -> None:
        at = self.room.state.at
        for person, note, parallel in followed.notes:
            self._queue(note, self.office.ways(person, parallel), at, person)
        if followed.withdrawn:
            gone = set(followed.withdrawn)
            for row in self._desk.drop(lambda row: row.id in gone, PageState.GIVEN_UP, "it is answered"):
                self._note_page(row)
        self.turned += followed.turned
        if followed.over is not None:
            self._drill_over(followed.over, at)
        running = self.room.state.drill
        self.office.drill = running.id if running is not None else ""

    def _drill_over(self, over: DrillOver, at: float) -> None:
        """Its incidents and its pages are taken down; whoever was called is told where something real has ended it."""
        self.office.drill, called = over.id, set()
        for incident in self.office.incidents():
            if incident.site in self.office.exercises:
                called |= {*incident.called, incident.acknowledged_by} - {""}
                self._happens(incident.site, Gone(at, incident.zone))

        for row in self._desk.drop(_of_drill, PageState.GIVEN_UP, "the drill is over"):
            self._note_page(row)
        self.office.drill = ""
        if over.why.startswith("stopped"):
            for person, note, parallel in self.room.stopped(over.id, sorted(called), at):
                self._queue(note, self.office.ways(person, parallel), at, person)

    # Pages on their way

    def answered(self, steady: float, at: float) -> None:
        """Take what the channels have answered."""
        for row in self._desk.answered(steady):
            self._metrics.pages.labels(row.channel, row.state.value).inc()
            self._note_page(row)
            self._tell(row, at)
            self.test.heard(row)
            # A restart or a doubtful lead may have used up attempts: what counts is that nobody has answered before.
            first = (row.id, row.channel) in self._desk.first_answers
            if first and row.state in (PageState.REFUSED, PageState.FAILED):
                channel = self.office.next_channel(row)
                if channel is not None:
                    self._queue(msgspec.json.decode(row.note, type=Note), [channel], at, row.person)

    def due(self, steady: float) -> list[PageRow]:
        """The pages to hand out, to be recorded first."""
        rows = self._desk.due(steady)
        for row in rows:
            self._note_page(row)
        return rows

    def dispatch(self, rows: list[PageRow]) -> None:
        self._desk.dispatch(rows)

    @property
    def pending(self) -> int:
        return self._desk.pending

    def close(self) -> None:
        self._desk.close()

    def _tell(self, row: PageRow, at: float) -> None:
        """Into the chain: that it was queued, its first answer, and its last."""
        if row.state is not PageState.QUEUED and row.state.pending and row.attempts > 1:
            return
        body = {
            "page": row.id,
            "channel": row.channel,
            "person": row.person if (row.id, row.channel) not in self._erased else "",
            "tier": Tier(row.tier).label,
            "state": row.state.value,
            "attempt": row.attempts,
            "words": row.answer,
        }
        self._batch().entries.append(Entry(at, "page", body, ("person",)))

    def _note_page(self, row: PageRow) -> None:
        row = emptied(row) if (row.id, row.channel) in self._erased else row
        self._batch().pages[row.id, row.channel] = row
        self._pages.pop((row.id, row.channel), None)
        if row.note == ERASED:
            return
        self._pages[row.id, row.channel] = page_view(row)
        while len(self._pages) > SHOWN:
            del self._pages[next(iter(self._pages))]

    @property
    def pages(self) -> tuple[PageView, ...]:
        return tuple(self._pages.values())

    def incidents(self) -> tuple[IncidentView, ...]:
        zones = {name: site.time_zone for name, site in self._sites.items()}
        real = [one for one in self.office.incidents() if one.site not in self.office.exercises]
        return tuple(incident_view(one, zones.get(one.site, "UTC")) for one in real)

    def silences(self) -> tuple[SilenceView, ...]:
        zones = {name: site.time_zone for name, site in self._sites.items()}
        return tuple(silence_view(one, zones.get(one.site, "UTC")) for one in self.office.silences())


def _of_drill(row: PageRow) -> bool:
    return row.note != ERASED and bool(msgspec.json.decode(row.note, type=Note).drill)
