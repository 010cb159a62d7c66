"""The picture of the README, from a real run: `python -m levee.demo.picture docs/demo.png`.

The demo runs until a zone is red; its view is drawn beside the frame of that moment as the counter saw it. It is an
SVG; for a PNG the program rsvg-convert is needed (Debian package librsvg2-bin).
"""

from __future__ import annotations

import base64
import io
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

import models
from edge.ground import calibrate
from edge.polygon import outline
from edge.settings import BoxSettings
from levee.demo.session import Session, Wishes
from levee.demo.snapshot import TierChange
from levee.demo.timeline import Timeline
from levee.demo.view import Frame, draw
from levee.stopping import stop_on_signals
from models.overlay import annotate
from wire import Tier

Image = NDArray[np.uint8]

LOOK_S = 0.5
COLUMNS, LINES = 86, 24
TIMEOUT_S = 240.0
PNG_WIDTH = 1600
#: Blue, green, red of the outline of a zone that is red.
_RED = (43, 57, 222)
_GAP = 24

#: rich's own template fetches a font from the network; this one takes what the reader has.
_TERMINAL = """<svg @PLACE@ viewBox="0 0 {width} {height}" xml:space="preserve">
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px;
white-space: pre; line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>{lines}</defs>
<rect width="100%" height="100%" rx="10" fill="#1d1f24"/>
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g></svg>"""


def main(target: Path) -> None:
    """Runs the demo and writes the picture; exits with one line where red is not reached."""
    stop = stop_on_signals()
    with Session(Wishes(until=Tier.RED, timeout_s=TIMEOUT_S), lambda line: None) as session:
        while not session.step():
            if stop.wait(LOOK_S) or session.overdue:
                sys.exit("red was not reached: no picture")
        change = session.timeline.reached(Tier.RED)
        assert change is not None
        assert session.snapshot is not None
        places = (("metrics", "http://127.0.0.1:9108/metrics, :9109/metrics"),)
        frame = Frame(session.elapsed_s, session.current_trends(), places)
        console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
        console.print(draw(session.snapshot, frame, COLUMNS, LINES))
        counted = _frame_at(session.plan.box, change, session.timeline)
    _write(_side_by_side(counted, console), target)


def _write(drawing: str, target: Path) -> None:
    if target.suffix != ".png":
        target.write_text(drawing, encoding="utf-8")
        return
    program = shutil.which("rsvg-convert")
    if program is None:
        sys.exit("rsvg-convert is not installed (Debian package librsvg2-bin): write an .svg instead")
    subprocess.run([program, "--width", str(PNG_WIDTH), "--output", str(target)], input=drawing.encode(), check=True)


def _frame_at(box: BoxSettings, change: TierChange, timeline: Timeline) -> Image:
    """The frame at which `change` came, with what the counter sees and the outline of the zone."""
    zone = next(zone for zone in box.zones if zone.name == change.zone)
    camera = next(camera for camera in box.cameras if camera.name in zone.seen_by)
    first = next(seen for seen in timeline.changes if seen.zone == zone.name and seen.what == "seen-again")
    picture = _read(str(camera.source), _seconds(first.at, change.at))
    counted = annotate(picture, models.load(box.model).count(picture))
    ground = calibrate(camera)
    edge = outline(np.array(zone.polygon, float), 0.1)
    pixels = ground.to_picture(edge) * (np.array(picture.shape[1::-1]) / np.array(ground.picture))
    cv2.polylines(counted, [np.rint(pixels).astype(np.int32)], True, _RED, 2, cv2.LINE_AA)
    return counted


def _seconds(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds()


def _read(source: str, seconds: float) -> Image:
    clip = cv2.VideoCapture(source)
    clip.set(cv2.CAP_PROP_POS_MSEC, seconds * 1000)
    found, picture = clip.read()
    clip.release()
    if not found:
        sys.exit(f"{source} has no frame at {seconds:.1f} s")
    return np.asarray(picture, np.uint8)


def _side_by_side(picture: Image, console: Console) -> str:
    """One SVG that needs nothing from elsewhere: the frame as JPEG, the terminal as text."""
    terminal = console.export_svg(code_format=_TERMINAL, unique_id="levee")
    width, height = _size(terminal)
    shown = round(height * picture.shape[1] / picture.shape[0])
    _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
    data = base64.b64encode(jpeg.tobytes()).decode()
    placed = terminal.replace("@PLACE@", f'x="{shown + _GAP}" y="0" width="{width}" height="{height}"')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {shown + _GAP + width} {height}">\n'
        f'<image width="{shown}" height="{height}" href="data:image/jpeg;base64,{data}"/>\n{placed}\n</svg>\n'
    )


def _size(terminal: str) -> tuple[int, int]:
    """Width and height of a terminal drawn by `_TERMINAL`."""
    box = terminal.split('viewBox="', 1)[1].split('"', 1)[0].split()
    return round(float(box[2])), round(float(box[3]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
