"""Late messages: made true again, oldest first, at a rate, and until they are answered for."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest

from edge import courier as courier_module
from edge.ages import aged, waited_s
from edge.courier import WINDOW, Courier
from edge.outbox import Kept, Outbox, OutboxUnread
from edge.settings import OutboxSettings
from wire import VERSION, Instant, Readings, SessionRecorded, State, decode, encode
from wire.readings import MAX_AGE_S

NOW, OLD = "a" * 8, "b" * 8
SENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def message(sequence: int, session: str = NOW, age_s: float = 0.5) -> Readings:
    reading = Instant(zone="z", age_s=age_s, state=State.UNKNOWN, method="m", reasons=("starting",))
    return Readings(
        version=VERSION,
        site="s",
        box="b",
        session=session,
        sequence=sequence,
        floor=1,
        sent=SENT,
        readings=(reading,),
    )


class Wire:
    """A link that a test may cut."""

    def __init__(self) -> None:
        self.connected = True
        self.sent: list[Readings] = []

    def send(self, payload: bytes) -> bool:
        if not self.connected:
            return False
        self.sent.append(decode(payload, Readings))
        return True

    @property
    def sequences(self) -> list[int]:
        return [m.sequence for m in self.sent]


def courier(folder: Path, wire: Wire, **limits: float) -> Courier:
    settings = OutboxSettings(**limits)  # type: ignore[arg-type]
    return Courier(Outbox(folder / "o.db", settings), settings, NOW, wire.send, lambda: wire.connected)


@pytest.mark.parametrize(
    ("session", "monotonic", "wall", "waited"),
    [
        (NOW, 160.0, 9_999.0, 60.0),
        (NOW, 90.0, 5_000.0, 0.0),
        (OLD, 160.0, 5_060.0, 60.0),
        (OLD, 5.0, 5_060.0, 60.0),
        (OLD, 160.0, 4_000.0, 0.0),
    ],
)
def test_the_wait_is_monotonic_within_a_session_and_by_the_wall_otherwise(
    session: str, monotonic: float, wall: float, waited: float
) -> None:
    kept = Kept(session, 1, 5_000.0, 100.0, b"")
    assert waited_s(kept, session=NOW, monotonic=monotonic, wall=wall) == waited


def test_a_late_message_is_true_again() -> None:
    later = datetime(2026, 1, 2, 3, 5, tzinfo=UTC)
    late = aged(message(7), 60.0, floor=5, sent=later)
    assert (late.sequence, late.floor, late.sent, late.readings[0].age_s) == (7, 5, later, 60.5)
    assert aged(message(7), 60.0, floor=9, sent=later).floor == 7
    assert aged(message(7), 1e12, floor=1, sent=later).readings[0].age_s == MAX_AGE_S


def test_what_was_not_sent_goes_late_oldest_first_and_at_the_rate(tmp_path: Path) -> None:
    wire = Wire()
    wire.connected = False
    post = courier(tmp_path, wire, backlog_per_s=4.0)
    for sequence in range(1, 11):
        post.keep(message(sequence), wall=1000.0 + sequence, monotonic=float(sequence), sent_live=False)
    post.round(20.0, 1020.0)
    assert wire.sent == []
    wire.connected = True
    post.round(21.0, 1021.0)
    post.round(21.5, 1021.5)
    assert wire.sequences == [1, 2]
    post.round(22.5, 1022.5)
    post.round(30.0, 1030.0)
    assert wire.sequences == list(range(1, 11))
    assert wire.sent[0].readings[0].age_s == pytest.approx(0.5 + 20.5)
    assert {m.floor for m in wire.sent} == {1}


def test_a_live_message_is_left_alone_until_it_is_overdue(tmp_path: Path) -> None:
    wire = Wire()
    post = courier(tmp_path, wire, unanswered_after_s=10.0)
    post.keep(message(1), wall=1000.0, monotonic=0.0, sent_live=True)
    for second in range(1, 10):
        post.round(float(second), 1000.0 + second)
    assert wire.sent == []
    post.round(11.5, 1011.5)
    assert wire.sequences == [1]


def test_an_answer_ends_it(tmp_path: Path) -> None:
    wire = Wire()
    post = courier(tmp_path, wire)
    for sequence in (1, 2, 3, 4):
        post.keep(message(sequence), wall=1000.0 + sequence, monotonic=float(sequence), sent_live=True)
    post.round(4.5, 1004.5)
    assert post.floor(5) == 1
    post.recorded([SessionRecorded(session=NOW, up_to=1, also=((3, 3),))])
    post.round(5.0, 1005.0)
    assert (post.health.messages, post.floor(5)) == (2, 2)
    for second in range(6, 40):
        post.round(float(second), 1000.0 + second)
    assert set(wire.sequences) == {2, 4}
    post.recorded([SessionRecorded(session=NOW, up_to=4)])
    post.round(50.0, 1050.0)
    assert (post.health.messages, post.floor(5)) == (0, 5)


def test_a_former_session_goes_first_with_its_own_floor(tmp_path: Path) -> None:
    wire = Wire()
    before = Outbox(tmp_path / "o.db", OutboxSettings())
    for sequence in (41, 42):
        payload = encode(message(sequence, session=OLD))
        before.add(Kept(OLD, sequence, 900.0 + sequence, 5.0, payload))
    before.close()
    post = courier(tmp_path, wire)
    post.keep(message(1), wall=1000.0, monotonic=1.0, sent_live=False)
    post.round(1.0, 1000.0)
    post.round(2.0, 1001.0)
    assert [(m.session, m.sequence, m.floor) for m in wire.sent] == [(OLD, 41, 41), (OLD, 42, 41), (NOW, 1, 1)]
    assert wire.sent[0].readings[0].age_s == pytest.approx(0.5 + 60.0)


def test_while_nobody_answers_the_attempts_thin_out(tmp_path: Path) -> None:
    wire = Wire()
    post = courier(tmp_path, wire, unanswered_after_s=10.0, backlog_per_s=1000.0)
    for sequence in range(1, 21):
        post.keep(message(sequence), wall=1000.0, monotonic=0.0, sent_live=False)
    for second in range(0, 1000):
        post.round(float(second), 1000.0 + second)
    # Every 10 s would make 2,000 messages.
    assert 20 * 10 < len(wire.sent) < 20 * 25
    wire.sent.clear()
    post.recorded([SessionRecorded(session=NOW, up_to=1)])
    post.round(1000.5, 2000.5)
    assert set(wire.sequences) == set(range(2, 21))


def test_what_is_never_answered_for_holds_up_nothing_else(tmp_path: Path) -> None:
    """As a message that the service refuses: it is tried again now and then, behind those that were not tried."""
    wire = Wire()
    post = courier(tmp_path, wire, backlog_per_s=50.0)
    for sequence in range(1, WINDOW + 101):
        post.keep(message(sequence), wall=1000.0 + sequence, monotonic=0.0, sent_live=False)
    for second in range(0, 60):
        post.round(float(second), 2000.0 + second)
        answered = [n for n in set(wire.sequences) if n > WINDOW]
        post.recorded([SessionRecorded(session=NOW, up_to=0, also=tuple((n, n) for n in answered))])
    assert set(wire.sequences) == set(range(1, WINDOW + 101))
    assert post.health.messages == WINDOW


def test_the_window_bounds_what_waits_for_an_answer(tmp_path: Path) -> None:
    wire = Wire()
    post = courier(tmp_path, wire, backlog_per_s=10_000.0)
    for sequence in range(1, WINDOW + 201):
        post.keep(message(sequence), wall=1000.0, monotonic=0.0, sent_live=False)
    for tenth in range(50):
        post.round(tenth / 10, 1000.0)
    assert wire.sequences == list(range(1, WINDOW + 1))


def test_a_message_that_cannot_be_read_holds_nothing_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire()
    before = Outbox(tmp_path / "o.db", OutboxSettings())
    before.add(Kept(OLD, 1, 900.0, 5.0, b"not a message"))
    before.close()
    post = courier(tmp_path, wire)
    post.keep(message(1), wall=1000.0, monotonic=1.0, sent_live=False)
    for second in range(5):
        post.round(float(second), 1000.0 + second)
    assert wire.sequences == [1]
    assert len([r for r in caplog.records if "cannot be read" in r.message]) == 1


def test_a_read_that_fails_never_moves_the_floor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire()
    before = Outbox(tmp_path / "o.db", OutboxSettings())
    for sequence in (41, 42):
        before.add(Kept(OLD, sequence, 900.0 + sequence, 5.0, encode(message(sequence, session=OLD))))
    before.close()
    post = courier(tmp_path, wire)
    post.keep(message(1), wall=1000.0, monotonic=1.0, sent_live=False)
    post.round(1.0, 1000.0)

    def unread(session: str) -> NoReturn:
        raise OutboxUnread("disk I/O error")

    monkeypatch.setattr(post._outbox, "floor", unread)
    post.keep(message(2), wall=1001.0, monotonic=2.0, sent_live=False)
    post.round(2.0, 1001.0)
    assert post.floor(3) == 1
    # The floor that each was made with is 1.
    assert [(m.sequence, m.floor) for m in wire.sent] == [(41, 1), (42, 1), (1, 1), (2, 1)]


def test_a_round_that_fails_does_not_end_the_thread_and_many_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "PERIOD_S", 0.01)
    wire = Wire()
    post = courier(tmp_path, wire)
    post.recorded([SessionRecorded(session=OLD, up_to=10**400)])
    post.start()
    end = time.monotonic() + 10
    sequence = 0
    while not wire.sent and time.monotonic() < end:
        sequence += 1
        post.keep(message(sequence), wall=time.time(), monotonic=time.monotonic(), sent_live=False)
        time.sleep(0.1)
    assert wire.sequences[0] == 1
    assert post.alive

    def broken(monotonic: float, wall: float, *, sending: bool = True) -> NoReturn:
        raise RuntimeError("always")

    monkeypatch.setattr(post, "round", broken)
    while post.alive and time.monotonic() < end:
        time.sleep(0.02)
    assert not post.alive
