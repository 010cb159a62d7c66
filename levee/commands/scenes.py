"""`levee scenes`: films places where everything that happens is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

scenes_app = typer.Typer(
    help="Films places in which every person's position is known: clips with exact truth, and stills for training.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@scenes_app.callback()
def scenes() -> None:
    """Films places in which every person's position is known: clips with exact truth, and stills for training."""


@contextmanager
def _one_line() -> Iterator[None]:
    """What the user can put right ends in one line and status 2."""
    from sample_videos.studio.context import NoStudio

    try:
        yield
    except (ValueError, FileExistsError, NoStudio) as error:
        typer.echo(f"levee: {error}", err=True)
        raise typer.Exit(2) from None


def _tracked(about: str, items: Iterable[int]) -> Iterable[int]:
    from rich.console import Console
    from rich.progress import track

    return track(items, description=about, console=Console(stderr=True))


def _fresh(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise FileExistsError(f"{out} is a file, not a folder")
    if out.is_dir() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty: give a folder of its own")


@scenes_app.command("list")
def list_scenes() -> None:
    """The scenes there are, what happens in them, and what of them is measured."""
    from rich.console import Console
    from rich.table import Table

    from sample_videos.scenes import scenes as all_scenes

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "what happens", "seconds", "zones", "gates", "light"):
        table.add_column(title, justify="right" if title == "seconds" else "left")
    for scene in all_scenes().values():
        table.add_row(scene.name, scene.about, str(scene.seconds), ", ".join(zone.name for zone in scene.zones),
                      ", ".join(gate.name for gate in scene.gates), scene.hour)  # fmt: skip
    Console().print(table)


@scenes_app.command("render")
def render(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A scene of `levee scenes list`.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new or empty folder.")],
    seed: Annotated[
        int | None, typer.Option(help="Another night: varies people, camera, light and weather.  [default: as listed]")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Stop after so many.  [default: all of the scene]")] = None,
    fault: Annotated[
        str | None,
        typer.Option(metavar="KIND@SECOND[:AMOUNT]", help="frozen, black, painted, fogged, turned, loop or dropped."),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            "--with", metavar="FILE", exists=True, dir_okay=False, help="Camera, zones and gates of your own (YAML)."
        ),
    ] = None,
    width: Annotated[int | None, typer.Option(metavar="PX", help="Width of the picture; the height follows.")] = None,
    crf: Annotated[int | None, typer.Option(min=0, max=51, help="H.264 quality, lower is larger.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=16, help="Processes that draw.  [default: one for each core, at most 4]")
    ] = None,
) -> None:
    """Films a scene: NAME.mp4, the camera with measured points, zones and gates, and the truth of every frame.

    The same name and seed give the same bytes of truth. With a fault the truth is still that of the place.

        levee scenes render steps --out night
        levee scenes render metro --out wet --seed 7 --seconds 60
        levee scenes render plaza --out knocked --fault turned@20:8
        levee scenes render plaza --out mine --with camera.yaml --width 1280
    """
    from sample_videos.crew import Recipe, cores
    from sample_videos.crowds.stories import FPS
    from sample_videos.faults import NO_FAULT, read_fault
    from sample_videos.film import Plan, film

    with _one_line():
        recipe = Recipe(name, seed, width, settings)
        scene = recipe.scene()
        wanted = NO_FAULT if fault is None else read_fault(fault)
        if seconds is not None and not 0.2 <= seconds <= scene.seconds:
            raise ValueError(f"--seconds {seconds:g}: {name} can be filmed for 0.2 to {scene.seconds} s")
        _fresh(out)
        frames = scene.seconds * FPS if seconds is None else max(2, round(seconds * FPS))
        if wanted.kind and wanted.at_s * FPS >= frames:
            raise ValueError(f"fault {fault}: the film ends at {frames / FPS:g} s, before it begins")
        plan = Plan(frames, scene.crf if crf is None else crf, fault=wanted)
        for path in film(recipe, out, plan, lambda items: _tracked(name, items), workers or cores()):
            typer.echo(f"{path}  {path.stat().st_size / 1e6:.2f} MB")


@scenes_app.command("stills")
def stills(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    count: Annotated[int, typer.Option(help="How many pictures.")] = 100,
    seed: Annotated[int, typer.Option(help="Same seed, same pictures.")] = 1,
) -> None:
    """Renders pictures with head points for training: DIR/images and DIR/annotations.json.

    As varied as the field: cameras 3 to 40 m high, nobody to eight persons/m², up to 100 m away, day and night, rain,
    snow and fog. About one in seven shows nobody, but things that could be taken for people. `levee models train`
    reads them.

        levee scenes stills rendered --count 2000 --seed 3
        levee models train runs/a --data rendered
    """
    from sample_videos.stills import write

    with _one_line():
        if count < 1:
            raise ValueError(f"--count {count}: must be 1 or more")
        if seed < 0:
            raise ValueError(f"--seed {seed}: must be 0 or more")
        _fresh(out)
        notes = write(out, count, seed, lambda items: _tracked("stills", items))
        people = sum(len(note["points"]) for note in notes if isinstance(note["points"], list))
        typer.echo(f"{len(notes)} stills with {people} heads in {out}")


@scenes_app.command("sheet")
def contact_sheet(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="A .jpg or .png that is written.")],
    beside: Annotated[
        list[Path] | None,
        typer.Option("--beside", metavar="FILE", exists=True, dir_okay=False, help="A clip or picture to show beside."),
    ] = None,
) -> None:
    """One picture with frames of all scenes and some variations.

    levee scenes sheet scenes.jpg
    levee scenes sheet compared.jpg --beside my-camera.mp4
    """
    import cv2

    from sample_videos.sheet import sheet

    with _one_line():
        if out.suffix.lower() not in (".jpg", ".jpeg", ".png"):
            raise ValueError(f"{out}: must end in .jpg or .png")
        if not out.absolute().parent.is_dir():
            raise ValueError(f"{out}: its folder is not there")
        picture = sheet(beside or [], lambda items: _tracked("sheet", items))
        if not cv2.imwrite(str(out), picture, [cv2.IMWRITE_JPEG_QUALITY, 82]):
            raise ValueError(f"{out}: cannot be written")
        typer.echo(f"{out}  {out.stat().st_size / 1e6:.2f} MB")
