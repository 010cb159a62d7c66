"""`levee models list`: which counters there are, and whether they are what their manifests say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add the command to `levee models`."""
    app.command("list")(list_models)


def list_models(
    manifests: Annotated[
        list[Path] | None, typer.Argument(metavar="[MANIFEST]...", help="Manifests elsewhere, to be listed too.")
    ] = None,
) -> None:
    """The models that come with Levee, those that were added, and whether their weights are what their manifests say.

    "Runs in" is what this machine computes in: f32; bf16, which needs a CPU that has it; int8 of a quantised file.
    """
    from rich.console import Console
    from rich.table import Table

    from models import WeightsRefused, own_manifests
    from models.engine import effective
    from models.registry import added_manifests, checked_weights, read_manifest

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "kind", "runs in", "MB", "sha256", "about"):
        table.add_column(title, justify="right" if title == "MB" else "left", overflow="fold")
    faults = []
    for file in [*own_manifests(), *added_manifests(), *(manifests or [])]:
        try:
            manifest = read_manifest(file)
            weights = checked_weights(file, manifest)
        except WeightsRefused as error:
            faults.append(str(error))
            continue
        here = effective(manifest.precision)
        runs = here if here == manifest.precision else f"{here} (no {manifest.precision} here)"
        size = f"{weights.stat().st_size / 1e6:.1f}"
        about = f"{manifest.about} (AGPL-3.0)" if manifest.terms.startswith("AGPL") else manifest.about
        table.add_row(manifest.name, manifest.kind, runs, size, manifest.sha256[:12], about)
    Console().print(table)
    for fault in faults:
        typer.echo(f"levee: {fault}", err=True)
    if faults:
        raise typer.Exit(1)
