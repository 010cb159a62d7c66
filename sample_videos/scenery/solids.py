"""The set as triangles: walls, boxes, rods, balls, foliage; each with a surface, a tint, and a glow of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Vec = tuple[float, float, float]
Surface = tuple[str, int]
"""A tile of textures.tile: kind and seed."""
COLUMNS = 14


def _vec(values: object) -> NDArray[np.float64]:
    return np.asarray(values, float)


@dataclass
class Solids:
    """Collects triangles. Tints are linear BGR; `glow` is light given off, in shares of the surface's colour."""

    rows: list[Floats] = field(default_factory=list)
    surfaces: list[Surface] = field(default_factory=list)

    def vertices(self) -> Floats:
        """(n, 14): place, normal, u, v, layer, bars, tint, glow; three rows a triangle."""
        return np.vstack(self.rows).astype(np.float32) if self.rows else np.zeros((0, COLUMNS), np.float32)

    def layer(self, surface: Surface | None) -> int:
        """The number of a surface's tile; -1 for plain paint."""
        if surface is None:
            return -1
        if surface not in self.surfaces:
            self.surfaces.append(surface)
        return self.surfaces.index(surface)

    def add(self, places: Floats, normals: Floats, tint: Vec, uv: Floats | None = None, layer: int = -1,
            bars: float = 0.0, glow: float = 0.0) -> None:  # fmt: skip
        """Triangles (3 n, 3) with normals."""
        out = np.zeros((len(places), COLUMNS), np.float32)
        out[:, 0:3], out[:, 3:6] = places, normals
        if uv is not None:
            out[:, 6:8] = uv
        out[:, 8], out[:, 9], out[:, 10:13], out[:, 13] = layer, bars, tint, glow
        self.rows.append(out)

    def slab(self, corner: Vec, along: Vec, up: Vec, surface: Surface | None = None, tint: Vec | float = 1.0,
             bars: float = 0.0, glow: float = 0.0, span: float | None = None, whole: bool = False) -> None:  # fmt: skip
        """A parallelogram. `span` is the metres that a tile covers; `whole` lays the tile once over all of it."""
        from sample_videos.scenery.textures import span_of

        c, a, u = _vec(corner), _vec(along), _vec(up)
        normal = np.cross(a, u)
        normal /= max(float(np.linalg.norm(normal)), 1e-12)
        long, high = float(np.linalg.norm(a)), float(np.linalg.norm(u))
        if bars:
            size = (long, 1.0)
        elif whole:
            size = (1.0, 1.0)
        else:
            side = span if span is not None else span_of(surface[0]) if surface else 1.0
            size = (long / side, high / side)
        corners = np.array([[0, 0], [1, 0], [1, 1], [0, 0], [1, 1], [0, 1]], float)
        places = c + corners[:, :1] * a + corners[:, 1:] * u
        uv = corners * size
        if not bars:
            uv[:, 1] = (1.0 if whole else 0.0) - uv[:, 1]
        colour: Vec = (tint, tint, tint) if isinstance(tint, float | int) else tint
        self.add(places.astype(np.float32), np.broadcast_to(normal, (6, 3)).astype(np.float32), colour,
                 uv.astype(np.float32), self.layer(surface), 1 / bars if bars else 0.0, glow)  # fmt: skip

    def box(self, middle: tuple[float, float], size: Vec, surface: Surface | None = None, tint: Vec | float = 1.0,
            turn: float = 0.0, z: float = 0.0, lid: Surface | None = None, glow: float = 0.0) -> None:  # fmt: skip
        """A standing box: middle of its foot, (width, depth, height), turned about z (radians)."""
        w, d, h = size
        c, s = float(np.cos(turn)), float(np.sin(turn))
        a, b = np.array([c, s, 0]) * w, np.array([-s, c, 0]) * d
        at = np.array([middle[0], middle[1], z]) - a / 2 - b / 2
        up = (0.0, 0.0, h)

        def vec(v: NDArray[np.float64]) -> Vec:
            x, y, t = v.tolist()
            return (x, y, t)

        self.slab(vec(at), vec(a), up, surface, tint, glow=glow)
        self.slab(vec(at + b), vec(a), up, surface, tint, glow=glow)
        self.slab(vec(at), vec(b), up, surface, tint, glow=glow)
        self.slab(vec(at + a), vec(b), up, surface, tint, glow=glow)
        self.slab(vec(at + np.array([0, 0, h])), vec(a), vec(b), lid, tint)

    def rod(
        self, start: Vec, end: Vec, radii: tuple[float, float], tint: Vec, sides: int = 8, glow: float = 0.0
    ) -> None:
        """A tapered rod without ends."""
        a, b = _vec(start), _vec(end)
        way = (b - a) / max(float(np.linalg.norm(b - a)), 1e-9)
        side = np.cross(way, [0.0, 0.0, 1.0] if abs(way[2]) < 0.9 else [1.0, 0.0, 0.0])
        side /= np.linalg.norm(side)
        other = np.cross(way, side)
        angles = np.linspace(0, 2 * np.pi, sides + 1)
        ring = np.cos(angles)[:, None] * side + np.sin(angles)[:, None] * other
        low, high = a + radii[0] * ring, b + radii[1] * ring
        quads = np.stack([low[:-1], low[1:], high[1:], low[:-1], high[1:], high[:-1]], 1).reshape(-1, 3)
        normals = np.stack([ring[:-1], ring[1:], ring[1:], ring[:-1], ring[1:], ring[:-1]], 1).reshape(-1, 3)
        self.add(quads.astype(np.float32), normals.astype(np.float32), tint, glow=glow)

    def ball(self, centre: Vec, axes: Vec, tint: Vec, glow: float = 0.0, fine: int = 8) -> None:
        """An ellipsoid."""
        u = np.linspace(0, 2 * np.pi, 2 * fine + 1)
        v = np.linspace(0, np.pi, fine + 1)
        uu, vv = np.meshgrid(u, v)
        unit = np.stack([np.sin(vv) * np.cos(uu), np.sin(vv) * np.sin(uu), np.cos(vv)], -1)
        quads = np.stack([unit[:-1, :-1], unit[1:, :-1], unit[1:, 1:], unit[:-1, :-1], unit[1:, 1:], unit[:-1, 1:]], 2)
        flat = quads.reshape(-1, 3)
        normals = flat / _vec(axes)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        self.add((flat * _vec(axes) + _vec(centre)).astype(np.float32), normals.astype(np.float32), tint, glow=glow)

    def disc(
        self, centre: Vec, radius: float, tint: Vec, sides: int = 20, surface: Surface | None = None, glow: float = 0.0
    ) -> None:
        """A level disc."""
        angles = np.linspace(0, 2 * np.pi, sides + 1)
        rim = np.stack([np.cos(angles), np.sin(angles), 0 * angles], 1) * radius
        fan = np.stack([np.zeros((sides, 3)), rim[:-1], rim[1:]], 1).reshape(-1, 3)
        uv = (fan[:, :2] / (2 * radius) + 0.5).astype(np.float32)
        up = np.broadcast_to(np.array([0, 0, 1.0]), fan.shape)
        self.add(
            (fan + _vec(centre)).astype(np.float32), up.astype(np.float32), tint, uv, self.layer(surface), glow=glow
        )

    def cone(self, tip: Vec, radius: float, drop: float, tints: tuple[Vec, Vec], ribs: int = 8) -> None:
        """A parasol or tent: `ribs` faces of two tints in turn."""
        top = _vec(tip)
        angles = np.linspace(0, 2 * np.pi, ribs + 1)
        rim = top + np.stack([radius * np.cos(angles), radius * np.sin(angles), 0 * angles - drop], 1)
        for k in range(ribs):
            triangle = np.stack([top, rim[k], rim[k + 1]])
            normal = np.cross(rim[k] - top, rim[k + 1] - top)
            normal /= np.linalg.norm(normal)
            self.add(triangle.astype(np.float32), np.broadcast_to(normal, (3, 3)).astype(np.float32), tints[k % 2])

    def foliage(self, rng: np.random.Generator, centre: Vec, spread: Vec, count: int, leaf: float, tint: Vec) -> None:
        """Leaves as small triangles in a cloud of clumps, darker below and inside."""
        clumps = rng.normal(0, 1, (max(count // 90, 3), 3)) * np.array(spread) * 0.62
        middle = clumps[rng.integers(len(clumps), size=count)] + rng.normal(0, 0.42, (count, 3)) * np.array(spread)
        shape = rng.normal(0, leaf, (count, 3, 3))
        places = (middle[:, None] + shape + _vec(centre)).reshape(-1, 3)
        outward = middle / np.array(spread) + np.array([0, 0, 0.5]) + rng.normal(0, 0.35, (count, 3))
        outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
        depth = np.clip(np.linalg.norm(middle / np.array(spread), axis=1), 0.2, 1.3)
        tone = (
            (0.35 + 0.5 * depth)
            * rng.uniform(0.75, 1.25, count)
            * np.clip(0.9 + 0.35 * middle[:, 2] / spread[2], 0.4, 1.4)
        )
        out = np.zeros((3 * count, COLUMNS), np.float32)
        out[:, 0:3], out[:, 3:6] = places, np.repeat(outward, 3, 0)
        out[:, 8] = -1
        hue = np.array(tint) * (1 + rng.normal(0, 0.12, (count, 3)))
        out[:, 10:13] = np.repeat(np.clip(hue * tone[:, None], 0, 1), 3, 0)
        self.rows.append(out)
