"""Plane geometry of polygons: pure, metres or pixels alike. Arrays of corners are (n, 2), not closed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def area(corners: Points) -> float:
    """Signed area by the shoelace formula: positive where the corners run counter-clockwise."""
    x, y = corners[:, 0], corners[:, 1]
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def contains(corners: Points, points: Points) -> NDArray[np.bool_]:
    """Which of the (m, 2) points lie inside, by the even-odd rule; points that are NaN lie outside."""
    px, py = points[:, 0], points[:, 1]
    inside = np.zeros(len(points), dtype=bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if ay == by:
            continue
        spans = (ay > py) != (by > py)
        inside ^= spans & (px < ax + (py - ay) * (bx - ax) / (by - ay))
    return inside


def crossing(corners: Points) -> tuple[int, int] | None:
    """Two edges that touch or cross though they are not neighbours, as the indices of their first corners."""
    n = len(corners)
    ends = np.roll(corners, -1, axis=0)
    for i in range(n):
        for j in range(i + 1, n):
            if j == i + 1 or (i == 0 and j == n - 1):
                continue
            if _meet(corners[i], ends[i], corners[j], ends[j]):
                return i, j
    return None


def outline(corners: Points, step: float) -> Points:
    """Points along the edges, at most `step` apart, corners included."""
    pieces = []
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        count = max(1, int(np.ceil(float(np.hypot(*(b - a))) / step)))
        pieces.append(a + (b - a) * np.arange(count)[:, None] / count)
    return np.concatenate(pieces)


def _turn(a: Points, b: Points, c: Points) -> float:
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


def _meet(a: Points, b: Points, c: Points, d: Points) -> bool:
    t1, t2, t3, t4 = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if t1 * t2 < 0 and t3 * t4 < 0:
        return True
    touching = ((t1, a, b, c), (t2, a, b, d), (t3, c, d, a), (t4, c, d, b))
    return any(turn == 0 and _within(p, q, r) for turn, p, q, r in touching)


def _within(a: Points, b: Points, point: Points) -> bool:
    return bool(np.all(point >= np.minimum(a, b)) and np.all(point <= np.maximum(a, b)))
