"""How large heads are in a calibrated picture: what a counter may scale its input by. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from edge.ground import Ground
from edge.polygon import Points, contains
from edge.zone import Zone

#: Height of a head, chin to crown, metres: 0.13 of a stature of 1.75 m (Drillis and Contini, 1966).
HEAD_M = 0.23
#: Shares of the zones' area with smaller and with larger heads than the range that is told: a far corner must not
#: decide for all.
EDGE_PERCENT = 5.0
_PLACES = 1500


def head_range(ground: Ground, zones: Iterable[Zone]) -> tuple[float, float] | None:
    """(lowest, highest) height of the heads of people spread evenly over the zones, px of `ground.picture`.

    None where the zones show no place whose scale can be told.
    """
    heights = [head_px(ground, _places(zone)) for zone in zones]
    told = np.concatenate([found[np.isfinite(found)] for found in heights]) if heights else np.empty(0)
    if not len(told):
        return None
    low, high = np.percentile(told, [EDGE_PERCENT, 100 - EDGE_PERCENT])
    return float(low), float(high)


def head_px(ground: Ground, places: Points) -> NDArray[np.float64]:
    """(n,) height in px of a head over each ground place; NaN for what lies behind the camera.

    A head is about as wide as it is tall from each side, so it measures `HEAD_M` across the line of sight: the largest
    singular value of the picture's derivative by place and height is the scale there, px a metre.
    """
    derivative = ground.derivative(places, height_m=ground.head_height_m)
    found = np.full(len(places), np.nan)
    seen = np.isfinite(derivative).all(axis=(1, 2))
    if seen.any():
        found[seen] = np.linalg.svd(derivative[seen], compute_uv=False)[:, 0] * HEAD_M
    return found


def _places(zone: Zone) -> Points:
    """Places spread evenly over the part of a zone that the picture shows."""
    low, high = zone.corners.min(axis=0), zone.corners.max(axis=0)
    step = float(np.sqrt(np.prod(high - low) / _PLACES))
    x, y = (np.arange(a + step / 2, b, step) for a, b in zip(low, high, strict=True))
    places = np.column_stack([axis.ravel() for axis in np.meshgrid(x, y)])
    places = places[contains(zone.corners, places)]
    return places[zone.visible(places)]
