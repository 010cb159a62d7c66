"""A counted picture for people to look at: where the counter sees them, how many, and how sure it is.

Nothing is known of the ground here; what lies on it is drawn by `levee.overlay`.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.counter import Count
from models.drawing import AMBER, DENSEST, INK, SOFT, Line, blend, density_colours, density_cover, plate

Image = NDArray[np.uint8]
FULL = 0.9
"""People per square of a thirtieth of the picture's height at which the colour is strongest."""


def annotate(frame: Image, count: Count, title: str = "") -> Image:
    """The frame with a heat map over it and the total with its band in a corner."""
    out = heat(frame, count)
    if count.points is not None:
        radius = max(2, round(frame.shape[0] / 160))
        for x, y in count.points:
            cv2.circle(out, (round(float(x)), round(float(y))), radius, AMBER, -1, cv2.LINE_AA)
    plate(out, [*headline(count), *([Line(title, 0.6, SOFT)] if title else [])], (0, 0), letters(frame))
    return out


def refused(frame: Image, why: str, title: str = "") -> Image:
    """The frame darkened, with the reason why it was not counted."""
    out = np.asarray(frame // 2, np.uint8)
    lines = [Line("unknown", 1.3, AMBER), Line(why[:80], 0.7, SOFT)]
    plate(out, lines + ([Line(title, 0.6, SOFT)] if title else []), (0, 0), letters(frame))
    return out


def letters(frame: Image) -> int:
    """Height of letters that are read well on a picture of this size, px."""
    return max(11, round(min(frame.shape[:2]) / 26))


def headline(count: Count) -> list[Line]:
    """How many people there are in the whole picture, how sure that is, and by what."""
    total = count.total
    number = f"{total.value:.0f}" if total.value >= 9.95 else f"{total.value:.1f}"
    lines = [
        Line(f"{number} people", 1.4, INK),
        Line(f"{total.low:.0f} to {total.high:.0f} (90 %)", 0.8, SOFT),
        Line(count.method, 0.6, SOFT),
    ]
    return lines + ([Line(", ".join(count.reasons), 0.7, AMBER)] if count.reasons else [])


def heat(frame: Image, count: Count) -> Image:
    """The frame with colours where people are, stronger where they are many."""
    height, width = frame.shape[:2]
    rows, cols = count.grid.shape
    cell_area = (height / rows) * (width / cols)
    cells_a_side = (height / 30) / np.sqrt(cell_area)
    per_square = count.grid * np.float32(cells_a_side**2)
    smooth = cv2.GaussianBlur(per_square, (0, 0), max(0.6, 0.35 * cells_a_side))
    level = np.clip(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_CUBIC) / FULL, 0, 1)
    # Without the ground there are no square metres: the scale runs from nobody to as full as a picture gets.
    density = level * DENSEST
    return blend(frame, density_colours(density), density_cover(density))
