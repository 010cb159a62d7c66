"""The read-only end point: /metrics for Prometheus, /state for views, /healthz for supervisors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

#: Seconds until a client that says nothing is let go.
PATIENCE_S = 10
#: Seconds without a tick of the judgement until the service is no longer healthy.
STUCK_S = 10.0


class WebRefused(ValueError):
    """The end point cannot listen where it should."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 32


class _Quiet(WSGIRequestHandler):
    timeout = PATIENCE_S

    def log_message(self, format: str, *args: Any) -> None:
        """Scrapes are no news."""


class Web:
    """`state` gives the body of /state, or None before there is one."""

    def __init__(
        self,
        host: str,
        port: int,
        registry: CollectorRegistry,
        state: Callable[[], bytes | None],
        silent_s: Callable[[], float],
    ) -> None:
        """`silent_s` says how long ago the judgement last ran. WebRefused where the port is taken or the address is
        not one of this machine's."""
        metrics = make_wsgi_app(registry)

        def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
            path = environ.get("PATH_INFO", "")
            if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
                start("405 Method Not Allowed", [("Content-Type", "text/plain"), ("Allow", "GET, HEAD")])
                return [b"read only\n"]
            if path == "/metrics":
                answered: Iterable[bytes] = metrics(environ, start)
                return answered
            body = state() if path in ("/state", "/healthz") else None
            if body is None and path in ("/state", "/healthz"):
                start("503 Service Unavailable", [("Content-Type", "text/plain")])
                return [b"not ready\n"]
            if path == "/state" and body is not None:
                start("200 OK", [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
                return [body]
            if path == "/healthz":
                silent = silent_s()
                if silent > STUCK_S:
                    start("503 Service Unavailable", [("Content-Type", "text/plain")])
                    return [f"the judgement has not run for {silent:.0f} s\n".encode()]
                start("200 OK", [("Content-Type", "text/plain")])
                return [b"ok\n"]
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"/metrics, /state or /healthz\n"]

        try:
            self._server = make_server(host, port, answer, server_class=_Server, handler_class=_Quiet)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise WebRefused(f"metrics: cannot listen at {host}:{port}: {reason}") from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="web", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
