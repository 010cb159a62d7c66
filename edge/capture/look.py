"""A small likeness of a picture: enough to see whether it changed, and whether it is dark. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.frame import Frame

#: The likeness is this many pixels wide; the noise of a sensor, averaged over its cells, still moves them.
WIDTH = 160
#: Grey levels (0 to 255) that no cell of an unchanged picture exceeds. Sensor noise of 2 levels, averaged over the
#: 64 pixels of a cell of a 1280x720 picture, leaves 0.25 a cell; the largest of 14,400 such differences is above 1.
SAME_WITHIN = 0.5


@dataclass(frozen=True)
class Look:
    """Grey levels of a picture shrunk by averaging, float32, and their mean (0 to 255)."""

    cells: NDArray[np.float32]
    brightness: float

    def same_as(self, other: Look) -> bool:
        """Whether both are likenesses of one and the same picture."""
        if self.cells.shape != other.cells.shape:
            return False
        return float(np.abs(self.cells - other.cells).max()) <= SAME_WITHIN


def look(frame: Frame) -> Look:
    """The likeness of a frame."""
    width, height = frame.size
    shape = (min(WIDTH, width), max(1, round(height * min(WIDTH, width) / width)))
    small = cv2.resize(frame.picture, shape, interpolation=cv2.INTER_AREA)
    grey = small.astype(np.float32) @ np.array([0.114, 0.587, 0.299], dtype=np.float32)
    return Look(grey, float(grey.mean()))
