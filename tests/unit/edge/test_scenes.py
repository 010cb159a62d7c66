"""The rendered scenes' own geometry: from marks that a person could measure to figures, against the people's truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

import sample_videos
from edge.density import ZoneDensity
from edge.ground import calibrate
from edge.settings import CameraSettings, GroundPoint, ZoneSettings
from edge.zone import make_zone
from sample_videos.scenes import Scene, scenes


@dataclass(frozen=True)
class Estimated:
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Grid:
    grid: NDArray[np.float32]

    def within(self, weights: NDArray[np.floating]) -> Estimated:
        value = float((self.grid * weights).sum())
        return Estimated(value, value, value)


def camera(scene: Scene, noise_px: float) -> CameraSettings:
    pixels, _ = scene.camera.project(np.array(scene.marks, float))
    pixels = np.clip(pixels + np.random.default_rng(5).normal(0, noise_px, pixels.shape), 0, scene.camera.size)
    points = tuple(
        GroundPoint(pixel=(float(u), float(v)), ground=(float(x), float(y)), z=float(z))
        for (u, v), (x, y, z) in zip(pixels, scene.marks, strict=True)
    )
    return CameraSettings(name="cam", source=0, picture_px=scene.camera.size, ground_points=points)


@pytest.mark.parametrize("noise_px", [0.0, 0.7])
@pytest.mark.parametrize("name", sample_videos.names())
def test_a_perfect_counter_gives_the_truth_of_the_scene(name: str, noise_px: float) -> None:
    scene = scenes()[name]
    ground = calibrate(camera(scene, noise_px))
    assert ground.focal_px == pytest.approx(scene.camera.focal, rel=0.03)
    random = np.random.default_rng(7)
    for truth in scene.zones:
        zone = make_zone(ZoneSettings(name="z", camera="cam", polygon=truth.corners), ground)
        density = ZoneDensity(zone, (45, 80))
        low, high = np.min(truth.corners, axis=0), np.max(truth.corners, axis=0)
        count, worst = [], []
        for case in range(30):
            people = random.uniform(
                low - np.array([0, 2]), high + np.array([0, 2]), (int(truth.area * random.uniform(2, 4)), 2)
            )
            if case % 2:
                people[:50] = random.normal((low + high) / 2, 1.0, (50, 2))
            floor = scene.stairs.height(people) if scene.stairs is not None else np.zeros(len(people))
            heads, _ = scene.camera.project(np.column_stack([people, floor + random.normal(1.58, 0.07, len(people))]))
            heads = heads[scene.camera.inside(heads)]
            grid = np.zeros((45, 80), dtype=np.float32)
            column, row = (heads / 8).astype(int).T
            np.add.at(grid, (row, column), 1.0)
            figures = density.figures(Grid(grid))
            count.append(figures.count.value / truth.people(people) - 1)
            worst.append(figures.peak_density.value / truth.worst(people) - 1)
        # Cells of 8 px and heads of several heights: the rest is what the geometry does not know.
        assert abs(np.median(count)) < 0.05
        assert np.median(np.abs(count)) < 0.06
        assert abs(np.median(worst)) < 0.05
        assert np.median(np.abs(worst)) < 0.08


def test_a_landing_between_two_flights_is_known_to_be_level() -> None:
    """Taken for one inclined plane, heads in the middle of a flight would stand decimetres off."""
    scene = scenes()["steps"]
    assert scene.stairs is not None
    ground = calibrate(camera(scene, 0.0))
    assert ground.profile is not None
    places = np.column_stack([np.zeros(30), np.linspace(0.0, 7.5, 30)])
    heads, _ = scene.camera.project(np.column_stack([places, scene.stairs.height(places) + 1.6]))
    # The scene's walkers rise a little along the landing; without the profile the error would be half a metre.
    assert np.abs(ground.to_ground(heads, height_m=1.6) - places).max() < 0.2
    assert np.abs(ground.to_picture(places, height_m=1.6) - heads).max() < 7.0
