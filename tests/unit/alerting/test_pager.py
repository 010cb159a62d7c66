"""The service with people on duty, on a real database: calls, answers, silences, the daily test, and restarts."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerting.answer.link import LinkForged
from alerting.answer.web import Answers
from alerting.audit.run import Auditor, AuditRefused
from alerting.duty.events import Entry, Gone
from alerting.duty.settings import DutySettings
from alerting.metrics import Metrics
from alerting.paging.answer import Answer, Outcome
from alerting.paging.note import Note
from alerting.record import Record, RecordAway, tables
from alerting.record.batch import PageState
from alerting.record.reader import Reader
from alerting.service import Service
from alerting.settings import ServiceSettings, SiteSettings
from wire import Band, Instant, Readings, State, Tier, encode

#: 09:00 in Shanghai.
AT = 1_800_061_200.0
SESSION = "a" * 16
PEOPLE = [
    {
        "name": name,
        "title": name.title(),
        "language": lang,
        "reach": [{"channel": "sms", "to": f"no-{name}"}, {"channel": "bot"}],
    }
    for name, lang in (("ann", "zh"), ("bob", "en"), ("cid", "en"))
]
UNITS = [
    {"name": "operator", "title": "O", "shifts": [{"name": "s", "teams": [["ann", "bob"]]}]},
    {"name": "city", "title": "C", "shifts": [{"name": "s", "teams": [["cid"]]}]},
]
DUTY = msgspec.convert({"people": PEOPLE, "units": UNITS, "keeper": "city"}, DutySettings)
ZONE = {
    "title": "Steps",
    "kind": "steps",
    "box": "box-1",
    "windows": dict.fromkeys(("blue_s", "yellow_s", "orange_s", "red_s"), 5),
}
SITE = msgspec.convert(
    {
        "site": "bund",
        "title": "Bund",
        "time_zone": "Asia/Shanghai",
        "responsible": "Duty room",
        "duty": {"operator": "operator", "territory": "city"},
        "plan": {"red": [{"zh": "关闭入口", "en": "Close the entrance"}]},
        "zones": [{"name": "steps", **ZONE}],
    },
    SiteSettings,
)


#: No screens.
SCREENS: dict[str, Any] = {"yellow": [], "orange": [], "red": [], "unknown": []}


class Channel:
    """Answers by script, then yes."""

    def __init__(self) -> None:
        self.sent: list[Note] = []
        self.answers: list[Answer] = []

    def send(self, note: Note) -> Answer:
        self.sent.append(note)
        return self.answers.pop(0) if self.answers else Answer(Outcome.ACCEPTED, "yes")


class Bench:
    def __init__(self, folder: Path, at: float = AT, site: SiteSettings = SITE, **settings: Any) -> None:
        self.site, self.url = site, f"sqlite:///{folder}/record.db"
        self.settings = msgspec.convert(
            {
                "sites": ["a"],
                "record": {"url": self.url},
                "channels": {
                    "sms": {"type": "twilio", "account": "A", "secret_from_env": "X", "sender": "+1"},
                    "bot": {"type": "console"},
                },
                "pages": {
                    "yellow": [],
                    "orange": [],
                    "red": [],
                    "unknown": [],
                    "first_retry_s": 0.1,
                    "slowest_retry_s": 1,
                },
                "answer": {"url": "https://duty.example"},
                **settings,
            },
            ServiceSettings,
        )
        self.sms, self.bot = Channel(), Channel()
        self.at, self.sequence = at, 0
        self.record: Record | None = None
        self.start()

    def start(self) -> Service:
        if self.record is not None:
            self.record.abandon()
        self.record = Record(self.url)
        self.service = Service(
            self.settings,
            [self.site],
            self.record,
            self.record.resume("one", SESSION, self.at),
            {"sms": self.sms, "bot": self.bot},
            Metrics(),
            publish=lambda *_: None,
            wake=lambda: None,
            session=SESSION,
            at=self.at,
            duty=DUTY,
        )
        return self.service

    def runs(self, seconds: int, density: float | None = None) -> None:
        for _ in range(seconds):
            self.at += 1
            if density is not None:
                self.say(density)
            self.service.tick(self.at)
            self.service.settle(self.at)

    def say(self, density: float) -> None:
        self.sequence += 1
        band = Band(value=density, low=0, high=density)
        readings = tuple(
            Instant(zone=zone.name, age_s=0, state=State.GOOD, method="t", count=band, peak_density=band)
            for zone in self.site.zones
        )
        message = Readings(
            version=1,
            site="bund",
            box="box-1",
            session=SESSION,
            sequence=self.sequence,
            floor=1,
            sent=datetime.fromtimestamp(self.at, UTC),
            readings=readings,
        )
        self.service.receive("levee/v1/bund/box-1/readings", encode(message), False, self.at, self.at)

    def reader(self) -> Reader:
        return Reader(self.url)

    def asks(self, key: str = "k", **body: Any) -> tuple[str, str]:
        reader = self.reader()
        reader.ask(key, body)
        self.runs(1)
        told = reader.asked(key)
        reader.close()
        assert told is not None
        return told.outcome, told.words

    def entries(self, kind: str) -> list[dict[str, Any]]:
        reader = self.reader()
        found = [told.body for told in reader.entries() if told.kind == kind]
        reader.close()
        return found

    def until(self, what: Callable[[], object]) -> None:
        end = time.monotonic() + 10
        while not what():
            assert time.monotonic() < end
            self.service.settle(self.at)
            time.sleep(0.02)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(**settings: Any) -> Bench:
        made.append(Bench(tmp_path, **settings))
        return made[-1]

    yield make
    for one in made:
        one.service.close(one.at)


def test_a_red_is_called_in_the_persons_language_with_what_to_do(bench: Callable[..., Bench]) -> None:
    here = bench()
    here.runs(10, 5.0)
    here.until(lambda: here.sms.sent and here.bot.sent)
    (note,) = here.sms.sent
    assert (note.to, note.person, note.language, note.tier.tier) == ("no-ann", "Ann", "zh", Tier.RED)
    assert note.text.startswith("红色 BundSteps，")
    for part in ("1. 关闭入口", f"Ann，请确认：{note.link}", "责任单位：Duty room"):
        assert part in note.whole
    assert note.link.startswith("https://duty.example/a/")
    assert here.bot.sent[0].id == note.id, "one page on all channels"
    here.runs(60, 5.0)
    here.until(lambda: len(here.sms.sent) == 2)
    assert here.sms.sent[1].text.startswith("Whoever was called before did not answer. RED Bund, Steps, since ")


def test_a_restart_between_a_call_and_its_deadline_calls_the_next_one_in_time(bench: Callable[..., Bench]) -> None:
    here = bench()
    here.runs(10, 5.0)
    here.until(lambda: here.sms.sent)
    called = here.sms.sent[0].at.timestamp()
    here.runs(20, 5.0)
    here.start()
    here.runs(20, 5.0)
    here.start()
    while len({note.person for note in here.sms.sent}) < 2:
        here.runs(1, 5.0)
        here.until(lambda: True)
        assert here.at < called + 64
    assert here.at >= called + 60
    here.start()
    here.runs(3, 5.0)
    ids = [call["call"] for call in here.entries("call")]
    assert len(ids) == len(set(ids)) == 2


@pytest.mark.parametrize(("jump", "called"), [(3600.0, ["ann", "bob"]), (-3600.0, ["ann"])])
def test_a_clock_that_jumps_an_hour(bench: Callable[..., Bench], jump: float, called: list[str]) -> None:
    here = bench()
    here.runs(10, 5.0)
    here.until(lambda: here.sms.sent)
    here.at += jump
    for _ in range(5):
        here.service.tick(here.at)
        here.service.settle(here.at)
    reader = here.reader()
    names = [reader.title(call["person"]).lower() for call in here.entries("call")]
    reader.close()
    assert names == called, "one is called early, nobody twice"


def test_an_orange_goes_on_to_the_next_channel_where_the_first_refuses(bench: Callable[..., Bench]) -> None:
    here = bench()
    here.sms.answers = [Answer(Outcome.REFUSED, "21211: no such number")]
    here.runs(10, 3.0)
    here.until(lambda: here.bot.sent)
    assert here.sms.sent[0].id == here.bot.sent[0].id
    assert here.sms.sent[0].tier.tier is Tier.ORANGE
    here.until(lambda: len(here.sms.sent) == 2)
    states = [(page["channel"], page["state"], page["words"]) for page in here.entries("page")]
    assert ("sms", "refused", "21211: no such number") in states
    assert ("bot", "accepted", "yes") in states


def test_a_vendor_that_is_down_for_an_hour_and_comes_back(bench: Callable[..., Bench]) -> None:
    here = bench()
    here.sms.answers = [Answer(Outcome.FAILED, "no answer within 5 s")] * 8
    here.runs(10, 5.0)
    here.until(lambda: len(here.sms.sent) >= 9)
    assert {note.attempt for note in here.sms.sent[:9]} >= {1, 2, 3}
    here.until(lambda: ("sms", "accepted") in {(page["channel"], page["state"]) for page in here.entries("page")})
    first = [page for page in here.entries("page") if page["channel"] == "sms"]
    assert [page["state"] for page in first if page["page"] == here.sms.sent[0].id] == ["queued", "failed", "accepted"]


def test_an_answer_is_taken_once_and_shown_by_name(bench: Callable[..., Bench]) -> None:
    here = bench()
    here.runs(10, 5.0)
    here.until(lambda: here.sms.sent and here.bot.sent)
    note = here.sms.sent[0]
    asked = {"what": "acknowledge", "call": note.id, "site": "bund", "incidents": [[note.incident, 1]]}
    assert here.asks("a", **asked, person="ann") == ("acknowledged", "")
    assert here.asks("b", **asked, person="bob") == ("already", "already acknowledged by ann")
    assert here.asks("c", **asked, person="eve")[0] == "unknown-person"
    assert here.asks("d", **{**asked, "site": "moon"}, person="ann")[0] == "closed"
    assert here.asks("e", what="acknowledge")[0] == "invalid"
    assert here.asks("f", what="fly")[0] == "invalid"
    view = here.service.view(here.at, True)
    assert (view.incidents[0].phase, view.incidents[0].acknowledged_by) == ("acknowledged", "ann")
    assert {page.acknowledged_by for page in view.pages if page.person} == {"ann"}
    reader = here.reader()
    rows = {(row["channel"], row["state"], row["answer"]) for row in reader.pages()}
    reader.close()
    assert rows == {("sms", "acknowledged", "acknowledged"), ("bot", "acknowledged", "acknowledged")}
    here.runs(200, 5.0)
    assert len(here.entries("call")) == 1


def test_a_call_for_two_incidents_goes_on_until_both_are_in_hand(bench: Callable[..., Bench]) -> None:
    zones = [{"name": "steps", **ZONE}, {"name": "quay", **ZONE}]
    site = msgspec.convert({**msgspec.to_builtins(SITE), "zones": zones}, SiteSettings)
    here = bench(site=site, pages={"first_retry_s": 600, "slowest_retry_s": 600, **SCREENS})
    here.sms.answers = [Answer(Outcome.REFUSED, "no")] * 100
    here.runs(10, 5.0)
    here.until(lambda: len(here.sms.sent) == 2)
    first, second = (note.incident for note in here.sms.sent)
    both = msgspec.structs.replace(here.sms.sent[0], id="b" * 20, incidents=(first, second))
    here.service._pager._queue(both, ["sms"], here.at, "bob")
    here.runs(1, 5.0)
    here.until(lambda: len(here.sms.sent) == 3)

    def state() -> str:
        reader = here.reader()
        found = [row["state"] for row in reader.pages() if row["id"] == "b" * 20]
        reader.close()
        return str(found[0])

    asked = {"what": "acknowledge", "call": "c", "site": "bund", "person": "cid"}
    assert here.asks("a", **asked, incidents=[[first, 1]])[0] == "acknowledged"
    assert state() == "refused", "the other incident is in nobody's hands"
    assert here.asks("b", **asked, incidents=[[second, 1]])[0] == "acknowledged"
    assert state() == "acknowledged"


def test_a_page_of_a_closed_incident_is_not_tried_on(bench: Callable[..., Bench]) -> None:
    here = bench(pages={"first_retry_s": 600, "slowest_retry_s": 600, **SCREENS})
    here.sms.answers = [Answer(Outcome.REFUSED, "no")] * 100
    here.runs(10, 5.0)
    here.until(lambda: here.sms.sent)
    here.runs(1, 5.0)
    here.service._pager._happens("bund", Gone(here.at, "steps"))
    here.runs(1, 5.0)
    reader = here.reader()
    told = {(row["state"], row["answer"]) for row in reader.pages() if row["channel"] == "sms"}
    reader.close()
    assert told == {("given-up", "the incident is closed")}


def test_silences_are_asked_for_and_ended(bench: Callable[..., Bench]) -> None:
    here = bench()
    asked = {"what": "silence", "site": "bund", "zone": "steps", "owner": "cid", "reason": "market", "for_s": 3600}
    assert here.asks("a", **asked, ceiling="red")[0] == "red"
    assert here.asks("b", **{**asked, "for_s": 90_000}, ceiling="yellow")[0] == "too-long"
    assert here.asks("c", **{**asked, "owner": "eve"}, ceiling="yellow")[0] == "unknown-person"
    outcome, mark = here.asks("d", **asked, ceiling="orange")
    assert outcome == "silenced"
    here.runs(10, 3.0)
    assert here.entries("call") == []
    assert here.asks("e", what="unsilence", silence="none", person="cid")[0] == "unknown-silence"
    assert here.asks("f", what="unsilence", silence=mark, person="cid")[0] == "ended"
    here.runs(2, 3.0)
    assert [call["reason"] for call in here.entries("call")] == ["resumed"]


def test_who_is_forgotten_is_in_no_table_and_the_chain_is_whole(bench: Callable[..., Bench]) -> None:
    here = bench()
    here.runs(10, 5.0)
    here.until(lambda: here.sms.sent)
    here.runs(2)
    note = here.sms.sent[0]
    asked = {"what": "acknowledge", "call": note.id, "site": "bund", "incidents": [[note.incident, 1]]}
    assert here.asks("0", **asked, person="ann") == ("acknowledged", "")
    reader = here.reader()
    reader.ask("a", {"what": "forget", "person": "ann"})
    here.runs(1)
    assert reader.verify().fault is None
    assert not any("ann" in row["answer"] for row in reader.pages())
    with sqlite3.connect(here.url.removeprefix("sqlite:///")) as base:
        assert base.execute(
            "select count(*) from requests where body like '%ann%' or words like '%ann%'"
        ).fetchone() == (0,)
    mark = here.entries("call")[0]["person"]
    assert reader.title(mark) == ""
    call = reader.call(here.sms.sent[0].id)
    reader.close()
    assert call is not None
    assert (call[1], call[2]) == ("", "")
    here.start()
    here.runs(2)


def test_the_daily_test_passes_and_calls_nobody_but_the_tester(bench: Callable[..., Bench]) -> None:
    here = bench(at=AT + 3595, self_test={"at": "10:00", "to": "cid", "within_s": 30})
    here.runs(6)
    here.until(lambda: here.sms.sent and here.bot.sent)
    here.runs(2)
    assert [entry["what"] for entry in here.entries("self-test")] == ["begun", "accepted", "accepted", "passed"]
    (note,) = here.sms.sent
    assert (note.exercise, note.to, note.tier.tier) == (True, "no-cid", Tier.RED)
    assert note.text.startswith("TEST RED Levee, paging")
    assert here.entries("call") == []
    here.start()
    here.runs(5)
    assert len(here.sms.sent) == 1, "once a day, also over a restart"
    here.at += 86_400
    here.runs(1)
    here.until(lambda: len([note for note in here.sms.sent if note.exercise]) == 2)


def test_a_break_in_the_daily_test_is_an_incident(bench: Callable[..., Bench]) -> None:
    here = bench(at=AT + 3595, self_test={"at": "10:00", "to": "cid", "within_s": 10})
    here.sms.answers = [Answer(Outcome.REFUSED, "20003: authenticate")] * 99
    here.runs(6)
    here.until(lambda: here.sms.sent)
    here.runs(12)
    assert [entry["what"] for entry in here.entries("self-test")] == ["begun", "accepted", "broken"]
    (call,) = here.entries("call")
    (incident,) = here.service.view(here.at, True).incidents
    assert (incident.site, incident.zone, incident.phase, incident.called) == (
        "levee-service",
        "pager",
        "unacknowledged",
        ("cid",),
    )
    here.until(lambda: [note for note in here.bot.sent if note.id == call["call"]])
    told = next(note for note in here.bot.sent if note.id == call["call"])
    assert "the daily test failed: sms: 20003: authenticate" in told.text


class Phone:
    """A receiver of the auditor's own pages and pings."""

    def __init__(self) -> None:
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        self.got: list[dict[str, Any]] = []
        phone = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                phone.got.append(json.loads(body) if body else {"ping": True})
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def phone() -> Iterator[Phone]:
    made = Phone()
    yield made
    made.server.shutdown()
    made.server.server_close()


def auditor(here: Bench, phone: Phone, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Auditor:
    monkeypatch.setenv("LEVEE_PING", phone.url)
    audit = {
        "channels": {"own": {"type": "webhook", "url": phone.url}},
        "witness": str(folder / "witness.json"),
        "ping_url_from_env": "LEVEE_PING",
        "ping_every_s": 1,
    }
    settings = msgspec.structs.replace(here.settings, audit=msgspec.convert(audit, type(_audit(here))))
    return Auditor(settings, [SITE], DUTY, clock=lambda: here.at)


def _audit(here: Bench) -> Any:
    from alerting.audit.settings import AuditSettings

    return AuditSettings(channels={"own": here.settings.channels["bot"]})


def test_the_auditor_pings_while_all_is_well_and_catches_a_call_that_was_left_out(
    bench: Callable[..., Bench], phone: Phone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = bench()
    eye = auditor(here, phone, tmp_path, monkeypatch)
    here.runs(10, 5.0)
    here.until(lambda: here.sms.sent)
    findings = eye.look()
    assert findings == []
    assert eye.ping(findings)
    assert not eye.ping(findings), "not too often"
    # A fault is planted: the service forgets its deadline.
    office = here.service._pager.office
    state = office._states["bund"]
    broken = {name: msgspec.structs.replace(one, due=None) for name, one in state.incidents.items()}
    office._states["bund"] = msgspec.structs.replace(state, incidents=broken)
    here.runs(60, 5.0)
    assert eye.look() == [], "within the grace"
    here.runs(20, 5.0)
    findings = eye.look()
    eye.tell(findings)
    eye.tell(eye.look())
    assert not eye.ping(findings)
    pages = [page for page in phone.got if "ping" not in page]
    assert len(pages) == 1, "told once, not at every look"
    assert pages[0]["text"].startswith("AUDIT: bund/steps: called at ")
    assert "not acknowledged, and nobody was called" in pages[0]["text"]
    eye.close()


def test_the_auditor_sees_a_chain_that_was_changed_or_cut(
    bench: Callable[..., Bench], phone: Phone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = bench()
    here.runs(10, 5.0)
    first = auditor(here, phone, tmp_path, monkeypatch)
    assert first.look() == []
    first.close()
    with sqlite3.connect(tmp_path / "record.db") as base:
        last = base.execute("select max(number) from log").fetchone()[0]
        kept = base.execute("select * from log where number = ?", (last,)).fetchone()
        base.execute("delete from log where number = ?", (last,))
    second = auditor(here, phone, tmp_path, monkeypatch)
    assert [finding.words for finding in second.look()] == ["the record was changed: entries at its end are gone"]
    second.close()
    with sqlite3.connect(tmp_path / "record.db") as base:
        base.execute("insert into log values (?, ?, ?, ?, ?, ?)", kept)
        base.execute("update log set body = '{}' where number = 2")
    third = auditor(here, phone, tmp_path, monkeypatch)
    assert [finding.words for finding in third.look()] == ["the record was changed: the body of entry 2 was changed"]
    third.close()


def test_an_auditor_without_settings_or_with_a_strange_file(
    bench: Callable[..., Bench], phone: Phone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = bench()
    with pytest.raises(AuditRefused, match="no `audit`"):
        Auditor(here.settings, [SITE], DUTY)
    (tmp_path / "witness.json").write_text("[]")
    with pytest.raises(AuditRefused, match="no file of the auditor"):
        auditor(here, phone, tmp_path, monkeypatch)


@pytest.mark.parametrize("body", ["{", "{}", "[]", b"\xff"])
def test_an_entry_that_nobody_can_understand_is_a_finding_and_no_end(
    body: str | bytes, bench: Callable[..., Bench], phone: Phone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = bench()
    here.runs(10, 5.0)
    with sqlite3.connect(tmp_path / "record.db") as base:
        number = base.execute("select min(number) from log where kind = 'tier'").fetchone()[0]
        base.execute("update log set body = ? where number = ?", (body, number))
    eye = auditor(here, phone, tmp_path, monkeypatch)
    findings = eye.look()
    assert any("the record was changed" in finding.words for finding in findings)
    assert eye._take(0.0, "tier", body, 7).startswith("entry 7 (tier) cannot be understood")
    eye.tell(findings)
    assert [page for page in phone.got if "ping" not in page]
    eye.close()


def test_a_full_disk_is_a_finding_of_the_auditor(
    bench: Callable[..., Bench], phone: Phone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = bench()
    here.runs(10, 5.0)
    eye = auditor(here, phone, tmp_path, monkeypatch)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("alerting.audit.run.write_witness", full)
    found = eye.look()
    assert [one.words for one in found] == ["what was witnessed cannot be kept: No space left on device"]
    monkeypatch.undo()
    here.runs(20, 1.0)
    assert eye.look() == []
    eye.close()


def test_the_next_auditor_does_not_tell_again_what_is_over(
    bench: Callable[..., Bench], phone: Phone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = bench()
    here.runs(10, 5.0)
    here.until(lambda: here.sms.sent)
    call = here.entries("call")[0]
    here.service._batch.entries.append(Entry(here.at, "call", {**call, "person": "ann"}, ("person",)))
    here.runs(1, 5.0)
    eye = auditor(here, phone, tmp_path, monkeypatch)
    findings = eye.look()
    assert [(one.key.split()[0], one.past) for one in findings] == [("doubled", True)]
    assert not eye.ping(findings)
    eye.tell(findings)
    assert eye.ping(findings), "it is over, and somebody knows"
    eye.close()
    told = len(phone.got)
    again = auditor(here, phone, tmp_path, monkeypatch)
    findings = again.look()
    again.tell(findings)
    assert len(phone.got) == told
    assert again.ping(findings)
    again.close()


def test_a_restart_between_an_attempt_and_its_answer_still_goes_on_to_the_next_channel(
    bench: Callable[..., Bench],
) -> None:
    here = bench()
    sent: Callable[[Note], Answer] = here.sms.send
    hold = threading.Event()
    here.sms.send = lambda note: (hold.wait(5), sent(note))[1]  # type: ignore[method-assign]
    here.runs(10, 3.0)
    reader = here.reader()
    assert [(row["channel"], row["state"], row["attempts"]) for row in reader.pages()] == [("sms", "queued", 1)]
    reader.close()
    here.sms = Channel()
    here.sms.answers = [Answer(Outcome.REFUSED, "no")] * 50
    here.start()
    hold.set()
    here.until(lambda: here.bot.sent)
    here.until(lambda: len(here.sms.sent) > 2)
    assert here.sms.sent[0].attempt == 2
    assert len(here.bot.sent) == 1


def test_one_sites_fault_stops_nobody_else(bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch) -> None:
    here = bench()
    pager = here.service._pager
    happens, seen = pager._happens, list[str]()

    def breaks(site: str, what: Any) -> None:
        seen.append(site)
        if site == "bund":
            raise StopIteration
        happens(site, what)

    monkeypatch.setattr(pager, "_happens", breaks)
    assert here.asks("a", what="fly")[0] == "invalid", "what people ask for is taken all the same"
    assert {"bund", "levee-service"} <= set(seen)


def test_a_silence_over_a_zone_that_is_gone_ends_at_the_start(bench: Callable[..., Bench]) -> None:
    zones = [{"name": "steps", **ZONE}, {"name": "quay", **ZONE}]
    here = bench(site=msgspec.convert({**msgspec.to_builtins(SITE), "zones": zones}, SiteSettings))
    asked = {"what": "silence", "site": "bund", "owner": "cid", "reason": "market", "for_s": 1000}
    assert here.asks("a", **asked, zone="quay", ceiling="orange")[0] == "silenced"
    here.site = SITE
    here.start()
    here.runs(200)
    assert here.service._pager.office.silences() == []
    here.runs(10, 5.0)
    here.until(lambda: here.sms.sent)


def test_a_link_of_a_call_that_is_not_recorded_yet_is_no_forged_one(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = bench()
    here.runs(10, 5.0)
    here.until(lambda: here.sms.sent)
    assert here.settings.answer is not None
    answers = Answers(here.settings.answer, here.url, "Asia/Shanghai", lambda: here.at)
    links = here.service._pager.office._links
    assert links is not None
    with pytest.raises(RecordAway):
        answers._open(links.make("f" * 20, here.at).rpartition("/")[2])
    with pytest.raises(LinkForged):
        answers._open(here.sms.sent[0].link.rpartition("/")[2][:-1] + "~")

    def away(*_: object) -> None:
        raise RecordAway("read only")

    monkeypatch.setattr(Reader, "ask", away)
    assert answers._open(here.sms.sent[0].link.rpartition("/")[2]).status == 200, "who can only read sees the button"
    answers.close()


def test_old_pages_calls_and_requests_go_with_the_readings(bench: Callable[..., Bench]) -> None:
    here = bench()
    here.sms.answers = [Answer(Outcome.REFUSED, "no")] * 1000
    here.runs(10, 5.0)
    here.until(lambda: here.sms.sent and here.bot.sent)
    assert here.asks("a", what="fly")[0] == "invalid"
    here.runs(2, 5.0)
    assert here.record is not None

    def left() -> dict[str, int]:
        with sqlite3.connect(here.url.removeprefix("sqlite:///")) as base:
            return {
                name: base.execute(f"select count(*) from {name}").fetchone()[0]
                for name in ("pages", "calls", "requests")
            }

    before = left()
    here.record.prune(1e9, 100)
    assert left() == before == {"pages": 2, "calls": 1, "requests": 1}
    here.record.prune(here.at + 1e6, 100)
    assert left() == {"pages": 1, "calls": 0, "requests": 0}, "what is still tried stays"


def test_every_state_of_a_page_fits_its_column() -> None:
    width = tables.pages.c.state.type.length
    assert [state.value for state in PageState if len(state.value) > width] == []


def test_nothing_in_the_database_names_a_person_who_was_erased(bench: Callable[..., Bench], tmp_path: Path) -> None:
    here = bench()
    here.runs(10, 5.0)
    here.until(lambda: here.sms.sent)
    incident = here.entries("incident")[0]["incident"]
    ack = {"what": "acknowledge", "site": "bund", "person": "ann", "incidents": [[incident, -1]], "call": "x"}
    silence = {"what": "silence", "site": "bund", "owner": "ann", "reason": "Ann is there", "for_s": 9000}
    assert here.asks("a", **ack)[0] == "acknowledged"
    assert here.asks("b", **{**ack, "person": "bob"})[0] == "already"
    assert here.asks("c", **silence, zone="", ceiling="yellow")[0] == "silenced"
    assert here.asks("f", what="forget", person="ann") == ("done", "erased")
    here.runs(7, 5.0)
    assert here.record is not None
    here.record.compact()
    reader = here.reader()
    assert reader.verify().fault is None
    reader.close()
    for file in tmp_path.glob("record.db*"):
        # Free pages and the log of writes among it.
        found = re.findall(rb"(?<![A-Za-z])[Aa]nn(?![A-Za-z])", file.read_bytes())
        assert found == [], file.name
