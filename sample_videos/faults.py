"""What goes wrong with cameras: frozen, black, painted over, fogged, turned, a loop of old frames, dropped frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_videos.crowds.stories import FPS

Bytes = NDArray[np.uint8]
Faulty = Callable[[int, Bytes], Bytes | None]
"""From a frame's number and picture to what the camera delivers; None for a frame that it drops."""
KINDS = ("frozen", "black", "painted", "fogged", "turned", "loop", "dropped")
LOOP_S = 4.0
TURN_DEG = 6.0
FOG_S = 5.0


@dataclass(frozen=True)
class Fault:
    """A fault of `kind` from second `at_s` on; `amount` are degrees for `turned`, the share for `dropped`."""

    kind: str = ""
    at_s: float = 0.0
    amount: float | None = None

    def begin(self, size: tuple[int, int], seed: int) -> Faulty:
        """The fault as a function of frames, that must be called with every frame in order."""
        if not self.kind:
            return lambda _, picture: picture
        first = round(self.at_s * FPS)
        return {
            "frozen": _frozen,
            "black": _black,
            "painted": _painted,
            "fogged": _fogged,
            "turned": _turned,
            "loop": _loop,
            "dropped": _dropped,
        }[self.kind](first, size, np.random.default_rng([seed, 666]), self.amount)


NO_FAULT = Fault()


def read_fault(text: str) -> Fault:
    """KIND@SECOND or KIND@SECOND:AMOUNT; ValueError with one line."""
    kind, at, rest = text.partition("@")
    second, _, amount = rest.partition(":")
    if kind not in KINDS or not at:
        raise ValueError(f"fault {text!r}: expected KIND@SECOND, with KIND one of {', '.join(KINDS)}")
    try:
        found = Fault(kind, float(second), float(amount) if amount else None)
    except ValueError:
        raise ValueError(f"fault {text!r}: second and amount must be numbers") from None
    if not found.at_s >= 0:
        raise ValueError(f"fault {text!r}: the second must be 0 or more")
    if found.amount is not None and kind not in ("turned", "dropped"):
        raise ValueError(f"fault {text!r}: only turned (degrees) and dropped (share) take an amount")
    if kind == "dropped" and found.amount is not None and not 0 < found.amount <= 1:
        raise ValueError(f"fault {text!r}: the share of dropped frames must be above 0 and at most 1")
    if kind == "turned" and found.amount is not None and not 0 < abs(found.amount) <= 90:
        raise ValueError(f"fault {text!r}: the turn must be up to 90 degrees, and not 0")
    return found


def _frozen(first: int, _: tuple[int, int], __: np.random.Generator, ___: float | None) -> Faulty:
    held: list[Bytes] = []

    def show(index: int, picture: Bytes) -> Bytes:
        if index < first:
            return picture
        if not held:
            held.append(picture.copy())
        return held[0]

    return show


def _black(first: int, _: tuple[int, int], rng: np.random.Generator, __: float | None) -> Faulty:
    def show(index: int, picture: Bytes) -> Bytes:
        if index < first:
            return picture
        return np.asarray(np.clip(rng.normal(6, 2.0, picture.shape), 0, 255), np.uint8)

    return show


def _painted(first: int, size: tuple[int, int], rng: np.random.Generator, _: float | None) -> Faulty:
    """Paint sprayed on the glass: out of focus, nearly all of the picture."""
    width, height = size
    mask = np.zeros((height, width), np.float32)
    for _k in range(40):
        at = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        cv2.circle(mask, at, int(rng.uniform(0.10, 0.3) * height), 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), height / 25)[..., None]
    colour = rng.uniform(20, 120, 3)

    def show(index: int, picture: Bytes) -> Bytes:
        if index < first:
            return picture
        return np.asarray(np.clip(picture * (1 - mask) + colour * mask, 0, 255), np.uint8)

    return show


def _fogged(first: int, size: tuple[int, int], _: np.random.Generator, __: float | None) -> Faulty:
    """Breath on the glass that thickens over some seconds."""
    sigma = size[1] / 30

    def show(index: int, picture: Bytes) -> Bytes:
        if index < first:
            return picture
        share = min(1.0, (index - first + 1) / (FOG_S * FPS)) * 0.92
        soft = cv2.GaussianBlur(picture, (0, 0), max(sigma * share, 0.5)).astype(np.float32)
        return np.asarray(soft * (1 - 0.6 * share) + 150 * 0.6 * share, np.uint8)

    return show


def _turned(first: int, size: tuple[int, int], _: np.random.Generator, amount: float | None) -> Faulty:
    """Knocked: turned about its axis, and as far aside as that takes a camera of 60 degrees."""
    width, height = size
    degrees = TURN_DEG if amount is None else amount
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees * 0.5, 1.0)
    matrix[0, 2] += degrees / 60 * width

    def show(index: int, picture: Bytes) -> Bytes:
        if index < first:
            return picture
        return np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.uint8)

    return show


def _loop(first: int, _: tuple[int, int], __: np.random.Generator, ___: float | None) -> Faulty:
    """The last seconds before the fault, again and again."""
    held: list[Bytes] = []
    keep = round(LOOP_S * FPS)

    def show(index: int, picture: Bytes) -> Bytes:
        if index < first:
            held.append(picture.copy())
            del held[:-keep]
            return picture
        return held[(index - first) % len(held)] if held else picture

    return show


def _dropped(first: int, _: tuple[int, int], rng: np.random.Generator, amount: float | None) -> Faulty:
    """Frames that never come, in runs: what is delivered plays on without them."""
    share, state = 0.5 if amount is None else amount, [0]

    def show(index: int, picture: Bytes) -> Bytes | None:
        if index < first:
            return picture
        if state[0] == 0:
            run = int(rng.integers(1, 8))
            state[0] = run if rng.random() < share else -run
        gone = state[0] > 0 or share >= 1
        state[0] += -1 if state[0] > 0 else 1
        return None if gone else picture

    return show
