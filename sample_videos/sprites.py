"""Sprites: a figure seen from a direction, as coverage of parts, normals and occlusion (no colour)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_videos import figures
from sample_videos.figures import Ball, Look, Rod, Shape

PITCHES = np.arange(2.5, 80, 5.0)  # degrees below the horizon at which figures are kept
AZIMUTHS = 24
SCALES = (20, 40, 80, 160)  # pixels per metre at which figures are kept
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Sprite:
    """A figure at `scale` px/m, seen orthographically.

    parts (h, w, 8): coverage by part, its sum is the alpha; normal (h, w, 3) in the frame
    (right, away from the camera, up); shade (h, w): self-occlusion and folds, 200 is neutral;
    height (h, w): centimetres above the foot; head (h, w): coverage by the head; foot (2,): where the
    origin stands, in sprite pixels. Coverages run 0..255, normals -127..127.
    """

    parts: Bytes
    normal: NDArray[np.int8]
    shade: Bytes
    height: Bytes
    head: Bytes
    foot: tuple[float, float]
    scale: float


@dataclass(frozen=True)
class _Layers:
    """The drawing in progress: pixel (i, j) lies at low + (j, i) / dense metres (right, down)."""

    low: NDArray[np.float64]
    dense: float
    depth: Floats
    part: NDArray[np.int8]
    head: Floats
    normal: Floats
    place: Floats

    def window(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> tuple[slice, slice]:
        start = np.maximum(np.floor((low - self.low) * self.dense).astype(int), 0)
        stop = np.minimum(np.ceil((high - self.low) * self.dense).astype(int) + 1, self.depth.shape[::-1])
        return slice(start[1], max(stop[1], start[1])), slice(start[0], max(stop[0], start[0]))

    def offsets(
        self, box: tuple[slice, slice], centre: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        right = (np.arange(box[1].start, box[1].stop) + 0.5) / self.dense + (self.low[0] - centre[0])
        down = (np.arange(box[0].start, box[0].stop) + 0.5) / self.dense + (self.low[1] - centre[1])
        return right[None, :], down[:, None]

    def put(self, box: tuple[slice, slice], near: NDArray[np.bool_], offset: NDArray[np.float64],
            slope: NDArray[np.float64], centre: NDArray[np.float64], part: int, head: bool) -> None:  # fmt: skip
        self.depth[box][near] = offset[:, 2] + centre[2]
        self.part[box][near] = part
        self.head[box][near] = head
        self.normal[box][near] = slope / np.sqrt((slope * slope).sum(1))[:, None]
        self.place[box][near] = offset + centre


def _grid(shapes: tuple[Shape, ...], spin: float, pitch: float, scale: float) -> Sprite:
    cos, sin = np.cos(spin), np.sin(spin)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    p = np.radians(pitch)
    view = np.array([[1, 0, 0], [0, -np.sin(p), -np.cos(p)], [0, np.cos(p), -np.sin(p)]])  # right, down, away
    whole = view @ turn
    balls = [s for s in shapes if isinstance(s, Ball)]
    centres = np.array([b.centre for b in balls]) @ whole.T
    reach = np.array([max(b.axes) for b in balls])[:, None] + 0.02
    low, high = (centres[:, :2] - reach).min(0), (centres[:, :2] + reach).max(0)
    dense = 2.0 * scale
    width, height = (2 * np.ceil((high - low) * dense / 2) + 2).astype(int)
    layers = _Layers(
        low, dense, np.full((height, width), np.inf, np.float32), np.full((height, width), -1, np.int8),
        np.zeros((height, width), np.float32), np.zeros((height, width, 3), np.float32),
        np.zeros((height, width, 3), np.float32),
    )  # fmt: skip
    for shape in shapes:
        if isinstance(shape, Rod):
            _rod(shape, whole, layers)
        elif max(shape.axes) > 0.4 / scale:  # smaller than a pixel is not worth its time
            _ball(shape, whole, layers)
    return _finish(layers, view, turn, scale)


def _rod(rod: Rod, whole: NDArray[np.float64], layers: _Layers) -> None:
    """Draw a tapered cylinder |q|² - s² = (r + k s)², s along its axis, cut off at both ends."""
    a, b = whole @ rod.start, whole @ rod.end
    length = float(np.linalg.norm(b - a))
    axis = (b - a) / max(length, 1e-9)
    k = (rod.radii[1] - rod.radii[0]) / max(length, 1e-9)
    steep = 1 - (1 + k * k) * axis[2] ** 2
    if steep < 0.02:
        return
    thick = max(rod.radii)
    box = layers.window(np.minimum(a, b)[:2] - thick, np.maximum(a, b)[:2] + thick)
    dx, dy = layers.offsets(box, a)
    along = dx * axis[0] + dy * axis[1]
    half = -axis[2] * ((1 + k * k) * along + rod.radii[0] * k)
    rest = dx * dx + dy * dy - (1 + k * k) * along * along - 2 * rod.radii[0] * k * along - rod.radii[0] ** 2
    disc = half * half - steep * rest
    dz = (-half - np.sqrt(np.maximum(disc, 0))) / steep
    reach = along + dz * axis[2]
    near = (disc > 0) & (reach >= 0) & (reach <= length) & (dz + a[2] < layers.depth[box])
    if near.any():
        offset = np.stack([np.broadcast_to(dx, dz.shape)[near], np.broadcast_to(dy, dz.shape)[near], dz[near]], 1)
        layers.put(box, near, offset, offset - reach[near][:, None] * axis, a, rod.part, False)


def _ball(ball: Ball, whole: NDArray[np.float64], layers: _Layers) -> None:
    """Draw one ellipsoid (p-c)' A (p-c) = 1, nearest surface wins."""
    centre = whole @ ball.centre
    axes = whole
    if ball.pitch:
        c, s = np.cos(ball.pitch), np.sin(ball.pitch)
        axes = whole @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    squares = np.square(ball.axes)
    form = (axes / squares) @ axes.T
    spread = np.sqrt(((axes * axes) @ squares)[:2])
    box = layers.window(centre[:2] - spread, centre[:2] + spread)
    dx, dy = layers.offsets(box, centre)
    b = form[0, 2] * dx + form[1, 2] * dy
    rest = (form[0, 0] * dx + (2 * form[0, 1]) * dy) * dx + form[1, 1] * dy * dy - 1
    disc = b * b - form[2, 2] * rest
    dz = (-b - np.sqrt(np.maximum(disc, 0))) / form[2, 2]
    near = (disc > 0) & (dz + centre[2] < layers.depth[box])
    if near.any():
        offset = np.stack([np.broadcast_to(dx, dz.shape)[near], np.broadcast_to(dy, dz.shape)[near], dz[near]], 1)
        layers.put(box, near, offset, offset @ form, centre, ball.part, ball.head)


def _finish(layers: _Layers, view: NDArray[np.float64], turn: NDArray[np.float64], scale: float) -> Sprite:
    part, depth, head, normal, place, low = (
        layers.part,
        layers.depth,
        layers.head,
        layers.normal,
        layers.place,
        layers.low,
    )
    drawn = part >= 0
    solid = np.where(drawn, depth, np.float32(depth[drawn].max() if drawn.any() else 0))
    wide = 2 * int(0.06 * 2 * scale) + 1
    blur = cv2.blur(cv2.blur(solid, (wide, wide)), (wide, wide))
    shade = np.clip(1.0 - 2.2 * np.maximum(solid - blur, 0), 0.45, 1.0)
    world = (place @ view).astype(np.float32)  # back to (right, away, up), before the view
    rest = world @ turn.astype(np.float32)
    fold = (np.sin(31 * rest[..., 2] + 23 * rest[..., 0] + 5 * np.sin(17 * rest[..., 0]))
            + np.sin(19 * rest[..., 2] - 29 * rest[..., 0] + 11 * rest[..., 1]))  # fmt: skip
    cloth = (part == figures.TOP) | (part == figures.BOTTOM)
    shade = shade * np.where(cloth, 1 + 0.07 * fold, 1 + 0.015 * fold)
    up = (normal @ view.astype(np.float32)).astype(np.float32)
    planes = [(part == k).astype(np.float32) for k in range(figures.PARTS)]
    small = (part.shape[1] // 2, part.shape[0] // 2)

    def shrink(plane: Floats) -> Floats:
        return cv2.resize(np.ascontiguousarray(plane, np.float32), small, interpolation=cv2.INTER_AREA)

    cover = np.stack([shrink(p) for p in planes], 2)
    alpha = np.maximum(shrink(drawn.astype(np.float32)), 1e-3)
    foot = (float(-low[0] * scale), float(-low[1] * scale))
    return Sprite(
        parts=_bytes(cover * 255),
        normal=np.rint(shrink(up * drawn[..., None]) / alpha[..., None] * 127).astype(np.int8),
        shade=_bytes(shrink(shade * drawn) / alpha * 200),
        height=_bytes(shrink(world[..., 2] * drawn) / alpha * 100),
        head=_bytes(shrink(head) * 255),
        foot=foot,
        scale=scale,
    )


def _bytes(plane: NDArray[np.floating]) -> Bytes:
    return np.clip(np.rint(plane), 0, 255).astype(np.uint8)


class SpriteShelf:
    """Sprites drawn on demand and kept, the oldest dropped first. Not for use by several threads."""

    def __init__(self, limit_bytes: int = 500_000_000, azimuths: int = AZIMUTHS) -> None:
        self._azimuths = azimuths
        self._kept: OrderedDict[tuple[object, ...], Sprite] = OrderedDict()
        self._limit = limit_bytes
        self._size = 0

    def person(self, look: Look, pose: str, phase: int, spin: float, pitch: float, scale: float) -> Sprite:
        """`spin` radians anticlockwise from facing away; `pitch` degrees; at least `scale` px/m if kept."""
        turn = round(spin / (2 * np.pi) * self._azimuths) % self._azimuths
        phase = phase % figures.WALK_PHASES if pose == "walk" else 0
        return self._get((look, pose, phase), lambda: figures.body(look, pose, phase), turn, pitch, scale)

    def thing(self, kind: str, pitch: float, scale: float) -> Sprite:
        """A piece of street furniture from `figures.THINGS`."""
        return self._get((kind,), lambda: figures.thing(kind), 0, pitch, scale)

    @staticmethod
    def kept_pitch(pitch: float) -> float:
        """The kept pitch nearest to `pitch`, degrees."""
        return float(PITCHES[int(np.argmin(np.abs(PITCHES - pitch)))])

    def _get(self, what: tuple[object, ...], shapes: Callable[[], tuple[Shape, ...]], turn: int, pitch: float,
             scale: float) -> Sprite:  # fmt: skip
        size = next((s for s in SCALES if s >= 0.9 * scale), SCALES[-1])
        tilt = self.kept_pitch(pitch)
        key = (*what, turn, tilt, size)
        found = self._kept.get(key)
        if found is None:
            found = _grid(shapes(), 2 * np.pi * turn / self._azimuths, tilt, float(size))
            self._kept[key] = found
            self._size += found.parts.size * 2
            while self._size > self._limit:
                self._size -= self._kept.popitem(last=False)[1].parts.size * 2
        else:
            self._kept.move_to_end(key)
        return found
