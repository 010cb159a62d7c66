"""`levee report`: the figures that show whether the duty works."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer


def report(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="Settings of the service, a YAML file (`levee: service`).")
    ],
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="First day, as in 2026-03-02.")
    ],
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="Last day; else the first."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where the page goes; report.html if not told.")
    ] = None,
    replay: Annotated[
        list[Path] | None,
        typer.Option("--replay", metavar="SCENARIO", help="A scenario with known dangers, for what is found."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one object instead of a page.")] = False,
) -> None:
    """Writes the report of a day, a week or a month: found, handled in time, effective; roll-calls, drills, hazards.

    All of it comes from the record, whose chain `levee record verify` proves. The page loads nothing from anywhere,
    and prints on A4. Days are those of the desk's time zone, or of the first site's.

        levee report service.yaml --from 2026-03-02 --to 2026-03-08 --out week.html
        levee report service.yaml --from 2026-03-02 --json
    """
    import json
    from zoneinfo import ZoneInfo

    from rich.progress import Progress

    from levee.config.load import load_desk, load_duty, load_service

    last = last or first
    if last < first:
        raise typer.BadParameter(f"--to {last:%Y-%m-%d} is before --from {first:%Y-%m-%d}")
    service, sites = load_service(config)
    desk, duty = load_desk(service), load_duty(service)
    time_zone = desk.time_zone if desk is not None else sites[0].time_zone
    place = ZoneInfo(time_zone)
    begins = first.replace(tzinfo=place).timestamp()
    ends = (last + timedelta(days=1)).replace(tzinfo=place).timestamp()

    from alerting.desk.figures import NothingToReport, Share, figures
    from alerting.desk.report import as_object, as_page
    from alerting.record.reader import Reader
    from alerting.record.url import record_url

    reader = Reader(record_url(service))
    try:
        with Progress(transient=True, disable=as_json) as progress:
            task = progress.add_task("reading the record", total=reader.length())

            def told():  # type: ignore[no-untyped-def]
                for one in reader.entries():
                    progress.advance(task)
                    yield one.at, one.kind, one.body

            made = figures(told(), begins, ends)
            for file in replay or ():
                good, of, lead_s = _replayed(file)
                made.found = Share(made.found.good + good, made.found.of + of)
                made.lead_s += lead_s
    except NothingToReport:
        days = f"{first:%Y-%m-%d}" + (f" to {last:%Y-%m-%d}" if last != first else "")
        raise NothingToReport(f"the record holds nothing of {days}: there is nothing to report") from None
    finally:
        reader.close()
    if as_json:
        typer.echo(json.dumps(as_object(made, time_zone), ensure_ascii=False, indent=1))
        return
    titles = {unit.name: unit.title for unit in duty.units} if duty is not None else {}
    file = out or Path("report.html")
    file.write_text(as_page(made, time_zone, sites[0].title, titles), encoding="utf-8")
    typer.echo(f"wrote {file}")


def _replayed(file: Path) -> tuple[int, int, list[float]]:
    """Of the dangers that a scenario knows: how many orange or red was told of before, of how many, and how early."""
    from alerting.assess import TierChanged, step
    from levee.config.load import load_scenario
    from levee.replays.scenario import scenario_recording
    from wire import Tier

    scenario, site = load_scenario(file)
    recording = scenario_recording(file.stem, scenario, site)
    state, rises = recording.begin, []
    for event in recording.events:
        state, effects = step(state, event)
        rises += [(one.zone, one.at) for one in effects if isinstance(one, TierChanged) and one.to_tier >= Tier.ORANGE]
    lead_s = []
    for label in recording.labels:
        before = [at for zone, at in rises if zone == label.zone and at <= label.start]
        lead_s += [round(label.start - before[0], 1)] if before else []
    return len(lead_s), len(recording.labels), lead_s
