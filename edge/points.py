"""Measured ground points, checked before anything is computed from them: each refusal says which point. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from edge.camera_settings import GroundPoint
from edge.polygon import Points

#: A triangle lower than this share of its longest side counts as a line.
LINE_SHARE = 0.02
#: Points nearer than this are the same point.
SAME_PIXEL = 1.0
SAME_GROUND_M = 0.01
#: Points may stand this far outside the picture: on its very edge, clicked by hand.
EDGE_PX = 0.5


class GroundRefused(ValueError):
    """Ground points or a zone that cannot be used; one sentence, and the setting it is about."""

    def __init__(self, line: str, *setting: str | int) -> None:
        super().__init__(line)
        #: Path of the setting below the camera or the zone, for example ("ground_points", 2).
        self.setting = setting


def check_points(
    points: Sequence[GroundPoint], picture: tuple[int, int], *, least: int = 4, one_plane: bool = True
) -> tuple[Points, Points, Points]:
    """Pixels (n, 2), ground (n, 2) in metres and elevations (n,) in metres; GroundRefused names the point at fault.

    Points are numbered from 1 in the sentences, as a person counts them. Fewer than four only check a view that is
    known; those of no one plane may turn in the picture as they do not on the ground.
    """
    if len(points) < least:
        raise GroundRefused(f"four ground points or more are needed, not {len(points)}", "ground_points")
    pixels = np.array([p.pixel for p in points], dtype=np.float64)
    ground = np.array([p.ground for p in points], dtype=np.float64)
    elevation = np.array([p.z for p in points], dtype=np.float64)
    for i in range(len(points)):
        if not (np.isfinite(pixels[i]).all() and np.isfinite(ground[i]).all() and np.isfinite(elevation[i])):
            raise GroundRefused(f"point {i + 1} holds a number that is not finite", "ground_points", i)
        if np.abs(ground[i]).max() > 1e5:
            raise GroundRefused(f"point {i + 1} lies more than 100 km from the origin: use metres", "ground_points", i)
        u, v = pixels[i]
        if not (-EDGE_PX <= u <= picture[0] + EDGE_PX and -EDGE_PX <= v <= picture[1] + EDGE_PX):
            raise GroundRefused(
                f"point {i + 1} (pixel {u:g}, {v:g}) lies outside the picture of {picture[0]} x {picture[1]}",
                "ground_points",
                i,
            )
    _refuse_duplicates(pixels, ground)
    if least < 4:
        return pixels, ground, elevation
    for where, places in (("in the picture", pixels), ("on the ground", ground)):
        _refuse_line(places, where)
    if one_plane:
        _refuse_order(pixels, ground)
    return pixels, ground, elevation


def plane_of(ground: Points, elevation: Points, limit_m: float) -> tuple[float, float, float]:
    """(a, b, c) of the plane z = a x + b y + c through the points by least squares, metres.

    GroundRefused where a point lies more than `limit_m` off it: the ground of one camera is one plane.
    """
    if np.ptp(elevation) == 0:
        return 0.0, 0.0, float(elevation[0])
    middle = ground.mean(axis=0)
    design = np.column_stack([ground - middle, np.ones(len(ground))])
    (a, b, level), *_ = np.linalg.lstsq(design, elevation, rcond=None)
    off = np.abs(design @ np.array([a, b, level]) - elevation)
    worst = int(off.argmax())
    if off[worst] > limit_m:
        raise GroundRefused(
            f"the points do not lie on one plane: point {worst + 1} is {off[worst]:.2f} m above or below it "
            f"(limit {limit_m:g} m)",
            "ground_points",
            worst,
            "z",
        )
    return float(a), float(b), float(level - a * middle[0] - b * middle[1])


def _refuse_duplicates(pixels: Points, ground: Points) -> None:
    for i, j in combinations(range(len(pixels)), 2):
        if np.hypot(*(pixels[i] - pixels[j])) < SAME_PIXEL:
            raise GroundRefused(f"points {i + 1} and {j + 1} are the same place in the picture", "ground_points", j)
        if np.hypot(*(ground[i] - ground[j])) < SAME_GROUND_M:
            raise GroundRefused(f"points {i + 1} and {j + 1} are the same place on the ground", "ground_points", j)


def _flatness(places: Points, i: int, j: int, k: int) -> float:
    """Height of the triangle over its longest side, as a share of that side, signed by its orientation."""
    a, b, c = places[i], places[j], places[k]
    longest = max(np.hypot(*(b - a)), np.hypot(*(c - b)), np.hypot(*(a - c)))
    twice_area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return float(twice_area / longest**2)


def _refuse_line(places: Points, where: str) -> None:
    """Four points need no three on a line; more points, no line through all of them but one."""
    n = len(places)
    for i, j in combinations(range(n), 2):
        along = (places[j] - places[i]) / np.hypot(*(places[j] - places[i]))
        away = places - places[i]
        height = np.abs(away[:, 0] * along[1] - away[:, 1] * along[0])
        span = np.ptp(away @ along)
        on_line = np.flatnonzero(height < LINE_SHARE * span)
        if len(on_line) >= n - 1 >= 3:
            names = ", ".join(str(index + 1) for index in on_line[:-1])
            raise GroundRefused(
                f"points {names} and {on_line[-1] + 1} lie on one line {where}: move one of them off it",
                "ground_points",
                int(on_line[-1]),
            )


def _refuse_order(pixels: Points, ground: Points) -> None:
    """Seen from above, each three points turn the same way on the ground as in the picture (whose rows run down)."""
    n = len(pixels)
    triples = list(combinations(range(min(n, 40)), 3))
    turns = np.array([_agreement(pixels, ground, *t) for t in triples])
    if not (turns < 0).any():
        return
    if not (turns > 0).any():
        raise GroundRefused(
            "the ground points are mirrored: seen from above, y must lie to the left of x (swap x and y, or change the "
            "sign of one)",
            "ground_points",
        )
    for i, j in combinations(range(n), 2):
        swapped = pixels.copy()
        swapped[[i, j]] = swapped[[j, i]]
        if all(_agreement(swapped, ground, *t) >= 0 for t in triples):
            raise GroundRefused(
                f"the ground points are crossed: points {i + 1} and {j + 1} seem to be exchanged", "ground_points", i
            )
    if n > 5:
        # With so many points the fit itself tells better which one is wrong.
        return
    blame = [sum(1 for t, turn in zip(triples, turns, strict=True) if i in t and turn < 0) for i in range(n)]
    worst = int(np.argmax(blame))
    raise GroundRefused(
        f"the ground points are crossed: point {worst + 1} lies on the wrong side of the others", "ground_points", worst
    )


def _agreement(pixels: Points, ground: Points, i: int, j: int, k: int) -> int:
    """+1 where three points turn as they should, -1 where they do not, 0 where they are too nearly on a line."""
    seen, real = -_flatness(pixels, i, j, k), _flatness(ground, i, j, k)
    if min(abs(seen), abs(real)) < LINE_SHARE:
        return 0
    return 1 if seen * real > 0 else -1
