"""`levee models evaluate`: how far a counter is off on annotated pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.counter import Counter
    from models.data import Picture
    from models.evaluate import Counted


def add_to(app: typer.Typer) -> None:
    """Add the command to `levee models`."""
    app.command("evaluate")(evaluate)


def evaluate(
    data: Annotated[list[Path], typer.Option("--data", metavar="DIR", help="A folder of annotated pictures.")],
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="NAME", help="A model by name, or a manifest. Of each fold one: together."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those pictures of a folder that the model was trained on.")
    ] = False,
    worst: Annotated[
        Path | None, typer.Option("--worst", metavar="FILE", help="Write a picture of the worst misses (.png, .jpg).")
    ] = None,
    number: Annotated[int, typer.Option("--number", min=1, max=60, help="How many of them.")] = 12,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0: as many as help.")] = 0,
) -> None:
    """Errors of a counter on annotated pictures: MAE, RMSE, bias, GAME, and how often the 90 % band holds the truth.

    A folder holds `annotations.json` (a list of `{image, width, height, points}`), ShanghaiTech's own `images` and
    `ground-truth/GT_*.mat`, or COCO's boxes. Each is also shown in four parts by people per megapixel.

    Of folders that `models/folds.yaml` names, the fold that the model never saw is counted; of all others everything.
    With one model of each fold (`--model` five times), every picture is counted by the model that never saw it.

        levee models evaluate --data pictures --data rendered --worst worst.png
    """
    from models import WeightsRefused, load
    from models.card import table
    from models.data import DataRefused
    from models.evaluate import Score, quarters, score_empty
    from models.registry import manifest_path, read_manifest

    groups: dict[str, list[Counted]] = {folder.name: [] for folder in data}
    names = model or ["levee-s"]
    try:
        for name in names:
            manifest = read_manifest(manifest_path(name))
            counter = load(name, threads=threads)
            for folder in data:
                fold = None if everything else manifest.fold
                groups[folder.name] += count_folder(counter, folder, fold)
    except (WeightsRefused, DataRefused) as error:
        typer.echo(f"levee: {error}", err=True)
        raise typer.Exit(2) from None
    band = manifest.band
    for name, counted in groups.items():
        parts = quarters(counted)
        typer.echo(table({name: Score.of(counted, band), **{k: Score.of(v, band) for k, v in parts.items()}}))
        empty, highest = score_empty(counted)
        if empty:
            typer.echo(f"\n{empty} pictures show nobody; the highest count of them is {highest:.2f}")
        doubted = sum(one.flagged for one in counted)
        if doubted:
            typer.echo(f"\n{doubted} of {len(counted)} pictures were doubted (degraded)")
        typer.echo("")
    if worst is not None:
        import cv2

        from models import sheet

        all_of_them = [one for counted in groups.values() for one in counted]
        shown = sheet.worst(all_of_them, number)
        if not cv2.imwrite(str(worst), sheet.sheet(shown, counter.name, band)):
            typer.echo(f"levee: {worst}: cannot be written", err=True)
            raise typer.Exit(2)
        typer.echo(f"{worst}: the {len(shown)} worst of {len(all_of_them)}")


def count_folder(counter: Counter, folder: Path, fold: str | None) -> list[Counted]:
    """Count a folder with a progress bar: what `fold` holds out where folds are named for it, otherwise everything."""
    from rich.console import Console
    from rich.progress import track

    from models.annotations import read_folder
    from models.evaluate import count_all
    from models.folds import is_named, split

    pictures: list[Picture] = read_folder(folder)
    if fold is not None and is_named(folder.name):
        pictures = split(pictures, fold)[1]
    console = Console(stderr=True)
    return count_all(counter, track(pictures, folder.name, console=console, transient=True))
