"""Counts with a network whose output is a map of people per cell."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.counter import Band, Count, CountRefused, check_frame, picture_flaws
from models.engine import Engine
from models.registry import Density, Manifest, Picture

BLOCK = 32
"""Side of the blocks on which saturation is judged, px of the input."""


STRANGENESS = "strangeness"
"""Name of a second output: above 1, the picture is unlike those that the network was trained on."""


class DensityCounter:
    """One network, one name. The picture is shrunk only where its longest side is above the manifest's."""

    def __init__(self, manifest: Manifest, engine: Engine) -> None:
        self.name = f"density:{manifest.name}"
        self.digest = manifest.sha256
        self._engine = engine
        self._picture: Picture = manifest.picture
        self._density: Density = manifest.density
        self._band: Band = manifest.band
        self._tells_strange = engine.outputs[1:2] == [STRANGENESS]

    def count(self, frame: NDArray[np.uint8]) -> Count:
        width, height = check_frame(frame)
        fitted = fit(frame, self._picture.longest_side, self._density.cell)
        rows, cols = fitted.shape[0] // self._density.cell, fitted.shape[1] // self._density.cell
        output, *others = self._engine.run_all(to_input(fitted, self._picture))
        if output.ndim != 4 or output.shape[2] < rows or output.shape[3] < cols:
            raise CountRefused(f"{self.name} gave an output of shape {output.shape}, not a map of cells")
        grid = output[0, 0, :rows, :cols] * np.float32(self._density.people_per_unit)
        if not np.isfinite(grid).all():
            raise CountRefused(f"{self.name} gave numbers that are not finite")
        grid = without_haze(np.maximum(grid, np.float32(0)), self._density.floor_people)
        saturated = self._is_saturated(grid)
        reasons = picture_flaws(frame) + (("denser-than-trained",) if saturated else ())
        if self._tells_strange and not float(others[0].max()) <= 1.0:
            reasons += ("unlike-trained",)
        return Count(grid, (width, height), None, self.name, saturated, reasons, self._band)

    def _is_saturated(self, grid: NDArray[np.float32]) -> bool:
        limit = self._density.saturated_people
        return limit is not None and densest_block(grid, max(1, BLOCK // self._density.cell)) > limit


def fit(frame: NDArray[np.uint8], longest_side: int, cell: int) -> NDArray[np.uint8]:
    """The frame with sides that are multiples of a cell, its longest at most `longest_side`; never enlarged
    by more than half a cell, so that the cells cover the whole picture evenly."""
    height, width = frame.shape[:2]
    scale = min(1.0, longest_side / max(width, height))
    size = tuple(max(cell, round(side * scale / cell) * cell) for side in (width, height))
    if size == (width, height):
        return frame
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(frame, size, interpolation=method), np.uint8)


def to_input(frame: NDArray[np.uint8], picture: Picture) -> NDArray[np.float32]:
    """(1, channels, h, w) as the network expects it, padded to the right and below by repeating the edge."""
    bottom, right = -frame.shape[0] % picture.multiple, -frame.shape[1] % picture.multiple
    if bottom or right:
        frame = np.asarray(cv2.copyMakeBorder(frame, 0, bottom, 0, right, cv2.BORDER_REPLICATE), np.uint8)
    if picture.colour == "grey":
        frame = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)[..., None]
    elif picture.colour == "rgb":
        frame = frame[..., ::-1]
    values = frame.transpose(2, 0, 1)[None].astype(np.float32)
    if picture.mean:
        values -= np.float32(picture.mean)
    if picture.scale != 1.0:
        values *= np.float32(picture.scale)
    return values


def without_haze(grid: NDArray[np.float32], floor: float) -> NDArray[np.float32]:
    """The grid without the cells that hold, with their eight neighbours, fewer than `floor` people: the faint
    suspicion that a network has of every surface adds up to a crowd where there is none."""
    if floor <= 0:
        return grid
    around = cv2.boxFilter(grid, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.where(around < floor, np.float32(0), grid).astype(np.float32)


def densest_block(grid: NDArray[np.float32], side: int) -> float:
    """People in the densest block of `side` x `side` cells."""
    rows, cols = grid.shape
    padded = np.pad(grid, ((0, -rows % side), (0, -cols % side)))
    blocks = padded.reshape(padded.shape[0] // side, side, padded.shape[1] // side, side)
    return float(blocks.sum(axis=(1, 3)).max())
