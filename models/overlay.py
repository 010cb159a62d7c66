"""A counted picture for people to look at: where the counter sees them, how many, and how sure it is."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.counter import Count

Image = NDArray[np.uint8]
FULL = 0.9
"""People per square of a thirtieth of the picture's height at which the colour is strongest."""
_FONT = cv2.FONT_HERSHEY_DUPLEX
_INK, _SOFT, _AMBER = (255, 255, 255), (205, 205, 205), (60, 190, 255)


def annotate(frame: Image, count: Count, title: str = "") -> Image:
    """The frame with a heat map over it and the total with its band in a corner."""
    out = _heat(frame, count)
    if count.points is not None:
        radius = max(2, round(frame.shape[0] / 160))
        for x, y in count.points:
            cv2.circle(out, (round(float(x)), round(float(y))), radius, _AMBER, -1, cv2.LINE_AA)
    total = count.total
    number = f"{total.value:.0f}" if total.value >= 9.95 else f"{total.value:.1f}"
    lines = [
        (f"{number} people", 1.0, _INK),
        (f"{total.low:.0f} to {total.high:.0f} (90%)", 0.58, _SOFT),
        (count.method, 0.44, _SOFT),
    ]
    if count.reasons:
        lines.append((", ".join(count.reasons), 0.5, _AMBER))
    if title:
        lines.append((title, 0.44, _SOFT))
    return _panel(out, lines)


def refused(frame: Image, why: str, title: str = "") -> Image:
    """The frame darkened, with the reason why it was not counted."""
    out = np.asarray(frame // 2, np.uint8)
    lines = [("unknown", 1.0, _AMBER), (why[:80], 0.44, _SOFT)]
    return _panel(out, lines + ([(title, 0.44, _SOFT)] if title else []))


def _heat(frame: Image, count: Count) -> Image:
    height, width = frame.shape[:2]
    rows, cols = count.grid.shape
    cell_area = (height / rows) * (width / cols)
    cells_a_side = (height / 30) / np.sqrt(cell_area)
    per_square = count.grid * np.float32(cells_a_side**2)
    smooth = cv2.GaussianBlur(per_square, (0, 0), max(0.6, 0.35 * cells_a_side))
    level = np.clip(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_CUBIC) / FULL, 0, 1)
    colours = cv2.applyColorMap((level * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
    alpha = (0.62 * np.clip(level * 3, 0, 1) * (0.35 + 0.65 * level))[..., None]
    return np.asarray(frame * (1 - alpha) + colours * alpha, np.uint8)


def _panel(image: Image, lines: list[tuple[str, float, tuple[int, int, int]]]) -> Image:
    """Text on a dark translucent plate at the top left, sized by the picture."""
    unit = max(0.5, min(image.shape[:2]) / 480)
    margin = round(10 * unit)
    placed = []
    y, widest = margin, 0
    for text, size, colour in lines:
        scale = unit * size
        thick = max(1, round(1.4 * scale))
        (width, height), base = cv2.getTextSize(text, _FONT, scale, thick)
        y += height + round(5 * unit)
        placed.append((text, scale, thick, colour, y))
        y += base
        widest = max(widest, width)
    right, bottom = min(image.shape[1], widest + 3 * margin), min(image.shape[0], y + margin)
    image[:bottom, :right] = (image[:bottom, :right] * np.float32(0.32)).astype(np.uint8)
    for text, scale, thick, colour, at in placed:
        cv2.putText(image, text, (margin + margin // 2, at), _FONT, scale, colour, thick, cv2.LINE_AA)
    return image
