"""The service as a process: broker, clock and end point around the judgement, in one loop."""

from __future__ import annotations

import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from alerting.clock import Clock
from alerting.desk.settings import DeskSettings
from alerting.duty.settings import DutySettings
from alerting.ingest import Drop, Dropped
from alerting.metrics import Metrics, program_version
from alerting.office import SELF
from alerting.paging.senders import make_senders
from alerting.pulse import Pulse
from alerting.record import Deposed, Record, RecordAway, Resumed
from alerting.record.leader import LOOK_S
from alerting.record.url import record_url
from alerting.service import Service
from alerting.settings import ServiceSettings, SiteSettings
from alerting.view import View, encode_view, standby_view
from alerting.web import Web
from wire import VERSION, Presence, ServicePresence, encode, topics
from wire.certificate import expiry
from wire.link import Link
from wire.secret import secret
from wire.supervisor import Supervisor

log = logging.getLogger("levee.alerting")
TICK_S = 1.0
HEARTBEAT_S = 5.0
#: Messages that may wait for the judgement; more are left to the boxes, which send them again.
MAX_INBOX = 20_000
MAX_INBOX_BYTES = 64_000_000
#: Messages that may wait for the broker: the tiers of some thousand zones at once.
MAX_OUTBOUND = 20_000
HEARD = (topics.READINGS, topics.BACKLOG, topics.STATUS, topics.HEALTH, topics.DRILL_READINGS)
#: How the topic of a live reading ends.
LIVE = f"/{topics.READINGS.template.rpartition('/')[2]}"
#: Messages that are judged before the record and the ticks have their turn.
MAX_ROUND = 500


class SitesRefused(ValueError):
    """The sites cannot be judged by one service."""


@dataclass(frozen=True)
class _Message:
    topic: str
    payload: bytes
    retained: bool
    at: float
    steady: float


class _Wake:
    """Something other than a message wants the loop's attention; its own flag says what."""


def run(
    service: ServiceSettings,
    sites: Sequence[SiteSettings],
    *,
    stop: threading.Event,
    duty: DutySettings | None = None,
    desk: DeskSettings | None = None,
    clock: Callable[[float], Clock] = Clock,
    supervisor: Supervisor | None = None,
) -> None:
    """Run until `stop` is set. ValueError with one line where the settings, the secrets or the record cannot work."""
    _Runner(service, sites, stop, duty, clock, desk, supervisor).run()


class _Runner:
    def __init__(
        self,
        settings: ServiceSettings,
        sites: Sequence[SiteSettings],
        stop: threading.Event,
        duty: DutySettings | None = None,
        clock: Callable[[float], Clock] = Clock,
        desk: DeskSettings | None = None,
        supervisor: Supervisor | None = None,
    ) -> None:
        self._pulse = Pulse(supervisor)
        self._settings, self._sites, self._stop = settings, tuple(sites), stop
        self._duty, self._desk, self._make_clock = duty, desk, clock
        _check_sites(self._sites)
        _check_reach(settings, duty)
        self._inbox: queue.Queue[_Message | _Wake] = queue.Queue()
        self._came_up, self._answered = threading.Event(), threading.Event()
        self._overflow, self._inbox_bytes, self._inbox_lock = 0, 0, threading.Lock()
        self._session = secrets.token_hex(8)
        self._metrics = Metrics()
        #: When the last tick ran (monotonic), and how late.
        self._ticked, self._late_s = time.monotonic(), 0.0
        self._view: View | None = None
        # The link will ask for it again; here it is refused before the record begins a new term.
        secret("the broker's password", env=settings.mqtt.password_from_env, file=settings.mqtt.password_from_file)
        ends = expiry(Path(settings.mqtt.tls.cert_file)) if settings.mqtt.tls and settings.mqtt.tls.cert_file else None
        self._metrics.show_certificate(ends)
        self._senders = make_senders(settings.channels)
        self._url = record_url(settings)
        self._record = Record(self._url)
        self._standing_by = False

    def run(self) -> None:
        web = answers = None
        if self._settings.metrics.port:
            web = Web(
                self._settings.metrics.host,
                self._settings.metrics.port,
                self._metrics.registry,
                self._state,
                self._silent_s,
            )
        try:
            if self._settings.answer is not None:
                from alerting.answer.web import serve_answers

                clock = self._make_clock(0.0).now
                answers = serve_answers(self._settings.answer, self._url, self._sites[0].time_zone, clock)
            self._pulse.begins()
            while (resumed := self._resume()) is not None:
                self._serve(resumed)
                if self._stop.is_set():
                    return
                self._record, self._session = Record(self._url), secrets.token_hex(8)
        finally:
            self._pulse.ends()
            if web is not None:
                web.close()
            if answers is not None:
                answers.close()

    def _silent_s(self) -> float:
        """Seconds since the last tick; also counts while the loop hangs. A standby has nothing to judge."""
        return 0.0 if self._standing_by else time.monotonic() - self._ticked

    def _lag_s(self) -> float:
        """How late the last tick ran, or how late the next one is by now."""
        return max(self._late_s, self._silent_s() - TICK_S)

    def _state(self) -> bytes | None:
        if self._standing_by:
            return encode_view(standby_view(self._settings.instance, time.time()))
        return None if self._view is None else encode_view(self._view)

    def _resume(self) -> Resumed | None:
        """Where the last run ended, once nobody else leads; None where the end comes first. Waits for a record that is
        away, because judging without it could lower a tier."""
        told = 0.0
        while not self._stop.is_set():
            try:
                resumed = self._record.try_resume(self._settings.instance, self._session, time.time())
            except RecordAway as error:
                if not told or time.monotonic() - told > 60:
                    told = time.monotonic()
                    log.error("the record cannot be opened: %s; it is tried again every 2 s", error)
                self._pulse.waits("waits for the record")
                self._stop.wait(LOOK_S if self._standing_by else 2)
                continue
            if resumed is not None:
                self._standing_by, self._ticked = False, time.monotonic()
                return resumed
            if not self._standing_by:
                log.warning("another service leads; %s stands by", self._settings.instance)
            self._standing_by, self._view = True, None
            self._metrics.leading.set(0)
            self._pulse.waits("stands by: another service leads")
            self._stop.wait(LOOK_S)
        return None

    def _serve(self, resumed: Resumed) -> None:
        self._clock = clock = self._make_clock(resumed.at)
        if clock.ahead_s > 60:
            log.warning("the record ends %.0f s in the future; time goes on from there", clock.ahead_s)
        core: Service | None = None
        topic = topics.SERVICE.at(instance=self._settings.instance)
        will = encode(self._presence(Presence.OFFLINE, resumed.term))
        link = Link(
            self._settings.mqtt,
            client_id=self._client_id(),
            will=(topic, will),
            topics=tuple(row.everywhere() for row in HEARD),
            heard=self._on_message,
            joined=lambda: self._wake(self._came_up),
            queue=MAX_OUTBOUND,
            allowed=lambda: core is None or core.leads(),
            sure=self._record.leads,
        )

        def publish(where: str, payload: bytes, retained: bool) -> None:
            # What cannot go now is said again on connecting, or with the next refresh.
            link.publish(where, payload, retained=retained)

        core = made = Service(
            self._settings,
            self._sites,
            self._record,
            resumed,
            self._senders,
            self._metrics,
            publish=publish,
            wake=lambda: self._wake(self._answered),
            session=self._session,
            at=clock.now(),
            duty=self._duty,
            desk=self._desk,
        )
        log.info("term %d of %s begins with %d sites", resumed.term, self._settings.instance, len(self._sites))
        link.start()
        try:
            self._loop(made, link, topic)
        except Deposed as error:
            log.error("%s; nothing more is paged or published by this one", error)
            made.abandon()
            link.close(lambda: None)
            return
        except BaseException:
            made.close(clock.now(), lambda: link.close(lambda: None))
            raise
        farewell = encode(self._presence(Presence.STOPPED, resumed.term))
        made.close(clock.now(), lambda: link.close(lambda: publish(topic, farewell, True)))

    def _client_id(self) -> str:
        """Of a cluster always the same: a broker then hangs up on a former leader as soon as the next one connects."""
        if self._settings.cluster is not None:
            return f"levee-{self._settings.cluster}"
        return f"levee-{self._settings.instance}-{self._session[:8]}"

    def _loop(self, core: Service, link: Link, topic: str) -> None:
        term = core.origin.term
        next_tick = next_heartbeat = self._ticked = time.monotonic()
        self._metrics.tick_lag.set_function(self._lag_s)
        core.settle(self._clock.now())
        while not self._stop.is_set():
            self._round(core, next_tick)
            if self._came_up.is_set() and link.connected:
                self._came_up.clear()
                link.publish(topic, encode(self._presence(Presence.ONLINE, term)), retained=True)
                core.connected(self._clock.now())
            steady = time.monotonic()
            if steady >= next_tick:
                self._ticked, self._late_s = steady, steady - next_tick
                at = self._clock.now()
                core.tick(at)
                core.refresh(at)
                self._shed(core, steady)
                if not link.alive:
                    raise RuntimeError("the thread of the link to the broker has died; see the log above")
                next_tick = next_tick + TICK_S if next_tick + TICK_S > steady else steady + TICK_S
                core.settle(at)
                self._view = core.view(at, link.connected)
                self._pulse.beats(time.monotonic(), link.connected)
            elif core.urgent or self._answered.is_set():
                self._answered.clear()
                at = self._clock.now()
                core.settle(at)
                self._view = core.view(at, link.connected)
            if steady >= next_heartbeat:
                next_heartbeat = steady + HEARTBEAT_S
                link.publish(topic, encode(self._presence(Presence.ONLINE, term)), retained=True)

    def _round(self, core: Service, until: float) -> None:
        """Take what has come, and wait for it until `until`."""
        for taken in range(MAX_ROUND):
            try:
                item = self._next(until) if not taken else self._inbox.get_nowait()
            except queue.Empty:
                return
            if isinstance(item, _Message):
                with self._inbox_lock:
                    self._inbox_bytes -= len(item.payload)
                _receive(core, item)

    def _next(self, until: float) -> _Message | _Wake:
        wait = until - time.monotonic()
        return self._inbox.get(timeout=wait) if wait > 0 else self._inbox.get_nowait()

    def _shed(self, core: Service, steady: float) -> None:
        """Count what did not fit into the inbox."""
        with self._inbox_lock:
            lost, self._overflow = self._overflow, 0
        if lost:
            line = "more arrives than can be judged; what is left out stays with the boxes"
            core.drop(Dropped(Drop.OVERLOAD.value, "any", line), steady, lost)

    def _on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        message = _Message(topic, payload, retained, self._clock.now(), time.monotonic())
        if topic.endswith(LIVE) and not retained:
            self._pulse.heard(message.steady)
        with self._inbox_lock:
            if self._inbox_bytes + len(payload) > MAX_INBOX_BYTES or self._inbox.qsize() >= MAX_INBOX:
                self._overflow += 1
                return
            self._inbox_bytes += len(payload)
        self._inbox.put(message)

    def _wake(self, flag: threading.Event) -> None:
        flag.set()
        self._inbox.put(_Wake())

    def _presence(self, state: Presence, term: int) -> ServicePresence:
        return ServicePresence(
            version=VERSION,
            instance=self._settings.instance,
            session=self._session,
            state=state,
            sent=self._clock.utc(),
            term=term,
            versions={"levee": program_version()},
        )


def _receive(core: Service, item: _Message) -> None:
    """No single message may end the judgement: what fails on one is counted, and told once a minute."""
    try:
        core.receive(item.topic, item.payload, item.retained, item.at, item.steady)
    except Exception as error:  # noqa: BLE001 - a message that is refused by nothing else is refused here
        topic = ascii(item.topic[:200])
        line = f"a message on {topic} could not be taken: {type(error).__name__}"
        core.drop(Dropped(Drop.FAILED.value, topic, line), item.steady)


def _check_sites(sites: Sequence[SiteSettings]) -> None:
    names = [site.site for site in sites]
    for name in names:
        if names.count(name) > 1:
            raise SitesRefused(f"the site {name} is configured twice")
    if SELF in names:
        raise SitesRefused(f"no site may be called {SELF}: that is the service itself")
    if not names:
        raise SitesRefused("there is no site to judge")


def _check_reach(settings: ServiceSettings, duty: DutySettings | None) -> None:
    """Nobody may be called by a way that there is not: that would come out at night, in the middle of an alarm."""
    for person in duty.people if duty is not None else ():
        for reach in person.reach:
            if reach.channel not in settings.channels:
                known = ", ".join(sorted(settings.channels))
                raise SitesRefused(
                    f"{settings.duty or 'duty'}: person {person.name}: the service has no channel called "
                    f"{reach.channel}, only {known}"
                )
