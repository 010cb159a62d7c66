"""The counters: pictures in, people per cell out. The run-time needs no torch."""

from __future__ import annotations

import numpy as np

from models.counter import Band, Count, Counter, CountRefused, Estimate, View, WeightsRefused
from models.picture import GREY
from models.registry import checked_weights, manifest_path, own_manifests, read_manifest

__all__ = [
    "Band",
    "Count",
    "CountRefused",
    "Counter",
    "Estimate",
    "View",
    "WeightsRefused",
    "load",
    "own_manifests",
]


def load(name_or_path: str, *, threads: int = 0) -> Counter:
    """The counter of a model that comes with Levee, or of a manifest (`.yaml`) anywhere.

    `threads` is how many CPU threads one count may use; 0 leaves it to the runtime. Raises WeightsRefused,
    with one line, where the manifest or the weights are missing, wrong, not what the hash says, or no counter.
    """
    path = manifest_path(name_or_path)
    manifest = read_manifest(path)
    file = checked_weights(path, manifest)
    # the runtime takes half a second to import: not before it is needed
    from models.density import DensityCounter
    from models.detector import DetectorCounter
    from models.engine import Engine

    engine = Engine(file, threads, manifest.precision, manifest.output)
    made = DetectorCounter if manifest.kind == "detector" else DensityCounter
    counter: Counter = made(manifest, engine)
    try:
        counter.count(np.full((96, 128, 3), GREY, np.uint8))
    except CountRefused as refusal:
        raise WeightsRefused(f"{file}: not the counter that {path.name} describes: {refusal}") from None
    return counter
