"""The outbox: what is written stays, what is answered for goes, limits are kept, corruption is survived."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.outbox import Kept, Outbox, OutboxRefused, OutboxUnread
from edge.settings import OutboxSettings
from wire import SessionRecorded

ROOT = Path(__file__).resolve().parents[3]
A, B = "a" * 8, "b" * 8


def kept(sequence: int, session: str = A, size: int = 20) -> Kept:
    wall = 1000.0 * (session == B) + sequence
    return Kept(session, sequence, wall, float(sequence), b"x" * size)


def held(outbox: Outbox) -> list[tuple[str, int]]:
    return [(m.session, m.sequence) for m in outbox.oldest(10_000, not_in=set())]


def test_what_is_flushed_is_there_after_opening_anew(tmp_path: Path) -> None:
    one = Outbox(tmp_path / "deep" / "o.db", OutboxSettings())
    for sequence in (1, 2, 3):
        one.add(kept(sequence))
    assert one.messages == 3
    assert one.floor(A) == 1
    one.close()
    two = Outbox(tmp_path / "deep" / "o.db", OutboxSettings())
    assert two.oldest(2, not_in={(A, 1)}) == [kept(2), kept(3)]
    assert (two.messages, two.oldest_wall) == (3, 1.0)


@settings(max_examples=40, deadline=None)
@given(
    up_to=st.integers(0, 12),
    also=st.lists(st.tuples(st.integers(1, 12), st.integers(0, 3)), max_size=3),
    session=st.sampled_from([A, B, "c" * 8]),
)
def test_an_answer_deletes_exactly_what_it_holds(
    tmp_path_factory: pytest.TempPathFactory, up_to: int, also: list[tuple[int, int]], session: str
) -> None:
    outbox = Outbox(tmp_path_factory.mktemp("box") / "o.db", OutboxSettings())
    everything = [(s, n) for s in (A, B) for n in range(1, 11)]
    for s, n in everything:
        outbox.add(kept(n, s))
    answer = SessionRecorded(session=session, up_to=up_to, also=tuple((first, first + more) for first, more in also))
    outbox.recorded([answer])
    assert outbox.flush()
    left = [(s, n) for s, n in everything if not (s == session and answer.holds(n))]
    assert held(outbox) == left
    assert outbox.messages == len(left)
    for s in (A, B):
        assert outbox.floor(s) == min((n for t, n in left if t == s), default=None)
    outbox.close()


@pytest.mark.parametrize(
    ("limits", "size", "reason", "left"),
    [
        (OutboxSettings(messages_max=10), 20, "count", 10),
        (OutboxSettings(bytes_max=10_000), 1000, "bytes", 10),
    ],
)
def test_beyond_the_limits_the_oldest_go_and_are_counted(
    tmp_path: Path, limits: OutboxSettings, size: int, reason: str, left: int
) -> None:
    outbox = Outbox(tmp_path / "o.db", limits)
    for sequence in range(1, 26):
        outbox.add(kept(sequence, size=size))
    outbox.flush()
    sequences = [sequence for _, sequence in held(outbox)]
    assert sequences[-1] == 25
    assert left - 2 <= len(sequences) <= left
    assert outbox.dropped == {reason: 25 - len(sequences)}
    assert outbox.floor(A) == sequences[0]


def test_one_message_too_large_for_the_limit_does_not_hang(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", OutboxSettings(bytes_max=10_000))
    outbox.add(kept(1, size=50_000))
    outbox.flush()
    assert (outbox.messages, outbox.dropped) == (0, {"bytes": 1})


@pytest.mark.parametrize("damage", ["text", "header", "pages"])
def test_a_corrupt_file_is_moved_aside_with_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    path = tmp_path / "o.db"
    first = Outbox(path, OutboxSettings())
    for sequence in range(1, 400):
        first.add(kept(sequence, size=200))
    first.close()
    whole = path.read_bytes()
    damaged = {
        "text": b"this is no database\n" * 50,
        "header": b"\0" * 100 + whole[100:],
        "pages": whole[:4096] + b"\xff" * (len(whole) - 4096),
    }[damage]
    path.write_bytes(damaged)
    with caplog.at_level(logging.ERROR):
        second = Outbox(path, OutboxSettings())
        second.add(kept(7))
        second.flush()
        second.flush()
    assert held(second) == [(A, 7)]
    assert second.dropped == {"corrupt": 1}
    assert len([r for r in caplog.records if "is corrupt" in r.message]) == 1
    aside = list(tmp_path.glob("o.db.corrupt-*"))
    assert [p.read_bytes() for p in aside] == [damaged]


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutboxRefused, match=r"^data_folder: the outbox .*file/o\.db cannot be written"):
        Outbox(tmp_path / "file" / "o.db", OutboxSettings())


def test_a_disk_that_refuses_loses_nothing_that_memory_can_hold(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = Outbox(tmp_path / "o.db", OutboxSettings(messages_max=10))
    outbox.add(kept(1))
    assert outbox.flush()
    outbox._db.execute("PRAGMA query_only = ON")
    for sequence in range(2, 15):
        outbox.add(kept(sequence))
        assert not outbox.flush()
    assert len([r for r in caplog.records if "wait in memory" in r.message]) == 1
    assert outbox.dropped == {"disk": 3}
    outbox._db.execute("PRAGMA query_only = OFF")
    assert outbox.flush()
    assert [n for _, n in held(outbox)] == list(range(5, 15))


def test_a_full_disk_costs_nothing_but_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    outbox = Outbox(tmp_path / "o.db", OutboxSettings())
    outbox._db.execute("PRAGMA max_page_count = 20")
    written = 0
    for sequence in range(1, 40):
        outbox.add(kept(sequence, size=4000))
        written += outbox.flush()
    assert 0 < written < 39
    assert len([r for r in caplog.records if "disk is full" in r.message]) == 1
    outbox._db.execute("PRAGMA max_page_count = 1000000")
    assert outbox.flush()
    assert [n for _, n in held(outbox)] == list(range(1, 40))
    assert outbox.dropped == {}


def test_on_a_full_disk_an_answer_makes_room(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", OutboxSettings())
    outbox._db.execute("PRAGMA max_page_count = 20")
    written, sequence = True, 0
    while written:
        sequence += 1
        outbox.add(kept(sequence, size=4000))
        written = outbox.flush()
    outbox.add(kept(sequence + 1, size=4000))
    outbox.recorded([SessionRecorded(session=A, up_to=sequence)])
    assert outbox.flush()
    # What was answered for while it waited in memory is gone too.
    assert held(outbox) == [(A, sequence + 1)]


def test_an_answer_that_cannot_be_worked_with_fails_once(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", OutboxSettings())
    outbox.add(kept(1, session=B))
    outbox.recorded([SessionRecorded(session=A, up_to=10**400)])
    with pytest.raises(OverflowError):
        outbox.flush()
    assert outbox.flush()
    assert held(outbox) == [(B, 1)]


def test_a_disk_that_cannot_be_read_gives_no_floor(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.db", OutboxSettings())
    outbox.add(kept(3))
    assert outbox.flush()
    outbox._db.execute("ALTER TABLE messages RENAME TO away")
    with pytest.raises(OutboxUnread):
        outbox.floor(A)
    outbox._db.execute("ALTER TABLE away RENAME TO messages")
    assert outbox.floor(A) == 3


def test_a_file_that_is_damaged_while_it_is_open_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    outbox = Outbox(path, OutboxSettings())
    for sequence in range(1, 200):
        outbox.add(kept(sequence, size=2000))
    outbox.flush()
    outbox._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(b"\xff" * path.stat().st_size)
    outbox._db.execute("PRAGMA shrink_memory")
    for sequence in range(200, 204):
        outbox.add(kept(sequence))
        outbox.oldest(10, not_in=set())
        outbox.flush()
    assert [n for _, n in held(outbox)][-1] == 203
    assert outbox.dropped.get("corrupt") == 1


WRITER = """
import sys, time
from pathlib import Path
from edge.outbox import Kept, Outbox
from edge.settings import OutboxSettings
outbox = Outbox(Path(sys.argv[1]), OutboxSettings())
sequence = 0
while True:
    for _ in range(10):
        sequence += 1
        outbox.add(Kept("a" * 8, sequence, float(sequence), 0.0, b"x" * 500))
    assert outbox.flush()
    print(sequence, flush=True)
    time.sleep(0.01)
"""


def test_kill_9_loses_nothing_that_was_flushed(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert writer.stdout is not None
        last = 0
        end = time.monotonic() + 20
        while last < 100 and time.monotonic() < end:
            last = int(writer.stdout.readline())
    finally:
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split() if writer.stdout else []
        writer.wait()
    last = int(rest[-1]) if rest else last
    outbox = Outbox(path, OutboxSettings())
    sequences = [sequence for _, sequence in held(outbox)]
    assert sequences[:last] == list(range(1, last + 1))
    # At most the round that was being written when the process died may be there on top, or be missing.
    assert last <= len(sequences) <= last + 10


def test_the_commits_are_synced(tmp_path: Path) -> None:
    """WAL with synchronous NORMAL would keep a commit from a crash, but not from a power cut."""
    outbox = Outbox(tmp_path / "o.db", OutboxSettings())
    assert outbox._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert outbox._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert isinstance(outbox._db, sqlite3.Connection)
