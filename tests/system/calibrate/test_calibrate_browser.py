"""An installer at the page, in a real browser: from a bare clip whose camera is known to files that a box runs with."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from edge.ground import Ground, calibrate
from levee.config.load import load_box, load_site

ROOT = Path(__file__).parents[3]
CLIPS = ROOT / "sample_videos" / "clips"
#: How far the saved view of the ground may lie from the true camera's, anywhere in the zone: clicks are whole pixels
#: of the screen.
CLOSE_M = 0.10


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "place"
    folder.mkdir()
    shutil.copy(CLIPS / "plaza.mp4", folder / "plaza.mp4")
    return folder


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CLIPS / "plaza.camera.yaml").read_text())
    return found


def seen_by_truth(truth: dict[str, Any], places: NDArray[np.float64], height_m: float) -> NDArray[np.float64]:
    """Pixels of places by the renderer's own camera."""
    pinhole = truth["pinhole"]
    world = np.column_stack([places, np.full(len(places), height_m)]) - np.array(pinhole["position_m"])
    eye = world @ np.array(pinhole["rotation"]).T
    return np.asarray(eye[:, :2] / eye[:, 2:] * pinhole["focal_px"] + np.array(truth["picture_px"]) / 2)


def furthest(ground: Ground, truth: dict[str, Any], height_m: float) -> float:
    """Metres by which the view errs at most over the true zone, at a height."""
    corners = np.array(truth["zones"][0]["polygon"])
    x, y = np.meshgrid(np.linspace(*corners[[0, 1], 0], 13), np.linspace(*corners[[1, 2], 1], 11))
    places = np.column_stack([x.ravel(), y.ravel()])
    back = ground.to_ground(seen_by_truth(truth, places, height_m), height_m=height_m)
    return float(np.hypot(*(back - places).T).max())


def type_points(page: Any, points: list[dict[str, Any]]) -> None:
    page.press(*[tuple(point["pixel"]) for point in points])
    for number, point in enumerate(points):
        for axis, value in zip("xy", point["ground"], strict=True):
            page.type(f"[data-key='point {number} {axis}']", value)
    page.settled()


def run(place: Path, *words: str) -> None:
    env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "levee", *words]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stdout + done.stderr


def test_from_a_bare_clip_to_files_that_a_box_runs_with(page: Any, place: Path, truth: dict[str, Any]) -> None:
    page.start("plaza.mp4", "--out", "box.yaml", cwd=place)
    page.type("[data-draft=camera]", "plaza-cam")
    page.click("[data-panel='1'] .next")

    points = truth["ground_points"][:5]
    type_points(page, points)
    assert "residual" in page.status()
    assert len(page.js("return [...document.querySelectorAll('#points td:nth-child(5)')].map(c => c.innerText)")) == 5

    # What a slip of the tape does: the residual stands at each point, and above the limit the view is refused.
    page.type("[data-key='point 4 x']", "5")
    page.settled()
    assert "do not fit one view" in page.status()
    assert "bad" in page.js("return document.getElementById('status').className")
    page.type("[data-key='point 4 x']", points[4]["ground"][0])
    page.settled()
    assert "residual" in page.status()

    page.click("[data-panel='2'] .next")
    corners = [tuple(point["pixel"]) for point in truth["ground_points"][:4]]
    page.press(*corners[:3])
    page.press(corners[3])
    page.keys("\n")
    page.settled()
    page.type("[data-key='zone 0 name']", "plaza")
    page.type("[data-key='zone 0 title']", "陈毅广场")
    page.type("[data-key='zone 0 capacity']", "240")
    page.click("[data-tool=gate]")
    left, right = seen_by_truth(truth, np.array([[-4.0, 0.0], [4.0, 0.0]]), 0.0)
    page.press(tuple(left), tuple(right))
    page.settled()
    page.type("[data-key='gate 0 name']", "north-gate")
    page.settled()

    page.click("[data-panel='3'] .next")
    page.type("[data-draft=responsible]", "Plaza duty room")
    page.click("#live")
    page.until("people are counted", lambda: page.text("#counts tbody td"))
    assert "people in view" in page.text("#total")
    page.click("#live")
    page.click("#save")
    page.until("it is saved", lambda: page.js("return document.body.dataset.saved"))
    assert page.complaints() == []
    assert page.stop() == 0

    box, site = load_box(place / "box.yaml"), load_site(place / "site.yaml")
    assert [(zone.name, zone.kind.value, zone.capacity, zone.title) for zone in site.zones] == [
        ("plaza", "flat", 240, "陈毅广场")
    ]
    assert site.responsible == "Plaza duty room"
    assert [gate.into for gate in site.gates] == ["plaza"]
    ground = calibrate(box.cameras[0])
    assert furthest(ground, truth, 0.0) < CLOSE_M
    assert furthest(ground, truth, 1.55) < 2 * CLOSE_M  # what the ground alone does not show: the camera behind it
    drawn = np.array(box.zones[0].polygon)
    assert np.abs(drawn - np.array([point["ground"] for point in truth["ground_points"][:4]])).max() < CLOSE_M
    assert np.abs(np.array(box.gates[0].line) - [[-4, 0], [4, 0]]).max() < CLOSE_M

    run(place, "config", "check", "box.yaml", "site.yaml")
    run(place, "count", "plaza.mp4", "--zones", "box.yaml", "--csv", "out.csv", "--limit", "1")
    rows = list(csv.DictReader((place / "out.csv").open()))
    assert [row["source"].rpartition("#")[2] for row in rows][1:] == ["plaza"]


def test_distances_alone_find_the_ground_and_a_file_is_improved_not_replaced(
    page: Any, place: Path, truth: dict[str, Any]
) -> None:
    page.start("plaza.mp4", "--out", "box.yaml", cwd=place)
    page.click("#steps [data-step='2']")
    page.click("input[value=distances] + span")
    points = truth["ground_points"][:4]
    pixels = [tuple(point["pixel"]) for point in points]
    page.press(*pixels)
    page.click("[data-tool=span]")
    pairs = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]
    for number, (a, b) in enumerate(pairs):
        page.press(pixels[a], pixels[b])
        length = np.hypot(*(np.array(points[a]["ground"]) - points[b]["ground"]))
        page.type(f"[data-key='span {number} metres']", f"{length:.2f}")
    page.settled()
    assert "residual" in page.status()
    page.click("#steps [data-step='3']")
    page.press(*pixels)
    page.keys("\n")
    page.settled()
    page.click("#steps [data-step='4']")
    page.click("#save")
    page.until("it is saved", lambda: page.js("return document.body.dataset.saved"))
    assert page.stop() == 0
    box = load_box(place / "box.yaml")
    sides = np.array(box.zones[0].polygon)
    assert np.hypot(*(sides[1] - sides[0])) == pytest.approx(12.0, abs=CLOSE_M)
    assert np.hypot(*(sides[2] - sides[1])) == pytest.approx(10.0, abs=CLOSE_M)

    # A second visit, to a file with comments of a person's own.
    text = (place / "box.yaml").read_text().replace("zones:\n", "# measured by Wang Fang\nzones:\n")
    (place / "box.yaml").write_text(text)
    page.start("plaza.mp4", "--out", "box.yaml", cwd=place)
    assert page.text("[data-panel='3'] .card")
    page.drag(pixels[2], (pixels[2][0] - 40, pixels[2][1] + 20))
    page.settled()
    page.click("#steps [data-step='4']")
    page.click("#save")
    page.until("it asks", lambda: page.js("return document.getElementById('ask').open"))
    assert "box.yaml" in page.text("#askText")
    page.click("#ask button[value=no]")
    assert (place / "box.yaml").read_text() == text
    page.click("#save")
    page.until("it asks", lambda: page.js("return document.getElementById('ask').open"))
    page.click("#ask button[value=yes]")
    page.until("it is saved", lambda: page.js("return document.body.dataset.saved"))
    assert page.stop() == 0
    assert (place / "box.yaml.before").read_text() == text
    assert "# measured by Wang Fang" in (place / "box.yaml").read_text()
    again = load_box(place / "box.yaml")
    assert again.cameras == box.cameras
    moved = np.hypot(*(np.array(again.zones[0].polygon) - sides).T)
    assert [distance > 0.3 for distance in moved] == [False, False, True, False]
    assert moved[[0, 1, 3]].max() == 0


def test_what_cannot_be_is_said_in_one_line_and_by_keys_alone(page: Any, place: Path, truth: dict[str, Any]) -> None:
    page.start("plaza.mp4", "--out", "box.yaml", cwd=place)
    page.click("#steps [data-step='2']")
    line = [{"pixel": (150 + 80 * n, 110 + 40 * n), "ground": (n, 2 * n)} for n in range(4)]
    type_points(page, line)
    assert "on one line" in page.status()
    page.click("#language")
    page.until("it is said in Chinese", lambda: "一条直线上" in page.status())
    page.click("#language")
    for _ in line:
        page.click("#points tbody tr:first-child button")
    page.settled()

    # The horizon in the picture: a camera that looks almost level.
    page.click("input[value=mount] + span")
    page.type("input[type=number][data-mount=tilt_deg]", "5")
    page.settled()
    page.click("#steps [data-step='3']")
    page.press((200, 20), (400, 20), (400, 300), (200, 300))
    page.keys("\n")
    page.settled()
    assert "above the horizon" in page.status()
    assert "above the horizon" in page.text("#zones .fault")
    page.undo()
    page.settled()
    assert page.all("#zones .card") == []
    page.click("#steps [data-step='2']")
    page.type("input[type=number][data-mount=tilt_deg]", "35")
    page.settled()

    # A zone by keys alone, crossed; then uncrossed by keys.
    page.click("#steps [data-step='3']")
    page.js("document.getElementById('frame').focus()")
    left, up, right, down = "\ue012", "\ue013", "\ue014", "\ue015"
    page.keys("z", *[left] * 40, "\n", *[right] * 60, *[down] * 50, "\n")
    page.keys(*[left] * 60, "\n", *[right] * 60, *[up] * 50, "\n", "\n")
    page.settled()
    assert "crosses itself" in page.status()
    page.click("#steps [data-step='4']")
    page.click("#save")
    page.until("it refuses to save", lambda: "crosses itself" in page.text("#saved"))
    assert not (place / "box.yaml").exists()
    assert page.complaints() == []

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(page.url.split("?")[0] + "frame.jpg", timeout=10)
    assert refused.value.code == 403
