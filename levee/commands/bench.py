"""`levee bench`: timed claims, measured with the real programs on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

bench_app = typer.Typer(
    help="Measures timed claims with the real programs on this machine.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@bench_app.callback()
def bench() -> None:
    """Measures timed claims with the real programs on this machine."""


@bench_app.command("console")
def console(
    connections: Annotated[int, typer.Option("--connections", min=1, max=5000, help="Browsers at once.")] = 200,
    zones: Annotated[int, typer.Option("--zones", min=1, max=500, help="Zones on the wall.")] = 20,
    changes: Annotated[int, typer.Option("--changes", min=1, max=500, help="Zones that go red.")] = 10,
    within: Annotated[float, typer.Option("--within", help="Seconds that every delay must stay below.")] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one object.")] = False,
) -> None:
    """Many live connections on one console: when does each hear of a tier, and do pages wait for them?

    Starts a broker, the service and the console, and ends them. A delay counts from the arrival, at the service, of the
    reading that changed the tier, to its arrival in the browser. Exit status 1 where one was slower, or never came.

        levee bench console

        levee bench console --connections 500 --zones 100 --json
    """
    import json

    from levee.benches.console import bench_console, quantile

    result = bench_console(connections, zones, changes, lambda line: typer.echo(line, err=True))
    told = {
        "connections": result.connections,
        "zones": result.zones,
        "changes": result.changes,
        "heard": len(result.heard),
        "missed": result.missed,
        "dropped": result.dropped,
        "delay_s": {
            name: round(quantile(result.heard, share), 3)
            for name, share in (("median", 0.5), ("p95", 0.95), ("p99", 0.99), ("worst", 1.0))
        },
        "page_s": {
            str(number): {"median": round(quantile(took, 0.5), 3), "worst": round(quantile(took, 1.0), 3)}
            for number, took in result.pages.items()
        },
    }
    if as_json:
        typer.echo(json.dumps(told))
    else:
        delay, heard = told["delay_s"], f"{told['heard']} of {connections * result.changes}"
        assert isinstance(delay, dict)
        typer.echo(
            f"{connections} connections, {zones} zones, {result.changes} changes to red: {heard} heard; "
            f"after {delay['median']:.3f} s (median), {delay['p95']:.3f} s (95 %), {delay['worst']:.3f} s (worst)"
        )
        for number, took in result.pages.items():
            typer.echo(
                f"pages with {number} connections: {quantile(took, 0.5):.3f} s (median), "
                f"{quantile(took, 1.0):.3f} s (worst of {len(took)})"
            )
    if result.missed or quantile(result.heard, 1.0) > within:
        raise typer.Exit(1)
