"""The pinhole: pixels and metres agree, both ways."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample_videos.camera import Pinhole

VIEW = Pinhole((1.0, -2.0, 9.0), 20.0, 35.0, 700.0, (640, 360), 3.0)


def test_the_axes_are_orthonormal_and_right_handed() -> None:
    assert np.allclose(VIEW.rotation @ VIEW.rotation.T, np.eye(3))
    assert np.linalg.det(VIEW.rotation) == pytest.approx(1.0)


def test_the_optical_axis_meets_the_ground_where_the_tilt_says() -> None:
    camera = Pinhole((0.0, 0.0, 10.0), 0.0, 45.0, 500.0, (640, 360))
    pixels, depth = camera.project(np.array([[0.0, 10.0, 0.0]]))
    assert pixels[0] == pytest.approx([320, 180])
    assert depth[0] == pytest.approx(10 * np.sqrt(2))


@pytest.mark.parametrize(("point", "side"), [((5.0, 10.0, 0.0), "right"), ((-5.0, 10.0, 0.0), "left")])
def test_east_is_right_when_looking_north(point: tuple[float, float, float], side: str) -> None:
    camera = Pinhole((0.0, 0.0, 10.0), 0.0, 45.0, 500.0, (640, 360))
    u = camera.project(np.array([point]))[0][0, 0]
    assert (u > 320) == (side == "right")


@given(st.floats(-6, 6), st.floats(6, 20), st.floats(0, 3))
def test_a_projected_point_is_found_again_on_its_plane(x: float, y: float, z: float) -> None:
    pixels, depth = VIEW.project(np.array([[x, y, z]]))
    assert depth[0] > 0
    assert VIEW.on_plane(pixels, z)[0] == pytest.approx([x, y], abs=1e-6)


def test_a_ray_above_the_horizon_meets_no_ground() -> None:
    assert np.isnan(Pinhole((0, 0, 5.0), 0, 5.0, 300.0, (640, 360)).on_plane(np.array([[320.0, 2.0]]))).all()


@pytest.mark.parametrize(("height", "focal"), [(0.0, 500.0), (-1.0, 500.0), (5.0, 0.0)])
def test_a_camera_that_cannot_be_is_refused(height: float, focal: float) -> None:
    with pytest.raises(ValueError, match=r"camera stands|must be positive"):
        Pinhole((0, 0, height), 0, 30, focal, (640, 360))
