"""What a counter says about one picture, and how sure it is. Pure: arrays in, numbers out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

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


class Counter(Protocol):
    """Counts people in a picture."""

    @property
    def name(self) -> str:
        """The method, such as density:levee-s."""

    @property
    def digest(self) -> str:
        """SHA-256 of the weights, hexadecimal."""

    def count(self, frame: NDArray[np.uint8]) -> Count:
        """BGR (h, w, 3) uint8; raises CountRefused where the frame is no such picture."""


def check_frame(frame: object) -> tuple[int, int]:
    """(width, height) of a frame that can be counted; CountRefused with one line otherwise."""
    if not isinstance(frame, np.ndarray):
        raise CountRefused(f"expected a picture as an array, got {type(frame).__name__}")
    if frame.dtype != np.uint8:
        raise CountRefused(f"expected 8 bits a channel (uint8), got {frame.dtype}")
    if frame.ndim != 3 or frame.shape[2] != 3:
        raise CountRefused(f"expected a BGR picture of shape (height, width, 3), got {frame.shape}")
    height, width = frame.shape[:2]
    if min(width, height) < SMALLEST_SIDE:
        raise CountRefused(f"the picture is {width}x{height}: sides of {SMALLEST_SIDE} px or more are needed")
    return width, height


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
