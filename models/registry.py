"""Weights by name or path: a manifest says what the file is, and its hash says that it is that file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import yaml

from models.counter import Band, WeightsRefused

WEIGHTS = Path(__file__).with_name("weights")
"""Where the weights that come with Levee lie, each with its manifest."""


class Picture(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a network expects of its input: value = (pixel - mean) * scale."""

    colour: Annotated[Literal["bgr", "rgb", "grey"], msgspec.Meta(description="Order of the colour channels.")] = "bgr"
    mean: Annotated[float, msgspec.Meta(description="Subtracted from pixels of 0..255.")] = 0.0
    scale: Annotated[float, msgspec.Meta(gt=0, description="Multiplied after the mean is subtracted.")] = 1.0
    multiple: Annotated[int, msgspec.Meta(ge=1, le=256, description="Sides are padded to multiples, px.")] = 32
    longest_side: Annotated[
        int, msgspec.Meta(ge=64, le=8192, description="Pictures with a longer side are shrunk to it, px.")
    ] = 1280


class Density(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a density network's output means."""

    cell: Annotated[int, msgspec.Meta(ge=1, le=64, description="Side of an output cell, px of the input.")] = 8
    people_per_unit: Annotated[float, msgspec.Meta(gt=0, description="People for an output of 1.")] = 1.0
    floor_people: Annotated[
        float,
        msgspec.Meta(
            ge=0,
            le=0.5,
            description="A cell that holds, with its eight neighbours, fewer people than this holds nobody.",
        ),
    ] = 0.0
    saturated_people: Annotated[
        float | None,
        msgspec.Meta(description="People in a block of 32x32 px above which nothing was trained; none: not known."),
    ] = None


class Boxes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a detector's output is read."""

    size: Annotated[int, msgspec.Meta(ge=64, le=4096, description="Side of the square input, px.")] = 640
    confidence: Annotated[float, msgspec.Meta(gt=0, lt=1, description="Boxes below this score are dropped.")] = 0.25
    overlap: Annotated[
        float, msgspec.Meta(gt=0, lt=1, description="Of two boxes that overlap more than this, one is kept.")
    ] = 0.6
    person_class: Annotated[int, msgspec.Meta(ge=0, description="Number of the class `person`.")] = 0
    cap: Annotated[
        int, msgspec.Meta(ge=1, description="The most boxes it can give; a count that reaches it is saturated.")
    ] = 300
    unit_boxes: Annotated[
        bool, msgspec.Meta(description="Boxes are in 0..1 of the input (TFLite exports), not in pixels.")
    ] = False


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that must be known about a file of weights to count with it."""

    kind: Annotated[Literal["density", "detector"], msgspec.Meta(description="What the network gives.")]
    name: Annotated[
        str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=60, description="Name of the model.")
    ]
    file: Annotated[str, msgspec.Meta(min_length=1, description="The weights, relative to the manifest.")]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of the file of weights.")]
    about: Annotated[str, msgspec.Meta(description="One line for people.")] = ""
    terms: Annotated[str, msgspec.Meta(description="The terms the weights are used under.")] = ""
    fold: (
        Annotated[int, msgspec.Meta(ge=0, le=4, description="The fold of models/folds.yaml held out in training.")]
        | None
    ) = None
    picture: Annotated[Picture, msgspec.Meta(description="What the network expects.")] = Picture()
    density: Annotated[Density, msgspec.Meta(description="For kind density.")] = Density()
    boxes: Annotated[Boxes, msgspec.Meta(description="For kind detector.")] = Boxes()
    band: Annotated[Band, msgspec.Meta(description="The 90 % band around a count.")] = Band()


def manifest_path(name_or_path: str) -> Path:
    """The manifest of a model that comes with Levee, or the one a path names; WeightsRefused otherwise."""
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml"):
        return path
    own = WEIGHTS / f"{name_or_path}.yaml"
    if len(path.parts) == 1 and own.is_file():
        return own
    if path.exists():
        raise WeightsRefused(f"{path}: weights are named by their manifest, a .yaml file beside them")
    known = ", ".join(m.stem for m in own_manifests()) or "none"
    raise WeightsRefused(f"no model is called {name_or_path!r} (there are: {known}) and no such file exists")


def own_manifests() -> list[Path]:
    """Manifests of the models that come with Levee."""
    return sorted(WEIGHTS.glob("*.yaml"))


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file; WeightsRefused with one line that names the file and the setting."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WeightsRefused(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsRefused(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        line = " ".join(str(error).split())
        raise WeightsRefused(f"{path}: not YAML: {line}") from None
    try:
        return msgspec.convert(content, Manifest)
    except msgspec.ValidationError as error:
        raise WeightsRefused(f"{path}: {error}") from None


def checked_weights(path: Path, manifest: Manifest) -> Path:
    """The file of weights beside a manifest, after its hash was compared; WeightsRefused otherwise.

    Of an OpenVINO IR (`.xml` with `.bin`) the hash runs over both, the description first.
    """
    file = path.parent / manifest.file
    try:
        digest = weights_digest(file)
    except OSError as error:
        raise WeightsRefused(f"{file}: cannot be read: {error.strerror or error}") from None
    if digest != manifest.sha256:
        raise WeightsRefused(
            f"{file}: its SHA-256 is {digest[:12]}..., but {path.name} says {manifest.sha256[:12]}...:"
            " these are not the weights that the manifest describes"
        )
    return file


def weights_digest(file: Path) -> str:
    """SHA-256 of a file of weights, hexadecimal; OSError where it cannot be read."""
    digest = hashlib.sha256(file.read_bytes())
    if file.suffix == ".xml":
        digest.update(file.with_suffix(".bin").read_bytes())
    return digest.hexdigest()
