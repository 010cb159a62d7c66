"""`levee count`: what it prints and writes, and what bad sources get."""

from __future__ import annotations

import csv
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from levee.commands import count as command

COLUMNS = ["source", "frame", "time_s", "count", "low", "high", "method", "state"]


@pytest.fixture
def run() -> Callable[..., Result]:
    app = typer.Typer()
    app.command()(command.count)

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, [*map(str, arguments), "--threads", "1"])

    return invoke


def picture(seed: int = 1, width: int = 320, height: int = 200) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.kron(rng.integers(60, 200, (height // 20, width // 20, 3)), np.ones((20, 20, 1))).astype(np.uint8)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two and a half seconds at 10 frames a second."""
    file = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 200))
    for seed in range(25):
        writer.write(picture(seed))
    writer.release()
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    out = tmp_path / "pictures"
    out.mkdir()
    for seed, size in enumerate([(320, 200), (640, 360), (100, 300)]):
        cv2.imwrite(str(out / f"{seed}.png"), picture(seed, *size))
    return out


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as handle:
        reader = csv.DictReader(handle)
        rows = list(reader)
        assert reader.fieldnames == COLUMNS
    return rows


def test_a_clip_is_sampled_once_a_second(run: Callable[..., Result], clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    result = run(clip, "--csv", out)
    assert result.exit_code == 0, result.output
    rows = rows_of(out)
    assert [row["frame"] for row in rows] == ["0", "10", "20"]
    assert [float(row["time_s"]) for row in rows] == [0, 1, 2]
    for row in rows:
        assert row["source"] == str(clip)
        assert row["method"] == "density:levee-s"
        assert row["state"] == "good"
        assert 0 <= float(row["low"]) <= float(row["count"]) <= float(row["high"])


@pytest.mark.parametrize(
    ("options", "frames"), [(("--every", "0.5"), 5), (("--every", "0"), 25), (("--limit", "2"), 2)]
)
def test_pace_and_limit(
    run: Callable[..., Result], clip: Path, tmp_path: Path, options: tuple[str, ...], frames: int
) -> None:
    out = tmp_path / "out.csv"
    assert run(clip, "--csv", out, *options).exit_code == 0
    assert len(rows_of(out)) == frames


def test_a_folder_gives_a_row_for_each_picture(run: Callable[..., Result], folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    (folder / "notes.txt").write_text("not a picture")
    assert run(folder, folder / "1.png", "--csv", out).exit_code == 0
    assert [Path(row["source"]).name for row in rows_of(out)] == ["0.png", "1.png", "2.png", "1.png"]


def test_what_was_counted_is_drawn(run: Callable[..., Result], clip: Path, folder: Path, tmp_path: Path) -> None:
    still, film = tmp_path / "seen.png", tmp_path / "seen.mp4"
    assert run(folder / "1.png", "--video", still).exit_code == 0
    drawn = cv2.imread(str(still))
    assert drawn.shape == (360, 640, 3)
    assert (drawn != picture(1, 640, 360)).any()
    assert run(clip, folder, "--video", film, "--every", "0.5").exit_code == 0
    capture = cv2.VideoCapture(str(film))
    assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == 5 + 3
    assert (capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (320, 200)


def test_bad_sources_get_a_line_each_and_good_ones_are_still_counted(
    run: Callable[..., Result], clip: Path, folder: Path, tmp_path: Path
) -> None:
    text, empty, cut, blank = (tmp_path / name for name in ("a.txt", "empty.mp4", "cut.png", "none"))
    text.write_text("hello\n")
    empty.write_bytes(b"")
    cut.write_bytes((folder / "1.png").read_bytes()[:200])
    blank.mkdir()
    bad = [text, empty, cut, blank, tmp_path / "missing.mp4"]
    out = tmp_path / "out.csv"
    result = run(*bad, clip, "--csv", out)
    assert result.exit_code == 1
    lines = [line for line in result.stderr.splitlines() if line.startswith("levee: ")]
    for source in bad:
        assert sum(str(source) in line for line in lines) == 1, source
    assert len(lines) == len(bad)
    rows = rows_of(out)
    assert [row["state"] for row in rows] == ["unknown", "good", "good", "good"]
    assert rows[0]["count"] == rows[0]["low"] == rows[0]["high"] == ""


def test_a_truncated_clip_says_so(run: Callable[..., Result], tmp_path: Path) -> None:
    whole = tmp_path / "whole.mp4"
    writer = cv2.VideoWriter(str(whole), cv2.VideoWriter.fourcc(*"mp4v"), 10, (320, 200))
    for seed in range(40):
        writer.write(picture(seed))
    writer.release()
    content = whole.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(content[: len(content) // 2])
    result = run(cut)
    assert result.exit_code == 1
    assert "truncated" in result.stderr


def test_a_picture_too_small_is_unknown_not_zero(run: Callable[..., Result], tmp_path: Path) -> None:
    tiny, out = tmp_path / "tiny.png", tmp_path / "out.csv"
    cv2.imwrite(str(tiny), np.zeros((1, 1, 3), np.uint8))
    run(tiny, "--csv", out)
    row = rows_of(out)[0]
    assert (row["count"], row["state"]) == ("", "unknown")


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held = []
        ended = threading.Event()

        def take() -> None:
            server.settimeout(0.2)
            while not ended.is_set():
                try:
                    held.append(server.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=take)
        thread.start()
        yield server.getsockname()[1]
        ended.set()
        thread.join()
        for connection in held:
            connection.close()


def test_streams_that_refuse_or_hang_end_with_a_line_that_hides_the_password(
    run: Callable[..., Result], new_port: Callable[[], int], silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "TIMEOUT_S", 1.5)
    for port in (new_port(), silent_port):
        result = run(f"rtsp://guard:secret@127.0.0.1:{port}/1")
        assert result.exit_code == 1
        assert result.stderr.count("levee: ") == 1
        assert "secret" not in result.output + result.stderr


BOX = """
levee: box
site: riverside
box: riverside-1
cameras:
  - name: plaza
    source: clip.avi
    picture_px: [640, 400]
    ground_points:
      - {pixel: [50, 60], ground: [-9, 20]}
      - {pixel: [590, 60], ground: [9, 20]}
      - {pixel: [550, 330], ground: [7, 8]}
      - {pixel: [90, 330], ground: [-7, 8]}
zones:
  - {name: middle, camera: plaza, polygon: [[-4, 9], [4, 9], [4, 16], [-4, 16]]}
  - {name: left, camera: plaza, polygon: [[-4, 9], [0, 9], [0, 16], [-4, 16]]}
mqtt: {host: 127.0.0.1}
"""


def test_zones_of_a_box_are_counted_too(run: Callable[..., Result], clip: Path, tmp_path: Path) -> None:
    box, out = tmp_path / "box.yaml", tmp_path / "out.csv"
    box.write_text(BOX)
    result = run(clip, "--zones", box, "--csv", out, "--limit", "1")
    assert result.exit_code == 0, result.stderr
    rows = {row["source"].rpartition("clip.avi")[2]: float(row["count"]) for row in rows_of(out)}
    assert list(rows) == ["", "#middle", "#left"]
    assert 0 <= rows["#left"] <= rows["#middle"] <= rows[""]
    assert "zone middle" in result.stdout


def test_zones_measured_on_another_shape_of_picture_are_refused(
    run: Callable[..., Result], folder: Path, tmp_path: Path
) -> None:
    box = tmp_path / "box.yaml"
    box.write_text(BOX)
    result = run(folder / "2.png", "--zones", box)
    assert result.exit_code == 2
    assert "640 x 400" in result.stderr
    assert "100 x 300" in result.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--model", "nobody"), "nobody"),
        (("--csv", "/nowhere/out.csv"), "/nowhere/out.csv"),
        (("--video", "/nowhere/out.mp4"), "/nowhere/out.mp4"),
        (("--video", "out.gif"), "out.gif"),
    ],
)
def test_bad_options_end_with_one_line(
    run: Callable[..., Result], folder: Path, options: tuple[str, ...], says: str
) -> None:
    result = run(folder, *options)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stderr.count("levee: ") == 1
