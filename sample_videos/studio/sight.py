"""How much of each head the picture shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sample_videos.camera import Pinhole
from sample_videos.figures.placed import Figures
from sample_videos.figures.skeleton import HEAD_RADIUS, HEIGHT
from sample_videos.studio.stage import Shot

Floats = NDArray[np.float64]


def visible(camera: Pinhole, people: Figures, shot: Shot) -> tuple[Floats, Floats]:
    """(n,) share of each head that shows, 0..1: its pixels over those of a ball of a head's size; and the head
    centres (n, 2) in pixels. Who is behind the camera has its centre far outside the picture."""
    points, depth = camera.project(people.heads)
    points[depth < 0.3] = -1e4
    if not len(people):
        return np.zeros(0), points
    counts = np.bincount(shot.ident[shot.head], minlength=int(people.ident.max()) + 1)
    radius = camera.focal * HEAD_RADIUS * people.cast.head * people.cast.height / HEIGHT / np.maximum(depth, 0.3)
    away = np.linalg.norm(people.heads - np.array(camera.position), axis=1)
    stretch = (away / np.maximum(depth, 0.3)) if camera.distortion == (0.0, 0.0) else 1.0
    expected = np.pi * radius**2 * stretch
    # The part of the ball beyond the picture's edge cannot show.
    return np.asarray(np.clip(counts[people.ident] / np.maximum(expected, 1.0), 0, 1)), points
