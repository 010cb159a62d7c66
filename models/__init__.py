"""The counters: pictures in, people per cell out. The run-time needs no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from models.counter import Band, Count, Counter, CountRefused, Estimate, View, WeightsRefused
from models.picture import GREY
from models.registry import Precision, checked_weights, manifest_path, own_manifests, read_manifest
from models.switched import Switch, Switched

if TYPE_CHECKING:
    from models.engine import Engine

__all__ = [
    "Band",
    "Count",
    "CountRefused",
    "Counter",
    "Estimate",
    "Switch",
    "Switched",
    "View",
    "WeightsRefused",
    "load",
    "own_manifests",
]


class EngineCounter(Counter, Protocol):
    """A counter that runs one network."""

    @property
    def engine(self) -> Engine: ...


def load(name_or_path: str, *, threads: int = 0, precision: Precision | None = None) -> EngineCounter:
    """The counter of a model by name, or of a manifest (`.yaml`) anywhere.

    `threads` is how many CPU threads one count may use; 0 leaves it to the runtime. `precision` is what the manifest
    says unless it is given here. Raises WeightsRefused, with one line, where the manifest or the weights are missing,
    wrong, not what the hash says, or no counter.
    """
    path = manifest_path(name_or_path)
    manifest = read_manifest(path)
    file = checked_weights(path, manifest)
    # the runtime takes half a second to import: not before it is needed
    from models.density import DensityCounter
    from models.detector import DetectorCounter
    from models.engine import Engine

    engine = Engine(file, threads, precision or manifest.precision, manifest.output)
    made = DetectorCounter if manifest.kind == "detector" else DensityCounter
    counter: EngineCounter = made(manifest, engine)
    try:
        counter.count(np.full((96, 128, 3), GREY, np.uint8))
    except CountRefused as refusal:
        raise WeightsRefused(f"{file}: not the counter that {path.name} describes: {refusal}") from None
    return counter
