"""The box's figures for Prometheus. What is unknown has no series: a value that is absent cannot be taken for 0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from edge.capture import Report
from edge.plan import BoxRefused
from edge.settings import MetricsSettings
from wire import CameraState, Instant, OutboxHealth, Reading, State, Throughput


@dataclass(frozen=True)
class Snapshot:
    """All that the metrics are made of, as it was at the last tick."""

    readings: tuple[Reading, ...] = ()
    cameras: dict[str, Report] = field(default_factory=dict)
    published: dict[str, int] = field(default_factory=dict)
    ticks: int = 0
    connected: bool = False
    outbox: OutboxHealth = field(default_factory=lambda: OutboxHealth(messages=0))
    #: Seconds since 1970 at which the box's certificate ends.
    certificate: float | None = None


class Metrics(Collector):
    """Offers the last snapshot; each scrape sees one moment, whole."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._snapshot = Snapshot()
        self._durations = Histogram(
            "levee_edge_count_duration_seconds",
            "Time that counting one frame took.",
            ["camera"],
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
            registry=self.registry,
        )
        self.registry.register(self)

    def show(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def took(self, camera: str, seconds: float) -> None:
        """A frame of a camera was counted."""
        self._durations.labels(camera=camera).observe(seconds)

    def serve(self, settings: MetricsSettings) -> None:
        """Offer the metrics over HTTP until the process ends; BoxRefused where the port is taken."""
        try:
            self._server, _ = start_http_server(settings.port, addr=settings.host, registry=self.registry)
        except OSError as error:
            line = f"metrics: {settings.host}:{settings.port}: {error.strerror or error}"
            raise BoxRefused(line, "metrics", "port") from None

    def close(self) -> None:
        """Stop offering them."""
        self._server.shutdown()
        self._server.server_close()

    def collect(self) -> Iterator[Metric]:
        snapshot = self._snapshot
        info = GaugeMetricFamily("levee_edge_build_info", "Always 1; the version is the label.", labels=["version"])
        info.add_metric([own_version()], 1)
        yield info
        yield from _zones(snapshot.readings)
        yield from _cameras(snapshot.cameras)
        yield CounterMetricFamily("levee_edge_ticks", "Ticks since the start.", value=snapshot.ticks)
        published = CounterMetricFamily("levee_edge_published", "Messages handed to the broker.", labels=["topic"])
        for topic, count in sorted(snapshot.published.items()):
            published.add_metric([topic], count)
        yield published
        yield GaugeMetricFamily(
            "levee_edge_broker_connected", "1 while there is a connection.", value=int(snapshot.connected)
        )
        ends = GaugeMetricFamily(
            "levee_edge_certificate_expiry_timestamp_seconds",
            "Seconds since 1970 at which the own certificate ends; absent where there is none.",
        )
        if snapshot.certificate is not None:
            ends.add_metric([], snapshot.certificate)
        yield ends
        yield from _outbox(snapshot.outbox)


def own_version() -> str:
    """The version of Levee that is installed."""
    try:
        return version("levee")
    except PackageNotFoundError:
        return "not-installed"


def _zones(readings: tuple[Reading, ...]) -> Iterator[Metric]:
    people = GaugeMetricFamily("levee_edge_zone_people", "People in the zone.", labels=["zone"])
    low = GaugeMetricFamily("levee_edge_zone_people_low", "Lower end of the 90 % band of people.", labels=["zone"])
    high = GaugeMetricFamily("levee_edge_zone_people_high", "Upper end of the 90 % band of people.", labels=["zone"])
    density = GaugeMetricFamily(
        "levee_edge_zone_density_per_square_metre", "People per square metre, mean of the zone.", labels=["zone"]
    )
    peak = GaugeMetricFamily(
        "levee_edge_zone_peak_density_per_square_metre",
        "People per square metre in the worst cell of about 10 square metres.",
        labels=["zone"],
    )
    state = GaugeMetricFamily("levee_edge_zone_state", "1 for the state that the zone is in.", labels=["zone", "state"])
    speed = GaugeMetricFamily("levee_edge_zone_speed_metres_per_second", "Mean walking speed.", labels=["zone"])
    counterflow = GaugeMetricFamily(
        "levee_edge_zone_counterflow", "Share of those who walk that walk against the others, 0 to 1.", labels=["zone"]
    )
    pressure = GaugeMetricFamily(
        "levee_edge_zone_pressure", "Crowd pressure (density times variance of velocity), 1/s².", labels=["zone"]
    )
    for each in readings:
        for known in State:
            state.add_metric([each.zone, known.value], int(each.state is known))
        if not isinstance(each, Instant):
            continue
        for family, figure in ((speed, each.speed), (counterflow, each.counterflow), (pressure, each.pressure)):
            if figure is not None:
                family.add_metric([each.zone], figure)
        if each.count is not None:
            people.add_metric([each.zone], each.count.value)
            low.add_metric([each.zone], each.count.low)
            high.add_metric([each.zone], each.count.high)
        if each.density is not None:
            density.add_metric([each.zone], each.density)
        if each.peak_density is not None:
            peak.add_metric([each.zone], each.peak_density.value)
    yield from (people, low, high, density, peak, state, speed, counterflow, pressure)
    passed = GaugeMetricFamily(
        "levee_edge_gate_persons_per_minute", "People who pass a gate.", labels=["gate", "direction"]
    )
    for each in readings:
        if isinstance(each, Throughput) and each.inflow is not None and each.outflow is not None:
            passed.add_metric([each.zone, "in"], each.inflow)
            passed.add_metric([each.zone, "out"], each.outflow)
    yield passed


def _cameras(cameras: dict[str, Report]) -> Iterator[Metric]:
    state = GaugeMetricFamily(
        "levee_edge_camera_state", "1 for the state that the camera is in.", labels=["camera", "state"]
    )
    frames = CounterMetricFamily("levee_edge_frames", "Frames taken from the camera.", labels=["camera"])
    dropped = CounterMetricFamily(
        "levee_edge_frames_dropped", "Frames that were not counted.", labels=["camera", "reason"]
    )
    age = GaugeMetricFamily("levee_edge_frame_age_seconds", "Age of the newest frame.", labels=["camera"])
    for name, report in cameras.items():
        for known in CameraState:
            state.add_metric([name, known.value], int(report.track.state is known))
        frames.add_metric([name], report.frames)
        for reason in sorted({"superseded", "late", "unreadable", *report.dropped}):
            dropped.add_metric([name, reason], report.dropped.get(reason, 0))
        if report.frame_age_s is not None:
            age.add_metric([name], report.frame_age_s)
    yield from (state, frames, dropped, age)


def _outbox(outbox: OutboxHealth) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "levee_edge_outbox_messages", "Messages that the service has not answered for.", value=outbox.messages
    )
    yield GaugeMetricFamily(
        "levee_edge_outbox_oldest_age_seconds", "Age of the oldest of them; 0 for none.", value=outbox.oldest_age_s or 0
    )
    dropped = CounterMetricFamily("levee_edge_outbox_dropped", "Messages that were given up.", labels=["reason"])
    for reason in sorted({"count", "bytes", "disk", "corrupt", *outbox.dropped}):
        dropped.add_metric([reason], outbox.dropped.get(reason, 0))
    yield dropped
