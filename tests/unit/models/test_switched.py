"""Detector and density network switched by density: the decision, its memory by camera, and the two in one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import models
from models.counter import Count, View
from models.switched import Mode, Switch, Switched, fullest_window

FRAME = np.zeros((64, 96, 3), np.uint8)


class Told:
    """A counter that sees what it is told, in one place."""

    def __init__(self, name: str, people: float = 0.0, **more: object) -> None:
        self.name, self.digest, self.people, self.asked = name, "ab" * 32, people, 0
        self.more: dict[str, object] = {"saturated": False, "reasons": (), **more}

    def count(self, frame: np.ndarray, view: View | None = None) -> Count:
        self.asked += 1
        grid = np.zeros((8, 12), np.float32)
        grid[3, 4] = self.people
        return Count(grid, (96, 64), None, self.name, **self.more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("people", "modes"),
    [
        ([0, 3, 5.9, 6, 5, 4, 3.9, 5, 6], "SSSDDDSSD"),
        ([5, 5, 3, 5], "DDSS"),  # nothing before, and between the limits: dense
        ([float("nan"), 0, float("nan")], "DSD"),  # what cannot be told is taken for dense
        ([0, float("inf"), 0], "SDS"),
    ],
)
def test_the_decision_has_hysteresis(people: list[float], modes: str) -> None:
    switch, mode, found = Switch(6, 4), None, ""
    for each in people:
        mode = switch.choose(mode, each)
        found += mode.name[0]
    assert found == modes


@given(st.lists(st.floats(0, 20), max_size=40), st.floats(0.5, 10), st.floats(0, 5))
def test_it_switches_only_across_both_limits(people: list[float], low: float, gap: float) -> None:
    switch = Switch(low + gap, low)
    mode: Mode | None = None
    for each in people:
        before, mode = mode, switch.choose(mode, each)
        assert mode is switch.choose(before, each)
        if each >= low + gap:
            assert mode is Mode.DENSE
        elif each < low:
            assert mode is Mode.SPARSE
        elif before is not None:
            assert mode is before


@pytest.mark.parametrize(("dense_from", "sparse_below"), [(4, 6), (0, 0), (3, -1), (3, float("nan"))])
def test_limits_that_cannot_be_are_refused(dense_from: float, sparse_below: float) -> None:
    with pytest.raises(ValueError, match="sparse_below"):
        Switch(dense_from, sparse_below)


@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 30))
def test_the_fullest_window_is_the_fullest(seed: int, rows: int, cols: int) -> None:
    grid = np.random.default_rng(seed).random((rows, cols)).astype(np.float32)
    side = max(1, round(min(rows, cols) / 4))
    windows = np.lib.stride_tricks.sliding_window_view(grid.astype(float), (side, side))
    assert fullest_window(grid) == pytest.approx(windows.sum(axis=(2, 3)).max())


def test_each_camera_has_a_mode_of_its_own_and_the_method_says_which_counted() -> None:
    sparse, dense = Told("detector:d", 5), Told("density:n", 5)
    both = Switched(sparse, dense, Switch(6, 4))
    assert both.name == "switched:d+n"
    assert both.digest not in (sparse.digest, dense.digest)
    north, south = View("north"), View("south")
    dense.people = 2
    assert both.count(FRAME, north).method == "detector:d"
    dense.people = 9
    assert both.count(FRAME, south).method == "density:n"
    dense.people = 5  # between the limits: each as it was
    assert both.count(FRAME, north).method == "detector:d"
    assert both.count(FRAME, south).method == "density:n"
    assert sparse.asked == 2  # in a dense view the detector rests


def test_a_crowd_is_never_left_to_the_detector() -> None:
    for dense, sparse in (
        (Told("density:n", 1, saturated=True), Told("detector:d", 1)),
        (Told("density:n", 1), Told("detector:d", 300, saturated=True)),
        (Told("density:n", float("nan")), Told("detector:d", 1)),
    ):
        assert Switched(sparse, dense).count(FRAME).method == "density:n"


def test_what_the_network_doubts_of_a_picture_is_doubted_of_the_detectors_count_too() -> None:
    both = Switched(Told("detector:d", 1, reasons=("dark",)), Told("density:n", 1, reasons=("dark", "unlike-trained")))
    assert both.count(FRAME).reasons == ("dark", "unlike-trained")


def test_on_real_frames(
    shared_data: Path, manifest_for: Callable[..., str], clip_frames: Callable[[str, list[int]], dict[int, np.ndarray]]
) -> None:
    manifest = manifest_for(
        shared_data / "weights" / "yolov8n_coco_640_int8.tflite",
        kind="detector", name="yolov8n", picture={"colour": "rgb", "scale": 1 / 255}, boxes={"unit_boxes": True},
    )  # fmt: skip
    both = Switched(models.load(manifest, threads=1), models.load("levee-s", threads=1))
    frames = clip_frames("campus_road_elevated.mp4", [0, 240, 280])
    counts = [both.count(frames[at], View("road")) for at in (0, 240, 280)]
    assert [count.method for count in counts] == ["detector:yolov8n"] * 3
    assert [count.total.value for count in counts] == [0, 4, 4]  # as by eye
    crossing = clip_frames("street_crossing_paris.avi", [102])[102]
    assert both.count(crossing, View("crossing")).method == "density:levee-s"
