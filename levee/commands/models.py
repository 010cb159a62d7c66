"""`levee models`: lists, trains, evaluates and exports counters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.counter import Counter
    from models.data import Picture
    from models.evaluate import Counted

models_app = typer.Typer(
    help="Lists the counters, trains, evaluates and exports them.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

SEED = 20261123


@models_app.callback()
def models() -> None:
    """Lists the counters, trains, evaluates and exports them."""


@models_app.command("list")
def list_models() -> None:
    """The models that come with Levee, and whether their weights are what their manifests say."""
    from rich.console import Console
    from rich.table import Table

    from models import WeightsRefused, own_manifests
    from models.registry import checked_weights, read_manifest

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "kind", "MB", "sha256", "about"):
        table.add_column(title, justify="right" if title == "MB" else "left")
    faults = []
    for file in own_manifests():
        try:
            manifest = read_manifest(file)
            weights = checked_weights(file, manifest)
        except WeightsRefused as error:
            faults.append(str(error))
            continue
        size = f"{weights.stat().st_size / 1e6:.1f}"
        table.add_row(manifest.name, manifest.kind, size, manifest.sha256[:12], manifest.about)
    Console().print(table)
    for fault in faults:
        typer.echo(f"levee: {fault}", err=True)
    if faults:
        raise typer.Exit(1)


@models_app.command("train")
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
        Path | None, typer.Option("--from", metavar="FILE", help="Begin with the weights of another run's last.pt.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
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
    )  # fmt: skip
    trainer = Trainer(plan)
    trainer.resume(begin_from)
    trainer.run()


@models_app.command("evaluate")
def evaluate(
    data: Annotated[list[Path], typer.Option("--data", metavar="DIR", help="A folder of annotated pictures.")],
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="A model by name, or a manifest.")] = "levee-s",
    everything: Annotated[bool, typer.Option("--all", help="All pictures, not only those held out.")] = False,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0: as many as help.")] = 0,
) -> None:
    """Errors of a counter on annotated pictures: MAE, RMSE, bias, and how often the band holds the truth.

    levee models evaluate --data pictures --data rendered
    """
    from models import WeightsRefused, load
    from models.card import table
    from models.evaluate import score, score_empty
    from models.registry import manifest_path, read_manifest

    try:
        counter = load(model, threads=threads)
        band = read_manifest(manifest_path(model)).band
    except WeightsRefused as error:
        typer.echo(f"levee: {error}", err=True)
        raise typer.Exit(2) from None
    scores = {}
    empty: dict[str, tuple[int, float]] = {}
    for folder in data:
        counted = _count_folder(counter, folder, everything)
        scores[folder.name] = score(counted, band)
        empty[folder.name] = score_empty(counted)
    typer.echo(table(scores))
    for name, (number, highest) in empty.items():
        if number:
            typer.echo(f"{name}: {number} pictures show nobody; the highest count of them is {highest:.2f}")


@models_app.command("export")
def export(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="last.pt of a run.")],
    data: Annotated[
        list[Path], typer.Option("--data", metavar="DIR", help="Folders whose held-out pictures the band is fitted to.")
    ],
    name: Annotated[str, typer.Option(help="Name of the model.")] = "levee-s",
    out: Annotated[Path | None, typer.Option(help="Folder to write to; without it, where Levee looks.")] = None,
    card: Annotated[Path | None, typer.Option(help="Model card whose figures are put up to date.")] = None,
    about: Annotated[str, typer.Option(help="One line for people.")] = "people per cell, our own small network",
    terms: Annotated[str, typer.Option(help="The terms the weights are used under.")] = "",
    longest_side: Annotated[int, typer.Option(min=64, help="Larger pictures are shrunk to this, px.")] = 1280,
) -> None:
    """Writes a checkpoint as ONNX with its manifest: hash, 90 % band, and the density above which it is saturated.

    levee models export runs/a/last.pt --data pictures --data rendered --card docs/models/levee-s.md
    """
    import msgspec
    import numpy as np

    from models.band import best_floor, densest_blocks, fit, samples
    from models.card import put_figures, table
    from models.counter import Band
    from models.data import read_folder, split
    from models.density import BLOCK, DensityCounter, without_haze
    from models.engine import Engine
    from models.evaluate import Counted, score
    from models.export import Described, export, write_manifest
    from models.registry import WEIGHTS
    from models.train import load_network

    folder = out or WEIGHTS
    densest = np.concatenate([densest_blocks(split(read_folder(d))[0], BLOCK) for d in data])
    limit = float(np.percentile(densest, 99))
    described = Described(name, about, terms, longest_side, limit, Band())
    manifest = export(load_network(checkpoint), folder, described)
    counter = DensityCounter(manifest, Engine(folder / manifest.file))
    counted = {d.name: _count_folder(counter, d, everything=False) for d in data}
    floor = best_floor([one for group in counted.values() for one in group])
    clear = {
        group: [Counted(one.picture, without_haze(one.grid, floor), one.size) for one in ones]
        for group, ones in counted.items()
    }
    band = fit(*samples([one for ones in clear.values() for one in ones], np.random.default_rng(SEED)))
    density = msgspec.structs.replace(manifest.density, floor_people=floor)
    write_manifest(msgspec.structs.replace(manifest, band=band, density=density), folder / f"{name}.yaml")
    text = table({group: score(ones, band) for group, ones in clear.items()})
    typer.echo(text)
    if card is not None and not put_figures(card, text):
        typer.echo(f"levee: {card}: it has no marks between which the figures go", err=True)
        raise typer.Exit(1)
    typer.echo(f"{folder / manifest.file}: {manifest.sha256}")


def _count_folder(counter: Counter, folder: Path, everything: bool) -> list[Counted]:
    from rich.console import Console
    from rich.progress import track

    from models.data import read_folder, split
    from models.evaluate import count_all

    pictures: list[Picture] = read_folder(folder)
    if not everything:
        pictures = split(pictures)[1]
    console = Console(stderr=True)
    return count_all(counter, track(pictures, folder.name, console=console, transient=True))
