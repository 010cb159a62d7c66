"""`levee models`: one file for each of its commands, or for a few that belong together."""

from __future__ import annotations

import typer

from levee.commands import models_add, models_bench, models_evaluate, models_gate, models_list, models_train

models_app = typer.Typer(
    help="Lists the counters, adds, trains, evaluates, exports and races them.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
for part in (models_list, models_add, models_train, models_evaluate, models_bench, models_gate):
    part.add_to(models_app)


@models_app.callback()
def models() -> None:
    """Lists the counters, adds, trains, evaluates, exports and races them."""
