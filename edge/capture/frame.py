"""The one type that every source is converted to, at the door."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.flow import Glimpse


@dataclass(frozen=True)
class Frame:
    """One picture of one source.

    `picture` is BGR, (height, width, 3), uint8; `index` counts the source's own frames from 0 and goes on rising when
    a clip begins again; `captured` is the monotonic clock, in seconds, when the picture was read; `time_s` is the
    source's own time in seconds (position in a clip; since the opening for a camera).
    """

    picture: NDArray[np.uint8]
    index: int
    captured: float
    time_s: float
    camera: str
    #: Pictures from just before it, oldest first, where how people move is wanted.
    before: tuple[Glimpse, ...] = ()
    #: The picture itself, small and grey, where it was made already.
    small: Glimpse | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return int(self.picture.shape[1]), int(self.picture.shape[0])


class SourceRefused(ValueError):
    """A source that gives no pictures; the line names it, without its password, and says why."""
