"""Our own counter on the sample clips, against their exact truth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import models
import sample_videos

FRAMES = 10
"""Looked at in each clip, spread evenly over it."""
WITHIN = 0.15
CROWD = 10
"""Frames with fewer people say nothing about shares of them."""


@pytest.mark.parametrize("name", sample_videos.names())
def test_the_total_is_near_the_truth(name: str) -> None:
    counter = models.load("levee-s", threads=1)
    truth = sample_videos.truth(name)
    capture = cv2.VideoCapture(str(sample_videos.clip(name)))
    length = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    wanted = {round(at / 5) * 5 for at in np.linspace(0, length - 6, FRAMES)}
    found, true = [], []
    for index in range(length):
        assert capture.grab()
        if index in wanted:
            people = len(truth.heads(index).pixels)
            if people >= CROWD:
                found.append(counter.count(capture.retrieve()[1]).total.value)
                true.append(people)
    capture.release()
    assert len(true) >= 3, f"{name} hardly ever shows {CROWD} people"
    error = float(np.abs(np.subtract(found, true)).mean() / np.mean(true))
    pairs = ", ".join(f"{f:.0f}/{t}" for f, t in zip(found, true, strict=True))
    assert error <= WITHIN, f"{name}: off by {error:.0%}, more than {WITHIN:.0%} (counted/true: {pairs})"
