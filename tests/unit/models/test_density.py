"""The density counter on pictures of every size."""

from __future__ import annotations

import numpy as np
import pytest

import models
from models.counter import CountRefused
from models.density import densest_block, fit, to_input, without_haze
from models.registry import Picture


@pytest.fixture(scope="module")
def counter() -> models.Counter:
    return models.load("levee-s", threads=1)


def scene(width: int, height: int, seed: int = 1) -> np.ndarray:
    """Smooth patches of colour with a little noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 200, (9, 16, 3)).astype(np.uint8)
    rows = np.arange(height) * 9 // height
    cols = np.arange(width) * 16 // width
    return (coarse[rows][:, cols] + rng.integers(0, 12, (height, width, 3))).astype(np.uint8)


@pytest.mark.parametrize(
    "size", [(32, 32), (33, 65), (640, 360), (641, 359), (322, 1000), (1920, 1080), (4000, 250), (6000, 5000)]
)
def test_any_size_gives_a_grid_that_covers_the_picture(counter: models.Counter, size: tuple[int, int]) -> None:
    count = counter.count(scene(*size))
    rows, cols = count.grid.shape
    assert count.picture == size
    assert count.grid.dtype == np.float32
    assert np.isfinite(count.grid).all()
    assert (count.grid >= 0).all()
    assert count.points is None
    assert count.method == "density:levee-s"
    # cells are square within the rounding of the sides to whole cells
    assert abs(size[0] / cols - size[1] / rows) <= 8 * (size[0] / (cols * cols) + size[1] / (rows * rows))


def test_the_same_picture_gives_the_same_count_again(counter: models.Counter) -> None:
    frame = scene(640, 360)
    first = counter.count(frame)
    counter.count(scene(320, 200, seed=2))
    again = counter.count(frame)
    assert np.array_equal(first.grid, again.grid)
    assert np.array_equal(first.grid, models.load("levee-s", threads=1).count(frame).grid)


def test_the_frame_is_left_as_it_was(counter: models.Counter) -> None:
    frame = scene(641, 359)
    before = frame.copy()
    counter.count(frame)
    assert np.array_equal(frame, before)


def test_more_sizes_than_are_kept_still_count(counter: models.Counter) -> None:
    first = counter.count(scene(128, 96)).total.value
    for side in range(160, 160 + 32 * 6, 32):
        counter.count(scene(side, 96))
    assert counter.count(scene(128, 96)).total.value == first


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((17, 33, 3), np.uint8),
        np.zeros((360, 640), np.uint8),
        np.zeros((360, 640, 4), np.uint8),
        np.zeros((360, 640, 3), np.float32),
    ],
)
def test_a_bad_frame_is_refused_and_the_next_good_one_is_counted(counter: models.Counter, frame: np.ndarray) -> None:
    with pytest.raises(CountRefused):
        counter.count(frame)
    assert counter.count(scene(64, 64)).grid.shape == (8, 8)


def test_a_dark_picture_is_degraded_not_empty(counter: models.Counter) -> None:
    assert "dark" in counter.count(np.zeros((360, 640, 3), np.uint8)).reasons


@pytest.mark.parametrize("shade", [20, 90, 160, 235])
def test_a_plain_wall_shows_nobody(counter: models.Counter, shade: int) -> None:
    rng = np.random.default_rng(shade)
    wall = np.clip(shade + rng.normal(0, 6, (360, 640, 3)), 0, 255).astype(np.uint8)
    assert counter.count(wall).total.value < 1.0


@pytest.mark.parametrize(
    ("size", "longest", "expected"),
    [
        ((640, 360), 1280, (640, 360)),
        ((641, 359), 1280, (640, 360)),
        ((1280, 720), 640, (640, 360)),
        ((10_000, 100), 1280, (1280, 16)),
        ((35, 35), 1280, (32, 32)),
    ],
)
def test_fit(size: tuple[int, int], longest: int, expected: tuple[int, int]) -> None:
    assert fit(np.zeros((size[1], size[0], 3), np.uint8), longest, 8).shape[1::-1] == expected


def test_input_channels_follow_the_manifest() -> None:
    frame = np.zeros((32, 40, 3), np.uint8)
    frame[..., 0], frame[..., 2] = 10, 30
    assert to_input(frame, Picture(colour="bgr", multiple=32)).shape == (1, 3, 32, 64)
    assert to_input(frame, Picture(colour="bgr", multiple=8))[0, :, 0, 0].tolist() == [10, 0, 30]
    assert to_input(frame, Picture(colour="rgb", multiple=8))[0, :, 0, 0].tolist() == [30, 0, 10]
    assert to_input(frame, Picture(colour="grey", multiple=8)).shape == (1, 1, 32, 40)
    scaled = to_input(frame, Picture(colour="bgr", multiple=8, mean=10, scale=0.5))
    assert scaled[0, :, 0, 0].tolist() == [0, -5, 10]


def test_densest_block() -> None:
    grid = np.zeros((5, 7), np.float32)
    grid[4, 6], grid[0, 0], grid[3, 3] = 2, 1, 1.5
    assert densest_block(grid, 4) == 2.5  # the block of cells (0..3, 0..3)
    assert densest_block(np.ones((8, 8), np.float32), 4) == 16


def test_haze_is_dropped_and_people_are_not() -> None:
    grid = np.full((12, 12), 0.01, np.float32)
    grid[5, 5], grid[5, 6], grid[6, 5] = 0.3, 0.4, 0.3  # a head, spread over three cells
    clear = without_haze(grid, 0.2)
    assert clear[0].sum() == 0
    assert clear[4:8, 4:8].sum() >= 1.0
    assert clear.sum() == pytest.approx(1.0, abs=0.2)
    assert np.array_equal(without_haze(grid, 0.0), grid)
    assert without_haze(clear, 0.2).sum() == pytest.approx(clear.sum())
