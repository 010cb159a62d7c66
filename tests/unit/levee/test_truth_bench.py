"""The bench that proves the ground: its definitions, its tables, and what it finds on heads that are known."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("jupedsim", reason="needs levee[sim]")

from levee.benches import truth_table
from levee.benches.heads import ground_of, known_heads
from levee.benches.trajectories import Compared, FlowScore, compared, flows
from levee.benches.truth import Score, scores
from levee.benches.windows import BEFORE, Window, filmed, truths
from models import Count

SHORT = Window("evening", 41, 2, 2)


def score(way: str = "counter") -> Score:
    found = Score(Window("oneway", 5103, 49, 14), way)
    found.people = [(9.0, 10.0, True), (15.0, 10.0, False), (3.0, 2.0, True)]
    found.worst = [(2.2, 2.0, True), (0.4, 0.2, False), (3.0, 4.0, False)]
    found.speed = [(1.0, 1.1), (0.5, 0.8), (1.0, 1.0)]
    found.counterflow = [(49.0, 0.0, 0.0), (50.0, 0.0, 0.1), (51.0, 0.2, 0.1), (52.0, 0.0, 0.1), (53.0, 0.1, 0.2)]
    found.counterflow += [(54.0, 0.1, 0.2)]
    found.pressure = [(0.01, 0.015), (0.05, 0.01), (0.5, 0.3), (1.0, 0.1)]
    found.direction = [True, True, True, False]
    found.gates = [(9.0, 1.0, 10.0, 0.0)]
    return found


def test_each_error_is_what_its_name_says() -> None:
    found = score()
    assert found.count_error() == pytest.approx(0.3)  # of 10 % and 50 %; two people are too few to tell
    assert found.worst_error() == pytest.approx(0.175)  # of 10 % and 25 %; 0.2 persons/m² is not judged
    assert found.held() == pytest.approx(0.5)
    assert found.speed_error() == pytest.approx(0.1)
    assert found.directions_right() == 0.75
    assert found.gate_error() == pytest.approx(0.2)
    assert found.counterflow_after() == pytest.approx(1.0)  # told at 51, and again within two seconds
    assert found.pressures_right() == pytest.approx(0.5)
    assert found.pressed_falsely() == pytest.approx(0.5)
    nothing = Score(Window("concert", 1, 0, 1), "counter")
    assert [nothing.count_error(), nothing.worst_error(), nothing.held(), nothing.counterflow_after()] == [None] * 4


def test_the_tables_stand_between_their_marks_and_name_what_is_missed(tmp_path: Path) -> None:
    gates = [FlowScore("metro 1", "door", (95.0, 10.0), (100, 10)), FlowScore("metro 1", "back", (1.0, 0.0), (2, 1))]
    others = [Compared("metro 1", 1.0, 1.1, 1.05, 0.9, 1.0, 1.2, 1.1, 0.09, 0.1)]
    text = truth_table.page([score(), score("known heads")], gates, others, "density:x")
    rows = {
        row.split("|")[1].strip(): [cell.strip() for cell in row.split("|")[2:-1]]
        for row in text.splitlines()
        if "|" in row
    }
    assert rows["zone count, error"][:3] == ["≤ 8 %", "30%", "**no**"]
    assert rows["mean speed, error"][:3] == ["≤ 0.15 m/s", "0.10 m/s", "yes"]
    assert rows["gate flow over 5 minutes, error"][-2:] == ["5%", "yes"]
    page = tmp_path / "page.md"
    page.write_text(f"before\n{truth_table.BEGIN}\nold\n{truth_table.END}\nafter\n")
    for _ in range(2):
        truth_table.written(page, text)
    assert page.read_text() == f"before\n{truth_table.BEGIN}\n{text}{truth_table.END}\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="needs the lines"):
        truth_table.written(page, text)
    assert "PedPy is not installed" in truth_table.page([score()], gates, None, "density:x")


def test_known_heads_lie_on_the_ground_where_people_stand() -> None:
    film = truths(Window("bottleneck", 42, 4, 1))
    ground, moment = ground_of(film.scene), film.moments[-1]
    count = known_heads(moment, film.camera.size, np.random.default_rng(0))
    assert count.total.value == pytest.approx(moment.inside.sum(), rel=0.02)
    back = ground.to_ground(moment.heads[moment.inside], height_m=ground.head_height_m)
    near = moment.place[moment.inside][:, 1] < 8
    assert np.median(np.hypot(*(back - moment.place[moment.inside])[near].T)) < 0.25


def test_a_flow_over_a_gate_is_that_of_the_truth() -> None:
    found = flows((Window("oneway", 43, 0, 60),))
    assert [one.scene for one in found] == ["oneway 43"]
    assert sum(found[0].told) == pytest.approx(sum(found[0].true), rel=0.3)
    assert sum(found[0].true) > 5


def test_density_and_speed_are_those_of_pedpy() -> None:
    pytest.importorskip("pedpy", reason="needs levee[sim]")
    (found,) = compared((Window("bottleneck", 44, 5, 12),))
    assert found.density_error < 0.12
    assert found.told_density == pytest.approx(found.voronoi, rel=0.2)
    assert found.speed_error < 0.1


def test_what_was_filmed_once_is_not_filmed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sample_videos.film as film

    shot: list[int] = []

    class Camera:
        def __init__(self, scene: object) -> None:
            pass

        def shoot(self, index: int, people: object) -> tuple[np.ndarray, None, None]:
            shot.append(index)
            noise = np.random.default_rng(0).integers(0, 255, (45, 80, 3)).astype(np.uint8)
            return cv2.resize(noise, (640, 360), interpolation=cv2.INTER_CUBIC), None, None

    class Blank:
        name, digest = "blank", ""

        def count(self, frame: np.ndarray, view: object = None) -> Count:
            assert view is not None
            return Count(np.zeros((45, 80), np.float32), (640, 360), None, "blank", False, ())

    monkeypatch.setattr(film, "Filming", Camera)
    first = filmed(SHORT, tmp_path)
    assert shot == SHORT.wanted
    assert set(SHORT.keys) <= set(shot)
    assert first.picture(SHORT.keys[0] - BEFORE[0]).shape == (360, 640, 3)
    with pytest.raises(FileNotFoundError):
        first.picture(1)
    next(tmp_path.glob("*/*.jpg")).unlink()
    filmed(SHORT, tmp_path)
    assert shot == [*SHORT.wanted, SHORT.wanted[0]] or len(shot) == len(SHORT.wanted) + 1
    counter, heads = scores(Blank(), tmp_path, lambda name: iter, (SHORT,))
    assert len(shot) == len(SHORT.wanted) + 1
    assert [told for told, _, _ in counter.people] == [0.0, 0.0, 0.0]
    assert heads.count_error() is None or heads.count_error() < 0.5
