"""The desk: red first, retried with growing pauses, never twice at once, never forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from alerting.paging.desk import Desk
from alerting.paging.note import Note
from alerting.paging.senders import Answer, Outcome
from alerting.record.batch import PageRow, PageState
from alerting.settings import PageSettings
from wire import TierName

YES, NO, LOST = (
    Answer(Outcome.ACCEPTED, "yes"),
    Answer(Outcome.REFUSED, "403 no"),
    Answer(Outcome.FAILED, "no answer"),
)


def note(mark: str, tier: str = "red") -> Note:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Note(
        id=mark,
        site="s",
        site_title="S",
        zone="z",
        zone_title="Z",
        tier=TierName(tier),
        from_tier=TierName.NORMAL,
        unknown=False,
        why="density",
        since=at,
        at=at,
        people=None,
        density=None,
        trend=None,
        responsible="R",
        text="T",
    )


class Scripted:
    """Answers by script, once the gate is open."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.sent, self.gate = list(answers), list[Note](), threading.Event()
        self.gate.set()

    def send(self, what: Note) -> Answer:
        self.gate.wait(10)
        self.sent.append(what)
        return self.answers.pop(0) if self.answers else YES


class Broken:
    def send(self, what: Note) -> Answer:
        raise RuntimeError("geheim")


@pytest.fixture
def desk() -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(wake: Callable[[], None] = lambda: None, settings: PageSettings | None = None, **senders: object) -> Desk:
        made.append(Desk(senders, settings or PageSettings(), wake))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()


def answers(at_desk: Desk, steady: float, wait: Callable[..., None], count: int = 1) -> list[PageRow]:
    rows: list[PageRow] = []

    def some() -> bool:
        rows.extend(at_desk.answered(steady))
        return len(rows) >= count

    wait("the channel answers", some)
    return rows


def test_accepted_once_and_done(desk: Callable[..., Desk], wait: Callable[..., None]) -> None:
    hook = Scripted()
    at_desk = desk(hook=hook)
    at_desk.queue(note("a"), None, 1.0, 0.0)
    at_desk.queue(note("a"), None, 1.0, 0.0)
    due = at_desk.due(0.0)
    assert [(row.id, row.channel, row.attempts, row.state) for row in due] == [("a", "hook", 1, PageState.QUEUED)]
    assert at_desk.due(100.0) == [], "a page that is in hand is not due again"
    at_desk.dispatch(due)
    assert [row.state for row in answers(at_desk, 1.0, wait)] == [PageState.ACCEPTED]
    assert at_desk.pending == 0
    assert [sent.attempt for sent in hook.sent] == [1]


def test_refused_and_failed_are_tried_again_with_growing_pauses(
    desk: Callable[..., Desk], wait: Callable[..., None]
) -> None:
    hook = Scripted(NO, LOST, NO, YES)
    at_desk = desk(hook=hook, settings=PageSettings(first_retry_s=2, slowest_retry_s=5))
    at_desk.queue(note("a"), None, 1.0, 0.0)
    now, told = 0.0, []
    for pause in (2.0, 4.0, 5.0):
        at_desk.dispatch(at_desk.due(now))
        row = answers(at_desk, now, wait)[0]
        told.append((row.state, row.answer))
        assert at_desk.due(now + pause - 0.01) == []
        now += pause
    at_desk.dispatch(at_desk.due(now))
    assert answers(at_desk, now, wait)[0].state is PageState.ACCEPTED
    assert told == [(PageState.REFUSED, "403 no"), (PageState.FAILED, "no answer"), (PageState.REFUSED, "403 no")]
    assert [sent.attempt for sent in hook.sent] == [1, 2, 3, 4]
    assert {sent.id for sent in hook.sent} == {"a"}


def test_it_gives_up_in_the_end_and_says_so(desk: Callable[..., Desk], wait: Callable[..., None]) -> None:
    at_desk = desk(hook=Scripted(NO, NO), settings=PageSettings(give_up_s=60))
    at_desk.queue(note("a"), None, 1.0, 0.0)
    at_desk.dispatch(at_desk.due(0.0))
    assert answers(at_desk, 59.0, wait)[0].state is PageState.REFUSED
    at_desk.dispatch(at_desk.due(70.0))
    assert answers(at_desk, 70.0, wait)[0].state is PageState.GIVEN_UP
    assert at_desk.pending == 0


def test_red_goes_first(desk: Callable[..., Desk], wait: Callable[..., None]) -> None:
    hook = Scripted()
    hook.gate.clear()
    at_desk = desk(hook=hook)
    for mark, tier in (("first", "yellow"), ("y", "yellow"), ("o", "orange"), ("r1", "red"), ("r2", "red")):
        at_desk.queue(note(mark, tier), None, 1.0, 0.0)
        at_desk.dispatch(at_desk.due(0.0))
    hook.gate.set()
    answers(at_desk, 1.0, wait, 5)
    order = [sent.id for sent in hook.sent]
    assert order[-4:] == ["r1", "r2", "o", "y"] or order == ["r1", "r2", "o", "first", "y"]


def test_a_slow_channel_holds_up_no_other(desk: Callable[..., Desk], wait: Callable[..., None]) -> None:
    slow, quick = Scripted(), Scripted()
    slow.gate.clear()
    at_desk = desk(slow=slow, quick=quick)
    at_desk.queue(note("a"), None, 1.0, 0.0)
    at_desk.dispatch(at_desk.due(0.0))
    assert answers(at_desk, 1.0, wait)[0].channel == "quick"
    assert at_desk.pending == 1
    slow.gate.set()


def test_only_the_channels_that_are_named(desk: Callable[..., Desk]) -> None:
    at_desk = desk(one=Scripted(), two=Scripted())
    at_desk.queue(note("a"), ("two",), 1.0, 0.0)
    at_desk.queue(note("b"), (), 1.0, 0.0)
    assert [(row.id, row.channel) for row in at_desk.due(0.0)] == [("a", "two")]


def test_a_channel_that_breaks_is_a_failure_and_lives_on(desk: Callable[..., Desk], wait: Callable[..., None]) -> None:
    at_desk = desk(hook=Broken())
    for attempt in (1, 2):
        at_desk.queue(note("a"), None, 1.0, 0.0)
        at_desk.dispatch(at_desk.due(1000.0 * attempt))
        row = answers(at_desk, 1000.0 * attempt, wait)[0]
        assert (row.state, row.answer, row.attempts) == (PageState.FAILED, "the channel broke: RuntimeError", attempt)


def test_what_an_earlier_run_left_is_taken_up(desk: Callable[..., Desk], wait: Callable[..., None]) -> None:
    hook = Scripted()
    at_desk = desk(hook=hook)
    body = msgspec.json.encode(note("a"))
    left = (
        PageRow("a", "hook", 4, 1.0, body, PageState.REFUSED, 7, "403"),
        PageRow("b", "fax", 4, 1.0, body, PageState.QUEUED, 0, ""),
    )
    orphans = at_desk.restore(left, 0.0)
    assert [(row.id, row.state) for row in orphans] == [("b", PageState.GIVEN_UP)]
    at_desk.dispatch(at_desk.due(0.0))
    assert answers(at_desk, 1.0, wait)[0].state is PageState.ACCEPTED
    assert hook.sent[0].attempt == 8


def test_an_answer_wakes_whoever_waits(desk: Callable[..., Desk]) -> None:
    woken = threading.Event()
    at_desk = desk(wake=woken.set, hook=Scripted())
    at_desk.queue(note("a"), None, 1.0, 0.0)
    at_desk.dispatch(at_desk.due(0.0))
    assert woken.wait(10)


def test_a_channel_that_is_not_there_is_given_up_and_the_others_are_tried(desk: Callable[..., Desk]) -> None:
    at_desk = desk(hook=Scripted())
    rows = at_desk.queue(note("a"), ["gone", "hook"], 1.0, 0.0, "ann")
    assert [(row.channel, row.state, row.answer) for row in rows] == [
        ("gone", PageState.GIVEN_UP, "there is no channel gone"),
        ("hook", PageState.QUEUED, ""),
    ]
    assert [row.channel for row in at_desk.due(0.0)] == ["hook"]


def call(mark: str, *incidents: str, tier: str = "red") -> Note:
    return msgspec.structs.replace(note(mark, tier), incident=incidents[0], incidents=incidents)


def test_refused_pages_do_not_starve_a_first_try(wait: Callable[..., None]) -> None:
    hook = Scripted(*[NO] * 1000)
    settings = PageSettings(first_retry_s=1, slowest_retry_s=1)
    at_desk = Desk({"hook": hook}, settings, lambda: None, limits={"hook": 10})
    try:
        for number in range(40):
            at_desk.queue(call(f"old{number}", f"i{number}"), None, 1.0, 0.0, "bad")
        steady = 0.0
        while steady < 600.0:
            rows = at_desk.due(steady)
            at_desk.dispatch(rows)
            if rows:
                answers(at_desk, steady, wait, len(rows))
            steady += 5.0
        at_desk.queue(call("new", "i99"), None, 600.0, steady, "good")
        tried = list[str]()
        for _ in range(12):
            rows = at_desk.due(steady)
            at_desk.dispatch(rows)
            if rows:
                answers(at_desk, steady, wait, len(rows))
            tried += [row.id for row in rows]
            steady += 5.0
        assert "new" in tried[:3], tried
    finally:
        at_desk.close()


def test_a_newer_call_replaces_the_older_one_to_the_same_person(desk: Callable[..., Desk]) -> None:
    at_desk = desk(hook=Scripted())
    at_desk.queue(call("old", "i1"), None, 1.0, 0.0, "ann")
    at_desk.queue(call("both", "i1", "i2"), None, 1.0, 0.0, "ann")
    at_desk.queue(call("bob", "i1"), None, 1.0, 0.0, "bob")
    rows = at_desk.queue(call("new", "i1"), None, 2.0, 0.0, "ann")
    assert [(row.id, row.state) for row in rows] == [("new", PageState.QUEUED)], "a call for more is not replaced"
    assert sorted(row.id for row in at_desk.due(0.0)) == ["bob", "both", "new"]
    rows = at_desk.queue(call("lower", "i1", tier="orange"), None, 3.0, 0.0, "ann")
    assert [row.id for row in rows] == ["lower"]


def test_the_replaced_one_is_recorded(desk: Callable[..., Desk]) -> None:
    at_desk = desk(hook=Scripted())
    at_desk.queue(call("old", "i1"), None, 1.0, 0.0, "ann")
    rows = at_desk.queue(call("new", "i1"), None, 2.0, 0.0, "ann")
    assert [(row.id, row.state, row.answer) for row in rows] == [
        ("old", PageState.GIVEN_UP, "replaced by new"),
        ("new", PageState.QUEUED, ""),
    ]


@pytest.mark.parametrize(("answer", "state"), [(NO, PageState.ACKNOWLEDGED), (YES, PageState.ACCEPTED)])
def test_a_page_in_hand_at_the_acknowledgement_is_not_tried_again(
    answer: Answer, state: PageState, desk: Callable[..., Desk], wait: Callable[..., None]
) -> None:
    hook = Scripted(answer)
    hook.gate.clear()
    at_desk = desk(hook=hook)
    at_desk.queue(call("a", "i1"), None, 1.0, 0.0, "ann")
    at_desk.dispatch(at_desk.due(0.0))
    assert at_desk.drop_calls(lambda incidents: "i1" in incidents, PageState.ACKNOWLEDGED, "by bob") == []
    hook.gate.set()
    assert [row.state for row in answers(at_desk, 1.0, wait)] == [state]
    assert (at_desk.pending, at_desk.due(1e6)) == (0, [])
