"""The gate of lower precision: what passes it, what does not, and the command that holds it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import models
from levee.commands.models import models_app
from models.engine import effective
from models.gate import BEGIN, END, LEAST_PICTURES, judge, report
from models.registry import manifest_path, read_manifest, write_manifest

TRUTH = np.arange(1.0, 41.0) * 10
FULL = TRUTH + np.where(np.arange(40) % 2, 10.0, -10.0)


def shifted(picture: int, by: float) -> np.ndarray:
    out = FULL.copy()
    out[picture] += by
    return out


@pytest.mark.parametrize(
    ("full", "lower", "truth", "says"),
    [
        (FULL, FULL, TRUTH, ""),
        (FULL, TRUTH + (FULL - TRUTH) * 1.019, TRUTH, ""),
        (FULL, TRUTH + (FULL - TRUTH) * 1.021, TRUTH, "rises from 10.00 to 10.21"),
        (FULL, TRUTH + (FULL - TRUTH) * 0.5, TRUTH, ""),
        (TRUTH * 1.1, TRUTH * 1.05, TRUTH, "as a whole move by -4.5 %"),
        # hides people where they stand closest, and mends as many elsewhere
        (TRUTH + 20, np.where(TRUTH > 300, TRUTH, TRUTH + 26), TRUTH, "densest quarter"),
        (FULL[:19], FULL[:19], TRUTH[:19], "too few"),
        (FULL, FULL, TRUTH * 0, "nobody"),
        (FULL, shifted(3, np.nan), TRUTH, "not finite"),
        (FULL, shifted(3, np.inf), TRUTH, "not finite"),
        (FULL[:0], FULL[:0], TRUTH[:0], "no pictures"),
    ],
)
def test_what_passes(full: np.ndarray, lower: np.ndarray, truth: np.ndarray, says: str) -> None:
    verdict = judge("bf16", full, lower, truth)
    assert verdict.accepted == (not says)
    assert says in verdict.reason
    text = report([verdict], {"f32": 60.0, "bf16": 30.0})
    assert ("accepted" in text) == verdict.accepted
    assert verdict.reason in text


def test_counts_of_different_pictures_are_an_error() -> None:
    with pytest.raises(ValueError, match="39"):
        judge("bf16", FULL, FULL[:39], TRUTH)


@given(st.integers(0, 10**6), st.floats(0, 0.3), st.floats(0.5, 2))
def test_nothing_whose_error_grew_by_more_than_two_percent_passes(seed: int, noise: float, factor: float) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 500, 60).astype(float)
    full = truth * rng.uniform(0.8, 1.2, 60)
    lower = full * factor * rng.uniform(1 - noise, 1 + noise, 60)
    verdict = judge("int8", full, lower, truth)
    grew = np.abs(lower - truth).mean() > 1.02 * np.abs(full - truth).mean()
    lost = abs(lower.sum() / full.sum() - 1) > 0.02
    assert not (verdict.accepted and (grew or lost))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Annotated pictures, 50 of them: of such a folder every other one was never calibrated on."""
    folder = tmp_path / "pictures"
    (folder / "images").mkdir(parents=True)
    rows = []
    rng = np.random.default_rng(4)
    for index in range(50):
        small = rng.integers(40, 220, (8, 10, 3)).astype(np.uint8)
        picture = cv2.resize(small, (160, 128), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / "images" / f"{index}.png"), picture)
        points = rng.uniform(5, 120, (int(rng.integers(1, 9)), 2)).tolist()
        rows.append({"image": f"{index}.png", "width": 160, "height": 128, "points": points})
    (folder / "annotations.json").write_text(json.dumps(rows))
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A manifest of levee-s that may be written to."""
    path = manifest_path("levee-s")
    file = tmp_path / "own.yaml"
    content = yaml.safe_load(path.read_text()) | {
        "file": str(path.with_suffix(".onnx")),
        "precision": "f32",
        "fold": None,
    }
    file.write_text(yaml.safe_dump(content))
    return file


def test_bf16_at_the_gate(pictures: Path, own: Path, tmp_path: Path) -> None:
    if effective("bf16") != "bf16":
        result = CliRunner().invoke(models_app, ["gate", "--data", str(pictures), "--precision", "bf16"])
        assert result.exit_code == 2
        assert "no bf16" in result.stderr
        pytest.skip("this CPU has no bf16")
    card = tmp_path / "card.md"
    card.write_text(f"# Card\n\n{BEGIN}\nold\n{END}\n\nrest\n")
    arguments = ["--data", pictures, "--model", own, "--precision", "bf16", "--card", card, "--accept", "--threads", 1]
    result = CliRunner().invoke(models_app, ["gate", *map(str, arguments)])
    written = card.read_text()
    assert "| bf16 | " in written
    assert "old" not in written
    assert written.endswith("rest\n")
    accepted = "accepted" in written
    assert result.exit_code == (0 if accepted else 1), result.output
    manifest = read_manifest(own)
    assert manifest.precision in (("f32", "bf16") if accepted else ("f32",))
    assert models.load(str(own), threads=1).engine.precision == manifest.precision


def test_a_manifest_in_bf16_is_run_in_it_and_listed_so(own: Path) -> None:
    write_manifest(msgspec.structs.replace(read_manifest(own), precision="bf16"), own)
    here = effective("bf16")
    lower = models.load(str(own), threads=1)
    assert lower.engine.precision == here
    frame = np.random.default_rng(2).integers(0, 256, (128, 160, 3), np.uint8)
    same = np.array_equal(lower.count(frame).grid, models.load(str(own), threads=1, precision="f32").count(frame).grid)
    assert same == (here == "f32")
    listed = CliRunner().invoke(models_app, ["list", str(own)])
    assert listed.exit_code == 0
    assert ("bf16" if here == "bf16" else "no bf16") in listed.stdout


def test_eight_bits_at_the_gate(pictures: Path, own: Path, tmp_path: Path) -> None:
    pytest.importorskip("nncf", reason="nncf is not installed (extra int8)")
    kept = tmp_path / "kept"
    arguments = ["--data", pictures, "--model", own, "--precision", "int8", "--out", kept, "--threads", 1]
    result = CliRunner().invoke(models_app, ["gate", *map(str, arguments)])
    assert result.exit_code in (0, 1), result.output
    assert "| int8 | 27 |" in result.stdout
    counter = models.load(str(next(kept.glob("*.yaml"))), threads=1)
    assert counter.engine.precision == "int8"
    frame = cv2.imread(str(pictures / "images" / "0.png"))
    full = models.load(str(own), threads=1).count(frame)
    assert counter.count(frame).grid.shape == full.grid.shape
    assert counter.digest != full


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--data", "nowhere"], "nowhere"),
        (["--data", ".", "--model", "nobody"], "nobody"),
        (["--data", ".", "--precision", "f16"], "bf16 or int8"),
    ],
)
def test_bad_options_end_with_one_line(arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(models_app, ["gate", *arguments])
    assert result.exit_code == 2
    assert says in result.stderr


def test_there_are_enough_pictures_in_the_test(pictures: Path) -> None:
    assert len(json.loads((pictures / "annotations.json").read_text())) // 2 >= LEAST_PICTURES
