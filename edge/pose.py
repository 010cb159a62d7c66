"""The camera behind a view of the ground: focal length and pose, from a homography or from points in space. Pure.

The formulas stand in `edge.ground`.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.points import GroundRefused
from edge.polygon import Points

Matrix = NDArray[np.float64]

#: A focal length outside these multiples of the picture's width is a fault of the points, not a lens.
FOCAL_RANGE = (0.2, 30.0)
#: Below this the depth of the view does not tell the focal length: the camera looks almost straight down.
LEAST_DEPTH = 1e-3
_FOCALS_TRIED = 24


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


def pinhole(
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
    return (*floor_and_rise(rotation, shift, focal, plane, picture), focal)


def floor_and_rise(
    rotation: Matrix,
    shift: NDArray[np.float64],
    focal: float,
    plane: tuple[float, float, float],
    picture: tuple[int, int],
) -> tuple[Matrix, NDArray[np.float64]]:
    """Homography of the plane, and what a metre above it adds, of a camera with world-to-eye `rotation` and `shift`."""
    a, b, c = plane
    k = np.array([[focal, 0, picture[0] / 2], [0, focal, picture[1] / 2], [0, 0, 1]])
    floor = k @ np.column_stack(
        [rotation @ np.array([1, 0, a]), rotation @ np.array([0, 1, b]), rotation @ np.array([0, 0, c]) + shift]
    )
    size = np.linalg.norm(floor[2])
    return floor / size, k @ rotation[:, 2] / size


def resected(
    world: Points, pixels: Points, picture: tuple[int, int], focal: float | None
) -> tuple[Matrix, NDArray[np.float64], float]:
    """Rotation, shift and focal length of the camera that sees points (n, 3) m of any height at `pixels` (n, 2).

    SQPnP (Terzakis and Lourakis, 2020) at a ladder of focal lengths, the best one refined; GroundRefused where no
    camera sees them so.
    """
    ladder = [focal] if focal is not None else list(np.geomspace(0.3, 12.0, _FOCALS_TRIED) * picture[0])
    best: tuple[float, float, Matrix, NDArray[np.float64]] | None = None
    for tried in ladder:
        k = np.array([[tried, 0, picture[0] / 2], [0, tried, picture[1] / 2], [0, 0, 1]])
        try:
            found, turn, shift = cv2.solvePnP(world, pixels, k, None, flags=cv2.SOLVEPNP_SQPNP)
        except cv2.error:
            continue
        rotation = np.asarray(cv2.Rodrigues(turn)[0], dtype=np.float64)
        eye = world @ rotation.T + shift.ravel()
        if not found or (eye[:, 2] <= 0).any() or (rotation.T @ -shift.ravel())[2] <= world[:, 2].min():
            continue
        off = eye[:, :2] / eye[:, 2:] * tried + np.array(picture) / 2 - pixels
        error = float((off**2).sum())
        if best is None or error < best[0]:
            best = (error, tried, rotation, np.asarray(shift, dtype=np.float64).ravel())
    if best is None:
        raise GroundRefused("no camera above the ground sees the ground points like that", "ground_points")
    rotation, shift, length = _refine(best[2], best[3], best[1], focal is None, picture, world, pixels)
    if not FOCAL_RANGE[0] <= length / picture[0] <= FOCAL_RANGE[1]:
        raise GroundRefused("the points do not tell the focal length: give `focal_px`", "focal_px")
    return rotation, shift, length


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
