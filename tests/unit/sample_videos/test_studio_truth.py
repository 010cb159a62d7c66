"""What the simulation says, what the picture shows, and what is written down are the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sample_videos import film, ledger, record, render
from sample_videos.camera import Pinhole
from sample_videos.figures import HEAD_SHARE
from sample_videos.scenes import Scene, scenes

NAMES = ("steps", "plaza", "evening")


def small(name: str) -> Scene:
    """A scene filmed at a quarter of its size."""
    scene = scenes()[name]
    view = scene.camera
    size = (view.size[0] // 2, view.size[1] // 2)
    return replace(scene, camera=Pinhole(view.position, view.yaw, view.tilt, view.focal / 2, size, view.roll))


def rows(scene: Scene, frames: int) -> bytes:
    found = enumerate(film.simulate(scene, frames))
    return record.truth_bytes([record.truth_rows(scene, index, truth) for index, (_, truth) in found])


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(name: str) -> None:
    scene = scenes()[name]
    first = rows(scene, 12)
    assert rows(scene, 12) == first
    assert rows(replace(scene, seed=scene.seed + 1), 12) != first


@pytest.mark.parametrize("name", NAMES)
def test_zones_marks_and_heads_in_the_zones_lie_in_the_picture(name: str) -> None:
    scene = scenes()[name]
    pixels, depth = scene.camera.project(np.array(scene.marks, float))
    assert (depth > 0).all()
    assert scene.camera.inside(pixels).all()
    assert len(scene.marks) >= 6
    for zone in scene.zones:
        corners = np.array(zone.corners)
        level = scene.stairs.height(corners) if scene.stairs else np.zeros(len(corners))
        for height in (0.0, 1.75):
            high = np.column_stack([corners, level + height])
            assert scene.camera.inside(scene.camera.project(high)[0]).all(), (zone.name, height)


def test_a_film_and_its_truth_agree(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="rendering needs PyAV (extra `sim`)")
    import cv2

    scene = small("evening")
    paths = render.film(scene, tmp_path, 11, crf=30)
    assert [path.name for path in paths] == [
        f"evening{e}" for e in (".mp4", ".camera.yaml", ".truth.csv.gz", ".heads.npz")
    ]
    found = ledger.read(tmp_path, "evening")
    video = cv2.VideoCapture(str(paths[0]))
    frames = 0
    while video.read()[0]:
        frames += 1
    assert frames == len(found) == 11
    assert found.head_frames == [0, 5, 10]
    heads = found.heads(10)
    assert len(heads.ident) == found.in_picture[10]
    points = heads.ground + np.column_stack([np.zeros((len(heads.ident), 2)), heads.height * HEAD_SHARE])
    assert np.abs(scene.camera.project(points)[0] - heads.pixels).max() < 1.0
    zone = scene.zones[0]
    assert found.zones[zone.name].people[10] == zone.people(heads.ground[:, :2])
    with pytest.raises(ValueError, match="not frame 3"):
        found.heads(3)


def test_heads_show_where_the_truth_says() -> None:
    """Without people the picture differs at the heads: a head is drawn at its point."""
    scene = small("plaza")
    camera = film.Camera(scene)
    moment, truth = next(iter(film.simulate(scene, 1)))
    picture, visible = camera.shoot(0, moment, truth)
    nobody = np.zeros(0)
    empty = film.Moment(nobody.astype(np.int64), np.zeros((0, 2)), nobody, nobody, nobody)
    bare, _ = camera.shoot(0, empty, film.truth_of(scene, empty, camera.people))
    change = np.abs(picture.astype(int) - bare.astype(int)).sum(2)
    shown = truth.heads[truth.inside & (visible > 0.6)].astype(int)
    assert len(shown) > 10
    elsewhere = np.median(change)
    assert np.mean([change[v, u] > elsewhere + 20 for u, v in shown]) > 0.85


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["nowhere", "--out", "x"], "no scene is called 'nowhere'; there are steps, plaza, evening"),
        (["steps", "--out", "x", "--seed", "-1"], "--seed must be at least 0"),
        (["steps", "--out", "x", "--seconds", "0"], "--seconds at least 1"),
    ],
)
def test_bad_input_gets_one_line(argv: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert render.main(argv) == 2
    said = capsys.readouterr().err
    assert line in said
    assert said.count("\n") == 1
