"""Where people stand in a training still: groups, streams, queues and packed crowds, in metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BODY = 0.34  # metres: bodies are kept at least this far apart (more only where there is room)


@dataclass(frozen=True)
class Gathering:
    """Places (n, 2), headings (n,) radians anticlockwise from +y, whether each walks (n,)."""

    places: Floats
    headings: Floats
    walks: NDArray[np.bool_]


def lattice(rng: np.random.Generator, centre: Floats, count: int, density: float, stretch: float) -> Floats:
    """About `count` places around `centre`, as a jittered hexagonal pack of `density` persons/m²."""
    gap = float(np.sqrt(2 / (np.sqrt(3) * density)))
    reach = int(np.ceil(np.sqrt(count / np.pi / density) * max(stretch, 1 / stretch) * 1.4 / gap)) + 2
    i, j = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    points = np.column_stack([(i + 0.5 * (j % 2)).ravel() * gap, j.ravel() * gap * np.sqrt(3) / 2])
    points += rng.normal(0, 0.22 * gap, points.shape)
    turn = rng.uniform(0, np.pi)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    local = points @ axes.T / [stretch, 1 / stretch]
    wave = rng.uniform(0, 2 * np.pi, 3)
    angle = np.arctan2(local[:, 1], local[:, 0])
    radius = np.hypot(local[:, 0], local[:, 1]) * (
        1 + 0.18 * np.sin(2 * angle + wave[0]) + 0.12 * np.sin(5 * angle + wave[1])
    )
    radius += rng.exponential(0.12, len(radius)) * radius.max() * 0.25
    return points[np.argsort(radius)[:count]] + centre


def spread_out(points: Floats, least: float, rounds: int = 8) -> Floats:
    """Push apart pairs nearer than `least` metres."""
    from scipy.spatial import cKDTree

    points = points.copy()
    for _ in range(rounds if len(points) > 1 else 0):
        pairs = cKDTree(points).query_pairs(least, output_type="ndarray")
        if not len(pairs):
            break
        gap = points[pairs[:, 0]] - points[pairs[:, 1]]
        far = np.hypot(gap[:, 0], gap[:, 1])[:, None]
        push = gap / np.maximum(far, 1e-3) * (least - far) * 0.5
        np.add.at(points, pairs[:, 0], push)
        np.add.at(points, pairs[:, 1], -push)
    return points


def _headings(rng: np.random.Generator, places: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    mode = str(rng.choice(["random", "stream", "counter", "watch"], p=(0.3, 0.25, 0.25, 0.2)))
    count, main = len(places), rng.uniform(0, 2 * np.pi)
    walking = float(rng.uniform(0.5, 1.0))
    if mode == "random":
        heading = rng.uniform(0, 2 * np.pi, count)
    elif mode == "watch":
        stage = places.mean(0) + rng.normal(0, 25, 2) if count else np.zeros(2)
        gap = stage - places
        heading, walking = np.arctan2(-gap[:, 0], gap[:, 1]) + rng.normal(0, 0.35, count), 0.08
    else:
        heading = main + rng.normal(0, 0.3, count)
        heading += np.pi * (rng.random(count) < 0.5) if mode == "counter" else 0
    return heading, rng.random(count) < walking


def gathering(rng: np.random.Generator, ground: Floats, density: float, limit: int) -> Gathering:
    """A crowd over `ground` (points that show), at `density` persons/m² where it is densest."""
    if not len(ground):
        return Gathering(np.zeros((0, 2)), np.zeros(0), np.zeros(0, bool))
    low, high = ground.min(0), ground.max(0)
    area = float(np.prod(high - low)) * 0.55
    count = int(np.clip(density * area, 1, limit))
    parts: list[Floats] = []
    if density < 0.25:
        starts = ground[rng.integers(len(ground), size=max(count // 2, 1))]
        for start in starts:
            group = int(rng.choice([1, 2, 3, 4], p=(0.5, 0.32, 0.12, 0.06)))
            parts.append(start + np.cumsum(np.vstack([np.zeros(2), rng.normal(0, 0.5, (group - 1, 2))]), 0))
    else:
        blobs = int(rng.choice([1, 2, 3], p=(0.6, 0.25, 0.15)))
        for _ in range(blobs):
            centre = ground[int(rng.integers(len(ground)))]
            parts.append(lattice(rng, centre, max(count // blobs, 1), density, float(rng.uniform(0.5, 2))))
        extra = int(rng.integers(0, max(2, count // 6)))
        parts.append(ground[rng.integers(len(ground), size=extra)])
    if rng.random() < 0.12:
        start, turn = ground[int(rng.integers(len(ground)))], rng.uniform(0, 2 * np.pi)
        steps = np.cumsum(rng.uniform(0.5, 0.9, int(rng.integers(5, 30))))
        parts.append(
            start + steps[:, None] * np.array([np.cos(turn), np.sin(turn)]) + rng.normal(0, 0.1, (len(steps), 2))
        )
    places = np.vstack(parts)[: limit + 40]
    places = spread_out(places, min(BODY, 0.8 / np.sqrt(max(density, 0.1))))
    headings, walks = _headings(rng, places)
    return Gathering(places, headings, walks)
