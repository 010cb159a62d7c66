"""Paints people and things over a backdrop, far ones first, with shadows; says how much of each head shows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_videos import figures
from sample_videos.backdrop import Backdrop
from sample_videos.camera import Pinhole
from sample_videos.light import Light
from sample_videos.sprites import Sprite, SpriteShelf
from sample_videos.wardrobe import Person

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Placed:
    """A person at a place (x, y, z of the ground), with heading (radians anticlockwise from +y) and pose."""

    person: Person
    place: tuple[float, float, float]
    heading: float
    pose: str = "walk"
    phase: int = 0


@dataclass(frozen=True, eq=False)
class Prop:
    """A thing of `figures.THINGS` at a place, with its size factor and palette (8, 3) linear BGR."""

    kind: str
    place: tuple[float, float, float]
    size: float
    palette: Floats


@dataclass(frozen=True)
class Painted:
    """Linear BGR picture (h, w, 3), head centres (n, 2) px, visible share of each head (n,) 0..1."""

    picture: Floats
    heads: NDArray[np.float64]
    visible: NDArray[np.float64]


def head_points(places: NDArray[np.float64], heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """World (n, 3) of the head centres of people standing at `places` (n, 3)."""
    points = np.array(places, float).reshape(-1, 3)
    points[:, 2] += np.asarray(heights) * figures.HEAD_SHARE
    return points


def paint(camera: Pinhole, scene: Backdrop, light: Light, people: list[Placed], props: list[Prop],
          shelf: SpriteShelf) -> Painted:  # fmt: skip
    """Composite one frame."""
    feet = np.array([p.place for p in people], float).reshape(-1, 3)
    heights = np.array([p.person.height for p in people], float)
    heads, depth = camera.project(head_points(feet, heights))
    picture = _floor(camera, scene, light, feet, heights)
    owner = np.full(picture.shape[:2], -1, np.int32)
    crowd, sunlit = _neighbours(feet, heights, light)
    items: list[Placed | Prop] = [*people, *props]
    places = np.array([item.place for item in items], float).reshape(-1, 3)
    away = np.hypot(*(places[:, :2] - np.array(camera.position[:2])).T)
    lamps = light.from_lamps(places + np.array([0, 0, 1.3]))
    sides = light.lamp_side(places + np.array([0, 0, 1.3]))
    seen: list[tuple[int, tuple[slice, slice], Floats, float]] = []
    for index in np.argsort(-away, kind="stable").tolist():
        item = items[index]
        if isinstance(item, Prop):
            _draw(camera, scene, light, picture, owner, item, index, shelf, 0.0, -1.0, (lamps[index], sides[index]))
        elif depth[index] > 0.3 and away[index] > 0.2:
            found = _draw(camera, scene, light, picture, owner, item, index, shelf, crowd[index],
                          sunlit[index], (lamps[index], sides[index]))  # fmt: skip
            if found is not None:
                seen.append((index, *found))
    visible = np.zeros(len(people))
    for index, area, mask, full in seen:
        visible[index] = float((mask * (owner[area] == index)).sum()) / max(full, 0.3)
    return Painted(picture, heads, np.clip(visible, 0, 1))


def _neighbours(feet: NDArray[np.float64], heights: NDArray[np.float64], light: Light) -> tuple[Floats, Floats]:
    """Crowding about each person (persons/m² within 1 m) and the height below which others shade the sun."""
    count = len(feet)
    crowd, shade = np.zeros(count, np.float32), np.full(count, -1.0, np.float32)
    if count < 2:
        return crowd, shade
    gap = feet[None, :, :2] - feet[:, None, :2]
    far = np.hypot(gap[..., 0], gap[..., 1])
    crowd = ((far < 1.0).sum(1) - 1).astype(np.float32) / np.float32(np.pi)
    if light.has_sun():
        sx, sy, sz = light.sun_from
        flat = max(float(np.hypot(sx, sy)), 1e-3)
        forward = (gap[..., 0] * sx + gap[..., 1] * sy) / flat
        beside = np.abs(gap[..., 0] * sy - gap[..., 1] * sx) / flat
        top = np.where((forward > 0.1) & (beside < 0.24), heights[None, :] - forward * sz / flat, -1.0)
        shade = top.max(1).astype(np.float32)
    return crowd, shade


def _floor(camera: Pinhole, scene: Backdrop, light: Light, feet: NDArray[np.float64],
           heights: NDArray[np.float64]) -> Floats:  # fmt: skip
    """The backdrop with the shadows of people on it."""
    if not len(feet):
        return np.ascontiguousarray(scene.albedo * (scene.ambient + scene.direct))
    contact = _shadow_mask(camera, feet, np.zeros((len(feet), 2)), 0.27, 0.10)
    ambient = scene.ambient * (1 - 0.62 * contact)[..., None]
    direct = scene.direct
    if light.has_sun():
        sx, sy, sz = light.sun_from
        throw = -np.array([sx, sy])[None, :] / max(sz, 0.12) * heights[:, None]
        direct = direct * (1 - 0.93 * _shadow_mask(camera, feet, throw, 0.19, 0.03))[..., None]
    elif light.lamps:
        throw = _lamp_throw(light, feet, heights)
        ambient = ambient * (1 - 0.5 * _shadow_mask(camera, feet, throw, 0.18, 0.08))[..., None]
    return np.ascontiguousarray(scene.albedo * (ambient + direct))


def _lamp_throw(light: Light, feet: NDArray[np.float64], heights: NDArray[np.float64]) -> NDArray[np.float64]:
    places = np.array([lamp.place for lamp in light.lamps])
    gap = feet[:, None, :] - places[None, :, :]
    nearest = (gap**2).sum(2).argmin(1)
    away = gap[np.arange(len(feet)), nearest]
    rise = np.maximum(-away[:, 2] - heights, 0.5)
    throw = away[:, :2] * (heights / rise)[:, None]
    length = np.hypot(throw[:, 0], throw[:, 1])[:, None]
    return throw / np.maximum(length, 1e-6) * np.minimum(length, 3.5)


def _shadow_mask(camera: Pinhole, feet: NDArray[np.float64], throw: NDArray[np.float64], radius: float,
                 soft: float) -> Floats:  # fmt: skip
    width, height = camera.size
    mask = np.zeros((height, width), np.uint8)
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    ring = np.column_stack([np.cos(angles), np.sin(angles)]) * radius
    forward = ring[None] @ throw[:, :, None] > 0
    outline = feet[:, None, :2] + ring[None] + throw[:, None, :] * forward
    points = np.concatenate([outline, np.repeat(feet[:, None, 2:], len(ring), 1)], 2)
    pixels, depth = camera.project(points.reshape(-1, 3))
    pixels, ahead = pixels.reshape(-1, len(ring), 2), (depth.reshape(-1, len(ring)) > 0.3).all(1)
    near = ahead & (np.abs(pixels - np.array([width, height]) / 2) < 4000).all((1, 2))
    for shape in pixels[near]:
        cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(shape * 16).astype(np.int32)), 255, cv2.LINE_AA, 4)
    middle = np.median(depth[depth > 0.3]) if (depth > 0.3).any() else 10.0
    blur = max(soft * camera.focal / float(middle), 0.6)
    return cv2.GaussianBlur(mask, (0, 0), blur).astype(np.float32) / 255


def _fit(camera: Pinhole, item: Placed | Prop, height: float, sprite_pitch: float,
         sprite: Sprite) -> NDArray[np.float64] | None:  # fmt: skip
    """The affine map from sprite pixels to picture pixels: head and foot fall exactly where they belong."""
    foot = np.array(item.place)
    head = foot + np.array([0, 0, height * figures.HEAD_SHARE])
    across = np.array([foot[1] - camera.position[1], -(foot[0] - camera.position[0]), 0.0])
    across /= max(float(np.linalg.norm(across)), 1e-6)
    pixels, depth = camera.project(np.stack([head, foot, head + 0.1 * across, foot + 0.1 * across]))
    if depth.min() < 0.3:
        return None
    size = height / figures.HEIGHT
    right = ((pixels[2] - pixels[0]) + (pixels[3] - pixels[1])) / 2 / 0.1 * size / sprite.scale
    drop = figures.HEAD_CENTRE * np.cos(np.radians(sprite_pitch)) * sprite.scale  # head to foot in the sprite
    down = (pixels[1] - pixels[0]) / drop
    turn = np.column_stack([right, down])
    anchor = np.array([sprite.foot[0], sprite.foot[1] - drop])
    return np.column_stack([turn, pixels[0] - turn @ anchor])


def _draw(camera: Pinhole, scene: Backdrop, light: Light, picture: Floats, owner: NDArray[np.int32],
          item: Placed | Prop, index: int, shelf: SpriteShelf, crowd: float, sunlit: float,
          lamp: tuple[Floats, Floats]) -> tuple[tuple[slice, slice], Floats, float] | None:  # fmt: skip
    eye, foot = np.array(camera.position), np.array(item.place)
    height = item.person.height if isinstance(item, Placed) else item.size * figures.HEIGHT
    middle = foot + np.array([0, 0, 0.55 * height]) - eye
    flat = float(np.hypot(middle[0], middle[1]))
    pitch = float(np.degrees(np.arctan2(-middle[2], flat)))
    gaze = middle[:2] / max(flat, 1e-6)
    scale = camera.focal / float(np.linalg.norm(middle)) * height / figures.HEIGHT
    if isinstance(item, Placed):
        spin = item.heading - float(np.arctan2(-gaze[0], gaze[1]))
        sprite = shelf.person(item.person.look, item.pose, item.phase, spin, pitch, scale)
        palette = item.person.palette
    else:
        sprite = shelf.thing(item.kind, pitch, scale)
        palette = item.palette
    affine = _fit(camera, item, height, shelf.kept_pitch(pitch), sprite)
    if affine is None:
        return None
    h, w = sprite.shade.shape
    corners = np.array([[0, 0, 1], [w, 0, 1], [0, h, 1], [w, h, 1]]) @ affine.T
    low = np.maximum(np.floor(corners.min(0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(corners.max(0)).astype(int) + 1, camera.size)
    if (high <= low).any():
        return None
    area = (slice(low[1], high[1]), slice(low[0], high[0]))
    local = affine.copy()
    local[:, 2] += local[:, :2] @ [0.5, 0.5] - 0.5 - low  # from corner to centre coordinates, and to the patch
    span = (int(high[0] - low[0]), int(high[1] - low[1]))
    body = _coloured(sprite, palette, light, gaze, crowd, sunlit, lamp)
    patch = cv2.warpAffine(body, local, span, flags=cv2.INTER_LINEAR)
    masks = cv2.warpAffine(np.dstack([sprite.head, sprite.height]), local, span, flags=cv2.INTER_LINEAR)
    alpha = patch[..., 3]
    if scene.occluder[area].any():
        ends = camera.project(np.stack([foot, foot + np.array([0, 0, height])]))[1]
        depth = ends[0] + (ends[1] - ends[0]) * masks[..., 1] / (100 * figures.HEIGHT)
        keep = ~(scene.occluder[area] & (scene.depth[area] < depth - 0.2))
        alpha = alpha * keep
        patch[..., :3] *= keep[..., None]
    under = picture[area]
    under *= (1 - alpha)[..., None]
    under += patch[..., :3]
    owner[area][alpha > 0.5] = index
    grow = abs(float(np.linalg.det(affine[:, :2])))
    return area, masks[..., 0].astype(np.float32) / 255, float(sprite.head.sum()) / 255 * grow


def _coloured(sprite: Sprite, palette: Floats, light: Light, gaze: NDArray[np.float64], crowd: float,
              sunlit: float, lamp: tuple[Floats, Floats]) -> Floats:  # fmt: skip
    """The sprite with colours and light: premultiplied linear BGR and alpha (h, w, 4)."""
    cover = sprite.parts.astype(np.float32) * np.float32(1 / 255)
    normal = sprite.normal.astype(np.float32) * np.float32(1 / 127)
    tall = sprite.height.astype(np.float32) * np.float32(0.01)
    up = normal[..., 2]
    closed = 1 - min(0.8, 0.17 * crowd) * np.clip(1.15 - tall / 1.35, 0, 1)
    sky = np.asarray(light.sky, np.float32)
    glare, side = lamp
    bounce = 0.22 * (sky + 0.3 * np.asarray(light.sun, np.float32)) + 0.12 * glare
    glow = ((0.56 + 0.44 * up) * closed)[..., None] * sky + ((0.5 - 0.5 * up) * closed)[..., None] * bounce
    if light.lamps:
        facing = np.clip(normal @ _turned(side, gaze), 0, None)
        glow = glow + ((0.34 + 0.16 * up + 0.72 * facing) * closed)[..., None] * glare
    if light.has_sun():
        facing = np.clip(normal @ _turned(np.asarray(light.sun_from, np.float32), gaze), 0, None)
        facing *= np.clip((tall - sunlit) / 0.12 + 0.5, 0, 1)
        glow = glow + facing[..., None] * np.asarray(light.sun, np.float32)
    shade = sprite.shade.astype(np.float32) * np.float32(1 / 200)
    out = np.empty((*shade.shape, 4), np.float32)
    out[..., :3] = (cover @ palette) * glow * shade[..., None]
    out[..., 3] = np.minimum(cover.sum(2), 1)
    return out


def _turned(direction: Floats, gaze: NDArray[np.float64]) -> Floats:
    """A world direction (3,) in the frame of sprites seen along `gaze`: right, away, up."""
    x, y, z = direction.tolist()
    return np.array([x * gaze[1] - y * gaze[0], x * gaze[0] + y * gaze[1], z], np.float32)
