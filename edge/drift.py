"""Whether a camera still looks where it was calibrated: its picture against a slowly renewed memory of the place. Pure.

Every few seconds the picture is laid into a running mean, in which people blur and the place stays sharp. Corners of
that memory are looked for in the picture near their place, by normalised cross-correlation, which light and compression
hardly touch. While enough of what is found is where it was, the view is as it was. Where what is found lies together
somewhere else, or where little is found but all of the memory lies somewhere else (phase correlation, Kuglin and Hines
1975; else ORB corners under a similarity, Rublee et al. 2011), the camera was turned or shifted. Where nothing is found
anywhere and it went all at once, it was turned away, or something is in front of it. Where it went little by little, a
crowd may cover it: the view is lost, and no figure is worse for that.
"""

from __future__ import annotations

import enum

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.flow import Grey

Floats = NDArray[np.float64]
Memory = NDArray[np.float32]

LOOK_S = 4.0
"""Seconds between two looks."""
LEARNING_LOOKS = 6
RENEWED = 0.03
"""Share of the memory that a look renews: half of it in a minute and a half."""
CORNERS = 120
CORNERS_EVERY = 8
PATCH = 12
"""Half the side of what is looked for round a corner, px."""
REACH = 10
"""Pixels of the small picture within which it is looked for."""
ALIKE = 0.6
"""Correlation from which a corner is found."""
MOVED_PX = 3.0
"""A shift by this much of the small picture (0.5 % of its width, some 0.3 degrees) spoils figures on the ground."""
AGREE_PX = 2.0
ENOUGH = 8
"""Corners that must agree for anything to be said."""
USUAL_SHARE = 0.35
"""Share of what is usually found, below which all of the picture is searched."""
MOVED_LOOKS = 3
"""Looks on end that must agree that the view has moved, or is back."""
LOST_LOOKS = 5
SEARCH_EVERY = 4


class View(enum.Enum):
    """What is known of where a camera looks."""

    LEARNING = "learning"
    STEADY = "steady"
    MOVED = "camera-moved"
    LOST = "view-lost"


class Watch:
    """The view of one camera, look by look. `memory`: (h, w) float32, what it looked like when it was last steady."""

    def __init__(self, memory: Memory | None = None) -> None:
        self.memory = memory
        self.view = View.LEARNING if memory is None else View.STEADY
        #: How far the picture has moved, px of the small picture, where that is known.
        self.shift_px: float | None = None
        self._corners = np.zeros((0, 2), int)
        self._looks = 0
        self._usual = 0.0
        self._before = 0
        self._astray: list[Floats] = []
        self._back = 0
        self._nothing = 0
        self._sudden = False
        self._next = -np.inf

    def due(self, now: float) -> bool:
        """Whether it is time for another look."""
        return now >= self._next

    def look(self, grey: Grey, now: float) -> View:
        """Take a look at the small grey picture (h, w) at `now`, seconds."""
        self._next = now + LOOK_S
        picture = grey.astype(np.float32)
        if self.memory is not None and self.memory.shape != grey.shape:
            # A picture of another size: whoever counts says so, and the memory is of no use.
            self.memory, self.view, self._looks, self._usual = None, View.LEARNING, 0, 0.0
        if self.memory is None or self.view is View.LEARNING:
            self._learn(picture)
            return self.view
        if self._looks % CORNERS_EVERY == 0 or not len(self._corners):
            self._corners = _corners(self.memory)
        self._looks += 1
        self._compare(self.memory, picture)
        return self.view

    def _learn(self, picture: Memory) -> None:
        self._looks += 1
        memory = picture if self.memory is None else _toward(self.memory, picture, 1 / self._looks)
        self.memory = memory
        if self._looks >= LEARNING_LOOKS:
            self._corners = _corners(memory)
            if len(self._corners) >= 2 * ENOUGH:
                self._before = len(_found(memory, picture, self._corners))
                self._usual = float(self._before)
                if self._before >= ENOUGH:
                    self.view = View.STEADY

    def _compare(self, memory: Memory, picture: Memory) -> None:
        gone = _found(memory, picture, self._corners)
        agreed = _agreed(gone)
        self._usual = self._usual or float(max(len(gone), ENOUGH))
        if agreed is not None and len(gone) >= max(ENOUGH, USUAL_SHARE * self._usual):
            self._before, self._nothing = len(gone), 0
            self._judge(agreed, len(gone), picture)
            return
        # A search costs a tenth of a second: one that found nothing, or what is known, is seldom made again.
        search = self.view is View.STEADY or self._looks % SEARCH_EVERY == 0
        shift = _elsewhere(memory, picture, self._corners) if search else None
        if shift is not None:
            if float(np.hypot(*shift)) < MOVED_PX:  # found elsewhere for one look, it is still gone from its place
                self._nothing = 0
            self._judge(shift, len(gone), picture)
            return
        self._back = 0
        if not self._nothing:
            self._sudden = self._before >= max(2 * ENOUGH, 0.6 * self._usual) and len(gone) <= 0.5 * self._before
        self._before = len(gone)
        self._nothing += 1
        if self._nothing >= LOST_LOOKS and self.view is View.STEADY:
            self.view = View.MOVED if self._sudden else View.LOST

    def _judge(self, shift: Floats, found: int, picture: Memory) -> None:
        if float(np.hypot(*shift)) < MOVED_PX:
            self._astray = []
            self._back += 1
            if self.view is View.STEADY or self._back >= MOVED_LOOKS:
                self.view, self.shift_px = View.STEADY, None
            if self.view is View.STEADY and float(np.hypot(*shift)) < MOVED_PX / 2:
                assert self.memory is not None
                self.memory = _toward(self.memory, picture, RENEWED)
                self._usual += (found - self._usual) * (0.05 if found < self._usual else 0.2)
            return
        self._back = 0
        near = bool(self._astray) and float(np.hypot(*(shift - self._astray[-1]))) < 2 * MOVED_PX
        self._astray = [*self._astray, shift] if near else [shift]
        if len(self._astray) >= MOVED_LOOKS:
            self.view = View.MOVED
            self.shift_px = float(np.hypot(*np.mean(self._astray, axis=0)))


def _toward(memory: Memory, picture: Memory, share: float) -> Memory:
    return (memory + (picture - memory) * np.float32(share)).astype(np.float32)


def _corners(memory: Memory) -> NDArray[np.int_]:
    """(n, 2) px, corners of the memory, spread out, away from the edges, and not where letters are written over it."""
    grey = np.clip(memory, 0, 255).astype(np.uint8)
    even = cv2.createCLAHE(2.0, (8, 8)).apply(cv2.GaussianBlur(grey, (0, 0), 1.0))
    edge = PATCH + REACH + 1
    mask = np.zeros_like(grey)
    mask[edge:-edge, edge:-edge] = 255
    found = cv2.goodFeaturesToTrack(even, CORNERS, 0.01, 14, mask=mask)
    return np.zeros((0, 2), int) if found is None else found.reshape(-1, 2).round().astype(int)


def _found(memory: Memory, picture: Memory, corners: NDArray[np.int_], start: tuple[int, int] = (0, 0)) -> Floats:
    """(m, 2) by how many px each corner that is found near its place, moved by `start`, lies off its place."""
    height, width = memory.shape
    gone = []
    for x, y in corners:
        left, top = x + start[0] - PATCH - REACH, y + start[1] - PATCH - REACH
        side = 2 * (PATCH + REACH) + 1
        if left < 0 or top < 0 or left + side > width or top + side > height:
            continue
        patch = memory[y - PATCH : y + PATCH + 1, x - PATCH : x + PATCH + 1]
        if float(patch.std()) < 2.0:
            continue
        match = cv2.matchTemplate(picture[top : top + side, left : left + side], patch, cv2.TM_CCOEFF_NORMED)
        _, best, _, (u, v) = cv2.minMaxLoc(match)
        if best >= ALIKE:
            gone.append((u - REACH + start[0], v - REACH + start[1]))
    return np.array(gone, np.float64).reshape(-1, 2)


def _agreed(gone: Floats) -> Floats | None:
    """(2,) where most of what is found has gone to; None where it does not agree. A corner on an edge slides along it,
    and a person may hide one: a third must be within `AGREE_PX` of the median."""
    if len(gone) < ENOUGH:
        return None
    middle = np.median(gone, axis=0)
    near = np.abs(gone - middle).max(axis=1) <= AGREE_PX
    if near.sum() < max(ENOUGH, len(gone) / 3):
        return None
    return np.asarray(gone[near].mean(axis=0), dtype=np.float64)


def _elsewhere(memory: Memory, picture: Memory, corners: NDArray[np.int_]) -> Floats | None:
    """(2,) px by which the middle of the picture has moved, where the memory is found shifted or turned; else None."""
    shift = _by_phase(memory, picture)
    if shift is not None:
        whole = (round(float(shift[0])), round(float(shift[1])))
        agreed = _agreed(_found(memory, picture, corners, whole))
        if agreed is not None and float(np.hypot(*(agreed - shift))) < 2 * REACH:
            return agreed
    return _by_orb(memory, picture)


def _by_phase(memory: Memory, picture: Memory) -> Floats | None:
    window = cv2.createHanningWindow(memory.shape[::-1], cv2.CV_32F)
    one, other = (each - cv2.GaussianBlur(each, (0, 0), 8) for each in (memory, picture))
    (x, y), response = cv2.phaseCorrelate(one, other, window)
    return np.array([x, y]) if response > 0.03 else None


def _by_orb(memory: Memory, picture: Memory) -> Floats | None:
    orb = cv2.ORB.create(800, fastThreshold=6)
    even = cv2.createCLAHE(2.0, (8, 8))
    (points, said), (others, other_said) = (
        orb.detectAndCompute(even.apply(np.clip(each, 0, 255).astype(np.uint8)), None) for each in (memory, picture)
    )
    if said is None or other_said is None or len(points) < 12 or len(others) < 12:
        return None
    pairs = [pair for pair in cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(said, other_said, k=2) if len(pair) == 2]
    good = [one for one, two in pairs if one.distance <= 64 and one.distance < 0.8 * two.distance]
    if len(good) < 12:
        return None
    old = np.array([points[m.queryIdx].pt for m in good], np.float32)
    new = np.array([others[m.trainIdx].pt for m in good], np.float32)
    matrix, inside = cv2.estimateAffinePartial2D(old, new, method=cv2.RANSAC, ransacReprojThreshold=3.0)
    if matrix is None or int(inside.sum()) < max(12, 0.3 * len(good)):
        return None
    if len(np.unique(np.round(old[inside.ravel() > 0] / 10), axis=0)) < 10:
        return None
    if not 0.8 < float(np.hypot(matrix[0, 0], matrix[0, 1])) < 1.25:
        return None  # a knock turns a camera; it does not bring it nearer
    middle = np.array(memory.shape[::-1], np.float64) / 2
    return np.asarray(matrix[:, :2] @ middle + matrix[:, 2] - middle, dtype=np.float64)
