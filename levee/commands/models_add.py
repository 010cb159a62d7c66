"""`levee models add`: takes a detector of ultralytics, or a counter of another party, in beside our own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add the command to `levee models`."""
    app.command("add")(add)


def add(
    weights: Annotated[str, typer.Argument(metavar="FILE", help="yolo26n.pt, or a network: .onnx, .xml, .tflite.")],
    manifest: Annotated[
        Path | None, typer.Option("--manifest", metavar="FILE", help="What a network that is no .pt takes and gives.")
    ] = None,
    size: Annotated[int, typer.Option(min=64, max=4096, help="Side of the input of a .pt, px.")] = 640,
    out: Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="Without it, where Levee looks.")] = None,
) -> None:
    """Takes a counter in: its file and its manifest, with the hash, into the folder where Levee looks.

    A `.pt` of ultralytics is exported to ONNX (extra `yolo`; AGPL-3.0); nothing is downloaded. Any other network comes
    with a manifest, in which `file` and `sha256` may be left out:

        levee models add yolo26n.pt

        levee models add person-detection-0201.xml --manifest person-detection-0201.yaml

    where the manifest says, for example

        {kind: detector, name: person-detection-0201, boxes: {form: ssd, size: 384, fit: stretch, cap: 200}}
    """
    import models
    from models.registry import added_folder

    folder = (out or added_folder()).expanduser()
    try:
        if weights.endswith(".pt"):
            path = _exported(weights, size, folder)
        elif manifest is None:
            raise models.WeightsRefused(f"{weights}: give --manifest FILE, which says what the network takes and gives")
        else:
            path = _copied(Path(weights), manifest, folder)
    except (models.WeightsRefused, OSError) as error:
        typer.echo(f"levee: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"{path}: added; `levee count SOURCE --model {path.stem if out is None else path}`")


def _exported(weights: str, size: int, folder: Path) -> Path:
    from models.registry import write_manifest
    from models.yolo import TERMS, describe, export

    file, person = export(weights, size, folder)
    write_manifest(
        describe(file, size, person, f"detector of ultralytics, from {Path(weights).name}"), file.with_suffix(".yaml")
    )
    typer.echo(f"terms: {TERMS}", err=True)
    return _tried(file.with_suffix(".yaml"), [file])


def _copied(weights: Path, described: Path, folder: Path) -> Path:
    import msgspec
    import yaml

    from models import WeightsRefused
    from models.registry import Manifest, weights_digest, write_manifest

    parts = [weights, *([weights.with_suffix(".bin")] if weights.suffix == ".xml" else [])]
    missing = next((part for part in parts if not part.is_file()), None)
    if missing is not None:
        raise WeightsRefused(f"{missing}: no such file")
    try:
        content = yaml.safe_load(described.read_text(encoding="utf-8"))
        told = content.get("sha256", "") if isinstance(content, dict) else ""
        digest = weights_digest(weights)
        if told and told != digest:
            raise WeightsRefused(
                f"{weights}: its SHA-256 is {digest[:12]}..., but {described} says {str(told)[:12]}..."
            )
        content = {**content, "file": weights.name, "sha256": digest} if isinstance(content, dict) else content
        manifest = msgspec.convert(content, Manifest)
    except (yaml.YAMLError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise WeightsRefused(f"{described}: {' '.join(str(error).split())}") from None
    folder.mkdir(parents=True, exist_ok=True)
    copies = [folder / f"{manifest.name}{part.suffix}" for part in parts]
    for part, copy in zip(parts, copies, strict=True):
        if part.resolve() != copy.resolve():
            shutil.copyfile(part, copy)
    target = folder / f"{manifest.name}.yaml"
    write_manifest(msgspec.structs.replace(manifest, file=copies[0].name), target)
    return _tried(target, [copy for part, copy in zip(parts, copies, strict=True) if part.resolve() != copy.resolve()])


def _tried(path: Path, files: list[Path]) -> Path:
    """The manifest, after one picture was counted with it; what does not count is not left behind."""
    import models

    try:
        models.load(str(path))
    except models.WeightsRefused:
        for file in (path, *files):
            file.unlink(missing_ok=True)
        raise
    return path
