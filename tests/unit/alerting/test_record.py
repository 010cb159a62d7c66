"""The record on a real SQLite file: whole transactions, once each, and clear words when it cannot be used."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alerting.assess import Figures, HeldUnknown, TierChanged
from alerting.ingest import Accepted
from alerting.ledger import Ledger
from alerting.record import Batch, PageRow, PageState, Record, RecordAway, RecordRefused
from wire import Instant, Readings, State, Tier, decode

SESSION = "aaaaaaaaaaaaaaaa"


def taken(sequence: int, live: bool = True) -> Accepted:
    message = Readings(
        version=1,
        site="bund",
        box="box-1",
        session=SESSION,
        sequence=sequence,
        floor=1,
        sent=datetime(2026, 1, 1, tzinfo=UTC),
        readings=(Instant(zone="steps", age_s=0, state=State.UNKNOWN, method="t", reasons=("dark",)),),
    )
    return Accepted("bund", "box-1", message, live, 100.0, ())


CHANGE = TierChanged(
    id="c1", at=5.0, site="bund", zone="steps", from_tier=Tier.BLUE, to_tier=Tier.RED, why="density", figures=Figures()
)
HELD = HeldUnknown(id="h1", at=6.0, site="bund", zone="steps", tier=Tier.RED, why="unknown: dark")
PAGE = PageRow("c1", "hook", 4, 5.0, b"{}")


def full_batch() -> Batch:
    return Batch(
        messages=[taken(1), taken(2, live=False)],
        changes=[CHANGE, HELD],
        pages={("c1", "hook"): PAGE},
        states={"bund": b"state"},
        ledgers={("bund", "box-1", SESSION): Ledger(2, [(4, 5)])},
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "record.db"


@pytest.fixture
def record(path: Path) -> Record:
    made = Record(f"sqlite:///{path}")
    made.resume("one", SESSION, 1.0)
    return made


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(path) as base:
        return base.execute(query).fetchall()


def test_what_was_committed_is_there_after_a_restart(record: Record, path: Path) -> None:
    record.commit(full_batch(), 7.0)
    record.abandon()
    resumed = Record(f"sqlite:///{path}").resume("one", SESSION, 8.0)
    assert (resumed.term, resumed.at) == (2, 7.0)
    assert resumed.states == {"bund": b"state"}
    assert resumed.ledgers == {("bund", "box-1"): {SESSION: Ledger(2, [(4, 5)])}}
    assert resumed.pending == (PAGE,)
    assert rows(path, "select sequence, way from messages") == [(1, "live"), (2, "backlog")]
    payload = rows(path, "select payload from messages")[0][0]
    assert decode(payload, Readings) == taken(1).message
    assert rows(path, "select id, what, from_tier, to_tier from tier_changes") == [
        ("c1", "tier", 1, 4),
        ("h1", "held", 4, 4),
    ]
    assert rows(path, "pragma journal_mode") == [("wal",)]


def test_committing_twice_does_no_harm(record: Record, path: Path) -> None:
    record.commit(full_batch(), 7.0)
    record.commit(full_batch(), 8.0)
    assert rows(path, "select count(*) from messages") == [(2,)]
    assert rows(path, "select count(*) from tier_changes") == [(2,)]
    assert rows(path, "select count(*) from pages") == [(1,)]


@pytest.mark.parametrize(("state", "pending"), [(state, state.pending) for state in PageState])
def test_only_pages_that_nobody_accepted_are_pending(
    record: Record, path: Path, state: PageState, pending: bool
) -> None:
    record.commit(full_batch(), 7.0)
    row = PageRow("c1", "hook", 4, 5.0, b"{}", state, 3, "so it said")
    record.commit(Batch(pages={("c1", "hook"): row}), 8.0)
    resumed = record.resume("one", SESSION, 9.0)
    assert resumed.pending == ((row,) if pending else ())
    assert pending is (state in (PageState.QUEUED, PageState.REFUSED, PageState.FAILED))


def test_a_locked_database_takes_nothing_and_then_everything(record: Record, path: Path) -> None:
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("begin immediate")
    with pytest.raises(RecordAway, match="database is locked"):
        record.commit(full_batch(), 7.0)
    lock.execute("rollback")
    lock.close()
    assert rows(path, "select count(*) from messages") == [(0,)]
    record.commit(full_batch(), 8.0)
    assert rows(path, "select count(*) from messages") == [(2,)]


def test_a_fault_in_the_middle_leaves_nothing_behind(record: Record, path: Path) -> None:
    with sqlite3.connect(path) as base:
        base.execute("create trigger no before insert on site_states begin select raise(abort, 'no room'); end")
    with pytest.raises((RecordAway, RecordRefused), match="no room"):
        record.commit(full_batch(), 7.0)
    for table in ("messages", "tier_changes", "pages", "sessions"):
        assert rows(path, f"select count(*) from {table}") == [(0,)]


def test_old_readings_are_deleted_a_few_at_a_time_and_nothing_else(record: Record, path: Path) -> None:
    record.commit(full_batch(), 7.0)
    assert record.prune(100.0, 10) == 0
    assert record.prune(101.0, 1) == 1
    assert rows(path, "select sequence from messages") == [(2,)]
    assert record.prune(101.0, 10) == 1
    assert rows(path, "select count(*) from tier_changes") == [(2,)]
    assert record.resume("one", SESSION, 9.0).ledgers["bund", "box-1"][SESSION].holds(1)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "URL is not one"),
        ("mysql://u:geheim@h/d", "SQLite or PostgreSQL"),
        ("oracle://h/d", "SQLite or PostgreSQL"),
    ],
)
def test_a_url_that_cannot_work(url: str, says: str) -> None:
    with pytest.raises(RecordRefused, match=says) as caught:
        Record(url)
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    file.write_bytes(b"this is a letter, not a database" * 100)
    with pytest.raises(RecordRefused, match="not a database"):
        Record(f"sqlite:///{file}").resume("one", SESSION, 1.0)


def test_a_folder_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    with pytest.raises(RecordAway, match="unable to open"):
        Record(f"sqlite:///{tmp_path}/none/x.db").resume("one", SESSION, 1.0)
