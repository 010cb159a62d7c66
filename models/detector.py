"""Counts with a person detector exported by ultralytics (ONNX, OpenVINO IR or TFLite).

For sparse views, where people are large and apart; in a packed crowd every detector counts too few.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.boxes import Letterbox, decode, heads
from models.counter import Band, Count, check_frame, picture_flaws
from models.engine import Engine
from models.registry import Boxes, Manifest, Picture

GRID_CELL = 16
"""Side of the cells that the heads are counted into, px of the picture, about."""


class DetectorCounter:
    """One exported detector, one name."""

    def __init__(self, manifest: Manifest, engine: Engine) -> None:
        self.name = f"detector:{manifest.name}"
        self.digest = manifest.sha256
        self._engine = engine
        self._boxes: Boxes = manifest.boxes
        self._picture: Picture = manifest.picture
        self._band: Band = manifest.band

    def count(self, frame: NDArray[np.uint8]) -> Count:
        width, height = check_frame(frame)
        size = self._boxes.size
        place = Letterbox.of(width, height, size)
        corners, _ = decode(self._engine.run(self._input(frame, place)), self._boxes)
        points = heads(place.back(corners))
        points = np.clip(points, 0, np.array([width - 1, height - 1], np.float32))
        saturated = len(points) >= self._boxes.cap
        reasons = picture_flaws(frame) + (("detector-at-its-cap",) if saturated else ())
        grid = points_to_grid(points, width, height)
        return Count(grid, (width, height), points, self.name, saturated, reasons, self._band)

    def _input(self, frame: NDArray[np.uint8], place: Letterbox) -> NDArray[np.float32]:
        height, width = frame.shape[:2]
        size = self._boxes.size
        scaled = cv2.resize(
            frame,
            (max(1, round(width * place.scale)), max(1, round(height * place.scale))),
            interpolation=cv2.INTER_AREA if place.scale < 1 else cv2.INTER_LINEAR,
        )
        canvas = np.full((size, size, 3), 114, np.uint8)  # the grey that these detectors are trained with
        canvas[place.top : place.top + scaled.shape[0], place.left : place.left + scaled.shape[1]] = scaled
        if self._picture.colour == "rgb":
            canvas = canvas[..., ::-1]
        values = (canvas.astype(np.float32) - self._picture.mean) * np.float32(self._picture.scale)
        return np.asarray(values.transpose(2, 0, 1)[None], np.float32)


def points_to_grid(points: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """(rows, cols) number of points in each of the cells that cover the picture evenly."""
    rows, cols = max(1, round(height / GRID_CELL)), max(1, round(width / GRID_CELL))
    grid = np.zeros((rows, cols), np.float32)
    row = np.minimum((points[:, 1] * rows / height).astype(int), rows - 1)
    col = np.minimum((points[:, 0] * cols / width).astype(int), cols - 1)
    np.add.at(grid, (row, col), np.float32(1))
    return grid
