"""The writing of the record, with all that can go wrong with it: away, busy, full, or led by somebody else."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from alerting.clock import DOUBTFUL_S
from alerting.complaints import Complaints
from alerting.duty.events import Entry
from alerting.metrics import Metrics
from alerting.record import Batch, Record, RecordAway, RecordRefused, Request
from alerting.record.sealed import KIND
from alerting.settings import RecordSettings

log = logging.getLogger("levee.alerting")

#: Old readings are deleted this often, so many at a time: judgement waits meanwhile.
PRUNE_S = 20.0
MAX_PRUNED = 2_000
#: Without anything to record, the lead is shown to be alive this often.
RENEW_S = 1.0
#: While the record is away it is tried this often; pages go out unrecorded after so many seconds of it.
RETRY_S = 2.0
UNRECORDED_PAGES_AFTER_S = 10.0
#: An erasure that failed is tried again so soon: it holds up the judgement.
ERASE_AGAIN_S = 60.0
HOUR_S, DAY_S = 3_600.0, 86_400.0


class Writer:
    """`write` raises Deposed where another service leads; nothing else of what happens to the record is raised."""

    def __init__(
        self,
        record: Record,
        settings: RecordSettings,
        metrics: Metrics,
        complaints: Complaints,
        at: float,
        *,
        alone: bool = True,
    ) -> None:
        """`alone`: there is no standby that might lead instead."""
        self._record, self._settings, self._metrics, self._complaints = record, settings, metrics, complaints
        self._alone = alone
        self._began = (at, time.monotonic())
        self._committed_at = time.monotonic()
        self._pruned_at = self._retry_at = 0.0
        self._away_since: float | None = None
        self._to_prune: list[tuple[str, float]] = []
        #: Messages received before this time may be deleted: the chain says so.
        self._messages_told = 0.0
        #: Somebody may be left to erase, from an earlier run too; and what was erased may be beside the rows still.
        self._erasing, self._compacting, self._erase_at = True, False, 0.0

    @property
    def away(self) -> bool:
        return self._away_since is not None

    def away_long(self, steady: float) -> bool:
        """Whether pages must go out unrecorded."""
        since = self._away_since
        return since is not None and steady - since > UNRECORDED_PAGES_AFTER_S

    def may_page(self) -> bool:
        """It leads, or cannot know: a page from two services is better than none. Any thread."""
        return self._record.leads() or self.away_long(time.monotonic())

    def may_publish(self) -> bool:
        """It leads. Where another one may have been chosen meanwhile, two must not contradict each other on the tier's
        topic, nor push each other off the broker. Any thread."""
        return self._record.leads() or (self._alone and self.away_long(time.monotonic()))

    def write(self, batch: Batch, at: float, steady: float, *, at_once: bool) -> bool:
        """Commit what waits; without anything, show now and then that this service lives and leads. False: away."""
        if self._away_since is not None and steady < self._retry_at and not at_once:
            return False
        if batch:
            with self._metrics.commit.time():
                done = self._try(lambda: self._record.commit(batch, at), f"{len(batch.messages)} messages wait", steady)
            if done:
                self._erasing |= bool(batch.erased)
                self._erase(steady)
            return done
        return steady - self._committed_at < RENEW_S or self._try(self._record.renew, "nothing waits", steady)

    def _try(self, write: Callable[[], None], waiting: str, steady: float) -> bool:
        try:
            write()
        except (RecordAway, RecordRefused) as error:
            if self._away_since is None:
                self._away_since = steady
            self._retry_at = steady + RETRY_S
            line = f"{error}; {waiting} in memory and no box is answered"
            self._complaints.tell("the record cannot be written", "record", line, steady)
            return False
        if self._away_since is not None:
            log.warning("the record is written again, after %.0f s", time.monotonic() - self._away_since)
            self._away_since = None
        self._committed_at = time.monotonic()
        return True

    def _erase(self, steady: float) -> None:
        """Look for those who were erased wherever they may stand still."""
        if not self._erasing or steady < self._erase_at:
            return
        try:
            while self._record.erase_next():
                self._compacting = True
            self._erasing = False
        except (RecordAway, RecordRefused) as error:
            self._erase_at = steady + ERASE_AGAIN_S
            self._complaints.tell("somebody is not erased yet", "record", f"{error}; it is tried again", steady)
        self._compact()

    def _compact(self) -> None:
        self._compacting = self._compacting and not self._record.compact()

    def requests(self) -> list[Request]:
        """What people ask for; nothing while the record is away."""
        if self._away_since is not None:
            return []
        try:
            return self._record.requests()
        except (RecordAway, RecordRefused) as error:
            self._complaints.tell("requests cannot be read", "record", str(error), time.monotonic())
            return []

    def prune(self, at: float, steady: float) -> list[Entry]:
        """Delete what is old, now and then. What the log is to forget is said first and done the next time, so that
        what is missing is always accounted for."""
        if steady - self._pruned_at < PRUNE_S:
            return []
        self._pruned_at = steady
        if abs((at - self._began[0]) - (steady - self._began[1])) > DOUBTFUL_S:
            line = "the clock has jumped by more than a day since the start; nothing old is deleted until a restart"
            self._complaints.tell("the clock is doubtful", "record", line, steady)
            return []
        # Where the service's clock is ahead of the machine's, the earlier one says what is old.
        old, entries = min(at, time.time()), []
        try:
            self._compact()
            entries += self._prune_messages(old - self._settings.keep_readings_days * DAY_S, at)
            for kind, before in self._to_prune:
                self._record.prune_log(kind, before)
            self._to_prune = []
            for name, days in self._settings.keep_days.items():
                before = old - days * DAY_S
                if self._record.holds_old(name, before):
                    self._to_prune.append((name, before))
                    entries.append(Entry(at, "pruned", {"kind": name, "before_ms": round(before * 1000)}))
        except (RecordAway, RecordRefused) as error:
            self._complaints.tell("old readings cannot be deleted", "record", str(error), steady)
        return entries

    def _prune_messages(self, before: float, at: float) -> list[Entry]:
        """By the hour, so that the chain need not say it more often."""
        before -= before % HOUR_S
        if self._messages_told:
            self._record.prune(self._messages_told, MAX_PRUNED)
        if before <= self._messages_told or not self._record.holds_messages(before):
            return []
        self._messages_told = before
        return [Entry(at, "pruned", {"kind": KIND, "before_ms": round(before * 1000)})]
