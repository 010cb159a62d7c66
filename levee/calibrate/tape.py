"""Where points lie on the ground, from distances between them and where they show in the picture. Pure.

A camera at height h with tilt, roll and focal length f sees level ground; a pixel is then a place, and two pixels a
distance. Few distances fix these four numbers: they are found over a ladder of focal lengths and tilts (for each, h is
the scale that fits the distances best), and refined by least squares (Levenberg-Marquardt). Then the places themselves
are adjusted with the camera, as a surveyor adjusts a net: each distance holds within a tape's error, each place shows
at its pixel within a click's (bundle adjustment with distance observations; Luhmann et al., Close-Range Photogrammetry,
2nd ed., 4.4). What the tape leaves open the camera decides, and the other way round. The origin is the place below the
camera, y points where it looks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from edge.camera_settings import MountSettings
from edge.mount import rotation_of
from edge.points import GroundRefused
from edge.polygon import Points

Floats = NDArray[np.float64]

LEAST_SPANS = 4
TAPE_M = 0.03
CLICK_PX = 1.5
#: What is known of cameras before anything is measured: hung level within degrees, a lens of middling width.
ROLL_DEG = 4.0
FOCAL_LOG = 0.7
_FOCALS = np.geomspace(0.35, 3.0, 12)
_TILTS = np.arange(6.0, 87.0, 5.0)


def places_of(
    pixels: Points, spans: Sequence[tuple[int, int, float]], picture: tuple[int, int], focal_px: float | None = None
) -> Points:
    """(n, 2) metres of points at straight `pixels` (n, 2), from `spans` (first, second, metres).

    GroundRefused with one sentence where the distances do not tell.
    """
    if len(spans) < LEAST_SPANS:
        raise GroundRefused(f"{LEAST_SPANS} distances or more are needed, not {len(spans)}", "spans")
    for number, (a, b, metres) in enumerate(spans):
        if a == b or max(a, b) >= len(pixels):
            raise GroundRefused(f"distance {number + 1} must join two different points", "spans", number)
        if not 0.05 <= metres <= 1000:
            raise GroundRefused(f"distance {number + 1}: {metres:g} m cannot be measured", "spans", number)
    joined = {end for a, b, _ in spans for end in (a, b)}
    if len(joined) < 4:
        raise GroundRefused("the distances must join four points or more", "spans")
    first, second = (np.array([span[k] for span in spans], dtype=int) for k in (0, 1))
    lengths = np.array([span[2] for span in spans])
    start = _camera(pixels, first, second, lengths, picture, focal_px)
    return _adjusted(start, pixels, first, second, lengths, picture, focal_px)


def _camera(
    pixels: Points,
    first: NDArray[np.int_],
    second: NDArray[np.int_],
    metres: Floats,
    picture: tuple[int, int],
    focal_px: float | None,
) -> Floats:
    """(log height, tilt, roll, log focal) that the distances fit best."""
    tried: list[tuple[float, Floats]] = []
    for focal in [focal_px] if focal_px is not None else [share * picture[0] for share in _FOCALS]:
        for tilt in _TILTS:
            guess = np.array([0.0, tilt, 0.0, np.log(focal)])
            places = _places(guess, pixels, picture)
            seen = np.hypot(*(places[first] - places[second]).T)
            if not np.isfinite(places).all() or not seen.any():
                continue
            height = float(seen @ metres / (seen @ seen))
            if not 0.5 < height < 300:
                continue
            guess[0] = np.log(height)
            tried.append((float((((seen * height - metres) / metres) ** 2).sum()), guess))
    if not tried:
        raise GroundRefused("no camera above level ground sees these points: is one of them in the sky?", "points")
    tried.sort(key=lambda each: each[0])

    def misfit(state: Floats) -> Floats:
        places = _places(state, pixels, picture)
        seen = np.hypot(*(places[first] - places[second]).T)
        # A pixel's worth of metres grows with distance: what is far is believed less.
        doubt = TAPE_M + CLICK_PX * _metres_a_pixel(state, places, first, second)
        return np.nan_to_num(np.concatenate([(seen - metres) / doubt, _beliefs(state, picture, focal_px)]), nan=1e6)

    refined = [_least_squares(misfit, guess) for _, guess in tried[:6]]
    return min(refined, key=lambda each: each[0])[1]


def _adjusted(
    start: Floats,
    pixels: Points,
    first: NDArray[np.int_],
    second: NDArray[np.int_],
    metres: Floats,
    picture: tuple[int, int],
    focal_px: float | None,
) -> Points:
    places = _places(start, pixels, picture)
    if not np.isfinite(places).all():
        raise GroundRefused("no camera above level ground sees these points: is one of them in the sky?", "points")

    def misfit(state: Floats) -> Floats:
        at = state[4:].reshape(-1, 2)
        seen = np.hypot(*(at[first] - at[second]).T)
        off = (_pixels(state[:4], at, picture) - pixels).ravel() / CLICK_PX
        return np.nan_to_num(
            np.concatenate([(seen - metres) / TAPE_M, off, _beliefs(state[:4], picture, focal_px)]), nan=1e6
        )

    found = _least_squares(misfit, np.concatenate([start, places.ravel()]))[1]
    return found[4:].reshape(-1, 2)


def _beliefs(state: Floats, picture: tuple[int, int], focal_px: float | None) -> Floats:
    middle, width = (np.log(picture[0]), FOCAL_LOG) if focal_px is None else (np.log(focal_px), 1e-3)
    return np.array([state[2] / ROLL_DEG, (state[3] - middle) / width])


def _rotation(state: Floats) -> Floats:
    return rotation_of(MountSettings(height_m=1.0, tilt_deg=float(state[1]), roll_deg=float(state[2])))


def _places(state: Floats, pixels: Points, picture: tuple[int, int]) -> Points:
    focal = np.exp(state[3])
    rays = np.column_stack([(pixels - np.array(picture) / 2) / focal, np.ones(len(pixels))]) @ _rotation(state)
    with np.errstate(divide="ignore", invalid="ignore"):
        places: Points = rays[:, :2] / -rays[:, 2:] * np.exp(state[0])
    places[rays[:, 2] > -1e-6] = np.nan
    return places


def _pixels(state: Floats, places: Points, picture: tuple[int, int]) -> Points:
    eye = np.column_stack([places, np.full(len(places), -np.exp(state[0]))]) @ _rotation(state).T
    with np.errstate(divide="ignore", invalid="ignore"):
        pixels: Points = eye[:, :2] / eye[:, 2:] * np.exp(state[3]) + np.array(picture) / 2
    pixels[eye[:, 2] <= 1e-6] = np.nan
    return pixels


def _metres_a_pixel(state: Floats, places: Points, first: NDArray[np.int_], second: NDArray[np.int_]) -> Floats:
    far = np.hypot(np.hypot(places[:, 0], places[:, 1]), np.exp(state[0])) ** 2 / np.exp(state[0] + state[3])
    return np.asarray(np.hypot(far[first], far[second]), dtype=np.float64)


def _least_squares(misfit: Callable[[Floats], Floats], start: Floats) -> tuple[float, Floats]:
    state, damping = start.copy(), 1e-2
    error = misfit(state)
    steps = 1e-6 * np.maximum(1.0, np.abs(state))
    for _ in range(80):
        jacobian = np.column_stack(
            [(misfit(state + step * unit) - error) / step for step, unit in zip(steps, np.eye(len(state)), strict=True)]
        )
        normal, gradient = jacobian.T @ jacobian, jacobian.T @ error
        move = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-9), -gradient)
        tried = misfit(state + move)
        if tried @ tried < error @ error:
            gain = float(error @ error - tried @ tried)
            state, error, damping = state + move, tried, damping / 4
            if gain < 1e-9 * (1.0 + float(error @ error)):
                break
        else:
            damping *= 4
            if damping > 1e10:
                break
    return float(error @ error), state
