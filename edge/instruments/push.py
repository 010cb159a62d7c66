"""The door for instruments that push over HTTP: POST /NAME. It answers what was wrong, in one line each."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from edge.instruments.settings import PushSettings
from edge.instruments.words import MAX_BYTES, Refused
from edge.plan import BoxRefused
from wire.secret import secret

#: Seconds until a sender that says nothing is let go, and senders at once at most.
PATIENCE_S = 10
MOST_AT_ONCE = 32


class Push:
    """Serves until `close`. `pushed` takes (name, payload) and gives what was refused, or None for a name that it does
    not know. BoxRefused where it cannot listen, SecretMissing where the token is not there."""

    def __init__(self, settings: PushSettings, pushed: Callable[[str, bytes], list[Refused] | None]) -> None:
        token = secret("the token of pushes", env=settings.token_from_env, file=settings.token_from_file)
        room = threading.BoundedSemaphore(MOST_AT_ONCE)

        class Handler(BaseHTTPRequestHandler):
            timeout = PATIENCE_S

            def log_message(self, format: str, *args: object) -> None:
                """Pushes are no news."""

            def do_POST(self) -> None:
                if not room.acquire(blocking=False):
                    self._answer(503, "too many at once")
                    return
                try:
                    self._take()
                finally:
                    room.release()

            def _take(self) -> None:
                given = self.headers.get("Authorization", "").removeprefix("Bearer ")
                if token is not None and not hmac.compare_digest(given.encode(), token.encode()):
                    self._answer(401, "a token is needed: Authorization: Bearer ...")
                    return
                try:
                    length = int(self.headers.get("Content-Length", ""))
                except ValueError:
                    self._answer(411, "Content-Length is needed")
                    return
                if not 0 <= length <= MAX_BYTES:
                    self._answer(413, f"at most {MAX_BYTES:,} bytes")
                    return
                refused = pushed(self.path.strip("/"), self.rfile.read(length))
                if refused is None:
                    self._answer(404, "no instrument has that name")
                elif refused:
                    self._answer(400, "\n".join(fault.line for fault in refused[:20]))
                else:
                    self._answer(204, "")

            def _answer(self, status: int, line: str) -> None:
                body = f"{line}\n".encode() if line else b""
                self.send_response(status)
                if body:
                    self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A sender that hangs up is no news."""

        try:
            self._server = Server((settings.host, settings.port), Handler)
        except OSError as error:
            line = f"push: {settings.host}:{settings.port}: {error.strerror or error}"
            raise BoxRefused(line, "push", "port") from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="levee-push", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
