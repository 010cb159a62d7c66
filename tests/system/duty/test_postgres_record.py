"""The record on a real PostgreSQL: one leader, whatever becomes of the other's session."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from alerting.duty.events import Entry
from alerting.record import Batch, Deposed, Record
from alerting.record.reader import Reader

if TYPE_CHECKING:
    from tests.conftest import Postgres


def batch(*kinds: str) -> Batch:
    return Batch(entries=[Entry(1.0, kind, {"person": "ann"}, ("person",)) for kind in kinds])


def test_a_leader_that_stands_still_in_the_middle_of_a_commit_is_put_out(
    postgres: Postgres, wait: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.database("standstill")
    first, second = Record(url), Record(url)
    first.resume("first", "a" * 16, 1.0)
    first.commit(batch("one"), 2.0)
    assert second.try_resume("second", "b" * 16, 3.0) is None
    resumed: list[Any] = []

    def stands_still(*_: Any) -> None:
        # As if the machine had stopped here, with the leader's row locked.
        end = time.monotonic() + 20
        while not resumed and time.monotonic() < end:
            resumed.extend(filter(None, [second.try_resume("second", "b" * 16, 3.0)]))
            time.sleep(0.3)

    monkeypatch.setattr(first, "_write", stands_still)
    began = time.monotonic()
    with pytest.raises(Exception, match=r"terminat|closed|lost|term 1 is over"):
        first.commit(batch("two"), 4.0)
    assert resumed
    assert resumed[0].term == 2
    assert time.monotonic() - began < 10
    assert not first.leads()
    monkeypatch.undo()
    with pytest.raises(Deposed):
        first.commit(batch("two"), 4.0)
    second.commit(batch("three"), 5.0)
    reader = Reader(url)
    assert [told.kind for told in reader.entries()] == ["one", "three"]
    assert reader.verify().fault is None
    reader.close()
    first.abandon()
    second.close()
    assert Record(url).try_resume("third", "c" * 16, 6.0) is not None, "a leader that goes leaves at once"


def test_two_that_start_together_make_one_leader(postgres: Postgres) -> None:
    import threading

    url = postgres.database("together")
    records = [Record(url) for _ in range(4)]
    found: list[Any] = []
    gate = threading.Barrier(4)

    def start(number: int) -> None:
        gate.wait()
        try:
            found.append(records[number].try_resume(f"i{number}", str(number) * 16, 1.0))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test tells
            found.append(error)

    threads = [threading.Thread(target=start, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    leaders = [one for one in found if one is not None and not isinstance(one, Exception)]
    assert len(leaders) == 1, found
    for record in records:
        record.abandon()
