"""The gateway's figures for Prometheus; what is unknown has no series."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from edge.instruments.words import Refusal
from edge.metrics import own_version
from edge.plan import BoxRefused
from edge.settings import MetricsSettings
from wire import CameraHealth, CameraState, OutboxHealth

PREFIX = "levee_instruments_"


class Metrics(Collector):
    """Asks the gateway at each scrape: `health` of its instruments, `outbox`, `links` and what it `published`."""

    def __init__(
        self,
        health: Callable[[], tuple[CameraHealth, ...]] = lambda: (),
        outbox: Callable[[], OutboxHealth] = lambda: OutboxHealth(messages=0),
        links: Callable[[], dict[str, bool]] = lambda: {"service": False, "instruments": False},
        published: Callable[[], dict[str, int]] = dict,
    ) -> None:
        self.registry = CollectorRegistry()
        self._health, self._outbox, self._links, self._published = health, outbox, links, published
        self.registry.register(self)

    def serve(self, settings: MetricsSettings) -> None:
        """Offer them over HTTP; BoxRefused where the port is taken."""
        try:
            self._server, _ = start_http_server(settings.port, addr=settings.host, registry=self.registry)
        except OSError as error:
            line = f"metrics: {settings.host}:{settings.port}: {error.strerror or error}"
            raise BoxRefused(line, "metrics", "port") from None

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def collect(self) -> Iterator[Metric]:
        info = GaugeMetricFamily(PREFIX + "build_info", "Always 1; the version is the label.", labels=["version"])
        info.add_metric([own_version()], 1)
        yield info
        yield from self._instruments()
        links = GaugeMetricFamily(
            PREFIX + "broker_connected", "1 while there is a connection to the broker.", labels=["side"]
        )
        for side, connected in sorted(self._links().items()):
            links.add_metric([side], int(connected))
        yield links
        published = CounterMetricFamily(PREFIX + "published", "Messages handed to the broker.", labels=["topic"])
        for topic, count in sorted(self._published().items()):
            published.add_metric([topic], count)
        yield published
        outbox = self._outbox()
        yield GaugeMetricFamily(
            PREFIX + "outbox_messages", "Messages that the service has not answered for.", value=outbox.messages
        )

    def _instruments(self) -> Iterator[Metric]:
        messages = CounterMetricFamily(PREFIX + "messages", "Payloads of an instrument.", labels=["instrument"])
        dropped = CounterMetricFamily(
            PREFIX + "dropped", "Payloads and rows that were not taken, by reason.", labels=["instrument", "reason"]
        )
        state = GaugeMetricFamily(
            PREFIX + "state", "1 for the state that an instrument is in.", labels=["instrument", "state"]
        )
        age = GaugeMetricFamily(
            PREFIX + "word_age_seconds", "Seconds since the last word of an instrument.", labels=["instrument"]
        )
        for one in self._health():
            messages.add_metric([one.camera], one.frames)
            for reason in Refusal:
                dropped.add_metric([one.camera, reason.value], one.dropped.get(reason.value, 0))
            for known in (CameraState.LIVE, CameraState.STALLED, CameraState.OFF):
                state.add_metric([one.camera, known.value], int(one.state is known))
            if one.frame_age_s is not None:
                age.add_metric([one.camera], one.frame_age_s)
        yield from (messages, dropped, state, age)
