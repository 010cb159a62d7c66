"""Reading a detector's output, on tables made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.boxes import Placement, decode, heads, suppress
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
@pytest.mark.parametrize("fit", ["letterbox", "stretch"])
@pytest.mark.parametrize("sides", [640, (448, 256)])
def test_into_the_input_and_back(size: tuple[int, int], fit: str, sides: int | tuple[int, int]) -> None:
    settings = Boxes(size=sides, fit=fit)  # type: ignore[arg-type]
    place = Placement.of(*size, settings)
    box = np.array([[1, 2, size[0] - 1, size[1] - 2]], np.float32)
    inside = box * np.tile(np.float32(place.scale), 2) + np.array([place.left, place.top] * 2, np.float32)
    assert (inside >= -0.01).all()
    assert (inside.reshape(2, 2) <= np.add(settings.sides, 0.01)).all()
    assert place.back(inside) == pytest.approx(box, abs=1e-2)
    if fit == "stretch":
        assert place.inner == settings.sides


def ssd(*rows: tuple[float, float, float, float, float, float, float]) -> np.ndarray:
    out = np.zeros((1, 1, 20, 7), np.float32)
    for i, row in enumerate(rows):
        out[0, 0, i] = row
    return out


def test_an_ssd_lists_corners_in_shares_of_the_input_until_a_picture_of_minus_one() -> None:
    output = ssd(
        (0, 0, 0.9, 0.1, 0.2, 0.3, 0.6),
        (0, 0, 0.8, 0.11, 0.21, 0.3, 0.6),  # the same person again
        (0, 1, 0.9, 0.5, 0.5, 0.6, 0.9),  # something else
        (0, 0, 0.1, 0.7, 0.2, 0.8, 0.6),  # too unsure
        (-1, 0, 0, 0, 0, 0, 0),
        (0, 0, 0.9, 0.7, 0.2, 0.8, 0.6),  # left over from another picture
    )
    corners, scores = decode(output, Boxes(form="ssd", size=(400, 200)))
    assert scores.tolist() == pytest.approx([0.9])
    assert corners[0].tolist() == pytest.approx([40, 40, 120, 120])


def test_yolox_is_read_from_its_grids() -> None:
    cells = {8: 64 // 8 * (128 // 8), 16: 64 // 16 * (128 // 16), 32: 64 // 32 * (128 // 32)}
    output = np.zeros((1, sum(cells.values()), 7), np.float32)
    at = cells[8] + 1 * 8 + 3  # of the grid of 16 px: row 1, column 3
    output[0, at] = 0.5, 0.25, np.log(2), np.log(3), 0.9, 0.8, 0.1
    corners, scores = decode(output, Boxes(form="yolox", size=(128, 64)))
    assert scores.tolist() == pytest.approx([0.72])
    middle, half = np.array([3.5 * 16, 1.25 * 16]), np.array([16, 24])
    assert corners[0] == pytest.approx(np.concatenate([middle - half, middle + half]))


@pytest.mark.parametrize(
    ("form", "shape"), [("ssd", (1, 84, 8400)), ("ssd", (1, 1, 200, 6)), ("yolox", (1, 100, 85)), ("yolox", (1, 1000))]
)
def test_an_output_of_another_form_than_the_manifest_says_is_refused(form: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(CountRefused, match="output"):
        decode(np.zeros(shape, np.float32), Boxes(form=form))  # type: ignore[arg-type]


def test_heads_and_their_cells() -> None:
    points = heads(np.array([[10, 0, 30, 80], [620, 340, 660, 400]], np.float32))
    assert points[0].tolist() == [20, 10]
    grid = points_to_grid(np.array([[0, 0], [639.9, 359.9], [320, 180]], np.float32), 640, 360)
    assert grid.sum() == 3
    assert grid[0, 0] == 1
    assert grid[-1, -1] == 1
