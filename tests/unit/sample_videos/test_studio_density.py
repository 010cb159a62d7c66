"""Zones and their worst cell, by cases that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sample_videos.density import Zone

SQUARE = Zone("square", ((0, 0), (10, 0), (10, 10), (0, 10)))
SLANTED = Zone("slanted", ((0, 0), (8, 2), (6, 9), (-1, 6)))


def test_area_is_the_shoelace_whatever_the_turn() -> None:
    assert SQUARE.area == 100
    assert Zone("back", SQUARE.corners[::-1]).area == 100


def test_people_are_those_inside() -> None:
    assert SQUARE.people(np.array([[5, 5], [9.9, 0.1], [10.1, 5], [-0.1, 5]])) == 2


@pytest.mark.parametrize(
    ("points", "worst"),
    [
        (np.zeros((0, 2)), 0.0),
        (np.full((30, 2), 5.0), 3.0),
        (np.vstack([np.full((12, 2), 1.0), np.full((20, 2), 8.0)]), 2.0),
        (np.full((9, 2), 11.0), 0.0),
    ],
)
def test_the_worst_cell_is_the_fullest_square_of_ten_square_metres(points: np.ndarray, worst: float) -> None:
    assert SQUARE.worst(points) == pytest.approx(worst)


def test_cells_lie_inside_a_slanted_zone() -> None:
    side = np.sqrt(10)
    for dx, dy in ((0.001, 0.001), (side - 0.001, 0.001), (0.001, side - 0.001), (side - 0.001, side - 0.001)):
        assert SLANTED.inside(SLANTED.cells + np.array([dx, dy])).all()
    assert len(SLANTED.cells) > 3


def test_a_zone_smaller_than_a_cell_is_one_cell() -> None:
    small = Zone("small", ((0, 0), (2, 0), (2, 2), (0, 2)))
    assert small.worst(np.array([[1.0, 1.0], [1.5, 1.0], [5, 5]])) == pytest.approx(0.5)


@pytest.mark.parametrize("corners", [((0, 0), (1, 1)), ((0, 0), (1, 1), (2, 2))])
def test_a_zone_without_area_is_refused(corners: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match="three or more corners"):
        Zone("line", corners)
