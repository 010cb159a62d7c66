"""The figures that the fleet is watched by: ends of certificates, boxes' own reports, incidents, findings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.assess.rules import DENSITY_LEVELS
from alerting.audit.check import Finding
from alerting.audit.metrics import AuditMetrics, AuditMetricsRefused
from alerting.duty.incident import Incident, Phase, Silence
from alerting.metrics import Metrics
from alerting.settings import ZoneKind, ZoneSettings
from levee.enroll.authority import Authority
from levee.enroll.identity import Role, identify
from wire import VERSION, CameraHealth, CameraState, Health, OutboxHealth, Tier
from wire.certificate import expiry

AT = 1_800_000_000.0


@pytest.mark.parametrize("year", [2027, 2044, 2049, 2052, 2110])
def test_the_end_of_a_certificate_is_read_without_a_library(tmp_path: Path, year: int) -> None:
    """Up to 2049 the date has two digits of the year, later four."""
    now = datetime(year - 2, 3, 1, 12, 30, 15, tzinfo=UTC)
    authority = Authority(tmp_path / "a", clock=lambda: now)
    authority.create("Riverside")
    issued = authority.enroll(identify(Role.BOX, "riverside/riverside-1"), days=730)
    path = tmp_path / "box.crt"
    path.write_bytes(b"Bag Attributes: none\n" + issued.certificate + issued.ca)
    assert expiry(path) == (now + timedelta(days=730)).timestamp()


@given(st.binary(max_size=300))
def test_what_is_no_certificate_has_no_end(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "x.crt"
    path.write_bytes(content)
    assert expiry(path) is None


def test_a_certificate_that_was_cut_off_has_no_end(tmp_path: Path) -> None:
    import base64
    import ssl

    authority = Authority(tmp_path / "a")
    authority.create("Riverside")
    whole = ssl.PEM_cert_to_DER_cert((tmp_path / "a" / "ca.crt").read_text())
    path = tmp_path / "x.crt"
    for length in range(0, len(whole) - 1, 7):
        body = base64.b64encode(whole[:length]).decode()
        path.write_text(f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
        assert expiry(path) is None, length
    assert expiry(tmp_path / "none") is None


def sample(metrics: Metrics | AuditMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def health(frames: int, dropped: int = 0, **more: object) -> Health:
    camera = CameraHealth(
        camera="c1", state=CameraState.LIVE, frames=frames, dropped={"glare": dropped}, frame_age_s=0.4
    )
    return Health(
        version=VERSION,
        site="bund",
        box="b1",
        session="5f3a9c0d",
        sent=datetime.fromtimestamp(AT, UTC),
        cameras=(camera,),
        outbox=OutboxHealth(messages=3, oldest_age_s=12.5, dropped={"disk": 2}),
        **more,  # type: ignore[arg-type]
    )


def test_a_box_that_cannot_be_scraped_is_told_of_by_the_service() -> None:
    metrics, box = Metrics(), {"site": "bund", "box": "b1"}
    assert sample(metrics, "levee_alerting_box_frames_total", **box, camera="c1") is None
    metrics.show_health(health(100, 7))
    assert sample(metrics, "levee_alerting_box_frames_total", **box, camera="c1") == 100
    assert sample(metrics, "levee_alerting_box_frames_dropped_total", **box, camera="c1", reason="glare") == 7
    assert sample(metrics, "levee_alerting_box_frames_dropped_total", **box, camera="c1", reason="late") == 0
    assert sample(metrics, "levee_alerting_box_outbox_oldest_age_seconds", **box) == 12.5
    assert sample(metrics, "levee_alerting_box_outbox_dropped_total", **box, reason="disk") == 2
    assert sample(metrics, "levee_alerting_box_temperature_celsius", **box) is None, "unknown is absent"
    metrics.show_health(health(5, temperature_c=61.0))
    assert sample(metrics, "levee_alerting_box_frames_total", **box, camera="c1") == 5, "it has begun anew"
    assert sample(metrics, "levee_alerting_box_temperature_celsius", **box) == 61.0


def incident(zone: str, phase: Phase, told: float, urgency: Tier = Tier.ORANGE) -> Incident:
    return Incident(
        id=f"i-{zone}",
        site="bund",
        zone=zone,
        phase=phase,
        opened=told,
        since=told,
        tier=urgency,
        peak=urgency,
        urgency=urgency,
        why="density",
        told="page",
        told_since=told,
    )


def test_incidents_are_counted_by_phase_and_the_longest_wait_is_told() -> None:
    metrics = Metrics()
    silences = [
        Silence(id="1", site="bund", owner="x", reason="r", begins=AT - 5, ends=AT + 5, ceiling=Tier.YELLOW),
        Silence(id="2", site="bund", owner="x", reason="r", begins=AT + 5, ends=AT + 9, ceiling=Tier.YELLOW),
    ]
    open_ones = [
        incident("a", Phase.UNACKNOWLEDGED, AT - 90),
        incident("b", Phase.UNACKNOWLEDGED, AT - 20),
        incident("c", Phase.ACKNOWLEDGED, AT - 900),
    ]
    metrics.show_duty(["bund", "plaza"], open_ones, silences, AT)
    assert sample(metrics, "levee_alerting_incidents", site="bund", phase="unacknowledged") == 2
    assert sample(metrics, "levee_alerting_incidents", site="bund", phase="acknowledged") == 1
    assert sample(metrics, "levee_alerting_incidents", site="plaza", phase="unacknowledged") == 0
    assert sample(metrics, "levee_alerting_incident_unanswered_seconds", site="bund") == 90
    assert sample(metrics, "levee_alerting_silences", site="bund") == 1
    metrics.show_duty(["bund", "plaza"], [], [], AT)
    assert sample(metrics, "levee_alerting_incidents", site="bund", phase="unacknowledged") == 0
    assert sample(metrics, "levee_alerting_incident_unanswered_seconds", site="bund") == 0


def test_thresholds_follow_a_change() -> None:
    metrics = Metrics()
    zone = ZoneSettings(name="steps", title="Steps", kind=ZoneKind.STEPS, box="b1")
    red = {"site": "bund", "zone": "steps", "tier": "red"}
    metrics.show_rules("bund", zone.rules())
    assert (
        sample(metrics, "levee_alerting_zone_threshold_per_square_metre", **red) == DENSITY_LEVELS[ZoneKind.STEPS].red
    )
    flat = ZoneSettings(name="steps", title="Steps", kind=ZoneKind.FLAT, box="b1")
    metrics.show_rules("bund", flat.rules())
    assert sample(metrics, "levee_alerting_zone_threshold_per_square_metre", **red) == DENSITY_LEVELS[ZoneKind.FLAT].red


def test_findings_are_counted_by_kind_and_what_is_over_is_not() -> None:
    metrics = AuditMetrics()
    found = [
        Finding("bund/steps/call", AT, "not called"),
        Finding("away", AT, "the record is away"),
        Finding("silent", AT, "silent"),
        Finding("bund/quay/call", AT, "late", past=True),
    ]
    metrics.looked(found, AT)
    assert [sample(metrics, "levee_audit_findings", kind=kind) for kind in ("call", "record", "silent")] == [1, 1, 1]
    metrics.looked([], AT + 5)
    assert [sample(metrics, "levee_audit_findings", kind=kind) for kind in ("call", "record", "silent")] == [0, 0, 0]
    assert sample(metrics, "levee_audit_looks_total") == 2
    assert sample(metrics, "levee_audit_look_timestamp_seconds") == AT + 5


def test_a_port_that_is_taken_is_one_line(new_port) -> None:
    port, first = new_port(), AuditMetrics()
    first.serve("127.0.0.1", port)
    try:
        with pytest.raises(AuditMetricsRefused, match=f"audit: metrics at 127.0.0.1:{port}: Address already in use"):
            AuditMetrics().serve("127.0.0.1", port)
    finally:
        first.close()
