"""Training stills: annotations lie in their pictures, and the same seed draws the same picture."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from sample_videos import gather, stills
from sample_videos.sprites import SpriteShelf


def test_a_set_of_stills_is_annotated_inside_its_pictures(tmp_path: Path) -> None:
    assert stills.main(["--out", str(tmp_path), "--count", "3", "--seed", "9"]) == 0
    notes = json.loads((tmp_path / "annotations.json").read_text())
    assert [note["image"] for note in notes] == [f"still_9_{i:05d}.jpg" for i in range(3)]
    assert sum(len(note["points"]) for note in notes) > 5
    for note in notes:
        picture = cv2.imread(str(tmp_path / "images" / note["image"]))
        assert picture is not None
        assert picture.shape == (note["height"], note["width"], 3)
        for x, y in note["points"]:
            assert 0 <= x <= note["width"]
            assert 0 <= y <= note["height"]
    assert stills.main(["--out", str(tmp_path), "--count", "1"]) == 2  # the folder is not empty


def test_the_same_seed_and_index_draw_the_same_still() -> None:
    first, points = stills.still(9, 1, SpriteShelf(azimuths=12))
    again, same = stills.still(9, 1, SpriteShelf(azimuths=12))
    assert np.array_equal(first, again)
    assert np.array_equal(points, same)


@pytest.mark.parametrize("argv", [["--count", "0"], ["--seed", "-1"]])
def test_impossible_numbers_are_refused(argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stills.main(["--out", str(tmp_path), *argv]) == 2
    assert "must be at least" in capsys.readouterr().err


@pytest.mark.parametrize("density", [0.5, 2.0, 5.0])
def test_a_packed_crowd_has_the_density_asked_for(density: float) -> None:
    rng = np.random.default_rng(3)
    places = gather.lattice(rng, np.zeros(2), 600, density, 1.0)
    middle = np.hypot(places[:, 0], places[:, 1]) < 0.6 * np.sqrt(600 / np.pi / density)
    area = np.pi * 0.36 * 600 / np.pi / density
    assert middle.sum() / area == pytest.approx(density, rel=0.15)


def test_people_who_stand_too_close_are_pushed_apart() -> None:
    rng = np.random.default_rng(4)
    points = gather.spread_out(rng.uniform(0, 4, (40, 2)), 0.34, rounds=60)
    gap = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) + np.eye(40)
    assert gap.min() > 0.30
