"""`levee replay`: what was, judged again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from levee.replays.recording import Recording

TIER_STYLES = {"normal": "green", "blue": "bright_blue", "yellow": "yellow", "orange": "dark_orange", "red": "bold red"}


def replay(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A scenario (.yaml), a recorded log or record, or a table (.csv).")
    ],
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="CONFIG", help="Settings to judge by: a file of a site or of a service."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line for every tier event.")] = False,
    site: Annotated[str | None, typer.Option("--site", help="Which site, where there are several.")] = None,
    run: Annotated[int, typer.Option("--run", min=1, help="Which run of a scenario that has several.")] = 1,
    inflow: Annotated[float, typer.Option(min=0.05, max=5, help="Factor on a scenario's arrivals.")] = 1.0,
    width: Annotated[float, typer.Option(min=0.2, max=5, help="Factor on the width of a scenario's steps.")] = 1.0,
    chart: Annotated[
        Path | None, typer.Option("--chart", metavar="SVG", help="Draw the replay into this file.")
    ] = None,
    save: Annotated[Path | None, typer.Option("--save", metavar="LOG", help="Write its events into this file.")] = None,
) -> None:
    """Judges what was once more, through the very function that judges live, as fast as the machine goes.

        levee replay configs/scenarios/bund-2014-12-31.yaml            # the night of 12·31
        levee replay configs/scenarios/bund-2014-12-31.yaml --inflow 0.7 --width 1.2
        levee replay levee-alerting.db --json                          # what the service judged, from its record
        levee replay counts.csv --config site.yaml                     # a table of counts

    A table has the columns `time,zone,kind` and the figures of each kind: `count,low,high,density,peak_density,
    peak_low,peak_high,speed,counterflow,pressure` for `instant`, `inflow,outflow` (persons/min) for `throughput`,
    `occupancy` for `occupancy`; and `state` (good, degraded, unknown). Times carry a UTC offset, or are the site's.

    A recorded log is judged by the settings of the time; `--config` shows what others would have made of it.
    """
    from levee.replays.open import load_settings, open_recordings
    from levee.replays.recording import ReplayRefused
    from levee.scenarios.story import Vary

    vary = Vary(inflow=inflow, width=width) if (inflow, width) != (1.0, 1.0) else None
    settings = load_settings(config, site)
    found: Recording | None = None
    for number, one in enumerate(open_recordings(file, settings, wanted=site, vary=vary), 1):
        if number == run:
            found = one
            break
    if found is None:
        raise ReplayRefused(f"{file}: there is no run {run}")
    for note in found.notes:
        typer.echo(f"{file}: {note}", err=True)
    if save is not None:
        from levee.replays.log import save_log

        found.events = list(found.events)
        typer.echo(f"{save_log(found, save):,} events into {save}", err=True)
    _play(found, as_json, chart)


def _play(recording: Recording, as_json: bool, chart: Path | None) -> None:
    from zoneinfo import ZoneInfo

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.text import Text

    from levee.replays.lines import clock, json_line, tiers_of
    from levee.replays.recording import fold, told
    from levee.replays.trace import Trace

    place = ZoneInfo(recording.site.time_zone)
    trace = Trace(recording)
    out, errors = Console(highlight=False, soft_wrap=True), Console(stderr=True)
    length = max(1.0, recording.end - recording.start)
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=errors, transient=True
    )
    with progress if errors.is_terminal else _Quiet() as bar:
        task = bar.add_task(recording.name, total=length) if isinstance(bar, Progress) else None
        for number, (event, state, effects) in enumerate(fold(recording)):
            trace.see(event, state, effects)
            if task is not None and isinstance(bar, Progress) and number % 500 == 0:
                moment = clock(event.at, place)[11:16]
                bar.update(task, completed=event.at - recording.start, description=f"{recording.name} {moment}")
            for one in told(recording, effects):
                if as_json:
                    sys.stdout.write(json_line(one, place) + "\n")
                    continue
                before, after, kind = tiers_of(one)
                line = Text(f"{clock(one.at, place)}  {one.zone:<12} ")
                line.append(f"{before.label:>6}", TIER_STYLES[before.label])
                line.append(" → ")
                line.append(f"{after.label:<6}", TIER_STYLES[after.label])
                line.append(f"  {kind.value:<8}  {one.why}", "dim" if before == after else "")
                out.print(line)
    if not as_json:
        for words in trace.summary():
            out.print(Text(words))
    if chart is not None:
        from levee.replays.chart import draw

        chart.write_text(draw(trace), encoding="utf-8")
        typer.echo(f"drawn into {chart}", err=True)


class _Quiet:
    """No bar where nobody looks."""

    def __enter__(self) -> _Quiet:
        return self

    def __exit__(self, *_: object) -> None:
        return None
