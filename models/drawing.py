"""Text, plates and the colours of density, for every picture that people look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]
"""Blue, green, red."""

INK, SOFT, AMBER = (255, 255, 255), (205, 205, 205), (60, 190, 255)

DENSITY_STOPS: tuple[tuple[float, Colour], ...] = (
    (0.0, (176, 243, 255)),
    (0.5, (176, 243, 255)),
    (2.0, (74, 198, 255)),
    (3.5, (60, 138, 255)),
    (5.0, (59, 56, 229)),
    (7.0, (107, 29, 143)),
)
"""Persons/m² and their colours. Lightness falls steadily (CIE L* 95, 83, 69, 51, 33), so that more people look darker
to every eye and in print; hues go from straw through orange to red, where crowds become dangerous, and violet.
"""
DENSEST = DENSITY_STOPS[-1][0]
_FACE = cv2.FontFace("sans") if hasattr(cv2, "FontFace") else None
_WEIGHT = 500


def _table() -> NDArray[np.uint8]:
    """(256, 3): colours of 0 to `DENSEST` persons/m², mixed in CIE L*a*b* where distances are what eyes see."""
    at = np.array([stop for stop, _ in DENSITY_STOPS])
    stops = np.array([[colour for _, colour in DENSITY_STOPS]], np.float32) / 255
    lab = cv2.cvtColor(stops, cv2.COLOR_BGR2Lab)[0]
    places = np.linspace(0, DENSEST, 256)
    mixed = np.stack([np.interp(places, at, lab[:, k]) for k in range(3)], axis=1).astype(np.float32)
    colours = cv2.cvtColor(mixed[None], cv2.COLOR_Lab2BGR)[0]
    return np.clip(np.rint(colours * 255), 0, 255).astype(np.uint8)


DENSITY_TABLE = _table()


def density_colours(density: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Colours (..., 3) of persons/m² (...)."""
    return DENSITY_TABLE[np.clip(density / DENSEST * 255, 0, 255).astype(np.uint8)]


def density_cover(density: NDArray[np.floating]) -> NDArray[np.float32]:
    """How much of the picture the colour hides, 0..0.72: nothing where nobody is."""
    return np.interp(density, (0.12, 0.6, 2.0, 5.0), (0.0, 0.34, 0.55, 0.72)).astype(np.float32)


def blend(image: Image, colours: NDArray[np.uint8], cover: NDArray[np.float32]) -> Image:
    """The image with `colours` (h, w, 3) over it as far as `cover` (h, w) hides it."""
    share = cover[..., None]
    return np.asarray(image * (1 - share) + colours * share, np.uint8)


def text_size(text: str, px: int) -> tuple[int, int]:
    """(width, height of a line) of a text whose letters are `px` high."""
    if _FACE is not None:
        _, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _FACE, px, _WEIGHT)
        return int(width) + 1, round(px * 1.3)
    (width, _), _ = cv2.getTextSize(_plain(text), cv2.FONT_HERSHEY_DUPLEX, px / 26, max(1, round(px / 20)))
    return int(width), round(px * 1.3)


def put_text(image: Image, text: str, place: tuple[int, int], px: int, colour: Colour, *, cased: bool = False) -> None:
    """Write at the left end of the base line; `cased` with a dark rim, to be read on anything."""
    if _FACE is None:
        thick = max(1, round(px / 20))
        if cased:
            cv2.putText(image, _plain(text), place, cv2.FONT_HERSHEY_DUPLEX, px / 26, (0, 0, 0), thick + 3, cv2.LINE_AA)
        cv2.putText(image, _plain(text), place, cv2.FONT_HERSHEY_DUPLEX, px / 26, colour, thick, cv2.LINE_AA)
        return
    if cased:
        rim = max(1, round(px / 14))
        for dx, dy in ((-rim, 0), (rim, 0), (0, -rim), (0, rim), (-rim, -rim), (rim, rim), (-rim, rim), (rim, -rim)):
            cv2.putText(image, text, (place[0] + dx, place[1] + dy), (0, 0, 0), _FACE, px, _WEIGHT)
    cv2.putText(image, text, place, colour, _FACE, px, _WEIGHT)


def _plain(text: str) -> str:
    """For OpenCV before 5, whose letters are those of ASCII."""
    for mark, said in (("²", "2"), ("–", "-"), ("…", "..."), ("→", "->"), ("·", "|")):
        text = text.replace(mark, said)
    return text


@dataclass(frozen=True)
class Line:
    """One line of a plate; `size` as a share of the plate's own."""

    text: str
    size: float = 1.0
    colour: Colour = INK


def plate_size(lines: Sequence[Line], px: int) -> tuple[int, int]:
    """(width, height) of a plate."""
    sizes = [text_size(line.text, max(8, round(px * line.size))) for line in lines]
    return max(width for width, _ in sizes) + 2 * px, sum(height for _, height in sizes) + px


def plate(image: Image, lines: Sequence[Line], place: tuple[int, int], px: int, bar: Colour | None = None) -> None:
    """Text on a dark translucent plate whose upper left corner is `place`, moved into the picture; `bar` is the colour
    of a strip at its left edge."""
    width, height = plate_size(lines, px)
    left = int(np.clip(place[0], 0, max(0, image.shape[1] - width)))
    top = int(np.clip(place[1], 0, max(0, image.shape[0] - height)))
    part = image[top : top + height, left : left + width]
    part[:] = (part * np.float32(0.26)).astype(np.uint8)
    if bar is not None:
        image[top : top + height, left : left + max(4, px // 3)] = bar
    y = top + round(px * 0.4)
    for line in lines:
        size = max(8, round(px * line.size))
        y += text_size(line.text, size)[1]
        put_text(image, line.text, (left + px, y - round(size * 0.25)), size, line.colour)
