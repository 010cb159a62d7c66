"""Pictures with head points, read from folders of our annotation format.

A folder holds `annotations.json`, a list of `{image, width, height, points: [[x, y], ...]}` with `image`
relative to the folder or to its `images`, points in pixels, and the pictures themselves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

VALIDATION = Path(__file__).with_name("validation.yaml")
"""Which pictures of each folder are held out, by name."""


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


def read_folder(folder: Path) -> list[Picture]:
    """Every picture of one folder, in the order of its annotations."""
    file = folder / "annotations.json"
    try:
        rows = json.loads(file.read_text())
    except FileNotFoundError:
        raise DataRefused(f"{file}: no such file") from None
    except ValueError as error:
        raise DataRefused(f"{file}: not JSON: {error}") from None
    if not isinstance(rows, list):
        raise DataRefused(f"{file}: expected a list of pictures")
    pictures = []
    for index, row in enumerate(rows):
        try:
            name = str(row["image"])
            points = np.asarray(row["points"], np.float32).reshape(-1, 2)
        except (KeyError, TypeError, ValueError) as error:
            raise DataRefused(f"{file}: entry {index}: {error!r}") from None
        if not (folder / name).is_file() and (folder / "images" / name).is_file():
            name = f"images/{name}"
        if not np.isfinite(points).all():
            raise DataRefused(f"{file}: entry {index}: a point is not a finite number")
        pictures.append(Picture(folder / name, folder.name, name, points))
    if not pictures:
        raise DataRefused(f"{file}: no pictures")
    return pictures


def held_out(file: Path = VALIDATION) -> dict[str, frozenset[str]]:
    """Names of the validation pictures by folder name."""
    content = yaml.safe_load(file.read_text())
    return {folder: frozenset(names) for folder, names in content.items()}


def split(pictures: list[Picture]) -> tuple[list[Picture], list[Picture]]:
    """(training, validation). A folder that is not named in the file gives every tenth picture."""
    named = held_out()
    train: list[Picture] = []
    validation: list[Picture] = []
    for index, picture in enumerate(pictures):
        names = named.get(picture.folder)
        out = index % 10 == 9 if names is None else picture.name in names
        (validation if out else train).append(picture)
    return train, validation


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
