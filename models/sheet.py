"""A picture of the pictures that were counted worst, for people to look at."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.counter import Band, Count
from models.evaluate import Counted
from models.overlay import annotate

WIDTH, HEIGHT = 640, 480
"""Size of one picture on the sheet, px."""


def worst(counted: list[Counted], number: int) -> list[Counted]:
    """Those with the greatest miss over sqrt(truth + 1): a miss of ten is much among few, little among many."""
    return sorted(counted, key=lambda one: -abs(one.people - one.truth) / (one.truth + 1) ** 0.5)[:number]


def sheet(counted: list[Counted], method: str, band: Band, columns: int = 3) -> NDArray[np.uint8]:
    """(h, w, 3) BGR: each picture with its heat map, its count, the truth, and a ring round each marked head."""
    tiles = [_tile(one, method, band) for one in counted]
    while len(tiles) % columns:
        tiles.append(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    return np.vstack([np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)])


def _tile(one: Counted, method: str, band: Band) -> NDArray[np.uint8]:
    frame = one.picture.load()
    scale = min(WIDTH / frame.shape[1], HEIGHT / frame.shape[0])
    size = (max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale)))
    small = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
    points = one.picture.points * np.float32(scale)
    count = Count(one.grid, size, None, method, False, (), band)
    drawn = annotate(small, count, f"{one.picture.folder}/{one.picture.path.name}: marked {one.truth}")
    for x, y in points:
        cv2.circle(drawn, (round(float(x)), round(float(y))), 3, (255, 255, 255), 1, cv2.LINE_AA)
    tile = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    tile[: drawn.shape[0], : drawn.shape[1]] = drawn
    return tile
