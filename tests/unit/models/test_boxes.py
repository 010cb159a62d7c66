"""Reading a detector's output, on tables made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.boxes import Letterbox, decode, heads, suppress
from models.counter import CountRefused
from models.detector import points_to_grid
from models.registry import Boxes


def centres(*rows: tuple[float, float, float, float, int, float]) -> np.ndarray:
    """(1, 84, n) of (x, y, w, h, class, score)."""
    out = np.zeros((1, 84, max(len(rows), 8)), np.float32)
    for i, (x, y, w, h, kind, score) in enumerate(rows):
        out[0, :4, i] = x, y, w, h
        out[0, 4 + kind, i] = score
    return out


def test_persons_are_kept_duplicates_and_other_classes_are_not() -> None:
    output = centres(
        (100, 100, 40, 80, 0, 0.9),
        (102, 101, 40, 80, 0, 0.8),  # the same person again
        (300, 100, 40, 80, 0, 0.6),
        (300, 300, 40, 80, 2, 0.9),  # a car
        (500, 300, 40, 80, 0, 0.1),  # too unsure
    )
    corners, scores = decode(output, Boxes())
    assert scores.tolist() == pytest.approx([0.9, 0.6])
    assert corners.tolist() == [[80, 60, 120, 140], [280, 60, 320, 140]]


def test_a_candidate_that_is_rather_something_else_is_no_person() -> None:
    output = centres((100, 100, 40, 80, 0, 0.5))
    output[0, 4 + 16, 0] = 0.7
    assert len(decode(output, Boxes())[0]) == 0


def test_boxes_in_shares_of_the_input_are_scaled() -> None:
    output = centres((0.5, 0.5, 0.1, 0.2, 0, 0.9))
    corners, _ = decode(output, Boxes(unit_boxes=True, size=640))
    assert corners[0].tolist() == pytest.approx([288, 256, 352, 384])


def test_the_form_without_duplicates() -> None:
    output = np.zeros((1, 300, 6), np.float32)
    output[0, 0] = 10, 20, 30, 60, 0.5, 0
    output[0, 1] = 50, 20, 70, 60, 0.9, 0
    output[0, 2] = 90, 20, 99, 60, 0.9, 7
    corners, scores = decode(output, Boxes(confidence=0.3))
    assert scores.tolist() == pytest.approx([0.9, 0.5])
    assert corners[0].tolist() == [50, 20, 70, 60]


@pytest.mark.parametrize("shape", [(84, 8400), (2, 84, 8400), (1, 3, 8400), (1, 1, 40, 40)])
def test_an_output_that_is_no_list_of_boxes_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(CountRefused, match=r"output|class"):
        decode(np.zeros(shape, np.float32), Boxes())


@given(st.integers(0, 10**6), st.integers(0, 60), st.floats(0.1, 0.9))
def test_suppression_keeps_the_best_and_no_two_that_overlap(seed: int, number: int, overlap: float) -> None:
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 100, (number, 2))
    corners = np.hstack([low, low + rng.uniform(5, 60, (number, 2))]).astype(np.float32)
    scores = rng.random(number).astype(np.float32)
    kept = suppress(corners, scores, overlap)
    assert len(set(kept.tolist())) == len(kept)
    if number:
        assert kept[0] == scores.argmax()
    assert (np.diff(scores[kept]) <= 0).all()
    for i, a in enumerate(kept):
        for b in kept[i + 1 :]:
            inter = np.maximum(
                np.minimum(corners[a, 2:], corners[b, 2:]) - np.maximum(corners[a, :2], corners[b, :2]), 0
            ).prod()
            areas = sum(float((corners[k, 2:] - corners[k, :2]).prod()) for k in (a, b))
            assert inter <= overlap * (areas - inter) * (1 + 1e-5)


@pytest.mark.parametrize("size", [(640, 360), (360, 640), (1280, 720), (100, 640), (33, 4000)])
def test_letterbox_there_and_back(size: tuple[int, int]) -> None:
    place = Letterbox.of(*size, 640)
    box = np.array([[1, 2, size[0] - 1, size[1] - 2]], np.float32)
    inside = box * place.scale + np.array([place.left, place.top] * 2, np.float32)
    assert (inside >= -0.01).all()
    assert (inside <= 640.01).all()
    assert place.back(inside) == pytest.approx(box, abs=1e-2)


def test_heads_and_their_cells() -> None:
    points = heads(np.array([[10, 0, 30, 80], [620, 340, 660, 400]], np.float32))
    assert points[0].tolist() == [20, 10]
    grid = points_to_grid(np.array([[0, 0], [639.9, 359.9], [320, 180]], np.float32), 640, 360)
    assert grid.sum() == 3
    assert grid[0, 0] == 1
    assert grid[-1, -1] == 1
