"""The demo's own telephone: takes pages by HTTP on the loopback address, so that a real page really arrives."""

from __future__ import annotations

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from levee.demo.ports import LOOPBACK, free_port

_MAX_BYTES = 100_000
_KEPT = 50


class Pager:
    """Answers every page with 204 and remembers the last of them. `start` and `close` bracket its life."""

    def __init__(self) -> None:
        self._pages: deque[dict[str, object]] = deque(maxlen=_KEPT)
        self._server = ThreadingHTTPServer((LOOPBACK, free_port()), _handler(self._pages))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="pager", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def pages(self) -> list[dict[str, object]]:
        """What arrived, oldest first."""
        return list(self._pages)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


def _handler(pages: deque[dict[str, object]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdigit():
                self.send_error(411)
                return
            if int(length) > _MAX_BYTES:
                # Taken off the line first: an answer to one who is still sending may never be read.
                self.rfile.read(min(int(length), 10 * _MAX_BYTES))
                self.send_error(413)
                return
            try:
                page = json.loads(self.rfile.read(int(length)))
            except ValueError:
                self.send_error(400)
                return
            pages.append(page if isinstance(page, dict) else {"page": page})
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the view shows the pages."""

    return Handler
