"""What `levee count` writes: rows of a CSV, and annotated pictures or a film of them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from models.overlay import annotate, refused

if TYPE_CHECKING:
    from levee.overlay.draw import Overlay
    from levee.overlay.seen import GateSeen, ZoneSeen
    from models import Count, Estimate

COLUMNS = ("source", "frame", "time_s", "count", "low", "high", "method", "state")
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
FILMS = {".mp4": "mp4v", ".avi": "MJPG", ".mkv": "mp4v"}


class OutputRefused(ValueError):
    """A file cannot be written; the message is one line and names it."""


@dataclass(frozen=True)
class Seen:
    """One picture that was looked at; `count` is None where its people are unknown, and `why` says why."""

    source: str
    frame: int
    time_s: float
    method: str
    picture: NDArray[np.uint8] | None = None
    count: Count | None = None
    why: str = ""
    #: What is drawn of the camera's zones, where there are any and a film is wanted.
    zones: list[ZoneSeen] | None = None
    gates: Sequence[GateSeen] = ()

    @property
    def state(self) -> str:
        """good, degraded or unknown."""
        if self.count is None:
            return "unknown"
        return "degraded" if self.count.reasons or self.count.saturated else "good"


class Rows:
    """A CSV of one row per picture, and one more per zone, whose source ends in `#zone`."""

    def __init__(self, file: Path) -> None:
        try:
            self._handle: IO[str] = file.open("w", newline="", encoding="utf-8")
        except OSError as error:
            raise OutputRefused(f"{file}: cannot be written: {error.strerror or error}") from None
        self._writer = csv.writer(self._handle)
        self._writer.writerow(COLUMNS)

    def write(self, seen: Seen, zones: Mapping[str, Estimate | None]) -> None:
        """Rows of one picture; they are in the file when this returns."""
        everywhere: dict[str, Estimate | None] = {"": seen.count.total if seen.count else None}
        everywhere |= {f"#{zone}": estimate for zone, estimate in zones.items()}
        for suffix, estimate in everywhere.items():
            numbers = ["", "", ""]
            if estimate is not None:
                numbers = [f"{value:.2f}" for value in (estimate.value, estimate.low, estimate.high)]
            place = [seen.source + suffix, str(seen.frame), f"{seen.time_s:.3f}"]
            self._writer.writerow([*place, *numbers, seen.method, seen.state])
        self._handle.flush()

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._handle.close()


class Film:
    """Annotated pictures into one film, all of the size of the first; or, into a picture file, the last one."""

    def __init__(self, file: Path, frames_per_s: float) -> None:
        self._file = file
        self._still = file.suffix.lower() in PICTURES
        self._fps = frames_per_s
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._overlay: Overlay | None = None
        if not self._still and file.suffix.lower() not in FILMS:
            known = " ".join(sorted({*PICTURES, *FILMS}))
            raise OutputRefused(f"{file}: unknown kind of film or picture; known are {known}")
        if not file.absolute().parent.is_dir():
            raise OutputRefused(f"{file}: cannot be written: its folder does not exist")

    def write(self, seen: Seen) -> None:
        """Add one picture; one that could not be read is left out."""
        if seen.picture is None:
            return
        title = f"{Path(seen.source).name}  {seen.time_s:.1f} s"
        if seen.zones:
            picture = self._with_zones(seen.picture, seen, title)
        elif seen.count is not None:
            picture = annotate(seen.picture, seen.count, title)
        else:
            picture = refused(seen.picture, seen.why, title)
        if self._still:
            if not cv2.imwrite(str(self._file), picture):
                raise OutputRefused(f"{self._file}: the picture cannot be written")
            return
        if self._writer is None:
            self._size = (picture.shape[1] // 2 * 2, picture.shape[0] // 2 * 2)
            code = cv2.VideoWriter.fourcc(*FILMS[self._file.suffix.lower()])
            self._writer = cv2.VideoWriter(str(self._file), code, self._fps, self._size)
            if not self._writer.isOpened():
                raise OutputRefused(f"{self._file}: the film cannot be written")
        self._writer.write(_letterboxed(picture, self._size))

    def _with_zones(self, picture: NDArray[np.uint8], seen: Seen, title: str) -> NDArray[np.uint8]:
        from levee.overlay.draw import Overlay

        if self._overlay is None:
            self._overlay = Overlay()
        return self._overlay.draw(picture, seen.count, seen.zones or [], title, seen.gates)

    def __enter__(self) -> Film:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._writer is not None:
            self._writer.release()


def _letterboxed(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture in the middle of a black one of `size`, as large as it fits."""
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    scale = min(size[0] / width, size[1] / height)
    fitted = cv2.resize(picture, (max(1, round(width * scale)), max(1, round(height * scale))))
    out = np.zeros((size[1], size[0], 3), np.uint8)
    top, left = (size[1] - fitted.shape[0]) // 2, (size[0] - fitted.shape[1]) // 2
    out[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    return out
