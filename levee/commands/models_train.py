"""`levee models train` and `export`: from annotated pictures to weights that a box can run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.data import Picture

SEED = 20261123
FOLD_SEED = 20261124


def add_to(app: typer.Typer) -> None:
    """Add the commands to `levee models`."""
    app.command("train")(train)
    app.command("folds")(folds)
    app.command("export")(export)


def train(
    out: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the run is kept; one that is there goes on.")],
    data: Annotated[
        list[str],
        typer.Option(
            "--data",
            metavar="DIR[:SHARE[:LOW:HIGH]]",
            help="A folder of annotated pictures, its share of the crops, and the scales it is seen at.",
        ),
    ],
    variant: Annotated[str, typer.Option(help="levee-s, or levee-xs for boxes with many cameras.")] = "levee-s",
    steps: Annotated[int, typer.Option(min=1, help="Batches in all.")] = 20_000,
    decay_steps: Annotated[int, typer.Option(min=1, help="Of these, how many the learning rate falls over.")] = 6_000,
    norm_steps: Annotated[int, typer.Option(min=0, help="After so many, batch norm stands still.")] = 800,
    batch: Annotated[int, typer.Option(min=1, help="Crops in a batch.")] = 8,
    rate: Annotated[float, typer.Option(min=1e-7, max=1.0, help="Learning rate of the flat stretch.")] = 1e-3,
    score_every: Annotated[int, typer.Option(min=1, help="Batches between two looks at validation.")] = 2_000,
    begin_from: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Begin with the weights of another run (last.pt) or of a shipped network (.onnx).",
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
    fold: Annotated[str, typer.Option(help="What is held out: 0 to 4, or tenth (models/folds.yaml).")] = "0",
    seed: Annotated[int, typer.Option(help="Same seed, same crops.")] = SEED,
) -> None:
    """Trains a counter from annotated pictures. Resumable: run it again and it goes on where it was.

    A folder holds `annotations.json`, a list of `{image, width, height, points}`. A tenth of the pictures is held
    out. `log.csv` in the run's folder has the loss and the errors on the pictures held out.

        levee models train runs/a --data pictures:1 --data rendered:1:0.6:1.6
    """
    from models.augment import Crops
    from models.train import Plan, Source, Trainer

    sources = []
    for text in data:
        folder, *rest = text.split(":")
        try:
            numbers = [float(part) for part in rest]
        except ValueError:
            raise typer.BadParameter(f"{text!r}: after the folder come numbers, DIR:SHARE:LOW:HIGH") from None
        if len(numbers) not in (0, 1, 3) or any(number <= 0 for number in numbers):
            raise typer.BadParameter(f"{text!r}: expected DIR, DIR:SHARE or DIR:SHARE:LOW:HIGH, all above 0")
        crops = Crops(scale_low=numbers[1], scale_high=numbers[2]) if len(numbers) == 3 else Crops()
        sources.append(Source(Path(folder), numbers[0] if numbers else 1.0, crops))
    plan = Plan(
        out=out, sources=tuple(sources), variant=variant, steps=steps, decay_steps=decay_steps,
        norm_steps=norm_steps, batch=batch, rate=rate, seed=seed, threads=threads, score_every=score_every,
        fold=fold,
    )  # fmt: skip
    trainer = Trainer(plan)
    trainer.resume(begin_from)
    trainer.run()


def folds(
    data: Annotated[list[Path], typer.Option("--data", metavar="DIR", help="A folder of annotated pictures.")],
    seed: Annotated[int, typer.Option(help="Same seed, same folds.")] = FOLD_SEED,
) -> None:
    """Prints five folds of annotated pictures, each with as many crowded ones as the others, for cross-validation.

    levee models folds --data pictures > models/folds.yaml
    """
    from models import folds as parts
    from models.annotations import read_folder
    from models.data import DataRefused

    try:
        drawn = {folder.name: parts.draw(read_folder(folder), seed) for folder in data}
    except DataRefused as error:
        typer.echo(f"levee: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(parts.as_yaml(drawn, seed), nl=False)


def export(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="last.pt of a run.")],
    data: Annotated[
        list[Path], typer.Option("--data", metavar="DIR", help="The folders of the run: what it held out is measured.")
    ],
    name: Annotated[str, typer.Option(help="Name of the model.")] = "levee-s",
    out: Annotated[Path | None, typer.Option(help="Folder to write to; without it, where Levee looks.")] = None,
    card: Annotated[Path | None, typer.Option(help="Model card whose figures are put up to date.")] = None,
    about: Annotated[str, typer.Option(help="One line for people.")] = "people per cell, our own small network",
    terms: Annotated[str, typer.Option(help="The terms the weights are used under.")] = "",
    longest_side: Annotated[int, typer.Option(min=64, help="Larger pictures are shrunk to this, px.")] = 1280,
    head_px: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="LOW HIGH", help="Heads that it counts best, px: calibrated cameras are scaled to them."),
    ] = None,
) -> None:
    """Writes a checkpoint as ONNX with its manifest, and measures it on the pictures that it never saw.

    The manifest says the hash, the 90 % band, the density above which a picture is saturated; the network itself says
    how strange a picture is to it.

        levee models export runs/a/last.pt --data pictures --data rendered --card docs/models/levee-s.md
    """
    import numpy as np

    from models.band import cross_coverage
    from models.card import coverage_table, put_figures, table
    from models.counter import Band
    from models.data import DataRefused
    from models.evaluate import Score, quarters, score_empty
    from models.export import Described
    from models.registry import WEIGHTS
    from models.release import release
    from models.train import fold_of, load_network

    folder = out or WEIGHTS
    described = Described(name, about, terms, longest_side, None, Band(), head_px=head_px)
    try:
        done = release(load_network(checkpoint), fold_of(checkpoint), data, folder, described, _track)
    except DataRefused as error:
        typer.echo(f"levee: {error}", err=True)
        raise typer.Exit(2) from None
    rows = {}
    for group, counted in done.counted.items():
        rows[group] = Score.of(counted, done.manifest.band)
        rows |= {f"{group}, {part}": Score.of(ones, done.manifest.band) for part, ones in quarters(counted).items()}
    everything = [one for counted in done.counted.values() for one in counted]
    text = f"{table(rows)}\n\n{coverage_table(cross_coverage(everything, np.random.default_rng(SEED)))}"
    empty, highest = score_empty(everything)
    if empty:
        text += f"\n\n{empty} pictures show nobody; the highest count of them is {highest:.2f}."
    typer.echo(text)
    if card is not None and not put_figures(card, text):
        typer.echo(f"levee: {card}: it has no marks between which the figures go", err=True)
        raise typer.Exit(1)
    typer.echo(f"{folder / done.manifest.file}: {done.manifest.sha256}")


def _track(pictures: Iterable[Picture], what: str) -> Iterable[Picture]:
    from rich.console import Console
    from rich.progress import track

    return track(list(pictures), what, console=Console(stderr=True), transient=True)
