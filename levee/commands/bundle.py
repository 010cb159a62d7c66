"""`levee bundle`: an archive for machines without internet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def bundle(
    out: Annotated[Path, typer.Argument(metavar="FILE.tar.gz", help="The archive to write.")],
    extra: Annotated[
        list[str] | None,
        typer.Option("--extra", metavar="NAME", help="Besides the base: service, demo ...; repeatable."),
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--source", metavar="FOLDER", help="Levee's sources, where they are not here.")
    ] = None,
) -> None:
    """Makes an archive that a machine without internet installs Levee from: wheels, weights, configuration.

    Make it on a machine with internet that has the same Python and processor, carry it over, and unpack it there.

        levee bundle levee-box.tar.gz

        levee bundle levee-service.tar.gz --extra service --extra console

        tar xzf levee-box.tar.gz && ./levee-box/install.sh /opt/levee
    """
    from rich.console import Console

    from levee.bundle import make_bundle, source_folder

    console = Console(stderr=True)
    with console.status("gathering wheels") as status:
        made = make_bundle(
            out.absolute(),
            source=source_folder(source),
            extras=tuple(dict.fromkeys(extra or ())),
            shown=lambda wheels: status.update(f"gathering wheels: {wheels} so far"),
        )
    typer.echo(f"wrote {out}: {made.stat().st_size / 1e6:.0f} MB")
