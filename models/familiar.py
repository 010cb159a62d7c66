"""How far a picture is from those that a network was trained on: blurred, a wall, a close-up, painted over.

A picture's signature is a handful of numbers: how much there is to see at each of five scales, how much of it is
featureless or without light, how bright it is. Its Mahalanobis distance from the training pictures, as a share of a
limit that ordinary ones keep, is its strangeness. The network's own features do not serve: one that was taught to
count and nothing else forgets what does not look like people, and finds a blurred crowd as familiar as a sharp one.
"""

from __future__ import annotations

from typing import Annotated

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LONGEST_SIDE = 1280
SCALES = 5
"""Octaves that are looked at, from single pixels to about 32 px."""
BLOCK = 16
"""Side of the blocks that may be featureless, px."""
FLAT_LUMA = 2.5
"""Standard deviation of the brightness, of 255, below which a block is featureless."""
LENGTH = SCALES + 5
QUANTILE = 0.97
MARGIN = 1.1
"""The limit is this much above that share of ordinary training pictures: a doubt that is always there helps nobody."""


class Familiar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the training pictures looked like."""

    mean: Annotated[list[float], msgspec.Meta(min_length=LENGTH, max_length=LENGTH, description="Mean signature.")]
    whiten: Annotated[
        list[list[float]],
        msgspec.Meta(min_length=LENGTH, max_length=LENGTH, description="Rows of the inverse root of the covariance."),
    ]
    limit: Annotated[float, msgspec.Meta(gt=0, description="The distance that ordinary training pictures keep.")]

    def __post_init__(self) -> None:
        if any(len(row) != LENGTH for row in self.whiten):
            raise ValueError(f"each row of `whiten` has {LENGTH} numbers")

    def strangeness(self, seen: Floats) -> float:
        """Of one signature; above 1 the count is not to be trusted."""
        away = (seen - np.array(self.mean)) @ np.array(self.whiten)
        return float(np.sqrt((away**2).mean())) / self.limit


def signature(frame: NDArray[np.uint8]) -> Floats:
    """(LENGTH,) of a BGR picture whose sides are BLOCK px or more; a large one is looked at in `LONGEST_SIDE` px."""
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    shrunk = LONGEST_SIDE / max(grey.shape)
    if shrunk < 1.0:
        grey = cv2.resize(grey, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA)
    grey = grey.astype(np.float32)
    height, width = (side // BLOCK * BLOCK for side in grey.shape)
    blocks = grey[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    spread = blocks.std((1, 3))
    numbers = [
        np.log((spread < FLAT_LUMA).mean() + 0.02),
        np.log(np.quantile(spread, 0.3) + 0.5),
        np.log(((grey < 6) | (grey > 249)).mean() + 0.02),
        grey.mean() / 60.0,
    ]
    for _ in range(SCALES):
        coarse = cv2.pyrDown(grey)
        detail = grey - cv2.pyrUp(coarse, dstsize=grey.shape[::-1])
        numbers.append(np.log(np.abs(detail).mean() + 0.2))
        grey = coarse
    numbers.append(np.log(grey.std() + 1.0))
    return np.array(numbers, np.float64)


def fit(ordinary: Floats, spoilt: Floats) -> Familiar:
    """From (n, LENGTH) signatures of training pictures as they are, and as a bad camera would show them.

    Both give the shape of what is familiar; those as they are give the limit. ValueError where there are fewer than
    ten a number of the signature, or one is not finite.
    """
    both = np.vstack([ordinary, spoilt])
    if len(ordinary) < 1 or len(both) < 10 * LENGTH:
        raise ValueError(f"{len(both)} pictures say too little of what is familiar: {10 * LENGTH} are needed")
    if not np.isfinite(both).all():
        raise ValueError("a signature is not finite")
    values, vectors = np.linalg.eigh(np.cov(both, rowvar=False))
    whiten = vectors / np.sqrt(np.maximum(values, 1e-4 * values.max()))
    away = (ordinary - both.mean(0)) @ whiten
    limit = float(np.quantile(np.sqrt((away**2).mean(1)), QUANTILE)) * MARGIN
    rounded = np.round(whiten, 5).tolist()
    return Familiar(mean=np.round(both.mean(0), 5).tolist(), whiten=rounded, limit=round(limit, 5))
