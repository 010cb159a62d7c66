"""Between the picture and the ground, and between the picture and the plane that heads move on. Pure.

A camera with square pixels and its principal point in the middle of the picture sees the ground z = a x + b y + c
(level, or inclined for steps) through the homography H = K [c1 c2 c3] with c1 = R (1, 0, a), c2 = R (0, 1, b) and
c3 = R (0, 0, c) + t: the column vectors of the plane in the camera's axes (Hartley and Zisserman, Multiple View
Geometry, 2nd ed., 8.1 and 8.8; for a = b = 0 it is Zhang's constraint on one view). The Gram matrix of the first two
columns of K^-1 H is therefore proportional to [[1 + a^2, ab], [ab, 1 + b^2]], which gives the focal length in closed
form; R follows from [c1 c2 c1 x c2], made orthonormal; then focal length and pose are refined together on the pixels.
Heads are h above the ground, on the plane whose homography is K [c1 c2 c3 + h R e_z]: a head taken for a point of the
floor would be put metres behind the feet it belongs to. Flights and landings are no one plane: how far the measured
points lie above or below it, along its slope, is added to h.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.points import GroundRefused, check_points, plane_of
from edge.polygon import Points
from edge.settings import CameraSettings, GroundPoint

Matrix = NDArray[np.float64]

#: A focal length outside these multiples of the picture's width is a fault of the points, not a lens.
FOCAL_RANGE = (0.2, 30.0)
#: Heights over the plane that are left to it: half a tread.
LEAST_PROFILE_M = 0.08
_PROFILE_ROUNDS = 30
#: Below this the depth of the view does not tell the focal length: the camera looks almost straight down.
LEAST_DEPTH = 1e-3


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
    #: Root mean square misfit of the measured points, metres on the ground.
    residual_m: float
    head_height_m: float
    #: SHA-256, shortened, of all that the calibration was made from.
    digest: str

    def to_picture(self, places: Points, *, height_m: float = 0.0) -> Points:
        """Pixels of points `height_m` above ground places (x, y); NaN for what lies behind the camera."""
        mapped = np.column_stack([places, np.ones(len(places))]) @ self.floor.T
        lift = self._lift(places, height_m)
        if self.rise is not None:
            mapped += lift[:, None] * self.rise
        with np.errstate(divide="ignore", invalid="ignore"):
            pixels: Points = mapped[:, :2] / mapped[:, 2:]
        pixels[~(mapped[:, 2] > 1e-12)] = np.nan
        return pixels

    def to_ground(self, pixels: Points, *, height_m: float = 0.0) -> Points:
        """Ground places (x, y) of pixels that show points `height_m` above the ground; NaN at and above the horizon."""
        # w (u, v, 1) = floor (x, y, 1) + lift * rise is linear in x, y and w, and its solution linear in the lift.
        system = np.empty((len(pixels), 3, 3))
        system[:, :, :2] = self.floor[:, :2]
        system[:, :2, 2] = -pixels
        system[:, 2, 2] = -1.0
        rise = np.zeros(3) if self.rise is None else self.rise
        right = np.broadcast_to(-np.column_stack([self.floor[:, 2], rise]), (len(pixels), 3, 2))
        flat = np.abs(np.linalg.det(system)) < 1e-15
        system[flat] = np.eye(3)
        solved = np.asarray(np.linalg.solve(system, right), dtype=np.float64)
        found = solved[:, :, 0] + self._lift(np.zeros((len(pixels), 2)), height_m)[:, None] * solved[:, :, 1]
        for _ in range(_PROFILE_ROUNDS if self.profile is not None else 1):
            # Half-way each time, so that a profile steeper than the line of sight does not swing.
            lift = self._lift(found[:, :2], height_m)
            found = 0.5 * (found + solved[:, :, 0] + lift[:, None] * solved[:, :, 1])
        places: Points = found[:, :2].copy()
        places[flat | ~(found[:, 2] > 0)] = np.nan
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
        found[~(seen[:, 2] > 1e-12)] = np.nan
        return found

    def _lift(self, places: Points, height_m: float) -> NDArray[np.float64]:
        """Height over the plane, in metres, of points `height_m` above the ground at these places."""
        if height_m != 0.0 and self.rise is None:
            raise ValueError("this view knows the ground only, and nothing above it")
        if self.profile is None:
            return np.full(len(places), height_m)
        return height_m + np.interp(_along(places, self.plane), *self.profile)


def calibrate(camera: CameraSettings) -> Ground:
    """The view of a camera from its measured points; GroundRefused with one sentence that names the point at fault."""
    if camera.picture_px is None:
        raise GroundRefused("`ground_points` need `picture_px`, the size that they refer to", "picture_px")
    picture = camera.picture_px
    pixels, ground, elevation = check_points(camera.ground_points, picture)
    plane = plane_of(ground, elevation, camera.residual_limit_m)
    flat = _homography(ground, pixels)
    behind = np.flatnonzero(~(ground @ flat[2, :2] + flat[2, 2] > 0))
    if len(behind):
        raise GroundRefused(
            f"point {behind[0] + 1} would lie behind the camera: the points do not fit one view",
            "ground_points",
            int(behind[0]),
        )
    # Points off the plane, such as those of a landing, show elsewhere on it; the camera found below allows for that.
    above = elevation - (ground @ np.array(plane[:2]) + plane[2])
    slack_m = 0.0 if camera.head_height_m == 0 else 4.0 * float(np.abs(above).max())
    _refuse_misfit(_misfit(flat, pixels, ground), pixels, ground, camera.residual_limit_m + slack_m)
    floor, rise, focal = flat, None, camera.focal_px
    off = _misfit(flat, pixels, ground)
    if camera.head_height_m > 0:
        focal = camera.focal_px if camera.focal_px is not None else focal_of(flat, plane, picture)
        world = np.column_stack([ground, elevation])
        floor, rise, focal = _pinhole(flat, plane, picture, focal, camera.focal_px is None, world, pixels)
        off = _misfit(floor, pixels, ground, rise, above)
        _refuse_misfit(off, pixels, ground, camera.residual_limit_m)
    residual = float(np.sqrt(np.mean(off**2)))
    profile = None if rise is None else _profile(ground, above, plane)
    return Ground(picture, plane, floor, rise, focal, profile, residual, camera.head_height_m, _digest(camera))


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


def focal_of(homography: Matrix, plane: tuple[float, float, float], picture: tuple[int, int]) -> float:
    """Focal length in pixels that makes the homography the view of a camera (see the module's text).

    GroundRefused where the view does not tell it, as one straight down does not.
    """
    a, b, _ = plane
    h = homography.copy()
    h[0] -= picture[0] / 2 * h[2]
    h[1] -= picture[1] / 2 * h[2]
    # Columns in units of the picture's width, so that the equations below are well scaled.
    h[:2] /= picture[0]
    h /= np.linalg.norm(h[:, :2])
    across = h[:2, :2].T @ h[:2, :2]
    depth = np.outer(h[2, :2], h[2, :2])
    # Gram matrix g * across + depth, proportional to [[1 + a^2, ab], [ab, 1 + b^2]]; g is (width / focal)^2.
    wanted = np.array([[1 + a * a, a * b], [a * b, 1 + b * b]])
    pairs = (((0, 0), (1, 1)), ((0, 0), (0, 1)), ((1, 1), (0, 1)))
    p = np.array([wanted[j] * across[i] - wanted[i] * across[j] for i, j in pairs])
    q = np.array([wanted[j] * depth[i] - wanted[i] * depth[j] for i, j in pairs])
    squared = -float(p @ q) / float(p @ p) if float(p @ p) > 0 else 0.0
    focal = picture[0] / np.sqrt(squared) if squared > 0 else np.inf
    if np.abs(q).max() < LEAST_DEPTH**2 or not FOCAL_RANGE[0] <= focal / picture[0] <= FOCAL_RANGE[1]:
        raise GroundRefused(
            "the points do not tell the focal length (the camera looks nearly straight down, or they are too inexact): "
            "give `focal_px`, or set `head_height_m: 0` to count on the ground itself",
            "focal_px",
        )
    return float(focal)


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


def _pinhole(
    flat: Matrix,
    plane: tuple[float, float, float],
    picture: tuple[int, int],
    focal: float,
    free_focal: bool,
    world: Points,
    pixels: Points,
) -> tuple[Matrix, NDArray[np.float64], float]:
    """The camera behind a homography: its floor, its rise of one metre, and its focal length, refined on the pixels."""
    a, b, c = plane
    inverse_k = np.array([[1 / focal, 0, -picture[0] / 2 / focal], [0, 1 / focal, -picture[1] / 2 / focal], [0, 0, 1]])
    columns = inverse_k @ flat
    scale = np.sqrt((columns[:, 0] @ columns[:, 0] + columns[:, 1] @ columns[:, 1]) / (2 + a * a + b * b))
    columns = columns / scale
    seen = np.column_stack([columns[:, 0], columns[:, 1], np.cross(columns[:, 0], columns[:, 1])])
    basis = np.array([[1, 0, -a], [0, 1, -b], [a, b, 1]], dtype=np.float64)
    u, _, vt = np.linalg.svd(seen @ np.linalg.inv(basis))
    rotation = u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt
    shift = columns[:, 2] - rotation @ np.array([0, 0, c])
    rotation, shift, focal = _refine(rotation, shift, focal, free_focal, picture, world, pixels)
    k = np.array([[focal, 0, picture[0] / 2], [0, focal, picture[1] / 2], [0, 0, 1]])
    floor = k @ np.column_stack(
        [rotation @ np.array([1, 0, a]), rotation @ np.array([0, 1, b]), rotation @ np.array([0, 0, c]) + shift]
    )
    size = np.linalg.norm(floor[2])
    return floor / size, k @ rotation[:, 2] / size, focal


def _refine(
    rotation: Matrix,
    shift: NDArray[np.float64],
    focal: float,
    free_focal: bool,
    picture: tuple[int, int],
    world: Points,
    pixels: Points,
) -> tuple[Matrix, NDArray[np.float64], float]:
    """Least squares of the pixels over pose and, where it is free, the logarithm of the focal length."""
    size = 7 if free_focal else 6
    state = np.concatenate([np.zeros(3), shift, [0.0]])
    start = rotation
    depth = max(float(np.linalg.norm(shift)), 1.0)
    steps = np.array([1e-6] * 3 + [1e-6 * depth] * 3 + [1e-6])

    def misfit(x: NDArray[np.float64]) -> NDArray[np.float64]:
        turned = cv2.Rodrigues(x[:3])[0] @ start
        eye = world @ turned.T + x[3:6]
        if (eye[:, 2] <= 0).any():
            return np.full(pixels.size, 1e9)
        seen = eye[:, :2] / eye[:, 2:] * (focal * np.exp(x[6])) + np.array(picture) / 2
        return (seen - pixels).ravel()

    damping, error = 1e-3, misfit(state)
    for _ in range(60):
        jacobian = np.column_stack(
            [(misfit(state + step * unit) - error) / step for step, unit in zip(steps[:size], np.eye(7), strict=False)]
        )
        normal = jacobian.T @ jacobian
        gradient = jacobian.T @ error
        move = np.zeros(7)
        move[:size] = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-12), -gradient)
        tried = misfit(state + move)
        if tried @ tried < error @ error:
            gain = error @ error - tried @ tried
            state, error, damping = state + move, tried, damping / 5
            if gain < 1e-12 * (1.0 + error @ error):
                break
        else:
            damping *= 5
            if damping > 1e12:
                break
    return cv2.Rodrigues(state[:3])[0] @ start, state[3:6], float(focal * np.exp(state[6]))


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


def _refuse_misfit(off: NDArray[np.float64], pixels: Points, ground: Points, limit_m: float) -> None:
    residual = float(np.sqrt(np.mean(off**2)))
    if np.isfinite(residual) and residual <= limit_m:
        return
    worst = int(np.nanargmax(off)) if np.isfinite(off).any() else 0
    if len(pixels) > 5:
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
    facts = (
        camera.picture_px,
        [(*map(float, p.pixel), *map(float, p.ground), float(p.z)) for p in points],
        camera.focal_px,
        float(camera.head_height_m),
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
