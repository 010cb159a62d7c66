"""The service without its network: messages and ticks go in; the record, the pages and the publications follow.

Used by one thread. What is to be recorded waits in memory until one transaction has taken all of it; only then is a
box told that it may delete.
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from alerting.assess import (
    Effect,
    Event,
    HeldUnknown,
    LogRefused,
    Observed,
    Page,
    SettingsChanged,
    SiteState,
    Tick,
    TierChanged,
    ZoneState,
    decode_event,
    encode_event,
    encode_state,
    split_events,
    step,
)
from alerting.complaints import Complaints
from alerting.desk.settings import DeskSettings
from alerting.deskside import DeskSide
from alerting.duty.events import Entry
from alerting.duty.settings import DutySettings
from alerting.ingest import Accepted, Dropped, open_door, take
from alerting.metrics import Metrics
from alerting.pager import Pager
from alerting.paging.senders import Sender
from alerting.record import Batch, Checkpoint, Deposed, PageRow, Record, RecordRefused, Resumed
from alerting.resets import Reset
from alerting.settings import ServiceSettings, SiteSettings
from alerting.signs import tier_message
from alerting.stored import stored_site
from alerting.thresholds import Changes, applied
from alerting.told import settings_told
from alerting.view import ChangeView, View, change_view, site_summary, zone_views
from alerting.writer import Writer
from wire import VERSION, Health, Recorded, SessionRecorded, Status, encode, topics

log = logging.getLogger("levee.alerting")

#: Messages kept in memory while the record is away; beyond that they are judged, and the boxes keep them.
MAX_WAITING = 20_000
MAX_WAITING_BYTES = 32_000_000
#: A state to begin a replay from is kept this often.
CHECKPOINT_S = 3600.0
#: Bytes of the log that wait for a record that is away; beyond that the log has a gap, and begins anew.
MAX_LOG_BYTES = 64_000_000
#: Without an event worth recording, the state is saved this often.
SAVE_S = 5.0
#: topic, payload, retained
Publish = Callable[[str, bytes, bool], None]


class Origin(msgspec.Struct, frozen=True):
    """Who speaks: the instance, its session and its term."""

    instance: str
    session: str
    term: int


class Service:
    """RecordRefused where a stored state cannot be read."""

    def __init__(
        self,
        settings: ServiceSettings,
        sites: Sequence[SiteSettings],
        record: Record,
        resumed: Resumed,
        senders: Mapping[str, Sender],
        metrics: Metrics,
        *,
        publish: Publish,
        wake: Callable[[], None],
        session: str,
        at: float,
        duty: DutySettings | None = None,
        desk: DeskSettings | None = None,
    ) -> None:
        self._settings, self._record, self._metrics, self._send = settings, record, metrics, publish
        self._thresholds = Changes(sites, resumed.thresholds)
        sites = self._thresholds.sites
        self._sites = {site.site: site for site in sites}
        metrics.prepare(sites, senders)
        self.origin = Origin(settings.instance, session, resumed.term)
        self._door = open_door(sites)
        for key, ledgers in resumed.ledgers.items():
            if key in self._door.boxes:
                self._door.boxes[key].ledgers = ledgers
        self._complaints = Complaints()
        self._batch = Batch(thresholds=dict.fromkeys(self._thresholds.left))
        self._due: list[PageRow] = []
        self._answer_to: set[tuple[str, str]] = set()
        self._changes: deque[ChangeView] = deque(maxlen=200)
        self._dropped: dict[str, int] = {}
        self._unsaved: set[str] = set()
        #: Something happened that should not wait for the next tick to be recorded.
        self.urgent = False
        self._waiting_bytes = 0
        self._writer = Writer(record, settings.record, metrics, self._complaints, at, alone=settings.cluster is None)
        self._saved_at = self._tiers_sent_at = 0.0
        self._abandoned: list[tuple[str, str]] = []
        #: Sites whose last tick failed; nothing is said of them until one succeeds.
        self._unjudged: set[str] = set()
        self._states: dict[str, SiteState] = {
            site.site: stored_site(site.site, resumed.states.get(site.site), at) for site in sites
        }
        record.called({person.name: person.title for person in duty.people} if duty is not None else {})
        self._pager = Pager(
            settings,
            sites,
            duty,
            senders,
            resumed,
            metrics,
            desk=desk,
            states=self._states,
            batch=lambda: self._batch,
            wake=wake,
            allowed=self._writer.may_page,
            at=at,
        )
        self._beside = DeskSide(
            self._pager, self._sites, desk, self._states, self._judge, self._publish, self.origin.term
        )
        self._batch.entries.append(Entry(at, "term", {"what": "begun", **msgspec.structs.asdict(self.origin)}))
        self._batch.entries.append(Entry(at, "settings", settings_told(settings, sites, duty)))
        self._log_bytes, self._checkpoint_at = 0, {site.site: -math.inf for site in sites}
        for site in sites:
            # What was judged after the state was saved is judged once more, so that the log tells all of it.
            self._catch_up(site.site, resumed.events.get(site.site, []))
            self._checkpoint(site.site, at)
            gone = set(self._states[site.site].zones) - {zone.name for zone in site.zones}
            self._abandoned += [(site.site, zone) for zone in sorted(gone)]
            self._judge(site.site, record.veiled(site.applied(at)))

    # What comes in

    def receive(self, topic: str, payload: bytes, retained: bool, at: float, steady: float) -> None:
        """A message of the broker."""
        if topics.DRILL_READINGS.levels(topic) is not None:
            self._count_message(topic)
            for one in self._beside.exercise.receive(topic, payload, retained, at, steady):
                self.drop(one, steady)
            return
        keep = len(self._batch.messages) < MAX_WAITING and self._waiting_bytes < MAX_WAITING_BYTES
        outcome, dropped = take(self._door, topic, payload, retained=retained, at=at, steady=steady, keep=keep)
        self._count_message(topic)
        for one in dropped:
            self.drop(one, steady)
            if one.reason == "duplicate":
                site, _, box = one.source.partition("/")
                self._answer_to.add((site, box))
        if isinstance(outcome, Accepted):
            self._waiting_bytes += len(payload) if keep else 0
            self._accept(outcome, keep, at)
        elif isinstance(outcome, Status):
            self._metrics.show_status(outcome)
            self._beside.heard(outcome, at)
        elif isinstance(outcome, Health):
            self._metrics.show_health(outcome)
            self._beside.heard(outcome, at)

    def _count_message(self, topic: str) -> None:
        try:
            name = topics.parse(topic)[0].name
        except topics.TopicRefused:
            name = "other"
        self._metrics.messages.labels(name).inc()

    def drop(self, one: Dropped, steady: float, times: int = 1) -> None:
        """Count something that was dropped, and say so at most once a minute for each cause and source."""
        self._metrics.dropped.labels(one.reason).inc(times)
        self._dropped[one.reason] = self._dropped.get(one.reason, 0) + times
        self._complaints.tell(one.reason, one.source, one.line, steady)

    def _accept(self, taken: Accepted, keep: bool, at: float) -> None:
        if keep:
            self._batch.messages.append(taken)
            session = taken.message.session
            ledger = self._door.boxes[taken.site, taken.box].ledgers[session]
            self._batch.ledgers[taken.site, taken.box, session] = ledger
            self._answer_to.add((taken.site, taken.box))
        for reading in taken.judged:
            self._metrics.readings.labels(reading.state.value).inc()
            self._metrics.reading_age.labels(taken.site, taken.box).observe(reading.age_s)
        if taken.judged:
            self._judge(taken.site, Observed(at=at, readings=taken.judged))

    def tick(self, at: float) -> None:
        """A second has passed."""
        for site in self._states:
            try:
                self._judge(site, Tick(at=at))
                self._unjudged.discard(site)
            except Exception as error:
                # One site that cannot be judged is no reason to leave the others alone; its published tiers expire.
                self._unjudged.add(site)
                log.exception("site %s cannot be judged", site)
                self._complaints.tell("a site cannot be judged", site, type(error).__name__, time.monotonic())
        for part in (self._pager.passed, self._take_requests, self._beside.tick):
            try:
                part(at)
            except Exception as error:
                # Whatever is wrong with the duty, the judgement, the screens and the signs go on.
                log.exception("the duty fails")
                self._complaints.tell("the duty fails", "duty", type(error).__name__, time.monotonic())

    def _take_requests(self, at: float) -> None:
        for change in self._pager.requests(self._writer.requests(), at):
            event = change.event if isinstance(change, Reset) else applied(self._states[change.site], change, at)
            self._judge(change.site, self._record.veiled(event))
            if not isinstance(change, Reset):
                self._batch.thresholds[change.place] = self._thresholds.to_keep(change)

    # Judgement and what follows

    def _judge(self, site: str, event: Event) -> None:
        if self._log_bytes > MAX_LOG_BYTES:
            self._batch.events.clear()
            self._batch.checkpoints.clear()
            self._log_bytes, self._checkpoint_at = 0, dict.fromkeys(self._checkpoint_at, -math.inf)
        if event.at - self._checkpoint_at[site] >= CHECKPOINT_S:
            self._checkpoint(site, event.at)
        logged = encode_event(event)
        self._states[site], effects = step(self._states[site], event)
        self._batch.events.setdefault(site, []).append((self._states[site].number, logged))
        self._log_bytes += len(logged)
        self._unsaved.add(site)
        for effect in effects:
            self._follow(site, effect)

    def _follow(self, site: str, effect: Effect) -> None:
        self.urgent = True
        if isinstance(effect, Page):
            self._pager.page(effect)
            return
        self._pager.change(effect)
        self._batch.changes.append(effect)
        self._changes.append(change_view(effect, self._sites[site].time_zone))
        if isinstance(effect, TierChanged):
            log.info("%s/%s: %s to %s: %s", site, effect.zone, effect.from_tier.label, effect.to_tier.label, effect.why)
            self._metrics.changes.labels(site, effect.zone, effect.to_tier.label).inc()
        elif isinstance(effect, SettingsChanged):
            log.warning("%s/%s: %s", site, effect.zone, effect.why)
        else:
            state = "is held" if isinstance(effect, HeldUnknown) else "is judged again"
            log.info("%s/%s: %s %s: %s", site, effect.zone, effect.tier.label, state, effect.why)
        self._send_tier(site, self._states[site].zones[effect.zone], effect.at)

    def _catch_up(self, site: str, pieces: list[tuple[int, bytes]]) -> None:
        """Judge again what the log holds beyond the saved state; what follows from it is known by its ids."""
        zones = {zone.name for zone in self._sites[site].zones}
        try:
            events = [
                (number, decode_event(event))
                for first, piece in pieces
                for number, event in enumerate(split_events(piece), first)
            ]
        except LogRefused as error:
            raise RecordRefused(f"site {site}: {error}; move the record away to begin anew") from None
        for number, event in events:
            if number == self._states[site].number + 1:
                self._states[site], effects = step(self._states[site], event)
                self._unsaved.add(site)
                for effect in effects:
                    if effect.zone in zones:
                        self._follow(site, effect)

    def _checkpoint(self, site: str, at: float) -> None:
        state = self._states[site]
        self._batch.checkpoints[site] = Checkpoint(state.number, at, encode_state(state))
        self._checkpoint_at[site] = at

    # The record

    def settle(self, at: float, *, final: bool = False) -> None:
        """Commit what waits, then hand out the pages that were recorded and answer the boxes."""
        steady, self.urgent = time.monotonic(), False
        self._pager.answered(steady, at)
        self._due += [] if final else self._pager.due(steady)
        if final or self._batch.weighty or steady - self._saved_at >= SAVE_S:
            self._pager.office.save(self._batch)
            self._pager.room.save(self._batch)
            for site in self._unsaved:
                self._batch.states[site] = encode_state(self._states[site])
            self._unsaved.clear()
            self._saved_at = steady
        committed = self._writer.write(self._batch, at, steady, at_once=final)
        if committed:
            self._batch, self._waiting_bytes, self._log_bytes = Batch(), 0, 0
            self._pager.committed()
            self._answer_boxes(at)
            if not final:
                self._batch.entries += self._writer.prune(at, steady)
        if self._due and (committed or self._writer.away_long(steady)):
            # A page that cannot be made durable is late at first, and then sent all the same: twice beats never.
            due, self._due = self._due, []
            self._pager.dispatch(due)
        self._metrics.pages_pending.set(self._pager.pending)

    def leads(self) -> bool:
        """Whether this service may publish. Any thread."""
        return self._writer.may_publish()

    def _publish(self, topic: str, payload: bytes, retained: bool) -> None:
        if self.leads():
            self._send(topic, payload, retained)

    # What goes out

    def _answer_boxes(self, at: float) -> None:
        """Everything in the ledgers is committed now: tell the boxes that wait for it."""
        answer, self._answer_to = self._answer_to, set()
        for site, box in sorted(answer):
            ledgers = self._door.boxes[site, box].ledgers
            told = Recorded(
                version=VERSION,
                site=site,
                box=box,
                sent=_utc(at),
                sessions=tuple(
                    SessionRecorded(session=session, up_to=ledger.up_to, also=ledger.told())
                    for session, ledger in ledgers.items()
                ),
            )
            self._publish(topics.RECORDED.at(site=site, box=box), encode(told), True)

    def _send_tier(self, site: str, zone: ZoneState, at: float) -> None:
        message = tier_message(site, zone, at, self._settings.tier_expires_s, self.origin.term)
        self._publish(topics.TIER.at(site=site, zone=zone.rules.zone), encode(message), True)

    def send_tiers(self, at: float) -> None:
        """Every zone's tier anew."""
        self._tiers_sent_at = at
        for site, state in self._states.items():
            for zone in state.zones.values() if site not in self._unjudged else ():
                self._send_tier(site, zone, at)

    def refresh(self, at: float) -> None:
        """Send the tiers again well before they expire."""
        if at - self._tiers_sent_at >= self._settings.tier_expires_s / 3:
            self.send_tiers(at)

    def connected(self, at: float) -> None:
        """The broker is there (again) and may have forgotten everything: say it all once more."""
        for site, zone in self._abandoned:
            log.warning("%s/%s: the zone is no longer configured; its tier topic is cleared", site, zone)
            self._publish(topics.TIER.at(site=site, zone=zone), b"", True)
        self._abandoned = []
        self.send_tiers(at)
        self._answer_to |= {key for key, box in self._door.boxes.items() if box.ledgers}

    def view(self, at: float, broker_connected: bool) -> View:
        """What a screen shows now; also brings the metrics of the zones up to date."""
        zones = zone_views(self._sites.values(), self._states, at)
        for zone in zones:
            self._metrics.show_zone(zone)
        self._metrics.connected.set(int(broker_connected))
        self._metrics.leading.set(1)
        for site, state in self._states.items():
            for one in state.zones.values():
                self._metrics.show_rules(site, one.rules)
        self._metrics.show_duty(self._sites, self._pager.office.incidents(), self._pager.office.silences(), at)
        return View(
            instance=self.origin.instance,
            term=self.origin.term,
            at=_utc(at),
            broker_connected=broker_connected,
            recording=not self._writer.away,
            zones=zones,
            changes=tuple(map(self._record.spoken, self._changes)),
            pages=self._pager.pages,
            dropped=dict(self._dropped),
            incidents=self._pager.incidents(),
            silences=self._pager.silences(),
            sites=tuple(site_summary(site, self._states[site.site]) for site in self._sites.values()),
        )

    def close(self, at: float, farewell: Callable[[], None] = lambda: None) -> None:
        """Record what is left and let the channels go; what was not sent yet is sent by the next run. `farewell` is
        said before another one may lead."""
        try:
            self.settle(at, final=True)
            self._pager.close()
            self._batch.entries.append(Entry(at, "term", {"what": "ended", **msgspec.structs.asdict(self.origin)}))
            self.settle(at, final=True)
        except Deposed:
            self.abandon()
            farewell()
            return
        farewell()
        self._record.close()

    def abandon(self) -> None:
        """Another service leads: let go of everything, record nothing, send nothing."""
        self._pager.close()
        self._record.abandon()


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(round(at, 3), UTC)
