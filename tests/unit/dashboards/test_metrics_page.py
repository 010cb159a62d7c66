"""The table of metrics is read from the registries themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from alerting.audit.metrics import AuditMetrics
from alerting.metrics import Metrics as AlertingMetrics
from edge.metrics import Metrics as EdgeMetrics
from levee.dashboards.duty_room import duty_room
from levee.dashboards.fleet import fleet
from levee.dashboards.metrics_page import Metric, metrics, page, unit
from levee.dashboards.service import service

ROOT = Path(__file__).resolve().parents[3]


def test_every_metric_is_a_row_even_before_its_first_sample():
    registry = CollectorRegistry()
    Histogram("levee_x_count_duration_seconds", "Time to count.", ["camera"], registry=registry)
    Counter("levee_x_dropped_total", "Dropped | refused.", ["reason"], registry=registry)
    Gauge("levee_x_broker_connected", "Link.", registry=registry)
    assert metrics(registry) == [
        Metric("levee_x_broker_connected", "gauge", (), "0 or 1", "Link."),
        Metric("levee_x_count_duration_seconds", "histogram", ("camera",), "seconds", "Time to count."),
        Metric("levee_x_dropped_total", "counter", ("reason",), "messages", "Dropped | refused."),
    ]
    text = page([("Box", registry)])
    assert "## Box" in text
    assert "| `levee_x_dropped_total` | counter | `reason` | messages | Dropped \\| refused. |" in text
    assert "| `levee_x_broker_connected` | gauge | none | 0 or 1 | Link. |" in text


def test_families_of_a_collector_tell_their_labels_too():
    class Own(Collector):
        def collect(self):
            yield CounterMetricFamily("levee_x_frames", "Frames.", labels=["camera"])

    registry = CollectorRegistry()
    registry.register(Own())
    assert metrics(registry) == [Metric("levee_x_frames_total", "counter", ("camera",), "frames", "Frames.")]


def test_what_dashboards_and_rules_ask_for_is_served():
    """Every name with its labels, in every query: a typo would only show as an empty panel."""
    served = {
        row.name: set(row.labels)
        for half in (EdgeMetrics(), AlertingMetrics(), AuditMetrics())
        for row in metrics(half.registry)
    }
    asked = [
        target["expr"]
        for board in (duty_room(), fleet(), service())
        for p in board["panels"]
        for target in p.get("targets", [])
    ]
    asked += [mark["expr"] for board in (duty_room(), service()) for mark in board["annotations"]["list"]]
    for path in (ROOT / "configs" / "prometheus" / "rules").glob("*.yml"):
        for group in yaml.safe_load(path.read_text())["groups"]:
            asked += [rule["expr"] for rule in group["rules"]]
    found = [hit for expr in asked for hit in re.findall(r"(?<![\w:])(levee_\w+)(?:{([^}]*)})?", expr)]
    assert len(found) > 60
    for name, matchers in found:
        base = re.sub("_bucket$", "", name)
        assert base in served, name
        used = set(re.findall(r"(\w+)(?:=~|!~|!=|=)", matchers)) - {"instance", "job"}
        assert used <= served[base], (name, used)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("levee_edge_frames_dropped_total", "frames"),
        ("levee_edge_outbox_dropped_total", "messages"),
        ("levee_edge_zone_people_low", "persons"),
        ("levee_edge_zone_peak_density_per_square_metre", "persons/m²"),
        ("levee_alerting_zone_tier", "0 normal to 4 red"),
        ("levee_alerting_tier_changes_total", "changes"),
        ("levee_alerting_pages_pending", "pages"),
        ("levee_alerting_tick_lag_seconds", "seconds"),
    ],
)
def test_the_name_tells_the_unit(name, wanted):
    assert unit(name) == wanted


def test_a_name_that_tells_no_unit_is_refused():
    with pytest.raises(ValueError, match="levee_edge_temperature does not tell its unit"):
        unit("levee_edge_temperature")
