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
    from levee.config.load import load_duty, load_service
    from levee.stopping import stop_on_signals

    service, sites = load_service(config)
    duty = load_duty(service)
    log_to_stderr()

    from alerting import runner

    runner.run(service, sites, stop=stop_on_signals(), duty=duty)
