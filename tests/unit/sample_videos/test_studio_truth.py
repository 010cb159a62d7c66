"""What the simulation says, what the picture shows, and what is written down are the same."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from levee.cli import app
from sample_videos import film, ledger, record, scenes, truths
from sample_videos.crew import Recipe, draw, drawn
from sample_videos.scenes.changes import changed
from sample_videos.scenes.scene import Scene, seen
from sample_videos.studio.sight import visible

NAMES = tuple(scenes.BUILDERS)
WALKED = ("metro", "bottleneck", "oneway")  # by JuPedSim


def small(name: str, factor: float = 0.5) -> Scene:
    """A scene in a smaller picture."""
    scene = scenes.scene(name)
    return replace(scene, camera=scene.camera.resized(factor))


def rows(scene: Scene, frames: int) -> bytes:
    kept = record.Rows(scene)
    for index, (_, truth) in enumerate(truths.simulate(scene, frames)):
        kept.add(index, truth)
    return kept.packed()


@pytest.mark.parametrize("name", ["steps", "evening", "queue", "concert", "bottleneck"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(
    name: str, request: pytest.FixtureRequest
) -> None:
    if name in WALKED:
        request.getfixturevalue("jupedsim")
    scene = scenes.scene(name)
    first = rows(scene, 12)
    assert rows(scenes.scene(name), 12) == first
    assert rows(scenes.scene(name, scene.seed + 1), 12) != first


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_zones_marks_and_heads_in_the_zones_lie_in_the_picture(name: str, seed: int | None) -> None:
    scene = scenes.scene(name, seed)
    assert seen(scene.camera, scene)
    assert len(scene.marks) >= 6
    names = [zone.name for zone in scene.zones] + [gate.name for gate in scene.gates]
    assert len(set(names)) == len(names)


@pytest.mark.usefixtures("studio")
def test_a_film_and_its_truth_agree(tmp_path: Path) -> None:
    import cv2

    recipe = Recipe("evening", width=320)
    scene = recipe.scene()
    paths = film.film(recipe, tmp_path, film.Plan(11, 30))
    assert [path.name for path in paths] == [f"evening{end}" for end in film.ENDINGS]
    found = ledger.read(tmp_path, "evening")
    video = cv2.VideoCapture(str(paths[0]))
    frames = 0
    while video.read()[0]:
        frames += 1
    assert frames == len(found) == 11
    assert found.head_frames == [0, 5, 10]
    heads = found.heads(10)
    assert len(heads.ident) == found.in_picture[10]
    assert np.abs(scene.camera.project(heads.head)[0] - heads.pixels).max() < 0.1
    assert np.abs(heads.head[:, :2] - heads.ground[:, :2]).max() < 0.25
    zone = scene.zones[0]
    assert found.zones[zone.name].people[10] == zone.people(heads.ground[:, :2])
    assert np.isfinite(found.zones[zone.name].pressure).all()
    assert found.gates["middle"].width_m == pytest.approx(13.0)
    with pytest.raises(ValueError, match="every 5th frame, not frame 3"):
        found.heads(3)


@pytest.mark.usefixtures("studio")
def test_two_workers_draw_what_one_draws(tmp_path: Path) -> None:
    recipe, plan = Recipe("evening", width=320), film.Plan(6, 30)
    alone = film.film(recipe, tmp_path / "one", plan)[1:]
    assert [path.read_bytes() for path in film.film(recipe, tmp_path / "two", plan, workers=2)[1:]] == [
        path.read_bytes() for path in alone
    ]
    pictures = zip(draw(recipe.scene(), plan.frames), drawn(recipe, plan.frames, 2), strict=True)
    assert all(np.array_equal(one, other) for (one, _), (other, _) in pictures)


@pytest.mark.usefixtures("studio")
def test_what_fails_where_it_is_drawn_is_told_here(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no scene is called 'nowhere'"):
        next(drawn(Recipe("nowhere"), 4, 2))


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(("name", "at", "bend"), [("plaza", 200, -0.10), ("steps", 150, 0.0), ("evening", 30, -0.2)])
def test_heads_are_drawn_where_the_truth_says_and_as_many(name: str, at: int, bend: float) -> None:
    """The masks that were drawn against the points that were computed, through tilt, roll and a bent lens."""
    scene = scenes.scene(name)
    scene = replace(scene, camera=replace(scene.camera, roll=3.0, distortion=(bend, 0.0)))
    people, truth = next(islice(truths.simulate(scene, at + 1), at, None))
    filming = film.Filming(scene)
    _, share, shot = filming.shoot(at, people)
    drawn = {int(i) for i in np.unique(shot.ident) if i}
    wholly = (share > 0.85) & scene.camera.inside(truth.heads, 12)
    assert wholly.sum() >= 4
    for row in np.flatnonzero(wholly):
        v, u = np.nonzero((shot.ident == truth.ident[row] + 1) & shot.head)
        middle = np.array([u.mean() + 0.5, v.mean() + 0.5])
        assert np.abs(middle - truth.heads[row]).max() < 2.0, (name, row)
    # One by one, each person in the picture is drawn: as many as the truth counts.
    inside = np.flatnonzero(scene.camera.inside(truth.heads, 2))
    counted = 0
    for row in inside[:: max(1, len(inside) // 7)]:
        one = filming.stage.shoot(people.take(np.array([row])))
        part, _ = visible(scene.camera, people.take(np.array([row])), one)
        assert part[0] > 0.4, (name, row)  # hands and hats may hide some of one's own head
        counted += 1
    assert counted >= min(len(inside), 6)
    # Whoever shows is known to the truth, and nobody whose head shows is left out.
    assert drawn <= {int(i) + 1 for i in truth.ident}
    heads = {int(i) for i in np.unique(shot.ident[shot.head]) if i}
    assert {int(truth.ident[row]) + 1 for row in np.flatnonzero(truth.inside & (share > 0.25))} <= heads


@pytest.mark.usefixtures("studio")
def test_masks_are_the_same_every_time() -> None:
    scene = small("plaza")
    people, _ = next(iter(truths.simulate(scene, 1)))
    first, second = (film.Filming(scene).shoot(0, people) for _ in range(2))
    assert np.array_equal(first[2].ident, second[2].ident)
    assert np.array_equal(first[0], second[0])


@pytest.mark.usefixtures("studio")
def test_an_empty_square_shows_nobody() -> None:
    scene = small("empty")
    people, truth = next(iter(truths.simulate(scene, 1)))
    _, share, shot = film.Filming(scene).shoot(0, people)
    assert len(truth.ident) == len(share) == 0
    assert not shot.ident.any()
    assert shot.picture.std() > 0.01


def invoke(*argv: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["scenes", *argv])
    return found.exit_code, found.output


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["nowhere"], "no scene is called 'nowhere'; there are steps, plaza, metro, queue, concert"),
        (["steps", "--seed", "-1"], "seed -1: must be 0 or more"),
        (["steps", "--seconds", "0"], "--seconds 0: steps can be filmed for 0.2 to 150 s"),
        (["steps", "--seconds", "999"], "--seconds 999"),
        (["steps", "--width", "3"], "--width 3: must be even"),
        (["steps", "--fault", "melted@3"], "expected KIND@SECOND"),
        (["steps", "--fault", "frozen@900"], "the film ends at 150 s, before it begins"),
    ],
)
def test_bad_input_gets_one_line(argv: list[str], line: str, tmp_path: Path) -> None:
    status, said = invoke("render", *argv, "--out", str(tmp_path / "out"))
    assert status == 2
    assert line in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    status, said = invoke("render", "evening", "--out", str(tmp_path))
    assert status == 2
    assert "is not empty" in said
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("camera: {position_m: [0, 0, -2]}", "camera stands at z = -2 m: it must be above the ground"),
        ("camera: {focal_px: 0}", "focal length 0"),
        ("camera: {height: 3}", "camera: height is not known"),
        ("camera: {yaw_deg: 180}", "sees none of the place's measured points"),
        ("camera: {distortion: [-3, 0]}", "folds the picture over"),
        ("zones: [{name: far, polygon: [[90, 90], [95, 90], [95, 95]]}]", "zone 'far' lies where nobody can go"),
        ("zones: [{name: thin, polygon: [[0, 0], [1, 1]]}]", "three or more corners"),
        ("zones: [{polygon: [[0, 0], [1, 1], [0, 1]]}]", "name is missing"),
        ("gates: [{name: g, line: [[0, 0], [0, 0]]}]", "its two ends must differ"),
        ("gates: [{name: promenade, line: [[0, 0], [1, 0]]}]", "'promenade' names two"),
        ("zone: 3", "expected camera, zones or gates"),
        ("camera: [", "not YAML"),
    ],
)
def test_a_camera_or_zone_that_cannot_be_is_named_with_its_file(text: str, line: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"mine\.yaml") as refused:
        changed(scenes.scene("evening"), file)
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_camera_and_zones_of_ones_own_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "camera: {position_m: [0.5, -14.6, 11], tilt_deg: 36}\nzones: [{name: z, polygon: [[0, 0], [4, 0], [4, 4]]}]"
    )
    scene = changed(scenes.scene("evening"), file)
    assert scene.camera.position == (0.5, -14.6, 11.0)
    assert [zone.name for zone in scene.zones] == ["z"]
