"""A density network in 8 bits, through NNCF (extra `int8`): measured on pictures that it was trained on."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

import openvino as ov

from models.data import Picture
from models.density import fit, scale_for, to_input
from models.registry import Manifest, weights_digest

LARGEST = 1024
"""Calibration pictures are scaled to this longest side at most, px: what their values are does not change with it."""


def quantise(weights: Path, manifest: Manifest, pictures: Iterable[Picture], number: int, folder: Path) -> Path:
    """NAME-int8.xml and .bin in `folder`, calibrated on up to `number` pictures; gives the description's path.

    Activations keep their sign and have a scale of their own (mixed preset); the output is left as it is. `pictures`
    should be those of the training: the validation must not be touched.
    """
    import nncf

    logging.getLogger("nncf").setLevel(logging.ERROR)
    model = ov.Core().read_model(str(weights))
    longest = min(LARGEST, manifest.picture.longest_side)

    def values(picture: Picture) -> object:
        frame = picture.load()
        scale = scale_for(None, None, longest / max(frame.shape[:2]))
        return to_input(fit(frame, scale, manifest.density.cell), manifest.picture)

    data = nncf.Dataset(list(pictures)[:number], values)
    small = nncf.quantize(
        model, data, preset=nncf.QuantizationPreset.MIXED, subset_size=number, fast_bias_correction=True
    )
    file = folder / f"{manifest.name}-int8.xml"
    ov.save_model(small, str(file))
    return file


def manifest_of(file: Path, manifest: Manifest) -> Manifest:
    """The manifest of a quantised file: as that of the whole one, but for the file, its hash and its name."""
    import msgspec

    return msgspec.structs.replace(
        manifest, name=file.stem, file=file.name, sha256=weights_digest(file), precision="int8"
    )
