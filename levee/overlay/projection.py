"""Between the raster of a zone's ground and the pixels that show it; computed once for a size of picture. Pure."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.polygon import Points, contains
from edge.zone import Zone

RASTER_M = 0.25
RASTER_MOST = 240
#: Spread of one person's share of the heat, metres: about the room that a body takes up.
SPREAD_M = 0.7


class Sheet:
    """The ground of one zone as a sheet that is laid over pictures of `size` (width, height)."""

    def __init__(self, zone: Zone, size: tuple[int, int], shape: tuple[int, int]) -> None:
        self.zone = zone
        self.size = size
        low, high = zone.corners.min(axis=0), zone.corners.max(axis=0)
        self.step = max(RASTER_M, float((high - low).max()) / RASTER_MOST)
        self._low = low
        self._bins = np.maximum(np.ceil((high - low) / self.step).astype(int), 1)
        cover = zone.cover(shape)
        at = np.minimum(((cover.place - low) / self.step).astype(int), self._bins - 1)
        self._bin, self._cell = at[:, 1] * self._bins[0] + at[:, 0], cover.cell
        self._share = np.broadcast_to(np.asarray(cover.share, np.float64), cover.cell.shape)
        x, y = (low[k] + (np.arange(self._bins[k]) + 0.5) * self.step for k in (0, 1))
        middles = np.column_stack([axis.ravel() for axis in np.meshgrid(x, y)])
        inside = contains(zone.corners, middles) & zone.visible(middles)
        self._inside = self._spread(inside.reshape(self._bins[1], self._bins[0]).astype(np.float32))
        # Half as many pixels each way do for a heat map.
        self._half = (max(1, size[0] // 2), max(1, size[1] // 2))
        scale = np.array(zone.ground.picture) / self._half
        u, v = np.meshgrid(np.arange(self._half[0]) + 0.5, np.arange(self._half[1]) + 0.5)
        places = zone.ground.to_ground(np.column_stack([u.ravel(), v.ravel()]) * scale)
        shown = contains(zone.corners, places).reshape(u.shape)
        raster = np.nan_to_num((places - low) / self.step - 0.5, nan=-9.0).reshape(*u.shape, 2).astype(np.float32)
        self._map = np.where(shown[..., None], raster, np.float32(-9))
        #: (h, w): how much of each pixel shows the zone's ground, 0..1.
        self.mask: NDArray[np.float32] = cv2.resize(shown.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)

    def density(self, grid: NDArray[np.float32]) -> NDArray[np.float32]:
        """(h, w) persons/m² of the ground that each pixel shows, from a counter's grid; 0 outside the zone."""
        people = np.bincount(
            self._bin, weights=grid.ravel()[self._cell] * self._share, minlength=int(self._bins.prod())
        )
        raster = self._spread(people.reshape(self._bins[1], self._bins[0]).astype(np.float32))
        density = raster / np.maximum(self._inside, 0.15) / np.float32(self.step**2)
        half = cv2.remap(
            density, self._map[..., 0], self._map[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        half[self._map[..., 0] < -5] = 0
        return np.asarray(cv2.resize(half, self.size, interpolation=cv2.INTER_LINEAR), np.float32) * self.mask

    def people(self, grid: NDArray[np.float32], low: Points, side: float) -> float:
        """People of a grid in the square of ground whose lower left corner is `low`, as far as it lies in the zone."""
        at = np.stack([self._bin % self._bins[0], self._bin // self._bins[0]], axis=1) * self.step + self._low
        here = ((at + self.step / 2 >= low) & (at + self.step / 2 < low + side)).all(axis=1)
        return float((grid.ravel()[self._cell[here]] * self._share[here]).sum())

    def pixels(self, places: Points, height_m: float = 0.0) -> Points:
        """Where places (n, 2) show in pictures of this size."""
        found: Points = self.zone.ground.to_picture(places, height_m=height_m) * (
            np.array(self.size) / np.array(self.zone.ground.picture)
        )
        return found

    def _spread(self, raster: NDArray[np.float32]) -> NDArray[np.float32]:
        sigma = SPREAD_M / self.step
        return np.asarray(cv2.GaussianBlur(raster, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT), np.float32)
