"""A detector of ultralytics as a file that a box can run: exported to ONNX, with its manifest.

Needs the extra `yolo`. Ultralytics and its weights are under AGPL-3.0; the file that comes out is too.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tempfile
from pathlib import Path

from models.counter import WeightsRefused
from models.registry import Boxes, Manifest, Picture, weights_digest

TERMS = (
    "AGPL-3.0, as ultralytics and its weights are: whoever offers a service with it must offer its source, unless they"
    " hold a licence of ultralytics"
)
STRIDES = (8, 16, 32)


def export(weights: str, size: int, folder: Path) -> tuple[Path, int]:
    """NAME.onnx in `folder`, and the number of its class `person`.

    From a checkpoint (`yolo26n.pt`), or with random weights from a name (`yolo26n.yaml`).

    Nothing is downloaded. WeightsRefused with one line where the file is not there, or is no detector.
    """
    os.environ.update(YOLO_OFFLINE="1", YOLO_AUTOINSTALL="0")
    os.environ.setdefault("YOLO_VERBOSE", "false")
    path = Path(weights)
    if path.suffix == ".pt" and not path.is_file():
        raise WeightsRefused(f"{weights}: no such file (nothing is downloaded here: fetch the checkpoint yourself)")
    import ultralytics

    with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stdout(io.StringIO()):
        source = weights
        if path.suffix == ".pt":
            # ultralytics writes beside the checkpoint: that folder may not be ours
            source = str(shutil.copy(path, scratch))
        here = Path.cwd()
        os.chdir(scratch)
        try:
            model = ultralytics.YOLO(source, verbose=False)
            if model.task != "detect":
                raise WeightsRefused(f"{weights}: made for {model.task}, where a counter needs a detector")
            names = {str(name): int(key) for key, name in model.names.items()}
            if path.suffix == ".pt" and "person" not in names:
                known = ", ".join(list(names)[:5])
                raise WeightsRefused(f"{weights}: it knows no class `person`, only {known} ...")
            # simplify needs another library; end2end=False lifts the cap of 300 boxes
            written = Path(
                model.export(format="onnx", imgsz=size, simplify=False, opset=17, end2end=False, verbose=False)
            )
            target = folder / f"{path.stem.lower()}.onnx"
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(written, target)
        except WeightsRefused:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a foreign library raises over a foreign file
            raise WeightsRefused(f"{weights}: ultralytics cannot export it: {_line(error)}") from None
        finally:
            os.chdir(here)
    return target, names.get("person", 0)


def describe(file: Path, size: int, person: int, about: str) -> Manifest:
    """The manifest of an exported file."""
    return Manifest(
        kind="detector",
        name=file.stem,
        file=file.name,
        sha256=weights_digest(file),
        about=about,
        terms=TERMS,
        picture=Picture(colour="rgb", scale=1 / 255, multiple=32),
        boxes=Boxes(size=size, person_class=person, cap=sum((size // stride) ** 2 for stride in STRIDES)),
    )


def _line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]
