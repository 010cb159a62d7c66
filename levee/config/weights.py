"""Whether a counter's weights are there and are what their manifest says."""

from __future__ import annotations

from models.counter import WeightsRefused
from models.registry import checked_weights, manifest_path, read_manifest


def weights_fault(model: str) -> str | None:
    """One line for what is wrong with the weights of `model` (a name or a manifest's path); None where all is well."""
    try:
        path = manifest_path(model)
        checked_weights(path, read_manifest(path))
    except WeightsRefused as refused:
        return str(refused)
    return None
