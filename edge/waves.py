"""Stop-and-go waves: how often a dense crowd stops and goes on again, cell by cell. Pure.

Before a crowd turns turbulent its flow breaks up into waves in which people stand and walk by turns (Helbing, Johansson
and Al-Abideen, Phys. Rev. E 75, 046109, 2007: at Mina, 26 minutes before the disaster). In a cell of about 10 m2 with
1.5 persons/m2 or more, a wave is a fall of the mean speed below half of what the cell had lately, from above nine
tenths of it, and its rise above that again. Unit: waves per minute, in the cell that has most.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from edge.motion import CELL_M, Cells

KEPT_S = 60.0
DENSE = 1.5
"""Persons/m2 from which people hinder each other so that waves can form."""
STOPS_BELOW, GOES_ABOVE = 0.5, 0.9
"""Shares of the median speed of the last minute."""
SLOWEST_M_S = 0.1
"""A cell whose people hardly move at all has no waves."""
KNOWN_S = 20.0


class Waves:
    """The speeds of a zone's cells over the last minute."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], deque[tuple[float, float]]] = {}

    def add(self, now: float, cells: Cells) -> None:
        """What the cells did at `now`, seconds of a clock that never goes back."""
        speed = np.hypot(cells.velocity[:, 0], cells.velocity[:, 1])
        for middle, people, pace in zip(cells.middle, cells.people, speed, strict=True):
            if people / CELL_M**2 < DENSE:
                continue
            key = (int(np.floor(middle[0] / CELL_M)), int(np.floor(middle[1] / CELL_M)))
            held = self._cells.setdefault(key, deque())
            if not held or now > held[-1][0]:
                held.append((now, float(pace)))
        for key in list(self._cells):
            held = self._cells[key]
            while held and held[0][0] <= now - KEPT_S:
                held.popleft()
            if not held:
                del self._cells[key]

    def per_minute(self) -> float | None:
        """Waves per minute in the cell with most; None where no cell was dense for long enough to tell."""
        found = [
            waves([pace for _, pace in held]) * 60.0 / (held[-1][0] - held[0][0])
            for held in self._cells.values()
            if held[-1][0] - held[0][0] >= KNOWN_S
        ]
        return max(found) if found else None


def waves(speeds: list[float]) -> int:
    """How often the speeds fell below half their median and rose above nine tenths of it again."""
    usual = float(np.median(speeds))
    if usual < SLOWEST_M_S:
        usual = float(np.max(speeds)) if speeds else 0.0
        if usual < 2 * SLOWEST_M_S:
            return 0
    going: bool | None = None
    stops, counted = 0, 0
    for speed in speeds:
        if speed >= GOES_ABOVE * usual:
            if going is False and stops:
                counted, stops = counted + 1, 0
            going = True
        elif speed < STOPS_BELOW * usual:
            stops = 1 if going is True else stops
            going = False
    return counted
