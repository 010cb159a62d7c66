"""`levee demo`: from the camera to the pager on one machine, with one command."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

#: Time-out where a tier is waited for and none is given.
UNTIL_S = 300.0


class TierWord(StrEnum):
    """The tiers that can be waited for."""

    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"


class BrokerWord(StrEnum):
    MOSQUITTO = "mosquitto"
    EMBEDDED = "embedded"


def demo(
    headless: Annotated[bool, typer.Option("--headless", help="Without the view: lines as things happen.")] = False,
    until: Annotated[
        TierWord | None,
        typer.Option("--until", help="End when a zone has reached this tier and its page was accepted."),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            metavar="SECONDS",
            min=1,
            help=f"End after this time in any case; with --until it is a failure, and {UNTIL_S:g} if not given.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --headless: one JSON document at the end, with the timeline.")
    ] = False,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="DIR", file_okay=False, help="Keep settings, record and logs in this folder."),
    ] = None,
    broker: Annotated[
        BrokerWord | None, typer.Option("--broker", help="Which broker; Mosquitto where it is installed if not given.")
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            "--settings", metavar="DIR", exists=True, file_okay=False, help="Folder with a box.yaml and a service.yaml."
        ),
    ] = None,
) -> None:
    """Shows everything at work: three filmed scenes are counted, judged, and paged for.

    A flight of steps fills as two flows meet, a plaza gathers a crowd, and a promenade has an ordinary evening. Frames
    are decoded and counted by the network that comes with Levee, readings go through an MQTT broker, the service
    judges and records them, and its pages are delivered. Nothing outside this machine is needed or touched. Where the
    extra `console` is installed, the console is there as well: the view says where, and with which password.

        levee demo

        levee demo --headless --until red --timeout 180 --json

    Ctrl-C ends it, leaves no process behind, and tells what happened. Exit status 1: the tier was not reached in time.
    """
    from levee.demo.broker import BrokerKind
    from levee.demo.session import Wishes
    from levee.demo.show import run
    from levee.stopping import stop_on_signals
    from wire import Tier

    plain = headless or as_json or not sys.stdout.isatty()
    wishes = Wishes(
        until=Tier.from_label(until.value) if until else None,
        timeout_s=timeout if timeout is not None or until is None else UNTIL_S,
        keep=keep,
        broker=BrokerKind(broker.value) if broker else None,
        settings=settings,
        console=not plain,
    )
    raise typer.Exit(run(wishes, stop_on_signals(), plain=plain, as_json=as_json))
