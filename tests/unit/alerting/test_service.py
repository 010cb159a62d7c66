"""The service without its network: what is said to whom, in which order, and what a restart finds."""

from __future__ import annotations

import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

import alerting.service
import alerting.writer
from alerting.metrics import Metrics
from alerting.paging.note import Note
from alerting.paging.senders import Answer, Outcome
from alerting.record import Record, RecordRefused
from alerting.service import Service
from alerting.settings import ServiceSettings, SiteSettings
from alerting.view import decode_view, encode_view
from alerting.web import Web, WebRefused
from wire import (
    Band,
    CameraHealth,
    CameraState,
    Health,
    Instant,
    OutboxHealth,
    Presence,
    Reading,
    Readings,
    Recorded,
    State,
    Status,
    Tier,
    TierMessage,
    decode,
    encode,
)

AT = 1_800_000_000.0
SESSION = "aaaaaaaaaaaaaaaa"
SETTINGS = msgspec.convert({"sites": ["a"], "channels": {"hook": {"type": "console"}}}, ServiceSettings)
ZONE = {"title": "Z", "kind": "steps", "box": "box-1"}


def site(*zones: str) -> SiteSettings:
    names = zones or ("steps", "square")
    return msgspec.convert(
        {
            "site": "bund",
            "title": "Bund",
            "responsible": "Duty room",
            "zones": [{"name": name, **ZONE} for name in names],
        },
        SiteSettings,
    )


class Hook:
    def __init__(self) -> None:
        self.sent: list[Note] = []

    def send(self, note: Note) -> Answer:
        self.sent.append(note)
        return Answer(Outcome.ACCEPTED, "yes")


class Bench:
    """A service on a real database, with its publications kept; `start` again is a restart after a crash."""

    def __init__(self, path: Path) -> None:
        self.path, self.hook, self.said = path, Hook(), list[tuple[str, bytes, bool]]()
        self.metrics = Metrics()
        self.at, self.sequence = AT, 0
        self.record: Record | None = None
        self.service = self.start()

    def start(self, *zones: str) -> Service:
        if self.record is not None:
            self.record.abandon()
        self.record = record = Record(f"sqlite:///{self.path}")
        self.metrics = Metrics()
        self.service = Service(
            SETTINGS,
            [site(*zones)],
            record,
            record.resume("alerting", SESSION, self.at),
            {"hook": self.hook},
            self.metrics,
            publish=lambda *said: self.said.append(said),
            wake=lambda: None,
            session=SESSION,
            at=self.at,
        )
        return self.service

    def say(self, density: float | None, zone: str = "steps", seconds: int = 1, settle: bool = True) -> None:
        for _ in range(seconds):
            self.at += 1
            self.sequence += 1
            self.service.receive("levee/v1/bund/box-1/readings", self.message(density, zone), False, self.at, self.at)
            self.service.tick(self.at)
            if settle:
                self.service.settle(self.at)

    def message(self, density: float | None, zone: str) -> bytes:
        reading: Reading
        if density is None:
            reading = Instant(zone=zone, age_s=0, state=State.UNKNOWN, method="t", reasons=("dark",))
        else:
            band = Band(value=density, low=0, high=density)
            reading = Instant(zone=zone, age_s=0, state=State.GOOD, method="t", count=band, peak_density=band)
        return encode(
            Readings(
                version=1,
                site="bund",
                box="box-1",
                session=SESSION,
                sequence=self.sequence,
                floor=1,
                sent=datetime.fromtimestamp(self.at, UTC),
                readings=(reading,),
            )
        )

    def heard(self, end: str) -> list[bytes]:
        return [payload for topic, payload, _ in self.said if topic.endswith(end)]

    def tier(self, zone: str = "steps") -> Tier:
        return decode(self.heard(f"zones/{zone}/tier")[-1], TierMessage).tier.tier

    def series(self) -> dict[tuple[str, ...], float]:
        from prometheus_client import generate_latest

        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(generate_latest(self.metrics.registry).decode())
            for sample in family.samples
        }


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "record.db")


def test_a_box_is_answered_only_for_what_is_committed(bench: Bench) -> None:
    bench.say(1.0, seconds=3, settle=False)
    assert bench.heard("recorded") == []
    bench.service.settle(bench.at)
    told = decode(bench.heard("recorded")[-1], Recorded)
    assert told.sessions[0].up_to == 3
    with sqlite3.connect(bench.path) as base:
        assert base.execute("select count(*) from messages").fetchone() == (3,)


def test_a_duplicate_is_answered_again(bench: Bench) -> None:
    bench.say(1.0)
    bench.said.clear()
    bench.service.receive("levee/v1/bund/box-1/backlog", bench.message(1.0, "steps"), False, bench.at, bench.at)
    bench.service.settle(bench.at)
    assert decode(bench.heard("recorded")[-1], Recorded).sessions[0].up_to == 1


def test_a_crash_between_commits_forgets_nothing_that_was_told(bench: Bench, wait: Callable[..., None]) -> None:
    bench.say(5.0, seconds=10)
    wait("the page is out", lambda: bench.hook.sent)
    bench.service.settle(bench.at)
    bench.say(5.0, seconds=2, settle=False)
    told = decode(bench.heard("recorded")[-1], Recorded).sessions[0]
    bench.start()
    assert bench.service.view(bench.at, True).zones[0].tier.tier is Tier.RED
    bench.sequence = told.up_to
    bench.said.clear()
    bench.say(5.0, seconds=20)
    assert decode(bench.heard("recorded")[-1], Recorded).sessions[0].up_to == told.up_to + 20
    assert len(bench.hook.sent) == 1
    assert bench.service.view(bench.at, True).zones[0].tier.tier is Tier.RED


def test_a_page_survives_an_end_right_after_the_judgement(bench: Bench, wait: Callable[..., None]) -> None:
    while not any(page.tier.value == "red" for page in bench.service.view(bench.at, True).pages):
        assert bench.sequence < 60
        bench.say(5.0, settle=False)
    bench.service.close(bench.at)
    assert bench.hook.sent == []
    bench.start()
    bench.service.settle(bench.at)
    wait("the page is out", lambda: bench.hook.sent)
    assert [note.tier.value for note in bench.hook.sent] == ["red"]


def test_pages_go_out_unrecorded_when_the_record_stays_away(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, wait: Callable[..., None]
) -> None:
    monkeypatch.setattr(alerting.writer, "UNRECORDED_PAGES_AFTER_S", 0.4)
    monkeypatch.setattr(alerting.writer, "RETRY_S", 0.1)
    monkeypatch.setattr("alerting.record.engine.BUSY_S", 0.05)
    bench.start()
    lock = sqlite3.connect(bench.path, isolation_level=None)
    lock.execute("begin immediate")
    begun = time.monotonic()
    bench.say(5.0, seconds=10, settle=False)
    bench.service.settle(bench.at)
    assert bench.hook.sent == []
    assert bench.heard("recorded") == []
    assert bench.tier() is Tier.RED, "signs and sirens do not wait for the record"

    def sent() -> bool:
        bench.service.settle(bench.at)
        return bool(bench.hook.sent)

    wait("the page is out", sent)
    assert time.monotonic() - begun >= 0.4
    assert not bench.service.view(bench.at, True).recording
    lock.execute("rollback")
    lock.close()

    def recorded() -> bool:
        bench.service.settle(bench.at)
        with sqlite3.connect(bench.path) as base:
            return bool(base.execute("select state from pages").fetchall() == [("accepted",)])

    wait("it is recorded afterwards", recorded)
    assert len(bench.hook.sent) == 1
    assert bench.heard("recorded")


def test_more_than_fits_is_judged_and_left_to_the_box(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerting.service, "MAX_WAITING", 4)
    bench.say(5.0, seconds=12, settle=False)
    assert bench.tier() is Tier.RED
    bench.service.settle(bench.at)
    assert decode(bench.heard("recorded")[-1], Recorded).sessions[0].up_to == 4


@pytest.mark.parametrize(("jump", "kept"), [(0.0, 0), (90 * 86_400.0, 1)])
def test_a_jump_of_the_clock_deletes_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, jump: float, kept: int
) -> None:
    bench.say(1.0)
    bench.at += 90 * 86_400.0 - jump
    bench.start().close(bench.at)
    bench.start()
    monkeypatch.setattr(alerting.writer.time, "time", lambda: bench.at + jump)
    # The first time the chain says what is to be deleted.
    told = bench.service._writer.prune(bench.at + jump, time.monotonic() + 60)
    assert [entry.kind for entry in told] == ["pruned"] * (1 - kept)
    bench.service._writer.prune(bench.at + jump, time.monotonic() + 120)
    with sqlite3.connect(bench.path) as base:
        assert base.execute("select count(*) from messages").fetchone() == (kept,)


def test_a_damaged_state_is_refused_with_a_way_out(bench: Bench) -> None:
    bench.say(5.0, seconds=10)
    with sqlite3.connect(bench.path) as base:
        base.execute("update site_states set state = x'00'")
    with pytest.raises(RecordRefused, match=r"site bund: the stored state cannot be read.*move the record away"):
        bench.start()


def test_a_zone_that_is_gone_leaves_no_tier_behind(bench: Bench) -> None:
    bench.say(5.0, seconds=10)
    bench.start("square")
    bench.said.clear()
    bench.service.connected(bench.at)
    assert bench.heard("zones/steps/tier") == [b""]
    assert len(bench.heard("zones/square/tier")) == 1


def test_tiers_are_sent_again_before_they_expire(bench: Bench) -> None:
    bench.service.refresh(bench.at)
    bench.said.clear()
    for _ in range(30):
        bench.at += 1
        bench.service.refresh(bench.at)
    sent = [decode(payload, TierMessage) for payload in bench.heard("zones/steps/tier")]
    assert len(sent) == 3
    assert all((one.expires - one.sent).total_seconds() == 30 for one in sent)
    assert all(retained for _, _, retained in bench.said)


def test_a_site_that_cannot_be_judged_ends_nothing_and_lets_its_tiers_expire(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    bench.say(1.0, seconds=20)
    with monkeypatch.context() as broken:
        broken.setattr(alerting.service, "step", fails)
        bench.service.tick(bench.at + 1)
        bench.said.clear()
        bench.service.refresh(bench.at + 1000)
        assert not bench.heard("/tier")
    bench.service.tick(bench.at + 2)
    bench.service.refresh(bench.at + 2000)
    assert bench.heard("/tier")


def test_series_of_unknown_values_are_taken_away(bench: Bench) -> None:
    people = ("levee_alerting_zone_people", "bund", "steps")
    bench.say(1.0, seconds=6)
    bench.service.view(bench.at, True)
    assert bench.series()[people] == 1.0
    bench.say(None, seconds=2)
    bench.service.view(bench.at, False)
    series = bench.series()
    assert people not in series
    assert series["levee_alerting_zone_unknown", "bund", "steps"] == 1
    assert series["levee_alerting_broker_connected",] == 0
    bench.say(0.0, seconds=6)
    bench.service.view(bench.at, True)
    assert bench.series()[people] == 0.0


def test_boxes_are_shown_and_cameras_that_are_gone_are_not(bench: Bench) -> None:
    def health(*cameras: str) -> bytes:
        return encode(
            Health(
                version=1,
                site="bund",
                box="box-1",
                session=SESSION,
                sent=datetime.now(UTC),
                cameras=tuple(CameraHealth(camera=name, state=CameraState.FROZEN) for name in cameras),
                outbox=OutboxHealth(messages=7),
            )
        )

    status = Status(version=1, site="bund", box="box-1", session=SESSION, state=Presence.ONLINE, sent=datetime.now(UTC))
    bench.service.receive("levee/v1/bund/box-1/status", encode(status), True, AT, AT)
    bench.service.receive("levee/v1/bund/box-1/health", health("east", "west"), True, AT, AT)
    series = bench.series()
    assert series["levee_alerting_box_online", "box-1", "bund"] == 1
    assert series["levee_alerting_box_outbox_messages", "box-1", "bund"] == 7
    assert series["levee_alerting_box_camera_state", "box-1", "bund", "east", "frozen"] == 1
    assert series["levee_alerting_box_camera_state", "box-1", "bund", "east", "live"] == 0
    bench.service.receive("levee/v1/bund/box-1/health", health("west"), True, AT, AT)
    assert not any("east" in key for key in bench.series())


def test_the_view_comes_through_json_whole(bench: Bench) -> None:
    bench.say(5.0, seconds=10)
    view = bench.service.view(bench.at, True)
    assert decode_view(encode_view(view)) == view
    assert [zone.zone for zone in view.zones] == ["steps", "square"]
    assert [(change.what, change.from_tier.value, change.to_tier.value) for change in view.changes] == [
        ("held", "normal", "normal"),
        ("held", "normal", "normal"),
        ("seen-again", "normal", "normal"),
        ("tier", "normal", "red"),
    ]
    assert [(page.zone, page.tier.value) for page in view.pages] == [("steps", "red")]


@pytest.fixture
def web(bench: Bench, new_port: Callable[[], int]) -> Iterator[tuple[int, list[bytes]]]:
    port, bodies = new_port(), list[bytes]()
    made = Web("127.0.0.1", port, bench.metrics.registry, lambda: bodies[-1] if bodies else None, lambda: 1.0)
    yield port, bodies
    made.close()


def fetch(port: int, path: str, method: str = "GET") -> tuple[int, bytes]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_the_end_point(web: tuple[int, list[bytes]], bench: Bench) -> None:
    port, bodies = web
    assert fetch(port, "/state")[0] == fetch(port, "/healthz")[0] == 503
    bodies.append(b'{"a": 1}')
    assert fetch(port, "/state") == (200, b'{"a": 1}')
    assert fetch(port, "/healthz") == (200, b"ok\n")
    assert b"levee_alerting_build_info{" in fetch(port, "/metrics")[1]
    assert fetch(port, "/other")[0] == 404
    assert fetch(port, "/state", "POST")[0] == 405
    with pytest.raises(WebRefused, match=f"cannot listen at 127.0.0.1:{port}: Address already in use"):
        Web("127.0.0.1", port, bench.metrics.registry, lambda: None, lambda: 0.0)


@pytest.mark.parametrize(("silent", "status"), [(9.0, 200), (11.0, 503)])
def test_a_judgement_that_hangs_is_not_healthy(
    bench: Bench, new_port: Callable[[], int], silent: float, status: int
) -> None:
    port = new_port()
    made = Web("127.0.0.1", port, bench.metrics.registry, lambda: b"{}", lambda: silent)
    try:
        assert fetch(port, "/healthz")[0] == status
        assert fetch(port, "/state")[0] == 200
    finally:
        made.close()


def test_a_flood_of_topics_makes_no_new_series(bench: Bench) -> None:
    for number in range(50):
        bench.service.receive(f"levee/v1/bund/box-{number}/weird", b"x", False, AT, AT)
        bench.service.receive(f"levee/v1/site-{number}/box-1/readings", b"x", False, AT, AT)
    series: dict[Any, float] = bench.series()
    assert series["levee_alerting_messages_total", "other"] == 50
    assert series["levee_alerting_dropped_total", "unknown-site"] == 50
    assert not any("site-" in part for key in series for part in key)
