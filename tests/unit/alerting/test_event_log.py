"""Live and replay are one judgement: the log of a service that was killed and restarted, folded again bare."""

from __future__ import annotations

import random
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

import alerting.service
from alerting.assess import (
    Effect,
    Observed,
    Page,
    SettingsApplied,
    SiteState,
    Tick,
    TierChanged,
    decode_event,
    decode_state,
    encode_event,
    encode_state,
    split_events,
    step,
)
from alerting.assess.log import LogRefused
from alerting.metrics import Metrics
from alerting.paging.note import Note
from alerting.paging.senders import Answer, Outcome
from alerting.record import Record, RecordRefused
from alerting.service import Service
from alerting.settings import ServiceSettings, SiteSettings
from wire import Band, Instant, Occupancy, Reading, Readings, State, Throughput, encode

AT = 1_800_000_000.0
SETTINGS = msgspec.convert({"sites": ["a"], "channels": {"hook": {"type": "console"}}}, ServiceSettings)
ZONES = (("steps", "steps"), ("square", "flat"), ("pit", "standing-audience"))


def site(capacity: int) -> SiteSettings:
    zones = [
        {"name": name, "title": name, "kind": kind, "box": "box-1", "fall_s": 20, "capacity": capacity}
        for name, kind in ZONES
    ]
    return msgspec.convert({"site": "bund", "title": "B", "responsible": "R", "zones": zones}, SiteSettings)


class Nobody:
    def send(self, note: Note) -> Answer:
        return Answer(Outcome.ACCEPTED, "yes")


class Live:
    """The service on a real database. `kill` forgets all that was not committed, as SIGKILL does."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path, self.dice, self.at, self.sequence, self.run = path, random.Random(seed), AT, 0, 0
        self.density = dict.fromkeys((name for name, _ in ZONES), 1.0)
        self.start(600)

    def start(self, capacity: int) -> None:
        self.run += 1
        record = Record(f"sqlite:///{self.path}")
        resumed = record.resume("alerting", f"{self.run:016x}", self.at)
        self.at = max(self.at, resumed.at)
        self.service = Service(
            SETTINGS,
            [site(capacity)],
            record,
            resumed,
            {"hook": Nobody()},
            Metrics(),
            publish=lambda *_: None,
            wake=lambda: None,
            session=f"{self.run:016x}",
            at=self.at,
        )
        self.record = record

    def kill(self) -> None:
        self.record.close()
        self.start(self.dice.choice([400, 600]))

    def second(self) -> None:
        self.at += self.dice.choice([0.2, 0.9, 1.0, 1.0, 1.3])
        self.sequence += 1
        session = f"{self.run:016x}"
        message = Readings(
            version=1,
            site="bund",
            box="box-1",
            session=session,
            sequence=self.sequence,
            floor=1,
            sent=datetime.fromtimestamp(self.at, UTC),
            readings=tuple(self.readings()),
        )
        way = "backlog" if self.dice.random() < 0.05 else "readings"
        payload = encode(message)
        for _ in range(2 if self.dice.random() < 0.1 else 1):
            self.service.receive(f"levee/v1/bund/box-1/{way}", payload, False, self.at, self.at)
        if self.dice.random() < 0.9:
            self.service.tick(self.at)
        if self.dice.random() < 0.7:
            self.service.settle(self.at)

    def readings(self) -> list[Reading]:
        found: list[Reading] = []
        for name, _ in ZONES:
            self.density[name] = max(0.1, self.density[name] + self.dice.gauss(0.01, 0.25))
            if self.density[name] > 7 or self.dice.random() < 0.004:
                self.density[name] = 0.5
            chance, value = self.dice.random(), self.density[name]
            age = self.dice.choice([0.0, 0.3, 2.0, 12.0]) if chance < 0.2 else 0.1
            if chance > 0.97:
                found.append(Instant(zone=name, age_s=age, state=State.UNKNOWN, method="t", reasons=("dark",)))
                continue
            degraded = chance > 0.93
            found.append(
                Instant(
                    zone=name,
                    age_s=age,
                    state=State.DEGRADED if degraded else State.GOOD,
                    reasons=("dim",) if degraded else (),
                    method="t",
                    area_m2=100.0,
                    count=Band(value=value * 100, low=value * 80, high=value * 130),
                    peak_density=Band(value=value, low=value * 0.8, high=value * 1.2),
                    speed=max(0.0, 1.2 - value / 4),
                    counterflow=self.dice.choice([0.0, 0.05, 0.4]),
                    pressure=0.01,
                )
            )
        if self.sequence % 20 == 0:
            flow = self.dice.uniform(0, 60)
            found.append(
                Throughput(
                    zone="square", age_s=0, state=State.GOOD, method="t", interval_s=20, inflow=flow, outflow=flow / 2
                )
            )
            band = Band(value=flow * 8, low=flow * 7, high=flow * 9)
            found.append(Occupancy(zone="pit", age_s=0, state=State.GOOD, method="t", reset="noon", occupancy=band))
        return found


def log_of(path: Path) -> tuple[SiteState, list[bytes]]:
    """The first checkpoint and every event after it, straight from the tables."""
    with sqlite3.connect(path) as base:
        number, state = base.execute("select number, state from checkpoints order by number limit 1").fetchone()
        pieces = base.execute("select first, last, piece from events order by first").fetchall()
    expected, events = number + 1, []
    for first, last, piece in pieces:
        assert first == expected, "the log has a gap"
        found = split_events(piece)
        assert len(found) == last - first + 1
        events += found
        expected = last + 1
    return decode_state(state), events


def fold(state: SiteState, events: list[bytes], dice: random.Random) -> tuple[SiteState, list[Effect]]:
    """The bare fold, put away and read again at random points."""
    effects: list[Effect] = []
    for event in events:
        if dice.random() < 0.05:
            state = decode_state(encode_state(state))
        state, followed = step(state, decode_event(event))
        effects += followed
    return state, effects


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_service_and_a_bare_fold_of_its_log_say_the_same(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # States are seldom saved, so that a restart finds much in the log that its state does not hold.
    monkeypatch.setattr(alerting.service, "SAVE_S", 1e9)
    live = Live(tmp_path / "record.db", seed)
    for _ in range(500):
        live.second()
        if live.dice.random() < 0.015:
            live.kill()
    live.service.close(live.at)
    with sqlite3.connect(live.path) as base:
        told = base.execute("select id, at, zone, what, from_tier, to_tier, why from tier_changes order by id")
        recorded = told.fetchall()
        paged = {row[0] for row in base.execute("select distinct id from pages")}
        final = base.execute("select state from site_states").fetchone()[0]
    state, events = log_of(live.path)
    replayed, effects = fold(state, events, random.Random(seed))
    assert encode_state(replayed) == final
    changes = [effect for effect in effects if not isinstance(effect, Page)]
    assert sorted((c.id, c.at, c.zone, c.why) for c in changes) == [(r[0], r[1], r[2], r[6]) for r in recorded]
    rises = {effect.id for effect in effects if isinstance(effect, Page) and (effect.unknown or effect.tier >= 2)}
    assert paged == rises
    assert sum(isinstance(change, TierChanged) for change in changes) > 10, "the story must hold something"
    assert live.run > 2


def test_an_hour_later_there_is_another_place_to_begin(tmp_path: Path) -> None:
    live = Live(tmp_path / "record.db", 1)
    live.second()
    live.at += 3700
    live.second()
    live.service.close(live.at)
    with sqlite3.connect(live.path) as base:
        assert base.execute("select count(*) from checkpoints").fetchone() == (2,)


def test_a_log_that_outgrows_the_memory_has_a_gap_and_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = Live(tmp_path / "record.db", 1)
    live.service.settle(live.at)
    monkeypatch.setattr(alerting.service, "MAX_LOG_BYTES", 3000)
    for _ in range(30):
        live.at += 1
        live.service.tick(live.at)
        live.service.receive("levee/v1/bund/box-1/readings", b"", False, live.at, live.at)
        live.sequence += 1
        live.service._judge("bund", Observed(at=live.at, readings=tuple(live.readings())))
    live.service.close(live.at)
    with sqlite3.connect(live.path) as base:
        number = base.execute("select max(number) from checkpoints").fetchone()[0]
        after = base.execute("select first, last from events where first > ? order by first", (number,)).fetchall()
        final = decode_state(base.execute("select state from site_states").fetchone()[0])
    assert number > 1
    assert after[0][0] == number + 1
    assert after[-1][1] == final.number


def test_a_damaged_log_is_refused_with_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerting.service, "SAVE_S", 1e9)
    live = Live(tmp_path / "record.db", 1)
    for _ in range(20):
        live.second()
        live.service.settle(live.at)
    with sqlite3.connect(live.path) as base:
        base.execute("update events set piece = x'00'")
        base.execute("delete from site_states")
        base.execute("insert into site_states select site, at, state from checkpoints where number = 0")
    with pytest.raises(RecordRefused, match=r"site bund: a piece of the log is damaged.*move the record away"):
        live.kill()


def test_events_come_back_bit_for_bit_and_nothing_else_is_an_event() -> None:
    event = Tick(at=1_800_000_000.123456789)
    assert decode_event(encode_event(event)) == event
    applied = SettingsApplied(at=AT, zones=tuple(zone.rules() for zone in site(9).zones))
    assert decode_event(encode_event(applied)) == applied
    for damaged in (b"", b"\xc1", msgspec.msgpack.encode({"event": "nothing", "at": 1.0})):
        with pytest.raises(LogRefused):
            decode_event(damaged)
