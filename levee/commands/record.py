"""`levee record`: proves that the record is whole, and forgets people without breaking it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

record_app = typer.Typer(help="The record: proves that it is whole.", no_args_is_help=True, rich_markup_mode="markdown")

Config = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="Settings of the service, a YAML file (`levee: service`).")
]


@record_app.callback()
def record() -> None:
    """The record: proves that it is whole."""


@record_app.command("verify")
def verify(
    config: Config,
    witness: Annotated[
        str | None,
        typer.Option("--witness", metavar="NUMBER:HASH", help="An end of the chain that was noted down earlier."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one object.")] = False,
) -> None:
    """Follows the hash chain from its first entry to its last, and names the first one that is not as it was written.
    The messages of the boxes are held to the seals that stand in the chain.

    Every entry's hash covers the one before, so that none can be changed, taken out or put in unseen. What was cut off
    at the end only shows against an end that was noted down elsewhere: that of the auditor is used if its file is here.
    The service may run meanwhile. Exit status 1 where the record is not whole.

        levee record verify service.yaml
        levee record verify service.yaml --witness 4711:9f2c...
    """
    import json

    from rich.progress import Progress

    from levee.config.load import load_service

    service, _ = load_service(config)

    from alerting.audit.run import read_witness
    from alerting.record.chain import Head
    from alerting.record.chain import verify as follow
    from alerting.record.reader import Reader
    from alerting.record.url import record_url

    seen = _head(witness) if witness is not None else None
    if seen is None and service.audit is not None:
        seen = read_witness(Path(service.audit.witness))
    reader = Reader(record_url(service))
    with Progress(transient=True, disable=as_json) as progress:
        task = progress.add_task("following the chain", total=reader.length())

        def shown():  # type: ignore[no-untyped-def]
            for link in reader.links():
                progress.advance(task)
                yield link

        verdict = follow(shown(), seen)
    altered = None
    if verdict.fault is None:
        # Once more where something is missing: the service may have deleted old messages meanwhile.
        altered = reader.verify_messages()
        altered = reader.verify_messages() if altered is not None else None
    reader.close()
    head: Head = verdict.head
    if as_json:
        fault = {"number": verdict.fault.number, "words": verdict.fault.words} if verdict.fault else None
        row = {"row": altered.row, "words": altered.words} if altered is not None else None
        fault = fault or row
        typer.echo(json.dumps({"entries": head.number, "hash": head.hash, "deleted": verdict.deleted, "fault": fault}))
    elif altered is not None:
        typer.echo(f"NOT WHOLE: {altered}; the chain itself is sound up to entry {head.number}", err=True)
    elif verdict.fault is None:
        deleted = f", {verdict.deleted} of them deleted when their time had come" if verdict.deleted else ""
        typer.echo(f"whole: {head.number} entries{deleted}; the end is {head.number}:{head.hash}")
    else:
        typer.echo(f"NOT WHOLE: {verdict.fault}; sound up to entry {head.number}", err=True)
    if verdict.fault is not None or altered is not None:
        raise typer.Exit(1)


def _head(text: str):  # type: ignore[no-untyped-def]
    from alerting.record.chain import Head

    number, _, mark = text.partition(":")
    if not number.isdigit() or len(mark) != 64:
        raise typer.BadParameter("an end of the chain reads NUMBER:HASH, as `levee record verify` prints it")
    return Head(int(number), mark)


@record_app.command("forget")
def forget(
    config: Config, person: Annotated[str, typer.Argument(metavar="PERSON", help="Short name, as in the duty file.")]
) -> None:
    """Erases who stands behind a person's entries: name, pages and answers. The chain stays whole.

    The running service does it; take the person out of the duty file as well, or the next call begins anew.
    """
    _ask(config, {"what": "forget", "person": person}, done="erased")


def _ask(config: Path, body: dict[str, object], done: str) -> None:
    """Ask the service that leads, and wait for what comes of it."""
    from levee.commands.asking import ask

    words = ask(config, body)
    typer.echo(words or done)
