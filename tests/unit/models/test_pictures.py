"""Pictures of every kind that files hold: converted where they can be counted, otherwise refused in one line."""

from __future__ import annotations

import csv
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

import models
from levee.commands import count as command
from models.picture import GREY, PictureRefused, decode, ends_as_jpeg, to_bgr


def scene(width: int = 320, height: int = 192, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    small = rng.integers(40, 220, (height // 16, width // 16, 3)).astype(np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def encoded(kind: str, picture: np.ndarray, *options: int) -> bytes:
    fine, data = cv2.imencode(kind, picture, list(options))
    assert fine
    return bytes(data)


def with_thumbnail(jpeg: bytes) -> bytes:
    """As a camera writes it: a small JPEG, with an end of its own, in a segment before the picture's data."""
    small = encoded(".jpg", scene(64, 48))
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(small) + 2) + small + jpeg[2:]


PLAIN = encoded(".jpg", scene())
JPEGS = {
    "baseline": PLAIN,
    "progressive": encoded(".jpg", scene(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "with restarts": encoded(".jpg", scene(), cv2.IMWRITE_JPEG_RST_INTERVAL, 2),
    "with a thumbnail": with_thumbnail(PLAIN),
    "grey": encoded(".jpg", scene()[..., 0]),
}


@pytest.mark.parametrize("kind", JPEGS)
def test_a_whole_jpeg_is_read(kind: str) -> None:
    assert ends_as_jpeg(JPEGS[kind])
    assert ends_as_jpeg(JPEGS[kind] + b"left behind by the camera")
    assert decode(JPEGS[kind]).shape == (192, 320, 3)


@given(st.sampled_from(sorted(JPEGS)), st.floats(0, 1), st.binary(max_size=40))
def test_a_jpeg_that_breaks_off_anywhere_is_refused(kind: str, share: float, rest: bytes) -> None:
    whole = JPEGS[kind]
    cut = whole[: min(int(len(whole) * share), len(whole) - 2)]
    with pytest.raises(PictureRefused, match=r"truncated|empty|not a picture"):
        decode(cut)
    # a file whose room was set aside before it was copied
    with pytest.raises(PictureRefused):
        decode(cut + bytes(len(whole) - len(cut)))


@given(st.sampled_from([".png", ".bmp", ".webp", ".tiff"]), st.floats(0, 0.98))
def test_other_files_that_break_off_are_refused(kind: str, share: float) -> None:
    whole = encoded(kind, scene(64, 48))
    with pytest.raises(PictureRefused):
        decode(whole[: int(len(whole) * share)])


@given(st.binary(max_size=300))
def test_no_bytes_crash_it(data: bytes) -> None:
    for head in (b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBPVP8X"):
        with pytest.raises(PictureRefused) as refusal:
            decode(head + data)
        assert "\n" not in str(refusal.value)


def test_grey_alpha_and_deep_pictures_become_bgr() -> None:
    frame = scene()
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    assert to_bgr(frame) is frame
    for flat in (grey, grey[..., None]):
        assert np.array_equal(to_bgr(flat), cv2.merge([grey] * 3))
    opaque = np.dstack([frame, np.full(grey.shape, 255, np.uint8)])
    assert np.array_equal(to_bgr(opaque), frame)
    half = np.dstack([frame, np.zeros_like(grey)])
    half[:, 160:, 3] = 255
    assert np.array_equal(to_bgr(half)[:, 160:], frame[:, 160:])
    assert (to_bgr(half)[:, :160] == GREY).all()
    for bits in (10, 12, 14, 16):
        deep = np.round(frame.astype(float) / 255 * (2**bits - 1)).astype(np.uint16)
        deep[0, 0] = 2**bits - 1
        assert np.abs(to_bgr(deep)[1:].astype(int) - frame[1:]).max() <= 1, bits
    assert to_bgr(np.zeros((40, 40), np.uint16)).max() == 0


@pytest.mark.parametrize("kind", [".png", ".tiff"])
def test_files_of_sixteen_bits_and_with_alpha(kind: str) -> None:
    frame = scene()
    deep = frame.astype(np.uint16) * 257
    assert np.array_equal(decode(encoded(kind, deep)), frame)
    assert np.array_equal(decode(encoded(kind, deep[..., 1])), cv2.merge([frame[..., 1]] * 3))
    clear = np.dstack([frame, np.full(frame.shape[:2], 255, np.uint8)])
    assert np.array_equal(decode(encoded(kind, clear)), frame)
    if kind == ".png":
        clear[:96, :, 3] = 0
        assert (decode(encoded(kind, clear))[:96] == GREY).all()


@pytest.fixture(scope="module")
def counter() -> models.Counter:
    return models.load("levee-s", threads=1)


def test_the_same_scene_counts_the_same_in_every_form(counter: models.Counter) -> None:
    frame = cv2.merge([cv2.cvtColor(scene(), cv2.COLOR_BGR2GRAY)] * 3)
    expected = counter.count(frame).grid
    forms = [
        frame[..., 0], frame[..., :1], frame.astype(np.uint16) * 257,
        np.dstack([frame, np.full(frame.shape[:2], 255, np.uint8)]),
    ]  # fmt: skip
    for form in forms:
        assert np.array_equal(counter.count(form).grid, expected)


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(command.count)
    return CliRunner().invoke(app, [*map(str, arguments), "--threads", "1"])


def test_a_folder_of_strange_pictures_is_counted_where_it_can_be(tmp_path: Path) -> None:
    frame = scene()
    files = {
        "alpha.png": encoded(".png", np.dstack([frame, np.full(frame.shape[:2], 255, np.uint8)])),
        "deep.png": encoded(".png", frame.astype(np.uint16) * 257),
        "grey.png": encoded(".png", frame[..., 0]),
        "huge.jpg": encoded(".jpg", np.tile(scene(1000, 1000)[..., 0], (10, 10))),
        "good.png": encoded(".png", frame),
    }
    bad = {
        "cut.jpg": PLAIN[: len(PLAIN) // 2],
        "empty.png": b"",
        "text.jpg": b"hello, this is no picture",
        "tiny.png": encoded(".png", frame[:10, :10]),
        "wide.png": encoded(".png", frame[:10]),
    }
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, data in (files | bad).items():
        (folder / name).write_bytes(data)
    out = tmp_path / "out.csv"
    result = run(folder, "--csv", out)
    assert result.exit_code == 1
    with out.open(newline="") as handle:
        rows = {Path(row["source"]).name: row for row in csv.DictReader(handle)}
    assert sorted(rows) == sorted(files | bad)
    for name in files:
        assert rows[name]["state"] in ("good", "degraded"), name
        assert float(rows[name]["count"]) >= 0
    assert rows["alpha.png"]["count"] == rows["deep.png"]["count"] == rows["good.png"]["count"]
    lines = [line for line in result.stderr.splitlines() if line.startswith("levee: ")]
    assert len(lines) == len(bad)
    for name in bad:
        assert rows[name]["state"] == "unknown", name
        assert rows[name]["count"] == rows[name]["low"] == rows[name]["high"] == "", name
        assert sum(f"/{name}: " in line for line in lines) == 1, name
    said = " ".join(lines)
    assert "10x10" in said
    assert "breaks off" in said
