"""Training stills: annotations lie in their pictures, and the same seed draws the same picture."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from levee.cli import app
from models.annotations import read_folder
from sample_videos import stills
from sample_videos.crowds import gather


@pytest.mark.usefixtures("studio")
def test_a_set_of_stills_is_annotated_inside_its_pictures(tmp_path: Path) -> None:
    out = tmp_path / "made"
    found = CliRunner().invoke(app, ["scenes", "stills", str(out), "--count", "3", "--seed", "5"])
    assert found.exit_code == 0, found.output
    notes = json.loads((out / "annotations.json").read_text())
    assert [note["image"] for note in notes] == [f"still_5_{i:05d}.jpg" for i in range(3)]
    assert sum(len(note["points"]) for note in notes) > 50
    assert [len(picture.points) for picture in read_folder(out)] == [len(note["points"]) for note in notes]
    for note in notes:
        picture = cv2.imread(str(out / "images" / note["image"]))
        assert picture is not None
        assert picture.shape == (note["height"], note["width"], 3)
        for x, y in note["points"]:
            assert 0 <= x <= note["width"]
            assert 0 <= y <= note["height"]
    again = CliRunner().invoke(app, ["scenes", "stills", str(out), "--count", "1"])
    assert again.exit_code == 2
    assert "is not empty" in again.output


@pytest.mark.usefixtures("studio")
def test_the_same_seed_and_index_draw_the_same_still() -> None:
    first, points = stills.still(5, 3)
    again, same = stills.still(5, 3)
    assert np.array_equal(points, same)
    assert np.array_equal(first, again)


@pytest.mark.parametrize(("option", "line"), [(["--count", "0"], "--count 0"), (["--seed", "-1"], "--seed -1")])
def test_impossible_numbers_are_refused(option: list[str], line: str, tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["scenes", "stills", str(tmp_path / "made"), *option])
    assert found.exit_code == 2
    assert line in found.output
    assert found.output.count("\n") == 1
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("density", [0.5, 2.0, 5.0, 8.0])
def test_a_packed_crowd_has_the_density_asked_for(density: float) -> None:
    rng = np.random.default_rng(3)
    places = gather.lattice(rng, np.zeros(2), 600, density, 1.0)
    middle = np.hypot(places[:, 0], places[:, 1]) < 0.6 * np.sqrt(600 / np.pi / density)
    area = np.pi * 0.36 * 600 / np.pi / density
    assert middle.sum() / area == pytest.approx(density, rel=0.15)


def test_people_who_stand_too_close_are_pushed_apart() -> None:
    pytest.importorskip("scipy", reason="scipy is not installed (extra sim)")
    rng = np.random.default_rng(4)
    points = gather.spread_out(rng.uniform(0, 4, (40, 2)), 0.34, rounds=60)
    gap = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) + np.eye(40)
    assert gap.min() > 0.30


def test_the_contact_sheet_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    for name, line in (("sheet.gif", "must end in .jpg or .png"), ("no/such/sheet.jpg", "its folder is not there")):
        found = CliRunner().invoke(app, ["scenes", "sheet", str(tmp_path / name)])
        assert found.exit_code == 2
        assert line in found.output
