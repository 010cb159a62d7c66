"""Reading boxes out of a detector's output. Pure: arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.counter import CountRefused
from models.registry import Boxes

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Placement:
    """How a picture was laid into the input: first scaled by (across, down), then moved by (left, top)."""

    scale: tuple[float, float]
    left: int
    top: int
    inner: tuple[int, int]
    """(width, height) px of the picture within the input"""

    @classmethod
    def of(cls, width: int, height: int, settings: Boxes) -> Placement:
        wide, high = settings.sides
        if settings.fit == "stretch":
            return cls((wide / width, high / height), 0, 0, (wide, high))
        scale = min(wide / width, high / height)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        return cls((scale, scale), (wide - inner[0]) // 2, (high - inner[1]) // 2, inner)

    def back(self, boxes: Array) -> Array:
        """(n, 4) corners in the input -> corners in the picture, px."""
        moved = boxes - np.array([self.left, self.top, self.left, self.top], np.float32)
        return np.asarray(moved / np.array([*self.scale, *self.scale], np.float32), np.float32)


def decode(output: Array, settings: Boxes) -> tuple[Array, Array]:
    """((n, 4) corners x0 y0 x1 y1 in px of the input, (n,) scores) of the persons, best first, none twice.

    The forms of output are those that `Boxes.form` describes; CountRefused where it has none of that form.
    """
    if settings.form == "ssd":
        corners, scores = _ssd(output, settings)
    elif output.ndim != 3 or output.shape[0] != 1:
        raise CountRefused(f"the detector gave an output of shape {output.shape}, which is not a list of boxes")
    elif settings.form == "yolox":
        corners, scores = _yolox(output[0], settings)
    elif output.shape[2] == 6 and output.shape[1] > 6:
        corners, scores = _listed(output[0], settings)
    else:
        corners, scores = _centred(output[0], settings)
    if settings.form == "ssd" or settings.unit_boxes:
        corners = corners * np.tile(np.array(settings.sides, np.float32), 2)
    return corners.astype(np.float32), scores.astype(np.float32)


def _listed(table: Array, settings: Boxes) -> tuple[Array, Array]:
    """(n, 6) corners, score and class, from which duplicates were already removed."""
    keep = (table[:, 4] >= settings.confidence) & (np.rint(table[:, 5]) == settings.person_class)
    order = np.argsort(-table[keep, 4], kind="stable")
    return table[keep, :4][order], table[keep, 4][order]


def _centred(table: Array, settings: Boxes) -> tuple[Array, Array]:
    """(4 + classes, n) with centres and sizes."""
    if table.shape[0] < 5 + settings.person_class:
        raise CountRefused(f"the detector's output of shape {table.shape} has no class {settings.person_class}")
    classes = table[4:]
    scores = classes[settings.person_class]
    keep = (scores >= settings.confidence) & (classes.argmax(0) == settings.person_class)
    return _apart(_corners(table[:4, keep].T), scores[keep], settings)


def _ssd(output: Array, settings: Boxes) -> tuple[Array, Array]:
    """(1, 1, n, 7) of picture, class, score and corners in 0..1 (OpenVINO's DetectionOutput); picture -1 ends it."""
    if output.ndim != 4 or output.shape[3] != 7:
        raise CountRefused(f"the detector gave an output of shape {output.shape}, which is no SSD's list of boxes")
    table = output.reshape(-1, 7)
    ended = np.flatnonzero(table[:, 0] < 0)
    table = table[: ended[0]] if len(ended) else table
    keep = (table[:, 2] >= settings.confidence) & (np.rint(table[:, 1]) == settings.person_class)
    return _apart(table[keep, 3:], table[keep, 2], settings)


def _yolox(table: Array, settings: Boxes) -> tuple[Array, Array]:
    """(n, 5 + classes) relative to the cells of grids of 8, 16 and 32 px (Ge et al., YOLOX, 2021)."""
    wide, high = settings.sides
    origins, strides = [], []
    for stride in (8, 16, 32):
        x, y = np.meshgrid(np.arange(wide // stride), np.arange(high // stride))
        origins.append(np.column_stack([x.ravel(), y.ravel()]))
        strides.append(np.full((x.size, 1), stride))
    origin, step = np.concatenate(origins), np.concatenate(strides).astype(np.float32)
    if table.shape[0] != len(origin) or table.shape[1] < 6 + settings.person_class:
        raise CountRefused(f"the detector's output of shape {table.shape} is no YOLOX's for {wide}x{high}")
    classes = table[:, 5:] * table[:, 4:5]
    scores = classes[:, settings.person_class]
    keep = (scores >= settings.confidence) & (classes.argmax(1) == settings.person_class)
    middle = (table[keep, :2] + origin[keep]) * step[keep]
    size = np.exp(np.minimum(table[keep, 2:4], 20)) * step[keep]
    return _apart(_corners(np.hstack([middle, size])), scores[keep], settings)


def _corners(centred: Array) -> Array:
    """(n, 4) centre and size -> corners."""
    half = centred[:, 2:] / 2
    return np.hstack([centred[:, :2] - half, centred[:, :2] + half]).astype(np.float32)


def _apart(corners: Array, scores: Array, settings: Boxes) -> tuple[Array, Array]:
    chosen = suppress(corners, scores, settings.overlap)
    return corners[chosen], scores[chosen]


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
