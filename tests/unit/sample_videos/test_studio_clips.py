"""The committed clips: they decode, they are small, and what happens in them is what was promised."""

from __future__ import annotations

import sys
from itertools import pairwise
from subprocess import run

import cv2
import numpy as np
import pytest
import yaml

import sample_videos
from sample_videos.camera import Pinhole
from sample_videos.density import Zone
from sample_videos.figures.skeleton import HEAD_SHARE

NAMES = ("evening", "plaza", "steps")


def smooth(values: np.ndarray, frames: int) -> np.ndarray:
    return np.convolve(values, np.ones(frames) / frames, mode="valid")


def test_the_three_clips_are_here_and_small() -> None:
    assert sample_videos.names() == NAMES
    sizes = [sample_videos.clip(name).stat().st_size for name in NAMES]
    assert max(sizes) < 6e6
    assert sum(sizes) < 12e6


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no sample clip is called 'bund'; there are evening, plaza, steps"):
        sample_videos.clip("bund")


def test_the_public_surface_needs_numpy_only() -> None:
    heavy = "('cv2', 'av', 'yaml', 'scipy')"
    code = (
        f"import sys, sample_videos; sample_videos.truth('evening'); sys.exit(any(m in sys.modules for m in {heavy}))"
    )
    assert run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_decodes_to_as_many_frames_as_its_truth(name: str) -> None:
    truth = sample_videos.truth(name)
    video = cv2.VideoCapture(str(sample_videos.clip(name)))
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(truth.fps)
    frames = 0
    while video.grab():
        frames += 1
    assert frames == len(truth)


@pytest.mark.parametrize("name", NAMES)
def test_truth_and_camera_agree(name: str) -> None:
    truth = sample_videos.truth(name)
    scene = yaml.safe_load(sample_videos.camera_file(name).read_text())
    pin = scene["pinhole"]
    camera = Pinhole(tuple(pin["position_m"]), pin["yaw_deg"], pin["tilt_deg"], pin["focal_px"],
                     tuple(scene["picture_px"]), pin["roll_deg"], tuple(pin.get("distortion", (0, 0))))  # fmt: skip
    assert np.allclose(camera.rotation, pin["rotation"], atol=1e-6)
    for point in scene["ground_points"]:
        pixels, _ = camera.project(np.array([[*point["ground"], point["z"]]]))
        assert pixels[0] == pytest.approx(point["pixel"], abs=0.06)
    for frame in truth.head_frames[::60]:
        heads = truth.heads(frame)
        assert len(heads.ident) == truth.in_picture[frame]
        high = heads.head
        if np.isnan(high).any():  # filmed by an earlier studio, whose people stood upright
            high = heads.ground + np.column_stack([np.zeros((len(heads.ident), 2)), heads.height * HEAD_SHARE])
        assert np.abs(camera.project(high)[0] - heads.pixels).max(initial=0) < 1.0
        for zone in scene["zones"]:
            polygon = Zone(zone["name"], tuple(tuple(corner) for corner in zone["polygon"]))
            known = truth.zones[zone["name"]]
            assert polygon.area == pytest.approx(known.area_m2, abs=1e-3)
            assert polygon.people(heads.ground[:, :2]) == known.people[frame]
            assert known.mean[frame] == pytest.approx(known.people[frame] / known.area_m2, abs=1e-3)
            assert polygon.worst(heads.ground[:, :2]) == pytest.approx(known.worst[frame], abs=0.11)


def test_the_steps_pass_each_tier_in_order_and_stay_high() -> None:
    worst = sample_videos.truth("steps").zones["steps"].worst
    assert len(worst) == 1500
    assert worst[:100].max() < 0.9
    window = smooth(worst, 120)
    crossed = [int(np.argmax(window > level)) / 10 + 12 for level in (1.5, 2.0, 2.7, 3.5)]
    assert all(later - earlier >= 8 for earlier, later in pairwise(crossed)), crossed
    assert crossed[0] > 20
    assert crossed[-1] < 105
    assert worst[1150:].min() > 4.5


def test_the_plaza_fills_calmly_and_the_evening_is_quiet() -> None:
    plaza = sample_videos.truth("plaza").zones["plaza"].worst
    assert plaza[:50].mean() < 1.3
    assert 1.6 < smooth(plaza, 120).max() < 2.5
    evening = sample_videos.truth("evening")
    assert evening.zones["promenade"].worst.max() < 1.0
    assert evening.in_picture.max() <= 25
    assert evening.in_picture.min() >= 2


@pytest.mark.parametrize("name", NAMES)
def test_most_heads_in_the_picture_can_be_seen(name: str) -> None:
    truth = sample_videos.truth(name)
    seen = np.concatenate([truth.heads(frame).visible for frame in truth.head_frames[::10]])
    assert (seen >= 0.25).mean() > 0.85
