"""docs/metrics.md: one table of every metric, read from the registries that both halves really serve."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from alerting.audit.metrics import AuditMetrics
from alerting.metrics import Metrics as AlertingMetrics
from edge.instruments.metrics import Metrics as InstrumentMetrics
from edge.metrics import Metrics as EdgeMetrics

#: The end of a name tells the unit; the first that fits counts.
_UNITS = (
    (r"_tier_changes_total$", "changes"),
    (r"_calls_total$", "calls"),
    (r"_acknowledgements_total$|_incidents$", "incidents"),
    (r"_silences$", "silences"),
    (r"_looks_total$", "looks"),
    (r"_findings$", "findings"),
    (r"_timestamp_seconds$", "seconds since 1970"),
    (r"_celsius$", "°C"),
    (r"_leading$", "0 or 1"),
    (r"_frames(_dropped)?_total$", "frames"),
    (r"_readings_total$", "readings"),
    (r"_ticks_total$", "ticks"),
    (r"_pages(_total|_pending)$", "pages"),
    (r"_total$|_messages$", "messages"),
    (r"_seconds$", "seconds"),
    (r"_per_square_metre$", "persons/m²"),
    (r"_people(_low|_high)?$", "persons"),
    (r"_metres_per_second$", "m/s"),
    (r"_counterflow$", "0 to 1"),
    (r"_pressure$", "1/s²"),
    (r"_persons_per_minute$", "persons/min"),
    (r"_zone_tier$", "0 normal to 4 red"),
    (r"_info$", "always 1"),
    (r"_state$|_unknown$|_online$|_connected$", "0 or 1"),
)

_HEAD = """# Metrics

Made from the code by `python -m levee.dashboards`. A box serves its own at `http://127.0.0.1:9108/metrics`, a
gateway of instruments at `http://127.0.0.1:9106/metrics`, the
alerting service at `http://127.0.0.1:9109/metrics`, the auditor at port `audit.metrics_port`; all are settings.
What a box reports over MQTT the
service offers again as `levee_alerting_box_*`, for boxes that cannot be scraped.

Unknown is absent: while a zone is not known, its figures have no series at all. They are never 0 for want of a reading.
Counters with a `reason`, an `outcome` or a `topic` are there from the start with 0, so that the first event shows.

To look at them: `prometheus --config.file=configs/prometheus/prometheus.yml` scrapes both halves on one machine and
loads the rules. For Grafana, copy `configs/grafana/provisioning` to `/etc/grafana/provisioning` and
`configs/grafana/dashboards` to `/etc/levee/grafana/dashboards`. The alerts are about the health of the system;
the crowd's tiers are paged by the service itself.
"""


@dataclass(frozen=True)
class Metric:
    """One row of the table; `name` as it is queried."""

    name: str
    kind: str
    labels: tuple[str, ...]
    unit: str
    meaning: str


def metrics(registry: CollectorRegistry) -> list[Metric]:
    """Every metric of `registry` by name, also those without a single sample; ValueError for a name without a unit."""
    rows = []
    for collector in list(registry._collector_to_names):
        for family in collector.collect():
            # A metric knows its labels before its first sample, but only under a private name.
            owner = collector if isinstance(collector, MetricWrapperBase) else family
            labels = tuple(getattr(owner, "_labelnames", ()))
            name = family.name + ("_total" if family.type == "counter" else "")
            rows.append(Metric(name, family.type, labels, unit(name), family.documentation))
    return sorted(rows, key=lambda row: row.name)


def unit(name: str) -> str:
    """What one of `name` is."""
    for ending, said in _UNITS:
        if re.search(ending, name):
            return said
    raise ValueError(f"the name of the metric {name} does not tell its unit")


def metrics_page() -> str:
    """The page of all of them."""
    return page(
        [
            ("Box", EdgeMetrics().registry),
            ("Gateway of instruments", InstrumentMetrics().registry),
            ("Alerting service", AlertingMetrics().registry),
            ("Auditor", AuditMetrics().registry),
        ]
    )


def page(rooms: Iterable[tuple[str, CollectorRegistry]]) -> str:
    """The whole page, one table per (title, registry)."""
    parts = [_HEAD]
    for title, registry in rooms:
        parts += [f"## {title}", "", "| name | type | labels | unit | meaning |", "|---|---|---|---|---|"]
        for row in metrics(registry):
            labels = ", ".join(f"`{label}`" for label in row.labels) or "none"
            meaning = row.meaning.replace("|", "\\|")
            parts.append(f"| `{row.name}` | {row.kind} | {labels} | {row.unit} | {meaning} |")
        parts.append("")
    return "\n".join(parts)
