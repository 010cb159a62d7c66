"""Training, export and evaluation on a handful of drawn pictures: that they work, go on after a kill, and agree."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.annotations import read_folder
from models.augment import Crops, crop, degrade, stamp, texture
from models.band import best_floor, cross_coverage, densest_blocks, fit, samples
from models.counter import Band
from models.data import Picture, cell_counts
from models.evaluate import QUARTERS, Counted


def test_points_keep_to_their_heads_when_a_picture_is_cropped_and_turned() -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    points = np.random.default_rng(2).uniform(20, 180, (12, 2)).astype(np.float32)
    for x, y in points:
        cv2.circle(image, (round(float(x)), round(float(y))), 4, (255, 255, 255), -1)
    half = cv2.resize(image, (150, 100), interpolation=cv2.INTER_AREA)
    seen = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        window, moved = crop(rng, image, half, points, Crops(width=128, height=128, scale_low=0.5, scale_high=2))
        for x, y in moved:
            if 4 <= x < 124 and 4 <= y < 124:
                assert window[round(float(y)), round(float(x))].max() > 120
                seen += 1
    assert seen > 60


def test_the_same_seed_draws_the_same_picture() -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    for seed in range(12):
        first, again = (degrade(np.random.default_rng(seed), image) for _ in range(2))
        assert np.array_equal(first, again)
        written, rewritten = (stamp(np.random.default_rng(seed), image) for _ in range(2))
        assert np.array_equal(written, rewritten)
        assert not np.array_equal(written, image)
        wall, twin = (texture(np.random.default_rng(seed), 96, 64) for _ in range(2))
        assert np.array_equal(wall, twin)
        assert wall.shape == (64, 96, 3)


def test_cells_count_the_points_inside() -> None:
    points = np.array([[0, 0], [7.9, 7.9], [8, 0], [15.9, 15.9], [16, 3], [-1, 2]], np.float32)
    assert cell_counts(points, 16, 16, 8).tolist() == [[2, 1], [0, 1]]


def test_the_fitted_band_holds_nine_in_ten() -> None:
    rng = np.random.default_rng(3)
    truth = rng.uniform(0, 300, 4000)
    counted = truth * np.exp(rng.normal(0, 0.12, 4000)) + np.abs(rng.normal(0, 0.4, 4000))
    band = fit(counted, truth)
    for low, high in ((0, 20), (20, 100), (100, 300)):
        inside = [
            band.around(c).low <= t <= band.around(c).high
            for c, t in zip(counted, truth, strict=True)
            if low <= t < high
        ]
        assert 0.82 <= np.mean(inside) <= 0.97
    with pytest.raises(ValueError, match="20"):
        fit(counted[:10], truth[:10])


def test_samples_of_parts_agree_with_the_points(folder: Path) -> None:
    picture = read_folder(folder)[11]
    grid = cell_counts(picture.points, 128, 96, 8)
    counted, truth = samples([Counted(picture, grid, (128, 96))], np.random.default_rng(1))
    assert counted.tolist() == truth.tolist()
    assert truth[0] == 11


def test_the_floor_is_chosen_to_clear_empty_pictures_without_losing_people() -> None:
    rng = np.random.default_rng(4)
    empty = Picture(Path("a"), "f", "a", np.zeros((0, 2), np.float32))
    haze = [Counted(empty, rng.uniform(0, 0.01, (20, 20)).astype(np.float32), (160, 160)) for _ in range(5)]
    heads = rng.uniform(8, 150, (30, 2)).astype(np.float32)
    crowd = Counted(Picture(Path("b"), "f", "b", heads), cell_counts(heads, 160, 160, 8), (160, 160))
    assert 0.05 <= best_floor([*haze, crowd]) < 1.0
    assert best_floor([crowd]) == 0.0


def test_by_cross_validation_the_band_of_a_steady_counter_holds_nine_in_ten() -> None:
    rng = np.random.default_rng(6)
    some = []
    for number in range(60):
        heads = rng.uniform(0, 160, (int(rng.integers(0, 200)), 2)).astype(np.float32)
        grid = cell_counts(heads, 160, 160, 8) * np.float32(np.exp(rng.normal(0, 0.15)))
        some.append(Counted(Picture(Path(str(number)), "f", str(number), heads), grid, (160, 160)))
    coverage = cross_coverage(some, rng)
    assert list(coverage) == ["whole pictures", *(f"regions, {name}" for name in QUARTERS)]
    assert coverage["whole pictures"][0] == 60
    assert sum(number for number, _ in list(coverage.values())[1:]) == 60 * 13
    assert all(75 <= percent <= 100 for _, percent in coverage.values())


@pytest.mark.parametrize("scale", [1, 4, 16])
def test_the_loss_is_least_at_the_truth_and_counts_a_missed_crowd_by_its_share(scale: int) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed (extra train)")
    from models.network import count_loss

    generator = torch.Generator().manual_seed(scale)
    few, many = (torch.poisson(torch.full((2, 1, 32, 32), mean), generator=generator) for mean in (0.05, 5.0))
    for truth in (few, many):
        at = float(count_loss(truth, truth, (scale,)))
        assert abs(at) < 1e-3
        assert float(count_loss(truth * 0.7, truth, (scale,))) > at < float(count_loss(truth * 1.4, truth, (scale,)))
    missed = [float(count_loss(truth * 0.5, truth, (16,))) for truth in (few, many)]
    assert missed[1] / missed[0] < 20, "a hundred times the people weigh less than twenty times as much"


def test_densest_blocks() -> None:
    points = np.array([[1, 1], [5, 5], [40, 1], [31, 31]], np.float32)
    pictures = [Picture(Path("a"), "f", "a", points), Picture(Path("b"), "f", "b", points[:0])]
    assert densest_blocks(pictures, 32).tolist() == [3, 0]


def test_a_run_that_was_killed_ends_where_it_would_have_ended(folder: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed (extra train)")
    pytest.importorskip("onnx", reason="onnx is not installed (extra train)")
    from models.export import Described, export
    from models.train import Plan, Source, Trainer, load_network, predict_grid

    source = Source(folder, crops=Crops(width=64, height=64, scale_low=0.8, scale_high=1.2))

    def plan(name: str) -> Plan:
        return Plan(
            out=tmp_path / name, sources=(source,), variant="levee-xs", steps=6, decay_steps=3, batch=2,
            warmup_steps=2, norm_steps=3, threads=1, save_every=2, score_every=6,
        )  # fmt: skip

    whole = Trainer(plan("whole"))
    whole.run()

    class Killed(Trainer):
        def _learn(self, step: int, x: object, y: object) -> float:
            if step == 3:
                raise KeyboardInterrupt
            return super()._learn(step, x, y)

    with pytest.raises(KeyboardInterrupt):
        Killed(plan("killed")).run()
    again = Trainer(plan("killed"))
    again.resume()
    assert again.step == 2
    again.run()
    for name, weights in whole.average.state_dict().items():
        assert torch.allclose(weights, again.average.state_dict()[name], atol=1e-5), name
    header = (tmp_path / "whole" / "log.csv").read_text().splitlines()[0]
    assert header == "step,minutes,rate,loss,dots_mae,dots_bias"

    network = load_network(again.checkpoint)
    manifest = export(network, tmp_path / "out", Described("dots", "", "", 1280, None, Band()))
    from models import load

    counter = load(str(tmp_path / "out" / "dots.yaml"), threads=1)
    assert counter.digest == manifest.sha256
    for picture in read_folder(folder)[::5]:
        image = picture.load()
        exported, trained = counter.count(image).grid, predict_grid(network, image)
        assert exported.shape == trained.shape
        assert np.abs(exported - trained).max() < 0.05 * trained.max() + 1e-3
