"""The channels. Each tells what the receiver answered; none of them knows about retries."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from collections.abc import Mapping
from importlib.util import find_spec
from urllib.parse import urlsplit

import msgspec

from alerting.channels import (
    AliyunChannel,
    AppriseChannel,
    Channel,
    ConsoleChannel,
    DingTalkChannel,
    FeishuChannel,
    MailChannel,
    TencentChannel,
    TwilioChannel,
    WebhookChannel,
    WeComChannel,
)
from alerting.paging.answer import Answer, ChannelRefused, Outcome, Sender, one_line
from alerting.paging.http import Endpoint
from alerting.paging.mail import MailSender
from alerting.paging.note import Note
from alerting.paging.robots import DingTalkSender, FeishuSender, WeComSender
from alerting.paging.telephone import AliyunSender, TencentSender, TwilioSender
from wire.secret import secret

log = logging.getLogger("levee.alerting.page")

__all__ = ["Answer", "ChannelRefused", "ConsoleSender", "Outcome", "Sender", "WebhookSender", "make_senders"]


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
        self._endpoint, self._key = Endpoint(url, timeout_s), key

    def send(self, note: Note) -> Answer:
        body = msgspec.json.encode(note)
        headers = {"Content-Type": "application/json", "X-Levee-Page": note.id, "Idempotency-Key": note.id}
        if self._key is not None:
            now = str(int(time.time()))
            digest = hmac.new(self._key.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
            headers |= {"X-Levee-Time": now, "X-Levee-Signature": f"sha256={digest}"}
        reply = self._endpoint.post(body, headers)
        if isinstance(reply, Answer):
            return reply
        # A redirect is no acceptance: the address is to be corrected, not followed with a signed page.
        outcome = Outcome.ACCEPTED if 200 <= reply.status < 300 else Outcome.REFUSED
        hidden = (*self._endpoint.hidden, self._key or "", note.to)
        return Answer(outcome, reply.words(*hidden), reply.wait_s)


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
        with self._capture(level=logging.WARNING) as said:
            accepted = self._apprise.notify(body=note.whole, title=note.heading)
            words = said.getvalue()
        if accepted:
            return Answer(Outcome.ACCEPTED, "Apprise reports that it was sent")
        path = urlsplit(self._url).netloc
        return Answer(Outcome.REFUSED, one_line(words or "Apprise reports a failure", self._url, path))


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
    match channel:
        case ConsoleChannel():
            return ConsoleSender()
        case MailChannel():
            kept = secret(f"channel {name}, password", env=channel.password_from_env, file=channel.password_from_file)
            return MailSender(channel, kept)
        case AliyunChannel():
            return AliyunSender(channel, _key(name, channel) or "")
        case TencentChannel():
            return TencentSender(channel, _key(name, channel) or "")
        case TwilioChannel():
            return TwilioSender(channel, _key(name, channel) or "")
    url = secret(f"channel {name}, address", env=channel.url_from_env, file=channel.url_from_file) or ""
    match channel:
        case AppriseChannel():
            return AppriseSender(url)
        case WeComChannel():
            return WeComSender(url, channel.timeout_s)
        case DingTalkChannel():
            return DingTalkSender(url, _key(name, channel), channel.timeout_s)
        case FeishuChannel():
            return FeishuSender(url, _key(name, channel), channel.timeout_s)
        case WebhookChannel():
            return WebhookSender(url or channel.url or "", _key(name, channel), channel.timeout_s)


def _key(
    name: str,
    channel: WebhookChannel | DingTalkChannel | FeishuChannel | AliyunChannel | TencentChannel | TwilioChannel,
) -> str | None:
    return secret(f"channel {name}, key", env=channel.secret_from_env, file=channel.secret_from_file)
