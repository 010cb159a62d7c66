"""`levee drill`: plays a scenario to the people on duty, marked as an exercise, on topics of its own."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer


def drill(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Short name of the drill, as in the desk's file.")],
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="Settings of the service (`levee: service`).")],
    by: Annotated[str, typer.Option("--by", help="Short name of who holds the drill.")],
    speed: Annotated[
        float, typer.Option("--speed", min=0.1, max=100, help="Seconds of the scenario in a second.")
    ] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the drill's report as one object.")] = False,
) -> None:
    """Holds a drill: the scenario's readings go through the broker to the running service, and real people are called.

    Everything is marked 【演练】 or EXERCISE, in every channel and in CAP. Live tiers, signs and sirens stay
    as they are. The first real orange stops it, and whoever was called is told. Ctrl-C ends it. Afterwards it prints
    who answered when, and which steps were late.

        levee drill steps-rehearsal service.yaml --by street-officer
    """
    from rich.progress import Progress, TimeElapsedColumn

    from levee.commands.asking import AskedInVain, ask
    from levee.config.load import load_desk, load_scenario, load_service

    service, sites = load_service(config)
    desk = load_desk(service)
    settings = desk.drill(name) if desk is not None else None
    if settings is None:
        known = ", ".join(sorted(one.name for one in desk.drills)) if desk is not None else ""
        raise AskedInVain(f"no drill is called {name}: " + (f"there are {known}" if known else "the service has none"))
    site = next((one for one in sites if one.site == settings.site), None)
    if site is None:
        raise AskedInVain(f"the drill {name} is for the site {settings.site}, which the service has not")
    if not Path(settings.scenario).is_file():
        raise AskedInVain(f"the drill {name} has no scenario: no such file: {settings.scenario}")
    scenario, _ = load_scenario(Path(settings.scenario))

    from alerting.record.reader import Reader
    from alerting.record.url import record_url
    from levee.drills.play import Player, drill_of, truth_of
    from levee.drills.report import drill_report, drill_text

    reader = Reader(record_url(service))
    after = reader.length()
    player = Player(service, site, scenario, settings, speed)
    player.connect()
    try:
        truth = truth_of(scenario, settings, time.time(), speed)
        ask(config, {"what": "drill-begin", "drill": name, "person": by, "truth": truth})
        mark = drill_of(reader, after)
        typer.echo(f"the drill {name} has begun; Ctrl-C ends it", err=True)
        how = ""
        columns = (*Progress.get_default_columns()[:2], TimeElapsedColumn())
        with Progress(*columns, transient=True, disable=as_json) as progress:
            task = progress.add_task(name, total=player.length_s)
            try:
                for second in player.play():
                    progress.update(task, completed=second)
                    how = drill_of(reader, after, mark, over=True)
                    if how:
                        break
                why = "played to its end"
            except KeyboardInterrupt:
                why = "ended before its time"
        if not how:
            ask(config, {"what": "drill-end", "person": by, "why": why})
        told = [(one.at, one.kind, one.body) for one in reader.entries(after)]
        report = drill_report(told, mark, reader.names())
    finally:
        player.close()
        reader.close()
    if as_json:
        import json

        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        typer.echo(drill_text(report, site.time_zone))
    if how:
        typer.echo(f"the drill was {how}", err=True)
        raise typer.Exit(3)
