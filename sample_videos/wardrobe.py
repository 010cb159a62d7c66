"""Who is filmed: builds, clothes and colours of people, drawn from a seeded generator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_videos import figures
from sample_videos.figures import Look

Floats = NDArray[np.float32]

# sRGB 0..255 in BGR order, as OpenCV keeps pictures.
_SKINS = [(150, 180, 224), (125, 160, 210), (140, 172, 222), (105, 140, 196), (85, 115, 165), (50, 72, 110)]
_HAIRS = [
    (22, 22, 26),
    (18, 20, 24),
    (20, 20, 22),
    (26, 26, 32),
    (16, 18, 20),
    (30, 36, 48),
    (34, 52, 80),
    (60, 96, 140),
    (140, 140, 142),
    (40, 40, 70),
]
_DARKS = [(26, 26, 28), (40, 36, 34), (62, 44, 34), (84, 62, 48), (52, 54, 58), (48, 62, 72), (92, 90, 90)]
_LIGHTS = [(222, 224, 226), (196, 202, 208), (168, 186, 204), (150, 150, 152), (206, 190, 170), (180, 206, 226)]
_BRIGHT = [(48, 44, 150), (132, 72, 50), (70, 108, 72), (62, 138, 186), (136, 104, 158), (146, 132, 80),
           (70, 96, 186), (184, 128, 124), (72, 42, 100), (110, 178, 200)]  # fmt: skip


def linear(colour: tuple[int, int, int] | NDArray[np.floating]) -> Floats:
    """sRGB 0..255 to linear light 0..1."""
    return ((np.asarray(colour, np.float32) / 255) ** 2.2).astype(np.float32)


@dataclass(frozen=True)
class Person:
    """A filmed person: look, height in metres, palette (8, 3) in linear BGR."""

    look: Look
    height: float
    palette: Floats


def _pick(rng: np.random.Generator, table: list[tuple[int, int, int]]) -> NDArray[np.float64]:
    base = np.array(table[int(rng.integers(len(table)))], float)
    return np.clip(base * rng.uniform(0.8, 1.15) + rng.normal(0, 1.2 + 0.035 * base.mean(), 3), 4, 245)


def _cloth(rng: np.random.Generator, dark: float, bright: float) -> NDArray[np.float64]:
    draw = rng.random()
    return _pick(rng, _DARKS if draw < dark else _BRIGHT if draw < dark + bright else _LIGHTS)


def dress(rng: np.random.Generator, look: Look, height: float, winter: bool) -> Person:
    """Colours for one person; winter brings more dark and covered clothes."""
    palette = np.zeros((figures.PARTS, 3))
    palette[figures.SKIN] = _pick(rng, _SKINS)
    palette[figures.HAIR] = _pick(rng, _HAIRS)
    palette[figures.TOP] = _cloth(rng, 0.70 if winter else 0.38, 0.12 if winter else 0.22)
    palette[figures.BOTTOM] = _cloth(rng, 0.82, 0.05)
    palette[figures.SHOES] = _pick(rng, _DARKS if rng.random() < 0.65 else _LIGHTS)
    palette[figures.BAG] = _cloth(rng, 0.7, 0.18)
    palette[figures.ACCENT] = _cloth(rng, 0.25, 0.25)
    palette[figures.HAT] = _cloth(rng, 0.8, 0.12)
    return Person(look=look, height=float(height), palette=linear(palette))


def cast(rng: np.random.Generator, count: int, looks: int = 14, winter: bool = False) -> list[Person]:
    """`count` people over at most `looks` different figures (each figure costs drawing time)."""
    garments = (0.36, 0.08, 0.22, 0.08, 0.26) if winter else (0.27, 0.46, 0.07, 0.17, 0.03)
    heads = (0.42, 0.26, 0.05, 0.03, 0.06, 0.06, 0.12) if winter else (0.44, 0.27, 0.13, 0.06, 0.01, 0.08, 0.01)
    pool = [
        Look(
            build=str(rng.choice(figures.BUILDS, p=(0.5, 0.25, 0.25))),
            garment=str(rng.choice(figures.GARMENTS, p=garments)),
            head=str(rng.choice(figures.HEADS, p=heads)),
            bag=str(rng.choice(figures.BAGS, p=(0.62, 0.2, 0.18))),
        )
        for _ in range(looks)
    ]
    heights = figures.sizes(rng, count)
    return [dress(rng, pool[int(rng.integers(looks))], float(h), winter) for h in heights]
