"""`levee calibrate`: a camera's picture onto the ground, in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def calibrate(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A picture, a folder, a clip, a USB camera's number, an address.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The box's settings; improved where they are there.")
    ] = Path("box.yaml"),
    site: Annotated[
        Path | None,
        typer.Option("--site", metavar="FILE", help="The site's settings.  [default: site.yaml beside the box's]"),
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option("--camera", metavar="NAME", help="Which camera of the file; by default the one of this source."),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="The counter that counts people on the page.")
    ] = "levee-s",
    host: Annotated[
        str, typer.Option("--host", help="Address that the page listens at; this machine alone by default.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Its port; 0 takes a free one.")] = 8090,
) -> None:
    """Puts a camera's picture on the ground, in the browser: points, zones, gates, a file that a box runs with.

    The page opens at the address that is printed, works without the internet, and is for who has that address. It
    leads through four steps: the frame; the ground, by points with metres, by distances, or by the camera's height
    and tilt; zones and gates; people counted live, and saving.

        levee calibrate clip.mp4

        levee calibrate rtsp://camera.example/1 --out box.yaml

        levee calibrate photo.jpg --out box.yaml --camera steps-cam

    On a box without a screen: `ssh -L 8090:127.0.0.1:8090 box`, then open the address on your own machine. A file that
    is there is improved, never replaced unasked; what it held before is kept beside it (`box.yaml.before`).
    """
    try:
        from levee.calibrate import page
        from levee.calibrate.session import Session
        from levee.calibrate.target import CalibrateRefused, open_target
        from levee.calibrate.watch import Watch
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        if missing not in ("starlette", "uvicorn", "ruamel"):
            raise
        line = f"the page needs {missing}, which the base install leaves out: install levee[calibrate]"
        raise _refusal(line) from None
    from edge.capture.frame import SourceRefused
    from levee.stopping import stop_on_signals
    from models import WeightsRefused

    shown: str | int = int(source) if source.isdigit() else source
    for file in (out, site):
        if file is not None and not file.absolute().parent.is_dir():
            raise _refusal(f"{file}: cannot be written: its folder does not exist")
    try:
        watch = Watch(shown)
        try:
            first = watch.frame(0.0)
            size = (int(first[1].shape[1]), int(first[1].shape[0]))
            target, draft = open_target(out, site, camera, shown, size)
            sock = page.listen(host, port)
        except BaseException:
            watch.close()
            raise
    except (SourceRefused, CalibrateRefused, page.PageRefused, WeightsRefused) as error:
        raise _refusal(str(error)) from None
    stop = stop_on_signals()
    key = page.new_key()
    session = Session(watch, target, draft, first, model)
    at = sock.getsockname()
    name = f"[{at[0]}]" if ":" in at[0] else at[0]
    typer.echo(f"levee calibrate: open http://{name}:{at[1]}/?key={key}")
    typer.echo(f"  source {watch.label}; saves to {out} and {target.site_file}; Ctrl-C ends it")
    if host not in ("127.0.0.1", "::1", "localhost"):
        typer.echo("  anybody who learns this address sees the camera's picture: the page is not encrypted", err=True)
    try:
        page.serve(session, sock, key, stop)
    finally:
        watch.close()


def _refusal(line: str) -> typer.Exit:
    typer.echo(f"levee: {line}", err=True)
    return typer.Exit(2)
