"""Faults of cameras: each does what it is called, from its second on."""

from __future__ import annotations

import numpy as np
import pytest

from sample_videos.faults import KINDS, NO_FAULT, read_fault

SIZE = (64, 48)


def frame(index: int) -> np.ndarray:
    return np.random.default_rng(index).integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)


def shown(text: str, frames: int = 60) -> list[np.ndarray | None]:
    faulty = (read_fault(text) if text else NO_FAULT).begin(SIZE, 5)
    return [faulty(index, frame(index)) for index in range(frames)]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_changes_before_its_second(kind: str) -> None:
    found = shown(f"{kind}@2")
    assert all(np.array_equal(found[index], frame(index)) for index in range(20))
    assert any(found[index] is None or not np.array_equal(found[index], frame(index)) for index in range(21, 60))


def test_without_a_fault_all_is_as_it_was() -> None:
    assert all(np.array_equal(found, frame(index)) for index, found in enumerate(shown("")))


def test_frozen_shows_one_frame_for_ever() -> None:
    found = shown("frozen@2")
    assert all(np.array_equal(found[index], frame(20)) for index in range(20, 60))


def test_a_loop_shows_the_last_seconds_again_and_again() -> None:
    found = shown("loop@4.5", 130)
    assert [np.array_equal(found[45 + k], frame(5 + k % 40)) for k in range(85)] == [True] * 85


def test_black_is_dark_but_not_without_noise() -> None:
    dark = shown("black@0")[9]
    assert dark is not None
    assert dark.max() < 20
    assert dark.std() > 0.5


@pytest.mark.parametrize("kind", ["painted", "fogged"])
def test_what_lies_before_the_glass_takes_the_detail_away(kind: str) -> None:
    last = shown(f"{kind}@0")[59]
    assert last is not None
    assert last.astype(float).std() < 0.5 * frame(59).astype(float).std()


def test_dropped_frames_are_missing_in_the_share_asked_for() -> None:
    for share in (0.3, 0.7):
        gone = sum(found is None for found in shown(f"dropped@0:{share}", 3000)) / 3000
        assert gone == pytest.approx(share, abs=0.08)
    assert all(found is None for found in shown("dropped@1:1", 60)[10:])


def test_a_turn_moves_the_picture_aside() -> None:
    plain = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    plain[20:28, 28:36] = 255
    turned = read_fault("turned@0:6").begin(SIZE, 1)(0, plain)
    assert turned is not None
    assert turned[24, 38].max() > 150
    assert turned[24, 30].max() < 150


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("melted@3", "expected KIND@SECOND"), ("frozen", "expected KIND@SECOND"), ("frozen@soon", "must be numbers"),
        ("frozen@-1", "0 or more"), ("frozen@nan", "0 or more"), ("frozen@3:5", "only turned"),
        ("dropped@3:1.5", "above 0 and at most 1"), ("turned@3:0", "not 0"), ("turned@2:200", "up to 90"),
    ],
)  # fmt: skip
def test_what_is_no_fault_is_refused_in_one_line(text: str, line: str) -> None:
    with pytest.raises(ValueError, match=line):
        read_fault(text)
