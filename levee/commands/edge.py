"""`levee edge`: the worker beside the cameras."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

edge_app = typer.Typer(
    help="The worker of a box: cameras in, readings out.", no_args_is_help=True, rich_markup_mode="markdown"
)


@edge_app.callback()
def edge() -> None:
    """The worker of a box: cameras in, readings out."""


@edge_app.command("run")
def run(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="Settings of the box, a YAML file (`levee: box`).")],
) -> None:
    """Runs the worker of one box until SIGTERM or Ctrl-C.

    It reads the cameras, counts, puts the counts on the ground, and sends what it found to the broker. What the
    service has not recorded yet is kept on disk.

    An example to start from is `configs/examples/box.yaml`; `levee config check` looks for faults without running.
    """
    from levee.commands.logs import log_to_stderr
    from levee.config.load import load_box
    from levee.stopping import stop_on_signals

    settings = load_box(config)
    log_to_stderr()

    from edge import worker
    from wire.supervisor import Supervisor

    worker.run(settings, stop=stop_on_signals(), supervisor=Supervisor())
