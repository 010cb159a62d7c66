"""From a checkpoint to weights that may be shipped: exported, fitted to pictures held out, and measured on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from models import band as bands
from models import familiar
from models.annotations import read_folder
from models.augment import Crops, crop, degrade
from models.data import Picture
from models.density import BLOCK, DensityCounter, without_haze
from models.engine import Engine
from models.evaluate import Counted, count_all
from models.export import Described, export
from models.folds import split
from models.network import CountNetwork
from models.registry import Manifest, write_manifest

SEED = 20261124
SEEN = 600
"""Looks at training pictures that say what is familiar."""
WINDOW = Crops(scale_low=0.5, scale_high=1.6)
Track = Callable[[Iterable[Picture], str], Iterable[Picture]]


@dataclass(frozen=True)
class Released:
    """What was written, and what it found in the pictures held out, by folder."""

    manifest: Manifest
    counted: dict[str, list[Counted]]


def release(
    network: CountNetwork, fold: str, folders: list[Path], out: Path, described: Described, track: Track
) -> Released:
    """Write the weights and their manifest into `out`.

    The floor below which a cell holds nobody and the band are fitted to the pictures of `fold`, which the network never
    saw; the density above which it is saturated and what it is familiar with to those it was trained on.
    """
    parts = {folder.name: split(read_folder(folder), fold) for folder in folders}
    trained = [picture for train, _ in parts.values() for picture in train]
    limit = float(np.percentile(bands.densest_blocks(trained, BLOCK), 99))
    known = _familiar(trained, track)
    described = replace(described, saturated_people=limit, fold=fold)
    manifest = export(network, out, described)
    counter = DensityCounter(manifest, Engine(out / manifest.file))
    raw = {name: count_all(counter, track(held, name)) for name, (_, held) in parts.items()}
    floor = bands.best_floor([one for ones in raw.values() for one in ones])
    clear = {name: [_cleared(one, floor) for one in ones] for name, ones in raw.items()}
    band = bands.fit(*bands.samples([one for ones in clear.values() for one in ones], np.random.default_rng(SEED)))
    manifest = msgspec.structs.replace(
        manifest, band=band, familiar=known, density=msgspec.structs.replace(manifest.density, floor_people=floor)
    )
    write_manifest(manifest, out / f"{manifest.name}.yaml")
    return Released(manifest, clear)


def _cleared(one: Counted, floor: float) -> Counted:
    return replace(one, grid=without_haze(one.grid, floor))


def _familiar(pictures: list[Picture], track: Track) -> familiar.Familiar:
    """What training pictures look like: each as it is and, cropped and spoilt as in training, once more."""
    rng = np.random.default_rng(SEED)
    ordinary, spoilt = [], []
    for picture in track([pictures[int(i)] for i in rng.integers(0, len(pictures), SEEN)], "familiar"):
        image = picture.load()
        ordinary.append(familiar.signature(image))
        spoilt.append(familiar.signature(degrade(rng, crop(rng, image, None, picture.points, WINDOW)[0])))
    return familiar.fit(np.array(ordinary), np.array(spoilt))
