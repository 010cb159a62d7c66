"""Counts with a network whose output is a map of people per cell."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.counter import Band, Count, CountRefused, View, checked_frame, picture_flaws
from models.engine import Engine
from models.familiar import signature
from models.registry import Density, Manifest, Picture

BLOCK = 32
"""Side of the blocks on which saturation is judged, px of the input."""
ENLARGED_MOST = 2.0
"""No picture is enlarged by more: beyond it there is nothing more to see."""


class DensityCounter:
    """One network, one name. The picture is shrunk only where its longest side is above the manifest's,
    or scaled so that heads have the size that the network counts well, where the view tells their size."""

    def __init__(self, manifest: Manifest, engine: Engine) -> None:
        self.name = f"density:{manifest.name}"
        self.digest = manifest.sha256
        self.engine = engine
        self._picture: Picture = manifest.picture
        self._density: Density = manifest.density
        self._band: Band = manifest.band
        self._familiar = manifest.familiar

    def count(self, frame: NDArray[np.generic], view: View | None = None) -> Count:
        picture = checked_frame(frame)
        height, width = picture.shape[:2]
        cell = self._density.cell
        fitted = fit(picture, self._scale(width, height, view), cell)
        rows, cols = fitted.shape[0] // cell, fitted.shape[1] // cell
        pixels = to_input(fitted, self._picture, self.engine.fixed)
        output = self.engine.run(pixels)
        if output.ndim != 4 or output.shape[:2] != (1, 1):
            raise CountRefused(f"{self.name} gave an output of shape {output.shape}, not a map of people per cell")
        wanted = tuple(-(-side // cell) for side in pixels.shape[2:])
        if output.shape[2:] != wanted:
            raise CountRefused(
                f"{self.name} gave a map of {output.shape[2:]} cells, where {cell} px a cell make {wanted}"
            )
        grid = output[0, 0, :rows, :cols] * np.float32(self._density.people_per_unit)
        if not np.isfinite(grid).all():
            raise CountRefused(f"{self.name} gave numbers that are not finite")
        grid = without_haze(np.maximum(grid, np.float32(0)), self._density.floor_people)
        saturated = self._is_saturated(grid)
        reasons = picture_flaws(picture) + (("denser-than-trained",) if saturated else ())
        if not reasons and self._familiar is not None and self._familiar.strangeness(signature(picture)) > 1.0:
            reasons = ("unlike-trained",)
        return Count(grid, (width, height), None, self.name, saturated, reasons, self._band)

    def _scale(self, width: int, height: int, view: View | None) -> float:
        longest = self._picture.longest_side
        most = longest / max(width, height)
        if self.engine.fixed:
            most = min(1.0, self.engine.fixed[0] / width, self.engine.fixed[1] / height)
        return scale_for(self._picture.head_px, view.head_px if view else None, most)

    def _is_saturated(self, grid: NDArray[np.float32]) -> bool:
        limit = self._density.saturated_people
        return limit is not None and densest_block(grid, max(1, BLOCK // self._density.cell)) > limit


def scale_for(good: tuple[float, float] | None, seen: tuple[float, float] | None, most: float) -> float:
    """By how much a picture is scaled before it is counted, at most `most` (which its cost allows).

    A picture is never enlarged, unless heads of `seen` = (lowest, highest) px would be smaller than those that the
    network counts well, `good`. It is shrunk further where they would be larger; where not all can lie within `good`,
    the small ones do, for there are more of them: the far half of a view holds most of its people.
    """
    scale = min(1.0, most)
    if good is None or seen is None or not 0 < seen[0] <= seen[1] < np.inf:
        return scale
    least = good[0] / seen[0]
    if seen[1] * scale > good[1]:
        scale = max(good[1] / seen[1], min(scale, least))
    elif scale < least:
        scale = max(scale, min(least, good[1] / seen[1]))
    return min(scale, most, ENLARGED_MOST)


def fit(frame: NDArray[np.uint8], scale: float, cell: int) -> NDArray[np.uint8]:
    """The frame scaled to sides that are multiples of a cell, so that the cells cover the whole picture evenly."""
    height, width = frame.shape[:2]
    size = tuple(max(cell, round(side * scale / cell) * cell) for side in (width, height))
    if size == (width, height):
        return frame
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(frame, size, interpolation=method), np.uint8)


def to_input(frame: NDArray[np.uint8], picture: Picture, fixed: tuple[int, int] | None = None) -> NDArray[np.float32]:
    """(1, channels, h, w) as the network expects it, padded to the right and below by repeating the edge.

    Padded to multiples, or to the (width, height) that is `fixed`.
    """
    height, width = frame.shape[:2]
    right, bottom = (
        (fixed[0] - width, fixed[1] - height) if fixed else (-width % picture.multiple, -height % picture.multiple)
    )
    if bottom or right:
        frame = np.asarray(cv2.copyMakeBorder(frame, 0, bottom, 0, right, cv2.BORDER_REPLICATE), np.uint8)
    return to_values(frame, picture)


def to_values(frame: NDArray[np.uint8], picture: Picture) -> NDArray[np.float32]:
    """(1, channels, h, w): colours in the order that is wanted, each (pixel - mean) * scale."""
    if picture.colour == "grey":
        frame = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)[..., None]
    elif picture.colour == "rgb":
        frame = frame[..., ::-1]
    values = frame.transpose(2, 0, 1)[None].astype(np.float32)
    if picture.mean:
        values -= np.array(picture.mean, np.float32).reshape(-1, 1, 1)
    if picture.scale != 1.0:
        values *= np.array(picture.scale, np.float32).reshape(-1, 1, 1)
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
