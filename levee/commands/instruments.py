"""`levee instruments`: the gateway of counting instruments, and a look at what their payloads come to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

instruments_app = typer.Typer(
    help="Counting instruments beside cameras: their words in, readings out.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Config = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="Settings of the gateway, a YAML file (`levee: instruments`).")
]


@instruments_app.callback()
def instruments() -> None:
    """Counting instruments beside cameras: their words in, readings out."""


@instruments_app.command("run")
def run(config: Config) -> None:
    """Runs the gateway until SIGTERM or Ctrl-C.

    It hears people counters over MQTT (ONVIF, Axis, Xovis, CSV or JSON by a mapping) or by HTTP push, and publishes
    what they say as readings, like a box: `throughput` of gates, `occupancy`, or `instant`. What the service has not
    recorded yet is kept on disk.

        levee instruments run instruments.yaml

    An example to start from is `configs/examples/instruments.yaml`; the formats are in `docs/instruments.md`.
    """
    from levee.commands.logs import log_to_stderr
    from levee.config.load import load_instruments
    from levee.stopping import stop_on_signals

    settings = load_instruments(config)
    log_to_stderr()

    from edge.instruments import gateway

    gateway.run(settings, stop=stop_on_signals())


@instruments_app.command("read")
def read(
    config: Config,
    instrument: Annotated[str, typer.Argument(metavar="INSTRUMENT", help="Name of the instrument.")],
    payload: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A payload as it was sent; standard input if left out.")
    ] = None,
    topic: Annotated[
        str | None, typer.Option("--topic", help="The topic that it came on; the instrument's first if left out.")
    ] = None,
) -> None:
    """Shows what one payload of an instrument comes to, without a broker.

        mosquitto_sub -h broker -t 'door-7/#' -C 1 | levee instruments read instruments.yaml east-gate

    Each word is a line; what is refused says why, by its row. Exit status 2 where nothing could be taken.
    """
    from zoneinfo import ZoneInfo

    from edge.instruments.formats import read as read_payload
    from levee.config.load import load_instruments

    settings = load_instruments(config)
    one = next((one for one in settings.instruments if one.name == instrument), None)
    if one is None:
        names = ", ".join(one.name for one in settings.instruments)
        raise typer.BadParameter(f"no instrument is called {instrument}: there are {names}")
    given = sys.stdin.buffer.read() if payload is None else payload.read_bytes()
    where = topic or (one.topics[0] if one.topics else f"push/{one.name}")
    heard = read_payload(one, where, given, ZoneInfo(settings.time_zone))
    for said in heard.said:
        typer.echo(f"{one.zone} ({one.tells}): {_words(said.word, said.told)}")
    for fault in heard.refused:
        typer.echo(f"{where}: {fault.line} ({fault.reason.value})", err=True)
    if not heard.said:
        raise typer.Exit(2)


def _words(word: object, told: float | None) -> str:
    from datetime import UTC, datetime

    from edge.instruments.words import Inside, Passed, Present, Total

    when = "" if told is None else f", told of {datetime.fromtimestamp(told, UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(word, Total):
        return f"{word.people:g} people {word.way.value} since its reset{when}"
    if isinstance(word, Passed):
        length = "" if word.start is None or word.end is None else f" in {word.end - word.start:g} s"
        partly = "" if word.complete else ", not all of it seen"
        return f"{word.inward:g} people in and {word.outward:g} out{length}{partly}{when}"
    if isinstance(word, Inside):
        return f"{word.people:g} people inside since its reset{when}"
    assert isinstance(word, Present)
    band = "" if word.low is None or word.high is None else f" ({word.low:g} to {word.high:g})"
    return f"{word.people:g} people in view{band}{when}"
