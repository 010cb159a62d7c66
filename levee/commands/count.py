"""`levee count`: counts the people in pictures, folders, clips and streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

    from edge.capture.reader import Reader
    from levee.commands.count_output import Seen
    from levee.commands.count_zones import CameraZones
    from levee.overlay.looking import Looking
    from models import Counter, Estimate

TIMEOUT_S = 8.0
"""How long a stream may take to open, and then to give a picture."""


def count(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE...", help="Pictures, folders of pictures, clips, stream addresses."),
    ],
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="A model by name, or a manifest (.yaml) of your own.")
    ] = "levee-s",
    detector: Annotated[
        str | None,
        typer.Option("--detector", metavar="NAME", help="Counts while the view is sparse; the model once it is dense."),
    ] = None,
    zones: Annotated[
        Path | None,
        typer.Option("--zones", metavar="FILE", help="A box's settings: also count the zones of the source's camera."),
    ] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write one row per counted picture.")
    ] = None,
    video: Annotated[
        Path | None,
        typer.Option("--video", metavar="FILE", help="Write what was counted, annotated: .mp4, .avi, .jpg or .png."),
    ] = None,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", min=0.0, help="Time between counted frames of clips; 0: all.")
    ] = 1.0,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="Stop after N counted pictures of a source.")
    ] = None,
    threads: Annotated[
        int, typer.Option("--threads", metavar="N", min=0, help="CPU threads for one count; 0: as many as help.")
    ] = 0,
) -> None:
    """Counts the people in pictures, folders of pictures, clips and streams.

    Each count comes with low and high, between which the truth lies nine times in ten. A picture that cannot be
    read is `unknown`, and its count is empty: never 0. Exit status 1 means that a source could not be used, or a
    picture could not be counted; a line for each says why.

        levee count photo.jpg

        levee count clip.mp4 --csv counts.csv --video seen.mp4

        levee count rtsp://camera.example/1 --every 2 --limit 30

        levee count clip.mp4 --zones box.yaml --video seen.mp4

    With `--zones`, the CSV has one more row per picture and zone, whose source ends in `#` and the zone's name, and the
    film shows them: density on the ground, its cells, arrows of the flow, and the figures, coloured as the tiers of the
    site's file beside the box's (`site.yaml`), or of open ground.
    """
    import models
    from levee.commands.count_output import Film, OutputRefused, Rows
    from levee.commands.count_zones import ZonesRefused

    try:
        counter: Counter = models.load(model, threads=threads)
        if detector is not None:
            counter = models.Switched(models.load(detector, threads=threads), counter)
    except models.WeightsRefused as error:
        raise _refusal(str(error), 2) from None
    tallies = [Tally(source) for source in sources]
    try:
        _give_zones(tallies, zones, drawn=video is not None)
        with ExitStack() as stack:
            rows = stack.enter_context(Rows(csv_file)) if csv_file else None
            film = stack.enter_context(Film(video, min(25.0, 1.0 / every) if every else 25.0)) if video else None
            progress = stack.enter_context(_progress())
            for tally in tallies:
                for seen in _looked_at(tally, counter, every, limit, progress):
                    parts = tally.add(seen)
                    if rows is not None:
                        rows.write(seen, parts)
                    if film is not None:
                        film.write(seen)
    except (OutputRefused, ZonesRefused) as error:
        raise _refusal(str(error), 2) from None
    _print_summary(tallies)
    for tally in tallies:
        for fault in tally.faults:
            typer.echo(f"levee: {fault}", err=True)
    if any(tally.faults for tally in tallies):
        raise typer.Exit(1)


@dataclass
class Tally:
    """What became of one source."""

    source: str
    label: str = ""
    counted: int = 0
    unknown: int = 0
    degraded: int = 0
    people: float = 0.0
    most: tuple[float, float, float] | None = None
    """value, low and high of the fullest picture"""
    faults: list[str] = field(default_factory=list)
    zones: CameraZones | None = None
    #: Makes of each count what is drawn of the zones; there where a film is wanted.
    looking: Looking | None = None
    most_in: dict[str, Estimate] = field(default_factory=dict)
    """by zone: the fullest it was"""

    def add(self, seen: Seen) -> Mapping[str, Estimate | None]:
        """Take up a picture; gives the people in each zone of it, None where they are unknown."""
        if seen.count is None:
            self.unknown += 1
            return dict.fromkeys(self.zones.names) if self.zones else {}
        total = seen.count.total
        self.counted += 1
        self.degraded += seen.state == "degraded"
        self.people += total.value
        if self.most is None or total.value > self.most[0]:
            self.most = (total.value, total.low, total.high)
        parts = self.zones.estimates(seen.count) if self.zones else {}
        for zone, part in parts.items():
            if zone not in self.most_in or part.value > self.most_in[zone].value:
                self.most_in[zone] = part
        return parts


def _give_zones(tallies: list[Tally], file: Path | None, *, drawn: bool) -> None:
    if file is None:
        return
    from edge.capture.address import PICTURES
    from levee.commands.count_zones import camera_zones, levels_beside
    from levee.config.load import load_box
    from levee.overlay.looking import Looking

    settings = load_box(file)
    levels = levels_beside(file, settings) if drawn else {}
    for tally in tallies:
        tally.zones = zones = camera_zones(file, settings, tally.source)
        if drawn:
            source = Path(tally.source)
            still = source.is_dir() or source.suffix.lower() in PICTURES
            tally.looking = Looking(settings, zones.plan, zones.camera, levels, still=still)


def _looked_at(tally: Tally, counter: Counter, every: float, limit: int | None, progress: Progress) -> Iterator[Seen]:
    """Each sampled picture of a source; what is wrong with the source goes into its tally."""
    from edge.capture.address import redact
    from edge.capture.frame import SourceRefused
    from edge.capture.reader import open_reader

    source: str | int = int(tally.source) if tally.source.isdigit() else tally.source
    tally.label = redact(source)
    try:
        reader = open_reader(source, open_timeout_s=TIMEOUT_S, read_timeout_s=TIMEOUT_S)
    except SourceRefused as error:
        tally.faults.append(str(error))
        return
    task = progress.add_task(Path(tally.label).name[-32:], total=reader.announced)
    try:
        yield from _sampled(tally, reader, counter, every, limit, lambda: progress.advance(task))
    finally:
        reader.close()
        progress.update(task, total=progress.tasks[task].completed)


def _sampled(
    tally: Tally, reader: Reader, counter: Counter, every: float, limit: int | None, step: Callable[[], None]
) -> Iterator[Seen]:
    from edge.capture.reader import WHOLE_SHARE, PicturesReader

    still = isinstance(reader, PicturesReader)
    grabbed, given, broken, refused, next_s = 0, 0, 0, 0, 0.0
    why = ""
    while limit is None or given < limit:
        if not reader.grab():
            break
        grabbed += 1
        step()
        if not still and reader.time_s + 1e-6 < next_s:
            if tally.looking is not None and tally.looking.wants(reader.stamp_s, next_s - reader.time_s):
                tally.looking.keep(reader.picture(), reader.stamp_s)
            continue
        next_s = max(next_s + every, reader.time_s) if reader.kind.live else next_s + every
        name = str(reader.path) if isinstance(reader, PicturesReader) else reader.label
        frame, time_s = (0, 0.0) if still else (grabbed - 1, reader.time_s)
        seen = _counted(name, frame, time_s, reader, counter, tally)
        given += 1
        broken += seen.picture is None
        if seen.count is None:
            refused, why = refused + (seen.picture is not None), seen.why
            if still:
                tally.faults.append(f"{name}: {seen.why}")
        yield seen
    if not still and refused:
        tally.faults.append(f"{reader.label}: {refused} of {given} frames could not be counted: {why}")
    if limit is not None and given >= limit:
        return
    if grabbed == 0:
        tally.faults.append(f"{reader.label}: no frame could be read")
    elif not still and broken:
        tally.faults.append(f"{reader.label}: {broken} of {given} frames could not be decoded")
    elif reader.kind.live:
        tally.faults.append(f"{reader.label}: the stream ended, or gave no picture for {TIMEOUT_S:g} s")
    elif reader.announced and grabbed < WHOLE_SHARE * reader.announced:
        tally.faults.append(f"{reader.label}: truncated: {grabbed} of {reader.announced} frames could be read")


def _counted(name: str, frame: int, time_s: float, reader: Reader, counter: Counter, tally: Tally) -> Seen:
    from edge.capture.reader import PicturesReader
    from levee.commands.count_output import Seen
    from models import CountRefused, View

    picture = reader.picture()
    if picture is None:
        why = reader.fault if isinstance(reader, PicturesReader) else "it cannot be decoded"
        return Seen(name, frame, time_s, counter.name, why=why)
    zones = tally.zones
    view = View(tally.label, zones.plan.head_px(zones.camera, picture.shape[1]) if zones else None)
    looking = tally.looking
    try:
        count = counter.count(picture, view)
    except CountRefused as error:
        unseen = looking.unknown(str(error)) if looking is not None else None
        return Seen(name, frame, time_s, counter.name, picture, why=str(error), zones=unseen)
    drawn = looking.see(picture, count, reader.stamp_s) if looking is not None else None
    gates = looking.gates() if looking is not None else ()
    return Seen(name, frame, time_s, counter.name, picture, count, zones=drawn, gates=gates)


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _print_summary(tallies: list[Tally]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("source", "pictures", "people, mean", "most", "90 % band", "degraded", "unknown"):
        table.add_column(title, justify="left" if title == "source" else "right", overflow="fold")
    for tally in tallies:
        if tally.counted == tally.unknown == 0:
            continue
        mean, most, band = "unknown", "unknown", ""
        if tally.most is not None:
            value, low, high = tally.most
            mean, most, band = f"{tally.people / tally.counted:.1f}", f"{value:.1f}", f"{low:.0f} to {high:.0f}"
        numbers = (str(tally.counted + tally.unknown), mean, most, band, str(tally.degraded), str(tally.unknown))
        table.add_row(tally.label if len(tally.label) <= 36 else f"…{tally.label[-35:]}", *numbers)
        for zone, part in tally.most_in.items():
            table.add_row(f"  zone {zone}", "", "", f"{part.value:.1f}", f"{part.low:.0f} to {part.high:.0f}", "", "")
    if table.row_count:
        Console().print(table)


def _refusal(line: str, status: int) -> typer.Exit:
    typer.echo(f"levee: {line}", err=True)
    return typer.Exit(status)
