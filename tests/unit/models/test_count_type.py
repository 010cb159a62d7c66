"""Count.within and its band: properties that every counter's answer must have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.counter import Band, BandSide, Count, CountRefused, checked_frame, picture_flaws

sides = st.builds(
    BandSide,
    floor=st.floats(0, 3),
    poisson=st.floats(0, 8),
    relative=st.floats(0, 1.5),
)
bands = st.builds(Band, below=sides, above=sides)
grids = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    elements=st.floats(0, 50, width=32, allow_nan=False),
)


def made(grid: np.ndarray, band: Band | None = None, saturated: bool = False) -> Count:
    return Count(grid, (640, 360), None, "density:test", saturated, (), band or Band())


@given(grids, bands, st.booleans(), st.randoms(use_true_random=False))
def test_band_is_ordered_and_never_below_zero(grid: np.ndarray, band: Band, saturated: bool, random: object) -> None:
    share = np.random.default_rng(random.randint(0, 10**6)).random(grid.shape)  # type: ignore[attr-defined]
    found = made(grid, band, saturated).within(share)
    assert 0 <= found.low <= found.value <= found.high


@given(grids, bands)
def test_weights_of_one_are_the_total(grid: np.ndarray, band: Band) -> None:
    count = made(grid, band)
    assert count.within(np.ones(grid.shape)).value == pytest.approx(count.total.value, rel=1e-6, abs=1e-9)
    assert count.within(np.zeros(grid.shape)).value == 0.0


@given(grids, st.integers(0, 10**6))
def test_parts_add_up_to_the_whole(grid: np.ndarray, seed: int) -> None:
    share = np.random.default_rng(seed).random(grid.shape)
    count = made(grid)
    parts = count.within(share).value + count.within(1.0 - share).value
    assert parts == pytest.approx(count.total.value, rel=1e-5, abs=1e-6)


@given(grids, bands)
def test_a_saturated_count_has_a_higher_upper_bound_and_the_same_value(grid: np.ndarray, band: Band) -> None:
    plain, hidden = made(grid, band).total, made(grid, band, saturated=True).total
    assert hidden.value == plain.value
    assert hidden.low == plain.low
    assert hidden.high >= plain.high


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        (np.ones((2, 3)), "shape"),
        (np.full((3, 3), 1.1), "between 0 and 1"),
        (np.full((3, 3), -0.1), "between 0 and 1"),
        (np.full((3, 3), np.nan), "between 0 and 1"),
    ],
)
def test_weights_that_make_no_sense_are_refused(weights: np.ndarray, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        made(np.ones((3, 3), np.float32)).within(weights)


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (None, "NoneType"),
        ([[1, 2], [3, 4]], "list"),
        (np.zeros((100, 100, 3), np.float32), "float32"),
        (np.zeros((100, 100, 3), np.int16), "int16"),
        (np.zeros((100, 100, 2), np.uint8), "shape"),
        (np.zeros((100, 100, 5), np.uint8), "shape"),
        (np.zeros((2, 100, 100, 3), np.uint8), "shape"),
        (np.zeros((1, 1, 3), np.uint8), "1x1"),
        (np.zeros((17, 33, 3), np.uint8), "33x17"),
        (np.zeros((0, 640, 3), np.uint8), "640x0"),
    ],
)
def test_frames_that_cannot_be_counted_are_refused_in_one_line(frame: object, says: str) -> None:
    with pytest.raises(CountRefused, match=says) as refusal:
        checked_frame(frame)
    assert "\n" not in str(refusal.value)


def test_dark_and_blank_pictures_are_flagged_and_ordinary_ones_are_not() -> None:
    rng = np.random.default_rng(1)
    scene = rng.integers(0, 256, (240, 320, 3), np.uint8)
    assert picture_flaws(scene) == ()
    assert picture_flaws((scene // 12).astype(np.uint8)) == ("dark",)
    assert picture_flaws(np.zeros((240, 320, 3), np.uint8)) == ("dark",)
    assert picture_flaws(np.full((240, 320, 3), 140, np.uint8)) == ("blank",)
    night = (scene // 12).astype(np.uint8)
    night[100:120, 100:140] = 220  # a lit doorway: there is something to see
    assert picture_flaws(night) == ()
