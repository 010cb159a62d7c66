"""The figures of the service for Prometheus. A value that is not known has no series: absent is not 0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alerting.assess.outlook import TOLD_MINUTES
from alerting.assess.rules import Levels, ZoneRules
from alerting.boxes import Boxes
from alerting.duty.incident import Incident, Phase, Silence
from alerting.ingest import Drop
from alerting.record.batch import PageState
from alerting.settings import SiteSettings
from alerting.view import ZoneView
from wire import Band, CameraState, Health, Presence, Refusal, State, Status, Tier, topics

PREFIX = "levee_alerting_"


class Ends(Collector):
    """When the certificate ends that this side shows at the broker; it has no series where there is none."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.at: float | None = None

    def collect(self) -> Iterator[Metric]:
        ends = GaugeMetricFamily(
            f"{self._prefix}certificate_expiry_timestamp_seconds",
            "Seconds since 1970 at which the own certificate ends; absent where there is none.",
        )
        if self.at is not None:
            ends.add_metric([], self.at)
        yield ends


def program_version() -> str:
    try:
        return version("levee")
    except PackageNotFoundError:
        return "not installed"


class Metrics:
    """All series, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()

        def gauge(name: str, says: str, *labels: str) -> Gauge:
            return Gauge(PREFIX + name, says, labels, registry=registry)

        def counter(name: str, says: str, *labels: str) -> Counter:
            return Counter(PREFIX + name, says, labels, registry=registry)

        zone = ("site", "zone")
        gauge("build_info", "1, with the version of the program.", "version").labels(program_version()).set(1)
        self.messages = counter("messages_total", "Messages that arrived, by kind of topic.", "topic")
        self.readings = counter("readings_total", "Live readings that were judged, by their state.", "state")
        self.dropped = counter("dropped_total", "What was not judged or not taken, by reason.", "reason")
        self.tier = gauge("zone_tier", "Tier of a zone: 0 normal, 1 blue, 2 yellow, 3 orange, 4 red.", *zone)
        self.unknown = gauge("zone_unknown", "1 while the zone is unknown and its tier is held.", *zone)
        self.people = gauge("zone_people", "People in a zone; absent while unknown.", *zone)
        self.density = gauge(
            "zone_peak_density_per_square_metre",
            "Persons per square metre in the worst cell; absent if unknown.",
            *zone,
        )
        cell = "persons per square metre in the worst cell; absent if unknown."
        soon = "in the time of a dispatch"
        self.density_low, self.density_high, self.soon, self.soon_low, self.soon_high = (
            gauge(f"zone_{name}_per_square_metre", f"{what}: {cell}", *zone)
            for name, what in (
                ("peak_density_low", "Lower end of the 90 % band"),
                ("peak_density_high", "Upper end of the 90 % band"),
                ("forecast_density", f"Foreseen {soon}"),
                ("forecast_density_low", f"Lower end of the 90 % band, foreseen {soon}"),
                ("forecast_density_high", f"Upper end of the 90 % band, foreseen {soon}"),
            )
        )
        self.threshold = gauge(
            "zone_threshold_per_square_metre", "Persons per square metre at which a tier begins.", *zone, "tier"
        )
        self.zone_info = gauge("zone_info", "1: the box that a zone belongs to, and its kind.", *zone, "box", "kind")
        self.age = gauge("zone_reading_age_seconds", "Seconds since the newest picture of a zone.", *zone)
        self.reading_age = Histogram(
            PREFIX + "reading_age_seconds",
            "Seconds from the picture to the judgement of a live reading.",
            ("site", "box"),
            buckets=(0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0),
            registry=registry,
        )
        self.incidents = gauge("incidents", "Open incidents, by phase.", "site", "phase")
        self.unanswered = gauge(
            "incident_unanswered_seconds",
            "Seconds that the oldest incident waits for a person's answer; 0 for none.",
            "site",
        )
        self.calls = counter("calls_total", "Calls to people by name, the first and every escalation.", "site")
        self.answers = counter("acknowledgements_total", "Incidents that a person has acknowledged.", "site")
        self.silences = gauge("silences", "Silences and maintenance in force.", "site")
        self._certificate = Ends(PREFIX)
        registry.register(self._certificate)
        self.leading = gauge("leading", "1 while this service leads, 0 while it stands by.")
        self.box_online = gauge("box_online", "1 while a box says that it is there.", "site", "box")
        self.camera = gauge("box_camera_state", "1 for the state a camera is in.", "site", "box", "camera", "state")
        self.outbox = gauge("box_outbox_messages", "Messages a box keeps until they are recorded.", "site", "box")
        self.changes = counter("tier_changes_total", "Changes of tier, by the tier reached.", "site", "zone", "to")
        self.pages = counter("pages_total", "Answers to pages, by channel and outcome.", "channel", "outcome")
        self.pages_pending = gauge("pages_pending", "Pages that nobody has accepted yet.")
        self.connected = gauge("broker_connected", "1 while the service is connected to the broker.")
        self.commit = Histogram(
            PREFIX + "commit_duration_seconds",
            "Seconds that a transaction of the record took.",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
            registry=registry,
        )
        self.tick_lag = gauge("tick_lag_seconds", "How late the judgement's last tick ran, or its next one is.")
        self._cameras: dict[tuple[str, str], set[str]] = {}
        self._levels: dict[tuple[str, str], Levels] = {}
        self._boxes = Boxes()
        registry.register(self._boxes)
        self._known: dict[tuple[str, str], set[Gauge]] = {}

    def prepare(self, sites: Iterable[SiteSettings], channels: Iterable[str]) -> None:
        """Make the counters that can be foreseen, at 0: their first increase is then seen as one."""
        for reason in (*Refusal, *Drop):
            self.dropped.labels(reason.value)
        for topic in (topics.READINGS, topics.BACKLOG, topics.STATUS, topics.HEALTH):
            self.messages.labels(topic.name)
        for state in (State.GOOD, State.DEGRADED, State.UNKNOWN):
            self.readings.labels(state.value)
        for channel in channels:
            for outcome in PageState:
                if outcome is not PageState.QUEUED:
                    self.pages.labels(channel, outcome.value)
        for site in sites:
            self.calls.labels(site.site)
            self.answers.labels(site.site)
            for zone in site.zones:
                self.zone_info.labels(site.site, zone.name, zone.box or "joined", zone.kind.value).set(1)
                if zone.box is not None:
                    self.box_online.labels(site.site, zone.box)
                for tier in Tier:
                    self.changes.labels(site.site, zone.name, tier.label)

    def show_certificate(self, ends: float | None) -> None:
        self._certificate.at = ends

    def show_zone(self, view: ZoneView) -> None:
        """Set a zone's series, and take away those whose values are not known."""
        labels = (view.site, view.zone)
        self.tier.labels(*labels).set(int(view.tier.tier))
        self.unknown.labels(*labels).set(int(view.held))
        if view.age_s is not None:
            self.age.labels(*labels).set(view.age_s)
        shown = self._known.setdefault(labels, set())
        soon = next((one.density for one in view.ahead if one.minutes == TOLD_MINUTES), None)
        for series, value in (
            *_figures(view.people, self.people),
            *_figures(view.density, self.density, self.density_low, self.density_high),
            *_figures(soon, self.soon, self.soon_low, self.soon_high),
        ):
            if value is not None:
                series.labels(*labels).set(value)
                shown.add(series)
            elif series in shown:
                series.remove(*labels)
                shown.discard(series)

    def answered(self, incidents: Iterable[Incident]) -> None:
        """A person has acknowledged these."""
        for one in incidents:
            self.answers.labels(one.site).inc()

    def show_rules(self, site: str, rules: ZoneRules) -> None:
        """Where the tiers of a zone begin, which may change while the service runs."""
        if self._levels.get((site, rules.zone)) != rules.density:
            self._levels[site, rules.zone] = rules.density
            for tier in list(Tier)[1:]:
                self.threshold.labels(site, rules.zone, tier.label).set(rules.density.of(tier))

    def show_duty(
        self, sites: Iterable[str], incidents: Iterable[Incident], silences: Iterable[Silence], at: float
    ) -> None:
        """The open incidents and what is kept quiet, at `at` (time of the record)."""
        open_ones, quiet = list(incidents), [one.site for one in silences if one.begins <= at < one.ends]
        for site in sites:
            mine = [one for one in open_ones if one.site == site]
            for phase in Phase:
                if phase is not Phase.CLOSED:
                    self.incidents.labels(site, phase.value).set(sum(one.phase is phase for one in mine))
            waits = [max(0.0, at - one.told_since) for one in mine if one.waits]
            self.unanswered.labels(site).set(max(waits, default=0.0))
            self.silences.labels(site).set(quiet.count(site))

    def show_status(self, status: Status) -> None:
        self.box_online.labels(status.site, status.box).set(int(status.state is Presence.ONLINE))

    def show_health(self, health: Health) -> None:
        """A box's own report, offered again for boxes that cannot be scraped."""
        box = (health.site, health.box)
        self.outbox.labels(*box).set(health.outbox.messages)
        self._boxes.show(health)
        present = {camera.camera for camera in health.cameras}
        for gone in self._cameras.get(box, set()) - present:
            for state in CameraState:
                self.camera.remove(*box, gone, state.value)
        self._cameras[box] = present
        for camera in health.cameras:
            for state in CameraState:
                self.camera.labels(*box, camera.camera, state.value).set(int(state is camera.state))


def _figures(
    band: Band | None, value: Gauge, low: Gauge | None = None, high: Gauge | None = None
) -> Iterator[tuple[Gauge, float | None]]:
    """Each gauge with its figure of the band, None where that is unknown."""
    yield value, None if band is None else band.value
    for gauge, name in ((low, "low"), (high, "high")):
        if gauge is not None:
            yield gauge, None if band is None else getattr(band, name)
