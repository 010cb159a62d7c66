"""Lenses, mounts, stairs and ramps, against true cameras: what each is for, and the sentences of their refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge.camera_settings import CameraSettings, ElevationSettings, GroundPoint, MountSettings
from edge.ground import Ground, calibrate
from edge.lens import Lens
from edge.points import GroundRefused
from edge.scale import head_px
from edge.settings import ZoneSettings
from edge.zone import make_zone
from sample_videos.camera import Pinhole
from sample_videos.scenes import scene

MOUNT = MountSettings(height_m=9.0, tilt_deg=23.0, roll_deg=1.0, yaw_deg=-12.0, position_m=(1.5, -13.5))
TRUE = Pinhole((1.5, -13.5, 9.0), -12.0, 23.0, 840.0, (1280, 720), 1.0, (-0.09, 0.01))


def camera(**changes: object) -> CameraSettings:
    return CameraSettings(name="cam", source=0, picture_px=(1280, 720), **changes)  # type: ignore[arg-type]


def places(count: int = 80, seed: int = 0) -> np.ndarray:
    """On the ground, seen by TRUE with feet and head."""
    drawn = np.random.default_rng(seed).uniform([-20, -10], [20, 25], (4000, 2))
    seen = np.ones(len(drawn), bool)
    for z in (0.0, 1.6):
        pixels, depth = TRUE.project(np.column_stack([drawn, np.full(len(drawn), z)]))
        seen &= TRUE.inside(pixels, 2) & (depth > 0)
    return drawn[seen][:count]


def points(at: np.ndarray, z: np.ndarray | float = 0.0, view: Pinhole = TRUE) -> tuple[GroundPoint, ...]:
    z = np.broadcast_to(z, len(at))
    pixels, _ = view.project(np.column_stack([at, z]))
    return tuple(
        GroundPoint(pixel=(float(u), float(v)), ground=(float(x), float(y)), z=float(h))
        for (u, v), (x, y), h in zip(pixels, at, z, strict=True)
    )


def off_m(ground: Ground, view: Pinhole, at: np.ndarray, above: float = 1.6) -> float:
    """The largest error of heads in metres on the ground."""
    heads, _ = view.project(np.column_stack([at, ground.height(at) + above]))
    return float(np.hypot(*(ground.to_ground(heads, height_m=above) - at).T).max())


def test_a_mount_sees_what_the_true_camera_sees() -> None:
    ground = calibrate(camera(mount=MOUNT, focal_px=840.0, distortion=(-0.09, 0.01)))
    at = places()
    assert off_m(ground, TRUE, at) < 0.01
    pixels, _ = TRUE.project(np.column_stack([at, np.full(len(at), 1.6)]))
    assert np.abs(ground.to_picture(at, height_m=1.6) - pixels).max() < 0.05
    assert ground.residual_m is None  # nothing was measured, so nothing is claimed
    zone = make_zone(ZoneSettings(name="z", camera="cam", polygon=((-5, 3), (5, 3), (5, 11), (-5, 11))), ground)
    assert zone.area_m2 == pytest.approx(80.0)


def test_a_field_of_view_says_the_focal_length() -> None:
    wide = MountSettings(height_m=9.0, tilt_deg=23.0, field_of_view_deg=float(np.degrees(2 * np.arctan(640 / 840))))
    assert calibrate(camera(mount=wide)).focal_px == pytest.approx(840.0)
    for refused in (camera(mount=MOUNT), camera(mount=wide, focal_px=800.0)):
        with pytest.raises(GroundRefused, match="one of `focal_px` and `field_of_view_deg`"):
            calibrate(refused)


def test_points_beside_a_mount_check_it() -> None:
    view = Pinhole(TRUE.position, TRUE.yaw, TRUE.tilt, TRUE.focal, TRUE.size, TRUE.roll)
    good = camera(mount=MOUNT, focal_px=840.0, ground_points=points(places(3), view=view))
    residual = calibrate(good).residual_m
    assert residual is not None
    assert residual < 0.01
    tilted = MountSettings(height_m=9.0, tilt_deg=27.0, yaw_deg=-12.0, roll_deg=1.0, position_m=(1.5, -13.5))
    with pytest.raises(GroundRefused, match=r"do not fit the mount: residual \d+\.\d\d m .* point \d is off by"):
        calibrate(camera(mount=tilted, focal_px=840.0, ground_points=points(places(3), view=view)))
    level = MountSettings(height_m=9.0, tilt_deg=1.0, position_m=(1.5, -13.5))
    with pytest.raises(GroundRefused, match="do not fit the mount"):
        calibrate(camera(mount=level, focal_px=840.0, ground_points=points(places(3), view=view)))


@settings(max_examples=30, deadline=None)
@given(k1=st.floats(-0.25, 0.05), k2=st.floats(0.0, 0.03), focal=st.floats(700, 2000))
def test_a_bent_lens_is_made_straight_and_bent_again(k1: float, k2: float, focal: float) -> None:
    try:
        lens = Lens((1280, 720), focal, k1, k2)
    except GroundRefused:
        assume(False)
    pixels = np.random.default_rng(1).uniform(0, 1, (200, 2)) * [1280, 720]
    assert np.abs(lens.bent(lens.straight(pixels)) - pixels).max() < 0.02
    view = Pinhole((0.0, 0.0, 9.0), 0.0, 30.0, focal, (1280, 720), 0.0, (k1, k2))
    flat = view.flat(pixels) * focal + np.array([640.0, 360.0])
    assert np.abs(lens.straight(pixels) - flat).max() < 0.1


def test_without_its_lens_a_view_is_refused_or_wrong_and_with_it_right() -> None:
    bent = Pinhole(TRUE.position, TRUE.yaw, TRUE.tilt, TRUE.focal, TRUE.size, TRUE.roll, (-0.2, 0.02))
    drawn = places(400, seed=4)
    at = drawn[bent.inside(bent.project(np.column_stack([drawn, np.zeros(len(drawn))]))[0], 2)]
    measured = points(at[:14], view=bent)
    right = calibrate(camera(ground_points=measured, focal_px=840.0, distortion=(-0.2, 0.02)))
    assert off_m(right, bent, at[:80]) < 0.02
    plain = calibrate(camera(ground_points=measured, residual_limit_m=10.0))
    assert off_m(plain, bent, at[:80]) > 0.4
    with pytest.raises(GroundRefused, match="`distortion` needs the `focal_px`"):
        calibrate(camera(ground_points=measured, distortion=(-0.2, 0.02)))
    with pytest.raises(GroundRefused, match="folds the picture over"):
        calibrate(camera(ground_points=measured, focal_px=840.0, distortion=(-1.2, 0.0)))


def test_straight_edges_tell_the_lens() -> None:
    bent = Pinhole(TRUE.position, TRUE.yaw, TRUE.tilt, TRUE.focal, TRUE.size, TRUE.roll, (-0.18, 0.0))
    lines = []
    straight = Pinhole(bent.position, bent.yaw, bent.tilt, bent.focal, bent.size, bent.roll)
    edges = (((60, 90), (1220, 120)), ((100, 650), (1180, 640)), ((110, 70), (90, 640)), ((1150, 60), (1100, 650)))
    for number, (one, other) in enumerate(edges):
        along = np.array(one) + np.linspace(0, 1, 9)[:, None] * (np.array(other) - one)
        pixels = bent.project(np.array(bent.position) + straight.rays(along))[0]
        clicks = pixels + np.random.default_rng(number).normal(0, 0.3, (9, 2))
        lines.append(tuple((float(u), float(v)) for u, v in clicks))
    at = places(400, seed=4)
    at = at[bent.inside(bent.project(np.column_stack([at, np.zeros(len(at))]))[0], 2)]
    ground = calibrate(camera(ground_points=points(at[:14], view=bent), straight_lines=tuple(lines)))
    assert off_m(ground, bent, at[:80]) < 0.25
    crooked = ((100.0, 300.0), (500.0, 350.0), (900.0, 300.0), (1200.0, 400.0))
    with pytest.raises(GroundRefused, match="straight line 5 stays bent"):
        calibrate(camera(ground_points=points(at[:14], view=bent), straight_lines=(*lines, crooked)))
    with pytest.raises(GroundRefused, match="straight line 1 has 2 points"):
        calibrate(camera(ground_points=points(at[:14], view=bent), straight_lines=(lines[0][:2],)))


def test_heads_bent_by_the_lens_have_the_size_that_is_seen() -> None:
    ground = calibrate(camera(mount=MOUNT, focal_px=840.0, distortion=(-0.2, 0.02)))
    at = places(30)
    derivative = ground.derivative(at, height_m=1.55)
    for axis, step in enumerate(([1e-4, 0], [0, 1e-4])):
        moved = (
            ground.to_picture(at + step, height_m=1.55) - ground.to_picture(at - np.array(step), height_m=1.55)
        ) / 2e-4
        assert np.abs(moved - derivative[:, :, axis]).max() < 0.05
    assert np.isfinite(head_px(ground, at)).all()


def test_two_flights_and_a_landing_are_no_plane() -> None:
    filmed = scene("steps")
    assert filmed.stairs is not None
    view = filmed.camera
    line = tuple((0.0, float(y), float(filmed.height(np.array([[0.0, y]]))[0])) for y in np.linspace(-1, 8.4, 40))
    marks = np.array(filmed.marks, float)
    measured = points(marks[:, :2], marks[:, 2], view)
    stairs = CameraSettings(
        name="cam", source=0, picture_px=view.size, ground_points=measured, elevation=(ElevationSettings(line=line),)
    )
    ground = calibrate(stairs)
    assert ground.focal_px == pytest.approx(view.focal, rel=0.02)
    at = np.random.default_rng(3).uniform([-2.8, 0.1], [2.8, 7.4], (200, 2))
    heads, _ = view.project(np.column_stack([at, filmed.height(at) + 1.55]))
    off = np.hypot(*(ground.to_ground(heads, height_m=1.55) - at).T)
    assert np.median(off) < 0.03
    assert np.quantile(off, 0.99) < 0.2


def test_a_ramp_beside_level_ground_has_an_area_of_its_own() -> None:
    ramp = ElevationSettings(line=((0, 0, 0), (0, 10, 1.5)), area=((2, 0), (6, 0), (6, 10), (2, 10)))
    ground = calibrate(camera(mount=MOUNT, focal_px=840.0, distortion=(-0.09, 0.01), elevation=(ramp,)))
    assert ground.height(np.array([[0.0, 5.0], [4.0, 5.0], [4.0, 0.0]])) == pytest.approx([0.0, 0.75, 0.0])
    for at in (np.array([[-3.0, 6.0]]), np.array([[4.0, 6.0]])):
        assert off_m(ground, TRUE, at) < 0.02


@pytest.mark.parametrize(
    ("elevation", "says"),
    [
        (((0, 0, 0), (0, 0, 2)), "ends where it begins"),
        (((0, 0, 0), (0, 4, 1), (0, 3, 2), (0, 8, 2)), "place 3 does not lie further along"),
        (((0, 0, 0), (0, 1, 9), (0, 8, 9)), r"between places 1 and 2 the ground rises 9\.0 m a metre"),
        (((0, 0, 0), (0, float("nan"), 2)), "not finite"),
    ],
)
def test_elevations_that_are_no_ground_are_refused(elevation: tuple, says: str) -> None:
    piece = ElevationSettings(line=elevation)
    with pytest.raises(GroundRefused, match=says) as caught:
        calibrate(camera(mount=MOUNT, focal_px=840.0, elevation=(piece,)))
    assert caught.value.setting[:2] == ("elevation", 0)


def test_areas_and_points_that_contradict_an_elevation_are_refused() -> None:
    line = ((0.0, -10.0, 0.0), (0.0, 25.0, 5.0))
    for area, says in ((((0, 0), (1, 0), (2, 0)), "no extent"), (((0, 0), (4, 4), (4, 0), (0, 4)), "no extent|cross")):
        with pytest.raises(GroundRefused, match=says):
            calibrate(camera(mount=MOUNT, focal_px=840.0, elevation=(ElevationSettings(line=line, area=area),)))
    view = Pinhole(TRUE.position, TRUE.yaw, TRUE.tilt, TRUE.focal, TRUE.size, TRUE.roll)
    with pytest.raises(GroundRefused, match=r"was measured \d+\.\d\d m above or below what `elevation` says"):
        calibrate(camera(ground_points=points(places(8), view=view), elevation=(ElevationSettings(line=line),)))
