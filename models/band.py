"""Fits the 90 % band of a counter to how far it was off on validation pictures and on parts of them."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from models.counter import Band, BandSide
from models.data import Picture, cell_counts
from models.density import without_haze
from models.evaluate import QUARTERS, Counted

Floats = NDArray[np.float64]
FLOORS = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0)
POISSONS = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
FLOORS_OF_CELLS = (0.0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.13, 0.16, 0.2)
RELATIVES = tuple(round(0.04 * k, 2) for k in range(26))


def samples(counted: list[Counted], rng: np.random.Generator, parts: int = 12) -> tuple[Floats, Floats]:
    """(counted, true) people of whole pictures and of `parts` random rectangles of each."""
    found, truth, _ = zip(*(regions(one, rng, parts) for one in counted), strict=True)
    return np.concatenate(found), np.concatenate(truth)


def regions(one: Counted, rng: np.random.Generator, parts: int = 12) -> tuple[Floats, Floats, Floats]:
    """(counted, true, cells), each (parts + 1,), of a whole picture and of random rectangles of it.

    Rectangles follow the cells of the grid, and take a twentieth of the picture or more.
    """
    rows, cols = one.grid.shape
    width, height = one.size
    scaled = one.picture.points * np.array([cols / width, rows / height], np.float32)
    heads = cell_counts(scaled, cols, rows, 1)
    out = []
    for index in range(parts + 1):
        tall, wide = (1.0, 1.0) if index == 0 else rng.uniform(0.22, 0.9, 2)
        h, w = max(1, round(rows * tall)), max(1, round(cols * wide))
        top, left = int(rng.integers(rows - h + 1)), int(rng.integers(cols - w + 1))
        part = np.s_[top : top + h, left : left + w]
        out.append((float(one.grid[part].sum(dtype=np.float64)), float(heads[part].sum()), float(h * w)))
    values = np.array(out)
    return values[:, 0], values[:, 1], values[:, 2]


def fit(counted: Floats, truth: Floats) -> Band:
    """The band that leaves a twentieth of the truths below and a twentieth above.

    Quantile regression: among the half-widths sqrt(f^2 + p v + (r v)^2) of a table of (f, p, r), the one of
    least pinball loss, each sample divided by the size of an ordinary miss so that full squares do not
    outweigh empty ones.
    """
    if len(counted) != len(truth) or len(counted) < 20:
        raise ValueError("a band needs 20 or more samples of counts with truths")
    weight = 1.0 / np.sqrt(1.0 + counted + (0.15 * counted) ** 2)
    return Band(
        below=_side(counted, counted - truth, weight),
        above=_side(counted, truth - counted, weight),
    )


def _side(counted: Floats, miss: Floats, weight: Floats, quantile: float = 0.95) -> BandSide:
    """The half-width that `miss` exceeds once in twenty."""

    def loss(floor: float, poisson: float, relative: float) -> float:
        half = np.sqrt(floor**2 + poisson * counted + (relative * counted) ** 2)
        rest = miss - half
        return float((weight * np.maximum(quantile * rest, (quantile - 1) * rest)).sum())

    best = min(product(FLOORS, POISSONS, RELATIVES), key=lambda side: loss(*side))
    return BandSide(floor=best[0], poisson=best[1], relative=best[2])


def best_floor(counted: list[Counted]) -> float:
    """The floor (people in a cell and its neighbours) that makes the counts of whole pictures best.

    Each miss is divided by the root of the truth, so that empty pictures weigh as much as full ones.
    """

    def loss(floor: float) -> float:
        found = np.array([without_haze(one.grid, floor).sum(dtype=np.float64) for one in counted])
        truth = np.array([len(one.picture.points) for one in counted])
        return float((np.abs(found - truth) / np.sqrt(truth + 1.0)).mean())

    return min(FLOORS_OF_CELLS, key=loss)


def densest_blocks(pictures: list[Picture], side: int) -> Floats:
    """(n,) people in the densest block of `side` x `side` px of each picture."""
    out = []
    for picture in pictures:
        if not len(picture.points):
            out.append(0.0)
            continue
        blocks = (picture.points.clip(min=0) // side).astype(np.int64)
        _, people = np.unique(blocks, axis=0, return_counts=True)
        out.append(float(people.max()))
    return np.array(out)


def cross_coverage(counted: list[Counted], rng: np.random.Generator, parts: int = 5) -> dict[str, tuple[int, float]]:
    """(regions, % of truths inside) of whole pictures, and of regions in four parts by people per area.

    By cross-validation: the band round a picture is fitted to the other pictures only.
    """
    place = rng.permutation(len(counted)) % parts
    whole: list[bool] = []
    inside: list[bool] = []
    density: list[float] = []
    for part in range(parts):
        own = [one for one, p in zip(counted, place, strict=True) if p == part]
        others = [one for one, p in zip(counted, place, strict=True) if p != part]
        band = fit(*samples(others, rng))
        for one in own:
            found, truth, area = regions(one, rng)
            bands = [band.around(value) for value in found]
            held = [e.low <= t <= e.high for e, t in zip(bands, truth, strict=True)]
            whole.append(held[0])
            inside += held
            density += (truth / area).tolist()
    order = np.argsort(density, kind="stable")
    quarters = np.array_split(np.array(inside)[order], 4)
    out = {"whole pictures": (len(whole), 100.0 * float(np.mean(whole)))}
    for name, quarter in zip(QUARTERS, quarters, strict=True):
        out[f"regions, {name}"] = (len(quarter), 100.0 * float(quarter.mean()))
    return out
