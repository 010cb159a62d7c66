"""People put on the ground by hand, and what the zone makes of the grid that they are seen in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.density import ZoneDensity, smoothed
from edge.ground import calibrate
from edge.settings import ZoneSettings
from edge.zone import Zone, make_zone
from wire import Band

SHAPE = (90, 160)
WINDOW = 10.0**0.5


@dataclass(frozen=True)
class Estimated:
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Grid:
    """A count whose band is 20 % either way."""

    grid: NDArray[np.float32]

    def within(self, weights: NDArray[np.floating]) -> Estimated:
        value = float((self.grid * weights).sum())
        return Estimated(value, 0.8 * value, 1.2 * value)


def zone_of(pinhole: Callable, polygon: tuple[tuple[float, float], ...], **view: object) -> Zone:
    ground = calibrate(pinhole(**view).settings())
    return make_zone(ZoneSettings(name="z", camera="cam", polygon=polygon), ground)


def seen(pinhole: Callable, people: NDArray[np.float64], shape: tuple[int, int] = SHAPE, **view: float) -> Grid:
    heads = pinhole(**view).see(people, above=1.55) / np.array([1280, 720]) * [shape[1], shape[0]]
    grid = np.zeros(shape, dtype=np.float32)
    inside = ((heads >= 0) & (heads < [shape[1], shape[0]])).all(axis=1)
    column, row = heads[inside].astype(int).T
    np.add.at(grid, (row, column), 1.0)
    return Grid(grid)


PLAZA = ((-4.0, 9.0), (4.0, 9.0), (4.0, 21.0), (-4.0, 21.0))


def crowd(seed: int, count: int = 200) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform([-4, 9], [4, 21], (count, 2))


@pytest.mark.parametrize("shape", [(45, 80), (90, 160), (64, 64)])
def test_all_who_stand_inside_are_counted_and_nobody_outside(pinhole: Callable, shape: tuple[int, int]) -> None:
    zone = ZoneDensity(zone_of(pinhole, PLAZA), shape)
    inside = crowd(1) * [0.9, 1.0] * [1, 0.9] + [0, 1.4]
    outside = inside + np.array([9.0, 0.0])
    figures = zone.figures(seen(pinhole, np.concatenate([inside, outside]), shape))
    assert figures.count.value == pytest.approx(200, rel=0.02)
    assert figures.count.low == pytest.approx(0.8 * figures.count.value)
    assert figures.density == pytest.approx(figures.count.value / 96.0, rel=0.01)


def test_a_cell_counts_by_its_share(pinhole: Callable) -> None:
    left = zone_of(pinhole, ((-4.0, 9.0), (0.1, 9.0), (0.1, 21.0), (-4.0, 21.0)))
    right = zone_of(pinhole, ((0.1, 9.0), (4.0, 9.0), (4.0, 21.0), (0.1, 21.0)))
    whole = zone_of(pinhole, PLAZA)
    # Two halves make the whole, cell by cell, though their border runs through the cells.
    halves = left.cover((20, 30)).weights() + right.cover((20, 30)).weights()
    weights = whole.cover((20, 30)).weights()
    # Each zone is sampled at a pitch of its own: a border may fall on either side of a row of samples.
    assert np.abs(halves - weights).max() < 0.07
    assert halves.sum() == pytest.approx(weights.sum(), rel=0.005)
    assert weights.max() <= 1.0


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), clump=st.tuples(st.floats(-2.5, 2.5), st.floats(11, 19)))
def test_the_worst_cell_is_that_of_a_search_over_the_people(
    pinhole: Callable, seed: int, clump: tuple[float, float]
) -> None:
    people = crowd(seed, 100)
    knot = np.random.default_rng(seed + 1).uniform(-1.2, 1.2, (35, 2)) + clump
    people = np.concatenate([people, knot[(np.abs(knot[:, 0]) < 4)]])
    figures = ZoneDensity(zone_of(pinhole, PLAZA), SHAPE).figures(seen(pinhole, people))
    truth = 0.0
    # Whole windows reach every place of this zone, so that none over its edge competes.
    for x in np.linspace(-4, 4 - WINDOW, 12):
        for y in np.linspace(9, 21 - WINDOW, 20):
            inside = ((people >= [x, y]) & (people < [x + WINDOW, y + WINDOW])).all(axis=1)
            truth = max(truth, inside.sum() / WINDOW**2)
    # Cells of the grid are half a metre of ground, so that people at a window's edge count by halves.
    assert figures.peak_density.value == pytest.approx(truth, rel=0.15)
    assert figures.peak_density.value >= figures.density
    assert figures.peak_density.low <= figures.peak_density.value <= figures.peak_density.high
    place = np.array(figures.peak_place)
    assert (np.abs(place + WINDOW / 2 - clump) < 3.0).all()


def test_nobody_is_nobody_everywhere(pinhole: Callable) -> None:
    figures = ZoneDensity(zone_of(pinhole, PLAZA), SHAPE).figures(Grid(np.zeros(SHAPE, dtype=np.float32)))
    assert (figures.count.value, figures.density, figures.peak_density.value) == (0.0, 0.0, 0.0)


def test_a_zone_below_ten_square_metres_is_one_cell(pinhole: Callable) -> None:
    small = ZoneDensity(zone_of(pinhole, ((-1.5, 12.0), (1.5, 12.0), (1.5, 15.0), (-1.5, 15.0))), SHAPE)
    figures = small.figures(seen(pinhole, crowd(4, 400)))
    assert figures.peak_density.value == pytest.approx(figures.density)
    assert figures.peak_density.high == pytest.approx(figures.count.high / 9.0, rel=0.02)


def test_a_narrow_zone_is_judged_by_what_fits(pinhole: Callable) -> None:
    narrow = ZoneDensity(zone_of(pinhole, ((-0.75, 9.0), (0.75, 9.0), (0.75, 21.0), (-0.75, 21.0))), SHAPE)
    people = np.random.default_rng(0).uniform([-0.5, 14], [0.5, 17], (20, 2))
    # 20 people in 1.5 m x 3.16 m of a path 1.5 m wide.
    assert narrow.figures(seen(pinhole, people)).peak_density.value == pytest.approx(20 / (1.5 * WINDOW), rel=0.1)


#: A plaza of 8 m x 6 m with a path 1.5 m wide leading on from it.
PAN = ((-4.0, 9.0), (4.0, 9.0), (4.0, 15.0), (0.75, 15.0), (0.75, 23.0), (-0.75, 23.0), (-0.75, 15.0), (-4.0, 15.0))


def test_a_narrow_part_of_a_wide_zone_is_not_left_out(pinhole: Callable) -> None:
    zone = ZoneDensity(zone_of(pinhole, PAN), SHAPE)
    people = np.random.default_rng(0).uniform([-0.6, 18.5], [0.6, 21.5], (27, 2))
    # 27 people in 1.5 m x 3.16 m, of which 4.74 m² are taken for 5 m².
    assert zone.figures(seen(pinhole, people)).peak_density.value == pytest.approx(27 / 5, rel=0.12)


def test_one_person_in_a_sliver_is_no_crowd(pinhole: Callable) -> None:
    for polygon in (PAN, PLAZA):
        zone = ZoneDensity(zone_of(pinhole, polygon), SHAPE)
        for place in polygon:
            person = np.array([place]) * [0.95, 0.99] + [0, 0.1]
            assert zone.figures(seen(pinhole, person)).peak_density.value <= 0.2 + 1e-6


def test_moving_zone_and_people_together_changes_nothing(pinhole: Callable) -> None:
    """Seen straight down the view looks the same everywhere, so that only the zone's own geometry can differ."""
    view = {"tilt": 89.0, "height": 40.0, "focal": 1000.0}
    people = np.random.default_rng(9).uniform([-6, -4], [4, 2], (150, 2))
    peaks = []
    for shift in ([0.0, 0.0], [3.3, 2.1]):
        corners = np.array([(-6.0, -4.0), (4.0, -4.0), (4.0, 2.0), (-6.0, 2.0)]) + shift
        camera = pinhole(**view).settings(focal_px=1000.0)
        zone = make_zone(
            ZoneSettings(name="z", camera="cam", polygon=tuple(map(tuple, corners.tolist()))), calibrate(camera)
        )
        figures = ZoneDensity(zone, SHAPE).figures(seen(pinhole, people + shift, SHAPE, **view))
        assert figures.count.value == pytest.approx(150, rel=0.03)
        peaks.append(figures.peak_density.value)
    assert peaks[0] == pytest.approx(peaks[1], rel=0.12)


def test_a_grid_of_another_shape_is_refused(pinhole: Callable) -> None:
    with pytest.raises(ValueError, match=r"\(10, 10\) where \(90, 160\)"):
        ZoneDensity(zone_of(pinhole, PLAZA), SHAPE).figures(Grid(np.zeros((10, 10), dtype=np.float32)))


def band(value: float) -> Band:
    return Band(value=value, low=value / 2, high=value * 2)


@pytest.mark.parametrize(
    ("before", "now", "elapsed", "smoothing", "value"),
    [
        (None, 8.0, 1.0, 3.0, 8.0),
        (4.0, 8.0, 1.0, 0.0, 8.0),
        (4.0, 8.0, 0.0, 3.0, 4.0),
        (4.0, 8.0, 3.0, 3.0, 4.0 * np.exp(-1) + 8.0 * (1 - np.exp(-1))),
        (4.0, 8.0, 1e9, 3.0, 8.0),
        (4.0, 8.0, -5.0, 3.0, 4.0),
    ],
)
def test_smoothing(before: float | None, now: float, elapsed: float, smoothing: float, value: float) -> None:
    result = smoothed(None if before is None else band(before), band(now), elapsed, smoothing)
    assert (result.value, result.low, result.high) == pytest.approx((value, value / 2, value * 2))


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1), st.floats(1, 3)), min_size=2, max_size=30))
def test_smoothing_keeps_a_band_in_order(steps: list[tuple[float, float, float]]) -> None:
    state: Band | None = None
    for value, low, high in steps:
        state = smoothed(state, Band(value=value, low=value * low, high=value * high), 0.3, 2.0)
        assert 0 <= state.low <= state.value <= state.high
