"""The camera behind the scene: exposure, bloom, blur, vignette, noise, tone, time stamp."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Lens:
    """How a cheap camera sees. `gain` multiplies linear light; `noise` is its deviation at mid grey (0..1)."""

    gain: float = 1.0
    blur: float = 0.6
    bloom: float = 0.04
    vignette: float = 0.22
    noise: float = 0.012
    sharpen: float = 0.5
    white: tuple[float, float, float] = (1.0, 1.0, 1.0)
    grey: bool = False
    contrast: float = 1.0
    saturation: float = 1.0
    fringe: float = 0.0
    stamp: str = ""


def exposure(linear: Floats, target: float = 0.18) -> float:
    """The gain that an automatic exposure would choose: mean log light to `target`, highlights kept."""
    level = float(np.exp(np.log(linear.mean(2) + 1e-3).mean()))
    bright = float(np.percentile(linear.mean(2), 97))
    return float(np.clip(min(target / max(level, 1e-4), 0.95 / max(bright, 1e-4)), 0.15, 14.0))


def shoot(linear: Floats, lens: Lens, rng: np.random.Generator) -> Bytes:
    """Linear BGR (h, w, 3) to the camera's 8-bit BGR picture."""
    height, width = linear.shape[:2]
    light = linear * (np.float32(lens.gain) * np.asarray(lens.white, np.float32))
    if lens.bloom > 0:
        small = cv2.resize(
            np.maximum(light - 0.8, 0), (max(width // 8, 1), max(height // 8, 1)), interpolation=cv2.INTER_AREA
        )
        glow = cv2.resize(cv2.GaussianBlur(small, (0, 0), 3), (width, height), interpolation=cv2.INTER_LINEAR)
        light = light + np.float32(lens.bloom * 6) * glow
    if lens.vignette > 0:
        light = light * _falloff(width, height, lens.vignette)[..., None]
    if lens.fringe > 0:
        light = _fringed(light, lens.fringe)
    tone = _curve(light)
    if lens.saturation != 1:
        grey = tone.mean(2, keepdims=True)
        tone = grey + (tone - grey) * np.float32(lens.saturation)
    if lens.blur > 0.25:
        tone = cv2.GaussianBlur(tone, (0, 0), lens.blur)
    if lens.noise > 0:
        tone = tone + _noise(rng, height, width, lens.noise) * (1.25 - 0.75 * tone)
    if lens.sharpen > 0:
        tone = tone + np.float32(lens.sharpen) * (tone - cv2.GaussianBlur(tone, (0, 0), 1.2))
    if lens.contrast != 1:
        tone = 0.45 + (tone - 0.45) * np.float32(lens.contrast)
    out = np.clip(tone * 255, 0, 255).astype(np.uint8)
    if lens.grey:
        out = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if lens.stamp:
        _write(out, lens.stamp)
    return out


def _curve(light: Floats) -> Floats:
    """Gamma with a soft shoulder, so that lamps burn out gently."""
    soft = np.where(light > 0.6, 0.6 + 0.4 * (1 - np.exp(-(np.maximum(light, 0.6) - 0.6) / 0.55)), light)
    return np.power(np.clip(soft, 0, 1), np.float32(1 / 2.2)).astype(np.float32)


def _fringed(light: Floats, strength: float) -> Floats:
    """Red drawn larger and blue smaller about the middle, as by a cheap lens."""
    height, width = light.shape[:2]
    out = light.copy()
    for channel, grow in ((0, 1 - strength), (2, 1 + strength)):
        matrix = np.array([[grow, 0, (1 - grow) * width / 2], [0, grow, (1 - grow) * height / 2]], np.float32)
        out[..., channel] = cv2.warpAffine(
            np.ascontiguousarray(light[..., channel]), matrix, (width, height), borderMode=cv2.BORDER_REPLICATE
        )
    return out


def _falloff(width: int, height: int, strength: float) -> Floats:
    x = (np.arange(width, dtype=np.float32) - width / 2) / (width / 2)
    y = (np.arange(height, dtype=np.float32) - height / 2) / (width / 2)
    return 1 - np.float32(strength) * (x[None, :] ** 2 + y[:, None] ** 2) / np.float32(1.3)


def _noise(rng: np.random.Generator, height: int, width: int, strength: float) -> Floats:
    luma = rng.standard_normal((height, width, 1), np.float32)
    chroma = rng.standard_normal((height // 2 + 1, width // 2 + 1, 3), np.float32)
    chroma = cv2.resize(chroma, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.float32(strength) * (0.85 * cv2.GaussianBlur(luma, (0, 0), 0.55)[..., None] * 1.6 + 0.7 * chroma)


def _write(picture: Bytes, text: str) -> None:
    size = picture.shape[0] / 900
    for colour, thick in (((20, 20, 20), 3), ((235, 235, 235), 1)):
        cv2.putText(picture, text, (8, int(30 * size) + 8), cv2.FONT_HERSHEY_SIMPLEX, size, colour, thick, cv2.LINE_AA)
