"""Between the picture and the ground, and between the picture and the plane that heads move on. Pure.

A camera with square pixels and its principal point in the middle of the picture sees the ground z = a x + b y + c
(level, or inclined for steps) through the homography H = K [c1 c2 c3] with c1 = R (1, 0, a), c2 = R (0, 1, b) and
c3 = R (0, 0, c) + t: the column vectors of the plane in the camera's axes (Hartley and Zisserman, Multiple View
Geometry, 2nd ed., 8.1 and 8.8; for a = b = 0 it is Zhang's constraint on one view). The Gram matrix of the first two
columns of K^-1 H is therefore proportional to [[1 + a^2, ab], [ab, 1 + b^2]], which gives the focal length in closed
form; R follows from [c1 c2 c1 x c2], made orthonormal; then focal length and pose are refined together on the pixels.
Heads are h above the ground, on the plane whose homography is K [c1 c2 c3 + h R e_z]: a head taken for a point of the
floor would be put metres behind the feet it belongs to. Flights and landings are no one plane: how far the measured
points lie above or below it, along its slope, is added to h; or the pieces of `edge.elevation` say how high the ground
is, and the camera is found from the points in space (`edge.pose.resected`). What the lens bends is made straight first
(`edge.lens`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.camera_settings import CameraSettings, GroundPoint
from edge.elevation import Elevation, elevation_of
from edge.lens import Lens, lens_of_lines
from edge.mount import focal_px, rotation_of, shift_of
from edge.points import GroundRefused, check_points, plane_of
from edge.polygon import Points
from edge.pose import Matrix, floor_and_rise, focal_of, pinhole, resected

#: Heights over the plane that are left to it: half a tread.
LEAST_PROFILE_M = 0.08
_PROFILE_ROUNDS = 30
_PROFILE_ENOUGH_M = 1e-4


@dataclass(frozen=True)
class Ground:
    """A calibrated view. Points are (n, 2) arrays; pixels refer to a picture of the size `picture` (width, height)."""

    picture: tuple[int, int]
    #: (a, b, c) of z = a x + b y + c, metres.
    plane: tuple[float, float, float]
    #: Homography from ground (x, y, 1), metres, to pixels, scaled so that points in front of the camera have w > 0.
    floor: Matrix
    #: What one metre above the ground adds to `floor`'s homogeneous pixels; None where only the ground is known.
    rise: NDArray[np.float64] | None
    focal_px: float | None
    #: Positions along the slope and heights over the plane there, (2, n) metres; None where the ground is a plane.
    profile: NDArray[np.float64] | None
    #: Root mean square misfit of the measured points, metres on the ground; None where no point was measured.
    residual_m: float | None
    head_height_m: float
    #: SHA-256, shortened, of all that the calibration was made from.
    digest: str
    #: None where the picture is a pinhole's already.
    lens: Lens | None = None
    #: How high the ground is where it is no plane; None where it is one, or `profile` tells.
    elevation: Elevation | None = None

    def height(self, places: Points) -> NDArray[np.float64]:
        """(n,) height of the ground at places (x, y), metres over the origin."""
        plane: NDArray[np.float64] = places @ np.array(self.plane[:2]) + self.plane[2]
        return plane + self._over_plane(places)

    def to_picture(self, places: Points, *, height_m: float = 0.0) -> Points:
        """Pixels of points `height_m` above ground places (x, y); NaN for what lies behind the camera."""
        mapped = np.column_stack([places, np.ones(len(places))]) @ self.floor.T
        lift = self._lift(places, height_m)
        if self.rise is not None:
            mapped += lift[:, None] * self.rise
        with np.errstate(divide="ignore", invalid="ignore"):
            pixels: Points = mapped[:, :2] / mapped[:, 2:]
        pixels[~(mapped[:, 2] > 1e-12)] = np.nan
        return pixels if self.lens is None else self.lens.bent(pixels)

    def to_ground(self, pixels: Points, *, height_m: float = 0.0) -> Points:
        """Ground places (x, y) of pixels that show points `height_m` above the ground; NaN at and above the horizon."""
        if self.lens is not None:
            pixels = self.lens.straight(pixels)
        # floor (x, y, 1) + lift * rise = w (u, v, 1): with a = floor^-1 (u, v, 1) and b = floor^-1 rise, the third row
        # gives w = (1 + lift b3) / a3, and (x, y) = w (a1, a2) - lift (b1, b2).
        back = np.linalg.inv(self.floor)
        a = np.column_stack([pixels, np.ones(len(pixels))]) @ back.T
        b = np.zeros(3) if self.rise is None else back @ self.rise
        flat = np.abs(a[:, 2]) < 1e-12
        third = np.where(flat, 1.0, a[:, 2])

        def at(lift: NDArray[np.float64]) -> tuple[Points, NDArray[np.float64]]:
            w = (1 + lift * b[2]) / third
            return w[:, None] * a[:, :2] - lift[:, None] * b[:2], w

        found, depth = at(self._lift(np.zeros((len(pixels), 2)), height_m))
        if self.profile is not None or self.elevation is not None:
            for _ in range(_PROFILE_ROUNDS):
                # Half-way each time, so that a profile steeper than the line of sight does not swing.
                before = found
                reached, depth = at(self._lift(found, height_m))
                found = 0.5 * (found + reached)
                if float(np.nanmax(np.abs(found - before), initial=0)) < _PROFILE_ENOUGH_M:
                    break
        places: Points = found.copy()
        places[flat | ~(depth > 0)] = np.nan
        return places

    def derivative(self, places: Points, *, height_m: float = 0.0) -> NDArray[np.float64]:
        """(n, 2, 3) by how many px a point `height_m` above each place moves for a metre along x, y and upwards.

        (n, 2, 2) where only the ground is known; NaN for what lies behind the camera.
        """
        lift = self._lift(places, height_m)
        seen = np.column_stack([places, np.ones(len(places))]) @ self.floor.T
        axes = self.floor[:, :2]
        if self.rise is not None:
            seen += lift[:, None] * self.rise
            # a step along the sloping plane rises with it: level steps are what is asked for
            level = axes - np.outer(self.rise, self.plane[:2])
            axes = np.column_stack([level, self.rise])
        with np.errstate(divide="ignore", invalid="ignore"):
            pixels = seen[:, :2] / seen[:, 2:]
            found: NDArray[np.float64] = (axes[:2] - pixels[:, :, None] * axes[2]) / seen[:, 2, None, None]
        if self.lens is not None:
            found = self.lens.derivative(pixels) @ found
        found[~(seen[:, 2] > 1e-12)] = np.nan
        return found

    def _lift(self, places: Points, height_m: float) -> NDArray[np.float64]:
        """Height over the plane, in metres, of points `height_m` above the ground at these places."""
        if height_m != 0.0 and self.rise is None:
            raise ValueError("this view knows the ground only, and nothing above it")
        return height_m + self._over_plane(places)

    def _over_plane(self, places: Points) -> NDArray[np.float64]:
        if self.elevation is not None:
            return self.elevation.height(places, self.plane) - (places @ np.array(self.plane[:2]) + self.plane[2])
        if self.profile is None:
            return np.zeros(len(places))
        return np.asarray(np.interp(_along(places, self.plane), *self.profile), dtype=np.float64)


def calibrate(camera: CameraSettings) -> Ground:
    """The view of a camera from its measured points, or from its mount; GroundRefused with one sentence that names the
    point or setting at fault."""
    if camera.picture_px is None:
        raise GroundRefused("`ground_points` need `picture_px`, the size that they refer to", "picture_px")
    picture = camera.picture_px
    lens = _lens(camera, picture)
    elevation = elevation_of(camera.elevation) if camera.elevation else None
    if camera.mount is not None:
        return _mounted(camera, picture, lens, elevation)
    pixels, ground, heights = check_points(camera.ground_points, picture, one_plane=elevation is None)
    if lens is not None:
        pixels = lens.straight(pixels)
    if elevation is not None:
        return _on_pieces(camera, picture, lens, elevation, pixels, np.column_stack([ground, heights]))
    plane = plane_of(ground, heights, camera.residual_limit_m)
    flat = _homography(ground, pixels)
    behind = np.flatnonzero(~(ground @ flat[2, :2] + flat[2, 2] > 0))
    if len(behind):
        raise GroundRefused(
            f"point {behind[0] + 1} would lie behind the camera: the points do not fit one view",
            "ground_points",
            int(behind[0]),
        )
    # Points off the plane, such as those of a landing, show elsewhere on it; the camera found below allows for that.
    above = heights - (ground @ np.array(plane[:2]) + plane[2])
    slack_m = 0.0 if camera.head_height_m == 0 else 4.0 * float(np.abs(above).max())
    _refuse_misfit(_misfit(flat, pixels, ground), pixels, ground, camera.residual_limit_m + slack_m)
    floor, rise, focal = flat, None, camera.focal_px
    off = _misfit(flat, pixels, ground)
    if camera.head_height_m > 0:
        focal = camera.focal_px if camera.focal_px is not None else focal_of(flat, plane, picture)
        world = np.column_stack([ground, heights])
        floor, rise, focal = pinhole(flat, plane, picture, focal, camera.focal_px is None, world, pixels)
        off = _misfit(floor, pixels, ground, rise, above)
        _refuse_misfit(off, pixels, ground, camera.residual_limit_m)
    profile = None if rise is None else _profile(ground, above, plane)
    return Ground(picture, plane, floor, rise, focal, profile, _rms(off), camera.head_height_m, _digest(camera), lens)


def _lens(camera: CameraSettings, picture: tuple[int, int]) -> Lens | None:
    if camera.straight_lines:
        return lens_of_lines([np.array(line, dtype=np.float64) for line in camera.straight_lines], picture)
    if camera.distortion is None:
        return None
    if not np.isfinite(camera.distortion).all():
        raise GroundRefused("`distortion` holds a number that is not finite", "distortion")
    if camera.mount is not None:
        unit = focal_px(camera, camera.mount, picture[0])
    elif camera.focal_px is not None:
        unit = camera.focal_px
    else:
        raise GroundRefused("`distortion` needs the `focal_px` that it was measured with", "distortion")
    return Lens(picture, unit, *camera.distortion)


def _mounted(
    camera: CameraSettings, picture: tuple[int, int], lens: Lens | None, elevation: Elevation | None
) -> Ground:
    """From height and tilt over level ground z = 0; points that were measured all the same must fit."""
    mount = camera.mount
    assert mount is not None
    focal, plane = focal_px(camera, mount, picture[0]), (0.0, 0.0, 0.0)
    rotation = rotation_of(mount)
    floor, rise = floor_and_rise(rotation, shift_of(mount, rotation), focal, plane, picture)
    residual = None
    if camera.ground_points:
        pixels, ground, heights = check_points(camera.ground_points, picture, least=1)
        straight = lens.straight(pixels) if lens is not None else pixels
        off = _misfit(floor, straight, ground, rise, heights)
        residual = _rms(off)
        if not residual <= camera.residual_limit_m:
            worst = int(np.argmax(np.where(np.isfinite(off), off, np.inf)))
            far = f"is off by {off[worst]:.2f} m" if np.isfinite(off[worst]) else "would lie above the horizon"
            raise GroundRefused(
                f"the measured points do not fit the mount: residual {residual:.2f} m (limit "
                f"{camera.residual_limit_m:g} m), point {worst + 1} {far}",
                "ground_points",
                worst,
            )
    return Ground(
        picture, plane, floor, rise, focal, None, residual, camera.head_height_m, _digest(camera), lens, elevation
    )


def _on_pieces(
    camera: CameraSettings,
    picture: tuple[int, int],
    lens: Lens | None,
    elevation: Elevation,
    pixels: Points,
    world: Points,
) -> Ground:
    """From measured points at whatever heights, on ground whose pieces are known."""
    ground, heights = world[:, :2], world[:, 2]
    free = ~elevation.covers(ground)
    plane = (0.0, 0.0, float(heights[free].mean() if free.any() else heights.mean()))
    wrong = np.abs(elevation.height(ground, plane) - heights)
    worst = int(wrong.argmax())
    if wrong[worst] > camera.residual_limit_m:
        raise GroundRefused(
            f"point {worst + 1} was measured {wrong[worst]:.2f} m above or below what `elevation` says of its place "
            f"(limit {camera.residual_limit_m:g} m)",
            "ground_points",
            worst,
            "z",
        )
    rotation, shift, focal = resected(world, pixels, picture, camera.focal_px)
    floor, rise = floor_and_rise(rotation, shift, focal, plane, picture)
    off = _misfit(floor, pixels, ground, rise, heights - plane[2])
    _refuse_misfit(off, pixels, ground, camera.residual_limit_m, blame=False)
    return Ground(
        picture, plane, floor, rise, focal, None, _rms(off), camera.head_height_m, _digest(camera), lens, elevation
    )


def _rms(off: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(off**2)))


def _along(places: Points, plane: tuple[float, float, float]) -> NDArray[np.float64]:
    """Position of places along the slope of the plane, metres."""
    steepest = np.array(plane[:2])
    return np.asarray(places @ (steepest / max(float(np.hypot(*steepest)), 1e-9)), dtype=np.float64)


def _profile(
    ground: Points, above: NDArray[np.float64], plane: tuple[float, float, float]
) -> NDArray[np.float64] | None:
    """(2, n): positions along the slope and mean heights over the plane of the points that stand there."""
    if float(np.abs(above).max()) < LEAST_PROFILE_M:
        return None
    # Points within 20 cm of each other along the slope belong to one edge.
    edges = np.round(_along(ground, plane) / 0.2)
    places = [(float(_along(ground[edges == e], plane).mean()), float(above[edges == e].mean())) for e in set(edges)]
    return np.array(sorted(places)).T


def _homography(ground: Points, pixels: Points) -> Matrix:
    """Least squares in the picture (direct linear transform, then Levenberg-Marquardt), w > 0 at the points' middle."""
    middle = ground.mean(axis=0)
    spread = max(float(np.abs(ground - middle).max()), 1e-9)
    found, _ = cv2.findHomography((ground - middle) / spread, pixels, 0)
    if found is None or abs(np.linalg.det(found)) < 1e-12:
        raise GroundRefused("the ground points do not fix a view of the ground", "ground_points")
    to_unit = np.array([[1 / spread, 0, -middle[0] / spread], [0, 1 / spread, -middle[1] / spread], [0, 0, 1]])
    matrix: Matrix = np.asarray(found, dtype=np.float64) @ to_unit
    if matrix[2] @ np.array([*middle, 1.0]) < 0:
        matrix = -matrix
    return matrix / np.linalg.norm(matrix[2])


def _misfit(
    floor: Matrix,
    pixels: Points,
    ground: Points,
    rise: NDArray[np.float64] | None = None,
    above: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Distance in metres between each measured place and the one its pixel shows, at its own height over the plane."""
    heights = np.zeros(len(pixels)) if above is None else above
    places = np.empty_like(ground)
    for i, height in enumerate(heights):
        matrix = floor.copy()
        if rise is not None:
            matrix[:, 2] += height * rise
        back = np.linalg.inv(matrix) @ np.array([*pixels[i], 1.0])
        places[i] = back[:2] / (back[2] if abs(back[2]) > 1e-12 else np.nan)
    off: NDArray[np.float64] = np.hypot(*(places - ground).T)
    return off


def _refuse_misfit(
    off: NDArray[np.float64], pixels: Points, ground: Points, limit_m: float, *, blame: bool = True
) -> None:
    residual = _rms(off)
    if np.isfinite(residual) and residual <= limit_m:
        return
    worst = int(np.nanargmax(off)) if np.isfinite(off).any() else 0
    if blame and len(pixels) > 5:
        # Least squares spread one bad point over all; the one without which the rest fit best is the one to name.
        worst = min(range(len(pixels)), key=lambda i: _residual_without(pixels, ground, i))
    raise GroundRefused(
        f"the ground points do not fit one view: residual {residual:.2f} m (limit {limit_m:g} m), point {worst + 1} "
        f"is off by {off[worst]:.2f} m",
        "ground_points",
        worst,
    )


def _residual_without(pixels: Points, ground: Points, index: int) -> float:
    keep = np.arange(len(pixels)) != index
    try:
        off = _misfit(_homography(ground[keep], pixels[keep]), pixels[keep], ground[keep])
    except GroundRefused:
        return float("inf")
    return float(np.sqrt(np.mean(off**2)))


def _digest(camera: CameraSettings) -> str:
    points: Sequence[GroundPoint] = camera.ground_points
    facts: tuple[object, ...] = (
        camera.picture_px,
        [(*map(float, p.pixel), *map(float, p.ground), float(p.z)) for p in points],
        camera.focal_px,
        float(camera.head_height_m),
    )
    more = (camera.mount, camera.distortion, camera.straight_lines, camera.elevation)
    # What is not used does not change the digest of a view that was calibrated before it could be.
    facts = (*facts, *(each for each in more if each))
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
