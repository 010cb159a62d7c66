"""What a camera is worth right now, decided from facts: pure, no clock of its own.

The facts are gathered by `edge.capture.camera`; the worst one wins: off, stalled, frozen, dark, live.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from wire import CameraState

#: Leaving the dark takes this much more light than entering it, so that dusk does not flap.
DARK_MARGIN = 1.25

NOT_OPENED = "not yet opened"

_GOOD_PICTURES = frozenset({CameraState.LIVE, CameraState.FROZEN, CameraState.DARK})

#: Each transition, the states that it may start from, and where it leads.
TRANSITIONS: dict[str, tuple[frozenset[CameraState], CameraState]] = {
    "came": (frozenset({CameraState.OFF, CameraState.STALLED}), CameraState.LIVE),
    "fell-silent": (_GOOD_PICTURES, CameraState.STALLED),
    "went-off": (_GOOD_PICTURES | {CameraState.STALLED}, CameraState.OFF),
    "reopened": (frozenset({CameraState.OFF}), CameraState.STALLED),
    "froze": (frozenset(CameraState) - {CameraState.FROZEN}, CameraState.FROZEN),
    "thawed": (frozenset({CameraState.FROZEN}), CameraState.LIVE),
    "darkened": (frozenset(CameraState) - {CameraState.DARK}, CameraState.DARK),
    "lightened": (frozenset({CameraState.DARK}), CameraState.LIVE),
}


@dataclass(frozen=True)
class Limits:
    """Seconds and brightness (0 to 255) from which a state is entered."""

    stalled_after_s: float
    frozen_after_s: float
    dark_below: float


@dataclass(frozen=True)
class Track:
    """A camera's state, why it is so, since when (monotonic seconds), and the facts that it rests on."""

    state: CameraState = CameraState.OFF
    reason: str = NOT_OPENED
    since: float = 0.0
    transition: str = ""
    #: Monotonic time of the last picture, and of the last that differed from the one before.
    last_picture: float | None = None
    last_change: float | None = None
    brightness: float = 255.0
    #: Why the source is not open; empty while it is.
    refusal: str = NOT_OPENED


def opened(track: Track) -> Track:
    """The source is open; no picture has come yet."""
    return replace(track, refusal="")


def refused(track: Track, reason: str) -> Track:
    """The source could not be opened, broke off, or ended."""
    return replace(track, refusal=reason)


def pictured(track: Track, now: float, *, changed: bool, brightness: float) -> Track:
    """A picture came at `now`; `changed` tells whether it differs from the one before."""
    last_change = now if changed or track.last_change is None else track.last_change
    return replace(track, last_picture=now, last_change=last_change, brightness=brightness, refusal="")


def judged(track: Track, now: float, limits: Limits) -> Track:
    """The state at `now`; the same track where nothing changed."""
    state, reason = _wanted(track, now, limits)
    if state is track.state:
        return track if reason == track.reason else replace(track, reason=reason)
    name = next((n for n, (begins, ends) in TRANSITIONS.items() if track.state in begins and ends is state), None)
    if name is None:
        raise ValueError(f"a camera cannot go from {track.state.value} to {state.value}")
    return replace(track, state=state, reason=reason, since=now, transition=name)


def _wanted(track: Track, now: float, limits: Limits) -> tuple[CameraState, str]:
    silent_s = float("inf") if track.last_picture is None else now - track.last_picture
    if silent_s > limits.stalled_after_s:
        if track.refusal:
            return CameraState.OFF, track.refusal
        if track.last_picture is None:
            return CameraState.STALLED, "open, but no picture has come"
        # The age itself is a metric: in a reason it would change with every tick.
        return CameraState.STALLED, f"no picture for more than {limits.stalled_after_s:g} s"
    if track.last_picture is not None and track.last_change is not None:
        same_s = track.last_picture - track.last_change
        if same_s >= limits.frozen_after_s:
            return CameraState.FROZEN, f"the picture has not changed for {limits.frozen_after_s:g} s or more"
    below = limits.dark_below * (DARK_MARGIN if track.state is CameraState.DARK else 1.0)
    if track.brightness < below:
        return CameraState.DARK, f"brightness below {limits.dark_below:g} of 255"
    return CameraState.LIVE, ""
