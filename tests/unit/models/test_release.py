"""A checkpoint becomes weights that a box can run, fitted to what was held out and measured on it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from levee.cli import app
from models import load
from models.augment import Crops
from models.registry import read_manifest


def test_export_fits_measures_and_fills_the_card(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="torch is not installed (extra train)")
    onnx = pytest.importorskip("onnx", reason="onnx is not installed (extra train)")
    from models import release
    from models.train import Plan, Source, Trainer, load_network, predict_grid

    small = Crops(width=64, height=64, scale_low=0.8, scale_high=1.2)
    plan = Plan(
        out=tmp_path / "run", sources=(Source(folder, crops=small),), variant="levee-xs", steps=4, decay_steps=2,
        batch=2, warmup_steps=1, norm_steps=2, threads=1, fold="3",
    )  # fmt: skip
    Trainer(plan).run()
    monkeypatch.setattr(release, "SEEN", 60)
    monkeypatch.setattr(release, "WINDOW", small)
    # one picture is held out, and a band needs more samples than its parts give
    monkeypatch.setattr(release.bands, "samples", lambda counted, rng: (np.full(40, 9.0), np.full(40, 9.0)))
    card = tmp_path / "card.md"
    card.write_text("# a card\n<!-- figures: written by `levee models export` -->\n<!-- end of figures -->\n")
    out = tmp_path / "out"
    command = ["models", "export", str(tmp_path / "run" / "last.pt"), "--data", str(folder), "--name", "dots"]
    done = CliRunner().invoke(app, [*command, "--out", str(out), "--card", str(card), "--head-px", "6", "12"])
    assert done.exit_code == 0, done.output
    manifest = read_manifest(out / "dots.yaml")
    assert manifest.fold == "3"
    assert manifest.picture.head_px == (6.0, 12.0)
    assert manifest.density.saturated_people is not None
    assert "| dots | 1 | 9.0 |" in card.read_text()
    assert "regions, densest quarter" in card.read_text()

    exported = load_network(out / "dots.onnx")
    image = cv2.imread(str(folder / "images" / "9.png"))
    trained = predict_grid(load_network(tmp_path / "run" / "last.pt"), image)
    assert np.allclose(predict_grid(exported, image), trained, rtol=0.05, atol=1e-3)
    again = Trainer(dataclasses.replace(plan, out=tmp_path / "again", norm_steps=0, steps=1, rate=1e-9))
    again.resume(out / "dots.onnx")
    again.run()
    assert np.allclose(predict_grid(again.average, image), trained, rtol=0.05, atol=1e-3), "norms stand still"
    other = onnx.load(str(out / "dots.onnx"))
    del other.graph.initializer[0]
    onnx.save(other, str(tmp_path / "other.onnx"))
    with pytest.raises(ValueError, match=r"other.onnx: not an exported network of ours"):
        load_network(tmp_path / "other.onnx")

    counter = load(str(out / "dots.yaml"), threads=1)
    known = counter.count(cv2.imread(str(folder / "images" / "9.png")))
    assert known.reasons == ()
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    assert "unlike-trained" in counter.count(noise).reasons
