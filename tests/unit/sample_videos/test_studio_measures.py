"""Flow, counterflow and pressure by cases that can be worked out by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from sample_videos.density import Zone
from sample_videos.ledger import GateTruth
from sample_videos.measures import Gate, counterflow, mean_speed, pressure

SQUARE = Zone("square", ((0, 0), (8, 0), (8, 8), (0, 8)))
GATE = Gate("gate", (0.0, 0.0), (4.0, 0.0))


@pytest.mark.parametrize(
    ("before", "after", "crossed"),
    [
        ([(1, -1)], [(1, 1)], (1, 0)),
        ([(1, 1)], [(1, -1)], (0, 1)),
        ([(5, -1)], [(5, 1)], (0, 0)),
        ([(3, -1)], [(6, 1)], (0, 0)),  # passes beside the end
        ([(1, 0)], [(1, 1)], (0, 0)),  # stood on the line: already in
        ([(1, -1), (2, -1), (3, 1)], [(1, 1), (2, 2), (3, -2)], (2, 1)),
        ([], [], (0, 0)),
    ],
)
def test_a_gate_counts_ways_over_it(before: list, after: list, crossed: tuple[int, int]) -> None:
    ways = (np.array(points, float).reshape(-1, 2) for points in (before, after))
    assert GATE.crossings(*ways) == crossed


def test_a_walk_in_small_steps_crosses_once() -> None:
    path = np.column_stack([np.full(41, 2.0), np.linspace(-2, 2, 41)])
    assert sum(GATE.crossings(a[None], b[None])[0] for a, b in pairwise(path)) == 1


def test_a_gate_without_width_is_refused() -> None:
    with pytest.raises(ValueError, match=r"gate 'g' is 0\.00 m wide"):
        Gate("g", (1, 1), (1, 1))


def test_flow_is_crossings_a_minute_over_the_time_before() -> None:
    steady = GateTruth("gate", 4.0, 10.0, np.arange(1, 601), np.zeros(600, np.int64))
    inward, outward = steady.flow(10.0)
    assert np.allclose(inward, 600)
    assert not outward.any()
    burst = GateTruth("gate", 4.0, 10.0, np.where(np.arange(600) < 300, 0, 5), np.zeros(600, np.int64))
    assert burst.flow(20.0)[0][310] == pytest.approx(15)
    assert burst.flow(20.0)[0][599] == 0


def test_counterflow_is_the_share_that_walks_against_the_rest() -> None:
    north, south, idle = np.array([[0, 1.2]]), np.array([[0, -0.8]]), np.array([[0.05, 0]])
    mixed = np.vstack([np.repeat(north, 6, 0), np.repeat(south, 2, 0), np.repeat(idle, 9, 0)])
    assert counterflow(mixed) == pytest.approx(0.25)
    assert counterflow(-mixed) == pytest.approx(0.25)
    assert counterflow(mixed, way=(0, -1)) == pytest.approx(0.75)
    assert counterflow(np.repeat(north, 4, 0)) == 0
    assert np.isnan(counterflow(idle))
    assert np.isnan(counterflow(np.zeros((0, 2))))


def test_speed_is_the_mean_and_nobody_has_none() -> None:
    assert mean_speed(np.array([[3.0, 4.0], [0, 0]])) == pytest.approx(2.5)
    assert np.isnan(mean_speed(np.zeros((0, 2))))


def test_pressure_is_density_times_the_spread_of_velocities() -> None:
    points = np.full((20, 2), 4.0)
    velocity = np.zeros((20, 2))
    velocity[:10, 0], velocity[10:, 0] = 0.3, -0.3
    assert pressure(SQUARE, points, velocity) == pytest.approx(2.0 * 0.09)
    assert pressure(SQUARE, points, np.full((20, 2), 0.7)) == pytest.approx(0, abs=1e-12)
    assert pressure(SQUARE, points[:2], velocity[9:11]) == 0
    assert pressure(SQUARE, points + 100, velocity) == 0
    small = Zone("small", ((0, 0), (2, 0), (2, 2), (0, 2)))
    assert pressure(small, np.ones((4, 2)), velocity[8:12]) == pytest.approx(1.0 * 0.09)
