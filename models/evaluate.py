"""Scores on annotated pictures: errors of the total, game of sub-regions, coverage of the band."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.data import Picture


@dataclass(frozen=True)
class Score:
    """Figures of one set of pictures."""

    pictures: int
    truth_mean: float
    mae: float
    rmse: float
    bias_percent: float
    """(sum of counts - sum of truths) / sum of truths, %; 0 where the set has nobody"""
    coverage_percent: float
    """How many truths lie inside the band, %; NaN where no band was given"""

    @classmethod
    def of(
        cls,
        counts: NDArray[np.float64],
        truths: NDArray[np.float64],
        bands: NDArray[np.float64] | None = None,
    ) -> Score:
        """`counts`, `truths` (n,), `bands` (n, 2) low and high."""
        error = counts - truths
        everyone = float(truths.sum())
        covered = float("nan")
        if bands is not None:
            covered = 100.0 * float(((bands[:, 0] <= truths) & (truths <= bands[:, 1])).mean())
        return cls(
            pictures=len(truths),
            truth_mean=float(truths.mean()),
            mae=float(np.abs(error).mean()),
            rmse=float(np.sqrt((error**2).mean())),
            bias_percent=100.0 * float(error.sum()) / everyone if everyone else 0.0,
            coverage_percent=covered,
        )


def grids(
    pictures: Iterable[Picture], predict: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
) -> list[tuple[Picture, NDArray[np.float32], tuple[int, int]]]:
    """Each picture with its counted grid and (width, height)."""
    out = []
    for picture in pictures:
        image = picture.load()
        out.append((picture, predict(image), (image.shape[1], image.shape[0])))
    return out
