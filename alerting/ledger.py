"""Which messages of a box's session have been taken: the answer to "again?" and to "recorded up to where?"."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

#: Ranges above `up_to` that are remembered; more holes than that make no sense for a box that resends oldest first.
MAX_RANGES = 256
#: Ranges that are told to a box in one answer.
MAX_TOLD = 64


@dataclass
class Ledger:
    """Of one session: all up to `up_to` is taken or was given up by the box; `ranges` (inclusive, rising) are taken."""

    up_to: int = 0
    ranges: list[tuple[int, int]] = field(default_factory=list)

    def holds(self, sequence: int) -> bool:
        if sequence <= self.up_to:
            return True
        place = bisect_right(self.ranges, (sequence, 2**63)) - 1
        return place >= 0 and self.ranges[place][1] >= sequence

    def add(self, sequence: int, floor: int) -> None:
        """Take `sequence`; the box no longer keeps what lies below `floor`, so nothing there is waited for."""
        if not self.holds(sequence):
            place = bisect_right(self.ranges, (sequence, sequence))
            self.ranges.insert(place, (sequence, sequence))
            self._join(place)
        self.up_to = max(self.up_to, floor - 1)
        while self.ranges and self.ranges[0][0] <= self.up_to + 1:
            self.up_to = max(self.up_to, self.ranges.pop(0)[1])
        if len(self.ranges) > MAX_RANGES:
            # Forgetting only means that the box sends it once more, and the record knows it by its key.
            smallest = min(self.ranges[:-1], key=lambda span: span[1] - span[0])
            self.ranges.remove(smallest)

    def _join(self, place: int) -> None:
        """Merge the range at `place` with the neighbours that it touches."""
        first, last = self.ranges[place]
        if place + 1 < len(self.ranges) and self.ranges[place + 1][0] == last + 1:
            last = self.ranges.pop(place + 1)[1]
        if place > 0 and self.ranges[place - 1][1] == first - 1:
            first = self.ranges[place - 1][0]
            self.ranges[place - 1] = (first, last)
            self.ranges.pop(place)
        else:
            self.ranges[place] = (first, last)

    def told(self) -> tuple[tuple[int, int], ...]:
        """The lowest ranges, as many as go into one answer."""
        return tuple(self.ranges[:MAX_TOLD])
