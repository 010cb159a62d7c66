"""How large heads are in a calibrated picture, against a pinhole camera whose truth is known."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edge.capture import Frame
from edge.counting import Counting
from edge.ground import calibrate
from edge.metrics import Metrics
from edge.plan import make_plan
from edge.scale import HEAD_M, head_px, head_range
from edge.settings import BoxSettings, ZoneSettings
from edge.zone import make_zone
from models import View
from models.counter import Count

NEAR = ((-3.0, 10.0), (3.0, 10.0), (3.0, 14.0), (-3.0, 14.0))
FAR = ((-3.0, 24.0), (3.0, 24.0), (3.0, 30.0), (-3.0, 30.0))


def true_px(camera: Any, places: np.ndarray, height: float = 1.55) -> np.ndarray:
    """Of a sphere at those places: focal length over depth, longer the farther it lies from the middle."""
    world = np.column_stack([places, camera.elevation(places) + height]) - np.array([0, 0, camera.height])
    depth = (world @ camera.rotation().T)[:, 2]
    return np.asarray(camera.focal / depth * HEAD_M * np.linalg.norm(world, axis=1) / depth)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tilt": 20.0, "height": 6.0},
        {"tilt": 60.0, "height": 14.0, "yaw": 30.0},
        {"tilt": 35.0, "roll": 4.0, "focal": 1400.0},
        {"tilt": 25.0, "slope": (0.0, 0.3)},
    ],
)
def test_heads_measure_what_a_pinhole_shows(pinhole: Callable[..., Any], changes: dict[str, Any]) -> None:
    camera = pinhole(**changes)
    places = camera.places(60, margin=40)
    assert len(places) > 20
    found = head_px(calibrate(camera.settings()), places)
    assert found == pytest.approx(true_px(camera, places), rel=0.03)


def test_a_view_straight_down_is_told_from_the_ground_alone(pinhole: Callable[..., Any]) -> None:
    camera = pinhole(tilt=89.0)
    places = camera.places(40, margin=100)
    found = head_px(calibrate(camera.settings(head_height_m=0)), places)
    # a disc on the ground is not drawn out towards the edge of the picture, as a sphere is
    assert found == pytest.approx(np.full(len(places), camera.focal / camera.height * HEAD_M), rel=0.1)


def test_what_lies_behind_the_camera_has_no_size(pinhole: Callable[..., Any]) -> None:
    ground = calibrate(pinhole().settings())
    assert np.isnan(head_px(ground, np.array([[0.0, -30.0]]))).all()
    assert head_range(ground, []) is None


def box(camera: Any, *polygons: tuple[tuple[float, float], ...]) -> BoxSettings:
    zones = tuple(ZoneSettings(name=f"z{i}", camera="cam", polygon=each) for i, each in enumerate(polygons))
    plain = camera.settings(name="plain", picture_px=None, ground_points=())
    return BoxSettings(site="s", box="b", cameras=(camera.settings(), plain), zones=zones)


def test_the_range_over_the_zones_of_a_camera(pinhole: Callable[..., Any]) -> None:
    camera = pinhole(tilt=20.0, height=8.0)
    ground = calibrate(camera.settings())
    ranges = []
    for polygon in (NEAR, FAR):
        zone = make_zone(ZoneSettings(name="z", camera="cam", polygon=polygon), ground)
        low, high = head_range(ground, [zone])  # type: ignore[misc]
        corners = true_px(camera, np.array(polygon))
        assert corners.min() * 0.97 < low < high < corners.max() * 1.03
        assert high - low > 0.5 * (corners.max() - corners.min())
        ranges.append((low, high))
    plan = make_plan(box(camera, NEAR, FAR))
    low, high = plan.head_px("cam", 1280)  # type: ignore[misc]
    assert ranges[1][0] <= low < ranges[1][1] < ranges[0][0] < high <= ranges[0][1]
    assert plan.head_px("cam", 640) == pytest.approx((low / 2, high / 2))
    assert plan.head_px("plain", 640) is None


class Asked:
    name, digest = "density:asked", "0" * 64

    def __init__(self) -> None:
        self.views: list[View | None] = []

    def count(self, frame: np.ndarray, view: View | None = None) -> Count:
        self.views.append(view)
        return Count(np.zeros((9, 16), np.float32), (frame.shape[1], frame.shape[0]), None, self.name, False, ())


def test_the_counter_is_told_how_large_heads_are(pinhole: Callable[..., Any]) -> None:
    settings = box(pinhole(), NEAR)
    plan, counter = make_plan(settings), Asked()
    counting = Counting(settings, plan, counter, {}, threading.Event(), Metrics().took)
    for camera, size in (("cam", (1280, 720)), ("cam", (640, 360)), ("plain", (640, 360))):
        counting.count(Frame(np.zeros((size[1], size[0], 3), np.uint8), 0, 1.0, 0.0, camera))
    full, half, plain = counter.views
    assert full is not None
    assert half is not None
    assert full.camera == "cam"
    assert full.head_px == plan.head_px("cam", 1280)
    assert half.head_px == pytest.approx(tuple(px / 2 for px in full.head_px))  # type: ignore[union-attr]
    assert plain == View("plain")
