"""`levee models gate`: whether a counter may compute in fewer bits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models import EngineCounter
    from models.data import Picture
    from models.gate import Floats, Verdict
    from models.registry import Manifest

CALIBRATION = 120
"""Pictures that the ranges of 8 bits are measured on."""


def add_to(app: typer.Typer) -> None:
    """Add the command to `levee models`."""
    app.command("gate")(gate)


def gate(
    data: Annotated[list[Path], typer.Option("--data", metavar="DIR", help="A folder of annotated pictures.")],
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="A model by name, or its manifest.")
    ] = "levee-s",
    precision: Annotated[
        list[str] | None, typer.Option("--precision", help="bf16 or int8; without it, those that can be had here.")
    ] = None,
    card: Annotated[
        Path | None, typer.Option("--card", metavar="FILE", help="Model card whose gate is put up to date.")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Let the model run in what passed and is fastest: write its manifest.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="Keep the 8-bit file and its manifest here.")
    ] = None,
    number: Annotated[int, typer.Option("--number", min=0, help="At most so many pictures a folder; 0: all.")] = 0,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0: as many as help.")] = 0,
) -> None:
    """Counts validation pictures in f32 and in fewer bits, and accepts those only where the error stays within 2 %.

    Counted is what the model never saw (`models/folds.yaml`). The 8 bits are fitted to pictures that it was trained on,
    through NNCF (extra `int8`). Exit status 1 means that something was refused.

        levee models gate --data pictures --card docs/models/levee-s.md

        levee models gate --data pictures --precision bf16 --accept
    """
    from models import CountRefused, WeightsRefused
    from models.card import put_figures
    from models.data import DataRefused
    from models.gate import BEGIN, END, report
    from models.registry import manifest_path, read_manifest

    wanted = _wanted(precision)
    try:
        path = manifest_path(model)
        manifest = read_manifest(path)
        with tempfile.TemporaryDirectory() as scratch:
            verdicts, times = _tried(path, manifest, data, wanted, out or Path(scratch), number, threads)
    except (WeightsRefused, DataRefused, CountRefused) as error:
        raise _refusal(str(error), 2) from None
    text = report(verdicts, times)
    typer.echo(text)
    if card is not None and not put_figures(card, text, BEGIN, END):
        raise _refusal(f"{card}: it has no marks between which the gate's figures go ({BEGIN})", 1)
    if accept:
        passed = [one.precision for one in verdicts if one.accepted and one.precision != "int8"]
        chosen = min(["f32", *passed], key=lambda name: times[name])
        _write(path, chosen)
        typer.echo(f"{path}: runs in {chosen}")
    if not all(one.accepted for one in verdicts):
        raise typer.Exit(1)


def _wanted(precision: list[str] | None) -> list[str]:
    from importlib.util import find_spec

    from models.engine import effective

    for one in precision or []:
        if one not in ("bf16", "int8"):
            raise typer.BadParameter(f"{one!r}: bf16 or int8")
    if precision and "bf16" in precision and effective("bf16") != "bf16":
        raise _refusal("this CPU has no bf16: it would be computed in f32, and nothing would be compared", 2)
    if precision:
        return precision
    if find_spec("nncf") is None:
        typer.echo("levee: without nncf (extra int8), 8 bits are left out", err=True)
    return [p for p in ("bf16", "int8") if (effective("bf16") == "bf16" if p == "bf16" else find_spec("nncf"))]


def _tried(
    path: Path, manifest: Manifest, data: list[Path], wanted: list[str], folder: Path, number: int, threads: int
) -> tuple[list[Verdict], dict[str, float]]:
    import numpy as np

    from models import load
    from models.annotations import read_folder
    from models.folds import TENTH, is_named, split
    from models.gate import judge
    from models.registry import checked_weights, write_manifest

    validation: list[Picture] = []
    training: list[Picture] = []
    for each in data:
        seen, unseen = split(read_folder(each), manifest.fold or TENTH)
        if not is_named(each.name) and manifest.fold is None:
            seen, unseen = seen[::2], seen[1::2] + unseen
        validation += unseen[: number or None]
        training += seen
    truth = np.array([float(len(picture.points)) for picture in validation])
    counters = {"f32": load(str(path), threads=threads, precision="f32")}
    for one in wanted:
        if one == "bf16":
            counters[one] = load(str(path), threads=threads, precision="bf16")
            continue
        from models.quantise import manifest_of, quantise

        folder.mkdir(parents=True, exist_ok=True)
        spread = training[:: max(1, len(training) // CALIBRATION)]
        shown = _track(spread, "measuring ranges")
        file = quantise(checked_weights(path, manifest), manifest, shown, CALIBRATION, folder)
        small = folder / f"{file.stem}.yaml"
        write_manifest(manifest_of(file, manifest), small)
        counters[one] = load(str(small), threads=threads)
    counts, times = _counted(counters, validation)
    return [judge(one, counts["f32"], counts[one], truth) for one in wanted], times


def _counted(counters: dict[str, EngineCounter], pictures: list[Picture]) -> tuple[dict[str, Floats], dict[str, float]]:
    """Counts of every picture by precision, and the median of the processor's time in the network, ms."""
    import numpy as np

    counts: dict[str, list[float]] = {name: [] for name in counters}
    times: dict[str, list[float]] = {name: [] for name in counters}
    for picture in _track(pictures, "counting"):
        frame = picture.load()
        for name, counter in counters.items():
            counts[name].append(float(counter.count(frame).grid.sum(dtype=np.float64)))
            times[name].append(counter.engine.cpu_s * 1e3)
    return (
        {name: np.array(values) for name, values in counts.items()},
        {name: float(np.median(values)) for name, values in times.items()},
    )


def _write(path: Path, precision: str) -> None:
    import msgspec

    from models.registry import read_manifest, write_manifest

    write_manifest(msgspec.structs.replace(read_manifest(path), precision=precision), path)


def _track(pictures: list[Picture], what: str) -> Iterable[Picture]:
    from rich.console import Console
    from rich.progress import track

    return track(pictures, what, console=Console(stderr=True), transient=True)


def _refusal(line: str, status: int) -> typer.Exit:
    typer.echo(f"levee: {line}", err=True)
    return typer.Exit(status)
