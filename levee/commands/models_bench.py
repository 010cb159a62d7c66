"""`levee models bench`: how fast counters are on this machine, side by side."""

from __future__ import annotations

import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

YOLOS = ("yolo11n", "yolo26n")
INPUT = 640
"""Side of the input that detectors of ultralytics are made for, px."""


def add_to(app: typer.Typer) -> None:
    """Add the command to `levee models`."""
    app.command("bench")(bench)


def bench(
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", metavar="NAME", help="A counter by name; the first one is what the others are held to."
        ),
    ] = None,
    peer: Annotated[
        list[str] | None, typer.Option("--peer", metavar="FILE", help="Another counter, by its manifest.")
    ] = None,
    yolo: Annotated[
        list[str] | None,
        typer.Option("--yolo", metavar="NAME", help="A detector of ultralytics; `none`: no detector of theirs."),
    ] = None,
    size: Annotated[list[str] | None, typer.Option("--size", metavar="WxH", help="Size of the pictures, px.")] = None,
    threads: Annotated[list[int] | None, typer.Option("--threads", min=1, help="CPU threads.")] = None,
    precision: Annotated[list[str] | None, typer.Option("--precision", help="f32 or bf16.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Each counter is timed so often.")] = 30,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Also write the table, as Markdown.")
    ] = None,
) -> None:
    """Times counters side by side: each round runs every one of them once, and medians are shown.

    Without options it runs our own, and yolo11n and yolo26n where ultralytics is installed (extra `yolo`; with random
    weights, which are as slow as trained ones), on pictures of 640x480 and 1280x720, with 1 and 2 threads, in f32 and,
    where this CPU has it, bf16. Detectors scale every picture to their own input.

        levee models bench

        levee models bench --peer person-detection-0201.yaml --peer mcnn.yaml --out bench.md
    """
    import models
    from models.bench import WARM_UP, Setting, machine, noise, race, table
    from models.engine import effective

    sizes = [_size(text) for text in size or ["640x480", "1280x720"]]
    precisions = precision or [p for p in ("f32", "bf16") if effective(p) == p]
    for one in precisions:
        if one not in ("f32", "bf16"):
            raise typer.BadParameter(f"{one!r}: f32 or bf16 (a file of 8 bits is raced by its manifest, as --peer)")
    names = [*(model or ["levee-s"]), *(peer or [])]
    settings = [Setting(s, t, p) for s in sizes for t in threads or [1, 2] for p in precisions]
    before = machine()
    results = []
    with tempfile.TemporaryDirectory() as folder, _progress() as progress:
        try:
            names += _yolos(yolo, Path(folder))
            task = progress.add_task("bench", total=len(settings) * len(names) * (rounds + WARM_UP))
            for setting in settings:
                label = f"{setting.size[0]}x{setting.size[1]}, {setting.threads} threads, {setting.precision}"
                progress.update(task, description=label)
                counters = [
                    models.load(name, threads=setting.threads, precision=setting.precision)  # type: ignore[arg-type]
                    for name in names
                ]
                times = race(counters, noise(setting.size), rounds, lambda: progress.advance(task))
                results.append((setting, times))
        except (models.WeightsRefused, models.CountRefused) as error:
            typer.echo(f"levee: {error}", err=True)
            raise typer.Exit(2) from None
    command = shlex.join(["levee", *sys.argv[1:]])
    text = _page(before, command, rounds, results[0][1][0].name, table(results))
    typer.echo(text)
    if out is not None:
        try:
            out.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            typer.echo(f"levee: {out}: cannot be written: {error.strerror}", err=True)
            raise typer.Exit(2) from None


def _page(machine: str, command: str, rounds: int, ours: str, table: str) -> str:
    return f"""# How fast the counters are

Measured side by side in one run: {rounds} rounds after a warm-up, each round running every counter once, in an order
that turns. "Network" is the inference alone; "whole count" is what a picture costs, scaled and read as well.
"Ratio" is the median, over the rounds, of the network's time to that of {ours} in the same round. Detectors
scale every picture to their own input; those of ultralytics have random weights here, as slow as trained ones. On a
machine with other work, "its CPU", the processor's time of all threads together, says more than the time that passed.

{machine}.

```
{command}
```

{table}"""


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and min(int(width), int(height)) >= 32):
        raise typer.BadParameter(f"{text!r}: a size is WIDTHxHEIGHT, each 32 px or more")
    return int(width), int(height)


def _yolos(wanted: list[str] | None, folder: Path) -> list[str]:
    """Manifests of the detectors, exported with random weights; those that nobody asked for may be missing."""
    from importlib.util import find_spec

    if wanted is None and find_spec("ultralytics") is None:
        typer.echo("levee: without ultralytics (extra yolo), its detectors are left out", err=True)
        return []
    if wanted == ["none"]:
        return []
    from models.registry import write_manifest
    from models.yolo import describe, export

    paths = []
    for name in wanted or YOLOS:
        file, person = export(f"{name}.yaml", INPUT, folder)
        write_manifest(describe(file, INPUT, person, "random weights"), file.with_suffix(".yaml"))
        paths.append(str(file.with_suffix(".yaml")))
    return paths


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
