"""The hash chain: whatever is done to it, the first bad entry is named; and the record that carries it."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.duty.events import Entry
from alerting.record import Batch, Record, RecordAway
from alerting.record.chain import Head, Link, extend, verify
from alerting.record.reader import Reader

Told = list[tuple[float, str, dict[str, object]]]
values = st.one_of(st.integers(), st.text(max_size=6), st.none(), st.just("\ud800"))
bodies = st.dictionaries(st.text(max_size=6), values, max_size=3)
one = st.tuples(st.floats(0, 2e9), st.sampled_from(["tier", "page", "call"]), bodies)
chains = st.lists(one, min_size=1, max_size=12)


@given(chains)
def test_a_chain_as_it_was_written_is_whole(entries: Told) -> None:
    links = list(extend(Head(), entries))
    verdict = verify(links)
    assert (verdict.fault, verdict.head, verdict.deleted) == (None, Head(links[-1].number, links[-1].hash), 0)
    # Written in two parts it is the same.
    half = list(extend(Head(), entries[: len(entries) // 2]))
    head = Head(half[-1].number, half[-1].hash) if half else Head()
    assert [*half, *extend(head, entries[len(entries) // 2 :])] == links


@given(chains, st.data())
def test_every_change_is_found_where_it_is(
    entries: list[tuple[float, str, dict[str, object]]], data: st.DataObject
) -> None:
    links = list(extend(Head(), entries))
    place = data.draw(st.integers(0, len(links) - 1))
    what = data.draw(st.sampled_from(["body", "kind", "time", "take", "swap", "hash"]))
    link = links[place]
    if what == "body":
        links[place] = replace(link, body=(link.body or "") + " ")
    elif what == "kind":
        links[place] = replace(link, kind="other")
    elif what == "time":
        links[place] = replace(link, at_ms=link.at_ms + 1)
    elif what == "hash":
        links[place] = replace(link, hash="f" * 64)
    elif what == "take" and place < len(links) - 1:
        del links[place]
    elif what == "swap" and place < len(links) - 1:
        links[place], links[place + 1] = (
            replace(links[place + 1], number=link.number),
            replace(link, number=link.number + 1),
        )
        if links[place].body == links[place + 1].body:
            return
    else:
        return
    fault = verify(links).fault
    assert fault is not None
    assert fault.number == place + 1


def test_what_was_cut_off_shows_against_a_witness() -> None:
    links = list(extend(Head(), [(1.0, "tier", {"n": n}) for n in range(5)]))
    witness = Head(5, links[-1].hash)
    assert verify(links[:3]).fault is None
    assert str(verify(links[:3], witness).fault) == "entry 4: is missing: entry 5 was witnessed"
    other = list(extend(Head(), [(1.0, "tier", {"n": n + 1}) for n in range(5)]))
    assert str(verify(other, witness).fault) == "entry 5: is another than the one that was witnessed"


def test_deleted_bodies_must_be_accounted_for() -> None:
    entries = [(1.0, "page", {"n": 1}), (2.0, "tier", {"n": 2}), (9.0, "pruned", {"kind": "page", "before_ms": 5000})]
    links = list(extend(Head(), entries))
    gone = [replace(links[0], body=None), *links[1:]]
    assert (verify(gone).fault, verify(gone).deleted) == (None, 1)
    other = [links[0], replace(links[1], body=None), links[2]]
    assert str(verify(other).fault) == "entry 2: its body was deleted, and nothing says that it was due"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "record.db"


def entry(number: int, person: str = "ann") -> Entry:
    return Entry(float(number), "call", {"number": number, "person": person}, ("person",))


def opened(path: Path, at: float = 1.0) -> Record:
    record = Record(f"sqlite:///{path}")
    record.called({"ann": "Ann Smith"})
    record.resume("one", "a" * 16, at)
    return record


def links(path: Path) -> list[Link]:
    reader = Reader(f"sqlite:///{path}")
    try:
        return list(reader.links())
    finally:
        reader.close()


def test_no_name_is_in_the_chain_and_a_person_can_be_erased(path: Path) -> None:
    record = opened(path)
    record.commit(Batch(entries=[entry(1), entry(2)]), 1.0)
    reader = Reader(f"sqlite:///{path}")
    mark = reader.pseudonym("ann")
    assert mark.startswith("p-")
    assert reader.title(mark) == "Ann Smith"
    assert [told.body["person"] for told in reader.entries()] == [mark, mark]
    record.commit(Batch(erased=["ann"]), 2.0)
    assert (reader.title(mark), reader.pseudonym("ann")) == ("", ""), "from the commit on nobody is told"
    assert record.erase_next()
    assert not record.erase_next()
    assert (reader.title(mark), reader.pseudonym("ann")) == ("", "")
    assert reader.verify().fault is None
    record.commit(Batch(entries=[entry(3)]), 3.0)
    assert reader.pseudonym("ann") not in ("", mark), "from now on somebody new"
    with sqlite3.connect(path) as base:
        dump = "\n".join(base.iterdump())
    assert dump.count("Ann Smith") == 1
    reader.close()
    record.close()


def test_a_commit_of_which_nobody_knows_whether_it_was_taken_is_not_written_twice(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = opened(path)
    batch = Batch(entries=[entry(1)])

    # The database takes it, and its answer is lost.
    whole = record._leadership.renewed  # type: ignore[union-attr]

    def lost(until: float) -> None:
        raise RecordAway("the connection was lost")

    for _ in range(2):
        monkeypatch.setattr(record._leadership, "renewed", lost)
        with pytest.raises(RecordAway):
            record.commit(batch, 1.0)
        batch.entries.append(entry(len(batch.entries) + 1))
    monkeypatch.setattr(record._leadership, "renewed", whole)
    record.commit(batch, 1.0)
    record.commit(Batch(entries=[entry(9)]), 1.0)
    reader = Reader(f"sqlite:///{path}")
    assert [told.body["number"] for told in reader.entries()] == [1, 2, 3, 9]
    assert reader.verify().fault is None
    reader.close()
    record.close()


def test_a_change_in_the_database_is_named(path: Path) -> None:
    record = opened(path)
    record.commit(Batch(entries=[entry(number) for number in range(1, 6)]), 1.0)
    record.close()
    with sqlite3.connect(path) as base:
        base.execute("update log set body = replace(body, '3', '4') where number = 3")
    reader = Reader(f"sqlite:///{path}")
    assert str(reader.verify().fault) == "entry 3: its body was changed"
    reader.close()


def test_bodies_are_deleted_when_their_time_has_come(path: Path) -> None:
    record = opened(path)
    record.commit(Batch(entries=[entry(number) for number in range(1, 4)]), 1.0)
    assert record.holds_old("call", 2.5)
    record.commit(Batch(entries=[Entry(9.0, "pruned", {"kind": "call", "before_ms": 2500})]), 9.0)
    assert record.prune_log("call", 2.5) == 2
    assert not record.holds_old("call", 2.5)
    assert [link.body is None for link in links(path)] == [True, True, False, False]
    assert verify(links(path)).fault is None
    record.close()


def test_one_file_has_one_leader_and_its_end_is_the_next_ones_beginning(path: Path) -> None:
    first = opened(path)
    second = Record(f"sqlite:///{path}")
    assert second.try_resume("two", "b" * 16, 2.0) is None
    with pytest.raises(RecordAway, match="another service leads"):
        second.resume("two", "b" * 16, 2.0)
    first.close()
    resumed = second.try_resume("two", "b" * 16, 2.0)
    assert resumed is not None
    assert resumed.term == 2
    second.close()


def test_a_full_disk_loses_nothing(path: Path) -> None:
    record = opened(path)
    with sqlite3.connect(path) as base:
        pages = base.execute("pragma page_count").fetchone()[0]
    record.commit(Batch(entries=[entry(1)]), 1.0)
    with record._database.engine.connect() as connection:
        connection.exec_driver_sql(f"pragma max_page_count = {pages}")
    batch = Batch(entries=[Entry(2.0, "call", {"person": "ann", "text": "x" * 200_000}, ("person",))])
    with pytest.raises(RecordAway, match="full"):
        record.commit(batch, 2.0)
    with record._database.engine.connect() as connection:
        connection.exec_driver_sql("pragma max_page_count = 1000000")
    record.commit(batch, 3.0)
    reader = Reader(f"sqlite:///{path}")
    assert [told.number for told in reader.entries()] == [1, 2]
    assert reader.verify().fault is None
    reader.close()
    record.close()


def test_a_record_of_an_earlier_make_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as base:
        base.execute("create table messages (id integer)")
    with pytest.raises(ValueError, match="made by an earlier version: move it away"):
        opened(path)


def test_a_request_is_asked_once_and_answered(path: Path) -> None:
    from alerting.record import Outcome

    record = opened(path)
    reader = Reader(f"sqlite:///{path}")
    assert reader.ask("k", {"what": "x"})
    assert not reader.ask("k", {"what": "y"})
    assert reader.asked("none") is None
    (request,) = record.requests()
    assert (request.key, request.body) == ("k", '{"what":"x"}')
    record.commit(Batch(outcomes=[Outcome(request.id, "done", "so be it")]), 1.0)
    assert record.requests() == []
    told = reader.asked("k")
    assert told is not None
    assert (told.outcome, told.words) == ("done", "so be it")
    reader.close()
    record.close()


def test_a_message_that_was_changed_is_named(path: Path) -> None:
    from tests.unit.alerting.test_record import taken

    record = opened(path)
    record.commit(Batch(messages=[taken(number) for number in range(1, 4)]), 100.0)
    record.commit(Batch(messages=[taken(4)]), 161.0)
    reader = Reader(f"sqlite:///{path}")
    assert (reader.verify().fault, reader.verify_messages()) == (None, None)
    with sqlite3.connect(path) as base:
        base.execute("update messages set payload = replace(payload, 'dark', 'dull') where sequence = 2")
    fault = reader.verify_messages()
    assert fault is not None
    assert (fault.row, "sequence 2, received" in str(fault), "content was changed" in str(fault)) == (2, True, True)
    with sqlite3.connect(path) as base:
        base.execute("delete from messages where sequence = 2")
    assert str(reader.verify_messages()).endswith("which entry 1 seals, 1 is gone")
    reader.close()
    record.close()


def test_a_record_of_make_2_is_brought_up_to_date_and_a_newer_one_refused(path: Path) -> None:
    record = opened(path)
    record.commit(Batch(entries=[entry(1)]), 1.0)
    record.close()
    with sqlite3.connect(path) as base:
        base.execute("alter table messages drop column digest")
        base.execute("update meta set version = 2")
    opened(path, 2.0).close()
    with sqlite3.connect(path) as base:
        assert base.execute("select version from meta").fetchall() == [(3,)]
        assert "digest" in [row[1] for row in base.execute("pragma table_info(messages)")]
        base.execute("update meta set version = 9")
    with pytest.raises(ValueError, match="of make 9, and this program knows up to 3: run the newer program"):
        opened(path)
    with pytest.raises(ValueError, match="of make 9"):
        Reader(f"sqlite:///{path}").length()
