"""The auditor's own figures for Prometheus: that it looks, and what stands."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from alerting.audit.check import Finding

PREFIX = "levee_audit_"


class AuditMetricsRefused(ValueError):
    """The port for the metrics cannot be had."""


class AuditMetrics:
    """All series, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._looks = Counter(f"{PREFIX}looks_total", "Looks at the record since the start.", registry=registry)
        self._looked = Gauge(
            f"{PREFIX}look_timestamp_seconds", "Seconds since 1970 of the last look at the record.", registry=registry
        )
        self._findings = Gauge(
            f"{PREFIX}findings",
            "What stands: `call` was due and not made, `record` is away or was changed, `silent` is the service.",
            ["kind"],
            registry=registry,
        )
        for kind in ("call", "record", "silent"):
            self._findings.labels(kind).set(0)
        self._server: WSGIServer | None = None

    def serve(self, host: str, port: int) -> None:
        """Offer them over HTTP; AuditMetricsRefused where the port is taken."""
        try:
            self._server, _ = start_http_server(port, addr=host, registry=self.registry)
        except OSError as error:
            raise AuditMetricsRefused(f"audit: metrics at {host}:{port}: {error.strerror or error}") from None

    def looked(self, findings: Iterable[Finding], at: float) -> None:
        """After each look; `at` is the time of the record."""
        self._looks.inc()
        self._looked.set(at)
        counts = {"call": 0, "record": 0, "silent": 0}
        for finding in findings:
            if finding.past:
                continue
            kind = "record" if finding.key in ("away", "witness", "chain") else finding.key
            counts[kind if kind in counts else "call"] += 1
        for kind, count in counts.items():
            self._findings.labels(kind).set(count)

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
