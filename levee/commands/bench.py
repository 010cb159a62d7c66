"""`levee bench`: timed claims, measured with the real programs on this machine."""

from __future__ import annotations

from pathlib import Path
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


@bench_app.command("truth")
def truth(
    cache: Annotated[
        Path,
        typer.Option("--cache", metavar="DIR", help="Where filmed pictures are kept, so that they are filmed once."),
    ] = Path("var/truth"),
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="The counter, by name or manifest.")
    ] = "levee-s",
    write: Annotated[
        Path | None,
        typer.Option("--write", metavar="FILE", help="Put the tables into this page, between its two marks."),
    ] = None,
) -> None:
    """Density, flow and pressure on the ground against exact truth: every target beside what was reached.

    Films eight scenes with seeds that no training picture was made with (about ten minutes of two cores the first
    time), counts them with the counter and with heads that are known, and simulates five minutes of two gates. With
    PedPy installed its definitions are compared as well. Needs levee[sim].

        levee bench truth

        levee bench truth --write docs/truth.md
    """
    from rich.console import Console
    from rich.progress import track

    import models
    from levee.benches import truth_table
    from levee.benches.trajectories import compared, flows
    from levee.benches.truth import scores
    from levee.benches.windows import Progress

    def progress(name: str) -> Progress:
        return lambda frames: track(frames, description=name, console=Console(stderr=True), transient=True)

    try:
        counter = models.load(model)
    except models.WeightsRefused as error:
        typer.echo(f"levee: {error}", err=True)
        raise typer.Exit(2) from None
    found = scores(counter, cache, progress)
    gates = flows()
    try:
        others = compared()
    except ModuleNotFoundError as missing:
        if (missing.name or "").split(".")[0] not in ("pedpy", "pandas"):
            raise
        others = None
    text = truth_table.page(found, gates, others, counter.name)
    typer.echo(text)
    if write is not None:
        truth_table.written(write, text)


@bench_app.command("ground")
def ground(
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, max=50, help="Times that the clip is played either way.")
    ] = 5,
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="The counter, by name or manifest.")
    ] = "levee-s",
    most: Annotated[float, typer.Option("--most", help="Share that ground and motion may add.")] = 0.10,
) -> None:
    """What ground plane and motion add to the CPU time of decoding and counting, at 2 frames a second of 1280 x 720.

    Plays one clip with and without them, by turns, in this process, with one thread for the counter; medians. Exit
    status 1 where they add more than `--most`.

        levee bench ground

        levee bench ground --rounds 9
    """
    import models
    from levee.benches.ground_cost import measure

    try:
        cost = measure(rounds, model, lambda line: typer.echo(line, err=True))
    except models.WeightsRefused as error:
        typer.echo(f"levee: {error}", err=True)
        raise typer.Exit(2) from None
    without, together = sorted(cost.without)[rounds // 2], sorted(cost.together)[rounds // 2]
    typer.echo(
        f"CPU for a second of video: {without:.3f} s to decode and count, {together:.3f} s with ground and motion: "
        f"{cost.added:+.1%}"
    )
    if cost.added > most:
        raise typer.Exit(1)


@bench_app.command("forecast")
def forecast(
    zones: Annotated[int, typer.Option("--zones", min=100, max=10_000_000, help="How many looks ahead.")] = 20_000,
    least: Annotated[float, typer.Option("--least", help="Zones a second that must be reached.")] = 10_000.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one object.")] = False,
) -> None:
    """How many zones a second does one core foresee?

    Times the judgement's own look ahead: bands of density, people and occupancy 5 to 120 minutes ahead, and how likely
    each threshold is by then; half of the zones have counted gates. Processor time, so that a busy machine does not
    matter much. Exit status 1 where it is slower than `--least`.

        levee bench forecast
    """
    import json

    from levee.benches.forecast import bench_forecast

    cost = bench_forecast(zones)
    if as_json:
        told = {"zones": cost.zones, "seconds": round(cost.seconds, 3), "zones_per_s": round(cost.zones_per_s)}
        typer.echo(json.dumps(told))
    else:
        typer.echo(
            f"{cost.zones:,} zones foreseen in {cost.seconds:.2f} s on one core: {cost.zones_per_s:,.0f} a second"
        )
    if cost.zones_per_s < least:
        raise typer.Exit(1)
