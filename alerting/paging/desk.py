"""The desk that every page passes: what is pending, when it is tried again, and what came of it.

The desk itself is used by one thread, which also writes the record; a thread for each channel does the waiting. A
page is handed to its channel only once its attempt stands in the record, so that after a crash a repeat is known as
one.
"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from alerting.channels import AppriseChannel, Channel, ConsoleChannel
from alerting.paging.answer import Answer, Outcome, Sender, one_line
from alerting.paging.limit import Limit
from alerting.paging.note import Note
from alerting.record.batch import PageRow, PageState
from alerting.settings import PageSettings
from wire import Tier

log = logging.getLogger("levee.alerting.page")
_STATES = {
    Outcome.ACCEPTED: PageState.ACCEPTED,
    Outcome.REFUSED: PageState.REFUSED,
    Outcome.FAILED: PageState.FAILED,
}
Key = tuple[str, str]
#: Where a person's address on a channel is looked up at the last moment: it is in no record. None: there is none.
Address = Callable[[str, str], str | None]
#: Pages of one channel under way at once: a vendor that hangs on one must not hold up the next person's.
HANDS = 3
#: A page that was held back, because the lead was in doubt, is looked at again so soon.
HELD_S = 0.5


@dataclass
class _Pending:
    row: PageRow
    #: Who is called, for which incidents.
    person: str
    incidents: frozenset[str]
    #: By the steady clock.
    due: float
    began: float
    in_hand: bool = False
    #: Nobody wants it any more, though it was under way when that came out: what becomes of it unless it is accepted.
    over: tuple[PageState, str] | None = None


class Desk:
    """`wake` is called from a channel's thread when an answer has come."""

    def __init__(
        self,
        senders: Mapping[str, Sender],
        settings: PageSettings,
        wake: Callable[[], None],
        *,
        limits: Mapping[str, int | None] | None = None,
        address: Address = lambda person, channel: "",
        allowed: Callable[[], bool] = lambda: True,
        hands: Mapping[str, int] | None = None,
    ) -> None:
        """`limits` are pages a minute and `hands` pages at once by channel; `allowed` is asked by each channel's thread
        right before it sends."""
        self._settings = settings
        self._address = address
        self._pending: dict[Key, _Pending] = {}
        self._answers: queue.SimpleQueue[tuple[Key, Answer]] = queue.SimpleQueue()
        self._order = itertools.count()
        #: Of the last `answered`: those that were answered for the first time, whatever number their attempt has.
        self.first_answers: set[Key] = set()
        self._limits = {name: Limit((limits or {}).get(name)) for name in senders}
        self._lanes = {
            name: _Lane(name, sender, self._answers, wake, allowed, (hands or {}).get(name, 1))
            for name, sender in senders.items()
        }

    @property
    def pending(self) -> int:
        return len(self._pending)

    @property
    def rows(self) -> list[PageRow]:
        return [one.row for one in self._pending.values()]

    def restore(self, rows: tuple[PageRow, ...], steady: float) -> list[PageRow]:
        """Take up what an earlier run left, at once; those for channels that are gone are given up and returned."""
        orphans = []
        for row in rows:
            if row.channel in self._lanes and self._address(row.person, row.channel) is not None and row.note != b"{}":
                self._pending[row.id, row.channel] = _pending(row, _decode(row), steady)
            else:
                gone = row.channel not in self._lanes
                answer = (
                    f"the channel {row.channel} is no longer configured" if gone else "nobody to send it to any more"
                )
                log.error("page %s is given up: %s", row.id, answer)
                orphans.append(replace(row, state=PageState.GIVEN_UP, answer=answer))
        return orphans

    def queue(
        self, note: Note, channels: Sequence[str] | None, at: float, steady: float, person: str = ""
    ) -> list[PageRow]:
        """Make a page pending on each of `channels`, on all of them where it is None. To be recorded: the new ones, and
        those that they replace; one for a channel that is not there is given up at once."""
        fresh = []
        for channel in self._lanes if channels is None else channels:
            key = (note.id, channel)
            if key in self._pending:
                continue
            row = PageRow(note.id, channel, int(note.tier.tier), at, msgspec.json.encode(note), person=person)
            if channel not in self._lanes:
                row = replace(row, state=PageState.GIVEN_UP, answer=f"there is no channel {channel}")
                log.error("page %s is given up: %s", row.id, row.answer)
                fresh.append(row)
                continue
            made = _pending(row, note, steady)
            fresh += self._replaced_by(made)
            self._pending[key] = made
            fresh.append(row)
        return fresh

    def _replaced_by(self, made: _Pending) -> list[PageRow]:
        """A newer call to the same person on the same channel tells all that an older one would."""

        def older(one: _Pending) -> bool:
            same = (one.person, one.row.channel) == (made.person, made.row.channel) and made.row.tier >= one.row.tier
            return same and bool(one.person and one.incidents) and one.incidents <= made.incidents

        return self._end(older, PageState.GIVEN_UP, f"replaced by {made.row.id}")

    def due(self, steady: float) -> list[PageRow]:
        """The pages to try now, each with its attempt counted, to be recorded and then handed to `dispatch`."""
        ready = []
        waiting = [one for one in self._pending.values() if not one.in_hand and one.due <= steady]
        # What was never tried goes first: pages that are refused again and again must not use up a channel's limit.
        for pending in sorted(waiting, key=lambda one: (-one.row.tier, one.row.attempts, -one.row.queued)):
            limit = self._limits[pending.row.channel]
            if limit.ready(steady, pending.row.tier >= Tier.RED):
                limit.took(steady)
                pending.in_hand = True
                pending.row = replace(pending.row, attempts=pending.row.attempts + 1)
                ready.append(pending.row)
        return ready

    def drop(self, done: Callable[[PageRow], bool], state: PageState, words: str) -> list[PageRow]:
        """Stop trying the pages that are `done`; their rows, to be recorded. Those under way end with their answer."""
        return self._end(lambda one: done(one.row), state, words)

    def drop_calls(self, done: Callable[[frozenset[str]], bool], state: PageState, words: str) -> list[PageRow]:
        """The same for calls to people, by the incidents that each is for."""
        return self._end(lambda one: bool(one.person and one.incidents) and done(one.incidents), state, words)

    def _end(self, done: Callable[[_Pending], bool], state: PageState, words: str) -> list[PageRow]:
        rows = []
        for key, pending in list(self._pending.items()):
            if not done(pending):
                continue
            if pending.in_hand:
                pending.over = pending.over or (state, words)
            else:
                del self._pending[key]
                rows.append(replace(pending.row, state=state, answer=words))
        return rows

    def dispatch(self, rows: list[PageRow]) -> None:
        """Hand pages to their channels: red first, then in their order."""
        for row in rows:
            to = self._address(row.person, row.channel) or ""
            note = msgspec.structs.replace(_decode(row), attempt=row.attempts, to=to)
            self._lanes[row.channel].waiting.put((-row.tier, next(self._order), (row.id, row.channel), note))

    def answered(self, steady: float) -> list[PageRow]:
        """What has come of pages since the last call, to be recorded."""
        rows: list[PageRow] = []
        self.first_answers.clear()
        while True:
            try:
                key, answer = self._answers.get_nowait()
            except queue.Empty:
                return rows
            row = self._settle(key, answer, steady)
            if row is not None:
                rows.append(row)

    def _settle(self, key: Key, answer: Answer, steady: float) -> PageRow | None:
        pending = self._pending[key]
        if answer.outcome is not Outcome.ACCEPTED and pending.over is not None:
            del self._pending[key]
            return replace(pending.row, state=pending.over[0], answer=pending.over[1])
        if answer.outcome is Outcome.HELD:
            pending.due, pending.in_hand = steady + HELD_S, False
            return None
        if pending.row.state is PageState.QUEUED:
            self.first_answers.add(key)
        row = replace(pending.row, state=_STATES[answer.outcome], answer=answer.words)
        if row.state.pending and steady - pending.began >= self._settings.give_up_s:
            row = replace(row, state=PageState.GIVEN_UP)
        if not row.state.pending:
            del self._pending[key]
        else:
            exponent = min(row.attempts - 1, 16)
            pause = min(self._settings.first_retry_s * 2**exponent, self._settings.slowest_retry_s)
            pause = max(pause, min(answer.wait_s, self._settings.slowest_retry_s))
            pending.row, pending.due, pending.in_hand = row, steady + pause, False
        if row.state is not PageState.ACCEPTED:
            log.warning(
                "page %s by %s, attempt %d: %s: %s", row.id, row.channel, row.attempts, row.state.value, row.answer
            )
        return row

    def close(self, timeout_s: float = 2.0) -> None:
        """Let go of the channels' threads; one that still waits for its receiver is left behind (it is a daemon)."""
        for lane in self._lanes.values():
            lane.stop()
        threads = [thread for lane in self._lanes.values() for thread in lane.threads]
        for thread in threads:
            thread.join(timeout_s / max(1, len(threads)))


def _decode(row: PageRow) -> Note:
    return msgspec.json.decode(row.note, type=Note)


def _pending(row: PageRow, note: Note, steady: float) -> _Pending:
    incidents = frozenset(note.incidents or filter(None, (note.incident,)))
    return _Pending(row, row.person, incidents, steady, steady)


class _Lane:
    """One channel and its threads."""

    def __init__(
        self,
        name: str,
        sender: Sender,
        answers: queue.SimpleQueue[tuple[Key, Answer]],
        wake: Callable[[], None],
        allowed: Callable[[], bool],
        hands: int,
    ) -> None:
        self._sender, self._answers, self._wake, self._allowed = sender, answers, wake, allowed
        self.waiting: queue.PriorityQueue[tuple[int, int, Key | None, Note | None]] = queue.PriorityQueue()
        self.threads = [
            threading.Thread(target=self._work, name=f"page-{name}-{number}", daemon=True) for number in range(hands)
        ]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        for _ in self.threads:
            self.waiting.put((-99, 0, None, None))

    def _work(self) -> None:
        while True:
            _, _, key, note = self.waiting.get()
            if key is None or note is None:
                return
            try:
                answer = self._sender.send(note) if self._allowed() else Answer(Outcome.HELD, "another service leads")
                # Who is called and where stands apart, where it can be erased: not in a vendor's words.
                answer = replace(answer, words=one_line(answer.words, note.to, note.person))
            except Exception as error:  # noqa: BLE001 - a fault in one channel must not end its thread
                answer = Answer(Outcome.FAILED, f"the channel broke: {type(error).__name__}")
            self._answers.put((key, answer))
            self._wake()


def hands_of(channels: Mapping[str, Channel]) -> dict[str, int]:
    """How many pages may be under way at once, by channel; Apprise and the console take them one by one."""
    return {name: HANDS for name, one in channels.items() if not isinstance(one, AppriseChannel | ConsoleChannel)}
