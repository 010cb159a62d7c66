"""The vendors' own channels against fake vendors: signed as each asks, and accepted only where its own code says so."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import msgspec
import pytest

from alerting.channels import AliyunChannel, MailChannel, TencentChannel, TwilioChannel
from alerting.paging.answer import Outcome, Sender
from alerting.paging.mail import MailSender
from alerting.paging.note import Note
from alerting.paging.robots import DingTalkSender, FeishuSender, WeComSender
from alerting.paging.telephone import AliyunSender, TencentSender, TwilioSender, aliyun_signature, tencent_authorization

KEY = "geheimer-key"
NUMBER = "+8613800000001"
AT = 1_800_000_000.0
NOTE = msgspec.convert(
    {
        "id": "0123456789abcdef0123",
        "site": "bund",
        "site_title": "外滩",
        "zone": "steps",
        "zone_title": "观景台阶",
        "tier": "red",
        "from_tier": "orange",
        "unknown": False,
        "why": "density 3.8",
        "since": "2026-12-31T22:38:00+08:00",
        "at": "2026-12-31T22:38:00+08:00",
        "people": None,
        "density": None,
        "trend": None,
        "responsible": "R",
        "text": "红色 外滩观景台阶",
        "attempt": 1,
        "language": "zh",
        "person": "李伟",
        "steps": ["关闭入口"],
        "link": "https://duty.example/a/x.y.z",
        "to": NUMBER,
    },
    Note,
)


class Vendor:
    """Answers every POST with one status, body and headers; `hang_up` takes the request and drops the connection."""

    def __init__(self, status: int, body: str, headers: dict[str, str], hang_up: bool) -> None:
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"]))
                vendor.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, sent))
                if hang_up:
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def vendor() -> Iterator[Callable[..., Vendor]]:
    made: list[Vendor] = []

    def make(body: str = "", status: int = 200, headers: dict[str, str] | None = None, hang_up: bool = False) -> Vendor:
        made.append(Vendor(status, body, headers or {}, hang_up))
        return made[-1]

    yield make
    for one in made:
        one.server.shutdown()
        one.server.server_close()


def aliyun(url: str, kind: str = "sms") -> Sender:
    channel = {"type": "aliyun", "kind": kind, "key_id": "id", "secret_from_env": "X", "template": "T", "endpoint": url}
    return AliyunSender(msgspec.convert({**channel, "sign_name": "值守"}, AliyunChannel), KEY, lambda: AT)


def tencent(url: str, kind: str = "sms") -> Sender:
    channel = {"type": "tencent", "kind": kind, "key_id": "id", "secret_from_env": "X", "template": "1", "app_id": "14"}
    return TencentSender(
        msgspec.convert({**channel, "sign_name": "值守", "endpoint": url}, TencentChannel), KEY, lambda: AT
    )


def twilio(url: str, kind: str = "sms") -> Sender:
    channel = {"type": "twilio", "kind": kind, "account": "AC1", "secret_from_env": "X", "sender": "+15005550006"}
    return TwilioSender(msgspec.convert({**channel, "endpoint": url}, TwilioChannel), KEY)


SENDERS: dict[str, Callable[[str], Sender]] = {
    "dingtalk": lambda url: DingTalkSender(f"{url}/robot/send?access_token={KEY}", KEY, 1, lambda: AT),
    "wecom": lambda url: WeComSender(f"{url}/cgi-bin/webhook/send?key={KEY}", 1),
    "feishu": lambda url: FeishuSender(f"{url}/open-apis/bot/v2/hook/{KEY}", KEY, 1, lambda: AT),
    "aliyun": aliyun,
    "tencent": tencent,
    "twilio": twilio,
    "aliyun-voice": lambda url: aliyun(url, "voice"),
    "tencent-voice": lambda url: tencent(url, "voice"),
    "twilio-voice": lambda url: twilio(url, "voice"),
}
YES = {
    "dingtalk": '{"errcode": 0, "errmsg": "ok"}',
    "wecom": '{"errcode": 0, "errmsg": "ok"}',
    "feishu": '{"code": 0, "msg": "success"}',
    "aliyun": '{"Code": "OK", "Message": "OK", "BizId": "1"}',
    "tencent": '{"Response": {"SendStatusSet": [{"Code": "Ok", "Message": "send success"}]}}',
    "twilio": '{"sid": "SM1", "status": "queued"}',
    "aliyun-voice": '{"Code": "OK", "Message": "OK", "CallId": "1"}',
    "tencent-voice": '{"Response": {"SendStatus": {"CallId": "c1", "SessionContext": ""}}}',
    "twilio-voice": '{"sid": "CA1", "status": "queued"}',
}
#: What each vendor says with status 200 when it refuses (Twilio: with its own status).
NO = {
    "dingtalk": ('{"errcode": 310000, "errmsg": "sign not match"}', "code 310000: sign not match", 0.0),
    "wecom": ('{"errcode": 45009, "errmsg": "api freq out of limit"}', "code 45009: api freq out of limit", 10.0),
    "feishu": ('{"code": 19021, "msg": "sign match fail"}', "code 19021: sign match fail", 0.0),
    "aliyun": (
        '{"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "触发分钟级流控"}',
        "isv.BUSINESS_LIMIT_CONTROL: 触发分钟级流控",
        10.0,
    ),
    "tencent": (
        '{"Response": {"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "bad"}}}',
        "AuthFailure.SignatureFailure: bad",
        0.0,
    ),
    "twilio": ('{"code": 21211, "message": "Invalid To"}', "code 21211: Invalid To", 0.0),
}


@pytest.mark.parametrize("name", SENDERS)
def test_yes_is_yes(name: str, vendor: Callable[..., Vendor]) -> None:
    answer = SENDERS[name](vendor(YES[name]).url).send(NOTE)
    assert answer.outcome is Outcome.ACCEPTED, answer


@pytest.mark.parametrize("name", NO)
def test_no_is_no_whatever_the_status(name: str, vendor: Callable[..., Vendor]) -> None:
    body, words, wait_s = NO[name]
    answer = SENDERS[name](vendor(body, 400 if name == "twilio" else 200).url).send(NOTE)
    assert (answer.outcome, answer.words, answer.wait_s) == (Outcome.REFUSED, words, wait_s)


@pytest.mark.parametrize("name", SENDERS)
@pytest.mark.parametrize(
    ("given", "outcome", "words", "wait_s"),
    [
        ({"status": 429, "body": "slow down", "headers": {"Retry-After": "7"}}, Outcome.REFUSED, "429", 7.0),
        ({"status": 503, "body": "oh"}, Outcome.REFUSED, "503", 0.0),
        ({"body": "<html>a captive portal</html>"}, Outcome.FAILED, "captive portal", 0.0),
        ({"body": "[]"}, Outcome.FAILED, "200", 0.0),
        ({"body": "{}"}, None, "", 0.0),
        ({"hang_up": True}, Outcome.FAILED, "", 0.0),
        ({"body": f'{{"errcode": 1, "code": 1, "Code": "1", "errmsg": "{KEY} {NUMBER}"}}'}, None, "", 0.0),
    ],
)
def test_whatever_else_is_never_accepted(
    name: str, given: dict[str, Any], outcome: Outcome | None, words: str, wait_s: float, vendor: Callable[..., Vendor]
) -> None:
    answer = SENDERS[name](vendor(**given).url).send(NOTE)
    assert answer.outcome is not Outcome.ACCEPTED
    assert outcome is None or answer.outcome is outcome
    assert words in answer.words
    assert answer.wait_s == wait_s
    assert KEY not in answer.words
    assert NUMBER not in answer.words


@pytest.mark.parametrize("name", SENDERS)
def test_a_vendor_that_says_nothing(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sender = SENDERS[name](f"http://127.0.0.1:{silent.getsockname()[1]}")
        if hasattr(sender, "_endpoint"):
            sender._endpoint.timeout_s = 0.3
        assert sender.send(NOTE).words == "no answer within 0.3 s"


def test_dingtalk_is_signed_and_mentions(vendor: Callable[..., Vendor]) -> None:
    there = vendor(YES["dingtalk"])
    SENDERS["dingtalk"](there.url).send(NOTE)
    path, _, body = there.asked[0]
    query = parse_qs(urlsplit(path).query)
    stamp = str(int(AT * 1000))
    sign = base64.b64encode(hmac.new(KEY.encode(), f"{stamp}\n{KEY}".encode(), hashlib.sha256).digest()).decode()
    assert (query["access_token"], query["timestamp"], query["sign"]) == ([KEY], [stamp], [sign])
    said = json.loads(body)
    assert said["at"]["atMobiles"] == [NUMBER]
    for part in ("红色", "1. 关闭入口", "李伟，请确认：https://duty.example/a/x.y.z", "编号 01234567"):
        assert part in said["text"]["content"]


def test_feishu_is_signed_with_the_key_and_the_time_as_key(vendor: Callable[..., Vendor]) -> None:
    there = vendor(YES["feishu"])
    SENDERS["feishu"](there.url).send(NOTE)
    said = json.loads(there.asked[0][2])
    key = f"{said['timestamp']}\n{KEY}".encode()
    assert said["sign"] == base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
    assert said["timestamp"] == "1800000000"


def test_wecom_mentions_by_number(vendor: Callable[..., Vendor]) -> None:
    there = vendor(YES["wecom"])
    SENDERS["wecom"](there.url).send(NOTE)
    assert json.loads(there.asked[0][2])["text"]["mentioned_mobile_list"] == [NUMBER]


@pytest.mark.parametrize("text", ["红色 外滩观景台阶", "挤" * 3000])
def test_what_is_too_long_loses_steps_first_and_never_the_link(text: str, vendor: Callable[..., Vendor]) -> None:
    note = msgspec.structs.replace(NOTE, text=text, steps=tuple(f"{n}{'步' * 250}" for n in range(8)), attempt=2)
    wecom, phone = vendor(YES["wecom"]), vendor(YES["twilio"])
    SENDERS["wecom"](wecom.url).send(note)
    twilio(phone.url).send(note)
    said = json.loads(wecom.asked[0][2])["text"]["content"]
    told = parse_qs(phone.asked[0][2].decode())["Body"][0]
    assert 1500 < len(said.encode()) <= 2048
    assert 1200 < len(told) <= 1600
    for one in (said, told):
        assert f"请确认：{note.link}\n" in one
        assert one.endswith(f"编号 {note.id[:8]}")
        assert one.startswith(text[:10])
        assert ("1. 0步" in one) is (len(text) < 100)
    short = vendor(YES["wecom"])
    SENDERS["wecom"](short.url).send(NOTE)
    assert json.loads(short.asked[0][2])["text"]["content"] == NOTE.whole


def test_aliyun_is_signed_over_every_parameter(vendor: Callable[..., Vendor]) -> None:
    there = vendor(YES["aliyun"])
    aliyun(there.url).send(NOTE)
    asked = {name: values[0] for name, values in parse_qs(there.asked[0][2].decode()).items()}
    sign = asked.pop("Signature")
    assert sign == aliyun_signature(asked, KEY)
    pairs = "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sorted(asked.items()))
    text = "POST&%2F&" + quote(pairs, safe="~")
    assert sign == base64.b64encode(hmac.new(f"{KEY}&".encode(), text.encode(), hashlib.sha1).digest()).decode()
    assert (asked["Action"], asked["PhoneNumbers"], asked["OutId"]) == ("SendSms", NUMBER, NOTE.id)
    assert json.loads(asked["TemplateParam"])["tier"] == "红色"
    assert asked["Timestamp"] == "2027-01-15T08:00:00Z"


@pytest.mark.parametrize("name", ["aliyun", "tencent"])
def test_a_short_message_holds_the_token_whole_and_no_address(name: str, vendor: Callable[..., Vendor]) -> None:
    token = f"{'0' * 20}.t5nf7k0q1.{'M' * 22}"
    note = msgspec.structs.replace(NOTE, link=f"https://{'long.' * 30}example/a/{token}", why="density " * 30)
    filled = {}
    for kind in ("sms", "voice"):
        for link in (note.link, ""):
            there = vendor(YES[name if kind == "sms" else f"{name}-voice"])
            {"aliyun": aliyun, "tencent": tencent}[name](there.url, kind).send(msgspec.structs.replace(note, link=link))
            body = there.asked[0][2].decode()
            if name == "aliyun":
                found = parse_qs(body)["TemplateParam" if kind == "sms" else "TtsParam"][0]
                filled[kind, bool(link)] = list(json.loads(found).values())
            else:
                filled[kind, bool(link)] = json.loads(body)["TemplateParamSet"]
    assert filled["sms", True][3] == token
    assert filled["sms", False][3] == "-"
    assert filled["voice", True] == filled["voice", False]
    assert filled["voice", True][3].startswith("density")
    assert "http" not in str(filled)


def test_the_aliyun_signature_is_the_vendors_own_example() -> None:
    asked = {
        "AccessKeyId": "testId",
        "Action": "SendSms",
        "Format": "XML",
        "OutId": "123",
        "PhoneNumbers": "15300000001",
        "RegionId": "cn-hangzhou",
        "SignName": "阿里云短信测试专用",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "45e25e9b-0a6f-4070-8c85-2956eda1b466",
        "SignatureVersion": "1.0",
        "TemplateCode": "SMS_71390007",
        "TemplateParam": '{"customer":"test"}',
        "Timestamp": "2017-07-12T02:42:19Z",
        "Version": "2017-05-25",
    }
    # The published example signs a GET; only the verb differs.
    pairs = "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sorted(asked.items()))
    got = base64.b64encode(
        hmac.new(b"testSecret&", f"GET&%2F&{quote(pairs, safe='~')}".encode(), hashlib.sha1).digest()
    ).decode()
    assert got == "zJDF+Lrzhj/ThnlvIToysFRq6t4="


def test_tencent_is_signed_and_names_its_action(vendor: Callable[..., Vendor]) -> None:
    there = vendor(YES["tencent"])
    tencent(there.url).send(NOTE)
    _, headers, body = there.asked[0]
    assert (headers["x-tc-action"], headers["x-tc-version"]) == ("SendSms", "2021-01-11")
    assert headers["authorization"] == tencent_authorization("sms", headers["host"], body, int(AT), "id", KEY)
    said = json.loads(body)
    assert (said["PhoneNumberSet"], said["SessionContext"]) == ([NUMBER], NOTE.id)


def test_a_voice_call_reads_aloud_and_one_acknowledges(vendor: Callable[..., Vendor]) -> None:
    there = vendor(YES["twilio-voice"])
    twilio(there.url, "voice").send(msgspec.structs.replace(NOTE, text='red & "dense" <now>'))
    path, headers, body = there.asked[0]
    asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    assert path == "/2010-04-01/Accounts/AC1/Calls.json"
    assert base64.b64decode(headers["authorization"].split()[1]).decode() == f"AC1:{KEY}"
    assert 'red &amp; "dense" &lt;now&gt;' in asked["Twiml"]
    assert f'action="{NOTE.link}"' in asked["Twiml"]


@pytest.mark.parametrize("name", ["aliyun", "tencent", "twilio"])
def test_nobody_to_send_to(name: str, vendor: Callable[..., Vendor]) -> None:
    there = vendor(YES[name])
    answer = SENDERS[name](there.url).send(msgspec.structs.replace(NOTE, to=""))
    assert (answer.outcome, there.asked) == (Outcome.REFUSED, [])


class Smtp:
    """A mail server that answers by script: one reply for each command."""

    def __init__(self, **replies: str) -> None:
        self.replies, self.mails = replies, list[bytes]()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 mail\r\n")
            for line in lines:
                verb = line.split(b":")[0].split()[0].decode().upper()
                usual = {"QUIT": "221 bye", "DATA": "354 go on"}.get(verb, "250 ok")
                reply = self.replies.get(verb, usual)
                if reply == "drop":
                    return
                connection.sendall(f"{reply}\r\n".encode())
                if verb == "DATA" and reply.startswith("354"):
                    mail = b""
                    for part in lines:
                        if part == b".\r\n":
                            break
                        mail += part
                    self.mails.append(mail)
                    end = self.replies.get("END", "250 queued as 4711")
                    if end == "drop":
                        return
                    connection.sendall(f"{end}\r\n".encode())


@pytest.mark.parametrize(
    ("replies", "outcome", "words"),
    [
        ({}, Outcome.ACCEPTED, "250 queued as 4711"),
        ({"RCPT": "550 no such user"}, Outcome.REFUSED, "550 no such user"),
        ({"MAIL": "451 try later"}, Outcome.REFUSED, "451 try later"),
        ({"END": "552 mailbox full"}, Outcome.REFUSED, "552 mailbox full"),
        ({"QUIT": "drop"}, Outcome.ACCEPTED, "250 queued as 4711"),
        ({"QUIT": "500 what"}, Outcome.ACCEPTED, "250 queued as 4711"),
        ({"END": "drop"}, Outcome.FAILED, "Connection unexpectedly closed"),
        ({"RCPT": "250 ok duty@district.example is fine", "END": "554 duty@district.example"}, Outcome.REFUSED, "***"),
    ],
)
def test_mail(replies: dict[str, str], outcome: Outcome, words: str) -> None:
    there = Smtp(**replies)
    settings = {"type": "mail", "host": "127.0.0.1", "port": there.port, "security": "none", "sender": "l@x.example"}
    sender = MailSender(msgspec.convert({**settings, "timeout_s": 2}, MailChannel), None)
    answer = sender.send(msgspec.structs.replace(NOTE, to="duty@district.example"))
    assert answer.outcome is outcome, answer
    assert words in answer.words
    assert "duty@district.example" not in answer.words
    if there.mails:
        assert f"Message-ID: <{NOTE.id}@levee>".encode() in there.mails[0]
        assert b"\n" not in there.mails[0].replace(b"\r\n", b""), "lines end as RFC 5321 says"
    there.listener.close()


def test_mail_in_the_clear_only_to_this_machine() -> None:
    with pytest.raises(msgspec.ValidationError, match="would send pages in the clear"):
        msgspec.convert({"type": "mail", "host": "mail.example", "security": "none", "sender": "a@b"}, MailChannel)
