"""`levee config`: looks for faults in settings files, and writes their schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

config_app = typer.Typer(
    help="Looks for faults in settings files, and writes their schemas for editors.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@config_app.callback()
def config() -> None:
    """Looks for faults in settings files, and writes their schemas for editors."""


@config_app.command("check")
def check(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Files of boxes, instruments, service, sites and duty; together they are checked together.",
        ),
    ],
) -> None:
    """Names every fault with its file, line and setting. Exit status 0 means that the files can be used.

    Give all the files of a place at once, and what only shows between them is checked too: that each zone has
    exactly one owner, that boxes and sites know the same zones, that sources and weights are there; that for a year
    to come somebody is on duty at every hour, can be reached, and that no chain of calls ends in nobody.

        levee config check box.yaml site.yaml service.yaml
    """
    from levee.config.check import check_files

    problems = check_files(files)
    for problem in problems:
        typer.echo(str(problem), err=True)
    faults = sum(not problem.warning for problem in problems)
    warnings = len(problems) - faults
    noted = f", {warnings} {'warning' if warnings == 1 else 'warnings'}" if warnings else ""
    if faults:
        typer.echo(f"{faults} {'fault' if faults == 1 else 'faults'} in {_files(len(files))}{noted}", err=True)
        raise typer.Exit(2)
    typer.echo(f"{_files(len(files))}: no fault{noted}")


@config_app.command("schema")
def schema(
    kind: Annotated[
        str | None,
        typer.Argument(metavar="[box|instruments|service|site|duty|desk|scenario]", help="Print the schema of a kind."),
    ] = (None),
    out: Annotated[Path | None, typer.Option("--out", help="Write all of them into this folder.")] = None,
) -> None:
    """Prints the JSON Schema of a kind of settings file, or writes all of them into a folder.

    An editor with a YAML language server completes and explains settings where the file's first line is

        # yaml-language-server: $schema=schema/box.json
    """
    from levee.config.kinds import KINDS
    from levee.config.schema import schema_text, write_schemas

    if (kind is None) == (out is None):
        raise typer.BadParameter(f"give either a kind ({', '.join(KINDS)}) or --out FOLDER")
    if out is not None:
        for file in write_schemas(out):
            typer.echo(file)
    elif kind not in KINDS:
        raise typer.BadParameter(f"no kind is called {kind!r}: there are {', '.join(KINDS)}")
    else:
        typer.echo(schema_text(KINDS[kind]), nl=False)


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"
