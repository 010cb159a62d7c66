"""One POST, with a limit on all of it, and nothing followed."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlsplit

from alerting.paging.answer import Answer, ChannelRefused, Outcome, one_line

MAX_BODY = 16_384


@dataclass(frozen=True)
class Reply:
    status: int
    reason: str
    body: str
    #: Seconds that the receiver asks to be left alone for.
    wait_s: float = 0.0

    def words(self, *hidden: str) -> str:
        return one_line(f"{self.status} {self.reason}: {self.body}".rstrip(": "), *hidden)


class Endpoint:
    """An http or https address. `hidden` is what must not stand in any words about it."""

    def __init__(self, url: str, timeout_s: float) -> None:
        """ChannelRefused for an address that is not http or https."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ChannelRefused("the address is not one") from None
        if parts.scheme not in ("http", "https") or not host:
            raise ChannelRefused("the address must begin with http:// or https:// and name a host")
        self.parts, self.host, self._port, self.timeout_s = parts, host, port, timeout_s
        values = (value for _, value in parse_qsl(parts.query))
        self.hidden = (url, parts.query, *values, parts.password or "", parts.path if len(parts.path) > 8 else "")

    def post(self, body: bytes, headers: Mapping[str, str], more: str = "") -> Reply | Answer:
        """POST `body`, with `more` added to the query; an Answer where there was no reply to judge."""
        make = http.client.HTTPSConnection if self.parts.scheme == "https" else http.client.HTTPConnection
        connection = make(self.host, self._port, timeout=self.timeout_s)
        query = "&".join(filter(None, (self.parts.query, more)))
        target = (self.parts.path or "/") + (f"?{query}" if query else "")
        # The socket's own time-out starts anew with every byte: a receiver that drips must not hold up the next page.
        late = threading.Event()
        deadline = threading.Timer(self.timeout_s, _hang_up, (connection, late))
        deadline.daemon = True
        words = ""
        try:
            connection.connect()
            deadline.start()
            connection.request("POST", target, body, {"User-Agent": "levee", **_credentials(self.parts), **headers})
            response = connection.getresponse()
            status = response.status
            with contextlib.suppress(OSError, http.client.HTTPException):
                words = _read(response)
        except TimeoutError:
            return Answer(Outcome.FAILED, f"no answer within {self.timeout_s:g} s")
        except (OSError, http.client.HTTPException, ValueError) as error:
            if late.is_set():
                return Answer(Outcome.FAILED, f"no answer within {self.timeout_s:g} s")
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            return Answer(Outcome.FAILED, one_line(reason, *self.hidden, more))
        finally:
            deadline.cancel()
            connection.close()
        asked = response.getheader("Retry-After", "")
        return Reply(status, response.reason, words, float(asked) if asked.isdigit() and len(asked) < 6 else 0.0)


def _read(response: http.client.HTTPResponse) -> str:
    """As much of the body as comes before the deadline, up to MAX_BODY."""
    read = b""
    with contextlib.suppress(OSError, http.client.HTTPException):
        while len(read) < MAX_BODY:
            piece = response.read1(MAX_BODY - len(read))
            if not piece:
                break
            read += piece
    return read.decode("utf-8", "replace")


def _hang_up(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    late.set()
    if connection.sock is not None:
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _credentials(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    both = f"{parts.username}:{parts.password or ''}".encode()
    return {"Authorization": f"Basic {b64encode(both).decode()}"}
