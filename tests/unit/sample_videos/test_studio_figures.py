"""Skeleton and poses: limbs keep their lengths, feet stand on the ground, heads are where people's heads are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample_videos.figures import poses, wardrobe
from sample_videos.figures import skeleton as sk
from sample_videos.figures.placed import stand

UP = [habit for habit in range(len(poses.HABITS)) if habit != poses.SIT]


def matrices(habit: int, phase: float, pace: float, height: float = 1.70) -> np.ndarray:
    one = np.array([habit])
    pose = poses.pose(np.array([phase]), np.array([pace]), one, np.array([11]), 3.0)
    return sk.bones(pose, np.zeros((1, 3)), np.zeros(1), np.array([height]), np.ones(1))[0]


def joint(bones: np.ndarray, bone: int) -> np.ndarray:
    return bones[bone, :, :3] @ sk.REST[bone] + bones[bone, :, 3]


@given(st.sampled_from(range(len(poses.HABITS))), st.floats(0, 1), st.floats(0, 2.2))
def test_limbs_keep_their_lengths_and_meet_at_their_joints(habit: int, phase: float, pace: float) -> None:
    bones = matrices(habit, phase, pace)
    for first, second, length in (
        (sk.THIGH_L, sk.SHIN_L, sk.THIGH),
        (sk.SHIN_R, sk.FOOT_R, sk.SHIN),
        (sk.ARM_L, sk.FOREARM_L, sk.UPPER_ARM),
        (sk.FOREARM_R, sk.HAND_R, sk.FOREARM),
    ):
        assert np.linalg.norm(joint(bones, second) - joint(bones, first)) == pytest.approx(length, abs=1e-6)
        carried = bones[first, :, :3] @ sk.REST[second] + bones[first, :, 3]
        assert np.allclose(carried, joint(bones, second), atol=1e-6)
        assert np.allclose(bones[first, :, :3] @ bones[first, :, :3].T, np.eye(3), atol=1e-9)


@given(st.sampled_from(UP), st.floats(0, 1), st.floats(0, 2.0))
def test_one_foot_always_stands_on_the_ground_and_none_sinks_in(habit: int, phase: float, pace: float) -> None:
    bones = matrices(habit, phase, pace)
    ankles = [joint(bones, bone)[2] for bone in (sk.FOOT_L, sk.FOOT_R)]
    assert min(ankles) == pytest.approx(0.085, abs=0.035)
    assert min(ankles) > 0.06


@given(st.sampled_from(UP), st.floats(0, 1), st.floats(0, 1.6), st.floats(1.1, 2.0))
def test_the_head_is_near_its_share_of_the_height(habit: int, phase: float, pace: float, height: float) -> None:
    head = sk.head_points(matrices(habit, phase, pace, height)[None])[0]
    assert head[2] / height == pytest.approx(sk.HEAD_SHARE, abs=0.08)
    assert np.hypot(head[0], head[1]) < 0.24 * height / 1.7


def test_a_standing_foot_does_not_slide_while_the_body_walks_over_it() -> None:
    pace, steps = 1.3, np.linspace(0.1, 0.4, 7)
    stride = float(poses.stride(np.array([pace]))[0])
    spots = [joint(matrices(poses.PLAIN, phase, pace), sk.FOOT_L)[1] + phase * stride for phase in steps]
    assert np.ptp(spots) < 0.06  # it rolls over heel and toes


def test_everybody_faces_where_they_are_turned_to() -> None:
    cast = wardrobe.cast(np.random.default_rng(1), 8)
    heading = np.linspace(-3, 3, 8)
    placed = stand(cast, np.zeros((8, 3)), heading, np.arange(1, 9))
    nose = placed.matrices[:, sk.HEAD, :, :3] @ np.array([0, 1.0, 0])
    seen = np.arctan2(-nose[:, 0], nose[:, 1])
    gap = (seen - heading + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(gap).max() < 0.8  # they look about
    assert np.abs(np.mean(gap)) < 0.3


def test_the_same_seed_dresses_the_same_people() -> None:
    first, again = (wardrobe.cast(np.random.default_rng(7), 30, "winter") for _ in range(2))
    assert all(np.array_equal(getattr(first, name), getattr(again, name)) for name in first.__dataclass_fields__)
    assert np.isin(first.garment, [2, 3, 4, 7]).all()  # nobody in shirtsleeves
