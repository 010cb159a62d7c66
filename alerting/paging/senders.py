"""The channels. Each tells what the receiver answered; none of them knows about retries."""

from __future__ import annotations

import contextlib
import enum
import hashlib
import hmac
import http.client
import logging
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

import msgspec

from alerting.paging.note import Note
from alerting.settings import AppriseChannel, Channel, ConsoleChannel, WebhookChannel
from wire.secret import secret

log = logging.getLogger("levee.alerting.page")
MAX_ANSWER = 300


class Outcome(enum.Enum):
    """`accepted`: the receiver said yes. `refused`: it said no. `failed`: it said nothing that could be understood."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Answer:
    outcome: Outcome
    #: The receiver's own words, or what went wrong; without secrets, one line.
    words: str


class Sender(Protocol):
    def send(self, note: Note) -> Answer:
        """Try once; takes no longer than the channel's time-out by much."""


class ChannelRefused(ValueError):
    """A channel that cannot work as it is set up."""


def _one_line(words: str, *hidden: str) -> str:
    for part in sorted(filter(None, hidden), key=len, reverse=True):
        words = words.replace(part, "***")
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:MAX_ANSWER]


class ConsoleSender:
    """A line of the log for each page."""

    def send(self, note: Note) -> Answer:
        repeat = f" (attempt {note.attempt})" if note.attempt > 1 else ""
        log.warning("PAGE %s%s: %s", note.id, repeat, note.text)
        return Answer(Outcome.ACCEPTED, "written to the log")


class WebhookSender:
    """POSTs JSON. Headers: `X-Levee-Page` (the id), and with a key `X-Levee-Time` and `X-Levee-Signature`, which is
    `sha256=` and the HMAC-SHA256 of the time, a full stop and the body."""

    def __init__(self, url: str, key: str | None, timeout_s: float) -> None:
        """ChannelRefused for an address that is not http or https."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ChannelRefused("the address is not one") from None
        if parts.scheme not in ("http", "https") or not host:
            raise ChannelRefused("the address must begin with http:// or https:// and name a host")
        self._parts, self._host, self._port = parts, host, port
        self._key, self._timeout_s = key, timeout_s
        self._hidden = (url, parts.query, parts.password or "", parts.path if len(parts.path) > 8 else "", key or "")

    def send(self, note: Note) -> Answer:
        body = msgspec.json.encode(note)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "levee",
            "X-Levee-Page": note.id,
            "Idempotency-Key": note.id,
            **_credentials(self._parts),
        }
        if self._key is not None:
            now = str(int(time.time()))
            digest = hmac.new(self._key.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
            headers |= {"X-Levee-Time": now, "X-Levee-Signature": f"sha256={digest}"}
        make = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = make(self._host, self._port, timeout=self._timeout_s)
        target = (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")
        # The socket's own time-out starts anew with every byte: a receiver that drips must not hold up the next page.
        deadline = threading.Timer(self._timeout_s, _hang_up, (connection,))
        deadline.daemon = True
        words = ""
        try:
            connection.connect()
            deadline.start()
            connection.request("POST", target, body, headers)
            response = connection.getresponse()
            status = response.status
            with contextlib.suppress(OSError, http.client.HTTPException):
                words = response.read1(4096).decode("utf-8", "replace")
        except TimeoutError:
            return Answer(Outcome.FAILED, f"no answer within {self._timeout_s:g} s")
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            return Answer(Outcome.FAILED, _one_line(reason, *self._hidden))
        finally:
            deadline.cancel()
            connection.close()
        # A redirect is no acceptance: the address is to be corrected, not followed with a signed page.
        outcome = Outcome.ACCEPTED if 200 <= status < 300 else Outcome.REFUSED
        return Answer(outcome, _one_line(f"{status} {response.reason}: {words}".rstrip(": "), *self._hidden))


def _hang_up(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _credentials(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    both = f"{parts.username}:{parts.password or ''}".encode()
    return {"Authorization": f"Basic {b64encode(both).decode()}"}


class AppriseSender:
    """One Apprise address. Apprise only says yes or no; the words are those of its log."""

    def __init__(self, url: str) -> None:
        """ChannelRefused where Apprise is not installed or does not know the address."""
        if find_spec("apprise") is None:
            raise ChannelRefused("Apprise is not installed: install levee[service]")
        import apprise

        self._url, self._apprise = url, apprise.Apprise()
        self._capture = apprise.LogCapture
        if not self._apprise.add(url):
            raise ChannelRefused("Apprise does not know the address")

    def send(self, note: Note) -> Answer:
        title = f"{note.tier.value.upper()} {note.site_title}, {note.zone_title}"
        with self._capture(level=logging.WARNING) as said:
            accepted = self._apprise.notify(body=note.text, title=title)
            words = said.getvalue()
        if accepted:
            return Answer(Outcome.ACCEPTED, "Apprise reports that it was sent")
        path = urlsplit(self._url).netloc
        return Answer(Outcome.REFUSED, _one_line(words or "Apprise reports a failure", self._url, path))


def make_senders(channels: Mapping[str, Channel]) -> dict[str, Sender]:
    """A sender for each channel; ChannelRefused or SecretMissing with one line that names the channel."""
    made: dict[str, Sender] = {}
    for name, channel in channels.items():
        try:
            made[name] = _make(name, channel)
        except ChannelRefused as error:
            raise ChannelRefused(f"channel {name}: {error}") from None
    return made


def _make(name: str, channel: Channel) -> Sender:
    if isinstance(channel, ConsoleChannel):
        return ConsoleSender()
    url = secret(f"channel {name}, address", env=channel.url_from_env, file=channel.url_from_file)
    if isinstance(channel, AppriseChannel):
        return AppriseSender(url or "")
    assert isinstance(channel, WebhookChannel)
    key = secret(f"channel {name}, key", env=channel.secret_from_env, file=channel.secret_from_file)
    return WebhookSender(url or channel.url or "", key, channel.timeout_s)
