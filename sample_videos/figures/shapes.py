"""Solids of smoothly joined ellipsoids, rods and discs, and triangle meshes of them (marching cubes)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Vec = tuple[float, float, float]
JOIN = 0.016  # metres: how softly solids flow into each other


@dataclass(frozen=True)
class Ball:
    """An ellipsoid: centre, half axes, the bone that carries it, pitch about x (radians)."""

    centre: Vec
    axes: Vec
    bone: int = 0
    pitch: float = 0.0

    def distance(self, points: Floats) -> Floats:
        """Metres (n,) to the surface of points (n, 3), negative inside (near the surface)."""
        local = points - np.asarray(self.centre, np.float32)
        if self.pitch:
            c, s = np.float32(np.cos(self.pitch)), np.float32(np.sin(self.pitch))
            local = np.stack(
                [local[:, 0], c * local[:, 1] + s * local[:, 2], -s * local[:, 1] + c * local[:, 2]], axis=1
            )
        axes = np.asarray(self.axes, np.float32)
        k0 = np.sqrt(((local / axes) ** 2).sum(1))
        k1 = np.sqrt(((local / axes**2) ** 2).sum(1))
        return np.asarray(k0 * (k0 - 1) / np.maximum(k1, 1e-6))

    def reach(self) -> tuple[Floats, Floats]:
        """Corners of a box around it."""
        big = np.asarray(self.axes, np.float32) if not self.pitch else np.full(3, max(self.axes), np.float32)
        centre = np.asarray(self.centre, np.float32)
        return centre - big, centre + big


@dataclass(frozen=True)
class Rod:
    """A tapered rod with round ends; `flat` squeezes it along y."""

    start: Vec
    end: Vec
    radii: tuple[float, float]
    bone: int = 0
    flat: float = 1.0

    def distance(self, points: Floats) -> Floats:
        squeeze = np.array([1, 1 / self.flat, 1], np.float32)
        a, b = np.asarray(self.start, np.float32) * squeeze, np.asarray(self.end, np.float32) * squeeze
        local, way = points * squeeze - a, b - a
        t = np.clip(local @ way / np.float32(max(float(way @ way), 1e-9)), 0, 1)
        away = np.linalg.norm(local - t[:, None] * way, axis=1)
        found = away - (self.radii[0] + (self.radii[1] - self.radii[0]) * t)
        return np.asarray(found * min(1.0, self.flat), np.float32)

    def reach(self) -> tuple[Floats, Floats]:
        ends = np.array([self.start, self.end], np.float32)
        r = max(self.radii)
        return ends.min(0) - r, ends.max(0) + r


@dataclass(frozen=True)
class Box:
    """A box with rounded edges: centre, half sizes, radius of the edges, pitch about x."""

    centre: Vec
    half: Vec
    round: float = 0.02
    bone: int = 0

    def distance(self, points: Floats) -> Floats:
        gap = np.abs(points - np.asarray(self.centre, np.float32)) - (np.asarray(self.half, np.float32) - self.round)
        return np.asarray(
            np.linalg.norm(np.maximum(gap, 0), axis=1) + np.minimum(gap.max(1), 0) - np.float32(self.round)
        )

    def reach(self) -> tuple[Floats, Floats]:
        centre, half = np.asarray(self.centre, np.float32), np.asarray(self.half, np.float32)
        return centre - half, centre + half


Solid = Ball | Rod | Box


@dataclass(frozen=True)
class Mesh:
    """Triangles: `vertices` (n, 3), `normals` (n, 3), `bones` (n, 2) with the first one's `weight` (n,), `open`
    (n,) share of the sky that a point sees past the solid itself, `faces` (m, 3)."""

    vertices: Floats
    normals: Floats
    bones: NDArray[np.int32]
    weight: Floats
    open: Floats
    faces: NDArray[np.int32]


def distance(points: Floats, solids: Sequence[Solid], cuts: Sequence[Solid] = (), join: float = JOIN) -> Floats:
    """Distance (n,) to the joined solids, less the cuts."""
    far = np.float32(12 * join)
    total = np.zeros(len(points), np.float32)
    for solid in solids:
        low, high = solid.reach()
        near = ((points > low - far) & (points < high + far)).all(1)
        if near.any():
            total[near] += np.exp(-np.clip(solid.distance(points[near]) / join, -40, 40))
    found = np.where(total > 1e-12, -join * np.log(np.maximum(total, 1e-12)), far * 2).astype(np.float32)
    for cut in cuts:
        found = np.maximum(found, -cut.distance(points))
    return found


def mesh(solids: Sequence[Solid], voxel: float, cuts: Sequence[Solid] = (), join: float = JOIN) -> Mesh:
    """Triangles of the joined solids, found on a grid of `voxel` metres."""
    from skimage.measure import marching_cubes

    boxes = [solid.reach() for solid in solids]
    low = np.min([box[0] for box in boxes], axis=0) - 2.5 * voxel
    high = np.max([box[1] for box in boxes], axis=0) + 2.5 * voxel
    shape = np.maximum(np.ceil((high - low) / voxel).astype(int), 4)
    axes = [low[i] + voxel * np.arange(shape[i], dtype=np.float32) for i in range(3)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3).astype(np.float32)
    volume = distance(grid, solids, cuts, join).reshape(shape)
    vertices, faces, _, _ = marching_cubes(volume, 0.0)
    vertices = (vertices * voxel + low).astype(np.float32)
    normals = _gradient(vertices, solids, cuts, join)
    open_sky = np.ones(len(vertices), np.float32)
    for step in (0.03, 0.08, 0.16):
        gap = distance(vertices + normals * np.float32(step), solids, cuts, join)
        open_sky -= np.clip((step - gap) / step, 0, 1) * 0.3
    bones, weight = _carried(vertices, solids)
    return Mesh(vertices, normals, bones, weight, np.clip(open_sky, 0.15, 1), faces.astype(np.int32))


def _gradient(points: Floats, solids: Sequence[Solid], cuts: Sequence[Solid], join: float) -> Floats:
    step = np.float32(0.004)
    out = np.empty_like(points)
    for axis in range(3):
        shift = np.zeros(3, np.float32)
        shift[axis] = step
        out[:, axis] = distance(points + shift, solids, cuts, join) - distance(points - shift, solids, cuts, join)
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)


def _carried(points: Floats, solids: Sequence[Solid]) -> tuple[NDArray[np.int32], Floats]:
    """The two bones that carry each point, and the weight of the first."""
    names = sorted({solid.bone for solid in solids})
    near = np.full((len(points), len(names)), 9.0, np.float32)
    for solid in solids:
        column = names.index(solid.bone)
        near[:, column] = np.minimum(near[:, column], solid.distance(points))
    order = np.argsort(near, axis=1)[:, :2]
    if len(names) == 1:
        order = np.zeros((len(points), 2), int)
    rows = np.arange(len(points))
    gap = near[rows, order[:, 1]] - near[rows, order[:, 0]]
    weight = 1 / (1 + np.exp(-gap / 0.022))
    table = np.asarray(names, np.int32)
    return table[order], np.where(order[:, 0] == order[:, 1], 1, weight).astype(np.float32)
