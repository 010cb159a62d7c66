"""Where things were in the pictures just before: tracklets of some tenths of a second. Pure.

Points are followed back in time from picture to picture by sparse pyramidal Lucas-Kanade (Bouguet, Pyramidal
Implementation of the Lucas Kanade Feature Tracker, 2001), and the first step forth again: a point that does not come
back to where it began was not seen before (Kalal et al., Forward-Backward Error, 2010). Pictures are small and grey
(`small_grey`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.polygon import Points

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]

WIDTH = 640
"""Pictures are shrunk to this width: heads of ten pixels and more are left five, and noise is averaged away."""
WINDOW_PX = 9
LEVELS = 3
BACK_PX = 0.6
"""Pixels of the small picture by which a point may miss where it began."""


@dataclass(frozen=True)
class Glimpse:
    """A small grey picture, (h, w) uint8, and the source's time of it, seconds."""

    grey: Grey
    time_s: float


@dataclass(frozen=True)
class Tracks:
    """Where points (n,) were at times (m,), seconds, newest first: `at` (n, m, 2) px of the small picture; `held` (n,)
    tells those that were followed all the way."""

    time_s: Floats
    at: Floats
    held: NDArray[np.bool_]


def small_grey(picture: NDArray[np.uint8]) -> Grey:
    """The picture (h, w, 3) BGR as a grey one of at most `WIDTH` px."""
    height, width = picture.shape[:2]
    if width > WIDTH:
        size = (WIDTH, max(1, round(height * WIDTH / width)))
        # averaging two by two is what linear interpolation does at exactly a half, and it is quicker
        half = width == 2 * size[0] and height == 2 * size[1]
        picture = np.asarray(
            cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR if half else cv2.INTER_AREA), np.uint8
        )
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


def usable(now: Glimpse, before: Sequence[Glimpse], longest_s: float) -> list[Glimpse]:
    """Of the pictures before, those that can be looked back to, newest first: of the same size, in the order of time,
    and no longer ago than `longest_s`. Time stamps that stand still or go back end the list."""
    found: list[Glimpse] = []
    last = now.time_s
    for each in reversed(before):
        if each.grey.shape != now.grey.shape or not last - each.time_s >= 0.02 or now.time_s - each.time_s > longest_s:
            break
        found.append(each)
        last = each.time_s
    return found


def follow(now: Glimpse, before: Sequence[Glimpse], seeds: Points) -> Tracks:
    """Tracks of `seeds` (n, 2), px of the small picture `now`, through the pictures before, newest first."""
    pictures = [now, *before]
    times = np.array([each.time_s for each in pictures])
    at = np.full((len(seeds), len(pictures), 2), np.nan)
    at[:, 0] = seeds
    if not len(seeds) or not before:
        return Tracks(times, at, np.zeros(len(seeds), bool))
    window = (WINDOW_PX, WINDOW_PX)
    greys = [each.grey for each in pictures]
    held = np.ones(len(seeds), bool)
    place = seeds.astype(np.float32).reshape(-1, 1, 2)
    for index, (one, other) in enumerate(pairwise(greys), start=1):
        place, found, _ = cv2.calcOpticalFlowPyrLK(one, other, place, None, winSize=window, maxLevel=LEVELS)
        held &= found.ravel() > 0
        at[:, index] = place.reshape(-1, 2)
    # The first step is the one that a wrong start spoils; later jumps show as a bend (`edge.motion`).
    back = at[:, 1].astype(np.float32).reshape(-1, 1, 2)
    back, found, _ = cv2.calcOpticalFlowPyrLK(greys[1], greys[0], back, None, winSize=window, maxLevel=LEVELS)
    held &= (found.ravel() > 0) & (np.hypot(*(back.reshape(-1, 2) - seeds).T) <= BACK_PX)
    return Tracks(times, at, held)


def corners(grey: Grey, cell: tuple[float, float]) -> tuple[Points, Floats]:
    """The point in each cell of a grid, (cells high, cells wide) px each, that is easiest to follow.

    Gives (rows * cols, 2) px, row by row, and their strength (rows * cols,): the smaller eigenvalue of the structure
    tensor (Shi and Tomasi, Good Features to Track, 1994). The grid has as many whole cells as fit.
    """
    height, width = grey.shape
    rows, cols = max(1, round(height / cell[0])), max(1, round(width / cell[1]))
    strength = cv2.cornerMinEigenVal(grey, 3)
    side = max(1, round(min(height / rows, width / cols)))
    even = cv2.resize(strength, (cols * side, rows * side), interpolation=cv2.INTER_NEAREST)
    blocks = even.reshape(rows, side, cols, side).transpose(0, 2, 1, 3).reshape(rows * cols, side * side)
    best = blocks.argmax(axis=1)
    row, col = np.divmod(np.arange(rows * cols), cols)
    x = (col * side + best % side + 0.5) * width / (cols * side)
    y = (row * side + best // side + 0.5) * height / (rows * side)
    return np.column_stack([x, y]) - 0.5, blocks.max(axis=1).astype(np.float64)
