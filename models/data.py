"""Annotated pictures in memory, and the people in their cells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


class DataRefused(ValueError):
    """A folder of pictures cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Picture:
    """One annotated picture."""

    path: Path
    folder: str
    name: str
    points: NDArray[np.float32]
    """(n, 2) head centres, px"""

    def load(self) -> NDArray[np.uint8]:
        """BGR (h, w, 3); DataRefused where the file cannot be read."""
        image = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if image is None:
            raise DataRefused(f"{self.path}: not a readable picture")
        return np.asarray(image, np.uint8)


class PictureCache:
    """Decoded pictures, each with a copy of half the size, kept in memory up to a limit.

    Beyond the limit they are decoded each time.
    """

    def __init__(self, limit_bytes: int = 6_000_000_000) -> None:
        self._limit = limit_bytes
        self._held = 0
        self._images: dict[Path, tuple[NDArray[np.uint8], NDArray[np.uint8]]] = {}

    def get(self, picture: Picture) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """(full, half) BGR."""
        pair = self._images.get(picture.path)
        if pair is None:
            full = picture.load()
            size = (max(full.shape[1] // 2, 1), max(full.shape[0] // 2, 1))
            pair = full, np.asarray(cv2.resize(full, size, interpolation=cv2.INTER_AREA), np.uint8)
            needed = pair[0].nbytes + pair[1].nbytes
            if self._held + needed <= self._limit:
                self._images[picture.path] = pair
                self._held += needed
        return pair


def cell_counts(points: NDArray[np.float32], width: int, height: int, cell: int) -> NDArray[np.float32]:
    """(height/cell, width/cell) number of points in each cell; points outside the picture are dropped."""
    grid = np.zeros((height // cell, width // cell), np.float32)
    column = np.floor(points[:, 0] / cell).astype(int)
    row = np.floor(points[:, 1] / cell).astype(int)
    inside = (column >= 0) & (row >= 0) & (column < grid.shape[1]) & (row < grid.shape[0])
    np.add.at(grid, (row[inside], column[inside]), 1.0)
    return grid
