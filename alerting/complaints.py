"""One line a minute for each cause and source, however often it happens; the metric has the count."""

from __future__ import annotations

import logging

log = logging.getLogger("levee.alerting")
QUIET_S = 60.0
#: Sources beyond this many share one entry, so that made-up names cannot fill the memory.
MAX_SOURCES = 1000


class Complaints:
    def __init__(self) -> None:
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def tell(self, reason: str, source: str, line: str, steady: float) -> bool:
        """Log `line` unless the same cause and source were logged in the last minute; True where it was logged."""
        key = (reason, source)
        if key not in self._told and len(self._told) >= MAX_SOURCES:
            self._forget(steady)
            if len(self._told) >= MAX_SOURCES:
                key = (reason, "others")
        last, unsaid = self._told.get(key, (-QUIET_S, 0))
        if steady - last < QUIET_S:
            self._told[key] = (last, unsaid + 1)
            return False
        more = f" (and {unsaid} more since the last such line)" if unsaid else ""
        log.warning("%s: %s%s", reason, line, more)
        self._told[key] = (steady, 0)
        return True

    def _forget(self, steady: float) -> None:
        self._told = {key: told for key, told in self._told.items() if steady - told[0] < QUIET_S}
