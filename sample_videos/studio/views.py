"""Matrices from the world to what the graphics driver draws: the camera's view and those of the shadow maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sample_videos.camera import Pinhole

Floats = NDArray[np.float64]
NEAR, FAR = 0.25, 900.0


def camera_view(camera: Pinhole, focal: float, size: tuple[int, int], middle: tuple[float, float]) -> Floats:
    """(4, 4) of a drawing of `size` pixels, row 0 on top, with this focal length and principal point in pixels."""
    width, height = size
    turn = np.eye(4)
    turn[:3, :3] = camera.rotation
    turn[:3, 3] = -camera.rotation @ np.array(camera.position)
    lens = np.zeros((4, 4))
    lens[0, 0], lens[0, 2] = 2 * focal / width, 2 * middle[0] / width - 1
    lens[1, 1], lens[1, 2] = 2 * focal / height, 2 * middle[1] / height - 1
    lens[2, 2], lens[2, 3] = (FAR + NEAR) / (FAR - NEAR), -2 * FAR * NEAR / (FAR - NEAR)
    lens[3, 2] = 1
    return lens @ turn


def _axes(way: Floats) -> Floats:
    """Rows: right, up and backwards of somebody who looks along -way."""
    back = way / np.linalg.norm(way)
    side = np.cross([0.0, 0.0, 1.0] if abs(back[2]) < 0.95 else [0.0, 1.0, 0.0], back)
    side /= np.linalg.norm(side)
    return np.stack([side, np.cross(back, side), back])


def sun_view(to_sun: Floats, points: Floats, margin: float = 1.0) -> Floats:
    """(4, 4): parallel light from `to_sun` over all points (n, 3)."""
    turn = _axes(np.asarray(to_sun, float))
    local = points @ turn.T
    low, high = local.min(0) - margin, local.max(0) + margin
    low[2] -= 8.0
    high[2] += 30.0
    out = np.eye(4)
    span = high - low
    for axis in range(2):
        out[axis, :3] = turn[axis] * 2 / span[axis]
        out[axis, 3] = -(high[axis] + low[axis]) / span[axis]
    out[2, :3] = -turn[2] * 2 / span[2]
    out[2, 3] = (high[2] + low[2]) / span[2]
    return out


def lamp_view(place: Floats, half_angle: float = 66.0) -> Floats:
    """(4, 4): light from a lamp downwards, `half_angle` degrees to each side."""
    turn = _axes(np.array([0.0, 0.0, 1.0]))
    view = np.eye(4)
    view[:3, :3] = turn
    view[:3, 3] = -turn @ np.asarray(place, float)
    near, far, scale = 0.5, 40.0, 1 / np.tan(np.radians(half_angle))
    lens = np.zeros((4, 4))
    lens[0, 0] = lens[1, 1] = scale
    lens[2, 2], lens[2, 3] = -(far + near) / (far - near), -2 * far * near / (far - near)
    lens[3, 2] = -1
    return lens @ view
