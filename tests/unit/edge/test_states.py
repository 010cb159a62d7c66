"""The states of a camera, as tables of what happened and what it is then worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.capture import Frame
from edge.capture.look import Look, look
from edge.capture.states import TRANSITIONS, Limits, Track, judged, opened, pictured, refused
from wire import CameraState

LIMITS = Limits(stalled_after_s=5.0, frozen_after_s=10.0, dark_below=12.0)


def play(events: list[tuple[float, str]]) -> tuple[Track, list[str]]:
    """`picture`, `same`, `dark`, `dim`, `open`, `refused` or `tick` at a time; each is followed by a judgement."""
    track, named = Track(), []
    for now, event in events:
        if event == "open":
            track = opened(track)
        elif event == "refused":
            track = refused(track, "rtsp://***@x: no answer within 5 s")
        elif event != "tick":
            light = {"dark": 3.0, "dim": 13.0}.get(event, 100.0)
            track = pictured(track, now, changed=event != "same", brightness=light)
        before = track
        track = judged(track, now, LIMITS)
        if track.state is not before.state:
            named.append(track.transition)
            assert track.since == now
    return track, named


def every_second(begin: int, end: int, event: str) -> list[tuple[float, str]]:
    return [(float(second), event) for second in range(begin, end)]


@pytest.mark.parametrize(
    ("events", "state", "named"),
    [
        ([(0, "tick")], CameraState.OFF, []),
        ([(0, "open")], CameraState.STALLED, ["reopened"]),
        ([(0, "open"), (1, "picture")], CameraState.LIVE, ["reopened", "came"]),
        ([(0, "picture"), (5, "tick")], CameraState.LIVE, ["came"]),
        ([(0, "picture"), (5.1, "tick")], CameraState.STALLED, ["came", "fell-silent"]),
        ([(0, "picture"), (1, "refused")], CameraState.LIVE, ["came"]),
        ([(0, "picture"), (1, "refused"), (5.1, "tick")], CameraState.OFF, ["came", "went-off"]),
        ([(0, "picture"), (6, "tick"), (7, "refused")], CameraState.OFF, ["came", "fell-silent", "went-off"]),
        ([(0, "picture"), (6, "tick"), (7, "picture")], CameraState.LIVE, ["came", "fell-silent", "came"]),
        (every_second(0, 10, "same"), CameraState.LIVE, ["came"]),
        (every_second(0, 11, "same"), CameraState.FROZEN, ["came", "froze"]),
        ([*every_second(0, 12, "same"), (12, "picture")], CameraState.LIVE, ["came", "froze", "thawed"]),
        ([*every_second(0, 12, "same"), (17.5, "tick")], CameraState.STALLED, ["came", "froze", "fell-silent"]),
        (every_second(0, 60, "picture"), CameraState.LIVE, ["came"]),
        ([(0, "picture"), (1, "dark")], CameraState.DARK, ["came", "darkened"]),
        ([(0, "picture"), (1, "dark"), (2, "dim")], CameraState.DARK, ["came", "darkened"]),
        ([(0, "picture"), (1, "dim")], CameraState.LIVE, ["came"]),
        ([(0, "dark"), (1, "picture")], CameraState.LIVE, ["darkened", "lightened"]),
        # The worst one wins: a dark picture that does not change is frozen.
        ([(0, "dark"), *every_second(1, 12, "same")], CameraState.FROZEN, None),
    ],
)
def test_states(events: list[tuple[float, str]], state: CameraState, named: list[str] | None) -> None:
    track, names = play(events)
    assert track.state is state
    assert named is None or names == named
    assert (track.reason == "") == (state is CameraState.LIVE)


@given(
    st.lists(
        st.tuples(st.floats(0, 8), st.sampled_from(["open", "refused", "picture", "same", "dark", "dim", "tick"])),
        max_size=60,
    )
)
def test_any_history_keeps_to_the_named_transitions(steps: list[tuple[float, str]]) -> None:
    now, events = 0.0, []
    for pause, event in steps:
        now += pause
        events.append((now, event))
    track, names = play(events)
    state = CameraState.OFF
    for name in names:
        begins, ends = TRANSITIONS[name]
        assert state in begins
        state = ends
    assert state is track.state


def frame(picture: np.ndarray) -> Frame:
    return Frame(picture.astype(np.uint8), 0, 0.0, 0.0, "cam")


def scene(noise: float, seed: int, shift: int = 0) -> Look:
    random = np.random.default_rng(seed)
    grey = np.tile(np.linspace(30, 220, 640), (360, 1))
    grey[200:212, 300 + shift : 306 + shift] = 20.0
    return look(frame(np.clip(grey[..., None] + random.normal(0, noise, (360, 640, 3)), 0, 255)))


def test_the_same_picture_is_the_same_and_a_noisy_scene_is_not() -> None:
    assert scene(0.0, 0).same_as(scene(0.0, 1))
    assert not scene(3.0, 0).same_as(scene(3.0, 1))


def test_one_person_far_away_who_takes_a_step_is_a_change() -> None:
    assert not scene(0.0, 0).same_as(scene(0.0, 0, shift=4))


def test_another_size_is_a_change() -> None:
    assert not look(frame(np.zeros((90, 160, 3)))).same_as(look(frame(np.zeros((120, 160, 3)))))
    assert look(frame(np.full((90, 160, 3), 7))).brightness == pytest.approx(7, abs=0.1)
