"""A camera whose height and tilt are known: its view of level ground without a measured point. Pure.

The origin lies on the ground below the camera unless `position_m` says otherwise; y points where the camera looks
(turned by `yaw_deg`), x to its right. Projection as in Hartley and Zisserman, 2nd ed., 6.1: pixels are K [R | -R C].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.camera_settings import CameraSettings, MountSettings
from edge.points import GroundRefused


def focal_px(camera: CameraSettings, mount: MountSettings, width: int) -> float:
    """Focal length in px: as given, or from the horizontal field of view; GroundRefused with neither or both."""
    if (camera.focal_px is None) == (mount.field_of_view_deg is None):
        raise GroundRefused("with `mount`, give one of `focal_px` and `field_of_view_deg`", "mount")
    if camera.focal_px is not None:
        return float(camera.focal_px)
    assert mount.field_of_view_deg is not None
    return float(width / 2 / np.tan(np.radians(mount.field_of_view_deg) / 2))


def rotation_of(mount: MountSettings) -> NDArray[np.float64]:
    """(3, 3): rows are the camera's right, down and forward axes in the world."""
    yaw, tilt, roll = np.radians([mount.yaw_deg, mount.tilt_deg, mount.roll_deg])
    forward = np.array([np.sin(yaw) * np.cos(tilt), np.cos(yaw) * np.cos(tilt), -np.sin(tilt)])
    right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
    down = np.cross(forward, right)
    cos, sin = np.cos(roll), np.sin(roll)
    return np.stack([cos * right + sin * down, cos * down - sin * right, forward])


def shift_of(mount: MountSettings, rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3,) -R C, metres."""
    x, y = mount.position_m
    return np.asarray(-rotation @ np.array([x, y, mount.height_m]), dtype=np.float64)
