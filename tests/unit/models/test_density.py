"""The density counter on pictures of every size."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import models
from models.counter import CountRefused
from models.density import ENLARGED_MOST, densest_block, fit, scale_for, to_input, without_haze
from models.registry import Picture, manifest_path, read_manifest


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
        np.zeros((10, 10, 3), np.uint8),
        np.zeros((360, 640, 2), np.uint8),
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
    frame = np.zeros((size[1], size[0], 3), np.uint8)
    assert fit(frame, scale_for(None, None, longest / max(size)), 8).shape[1::-1] == expected


GOOD_PX = (8.0, 48.0)


@pytest.mark.parametrize(
    ("seen", "most", "expected"),
    [
        (None, 2.0, 1.0),  # nothing known: as it is
        (None, 0.5, 0.5),
        ((10, 40), 2.0, 1.0),  # all within the range
        ((60, 96), 2.0, 0.5),  # too large: shrunk until the largest are within it
        ((10, 96), 2.0, 0.8),  # shrunk no further than the small ones allow
        ((5, 10), 4.0, 1.6),  # too small: enlarged until the smallest are within it
        ((5, 40), 4.0, 1.2),  # enlarged no further than the large ones allow
        ((5, 60), 4.0, 1.0),  # both ends out of range, and nothing helps
        ((1, 4), 9.0, ENLARGED_MOST),
        ((5, 10), 1.1, 1.1),  # never beyond what the cost allows
        ((60, 96), 0.25, 0.25),
        ((float("nan"), 10), 1.0, 1.0),
        ((0, 10), 1.0, 1.0),
        ((20, 10), 1.0, 1.0),
    ],
)
def test_scale_for_heads(seen: tuple[float, float] | None, most: float, expected: float) -> None:
    assert scale_for(GOOD_PX, seen, most) == pytest.approx(expected)
    assert scale_for(None, seen, most) == min(1.0, most)


@given(st.floats(0.5, 500), st.floats(1, 30), st.floats(0.05, 4))
def test_scaling_never_makes_a_head_that_was_well_seen_too_small(low: float, span: float, most: float) -> None:
    scale = scale_for(GOOD_PX, (low, low * span), most)
    plain = min(1.0, most)
    assert 0 < scale <= min(most, ENLARGED_MOST) + 1e-12
    if scale < plain:
        assert low * scale >= min(GOOD_PX[0], low * plain) * (1 - 1e-9)
    if scale > plain:
        assert low * span * scale <= GOOD_PX[1] * (1 + 1e-9)


def test_a_view_with_large_heads_is_counted_on_a_smaller_picture(tmp_path: Path) -> None:
    own = manifest_path("levee-s")
    manifest = msgspec.structs.replace(read_manifest(own), file=str(own.with_suffix(".onnx")))
    manifest = msgspec.structs.replace(manifest, picture=msgspec.structs.replace(manifest.picture, head_px=GOOD_PX))
    file = tmp_path / "scaled.yaml"
    file.write_text(yaml.safe_dump(msgspec.to_builtins(manifest)))
    scaled, frame = models.load(str(file), threads=1), scene(640, 352)
    assert scaled.count(frame).grid.shape == (44, 80)
    large = scaled.count(frame, models.View(head_px=(80, 96)))
    assert large.grid.shape == (22, 40)
    assert large.picture == (640, 352)
    small = scaled.count(frame, models.View(head_px=(4, 6)))
    assert small.grid.shape == (88, 160)
    assert small.picture == (640, 352)


def test_input_channels_follow_the_manifest() -> None:
    frame = np.zeros((32, 40, 3), np.uint8)
    frame[..., 0], frame[..., 2] = 10, 30
    assert to_input(frame, Picture(colour="bgr", multiple=32)).shape == (1, 3, 32, 64)
    assert to_input(frame, Picture(colour="bgr", multiple=8))[0, :, 0, 0].tolist() == [10, 0, 30]
    assert to_input(frame, Picture(colour="rgb", multiple=8))[0, :, 0, 0].tolist() == [30, 0, 10]
    assert to_input(frame, Picture(colour="grey", multiple=8)).shape == (1, 1, 32, 40)
    scaled = to_input(frame, Picture(colour="bgr", multiple=8, mean=10, scale=0.5))
    assert scaled[0, :, 0, 0].tolist() == [0, -5, 10]
    each = Picture(colour="rgb", multiple=8, mean=(30.0, 1.0, 5.0), scale=(1.0, 1.0, 0.5))
    assert to_input(frame, each)[0, :, 0, 0].tolist() == [0, -1, 2.5]
    assert to_input(frame, Picture(), fixed=(100, 50)).shape == (1, 3, 50, 100)


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
