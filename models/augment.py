"""What a camera does to a scene: scale, tilt, colour, blur, noise, compression. Pure functions of a seed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Points = NDArray[np.float32]


@dataclass(frozen=True)
class Crops:
    """Size and geometry of training crops."""

    width: int = 512
    height: int = 384
    scale_low: float = 0.4
    scale_high: float = 2.5
    aspect: float = 1.25
    """Width over height is stretched by up to this factor, either way."""
    tilt_deg: float = 8.0


def crop(rng: Generator, image: Image, halved: Image | None, points: Points, crops: Crops) -> tuple[Image, Points]:
    """A window of random place, scale, aspect, tilt and mirroring, with the points that fall in it.

    `halved` is the same picture at half the size, used for strong shrinking.

    Where the scaled picture is smaller than the window the rest is one flat colour.
    """
    height, width = image.shape[:2]
    scale = float(np.exp(rng.uniform(np.log(crops.scale_low), np.log(crops.scale_high))))
    stretch = float(np.exp(rng.uniform(-0.5, 0.5) * np.log(crops.aspect)))
    scale_x, scale_y = scale * stretch, scale / stretch
    if rng.random() < 0.5:
        scale_x = -scale_x
    angle = np.deg2rad(rng.uniform(-crops.tilt_deg, crops.tilt_deg)) if rng.random() < 0.5 else 0.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([scale_x, scale_y])
    centre = np.array([_place(rng, width, crops.width / scale), _place(rng, height, crops.height / scale)])
    offset = np.array([crops.width / 2, crops.height / 2]) - linear @ centre
    matrix = np.hstack([linear, offset[:, None]])
    fill = [int(v) for v in rng.integers(0, 256, 3)] if rng.random() < 0.5 else [0, 0, 0]
    source = image
    if scale < 0.75 and halved is not None:  # half size, area-averaged, or the picture aliases
        source, matrix = halved, np.hstack([linear * 2, offset[:, None]])
    window = cv2.warpAffine(
        source, matrix, (crops.width, crops.height), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=fill,
    )  # fmt: skip
    moved = points @ linear.T + offset
    inside = (moved >= 0).all(1) & (moved[:, 0] < crops.width) & (moved[:, 1] < crops.height)
    return np.asarray(window, np.uint8), moved[inside].astype(np.float32)


def _place(rng: Generator, length: float, window: float) -> float:
    """Centre of a window of one axis; a window larger than the picture may stand anywhere over it."""
    low, high = sorted((window / 2, length - window / 2))
    return float(rng.uniform(low, high))


STAMPED = 0.3
"""Share of pictures with writing in them, as recorders put the time and the camera's name."""
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX)


def stamp(rng: Generator, image: Image) -> Image:
    """One or two lines of a time, a camera's name or the like near an edge: letters are no heads."""
    out = image.copy()
    height, width = out.shape[:2]
    for _ in range(int(rng.integers(1, 3))):
        year, month, day, hour, minute, second = rng.integers(
            (2008, 1, 1, 0, 0, 0), (2031, 13, 29, 24, 60, 60)
        ).tolist()
        name = str(rng.choice(["CAM", "Camera", "CH", "GATE", "IPC", "NORTH", "PLAZA", "STEPS"]))
        place = f"{name} {int(rng.integers(1, 99)):02d}"
        line = (
            f"{year}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}",
            f"{day:02d}/{month:02d}/{year} {hour:02d}:{minute:02d}",
            place,
            f"{year}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}  {place}",
        )[int(rng.integers(4))]
        font, size = int(rng.choice(_FONTS)), float(rng.uniform(0.4, 1.3))
        thick = max(1, round(size * float(rng.uniform(0.8, 2.2))))
        (long, tall), _ = cv2.getTextSize(line, font, size, thick)
        left = int(rng.integers(0, max(width - long, 1)))
        low = int(rng.integers(tall, 2 * tall + 12))
        at = (left, low if rng.random() < 0.6 else height - low + tall)
        ink = 255 if rng.random() < 0.8 else 0
        colour = (0, int(rng.integers(180, 256)), 255) if rng.random() < 0.15 else (ink, ink, ink)
        if rng.random() < 0.5:
            cv2.putText(out, line, at, font, size, (255 - ink,) * 3, thick + 2, cv2.LINE_AA)
        cv2.putText(out, line, at, font, size, colour, thick, cv2.LINE_AA)
    return out


def degrade(rng: Generator, image: Image) -> Image:
    """Writing, colour, light, sharpness, noise and compression of an ordinary camera on an ordinary day."""
    out = stamp(rng, image) if rng.random() < STAMPED else image
    if rng.random() < 0.6:
        gain = rng.uniform(0.6, 1.4, 3) if rng.random() < 0.4 else np.full(3, rng.uniform(0.6, 1.4))
        gamma = np.exp(rng.uniform(-0.45, 0.45))
        lift = rng.uniform(-25, 25)
        ramp = np.arange(256) / 255.0
        table = np.clip(255 * gain[None, :] * (ramp[:, None] ** gamma) + lift, 0, 255).astype(np.uint8)
        out = np.asarray(cv2.LUT(out, table[:, None, :].reshape(256, 1, 3)), np.uint8)
    if rng.random() < 0.2:
        grey = cv2.cvtColor(out, cv2.COLOR_BGR2GRAY)
        out = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    chance = rng.random()
    if chance < 0.2:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.8)), np.uint8)
    elif chance < 0.35:  # a sensor of fewer pixels than the stream claims
        factor = rng.uniform(0.4, 0.9)
        small = cv2.resize(out, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        out = np.asarray(cv2.resize(small, out.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)
    if rng.random() < 0.25:
        noise = rng.standard_normal(out.shape[:2], np.float32)[..., None] * rng.uniform(2, 14)
        out = np.clip(out + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.45:
        quality = int(rng.integers(18, 90))
        _, data = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, quality])
        out = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return out


def texture(rng: Generator, width: int, height: int) -> Image:
    """A surface without people: smooth noise, stripes, tiles or a plain wall. Counts as zero."""
    base = rng.uniform(0, 255, 3)
    other = rng.uniform(0, 255, 3)
    kind = int(rng.integers(0, 4))
    if kind == 0:
        cells = int(rng.integers(3, 60))
        coarse = rng.random((max(cells * height // width, 2), cells), np.float32)
        mask = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    else:
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        angle, period = rng.uniform(0, np.pi), rng.uniform(6, 90)
        along = (x * np.cos(angle) + y * np.sin(angle)) / period
        across = (y * np.cos(angle) - x * np.sin(angle)) / period
        if kind == 1:
            mask = (along % 1 < rng.uniform(0.1, 0.6)).astype(np.float32)
        elif kind == 2:
            mask = ((np.floor(along) + np.floor(across)) % 2).astype(np.float32)
        else:
            mask = y / height
    mask = np.clip(mask, 0, 1)[..., None]
    picture = base * mask + other * (1 - mask) + rng.standard_normal((height, width, 1)) * rng.uniform(0, 12)
    return np.clip(picture, 0, 255).astype(np.uint8)
