"""The figures of the service for Prometheus. A value that is not known has no series: absent is not 0."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from alerting.ingest import Drop
from alerting.record.batch import PageState
from alerting.settings import SiteSettings
from alerting.view import ZoneView
from wire import CameraState, Health, Presence, Refusal, State, Status, Tier, topics

PREFIX = "levee_alerting_"


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
        self.age = gauge("zone_reading_age_seconds", "Seconds since the newest picture of a zone.", *zone)
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
            for zone in site.zones:
                self.box_online.labels(site.site, zone.box)
                for tier in Tier:
                    self.changes.labels(site.site, zone.name, tier.label)

    def show_zone(self, view: ZoneView) -> None:
        """Set a zone's series, and take away those whose values are not known."""
        labels = (view.site, view.zone)
        self.tier.labels(*labels).set(int(view.tier.tier))
        self.unknown.labels(*labels).set(int(view.held))
        if view.age_s is not None:
            self.age.labels(*labels).set(view.age_s)
        shown = self._known.setdefault(labels, set())
        for series, band in ((self.people, view.people), (self.density, view.density)):
            if band is not None:
                series.labels(*labels).set(band.value)
                shown.add(series)
            elif series in shown:
                series.remove(*labels)
                shown.discard(series)

    def show_status(self, status: Status) -> None:
        self.box_online.labels(status.site, status.box).set(int(status.state is Presence.ONLINE))

    def show_health(self, health: Health) -> None:
        """A box's own report, offered again for boxes that cannot be scraped."""
        box = (health.site, health.box)
        self.outbox.labels(*box).set(health.outbox.messages)
        present = {camera.camera for camera in health.cameras}
        for gone in self._cameras.get(box, set()) - present:
            for state in CameraState:
                self.camera.remove(*box, gone, state.value)
        self._cameras[box] = present
        for camera in health.cameras:
            for state in CameraState:
                self.camera.labels(*box, camera.camera, state.value).set(int(state is camera.state))
