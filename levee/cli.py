"""The `levee` command: what there is, and one clear line where something is refused.

Each command imports its room only when it runs, so that `--help` is quick and the base install needs no service.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Annotated, NoReturn

import typer

from levee import installed_version
from levee.commands.alerting import alerting_app
from levee.commands.backtest import backtest
from levee.commands.bench import bench_app
from levee.commands.box import box_app
from levee.commands.bundle import bundle
from levee.commands.calibrate import calibrate
from levee.commands.config import config_app
from levee.commands.console import console_app
from levee.commands.count import count
from levee.commands.demo import demo
from levee.commands.desk import desk_app
from levee.commands.drill import drill
from levee.commands.edge import edge_app
from levee.commands.instruments import instruments_app
from levee.commands.models import models_app
from levee.commands.record import record_app
from levee.commands.replay import replay
from levee.commands.report import report
from levee.commands.scenes import scenes_app

#: What is imported, and the extra that brings it.
EXTRAS = {
    "sqlalchemy": "service",
    "apprise": "service",
    "psycopg": "service",
    "argon2": "console",
    "fastapi": "console",
    "jinja2": "console",
    "ruamel": "calibrate",
    "starlette": "service",
    "uvicorn": "service",
    "cryptography": "service",
    "amqtt": "demo",
    "ultralytics": "yolo",
    "nncf": "int8",
    "torch": "train",
    "onnx": "train",
    "onnxscript": "train",
    "tqdm": "train",
    "av": "sim",
    "scipy": "sim",
    "moderngl": "sim",
    "skimage": "sim",
    "jupedsim": "sim",
    "pedpy": "sim",
    "pandas": "sim",
}

HELP = """
Watches crowded places through the cameras that are already there, and warns the people on duty before a crowd
becomes dangerous.

**See it work**

    levee demo                   # three filmed scenes, camera to pager

**Count the people in your own pictures**

    levee count photo.jpg        # how many, at least and at most
    levee count clip.mp4 --csv counts.csv --video seen.mp4

**Watch a place of your own**

    levee calibrate rtsp://...   # its picture on the ground, in the browser
    levee config check *.yaml    # every fault with its file and line
    levee alerting run service.yaml
    levee edge run box.yaml

Each command explains itself: `levee edge run --help`.
"""

app = typer.Typer(
    name="levee",
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"levee {installed_version()}")
        raise typer.Exit


@app.callback()
def levee(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Options that stand before any command."""


app.command("demo")(demo)
app.command("count")(count)
app.command("calibrate")(calibrate)
app.command("replay")(replay)
app.command("backtest")(backtest)
app.command("bundle")(bundle)
app.add_typer(edge_app, name="edge")
app.add_typer(instruments_app, name="instruments")
app.add_typer(alerting_app, name="alerting")
app.add_typer(console_app, name="console")
app.add_typer(bench_app, name="bench")
app.command("drill")(drill)
app.command("report")(report)
app.add_typer(desk_app, name="desk")
app.add_typer(record_app, name="record")
app.add_typer(box_app, name="box")
app.add_typer(config_app, name="config")
app.add_typer(models_app, name="models")
app.add_typer(scenes_app, name="scenes")


def _end(line: str, status: int) -> NoReturn:
    for part in line.splitlines() or [""]:
        sys.stderr.write(f"levee: {part}\n")
    sys.exit(status)


def refusal(error: BaseException) -> tuple[str, int]:
    """The line for an error that reached the top, and the exit status: 2 for what the caller can put right."""
    problems = importlib.import_module("levee.config.problems")
    if isinstance(error, problems.ConfigRefused):
        return str(error), 2
    replays = sys.modules.get("levee.replays.recording")
    if replays is not None and isinstance(error, replays.ReplayRefused):
        return str(error), 2
    if isinstance(error, ModuleNotFoundError) and error.name:
        extra = EXTRAS.get(error.name.split(".")[0])
        if extra:
            return (
                f"this needs {error.name.split('.')[0]}, which the base install leaves out: install levee[{extra}]",
                2,
            )
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return problems.redacted(f"{where}{error.strerror}"), 1
    words = problems.redacted(str(error))
    if isinstance(error, ValueError | RuntimeError | OSError) and type(error) not in (ValueError, RuntimeError):
        return words or type(error).__name__, 1
    return f"{type(error).__name__}: {words} (set LEVEE_DEBUG=1 to see where)", 1


def main() -> None:
    """The entry point: never a traceback, unless LEVEE_DEBUG asks for it."""
    if os.environ.get("LEVEE_DEBUG"):
        app(prog_name="levee")
        return
    try:
        app(prog_name="levee")
    except BrokenPipeError:
        # The reader of our output has gone (`levee ... | head`): nobody is left to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the boundary of the process; what is not foreseen is said, not shown
        _end(*refusal(error))
