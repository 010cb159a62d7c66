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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import msgspec

from alerting.paging.note import Note
from alerting.paging.senders import Answer, Outcome, Sender
from alerting.record.batch import PageRow, PageState
from alerting.settings import PageSettings

log = logging.getLogger("levee.alerting.page")
_STATES = {
    Outcome.ACCEPTED: PageState.ACCEPTED,
    Outcome.REFUSED: PageState.REFUSED,
    Outcome.FAILED: PageState.FAILED,
}
Key = tuple[str, str]


@dataclass
class _Pending:
    row: PageRow
    #: By the steady clock.
    due: float
    began: float
    in_hand: bool = False


class Desk:
    """`wake` is called from a channel's thread when an answer has come."""

    def __init__(self, senders: Mapping[str, Sender], settings: PageSettings, wake: Callable[[], None]) -> None:
        self._settings = settings
        self._pending: dict[Key, _Pending] = {}
        self._answers: queue.SimpleQueue[tuple[Key, Answer]] = queue.SimpleQueue()
        self._order = itertools.count()
        self._lanes = {name: _Lane(name, sender, self._answers, wake) for name, sender in senders.items()}

    @property
    def pending(self) -> int:
        return len(self._pending)

    def restore(self, rows: tuple[PageRow, ...], steady: float) -> list[PageRow]:
        """Take up what an earlier run left, at once; those for channels that are gone are given up and returned."""
        orphans = []
        for row in rows:
            if row.channel in self._lanes:
                self._pending[row.id, row.channel] = _Pending(row, steady, steady)
            else:
                answer = f"the channel {row.channel} is no longer configured"
                log.error("page %s is given up: %s", row.id, answer)
                orphans.append(replace(row, state=PageState.GIVEN_UP, answer=answer))
        return orphans

    def queue(self, note: Note, channels: tuple[str, ...] | None, at: float, steady: float) -> list[PageRow]:
        """Make a page pending on each of `channels`, on all of them where it is None; the new ones, to be recorded."""
        fresh = []
        for channel in self._lanes if channels is None else channels:
            key = (note.id, channel)
            if key not in self._pending:
                row = PageRow(note.id, channel, int(note.tier.tier), at, msgspec.json.encode(note))
                self._pending[key] = _Pending(row, steady, steady)
                fresh.append(row)
        return fresh

    def due(self, steady: float) -> list[PageRow]:
        """The pages to try now, each with its attempt counted, to be recorded and then handed to `dispatch`."""
        ready = []
        for pending in self._pending.values():
            if not pending.in_hand and pending.due <= steady:
                pending.in_hand = True
                pending.row = replace(pending.row, attempts=pending.row.attempts + 1)
                ready.append(pending.row)
        return ready

    def dispatch(self, rows: list[PageRow]) -> None:
        """Hand pages to their channels: red first, then in their order."""
        for row in rows:
            note = msgspec.structs.replace(msgspec.json.decode(row.note, type=Note), attempt=row.attempts)
            self._lanes[row.channel].waiting.put((-row.tier, next(self._order), (row.id, row.channel), note))

    def answered(self, steady: float) -> list[PageRow]:
        """What has come of pages since the last call, to be recorded."""
        rows: list[PageRow] = []
        while True:
            try:
                key, answer = self._answers.get_nowait()
            except queue.Empty:
                return rows
            rows.append(self._settle(key, answer, steady))

    def _settle(self, key: Key, answer: Answer, steady: float) -> PageRow:
        pending = self._pending[key]
        row = replace(pending.row, state=_STATES[answer.outcome], answer=answer.words)
        if row.state.pending and steady - pending.began >= self._settings.give_up_s:
            row = replace(row, state=PageState.GIVEN_UP)
        if not row.state.pending:
            del self._pending[key]
        else:
            exponent = min(row.attempts - 1, 16)
            pause = min(self._settings.first_retry_s * 2**exponent, self._settings.slowest_retry_s)
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
        for lane in self._lanes.values():
            lane.thread.join(timeout_s / max(1, len(self._lanes)))


class _Lane:
    """One channel and its thread."""

    def __init__(
        self,
        name: str,
        sender: Sender,
        answers: queue.SimpleQueue[tuple[Key, Answer]],
        wake: Callable[[], None],
    ) -> None:
        self._sender, self._answers, self._wake = sender, answers, wake
        self.waiting: queue.PriorityQueue[tuple[int, int, Key | None, Note | None]] = queue.PriorityQueue()
        self.thread = threading.Thread(target=self._work, name=f"page-{name}", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.waiting.put((-99, 0, None, None))

    def _work(self) -> None:
        while True:
            _, _, key, note = self.waiting.get()
            if key is None or note is None:
                return
            try:
                answer = self._sender.send(note)
            except Exception as error:  # noqa: BLE001 - a fault in one channel must not end its thread
                answer = Answer(Outcome.FAILED, f"the channel broke: {type(error).__name__}")
            self._answers.put((key, answer))
            self._wake()
