"""The pictures just before one that is counted, small and grey: what motion looks back to. Pure."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from edge.flow import Glimpse, small_grey

STEP_S = 0.19
"""Seconds between two of them: at 1.5 m/s a head moves by 0.3 m, which is still found again."""
KEPT = 3
CLOSE_S = 0.6
"""Seconds between two counted pictures up to which the last one is looked back to."""


class Past:
    """The last few pictures of a source, a fifth of a second apart; where one is counted every `sample_s` of 0.6 s or
    less, that one serves for the next."""

    def __init__(self, sample_s: float = 1.0) -> None:
        self._between = KEPT if sample_s > CLOSE_S else KEPT - 1
        self._held: deque[Glimpse] = deque(maxlen=KEPT)

    def wants(self, stamp_s: float, ahead_s: float) -> bool:
        """Whether the picture at `stamp_s`, `ahead_s` seconds before the next that is counted, should be kept."""
        if ahead_s > (self._between + 0.5) * STEP_S or ahead_s < STEP_S / 2:
            return False
        return not self._held or not 0 <= stamp_s - self._held[-1].time_s < STEP_S

    def keep(self, picture: NDArray[np.uint8] | None, stamp_s: float) -> None:
        """Keep a picture; one that could not be decoded is passed over."""
        if picture is not None:
            self._held.append(Glimpse(small_grey(picture), stamp_s))

    def counted(self, picture: NDArray[np.uint8], stamp_s: float) -> Glimpse:
        """The picture that is counted, small and grey."""
        now = Glimpse(small_grey(picture), stamp_s)
        if self._between < KEPT:
            self._held.append(now)
        return now

    def before(self, stamp_s: float) -> tuple[Glimpse, ...]:
        """Those before the picture at `stamp_s`, oldest first. A clock that went back leaves nothing to compare."""
        if self._held and stamp_s <= self._held[-1].time_s:
            self._held.clear()
        return tuple(self._held)
