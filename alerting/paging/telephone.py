"""SMS and voice calls by the HTTP interfaces of Aliyun, Tencent Cloud and Twilio.

Each is signed as its vendor asks (Aliyun: RPC signature 1.0; Tencent Cloud: TC3-HMAC-SHA256; Twilio: basic
authentication), and the vendor's own code says whether it was accepted.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape, quoteattr

from alerting.channels import AliyunChannel, TencentChannel, TwilioChannel
from alerting.paging.answer import Answer, Outcome, one_line
from alerting.paging.http import Endpoint, Reply
from alerting.paging.note import Note

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
#: Templates of short messages take no long parameters.
MAX_PARAMETER = 35
#: Where there is nothing to answer; no vendor takes an empty parameter.
NO_TOKEN = "-"
BUSY_WAIT_S = 10.0
#: Longer messages are refused by Twilio.
TWILIO_CHARACTERS = 1600
NOBODY = Answer(Outcome.REFUSED, "there is no number to send it to")


def parameters(note: Note, kind: str) -> dict[str, str]:
    """What a template is filled with.

    Vendors refuse addresses in parameters of short messages (isv.PARAM_NOT_SUPPORT_URL), so the template itself says
    `https://host/a/${token}`, and only the last part of the link is filled in: whole, for a part is worth nothing.
    A call reads aloud why; nobody can type what it says.
    """
    place = f"{note.site_title} {note.zone_title}"
    filled = {"id": note.id[:8], "tier": note.tier_word, "place": place[:MAX_PARAMETER]}
    if kind == "voice":
        return {**filled, "text": note.why[: MAX_PARAMETER * 4]}
    return {**filled, "token": note.link.rpartition("/")[2] or NO_TOKEN}


class AliyunSender:
    def __init__(self, channel: AliyunChannel, key: str, now: Callable[[], float] = time.time) -> None:
        """ChannelRefused for an end point that is no address."""
        voice = channel.kind == "voice"
        public = "https://dyvmsapi.aliyuncs.com/" if voice else "https://dysmsapi.aliyuncs.com/"
        self._endpoint = Endpoint(channel.endpoint or public, channel.timeout_s)
        self._channel, self._key, self._now = channel, key, now

    def send(self, note: Note) -> Answer:
        to = note.to or self._channel.to
        if not to:
            return NOBODY
        channel, filled = self._channel, json.dumps(parameters(note, self._channel.kind), ensure_ascii=False)
        asked = {
            "AccessKeyId": channel.key_id,
            "Format": "JSON",
            "OutId": note.id,
            "RegionId": "cn-hangzhou",
            "SignatureMethod": "HMAC-SHA1",
            "SignatureNonce": uuid.uuid4().hex,
            "SignatureVersion": "1.0",
            "Timestamp": datetime.fromtimestamp(int(self._now()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Version": "2017-05-25",
        }
        if channel.kind == "voice":
            asked |= {"Action": "SingleCallByTts", "CalledNumber": to, "TtsCode": channel.template}
            asked |= {"TtsParam": filled, "PlayTimes": "3"}
            asked |= {"CalledShowNumber": channel.shown_number} if channel.shown_number else {}
        else:
            asked |= {"Action": "SendSms", "PhoneNumbers": to, "TemplateCode": channel.template}
            asked |= {"SignName": channel.sign_name or "", "TemplateParam": filled}
        asked["Signature"] = aliyun_signature(asked, self._key)
        reply = self._endpoint.post(urlencode(asked, quote_via=quote).encode(), FORM)
        said = _read(reply, self._key, to)
        if isinstance(said, Answer):
            return said
        code = str(said.get("Code", ""))
        words = one_line(f"{code}: {said.get('Message', '')}", self._key, to)
        if code == "OK":
            return Answer(Outcome.ACCEPTED, words)
        busy = "LIMIT_CONTROL" in code or "Throttling" in code
        return Answer(Outcome.REFUSED, words, BUSY_WAIT_S if busy else 0.0)


def aliyun_signature(asked: Mapping[str, str], key: str) -> str:
    """Signature 1.0 of Aliyun's RPC interfaces for a POST."""
    pairs = "&".join(f"{_percent(name)}={_percent(value)}" for name, value in sorted(asked.items()))
    text = f"POST&{_percent('/')}&{_percent(pairs)}"
    return b64encode(hmac.new(f"{key}&".encode(), text.encode(), hashlib.sha1).digest()).decode()


def _percent(text: str) -> str:
    return quote(text, safe="~")


class TencentSender:
    def __init__(self, channel: TencentChannel, key: str, now: Callable[[], float] = time.time) -> None:
        """ChannelRefused for an end point that is no address."""
        self._service = "vms" if channel.kind == "voice" else "sms"
        public = f"https://{self._service}.tencentcloudapi.com/"
        self._endpoint = Endpoint(channel.endpoint or public, channel.timeout_s)
        self._channel, self._key, self._now = channel, key, now

    def send(self, note: Note) -> Answer:
        to = note.to or self._channel.to
        if not to:
            return NOBODY
        channel, filled = self._channel, list(parameters(note, self._channel.kind).values())
        if channel.kind == "voice":
            action, version = "SendTts", "2020-09-02"
            asked: dict[str, Any] = {"CalledNumber": to, "VoiceSdkAppid": channel.app_id, "PlayTimes": 3}
        else:
            action, version = "SendSms", "2021-01-11"
            asked = {"PhoneNumberSet": [to], "SmsSdkAppId": channel.app_id, "SignName": channel.sign_name}
        asked |= {"TemplateId": channel.template, "TemplateParamSet": filled, "SessionContext": note.id}
        body = json.dumps(asked, ensure_ascii=False).encode()
        at = int(self._now())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Host": self._endpoint.parts.netloc,
            "X-TC-Action": action,
            "X-TC-Version": version,
            "X-TC-Timestamp": str(at),
            "X-TC-Region": channel.region,
            "Authorization": tencent_authorization(
                self._service, self._endpoint.parts.netloc, body, at, channel.key_id, self._key
            ),
        }
        said = _read(self._endpoint.post(body, headers), self._key, to)
        if isinstance(said, Answer):
            return said
        response = said.get("Response", {})
        if not isinstance(response, dict):
            return Answer(Outcome.FAILED, one_line(str(said), self._key, to))
        if "Error" in response:
            code, words = str(response["Error"].get("Code")), str(response["Error"].get("Message"))
        elif response.get("SendStatusSet"):
            code, words = (str(response["SendStatusSet"][0].get(name)) for name in ("Code", "Message"))
        elif "SendStatus" in response:
            code, words = "Ok", f"call {response['SendStatus'].get('CallId', '')}"
        else:
            return Answer(Outcome.FAILED, one_line(str(said), self._key, to))
        told = one_line(f"{code}: {words}", self._key, to)
        if code == "Ok":
            return Answer(Outcome.ACCEPTED, told)
        return Answer(Outcome.REFUSED, told, BUSY_WAIT_S if "LimitExceeded" in code else 0.0)


def tencent_authorization(service: str, host: str, body: bytes, at: int, key_id: str, key: str) -> str:
    """The Authorization header of TC3-HMAC-SHA256 for a POST to `/` that signs content type and host."""
    day = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
    scope, signed = f"{day}/{service}/tc3_request", "content-type;host"
    request = "\n".join(
        (
            "POST",
            "/",
            "",
            f"content-type:application/json; charset=utf-8\nhost:{host}\n",
            signed,
            hashlib.sha256(body).hexdigest(),
        )
    )
    text = f"TC3-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    secret = f"TC3{key}".encode()
    for part in (day, service, "tc3_request"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    return f"TC3-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={signed}, Signature={signature}"


class TwilioSender:
    def __init__(self, channel: TwilioChannel, key: str) -> None:
        """ChannelRefused for an end point that is no address."""
        base = (channel.endpoint or "https://api.twilio.com").rstrip("/")
        what = "Calls" if channel.kind == "voice" else "Messages"
        path = f"/2010-04-01/Accounts/{quote(channel.account)}/{what}.json"
        self._endpoint = Endpoint(base + path, channel.timeout_s)
        self._channel, self._key = channel, key

    def send(self, note: Note) -> Answer:
        to = note.to or self._channel.to
        if not to:
            return NOBODY
        channel = self._channel
        asked = {"To": to, "From": channel.sender}
        if channel.kind == "voice":
            asked["Twiml"] = twiml(note)
        else:
            asked["Body"] = note.within(TWILIO_CHARACTERS, len)
        login = b64encode(f"{channel.account}:{self._key}".encode()).decode()
        headers = {**FORM, "Authorization": f"Basic {login}"}
        reply = self._endpoint.post(urlencode(asked).encode(), headers)
        said = _read(reply, self._key, to, errors=True)
        if isinstance(said, Answer):
            return said
        if said.get("sid") and not said.get("error_code"):
            return Answer(Outcome.ACCEPTED, one_line(f"{said.get('status')}: {said['sid']}", self._key, to))
        code = said.get("code") or said.get("error_code")
        words = one_line(f"code {code}: {said.get('message') or said.get('error_message')}", self._key, to)
        return Answer(Outcome.REFUSED, words, BUSY_WAIT_S if code == 20429 else 0.0)


def twiml(note: Note) -> str:
    """What a voice call says; pressing 1 answers the link."""
    language = "zh-CN" if note.language == "zh" else "en-US"
    said = f"<Say language={quoteattr(language)} loop='2'>{escape(note.text)}</Say>"
    if not note.link:
        return f"<Response>{said}</Response>"
    press = "按一确认" if note.language == "zh" else "Press 1 to acknowledge"
    return (
        f"<Response><Gather numDigits='1' method='POST' timeout='20' action={quoteattr(note.link)}>{said}"
        f"<Say language={quoteattr(language)}>{escape(press)}</Say></Gather></Response>"
    )


def _read(reply: Reply | Answer, *hidden: str, errors: bool = False) -> dict[str, Any] | Answer:
    """The JSON that the vendor said; with `errors` also where its status is one."""
    if isinstance(reply, Answer):
        return reply
    try:
        said = json.loads(reply.body)
    except ValueError:
        said = None
    refused = not 200 <= reply.status < 300
    if refused and not (errors and isinstance(said, dict) and "code" in said and reply.status != 429):
        wait_s = reply.wait_s or (BUSY_WAIT_S if reply.status == 429 else 0.0)
        return Answer(Outcome.REFUSED, reply.words(*hidden), wait_s)
    if not isinstance(said, dict):
        return Answer(Outcome.FAILED, reply.words(*hidden))
    return said
