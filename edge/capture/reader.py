"""Pictures out of files, devices and addresses, one at a time: thin wrappers round OpenCV, each opened once."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Protocol

# Both libraries write to stderr from C; what went wrong is said in our own line instead.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.address import PICTURES, SourceKind, diagnose, identify, redact
from edge.capture.frame import SourceRefused
from models.picture import PictureRefused, decode, to_bgr

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

#: A clip that ends before this share of the frames that it announces is truncated.
WHOLE_SHARE = 0.9
_MAX_FPS = 1000.0


class Reader(Protocol):
    """An opened source. `grab` moves on to the next picture and is False at the end; `picture` decodes that picture."""

    kind: SourceKind
    label: str
    #: Frames per second, where the source has a pace of its own.
    fps: float | None
    #: Pictures that the source announces, where it does.
    announced: int | None

    def grab(self) -> bool: ...

    @property
    def time_s(self) -> float:
        """The source's time of the picture that was grabbed, in seconds."""

    @property
    def stamp_s(self) -> float:
        """The same as the source stamps it, where it does: of a stream the moment of the picture, not of its arrival,
        which jitters. It may stand still or go back."""

    def picture(self) -> NDArray[np.uint8] | None:
        """The picture that was grabbed, BGR; None where it cannot be decoded."""

    def seek(self, time_s: float) -> bool:
        """Go forward to `time_s`; False where the source cannot."""

    def close(self) -> None: ...


class VideoReader:
    """A clip, a USB camera or a stream, through OpenCV."""

    def __init__(self, capture: cv2.VideoCapture, kind: SourceKind, label: str) -> None:
        self._capture = capture
        self.kind = kind
        self.label = label
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        self.fps = fps if kind is SourceKind.CLIP and 0 < fps <= _MAX_FPS else None
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.announced = count if kind is SourceKind.CLIP and 0 < count < 10**9 else None
        self._index = -1
        self._time_s = 0.0
        self._opened = time.monotonic()

    def grab(self) -> bool:
        if not self._capture.grab():
            return False
        self._index += 1
        if self.kind is SourceKind.CLIP:
            stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0
            even = self._index / (self.fps or 25.0)
            # Some containers carry no time stamps, or ones that go back: then the frames stand at their even pace.
            self._time_s = stamp if stamp > self._time_s or self._index == 0 else max(even, self._time_s)
        else:
            self._time_s = time.monotonic() - self._opened
        return True

    @property
    def time_s(self) -> float:
        return self._time_s

    @property
    def stamp_s(self) -> float:
        if self.kind is not SourceKind.STREAM:
            return self._time_s
        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0
        return stamp if stamp > 0 else self._time_s

    def picture(self) -> NDArray[np.uint8] | None:
        whole, picture = self._capture.retrieve()
        return _bgr(picture) if whole and picture is not None else None

    def seek(self, time_s: float) -> bool:
        if self.kind is not SourceKind.CLIP or not self._capture.set(cv2.CAP_PROP_POS_MSEC, time_s * 1000.0):
            return False
        self._index = int(self._capture.get(cv2.CAP_PROP_POS_FRAMES)) - 1
        self._time_s = max(self._time_s, self._index / (self.fps or 25.0))
        return True

    def close(self) -> None:
        self._capture.release()


class PicturesReader:
    """A picture, or a folder of them in the order of their names, `step_s` seconds apart by their own time."""

    def __init__(self, paths: list[Path], kind: SourceKind, label: str, step_s: float) -> None:
        self._paths = paths
        self._step_s = step_s
        self.fps: float | None = 1.0 / step_s
        self.kind = kind
        self.label = label
        self.announced: int | None = len(paths)
        #: Why the last picture that could not be decoded could not.
        self.fault = ""
        self._index = -1

    def grab(self) -> bool:
        if self._index + 1 >= len(self._paths):
            return False
        self._index += 1
        return True

    @property
    def path(self) -> Path:
        """The file of the picture that was grabbed."""
        return self._paths[self._index]

    @property
    def time_s(self) -> float:
        return self._index * self._step_s

    @property
    def stamp_s(self) -> float:
        return self.time_s

    def picture(self) -> NDArray[np.uint8] | None:
        try:
            return read_picture(self.path)
        except PictureRefused as refusal:
            self.fault = str(refusal)
            return None

    def seek(self, time_s: float) -> bool:
        self._index = min(max(self._index, int(time_s / self._step_s) - 1), len(self._paths) - 1)
        return True

    def close(self) -> None:
        self._index = len(self._paths)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """The picture at `path`, BGR; PictureRefused with the reason where it cannot be decoded whole."""
    try:
        raw = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise PictureRefused(f"it cannot be read: {error.strerror or error}") from None
    return decode(raw)


def open_reader(source: str | int, *, open_timeout_s: float, read_timeout_s: float, step_s: float = 1.0) -> Reader:
    """Open a source; SourceRefused with one line where it is not there, or is no video.

    Takes about `open_timeout_s` at most for an address. `step_s` is the pace of a folder of pictures. A reader may be
    used by one thread at a time.
    """
    kind = identify(source)
    label = redact(source)
    if kind in (SourceKind.PICTURE, SourceKind.FOLDER):
        return _open_pictures(Path(str(source)), kind, label, step_s)
    begin = time.monotonic()
    if isinstance(source, int):
        capture = cv2.VideoCapture(source, cv2.CAP_V4L2)
    else:
        limits = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            int(open_timeout_s * 1000),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            int(read_timeout_s * 1000),
        ]
        capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits if kind is SourceKind.STREAM else [])
    if capture.isOpened():
        return VideoReader(capture, kind, label)
    capture.release()
    left = open_timeout_s - (time.monotonic() - begin)
    if isinstance(source, int):
        raise SourceRefused(f"{label}: the device is there, but gives no pictures (is another program using it?)")
    if kind is SourceKind.CLIP:
        empty = Path(source).stat().st_size == 0
        raise SourceRefused(f"{label}: {'the file is empty' if empty else 'not a video, or a truncated one'}")
    if left <= 0.1 * open_timeout_s:
        raise SourceRefused(f"{label}: no answer within {open_timeout_s:g} s")
    raise SourceRefused(f"{label}: {diagnose(source, left)}")


def _open_pictures(path: Path, kind: SourceKind, label: str, step_s: float) -> PicturesReader:
    if kind is SourceKind.PICTURE:
        return PicturesReader([path], kind, label, step_s)
    paths = sorted(p for p in path.iterdir() if p.suffix.lower() in PICTURES and p.is_file())
    if not paths:
        raise SourceRefused(f"{label}: the folder holds no pictures ({', '.join(sorted(PICTURES))})")
    return PicturesReader(paths, kind, label, step_s)


def _bgr(picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    try:
        return to_bgr(picture) if picture.size else None
    except PictureRefused:
        return None
