"""`levee backtest`: what the judgement is worth, over many replays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from alerting.settings import SiteSettings
    from levee.replays.score import Score, Series


def backtest(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Scenarios, logs and tables; or tables of hourly counts.")
    ],
    config: Annotated[
        Path | None, typer.Option("--config", metavar="CONFIG", help="Settings to judge logs and tables by.")
    ] = None,
    time_zone: Annotated[
        str, typer.Option("--time-zone", help="Where the sensors of hourly counts stand (IANA name).")
    ] = "Australia/Melbourne",
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=64, help="How many replays at once.")] = max(
        1, min(2, os.cpu_count() or 1)
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print the score as one JSON object.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print the tables for a page.")] = False,
) -> None:
    """Plays everything and scores it: was it warned in time, was anybody called for nothing, were forecasts good.

        levee backtest configs/scenarios/*.yaml             # the night of 12·31, and what must stay quiet
        levee backtest configs/scenarios/*.yaml --markdown  # the same as tables for a page
        levee backtest melbourne_pedestrians.csv            # hourly counts, against two simple forecasts

    Files of sites among the arguments are passed over, so that a whole folder can be given. A scenario with several
    runs is played as often. Dangers are those that a scenario names (`dangers`); where there are none, every rise is
    a false alarm. Forecasts are compared with "it stays as it is" (persistence) and the same time of the run before.
    """
    import zoneinfo

    from levee.replays.recording import ReplayRefused
    from levee.replays.report import json_report, markdown_report, print_report

    try:
        place = zoneinfo.ZoneInfo(time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ReplayRefused(f"no time zone is called {time_zone}") from None
    score = _play_all(files, config, place, jobs)
    if as_json:
        typer.echo(json_report(score))
    elif as_markdown:
        typer.echo(markdown_report(score))
    else:
        print_report(score)


def _play_all(files: list[Path], config: Path | None, place: object, jobs: int) -> Score:
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    from rich.console import Console
    from rich.progress import Progress

    from levee.replays.hourly import hourly_scores, is_hourly
    from levee.replays.open import load_settings
    from levee.replays.recording import ReplayRefused
    from levee.replays.score import joined

    settings = load_settings(config, None)
    scores: dict[tuple[int, int], Score] = {}
    tasks: list[tuple[int, Path, int]] = []
    for number, file in enumerate(files):
        if file.suffix.lower() in (".yaml", ".yml") and _is_site(file):
            continue
        if file.suffix.lower() == ".csv" and file.is_file() and is_hourly(file):
            for part, one in enumerate(hourly_scores(file, place)):  # type: ignore[arg-type]
                scores[number, part] = one
            continue
        tasks += [(number, file, run) for run in range(_runs(file))]
    if not tasks and not scores:
        raise ReplayRefused("nothing to play: only files of sites were given")
    errors = Console(stderr=True)
    before: dict[tuple[int, int], Series] = {}
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("playing", total=len(tasks))
        # Spawned, so that nothing of a caller's threads is copied.
        with ProcessPoolExecutor(max_workers=jobs, mp_context=get_context("spawn")) as pool:
            waiting = {pool.submit(_play, file, run, settings): (number, run) for number, file, run in tasks}
            for done in as_completed(waiting):
                scores[waiting[done]], before[waiting[done]] = done.result()
                bar.advance(task)
    _compare_with_yesterday(scores, before)
    return joined(scores[key] for key in sorted(scores))


def _is_site(file: Path) -> bool:
    from levee.config.yaml_nodes import read_file

    kind = (read_file(file)[0].entries or {}).get("levee")
    return kind is not None and kind.scalar == "site"


def _runs(file: Path) -> int:
    from levee.config.load import load_scenario

    return load_scenario(file)[0].scatter.runs if file.suffix.lower() in (".yaml", ".yml") else 1


def _play(file: Path, run: int, settings: SiteSettings | None) -> tuple[Score, Series]:
    """One replay, in a process of its own."""
    from levee.replays.open import open_recordings
    from levee.replays.score import score_of, series_of, trace_of

    recording = next(one for number, one in enumerate(open_recordings(file, settings)) if number == run)
    trace = trace_of(recording)
    return score_of(trace), series_of(trace)


def _compare_with_yesterday(scores: dict[tuple[int, int], Score], series: dict[tuple[int, int], Series]) -> None:
    """Give each replay's forecasts the same minute of the run before to be compared with."""
    for (number, run), score in scores.items():
        before, now = series.get((number, run - 1)), series.get((number, run))
        if before is None or now is None:
            continue
        for (figure, _), skill in score.skills.items():
            for (zone, name), values in now.items():
                if name != figure:
                    continue
                yesterday = before.get((zone, name), {})
                shared = values.keys() & yesterday.keys()
                skill.yesterday += [(values[minute], yesterday[minute]) for minute in sorted(shared)]
