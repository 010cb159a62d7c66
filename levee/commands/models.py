"""`levee models`: lists, trains, evaluates and exports counters."""

from __future__ import annotations

import typer

from levee.commands import models_evaluate, models_train

models_app = typer.Typer(
    help="Lists the counters, trains, evaluates and exports them.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
models_train.add_to(models_app)
models_evaluate.add_to(models_app)


@models_app.callback()
def models() -> None:
    """Lists the counters, trains, evaluates and exports them."""


@models_app.command("list")
def list_models() -> None:
    """The models that come with Levee, and whether their weights are what their manifests say."""
    from rich.console import Console
    from rich.table import Table

    from models import WeightsRefused, own_manifests
    from models.registry import checked_weights, read_manifest

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "kind", "MB", "sha256", "about"):
        table.add_column(title, justify="right" if title == "MB" else "left")
    faults = []
    for file in own_manifests():
        try:
            manifest = read_manifest(file)
            weights = checked_weights(file, manifest)
        except WeightsRefused as error:
            faults.append(str(error))
            continue
        size = f"{weights.stat().st_size / 1e6:.1f}"
        table.add_row(manifest.name, manifest.kind, size, manifest.sha256[:12], manifest.about)
    Console().print(table)
    for fault in faults:
        typer.echo(f"levee: {fault}", err=True)
    if faults:
        raise typer.Exit(1)
