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

MISSED = {
    "campus_road_elevated.mp4": "a striped bollard and the near people count for more than one each",
    "underpass_commuters.mp4": "the signs at the far end count as heads",
}
"""Clips on which the weights of today miss, and why; docs/models/levee-s.md has the figures."""


@pytest.fixture(scope="module")
def counter() -> models.Counter:
    return models.load("levee-s", threads=1)


@pytest.mark.parametrize(
    "clip",
    [
        pytest.param(clip, marks=pytest.mark.xfail(reason=MISSED[clip], strict=False) if clip in MISSED else ())
        for clip in sorted(ROWS)
    ],
)
def test_counts_are_right_within_a_third(
    clip: str, counter: models.Counter, clip_frames: Callable[[str, list[int]], dict[int, np.ndarray]]
) -> None:
    rows = {row["frame"]: row for row in ROWS[clip]}
    misses = []
    for number, frame in clip_frames(clip, list(rows)).items():
        row, found = rows[number], counter.count(frame).total.value
        low, high = row["low"] - max(row["low"] / 3, NEARLY), row["high"] + max(row["high"] / 3, NEARLY)
        if not low <= found <= high:
            misses.append(f"frame {number}: {found:.1f}, by eye {row['count']}")
    assert not misses, f"{clip}: " + "; ".join(misses)
