"""The channels against receivers that refuse, hang, drip, redirect and hang up: what each of them is told."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from alerting.assess import Figures, Page, ZoneKind
from alerting.paging.note import Addressee, Note, write_note
from alerting.paging.senders import ChannelRefused, ConsoleSender, Outcome, WebhookSender, make_senders
from alerting.settings import AppriseChannel, SiteSettings, WebhookChannel, ZoneSettings
from wire import Band, Tier
from wire.secret import SecretMissing

ZONES = (
    ZoneSettings(name="steps", title="The steps", kind=ZoneKind.STEPS, box="b", responsible="Metro police"),
    ZoneSettings(name="square", title="The square", kind=ZoneKind.FLAT, box="b"),
)
SITE = SiteSettings(site="bund", title="The Bund", time_zone="Asia/Shanghai", responsible="Duty room", zones=ZONES)


def page(zone: str = "steps", unknown: bool = False) -> Page:
    known = Figures(people=Band(value=212.4, low=180, high=250), density=Band(value=3.81, low=3, high=4.2), trend=0.5)
    return Page(
        id="0123456789abcdef0123",
        at=1_420_036_680.0,
        site="bund",
        zone=zone,
        tier=Tier.RED,
        from_tier=Tier.ORANGE,
        why="density 3.81 persons/m² in the worst cell over 12 s, red from 3.5",
        since=1_420_036_680.0,
        figures=Figures() if unknown else known,
        unknown=unknown,
    )


NOTE = msgspec.structs.replace(write_note(page(), SITE), attempt=1)


def test_a_note_says_what_people_need() -> None:
    assert NOTE.text == (
        "RED The Bund, The steps, since 22:38:00, about 212 people, 3.8 persons/m² in the worst cell, "
        "+0.50 persons/m² a minute. density 3.81 persons/m² in the worst cell over 12 s, red from 3.5. "
        "Responsible: Metro police."
    )
    assert NOTE.since.isoformat() == "2014-12-31T22:38:00+08:00"
    assert msgspec.json.decode(msgspec.json.encode(NOTE), type=Note) == NOTE
    blind = write_note(page("square", unknown=True), SITE)
    assert blind.text.startswith("NOT SEEN The Bund, The square")
    assert (blind.responsible, blind.people, blind.exercise) == ("Duty room", None, False)


def test_a_note_tells_what_is_foreseen_in_the_language_of_the_person() -> None:
    ahead = msgspec.structs.replace(page().figures, ahead=Band(value=4.26, low=3.5, high=5.0), ahead_minutes=15)
    rising = msgspec.structs.replace(page(), figures=ahead)
    note = write_note(rising, SITE)
    assert note.forecast == "4.3 persons/m² in the worst cell in 15 min (3.5 to 5.0)"
    assert f"Forecast: {note.forecast}." in note.text
    assert (
        "预测：15 分钟后最密处每平方米 4.3 人（3.5 至 5.0）。"
        in write_note(rising, SITE, Addressee(language="zh")).text
    )
    assert write_note(page(), SITE).forecast is None


class Vendor:
    """Takes one connection after another and answers with raw bytes, piece by piece."""

    def __init__(self, *pieces: bytes, pause_s: float = 0.0) -> None:
        self.requests: list[bytes] = []
        self._pieces, self._pause_s = pieces, pause_s
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    data = b""
                    while b"\r\n\r\n" not in data:
                        data += connection.recv(65536)
                    head, _, body = data.partition(b"\r\n\r\n")
                    size = int(
                        next(x for x in head.split(b"\r\n") if x.lower().startswith(b"content-length")).split()[1]
                    )
                    while len(body) < size:
                        body += connection.recv(65536)
                    self.requests.append(head + b"\r\n\r\n" + body)
                    for piece in self._pieces:
                        connection.sendall(piece)
                        time.sleep(self._pause_s)
                except OSError:
                    continue

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def vendor() -> Iterator[Callable[..., Vendor]]:
    made: list[Vendor] = []

    def make(*pieces: bytes, pause_s: float = 0.0) -> Vendor:
        made.append(Vendor(*pieces, pause_s=pause_s))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize(
    ("pieces", "pause_s", "outcome", "words"),
    [
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"], 0, Outcome.ACCEPTED, "200 OK: ok"),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], 0, Outcome.ACCEPTED, "204 No Content"),
        ([b"HTTP/1.1 403 Forbidden\r\n\r\nbad\r\nkey"], 0, Outcome.REFUSED, "403 Forbidden: bad key"),
        ([b"HTTP/1.1 429 Slow\r\n\r\n"], 0, Outcome.REFUSED, "429 Slow"),
        ([b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"], 0, Outcome.REFUSED, "302 Found"),
        ([b"<html>what?</html>"], 0, Outcome.FAILED, "html"),
        ([], 0, Outcome.FAILED, "closed connection"),
        ([b""], 3, Outcome.FAILED, ""),
        ([b"H", *[b"T"] * 60], 0.1, Outcome.FAILED, ""),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", *[b"."] * 60], 0.1, Outcome.ACCEPTED, "200 OK"),
        ([b"HTTP/1.1 500 \xff\xfe\r\n\r\n\x00\x1b[31m"], 0, Outcome.REFUSED, "500"),
    ],
)
def test_what_a_receiver_may_do(
    vendor: Callable[..., Vendor], pieces: list[bytes], pause_s: float, outcome: Outcome, words: str
) -> None:
    there = vendor(*pieces, pause_s=pause_s)
    begun = time.monotonic()
    answer = WebhookSender(f"http://127.0.0.1:{there.port}/geheim-path?token=geheim", None, 0.6).send(NOTE)
    assert answer.outcome is outcome
    assert words in answer.words
    assert answer.words.isprintable()
    assert "geheim" not in answer.words
    assert time.monotonic() - begun < 3


def test_nobody_there(new_port: Callable[[], int]) -> None:
    answer = WebhookSender(f"http://127.0.0.1:{new_port()}/", None, 1).send(NOTE)
    assert answer == type(answer)(Outcome.FAILED, "Connection refused")


def test_a_signed_page_can_be_checked(vendor: Callable[..., Vendor]) -> None:
    there = vendor(b"HTTP/1.1 200 OK\r\n\r\n")
    WebhookSender(f"http://user:pass@127.0.0.1:{there.port}/x?y=1", "geheim", 2).send(NOTE)
    head, _, body = there.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert lines[0] == "POST /x?y=1 HTTP/1.1"
    assert headers["Authorization"].startswith("Basic ")
    assert headers["X-Levee-Page"] == headers["Idempotency-Key"] == NOTE.id
    signed = f"{headers['X-Levee-Time']}.".encode() + body
    assert headers["X-Levee-Signature"] == "sha256=" + hmac.new(b"geheim", signed, hashlib.sha256).hexdigest()
    assert b"geheim" not in there.requests[0]
    assert json.loads(body)["attempt"] == 1


def test_an_echoed_secret_is_blotted_out(vendor: Callable[..., Vendor]) -> None:
    there = vendor(b"HTTP/1.1 400 Bad\r\n\r\nno such token=geheim for key leise")
    answer = WebhookSender(f"http://127.0.0.1:{there.port}/?token=geheim", "leise", 2).send(NOTE)
    assert answer.words == "400 Bad: no such *** for key ***"


@pytest.mark.parametrize("url", ["ftp://host/", "host/path", "http://", "http://[::1", "http://host:port/", ""])
def test_addresses_that_cannot_work(url: str) -> None:
    with pytest.raises(ChannelRefused, match="address") as caught:
        WebhookSender(url, None, 1)
    assert len(url) < 8 or url not in str(caught.value)


def test_the_log_is_a_channel(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert ConsoleSender().send(NOTE).outcome is Outcome.ACCEPTED
        ConsoleSender().send(msgspec.structs.replace(NOTE, attempt=2))
    assert caplog.records[0].getMessage() == f"PAGE {NOTE.id}: {NOTE.text}"
    assert "(attempt 2)" in caplog.records[1].getMessage()


def test_channels_are_made_from_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: Callable[..., Vendor]
) -> None:
    with pytest.raises(SecretMissing, match="channel hook, address: the environment variable LEVEE_HOOK"):
        make_senders({"hook": WebhookChannel(url_from_env="LEVEE_HOOK")})
    monkeypatch.setenv("LEVEE_HOOK", "gopher://geheim/")
    with pytest.raises(ChannelRefused, match=r"^channel hook: the address must begin with http"):
        make_senders({"hook": WebhookChannel(url_from_env="LEVEE_HOOK")})


def test_apprise_is_asked_and_believed_when_it_says_no(
    monkeypatch: pytest.MonkeyPatch, vendor: Callable[..., Vendor]
) -> None:
    pytest.importorskip("apprise")
    monkeypatch.setenv("LEVEE_BOT", "nonsense://geheim")
    with pytest.raises(ChannelRefused, match=r"^channel bot: Apprise does not know the address$"):
        make_senders({"bot": AppriseChannel(url_from_env="LEVEE_BOT")})
    yes, no = vendor(b"HTTP/1.1 200 OK\r\n\r\n"), vendor(b"HTTP/1.1 500 Oh\r\n\r\n")
    monkeypatch.setenv("LEVEE_BOT", f"json://127.0.0.1:{yes.port}/geheim")
    assert make_senders({"bot": AppriseChannel(url_from_env="LEVEE_BOT")})["bot"].send(NOTE).outcome is Outcome.ACCEPTED
    assert NOTE.text.encode() in yes.requests[0].replace(b"\\u00b2", "²".encode())
    monkeypatch.setenv("LEVEE_BOT", f"json://127.0.0.1:{no.port}/geheim")
    answer = make_senders({"bot": AppriseChannel(url_from_env="LEVEE_BOT")})["bot"].send(NOTE)
    assert answer.outcome is Outcome.REFUSED
    assert "500" in answer.words
    assert "geheim" not in answer.words
