"""A calibrated view as the page draws it: the metric grid on the picture, the horizon, the camera's place. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.ground import Ground
from edge.polygon import Points

FURTHEST_M = 120.0
LINES_MOST = 36
STEPS_M = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
_SAMPLES = (24, 18)


@dataclass(frozen=True)
class GridLine:
    """One line of the grid: px of its pieces in the picture; `metres` is its x or y, by `axis`."""

    axis: str
    metres: float
    pixels: list[list[tuple[float, float]]]


@dataclass(frozen=True)
class Pose:
    """Where the camera hangs: place (x, y) and height over the ground below it in metres, tilt in degrees, direction
    of view (x, y) of length 1, focal length in px and horizontal field of view in degrees."""

    place: tuple[float, float]
    height_m: float
    tilt_deg: float
    towards: tuple[float, float]
    focal_px: float
    field_of_view_deg: float


def pose(ground: Ground) -> Pose | None:
    """None where only the ground is known, as with `head_height_m: 0`."""
    if ground.rise is None or ground.focal_px is None:
        return None
    width, height = ground.picture
    focal = ground.focal_px
    inverse = np.array([[1 / focal, 0, -width / 2 / focal], [0, 1 / focal, -height / 2 / focal], [0, 0, 1]])
    columns, up = inverse @ ground.floor, inverse @ ground.rise
    scale = float(np.linalg.norm(up))
    up, columns = up / scale, columns / scale
    a, b, c = ground.plane
    rotation = np.column_stack([columns[:, 0] - a * up, columns[:, 1] - b * up, up])
    centre = -rotation.T @ (columns[:, 2] - c * up)
    look = rotation[2]
    flat = np.hypot(look[0], look[1])
    towards = (float(look[0] / flat), float(look[1] / flat)) if flat > 1e-6 else (0.0, 1.0)
    below = float(ground.height(centre[None, :2])[0])
    return Pose(
        (float(centre[0]), float(centre[1])),
        float(centre[2]) - below,
        float(np.degrees(np.arcsin(np.clip(-look[2], -1, 1)))),
        towards,
        focal,
        float(np.degrees(2 * np.arctan(width / 2 / focal))),
    )


def seen_ground(ground: Ground) -> Points:
    """(n, 2) places of a raster over the picture, without what is beyond `FURTHEST_M` of the nearest."""
    width, height = ground.picture
    u, v = np.meshgrid(np.linspace(0, width, _SAMPLES[0]), np.linspace(0, height, _SAMPLES[1]))
    places = ground.to_ground(np.column_stack([u.ravel(), v.ravel()]))
    rows = places.reshape(_SAMPLES[1], _SAMPLES[0], 2)
    nearest = rows[-1][np.flatnonzero(np.isfinite(rows[-1]).all(axis=1))]
    places = places[np.isfinite(places).all(axis=1)]
    if not len(nearest) or not len(places):
        return np.zeros((0, 2))
    middle = nearest.mean(axis=0)
    near: Points = places[np.flatnonzero(np.linalg.norm(places - middle, axis=1) <= FURTHEST_M)]
    return near


def footprint(ground: Ground) -> list[tuple[float, float]]:
    """Corners (m) of the ground that the picture shows, as far as 60 m beyond its nearest edge."""
    width, height = ground.picture
    corners = []
    for u in (0.0, width):
        column = ground.to_ground(np.column_stack([np.full(60, u), np.linspace(height, 0, 60)]))
        whole = np.asarray(np.isfinite(column).all(axis=1), dtype=bool)
        if not whole[0]:
            return []
        far = np.flatnonzero(whole & (np.linalg.norm(column - column[0], axis=1) <= 60.0))
        corners.append((column[0], column[far[-1]]))
    (a, b), (c, d) = corners
    return [(float(p[0]), float(p[1])) for p in (a, b, d, c)]


def grid(ground: Ground) -> tuple[float, list[GridLine]]:
    """(step in metres, lines): whole multiples of the step, over the ground that the picture shows."""
    places = seen_ground(ground)
    if len(places) < 3:
        return 1.0, []
    low, high = np.percentile(places, [0, 97], axis=0)
    extent = high - low
    step = next((s for s in STEPS_M if (extent / s).sum() <= LINES_MOST), STEPS_M[-1])
    lines = []
    for axis, name in ((0, "x"), (1, "y")):
        other = 1 - axis
        along = np.arange(low[other] - step, high[other] + step, min(step / 4, 0.5))
        for metres in np.arange(np.ceil(low[axis] / step), np.floor(high[axis] / step) + 1) * step:
            where = np.empty((len(along), 2))
            where[:, axis], where[:, other] = metres, along
            pieces = _pieces(ground.to_picture(where), ground.picture)
            if pieces:
                lines.append(GridLine(name, float(metres), pieces))
    return step, lines


def horizon(ground: Ground) -> list[tuple[float, float]]:
    """The horizon of the plane across the picture, px; empty where the picture does not show it."""
    line = np.linalg.inv(ground.floor).T @ np.array([0.0, 0.0, 1.0])
    if abs(line[1]) < 1e-12:
        return []
    width, height = ground.picture
    u = np.linspace(-0.3 * width, 1.3 * width, 60)
    pixels = np.column_stack([u, -(line[0] * u + line[2]) / line[1]])
    if ground.lens is not None:
        pixels = ground.lens.bent(pixels)
    shown = (
        np.isfinite(pixels).all(axis=1) & (pixels >= -2).all(axis=1) & (pixels <= [width + 2, height + 2]).all(axis=1)
    )
    return [(round(float(x), 1), round(float(y), 1)) for x, y in pixels[shown]]


def _pieces(pixels: Points, picture: tuple[int, int]) -> list[list[tuple[float, float]]]:
    """What of a line of pixels lies in or near the picture, without the gaps."""
    margin = 0.25 * max(picture)
    with np.errstate(invalid="ignore"):
        inside = np.all((pixels > -margin) & (pixels < np.array(picture) + margin), axis=1)
        shown = np.all((pixels >= 0) & (pixels <= np.array(picture)), axis=1)
    if not shown.any():
        return []
    pieces: list[list[tuple[float, float]]] = []
    for place, good, before in zip(pixels, inside, [False, *inside.tolist()[:-1]], strict=True):
        if not good:
            continue
        if not before:
            pieces.append([])
        pieces[-1].append((round(float(place[0]), 1), round(float(place[1]), 1)))
    return [piece for piece in pieces if len(piece) > 1]
