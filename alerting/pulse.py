"""Whether the judgement does its work: what the watchdog is fed by.

The loop beats once a tick, so one that hangs goes silent by itself. Besides, a service may be connected and deaf: live
readings came, the link stands, and none comes any more. A new process makes new subscriptions, so that is tried once;
it does not wait for readings that it never heard, and therefore is not ended again for a site whose boxes are off.
"""

from __future__ import annotations

import logging

from wire.supervisor import Supervisor

log = logging.getLogger("levee.alerting")

#: Seconds without any live reading, after there were some and while the link stands [J].
DEAF_S = 300.0


class Pulse:
    """Times are monotonic seconds."""

    def __init__(self, supervisor: Supervisor | None = None) -> None:
        self._supervisor = supervisor or Supervisor({})
        self._heard: float | None = None
        self._stale = ""

    def begins(self) -> None:
        self._supervisor.ready()

    def heard(self, now: float) -> None:
        """A live reading came. Any thread."""
        self._heard = now

    def waits(self, why: str) -> None:
        """There is nothing to judge yet: another one leads, or the record is away. No restart would help."""
        self._supervisor.says(why)
        self._supervisor.alive()

    def beats(self, now: float, connected: bool) -> None:
        """A tick has run."""
        if not connected and self._heard is not None:
            # What could not come is not missed; from a new connection on it is.
            self._heard = now
        stale = self.stale(now)
        if stale and not self._stale:
            log.error("the supervisor is not told that the work goes on: %s", stale)
        self._stale = stale
        self._supervisor.says(stale or ("judging" if connected else "judging, no broker"))
        if not stale:
            self._supervisor.alive()

    def stale(self, now: float) -> str:
        """Why the work is not fresh, or nothing where it is."""
        silent = 0.0 if self._heard is None else now - self._heard
        return f"connected, but no reading has come for {silent:.0f} s" if silent > DEAF_S else ""

    def ends(self) -> None:
        self._supervisor.stopping()
