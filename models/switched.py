"""A detector while a view is sparse, a density network once it is not: switched by density, with hysteresis.

The density network looks at every picture, and it alone decides: in a packed crowd a detector sees hardly anybody (of
257 people on the flight of steps of the sample clip, YOLOv8n finds 10), so that its own figures would never hand over.
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.counter import Count, Counter, View

WINDOW = 4
"""The window that density is judged in is a square of this part of the picture's shorter side."""


class Mode(enum.Enum):
    """Which of the two counts."""

    SPARSE = "sparse"
    DENSE = "dense"


@dataclass(frozen=True)
class Switch:
    """People in the fullest window from which a view is dense, and below which it is sparse again.

    The defaults are a judgement from frames of five real and three rendered clips: below 4 a detector was right within
    a person or two; above 6 it missed more and more.
    """

    dense_from: float = 6.0
    sparse_below: float = 4.0

    def __post_init__(self) -> None:
        if not 0 < self.sparse_below <= self.dense_from:
            limits = f"`sparse_below` ({self.sparse_below:g}) and `dense_from` ({self.dense_from:g})"
            raise ValueError(f"{limits} must be above 0, and the first not above the second")

    def choose(self, before: Mode | None, people: float) -> Mode:
        """The mode for a picture whose fullest window holds `people`; between the limits it stays as it was.

        Nothing before: between the limits it is dense, for a detector that misses people is the worse fault.
        """
        if not people < self.dense_from:
            return Mode.DENSE
        if people < self.sparse_below:
            return Mode.SPARSE
        return before or Mode.DENSE


def fullest_window(grid: NDArray[np.float32]) -> float:
    """People in the fullest square of `WINDOW`th of the shorter side, wherever it lies on the (rows, cols) grid."""
    rows, cols = grid.shape
    side = max(1, round(min(rows, cols) / WINDOW))
    table = np.zeros((rows + 1, cols + 1))
    table[1:, 1:] = grid.astype(np.float64).cumsum(axis=0).cumsum(axis=1)
    sums = table[side:, side:] - table[:-side, side:] - table[side:, :-side] + table[:-side, :-side]
    return float(sums.max())


class Switched:
    """Two counters as one. What it remembers is one mode for each camera."""

    def __init__(self, sparse: Counter, dense: Counter, switch: Switch | None = None) -> None:
        self.name = f"switched:{_short(sparse)}+{_short(dense)}"
        self.digest = hashlib.sha256(f"{sparse.digest} {dense.digest}".encode()).hexdigest()
        self._sparse, self._dense = sparse, dense
        self._switch = switch or Switch()
        self._modes: dict[str, Mode] = {}

    def count(self, frame: NDArray[np.generic], view: View | None = None) -> Count:
        """The count of the one that the density calls for; its `method` says which. CountRefused as they do."""
        camera = view.camera if view else ""
        dense = self._dense.count(frame, view)
        mode = self._switch.choose(
            self._modes.get(camera), float("inf") if dense.saturated else fullest_window(dense.grid)
        )
        self._modes[camera] = mode
        if mode is Mode.DENSE:
            return dense
        sparse = self._sparse.count(frame, view)
        if sparse.saturated:
            # more boxes than it can give are no sparse view, whatever the other says
            self._modes[camera] = Mode.DENSE
            return dense
        doubts = tuple(reason for reason in dense.reasons if reason not in sparse.reasons)
        if not doubts:
            return sparse
        return Count(
            sparse.grid, sparse.picture, sparse.points, sparse.method, False, sparse.reasons + doubts, sparse.band
        )


def _short(counter: Counter) -> str:
    return counter.name.partition(":")[2]
