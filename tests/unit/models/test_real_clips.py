"""Our own counter on frames of real clips, against people counted by eye (real_clip_counts.yaml)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

import models

ROWS = yaml.safe_load(Path(__file__).with_name("real_clip_counts.yaml").read_text())
NEARLY = 0.75
"""Of one person or none no count can be right within a third: this many people are granted."""

LIMIT = {"campus_road_elevated.mp4": 7.5, "underpass_commuters.mp4": 12.0}
"""People by which the weights of today may be off in a frame of the clips that they do not count within a third; why
they miss stands in docs/models/levee-s.md. A limit may only go down."""


@pytest.fixture(scope="module")
def counter() -> models.Counter:
    return models.load("levee-s", threads=1)


@pytest.mark.parametrize("clip", sorted(ROWS))
def test_counts_are_right_within_a_third(
    clip: str, counter: models.Counter, clip_frames: Callable[[str, list[int]], dict[int, np.ndarray]]
) -> None:
    rows = {row["frame"]: row for row in ROWS[clip]}
    misses = []
    for number, frame in clip_frames(clip, list(rows)).items():
        row, found = rows[number], counter.count(frame).total.value
        granted = LIMIT.get(clip, NEARLY)
        low, high = row["low"] - max(row["low"] / 3, granted), row["high"] + max(row["high"] / 3, granted)
        if not low <= found <= high:
            misses.append(f"frame {number}: {found:.1f}, by eye {row['count']}")
    assert not misses, f"{clip}: " + "; ".join(misses)
