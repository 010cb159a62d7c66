"""The dashboard for the engineer: is the service well, and does it page?"""

from __future__ import annotations

from typing import Any

from levee.dashboards.layout import Mark, Section, Variable, dashboard
from levee.dashboards.panels import PER_SECOND, SECONDS, Panel, Query, Words, graph, stat, timeline
from levee.dashboards.queries import increase, quantiles, rate

SERVICE = 'instance=~"$service"'
ROLES = {0: Words("stands by", "blue"), 1: Words("leads", "dark-green")}


def service() -> dict[str, Any]:
    """The dashboard `levee-service`."""
    return dashboard(
        uid="levee-service",
        title="Levee: service",
        description="Whether Levee can judge and page: ingest, lag, record, pages, escalations, auditor.",
        variables=(Variable("service", "Service", "levee_alerting_build_info", "instance"),),
        sections=(
            Section("Now", _now()),
            Section("What comes in", _ingest()),
            Section("Judgement and record", _judgement()),
            Section("Pages and escalations", _pages()),
            Section("Auditor", _auditor()),
        ),
        marks=(
            Mark(
                "Critical alerts",
                'ALERTS{alertname=~"Levee.+", alertstate="firing", severity="critical"}',
                "{{alertname}}",
                "red",
            ),
        ),
    )


def _now() -> list[Panel]:
    bad = ((None, "green"), (1.0, "red"))
    return [
        timeline(
            "Who leads",
            "Of a pair one leads, and the other stands by.",
            [Query(f"levee_alerting_leading{{{SERVICE}}}", "{{instance}}")],
            ROLES,
            size=(10, 5),
        ),
        stat(
            "Zones that are not judged in time",
            "Zones whose newest picture is older than 30 s.",
            Query("count(levee_alerting_zone_reading_age_seconds > 30) or vector(0)", "zones"),
            size=(4, 5),
            steps=bad,
        ),
        stat(
            "Findings of the auditor",
            "Calls that were due and not made, a record that was changed or is away, a service that is silent.",
            Query("sum(levee_audit_findings)", "findings"),
            size=(5, 5),
            steps=bad,
        ),
        stat(
            "Certificate ends in",
            "Of the certificate that ends first, of boxes and service. No certificate at all is -1.",
            Query(
                'min({__name__=~"levee_(edge|alerting)_certificate_expiry_timestamp_seconds"}) - time() or vector(-1)',
                "ends",
            ),
            size=(5, 5),
            unit=SECONDS,
            steps=((None, "green"), (0.0, "red"), (30 * 86_400.0, "green")),
        ),
    ]


def _ingest() -> list[Panel]:
    return [
        graph(
            "Messages received",
            "By topic.",
            [Query(rate("levee_alerting_messages_total", "topic", f"{{{SERVICE}}}"), "{{topic}}")],
            size=(8, 7),
            unit=PER_SECOND,
        ),
        graph(
            "Readings by state",
            "Good, degraded, unknown.",
            [Query(rate("levee_alerting_readings_total", "state", f"{{{SERVICE}}}"), "{{state}}")],
            size=(8, 7),
            unit=PER_SECOND,
        ),
        graph(
            "Dropped",
            "Messages and readings that were refused, by reason.",
            [Query(increase("levee_alerting_dropped_total", "reason", f"{{{SERVICE}}}"), "{{reason}}")],
            size=(8, 7),
            bars=True,
        ),
    ]


def _judgement() -> list[Panel]:
    return [
        graph(
            "Lag of the tick",
            "How late the service judges; it pages that late, too.",
            [Query(f"levee_alerting_tick_lag_seconds{{{SERVICE}}}", "{{instance}}")],
            size=(8, 7),
            unit=SECONDS,
        ),
        graph(
            "Time to commit",
            "Median, 95 % and 99 % of the writes into the record.",
            quantiles("levee_alerting_commit_duration_seconds", "instance", f"{{{SERVICE}}}", "{{instance}}"),
            size=(8, 7),
            unit=SECONDS,
        ),
    ]


def _pages() -> list[Panel]:
    return [
        graph(
            "Pages not out",
            "Decided, and not accepted by any channel yet.",
            [Query(f"levee_alerting_pages_pending{{{SERVICE}}}", "{{instance}}")],
            size=(8, 7),
        ),
        graph(
            "Answers of the channels",
            "Accepted means that the vendor took it, not that a person has read it.",
            [
                Query(
                    increase("levee_alerting_pages_total", "channel, outcome", f"{{{SERVICE}}}"),
                    "{{channel}}: {{outcome}}",
                )
            ],
            size=(8, 7),
            bars=True,
        ),
        graph(
            "Calls to people",
            "The first and every escalation, by site.",
            [Query(increase("levee_alerting_calls_total", "site", f"{{{SERVICE}}}"), "{{site}}")],
            size=(8, 7),
            bars=True,
        ),
        graph(
            "Acknowledged",
            "Incidents that a person has taken, by site.",
            [Query(increase("levee_alerting_acknowledgements_total", "site", f"{{{SERVICE}}}"), "{{site}}")],
            size=(8, 7),
            bars=True,
        ),
        graph(
            "Longest wait for an answer",
            "Since the oldest page that nobody has acknowledged.",
            [Query(f"levee_alerting_incident_unanswered_seconds{{{SERVICE}}}", "{{site}}")],
            size=(8, 7),
            unit=SECONDS,
        ),
        graph(
            "Silences",
            "Silences and maintenance in force.",
            [Query(f"levee_alerting_silences{{{SERVICE}}}", "{{site}}")],
            size=(8, 7),
        ),
    ]


def _auditor() -> list[Panel]:
    return [
        graph(
            "Findings",
            "What stands, by kind.",
            [Query("levee_audit_findings", "{{kind}}")],
            size=(12, 7),
        ),
        graph(
            "Looks at the record",
            "Once every few seconds; none means that nobody audits.",
            [Query(rate("levee_audit_looks_total", "instance"), "{{instance}}")],
            size=(12, 7),
            unit=PER_SECOND,
        ),
    ]
