"""What people carry apart from their bodies: umbrellas, shopping bags, cases, prams; around the prop's own origin."""

from __future__ import annotations

from functools import lru_cache

from sample_videos.figures.placed import PROP
from sample_videos.figures.shapes import Ball, Box, Mesh, Rod, Solid, mesh

P = PROP


@lru_cache(maxsize=16)
def prop_mesh(kind: str) -> Mesh | None:
    """The mesh of a prop; None for bags that are part of the body."""
    cuts: list[Solid] = []
    solids: list[Solid]
    if kind == "umbrella":  # origin: the grip
        solids = [Ball((0, 0, 0.58), (0.52, 0.52, 0.30), P), Rod((0, 0, -0.12), (0, 0, 0.90), (0.011, 0.011), P)]
        cuts = [Ball((0, 0, 0.555), (0.52, 0.52, 0.29)), Box((0, 0, 0.30), (0.7, 0.7, 0.36), 0.01)]
        solids.append(Rod((0, 0, -0.12), (0, 0, 0.60), (0.013, 0.013), P))
        return mesh(solids, 0.026, cuts, join=0.005)
    if kind == "shopping":  # origin: the hand
        solids = [
            Box((0, 0.02, -0.36), (0.06, 0.15, 0.18), 0.02, P),
            Rod((0, 0.08, -0.2), (0, 0.02, 0), (0.01, 0.01), P),
            Rod((0, -0.05, -0.2), (0, 0.02, 0), (0.01, 0.01), P),
        ]
    elif kind == "case":  # origin: on the ground, behind the right foot
        solids = [
            Box((0, 0, 0.34), (0.20, 0.12, 0.28), 0.05, P),
            Rod((0.1, 0.05, 0.6), (0.05, 0.42, 0.98), (0.012, 0.012), P),
            Rod((-0.1, 0.05, 0.6), (0.05, 0.42, 0.98), (0.012, 0.012), P),
        ]
    elif kind == "pram":
        solids = [
            Ball((0, 0.05, 0.66), (0.24, 0.40, 0.20), P),
            Ball((0, 0.20, 0.82), (0.24, 0.24, 0.22), P),
            Rod((0.2, -0.45, 1.0), (0.2, 0.2, 0.30), (0.016, 0.016), P),
            Rod((-0.2, -0.45, 1.0), (-0.2, 0.2, 0.30), (0.016, 0.016), P),
            Rod((-0.2, -0.45, 1.0), (0.2, -0.45, 1.0), (0.018, 0.018), P),
            *[
                Rod((x - 0.02, y, 0.13), (x + 0.02, y, 0.13), (0.12, 0.12), P)
                for x in (-0.24, 0.24)
                for y in (-0.25, 0.32)
            ],
        ]
    else:
        return None
    return mesh(solids, 0.026, cuts, join=0.006)
