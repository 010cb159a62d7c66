"""What boxes report of themselves over MQTT, offered to Prometheus again: for boxes that cannot be scraped."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from wire import Health

PREFIX = "levee_alerting_box_"


class Boxes(Collector):
    """The newest report of each box. Its counters begin anew with the box, as Prometheus knows counters to do."""

    def __init__(self) -> None:
        self._reports: dict[tuple[str, str], Health] = {}

    def show(self, health: Health) -> None:
        """Any thread."""
        self._reports[health.site, health.box] = health

    def collect(self) -> Iterator[Metric]:
        camera = ["site", "box", "camera"]
        frames = CounterMetricFamily(f"{PREFIX}frames", "Frames taken from a camera, as its box says.", labels=camera)
        dropped = CounterMetricFamily(
            f"{PREFIX}frames_dropped", "Frames that were not counted, as the box reports.", labels=[*camera, "reason"]
        )
        age = GaugeMetricFamily(
            f"{PREFIX}frame_age_seconds", "Age of a camera's newest frame at the box's last report.", labels=camera
        )
        oldest = GaugeMetricFamily(
            f"{PREFIX}outbox_oldest_age_seconds",
            "Age of the oldest message in a box's outbox at its last report; 0 for none.",
            labels=["site", "box"],
        )
        given_up = CounterMetricFamily(
            f"{PREFIX}outbox_dropped", "Messages that a box has given up.", labels=["site", "box", "reason"]
        )
        warmth = GaugeMetricFamily(
            f"{PREFIX}temperature_celsius", "Temperature of a box, where it tells.", labels=["site", "box"]
        )
        for box, health in sorted(dict(self._reports).items()):
            for each in health.cameras:
                frames.add_metric([*box, each.camera], each.frames)
                for reason in sorted({"superseded", "late", "unreadable", *each.dropped}):
                    dropped.add_metric([*box, each.camera, reason], each.dropped.get(reason, 0))
                if each.frame_age_s is not None:
                    age.add_metric([*box, each.camera], each.frame_age_s)
            oldest.add_metric([*box], health.outbox.oldest_age_s or 0)
            for reason in sorted({"count", "bytes", "disk", "corrupt", *health.outbox.dropped}):
                given_up.add_metric([*box, reason], health.outbox.dropped.get(reason, 0))
            if health.temperature_c is not None:
                warmth.add_metric([*box], health.temperature_c)
        yield from (frames, dropped, age, oldest, given_up, warmth)
