"""Group robots of DingTalk, WeCom and Feishu. They answer 200 to what they refuse: only their own code counts.

Signatures as the vendors' documents ask: DingTalk HMAC-SHA256 of "time in ms, newline, key" by the key; Feishu
HMAC-SHA256 of nothing by "time in s, newline, key"; WeCom has none.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

from alerting.paging.answer import Answer, Outcome, one_line
from alerting.paging.http import Endpoint, Reply
from alerting.paging.note import Note, in_bytes

JSON = {"Content-Type": "application/json; charset=utf-8"}
#: Codes by which the vendors say "too many": DingTalk, WeCom, Feishu (twice).
BUSY = {130101, 410100, 45009, 9499, 11232}
BUSY_WAIT_S = 10.0
#: A text of WeCom may have so many bytes in UTF-8.
WECOM_BYTES = 2048


class DingTalkSender:
    def __init__(self, url: str, key: str | None, timeout_s: float, now: Callable[[], float] = time.time) -> None:
        """ChannelRefused for an address that is not http or https."""
        self._endpoint, self._key, self._now = Endpoint(url, timeout_s), key, now

    def send(self, note: Note) -> Answer:
        body: dict[str, Any] = {"msgtype": "text", "text": {"content": note.whole}}
        if note.to:
            body["text"]["content"] += f"\n@{note.to}"
            body["at"] = {"atMobiles": [note.to], "isAtAll": False}
        more = ""
        if self._key is not None:
            at = str(round(self._now() * 1000))
            sign = _sign(self._key.encode(), f"{at}\n{self._key}".encode())
            more = f"timestamp={at}&sign={quote_plus(sign)}"
        return _judged(self._endpoint.post(_json(body), JSON, more), *self._endpoint.hidden, self._key or "", note.to)


class WeComSender:
    def __init__(self, url: str, timeout_s: float) -> None:
        """ChannelRefused for an address that is not http or https."""
        self._endpoint = Endpoint(url, timeout_s)

    def send(self, note: Note) -> Answer:
        text: dict[str, Any] = {"content": note.within(WECOM_BYTES, in_bytes)}
        if note.to:
            text["mentioned_mobile_list"] = [note.to]
        body = {"msgtype": "text", "text": text}
        return _judged(self._endpoint.post(_json(body), JSON), *self._endpoint.hidden, note.to)


class FeishuSender:
    def __init__(self, url: str, key: str | None, timeout_s: float, now: Callable[[], float] = time.time) -> None:
        """ChannelRefused for an address that is not http or https."""
        self._endpoint, self._key, self._now = Endpoint(url, timeout_s), key, now

    def send(self, note: Note) -> Answer:
        mention = f'<at user_id="{note.to}"></at> ' if note.to else ""
        body: dict[str, Any] = {"msg_type": "text", "content": {"text": mention + note.whole}}
        if self._key is not None:
            at = str(int(self._now()))
            body = {"timestamp": at, "sign": _sign(f"{at}\n{self._key}".encode(), b""), **body}
        return _judged(self._endpoint.post(_json(body), JSON), *self._endpoint.hidden, self._key or "", note.to)


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _sign(key: bytes, text: bytes) -> str:
    return b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def _judged(reply: Reply | Answer, *hidden: str) -> Answer:
    """Accepted only where the vendor's own code says so."""
    if isinstance(reply, Answer):
        return reply
    if not 200 <= reply.status < 300:
        wait_s = reply.wait_s or (BUSY_WAIT_S if reply.status == 429 else 0.0)
        return Answer(Outcome.REFUSED, reply.words(*hidden), wait_s)
    try:
        said = json.loads(reply.body)
    except ValueError:
        return Answer(Outcome.FAILED, reply.words(*hidden))
    if not isinstance(said, dict):
        return Answer(Outcome.FAILED, reply.words(*hidden))
    code = next((said[name] for name in ("errcode", "code", "StatusCode") if name in said), None)
    words = next((said[name] for name in ("errmsg", "msg", "StatusMessage") if name in said), "")
    if code is None:
        return Answer(Outcome.FAILED, reply.words(*hidden))
    told = one_line(f"code {code}: {words}", *hidden)
    if code == 0:
        return Answer(Outcome.ACCEPTED, told)
    return Answer(Outcome.REFUSED, told, BUSY_WAIT_S if code in BUSY else 0.0)
