"""Weights by name or path: a manifest says what the file is, and its hash says that it is that file."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
import yaml

from models.counter import Band, WeightsRefused
from models.familiar import Familiar

WEIGHTS = Path(__file__).with_name("weights")
"""Where the weights that come with Levee lie, each with its manifest."""
ADDED = "LEVEE_MODELS"
"""The environment variable with the folder of models that were added; without it, see `added_folder`."""


Precision = Literal["f32", "bf16", "int8"]
Above = Annotated[float, msgspec.Meta(gt=0)]

# Of a number or a list, limits are checked afterwards: msgspec 0.22 ends the process where a constrained number
# stands in one union with a tuple.


class Picture(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a network expects of its input: value = (pixel - mean) * scale."""

    colour: Annotated[Literal["bgr", "rgb", "grey"], msgspec.Meta(description="Order of the colour channels.")] = "bgr"
    mean: Annotated[
        float | tuple[float, float, float],
        msgspec.Meta(description="Subtracted from pixels of 0..255: one number, or one for each colour in its order."),
    ] = 0.0
    scale: Annotated[
        float | tuple[float, float, float],
        msgspec.Meta(description="Multiplied after the mean is subtracted; above 0."),
    ] = 1.0
    multiple: Annotated[int, msgspec.Meta(ge=1, le=256, description="Sides are padded to multiples, px.")] = 32
    longest_side: Annotated[
        int, msgspec.Meta(ge=64, le=8192, description="Pictures with a longer side are shrunk to it, px.")
    ] = 1280
    head_px: Annotated[
        tuple[Above, Above] | None,
        msgspec.Meta(
            description="Lowest and highest height of heads that it counts well, px of its input. Where a camera is"
            " calibrated, its pictures are scaled so that heads lie between them."
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.colour == "grey" and not (isinstance(self.mean, float) and isinstance(self.scale, float)):
            raise ValueError("`picture`: a grey picture has one mean and one scale")
        if not all(scale > 0 for scale in np.atleast_1d(self.scale)):
            raise ValueError("`picture`: `scale` must be above 0")
        if self.head_px is not None and self.head_px[0] > self.head_px[1]:
            raise ValueError("`picture`: `head_px` is the lowest height, then the highest")


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

    form: Annotated[
        Literal["ultralytics", "ssd", "yolox"],
        msgspec.Meta(
            description="ultralytics: (1, 4 + classes, n), or (1, n, 6) without duplicates; ssd: (1, 1, n, 7) of"
            " picture, class, score and corners in 0..1; yolox: (1, n, 5 + classes) on its grids."
        ),
    ] = "ultralytics"
    size: Annotated[
        int | tuple[int, int],
        msgspec.Meta(description="Side of the square input, or its width and height, px; 64 to 4096."),
    ] = 640
    fit: Annotated[
        Literal["letterbox", "stretch"],
        msgspec.Meta(
            description="letterbox: grey bars keep the picture's shape; stretch: it is squeezed into the input."
        ),
    ] = "letterbox"
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

    def __post_init__(self) -> None:
        if not all(64 <= side <= 4096 for side in self.sides):
            raise ValueError("`boxes`: `size` must be 64 to 4096 px")

    @property
    def sides(self) -> tuple[int, int]:
        """(width, height) px of the input."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size


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
    fold: Annotated[
        str | None, msgspec.Meta(description="The part of models/folds.yaml held out in training; none: not known.")
    ] = None
    precision: Annotated[
        Precision,
        msgspec.Meta(
            description="What the run-time computes in: f32; bf16, where the CPU has it; int8 of a file that was"
            " quantised. Less than f32 only where `levee models gate` accepted it."
        ),
    ] = "f32"
    output: Annotated[str, msgspec.Meta(description="Name of the output that is read; empty: the first.")] = ""
    picture: Annotated[Picture, msgspec.Meta(description="What the network expects.")] = Picture()
    density: Annotated[Density, msgspec.Meta(description="For kind density.")] = Density()
    boxes: Annotated[Boxes, msgspec.Meta(description="For kind detector.")] = Boxes()
    familiar: Annotated[Familiar | None, msgspec.Meta(description="What its training pictures looked like.")] = None
    band: Annotated[Band, msgspec.Meta(description="The 90 % band around a count.")] = Band()


def manifest_path(name_or_path: str) -> Path:
    """The manifest of a model that comes with Levee, or the one a path names; WeightsRefused otherwise."""
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml"):
        return path
    if len(path.parts) == 1:
        for folder in (WEIGHTS, added_folder()):
            if (folder / f"{name_or_path}.yaml").is_file():
                return folder / f"{name_or_path}.yaml"
    if path.exists():
        raise WeightsRefused(f"{path}: weights are named by their manifest, a .yaml file beside them")
    known = ", ".join(m.stem for m in (*own_manifests(), *added_manifests())) or "none"
    raise WeightsRefused(f"no model is called {name_or_path!r} (there are: {known}) and no such file exists")


def own_manifests() -> list[Path]:
    """Manifests of the models that come with Levee."""
    return sorted(WEIGHTS.glob("*.yaml"))


def added_folder() -> Path:
    """Where `levee models add` puts models: LEVEE_MODELS, or `levee/models` in the user's data folder."""
    named = os.environ.get(ADDED)
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "levee" / "models"


def added_manifests() -> list[Path]:
    """Manifests of the models that were added on this machine."""
    return sorted(added_folder().glob("*.yaml"))


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


class _Dumper(yaml.SafeDumper):
    """Settings one to a line, lists of numbers in one."""


_Dumper.add_representer(
    list, lambda dumper, items: dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)
)


def write_manifest(manifest: Manifest, file: Path) -> None:
    """As YAML, in the order of the fields."""
    content = msgspec.to_builtins(manifest)
    text = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=118)
    file.write_text(text, encoding="utf-8")


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
