"""Rain, snow and drops on the glass, drawn over the linear picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def fall(picture: Floats, rng: np.random.Generator, weather: str, strength: float) -> Floats:
    """Streaks of rain or flakes of snow in front of the scene; `strength` 0..1. Other weather changes nothing."""
    if weather == "rain":
        return _rain(picture, rng, strength)
    if weather == "snow":
        return _snow(picture, rng, strength)
    return picture


def _rain(picture: Floats, rng: np.random.Generator, strength: float) -> Floats:
    height, width = picture.shape[:2]
    veil = np.zeros((height, width), np.float32)
    slant = rng.uniform(-0.25, 0.25)
    for _ in range(int(strength * width * height / 1500)):
        x, y = rng.uniform(0, width), rng.uniform(-20, height)
        long = height * rng.uniform(0.012, 0.055)
        cv2.line(
            veil, (int(x), int(y)), (int(x + slant * long), int(y + long)), float(rng.uniform(0.2, 1.0)), 1, cv2.LINE_AA
        )
    veil = cv2.GaussianBlur(veil, (0, 0), 0.6)
    light = np.float32(picture.mean() * 0.75 + 0.01)
    return picture + veil[..., None] * light * np.float32(0.5)


def _snow(picture: Floats, rng: np.random.Generator, strength: float) -> Floats:
    height, width = picture.shape[:2]
    veil = np.zeros((height, width), np.float32)
    for _ in range(int(strength * width * height / 1300)):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        r = max(0.6, height / 360 * float(rng.exponential(0.7)))
        cv2.ellipse(veil, (int(x), int(y)), (int(r + 0.5), int(r * 1.6 + 0.5)), float(rng.uniform(-20, 20)), 0, 360,
                    float(rng.uniform(0.3, 1.0)), -1, cv2.LINE_AA)  # fmt: skip
    veil = cv2.GaussianBlur(veil, (0, 0), 0.7)
    light = np.float32(picture.mean() * 1.6 + 0.02)
    return picture * (1 - 0.6 * veil[..., None]) + veil[..., None] * light


def drops(picture: NDArray[np.uint8], rng: np.random.Generator, count: int) -> NDArray[np.uint8]:
    """Drops or dirt on the glass: round places that are blurred and bent."""
    height, width = picture.shape[:2]
    out = picture.copy()
    soft = cv2.GaussianBlur(picture, (0, 0), height / 60)
    mask = np.zeros((height, width), np.float32)
    for _ in range(count):
        r = height * float(rng.uniform(0.01, 0.06))
        cv2.circle(
            mask,
            (int(rng.uniform(0, width)), int(rng.uniform(0, height))),
            int(r),
            float(rng.uniform(0.4, 0.95)),
            -1,
            cv2.LINE_AA,
        )
    mask = cv2.GaussianBlur(mask, (0, 0), height / 200)[..., None]
    return np.asarray(out * (1 - mask) + soft * mask, np.uint8)
