"""What a counter says about one picture, and how sure it is. Pure: arrays in, numbers out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.picture import PictureRefused, to_bgr

SMALLEST_SIDE = 32
"""A picture with a shorter side (px) shows nobody that could be counted."""
DARK_LUMA = 40
"""A picture whose brightest percent stays below this luma (0..255) is dark."""
FLAT_LUMA = 3.0
"""A picture whose luma has a standard deviation below this shows no scene (covered lens, wall, fog)."""


class CountRefused(ValueError):
    """A frame cannot be counted; the message is one line. The reading is unknown, not 0."""


class WeightsRefused(ValueError):
    """Weights or their manifest cannot be used; the message is one line and names the file."""


@dataclass(frozen=True)
class Estimate:
    """People in a region: `0 <= low <= value <= high`, a 90 % band."""

    value: float
    low: float
    high: float


class BandSide(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Half-width of the band on one side of a count v: sqrt(floor^2 + poisson*v + (relative*v)^2), people.

    `poisson` is the share of misses that are independent from person to person, `relative` that of errors
    common to all of them (scale, light). Fitted on validation pictures and random parts of them.
    """

    floor: Annotated[float, msgspec.Meta(ge=0, description="Half-width where nobody is counted, people.")] = 1.0
    poisson: Annotated[float, msgspec.Meta(ge=0, description="Square of the half-width per person, people.")] = 2.0
    relative: Annotated[float, msgspec.Meta(ge=0, le=5, description="Half-width as a share of the count.")] = 0.3

    def half_width(self, value: float) -> float:
        return float(np.sqrt(self.floor**2 + self.poisson * value + (self.relative * value) ** 2))


class Band(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The 90 % band around a count: how far the truth may lie below and above it."""

    below: Annotated[BandSide, msgspec.Meta(description="How far the truth may lie below the count.")] = BandSide()
    above: Annotated[BandSide, msgspec.Meta(description="How far the truth may lie above the count.")] = BandSide()

    def around(self, value: float, saturated: bool = False) -> Estimate:
        """`value` >= 0, people. A saturated count hides people: its upper half-width is doubled."""
        above = self.above.half_width(value) * (2.0 if saturated else 1.0)
        return Estimate(value, max(0.0, value - self.below.half_width(value)), value + above)


@dataclass(frozen=True)
class Count:
    """People in one picture, cell by cell.

    Cell (r, c) of the (rows, cols) grid covers x in [c*W/cols, (c+1)*W/cols) and y in
    [r*H/rows, (r+1)*H/rows) of the (W, H) picture, and holds the people expected there by head centre.
    """

    grid: NDArray[np.float32]
    picture: tuple[int, int]
    """(width, height) px of the frame that was counted"""
    points: NDArray[np.float32] | None
    """(n, 2) head centres, px of the frame, where the method gives them"""
    method: str
    """such as density:levee-s or detector:yolo11n"""
    saturated: bool
    reasons: tuple[str, ...]
    """not empty: the reading is degraded, for these reasons"""
    band: Band = field(default_factory=Band)

    def within(self, weights: NDArray[np.floating] | NDArray[np.bool_]) -> Estimate:
        """People in a region given by (rows, cols) weights in 0..1: the share of each cell inside it.

        Raises ValueError where the weights have another shape or leave 0..1.
        """
        if weights.shape != self.grid.shape:
            raise ValueError(f"weights of shape {weights.shape} on a grid of shape {self.grid.shape}")
        share = np.asarray(weights, np.float64)
        if not ((share >= 0.0) & (share <= 1.0)).all():
            raise ValueError("weights must lie between 0 and 1")
        return self.band.around(float((self.grid * share).sum()), self.saturated)

    @property
    def total(self) -> Estimate:
        """People in the whole picture."""
        return self.band.around(float(self.grid.sum(dtype=np.float64)), self.saturated)


@dataclass(frozen=True)
class View:
    """What is known of the view that a picture shows, besides the picture."""

    camera: str = ""
    """Name of the camera: a counter that remembers something from picture to picture does so for each"""
    head_px: tuple[float, float] | None = None
    """(lowest, highest) height of the heads of people standing there, px of the picture; None: not known"""


class Counter(Protocol):
    """Counts people in a picture."""

    @property
    def name(self) -> str:
        """The method, such as density:levee-s."""

    @property
    def digest(self) -> str:
        """SHA-256 of the weights, hexadecimal."""

    def count(self, frame: NDArray[np.generic], view: View | None = None) -> Count:
        """BGR (h, w, 3) uint8; grey, alpha and 16 bits are converted. CountRefused where it is no such picture."""


def checked_frame(frame: object) -> NDArray[np.uint8]:
    """The BGR picture of a frame that can be counted; CountRefused with one line otherwise."""
    if not isinstance(frame, np.ndarray):
        raise CountRefused(f"expected a picture as an array, got {type(frame).__name__}")
    try:
        picture = to_bgr(frame)
    except PictureRefused as refusal:
        raise CountRefused(str(refusal)) from None
    height, width = picture.shape[:2]
    if min(width, height) < SMALLEST_SIDE:
        raise CountRefused(f"the picture is {width}x{height}: sides of {SMALLEST_SIDE} px or more are needed")
    return picture


def picture_flaws(frame: NDArray[np.uint8]) -> tuple[str, ...]:
    """Why a picture cannot be trusted: `dark` (hardly any light) or `blank` (no contrast at all)."""
    step = max(1, min(frame.shape[:2]) // 120)
    blue, green, red = (frame[::step, ::step, i].astype(np.float32) for i in range(3))
    luma = 0.114 * blue + 0.587 * green + 0.299 * red
    if float(np.percentile(luma, 99)) < DARK_LUMA:
        return ("dark",)
    if float(luma.std()) < FLAT_LUMA:
        return ("blank",)
    return ()
