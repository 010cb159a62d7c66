"""What does not move: floors, walls and steps, cast ray by ray into albedo, light and depth."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_videos.camera import Pinhole
from sample_videos.light import Light
from sample_videos.textures import SIDE, noise, tile

Floats = NDArray[np.float32]
Vec = tuple[float, float, float]


@dataclass(frozen=True)
class Slab:
    """A textured parallelogram: corner, two edge vectors in metres, surface. `occludes`: may hide people.

    `tone` multiplies the surface; `bars` > 0 cuts it into upright bars that far apart (railings).
    """

    corner: Vec
    along: Vec
    up: Vec
    surface: str
    seed: int = 0
    tone: float = 1.0
    occludes: bool = True
    bars: float = 0.0


def box(x: float, y: float, size: Vec, surface: str, seed: int, turn: float = 0.0, tone: float = 1.0) -> list[Slab]:
    """A parked box (kiosk, car, block) on the ground: four sides and a lid."""
    w, d, h = size
    c, s = float(np.cos(turn)), float(np.sin(turn))
    a, b = (w * c, w * s, 0.0), (-d * s, d * c, 0.0)
    at = (x, y, 0.0)
    far = (x + b[0], y + b[1], 0.0)
    side = (x + a[0], y + a[1], 0.0)
    up = (0.0, 0.0, h)
    return [
        Slab(at, a, up, surface, seed, tone * 0.9),
        Slab(far, a, up, surface, seed, tone * 0.8),
        Slab(at, b, up, surface, seed, tone * 0.7),
        Slab(side, b, up, surface, seed, tone * 0.75),
        Slab((x, y, h), a, b, "plaster", seed, tone * 1.1),
    ]


@dataclass(frozen=True)
class Backdrop:
    """Albedo (h, w, 3), ambient and lamp light, direct sun (h, w, 3); depth (h, w); occluder mask."""

    albedo: Floats
    ambient: Floats
    direct: Floats
    depth: Floats
    occluder: NDArray[np.bool_]


class _Canvas:
    def __init__(self, camera: Pinhole, sky: Floats, step: float) -> None:
        width, height = camera.size
        us, vs = np.meshgrid(np.arange(0.5, width), np.arange(0.5, height))
        rays = camera.rays(np.column_stack([us.ravel(), vs.ravel()]))
        self.rays = rays.reshape(height, width, 3).astype(np.float32)
        self.eye = np.array(camera.position, np.float32)
        self.focal = camera.focal * step
        self.albedo = np.broadcast_to(sky, (height, width, 3)).astype(np.float32).copy()
        self.depth = np.full((height, width), 1e6, np.float32)
        self.normal = np.zeros((height, width, 3), np.float32)
        self.foot = np.ones((height, width), np.float32)
        self.occluder = np.zeros((height, width), bool)

    def draw(self, slab: Slab, area: tuple[slice, slice]) -> None:
        rays, depth = self.rays[area], self.depth[area]
        along, up = np.array(slab.along, np.float32), np.array(slab.up, np.float32)
        normal = np.cross(along, up)
        normal /= np.linalg.norm(normal)
        start = np.array(slab.corner, np.float32)
        slope = rays @ normal
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = float((start - self.eye) @ normal) / slope
        place = self.eye + rays * np.where(np.isfinite(reach), reach, 0)[..., None] - start
        long, high = float(np.linalg.norm(along)), float(np.linalg.norm(up))
        skew = float(along @ up) / (long * high)
        a, b = place @ (along / long), place @ (up / high)
        if abs(skew) > 1e-6:  # a leaning rail: coordinates along its own two edges
            a, b = (a - skew * b) / (1 - skew**2), (b - skew * a) / (1 - skew**2)
        hit = (reach > 0.05) & (reach < depth) & (a >= 0) & (a <= long) & (b >= 0) & (b <= high)
        if slab.bars > 0:
            hit &= (np.mod(a, slab.bars) < 0.035) | (b > high - 0.06) | (np.abs(b - 0.12) < 0.02)
        if not hit.any():
            return
        picture, span = tile(slab.surface, slab.seed)
        colour = _sample(picture, span, a[hit], b[hit], reach[hit] / self.focal / np.maximum(np.abs(slope[hit]), 0.05))
        if normal @ (self.eye - start) < 0:
            normal = -normal
        self.albedo[area][hit] = colour * slab.tone
        depth[hit] = reach[hit]
        self.normal[area][hit] = normal
        height = start[2] + b[hit] * up[2] / high
        self.foot[area][hit] = 1.0 if abs(normal[2]) > 0.5 else 1 - 0.4 * np.exp(-height / 0.4)
        self.occluder[area][hit] = slab.occludes


def _sample(picture: Floats, span: float, a: Floats, b: Floats, foot: Floats) -> Floats:
    """Sample a repeating tile, blurred by the pixel's footprint in metres."""
    level = np.clip(np.log2(np.maximum(foot * SIDE / span, 1e-6)) + 0.3, 0, 6).astype(int)
    out = np.empty((len(a), 3), np.float32)
    small = picture
    for step in range(7):
        if step:
            small = cv2.resize(small, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        here = level == step
        if here.any():
            side = small.shape[0]
            u, v = np.mod(a[here] / span, 1) * side, np.mod(-b[here] / span, 1) * side
            ring = cv2.copyMakeBorder(small, 1, 1, 1, 1, cv2.BORDER_WRAP)
            out[here] = _gather(ring, u + 0.5, v + 0.5)
    return out


def _gather(picture: Floats, u: Floats, v: Floats) -> Floats:
    x, y = u.astype(int), v.astype(int)
    fx, fy = (u - x)[:, None], (v - y)[:, None]
    top = picture[y, x] * (1 - fx) + picture[y, x + 1] * fx
    low = picture[y + 1, x] * (1 - fx) + picture[y + 1, x + 1] * fx
    return top * (1 - fy) + low * fy


def _bounds(slab: Slab, camera: Pinhole) -> tuple[slice, slice] | None:
    """Where in the picture a slab can be; the whole picture when part of it is behind the camera."""
    c, a, u = (np.array(v) for v in (slab.corner, slab.along, slab.up))
    pixels, depth = camera.project(np.stack([c, c + a, c + u, c + a + u]))
    width, height = camera.size
    if (depth <= 0).all():
        return None
    if (depth < 0.2).any():
        return slice(0, height), slice(0, width)
    low, high = np.floor(pixels.min(0)), np.ceil(pixels.max(0)) + 1
    x0, x1 = int(np.clip(low[0], 0, width)), int(np.clip(high[0], 0, width))
    y0, y1 = int(np.clip(low[1], 0, height)), int(np.clip(high[1], 0, height))
    return (slice(y0, y1), slice(x0, x1)) if x1 > x0 and y1 > y0 else None


def bake(camera: Pinhole, slabs: list[Slab], light: Light, sky: tuple[float, float, float], *,
         floor: str = "paving", seed: int = 0, floor_tone: float = 1.0, stains: float = 0.08,
         fine: int = 1) -> Backdrop:  # fmt: skip
    """Cast the scene once. `fine` casts that many rays a side per pixel (smooth edges, slower)."""
    width, height = camera.size
    big = Pinhole(
        camera.position, camera.yaw, camera.tilt, camera.focal * fine, (width * fine, height * fine), camera.roll
    )
    canvas = _Canvas(big, np.asarray(sky, np.float32), 1.0)
    whole = (slice(0, height * fine), slice(0, width * fine))
    ground = Slab((-500.0, -500.0, 0.0), (1000.0, 0, 0), (0, 1000.0, 0), floor, seed, floor_tone, occludes=False)
    canvas.draw(ground, whole)
    for slab in slabs:
        area = _bounds(slab, big)
        if area is not None:
            canvas.draw(slab, area)
    return _lit(canvas, light, seed, stains, fine)


def _lit(canvas: _Canvas, light: Light, seed: int, stains: float, fine: int) -> Backdrop:
    place = canvas.eye + canvas.rays * canvas.depth[..., None]
    solid = canvas.depth < 9e5
    rng = np.random.default_rng([seed, 77])
    dirt = noise(rng, 8) + 0.6 * noise(rng, 32)
    u = (np.mod(place[..., 0] / 23.0 + place[..., 2], 1) * (SIDE - 1)).astype(np.float32)
    v = (np.mod(place[..., 1] / 23.0, 1) * (SIDE - 1)).astype(np.float32)
    spots = cv2.remap(dirt, u, v, cv2.INTER_LINEAR)
    albedo = canvas.albedo * np.where(solid, np.clip(1 + stains * spots, 0.3, 1.6), 1)[..., None]
    facing = 0.55 + 0.45 * canvas.normal[..., 2]
    ambient = (facing * canvas.foot)[..., None] * np.asarray(light.sky, np.float32)
    if light.lamps:
        lamps = light.from_lamps(place.reshape(-1, 3)).reshape(place.shape)
        ambient = ambient + lamps * (0.5 + 0.5 * np.abs(canvas.normal[..., 2:3]))
    cosine = np.clip(canvas.normal @ np.asarray(light.sun_from, np.float32), 0, None)
    direct = cosine[..., None] * np.asarray(light.sun, np.float32)
    ambient = np.where(solid[..., None], ambient, 1.0)
    haze = (1 - np.exp(-np.minimum(canvas.depth, 400) / 900))[..., None] * solid[..., None]
    ambient = ambient * (1 - haze) + haze * np.asarray(light.sky, np.float32) * 1.2
    return Backdrop(
        albedo=_down(albedo.astype(np.float32), fine),
        ambient=_down(ambient.astype(np.float32), fine),
        direct=_down(direct.astype(np.float32), fine),
        depth=canvas.depth[fine // 2 :: fine, fine // 2 :: fine],
        occluder=canvas.occluder[fine // 2 :: fine, fine // 2 :: fine],
    )


def _down(plane: Floats, fine: int) -> Floats:
    if fine == 1:
        return plane
    size = (plane.shape[1] // fine, plane.shape[0] // fine)
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)
