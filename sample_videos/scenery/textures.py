"""Procedural surfaces: square tiles that repeat, in linear BGR float32."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_videos.figures.wardrobe import linear

Floats = NDArray[np.float32]
SIDE = 512
FLOORS = ("paving", "slabs", "asphalt", "grass", "concrete", "cobbles", "tiles", "marble")
WALLS = ("facade", "brick", "plaster", "shopfront", "glass")


def noise(rng: np.random.Generator, cells: int, side: int = SIDE) -> Floats:
    """Smooth noise of mean 0 and deviation about 1 that repeats at the tile's edges."""
    grid = rng.normal(0, 1, (cells, cells)).astype(np.float32)
    wrapped = np.pad(grid, 2, mode="wrap")
    step = side // cells
    big = cv2.resize(wrapped, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(big[2 * step : 2 * step + side, 2 * step : 2 * step + side])


def _grain(rng: np.random.Generator) -> Floats:
    return 0.5 * noise(rng, 256) + 0.6 * noise(rng, 64) + 0.5 * noise(rng, 16) + 0.6 * noise(rng, 4)


def _joints(columns: int, rows: int, width: int, shift: bool) -> Floats:
    lines = np.zeros((SIDE, SIDE), np.float32)
    for r in range(rows):
        top, foot = r * SIDE // rows, (r + 1) * SIDE // rows
        lines[top : top + width] = 1
        for c in range(columns):
            x = (int((c + (0.5 if shift and r % 2 else 0.0)) * SIDE / columns)) % SIDE
            lines[top:foot, x : x + width] = 1
    return cv2.GaussianBlur(lines, (0, 0), 0.8)


def _per_stone(rng: np.random.Generator, columns: int, rows: int, shift: bool) -> Floats:
    tone = rng.normal(0, 1, (rows, columns)).astype(np.float32)
    big = np.repeat(np.repeat(tone, SIDE // rows, 0), SIDE // columns, 1)
    big = cv2.resize(big, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    if shift:
        for r in range(1, rows, 2):
            band = slice(r * SIDE // rows, (r + 1) * SIDE // rows)
            big[band] = np.roll(big[band], SIDE // columns // 2, 1)
    return big


def _stones(rng: np.random.Generator, base: tuple[int, int, int], columns: int, rows: int, joint: float,
            vary: float, shift: bool, grain: float, width: int = 3) -> Floats:  # fmt: skip
    tone = 1 + vary * _per_stone(rng, columns, rows, shift) + grain * _grain(rng)
    tone *= 1 - joint * _joints(columns, rows, width, shift)
    return linear(base) * np.clip(tone, 0.05, 2)[..., None]


def _facade(rng: np.random.Generator, base: tuple[int, int, int], columns: int, rows: int, lit: float,
            big: bool) -> Floats:  # fmt: skip
    tile = linear(base) * (1 + 0.05 * _grain(rng))[..., None]
    w, h = SIDE // columns, SIDE // rows
    for r in range(rows):
        for c in range(columns):
            x0, x1 = c * w + (w // 10 if big else w // 4), (c + 1) * w - (w // 10 if big else w // 4)
            y0, y1 = r * h + (h // 8 if big else h // 4), (r + 1) * h - (h // 10 if big else h // 6)
            glow = rng.random() < lit
            pane = (
                np.array([0.5, 0.8, 1.0]) * rng.uniform(0.5, 1.2)
                if glow
                else np.array([0.09, 0.075, 0.06]) * rng.uniform(0.4, 1.8)
            )
            cv2.rectangle(
                tile, (x0 - 3, y0 - 3), (x1 + 3, y1 + 3), (tile.mean((0, 1)) * rng.uniform(0.7, 1.25)).tolist(), -1
            )
            cv2.rectangle(tile, (x0, y0), (x1, y1), pane.tolist(), -1)
            cv2.line(tile, ((x0 + x1) // 2, y0), ((x0 + x1) // 2, y1), (pane * 2).tolist(), 2)
            for _ in range(
                int(rng.integers(0, 4)) if big else 0
            ):  # goods, posters and people-like shapes behind the glass
                px, py = int(rng.integers(x0, x1)), int(rng.integers(y0, y1))
                size = (int(rng.integers(3, 16)), int(rng.integers(6, 30)))
                cv2.ellipse(tile, (px, py), size, 0, 0, 360, (pane * rng.uniform(0.3, 0.8, 3)).tolist(), -1)
    return tile


def _printed(rng: np.random.Generator, kind: str) -> Floats:
    """Boards: a painted head and shoulders or figures (never a photograph), blocks of letters, bright screens."""
    tile = np.zeros((SIDE, SIDE, 3), np.float32)
    tile[:] = linear(rng.uniform(60, 245, 3))
    tile *= np.linspace(rng.uniform(0.5, 1), rng.uniform(0.8, 1.3), SIDE, dtype=np.float32)[:, None, None]
    people = {"poster": int(rng.integers(1, 3)), "crowdprint": 14, "screen": int(rng.integers(0, 3))}.get(kind, 0)
    for k in range(people):
        size = SIDE * float(rng.uniform(0.10, 0.22)) if people < 4 else SIDE * 0.05
        x = SIDE * (k + 0.5) / people + rng.normal(0, 12)
        y = SIDE * float(rng.uniform(0.25, 0.5))
        skin, cloth, hair = (
            linear(rng.uniform((90, 120, 160), (190, 215, 250))),
            linear(rng.uniform(20, 235, 3)),
            linear(rng.uniform(10, 70, 3)),
        )
        _ellipse(tile, x, y + 3.1 * size, 1.7 * size, 2.2 * size, cloth)
        _ellipse(tile, x, y - 0.2 * size, 0.95 * size, 1.15 * size, hair)
        _ellipse(tile, x, y + 0.15 * size, 0.72 * size, 0.95 * size, skin)
        for side in (-1, 1):
            _ellipse(tile, x + side * 0.28 * size, y, 0.11 * size, 0.07 * size, hair)
        _ellipse(tile, x, y + 0.55 * size, 0.25 * size, 0.07 * size, skin * np.array([0.5, 0.4, 0.8]))
    for _ in range(int(rng.integers(2, 7)) if kind != "crowdprint" else 0):
        ink = linear(rng.uniform(0, 255, 3)).tolist()
        top, left = int(rng.uniform(0.02, 0.9) * SIDE), int(rng.uniform(0.03, 0.4) * SIDE)
        high = int(rng.uniform(0.03, 0.12) * SIDE)
        for c in range(int(rng.integers(3, 12))):
            x0 = left + int(c * high * 1.1)
            cv2.rectangle(
                tile, (x0, top), (x0 + int(high * 0.8), top + high), ink, 2 if rng.random() < 0.5 else max(2, high // 5)
            )
            cv2.line(
                tile,
                (x0, top + int(rng.uniform(0, 1) * high)),
                (x0 + int(high * 0.8), top + int(rng.uniform(0, 1) * high)),
                ink,
                3,
            )
    return tile


def _ellipse(tile: Floats, x: float, y: float, a: float, b: float, colour: NDArray[np.floating]) -> None:
    cv2.ellipse(
        tile,
        (int(x), int(y)),
        (max(int(a), 1), max(int(b), 1)),
        0,
        0,
        360,
        np.asarray(colour, float).tolist(),
        -1,
        cv2.LINE_AA,
    )


_SPANS = {"paving": 3.2, "slabs": 3.6, "tiles": 4.8, "cobbles": 4.2, "marble": 5.0, "asphalt": 6.0, "grass": 5.0,
          "concrete": 8.0, "brick": 2.4, "plaster": 6.0, "facade": 13.0, "shopfront": 9.0, "glass": 12.0, "wood": 2.0,
          "poster": 1.0, "sign": 1.0, "screen": 1.0, "crowdprint": 2.0}  # fmt: skip


def span_of(kind: str) -> float:
    """Metres that a tile of this kind covers."""
    return _SPANS[kind]


@lru_cache(maxsize=4)
def tile(kind: str, seed: int) -> tuple[Floats, float]:
    """A (512, 512, 3) tile in linear BGR and the metres that its side covers."""
    rng = np.random.default_rng([seed, *kind.encode()])
    grey = int(rng.integers(95, 205))
    tint = np.clip(grey + rng.normal(0, 4, 3) + rng.uniform(0, 10) * np.array([-1, 0, 1]), 40, 230).astype(int)
    base = (int(tint[0]), int(tint[1]), int(tint[2]))
    if kind == "paving":
        found = _stones(rng, base, 8, 16, rng.uniform(0.2, 0.5), 0.06, True, 0.05, 3), 3.2
    elif kind == "slabs":
        found = _stones(rng, base, 4, 4, rng.uniform(0.15, 0.45), 0.05, False, 0.05, 3), 3.6
    elif kind == "tiles":
        found = _stones(rng, base, 16, 16, rng.uniform(0.1, 0.4), 0.12, False, 0.04, 2), 4.8
    elif kind == "cobbles":
        found = _stones(rng, base, 32, 32, 0.5, 0.14, True, 0.06, 3), 4.2
    elif kind == "marble":
        found = _stones(rng, (205, 210, 214), 4, 8, 0.25, 0.03, bool(rng.random() < 0.5), 0.025, 2), 5.0
    elif kind == "asphalt":
        dark = int(rng.integers(62, 118))
        found = linear((dark, dark, dark)) * np.clip(1 + 0.10 * _grain(rng), 0.2, 2)[..., None], 6.0
    elif kind == "grass":
        tone = np.clip(1 + 0.22 * _grain(rng) + 0.12 * noise(rng, 128), 0.1, 2.5)[..., None]
        found = linear((int(rng.integers(48, 70)), int(rng.integers(84, 108)), int(rng.integers(76, 100)))) * tone, 5.0
    elif kind == "concrete":
        found = _stones(rng, base, 2, 2, 0.25, 0.03, False, 0.06, 3), 8.0
    elif kind == "brick":
        found = _stones(rng, (60, 80, 130), 8, 24, -0.35, 0.1, True, 0.06, 3), 2.4
    elif kind == "plaster":
        found = linear(base) * (1 + 0.06 * _grain(rng))[..., None], 6.0
    elif kind == "facade":
        found = _facade(rng, base, 4, 4, rng.uniform(0, 0.6), False), 13.0
    elif kind == "shopfront":
        found = _facade(rng, base, 3, 2, rng.uniform(0.2, 0.9), True), 9.0
    elif kind == "glass":
        found = _facade(rng, (110, 90, 80), 6, 6, rng.uniform(0, 0.3), True), 12.0
    elif kind == "wood":
        found = _stones(rng, (70, 100, 135), 2, 16, 0.4, 0.10, True, 0.07, 3), 2.0
    elif kind in ("poster", "sign", "screen", "crowdprint"):
        found = _printed(rng, kind), _SPANS[kind]
    else:
        raise ValueError(f"no surface is called {kind!r}")
    return np.maximum(found[0], 0).astype(np.float32), found[1]


@lru_cache(maxsize=600)
def encoded(kind: str, seed: int) -> NDArray[np.uint8]:
    """A tile as the studio's driver takes it: (512, 512, 3), the root of half the light."""
    return np.asarray(np.sqrt(np.clip(tile(kind, seed)[0] / 2.0, 0, 1)) * 255 + 0.5, np.uint8)
