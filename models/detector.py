"""Counts with a person detector (ONNX, OpenVINO IR or TFLite), such as ultralytics exports.

For sparse views, where people are large and apart; in a packed crowd every detector counts too few.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.boxes import Placement, decode, heads
from models.counter import Band, Count, View, checked_frame, picture_flaws
from models.density import to_values
from models.engine import Engine
from models.picture import GREY
from models.registry import Boxes, Manifest, Picture

GRID_CELL = 16
"""Side of the cells that the heads are counted into, px of the picture, about."""


class DetectorCounter:
    """One exported detector, one name."""

    def __init__(self, manifest: Manifest, engine: Engine) -> None:
        self.name = f"detector:{manifest.name}"
        self.digest = manifest.sha256
        self.engine = engine
        self._boxes: Boxes = manifest.boxes
        self._picture: Picture = manifest.picture
        self._band: Band = manifest.band

    def count(self, frame: NDArray[np.generic], view: View | None = None) -> Count:
        picture = checked_frame(frame)
        height, width = picture.shape[:2]
        place = Placement.of(width, height, self._boxes)
        corners, _ = decode(self.engine.run(self._input(picture, place)), self._boxes)
        points = heads(place.back(corners))
        points = np.clip(points, 0, np.array([width - 1, height - 1], np.float32))
        saturated = len(points) >= self._boxes.cap
        reasons = picture_flaws(picture) + (("detector-at-its-cap",) if saturated else ())
        grid = points_to_grid(points, width, height)
        return Count(grid, (width, height), points, self.name, saturated, reasons, self._band)

    def _input(self, frame: NDArray[np.uint8], place: Placement) -> NDArray[np.float32]:
        wide, high = self._boxes.sides
        smaller = min(place.scale) < 1
        scaled = cv2.resize(frame, place.inner, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
        canvas = np.full((high, wide, 3), GREY, np.uint8)  # the grey that these detectors are trained with
        canvas[place.top : place.top + scaled.shape[0], place.left : place.left + scaled.shape[1]] = scaled
        return to_values(canvas, self._picture)


def points_to_grid(points: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """(rows, cols) number of points in each of the cells that cover the picture evenly."""
    rows, cols = max(1, round(height / GRID_CELL)), max(1, round(width / GRID_CELL))
    grid = np.zeros((rows, cols), np.float32)
    row = np.minimum((points[:, 1] * rows / height).astype(int), rows - 1)
    col = np.minimum((points[:, 0] * cols / width).astype(int), cols - 1)
    np.add.at(grid, (row, col), np.float32(1))
    return grid
