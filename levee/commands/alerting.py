"""`levee alerting`: the service that judges, records and pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

alerting_app = typer.Typer(
    help="The service: judges the readings, records, and pages people.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@alerting_app.callback()
def alerting() -> None:
    """The service: judges the readings, records, and pages people."""


@alerting_app.command("run")
def run(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="Settings of the service, a YAML file (`levee: service`).")
    ],
) -> None:
    """Runs the service until SIGTERM or Ctrl-C.

    The settings name the files of the sites (`levee: site`), the broker, the database, and the channels to people.
    A restart pages nobody twice and forgets nothing.

    An example to start from is `configs/examples/service.yaml`; `levee config check` looks for faults without running.
    """
    from levee.commands.logs import log_to_stderr
    from levee.config.load import load_desk, load_duty, load_service
    from levee.stopping import stop_on_signals

    service, sites = load_service(config)
    duty, desk = load_duty(service), load_desk(service)
    log_to_stderr()

    from alerting import runner
    from wire.supervisor import Supervisor

    runner.run(service, sites, stop=stop_on_signals(), duty=duty, desk=desk, supervisor=Supervisor())


Config = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="Settings of the service, a YAML file (`levee: service`).")
]


@alerting_app.command("audit")
def audit(config: Config) -> None:
    """Runs the auditor until SIGTERM or Ctrl-C: another process, that checks the paging of the first.

    It reads the record, works out for itself who had to be called by when, and pages on channels of its own (`audit`)
    where that was not done, where the service shows no sign of life, or where the record was changed. While all is
    well it calls the dead man's address. Run it on another machine than the service if you can.

        levee alerting audit service.yaml
    """
    from levee.commands.logs import log_to_stderr
    from levee.config.load import load_duty, load_service
    from levee.stopping import stop_on_signals

    service, sites = load_service(config)
    duty = load_duty(service)
    log_to_stderr()

    from alerting.audit.run import run_audit
    from wire.supervisor import Supervisor

    run_audit(service, sites, duty, stop=stop_on_signals(), supervisor=Supervisor())


@alerting_app.command("silence")
def silence(
    config: Config,
    where: Annotated[str, typer.Argument(metavar="SITE[/ZONE]", help="A zone, or a whole site.")],
    owner: Annotated[str, typer.Option("--owner", help="Short name of who answers for the silence.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the record.")],
    hours: Annotated[float, typer.Option("--hours", min=0.02, max=24, help="How long; 24 at most.")] = 1.0,
    ceiling: Annotated[
        str, typer.Option("--up-to", metavar="[blue|yellow|orange]", help="Highest tier that is kept quiet; never red.")
    ] = "yellow",
    maintenance: Annotated[
        bool, typer.Option("--maintenance", help="Work on the cameras: that it is not seen pages nobody either.")
    ] = False,
) -> None:
    """Keeps a zone quiet for a while. Red is never silenced; the owner is reminded before the end.

    levee alerting silence service.yaml riverside/plaza --owner li-wei --reason "market until noon" --hours 3
    """
    from levee.commands.asking import ask

    site, _, zone = where.partition("/")
    if ceiling not in ("blue", "yellow", "orange"):
        raise typer.BadParameter("--up-to is blue, yellow or orange: a red is never silenced")
    body: dict[str, object] = {
        "what": "silence",
        "site": site,
        "zone": zone,
        "owner": owner,
        "reason": reason,
        "for_s": hours * 3600,
        "ceiling": ceiling,
        "maintenance": maintenance,
    }
    typer.echo(f"silenced; end it with: levee alerting unsilence {config} {ask(config, body)} --by {owner}")


@alerting_app.command("unsilence")
def unsilence(
    config: Config,
    mark: Annotated[str, typer.Argument(metavar="SILENCE", help="Its id, as `levee alerting silence` printed it.")],
    by: Annotated[str, typer.Option("--by", help="Short name of who ends it.")],
) -> None:
    """Ends a silence before its time; whoever must be called is called then."""
    from levee.commands.asking import ask

    ask(config, {"what": "unsilence", "silence": mark, "person": by})
    typer.echo("ended")


@alerting_app.command("reset")
def reset(
    config: Config,
    where: Annotated[str, typer.Argument(metavar="SITE/ZONE", help="A zone that keeps the balance of its gates.")],
    by: Annotated[str, typer.Option("--by", help="Short name of who asks for it; it stands in the record.")],
    name: Annotated[str, typer.Option("--name", help="What the reset is called.")] = "by hand",
    people: Annotated[float, typer.Option("--people", min=0, help="How many are inside now.")] = 0.0,
) -> None:
    """Begins an occupancy anew: from now on it is so many people, and what passes the gates.

    A balance drifts with everybody whom a gate misses. Count who is inside, or wait until nobody is, and say so. No
    tier falls by it before its time.

        levee alerting reset service.yaml riverside/hall --by li-wei --name "hall closed" --people 0
    """
    from levee.commands.asking import ask

    site, _, zone = where.partition("/")
    ask(config, {"what": "reset", "site": site, "zone": zone, "person": by, "name": name, "people": people})
    typer.echo("begun anew")
