"""The ground plane against a pinhole camera whose truth is known, and the sentences of its refusals."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge.ground import calibrate
from edge.points import GroundRefused
from edge.settings import CameraSettings, GroundPoint, ZoneSettings
from edge.zone import make_zone

SQUARE = [((100, 650), (-5, 5)), ((1180, 650), (5, 5)), ((900, 200), (6, 25)), ((380, 200), (-6, 25))]


def camera(points: list[tuple[tuple[float, float], tuple[float, float]]], **changes: object) -> CameraSettings:
    fields: dict[str, object] = {
        "name": "cam",
        "source": 0,
        "picture_px": (1280, 720),
        "ground_points": tuple(GroundPoint(pixel=pixel, ground=ground) for pixel, ground in points),
        "residual_limit_m": 10.0,
        **changes,
    }
    return CameraSettings(**fields)  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(
    tilt=st.floats(12, 75),
    yaw=st.floats(-170, 170),
    roll=st.floats(-10, 10),
    height=st.floats(3, 25),
    focal=st.floats(500, 2500),
    slope=st.tuples(st.floats(-0.2, 0.2), st.floats(-0.4, 0.4)),
)
def test_focal_and_head_plane_are_found_from_exact_points(
    pinhole: Callable, tilt: float, yaw: float, roll: float, height: float, focal: float, slope: tuple
) -> None:
    # The lens stands at x = y = 0: turned by `yaw` the world turns with it.
    view = pinhole(tilt=tilt, roll=roll, height=height, focal=focal, slope=slope)
    places = view.places(60, margin=5)
    pixels = view.see(places)
    assume(len(places) == 60 and np.ptp(pixels, axis=0).min() > 200 and np.ptp(places, axis=0).min() > 1)
    turn = np.radians(yaw)
    turned = places @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    points = tuple(
        GroundPoint(pixel=(float(u), float(v)), ground=(float(x), float(y)), z=float(z))
        for (u, v), (x, y), z in zip(pixels[:12], turned[:12], view.elevation(places)[:12], strict=True)
    )
    ground = calibrate(msgspec.structs.replace(view.settings(places[:12]), ground_points=points))
    assert ground.focal_px == pytest.approx(focal, rel=1e-3)
    heads = view.see(places, above=1.6)
    back = ground.to_ground(heads, height_m=1.6)
    seen = ~np.isnan(back).any(axis=1)
    off = np.hypot(*(back - turned)[seen].T)
    assert off.max() < 0.005
    again = ground.to_picture(back[seen], height_m=1.6)
    assert np.abs(again - heads[seen]).max() < 0.01


@pytest.mark.parametrize("noise_px", [0.5, 1.0])
def test_inexact_clicks_move_heads_by_decimetres_and_not_by_metres(pinhole: Callable, noise_px: float) -> None:
    view = pinhole()
    places = view.places(10, seed=3)
    clicks = np.random.default_rng(5).normal(0, noise_px, (10, 2))
    exact = view.settings(places)
    points = tuple(
        msgspec.structs.replace(p, pixel=tuple(np.clip(np.array(p.pixel) + c, 0, view.size)))
        for p, c in zip(exact.ground_points, clicks, strict=True)
    )
    ground = calibrate(msgspec.structs.replace(exact, ground_points=points))
    inner = view.places(100, seed=4)
    inner = inner[inner[:, 1] < 25]
    off = np.hypot(*(ground.to_ground(view.see(inner, above=1.6), height_m=1.6) - inner).T)
    assert np.nanmedian(off) < 0.25
    # Without the height of heads they would stand metres further away.
    wrong = np.hypot(*(ground.to_ground(view.see(inner, above=1.6)) - inner).T)
    assert np.nanmedian(wrong) > 2.0


def test_four_points_on_steps_are_enough(pinhole: Callable) -> None:
    view = pinhole(slope=(0.0, 0.5), height=14.0)
    ground = calibrate(view.settings(view.corners()[:4]))
    assert ground.plane == pytest.approx((0.0, 0.5, 0.0), abs=1e-9)
    inner = view.places(50, seed=2)
    assert np.abs(ground.to_ground(view.see(inner, above=1.6), height_m=1.6) - inner).max() < 0.01


def test_a_pixel_above_the_horizon_shows_no_ground(pinhole: Callable) -> None:
    ground = calibrate(pinhole(tilt=12.0).settings())
    assert np.isnan(ground.to_ground(np.array([[640.0, 1.0]]))).all()
    assert not np.isnan(ground.to_ground(np.array([[640.0, 700.0]]))).any()


def test_straight_down_needs_the_focal_length(pinhole: Callable) -> None:
    places = np.array([[-4.0, -2.0], [4.0, -2.0], [4.0, 2.0], [-4.0, 2.0]])
    view = pinhole(tilt=90.0, height=12.0)
    with pytest.raises(GroundRefused, match=r"focal_px.*head_height_m: 0"):
        calibrate(view.settings(places))
    ground = calibrate(view.settings(places, focal_px=900.0))
    assert np.abs(ground.to_ground(view.see(places, above=1.6), height_m=1.6) - places).max() < 1e-3
    flat = calibrate(view.settings(places, head_height_m=0.0))
    assert np.abs(flat.to_ground(view.see(places)) - places).max() < 1e-6


def test_the_digest_follows_what_was_measured(pinhole: Callable) -> None:
    one = pinhole().settings()
    assert calibrate(one).digest == calibrate(msgspec.structs.replace(one, name="other")).digest
    assert calibrate(one).digest != calibrate(msgspec.structs.replace(one, head_height_m=1.5)).digest


@pytest.mark.parametrize(
    ("points", "says"),
    [
        (SQUARE[:3], "four ground points or more are needed, not 3"),
        ([*SQUARE[:3], ((1400, 200), (-6, 25))], r"point 4 \(pixel 1400, 200\) lies outside the picture of 1280 x 720"),
        ([*SQUARE[:3], ((380, -3), (-6, 25))], "point 4 .* lies outside the picture"),
        ([*SQUARE, ((380.4, 200), (-6, 20))], "points 4 and 5 are the same place in the picture"),
        ([*SQUARE, ((600, 400), (-5, 5))], "points 1 and 5 are the same place on the ground"),
        ([*SQUARE[:3], ((640, 650), (0, 12))], "points 1, 2 and 4 lie on one line in the picture"),
        ([*SQUARE[:2], ((900, 200), (0, 5)), SQUARE[3]], "points 1, 2 and 3 lie on one line on the ground"),
        (
            [
                ((100, 600), (0, 0)),
                ((300, 500), (1, 1)),
                ((500, 400), (2, 2)),
                ((700, 300), (3, 3)),
                ((640, 650), (0, 3)),
            ],
            "points 1, 2, 3 and 4 lie on one line in the picture",
        ),
        ([SQUARE[0], SQUARE[2], (SQUARE[1][0], SQUARE[2][1]), SQUARE[3]], "same place"),
        (
            [(SQUARE[0][0], SQUARE[0][1]), (SQUARE[2][0], SQUARE[1][1]), (SQUARE[1][0], SQUARE[2][1]), SQUARE[3]],
            "crossed: points 2 and 3 seem to be exchanged",
        ),
        ([(pixel, (y, x)) for pixel, (x, y) in SQUARE], "mirrored"),
        ([*SQUARE[:3], ((380, 200), (float("nan"), 25))], "point 4 holds a number that is not finite"),
        ([*SQUARE[:3], ((380, 200), (-6, 2.5e6))], "point 4 lies more than 100 km"),
    ],
)
def test_bad_points_are_refused_with_a_sentence_that_says_which(points: list, says: str) -> None:
    with pytest.raises(GroundRefused, match=says) as caught:
        calibrate(camera(points))
    assert caught.value.setting[0] == "ground_points"
    assert "\n" not in str(caught.value)


def test_the_one_point_that_does_not_fit_is_named(pinhole: Callable) -> None:
    view = pinhole()
    places = view.places(9, seed=1)
    exact = view.settings(places)
    wrong = list(exact.ground_points)
    x, y = wrong[6].ground
    wrong[6] = msgspec.structs.replace(wrong[6], ground=(x + 3.0, y + 2.0))
    with pytest.raises(GroundRefused, match=r"residual \d+\.\d\d m \(limit 0\.5 m\), point 7 is off|point 7 lies on"):
        calibrate(msgspec.structs.replace(exact, ground_points=tuple(wrong)))


def test_a_point_off_the_plane_of_the_others_is_named(pinhole: Callable) -> None:
    exact = pinhole().settings()
    points = list(exact.ground_points)
    points[1] = msgspec.structs.replace(points[1], z=9.0)
    with pytest.raises(GroundRefused, match="do not lie on one plane: point"):
        calibrate(msgspec.structs.replace(exact, ground_points=tuple(points)))


@pytest.mark.parametrize(
    ("polygon", "says"),
    [
        (((-3, 8), (3, 16), (3, 8), (-3, 16)), "crosses itself: its edges 1-2 and 3-4 meet"),
        (((-3, 8), (3, 8), (3, 8), (-3, 16)), "corners 2 and 3 are the same place"),
        (((0, 10), (0.5, 10), (0.5, 10.5), (0, 10.5)), r"an area of 0\.25 m² cannot be"),
        (((-2000, 10), (2000, 10), (2000, 2510), (-2000, 2510)), r"an area of 10,000,000\.00 m² cannot be"),
        (((-3, 10), (3, 10), (3, -30), (-3, -30)), "corner 3 .* lies beyond the horizon or behind the camera"),
        (((-3, 10), (40, 10), (40, 16), (-3, 16)), r"\d+% of the zone lies outside the picture of 1280 x 720"),
        (((-3, 10), (3, 10), (3, float("inf")), (-3, 16)), "not finite"),
    ],
)
def test_bad_zones_are_refused(pinhole: Callable, polygon: tuple, says: str) -> None:
    ground = calibrate(pinhole().settings())
    with pytest.raises(GroundRefused, match=says) as caught:
        make_zone(ZoneSettings(name="z", camera="cam", polygon=polygon), ground)
    assert caught.value.setting[0] == "polygon"
    assert re.fullmatch(r"[^\n]+", str(caught.value))


def test_a_zone_may_be_closed_and_wound_either_way(pinhole: Callable) -> None:
    ground = calibrate(pinhole().settings())
    corners = ((-3.0, 10.0), (3.0, 10.0), (3.0, 16.0), (-3.0, 16.0))
    for polygon in (corners, corners[::-1], (*corners, corners[0])):
        assert make_zone(ZoneSettings(name="z", camera="cam", polygon=polygon), ground).area_m2 == pytest.approx(36.0)
