"""The counters: pictures in, people per cell out. The run-time needs no torch."""

from __future__ import annotations

from models.counter import Band, Count, Counter, CountRefused, Estimate, WeightsRefused
from models.registry import checked_weights, manifest_path, own_manifests, read_manifest

__all__ = [
    "Band",
    "Count",
    "CountRefused",
    "Counter",
    "Estimate",
    "WeightsRefused",
    "load",
    "own_manifests",
]


def load(name_or_path: str, *, threads: int = 0) -> Counter:
    """The counter of a model that comes with Levee, or of a manifest (`.yaml`) anywhere.

    `threads` is how many CPU threads one count may use; 0 leaves it to the runtime. Raises WeightsRefused,
    with one line, where the manifest or the weights are missing, wrong, or not what the hash says.
    """
    path = manifest_path(name_or_path)
    manifest = read_manifest(path)
    file = checked_weights(path, manifest)
    # the runtime takes half a second to import: not before it is needed
    from models.density import DensityCounter
    from models.detector import DetectorCounter
    from models.engine import Engine

    engine = Engine(file, threads)
    if manifest.kind == "detector":
        return DetectorCounter(manifest, engine)
    return DensityCounter(manifest, engine)
