"""How far a picture is from those that a network was trained on, by the features that it sees in it.

The network's deepest features, averaged over the picture and under a square root, make one vector a picture. Its
Mahalanobis distance (Lee et al., NeurIPS 2018) from the training pictures, as a share of a limit that one training
picture in a thousand exceeds, is the picture's strangeness: above 1 the count is not trusted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SHRINK = 0.02
"""How far the covariance is drawn to a sphere: with hundreds of features some directions hardly vary."""
BEYOND = 0.999
MARGIN = 1.15
"""The limit is this much above that share of training pictures: a doubt that is always there helps nobody."""


@dataclass(frozen=True)
class Familiar:
    """What the network knows: strangeness = |(features - mean) @ whiten| / limit."""

    mean: Floats
    """(d,)"""
    whiten: Floats
    """(d, d)"""
    limit: float

    def strangeness(self, features: Floats) -> Floats:
        """(n, d) features -> (n,); above 1 is strange."""
        return np.asarray(np.sqrt((((features - self.mean) @ self.whiten) ** 2).mean(1)) / self.limit)


def fit(features: Floats, rng: np.random.Generator) -> Familiar:
    """From (n, d) features of training pictures: two thirds give the shape, the rest the limit.

    ValueError where there are fewer than 3 pictures a feature, or a feature that is not finite.
    """
    number, width = features.shape
    if number < 3 * width:
        raise ValueError(f"{number} pictures for {width} features: three a feature are needed")
    if not np.isfinite(features).all():
        raise ValueError("a feature is not a finite number")
    order = rng.permutation(number)
    shape, rest = features[order[: 2 * number // 3]], features[order[2 * number // 3 :]]
    mean = shape.mean(0)
    covariance = np.cov(shape, rowvar=False)
    covariance = (1 - SHRINK) * covariance + SHRINK * np.trace(covariance) / width * np.eye(width)
    values, vectors = np.linalg.eigh(covariance)
    whiten = vectors / np.sqrt(values)
    far = Familiar(mean, whiten, 1.0).strangeness(rest)
    return Familiar(mean, whiten, float(np.quantile(far, BEYOND)) * MARGIN)
