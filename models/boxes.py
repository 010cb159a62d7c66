"""Reading boxes out of a detector's output. Pure: arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.counter import CountRefused
from models.registry import Boxes

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Letterbox:
    """How a picture was laid into the square input: first scaled, then moved by (left, top)."""

    scale: float
    left: int
    top: int

    @classmethod
    def of(cls, width: int, height: int, size: int) -> Letterbox:
        scale = min(size / width, size / height)
        return cls(scale, (size - round(width * scale)) // 2, (size - round(height * scale)) // 2)

    def back(self, boxes: Array) -> Array:
        """(n, 4) corners in the input -> corners in the picture, px."""
        moved = boxes - np.array([self.left, self.top, self.left, self.top], np.float32)
        return np.asarray(moved / np.float32(self.scale), np.float32)


def decode(output: Array, settings: Boxes) -> tuple[Array, Array]:
    """((n, 4) corners x0 y0 x1 y1 in px of the input, (n,) scores) of the persons, best first, none twice.

    Two forms are known: (1, 4 + classes, candidates) with centres and sizes, and (1, candidates, 6) with
    corners, score and class, from which duplicates were already removed.
    """
    if output.ndim != 3 or output.shape[0] != 1:
        raise CountRefused(f"the detector gave an output of shape {output.shape}, which is not a list of boxes")
    table = output[0]
    if table.shape[1] == 6 and table.shape[0] > 6:
        keep = (table[:, 4] >= settings.confidence) & (np.rint(table[:, 5]) == settings.person_class)
        corners, scores = table[keep, :4], table[keep, 4]
        order = np.argsort(-scores, kind="stable")
        corners, scores = corners[order], scores[order]
    else:
        if table.shape[0] < 5 + settings.person_class:
            raise CountRefused(f"the detector's output of shape {output.shape} has no class {settings.person_class}")
        classes = table[4:]
        scores = classes[settings.person_class]
        keep = (scores >= settings.confidence) & (classes.argmax(0) == settings.person_class)
        x, y, w, h = table[:4, keep]
        corners, scores = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1), scores[keep]
        chosen = suppress(corners, scores, settings.overlap)
        corners, scores = corners[chosen], scores[chosen]
    if settings.unit_boxes:
        corners = corners * np.float32(settings.size)
    return corners.astype(np.float32), scores.astype(np.float32)


def suppress(corners: Array, scores: Array, overlap: float) -> NDArray[np.intp]:
    """Indices of the boxes to keep, best first: none overlaps a better one by more than `overlap` (area of
    the intersection over that of the union)."""
    order = np.argsort(-scores, kind="stable")
    area = np.maximum(corners[:, 2:] - corners[:, :2], 0).prod(axis=1)
    kept = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        low = np.maximum(corners[best, :2], corners[rest, :2])
        high = np.minimum(corners[best, 2:], corners[rest, 2:])
        common = np.maximum(high - low, 0).prod(axis=1)
        union = area[best] + area[rest] - common
        order = rest[common <= overlap * union]
    return np.array(kept, np.intp)


def heads(corners: Array) -> Array:
    """(n, 2) where the head of a standing person is: in the middle, an eighth of the way down the box."""
    middle = (corners[:, 0] + corners[:, 2]) / 2
    down = corners[:, 1] + (corners[:, 3] - corners[:, 1]) / 8
    return np.stack([middle, down], axis=1).astype(np.float32)
