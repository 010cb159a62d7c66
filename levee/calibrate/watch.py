"""The source while it is calibrated: a frame at a time of a clip or folder, or the newest one of a live camera."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
from numpy.typing import NDArray

from edge.camera_settings import CameraSettings
from edge.capture.address import SourceKind, identify, redact
from edge.capture.camera import Camera
from edge.capture.frame import SourceRefused
from edge.capture.reader import Reader, open_reader
from edge.capture.states import Track

Picture = NDArray[np.uint8]
TIMEOUT_S = 12.0
_VARIABLE = "LEVEE_CALIBRATE_SOURCE"


class Watch:
    """One source. `at` and `newest` may be called from any thread; SourceRefused says why there is no frame."""

    def __init__(self, source: str | int) -> None:
        self.kind = identify(source)
        self.label = redact(source)
        self._source = source
        self._lock = threading.Lock()
        self._reader: Reader | None = None
        self._camera: Camera | None = None
        self._time_s = -1.0
        #: Seconds of a clip or folder; 0 where it has no end or no second frame.
        self.duration_s = 0.0
        if self.live:
            # An address may hold a password, which settings refuse: it takes the way that they leave open.
            os.environ[_VARIABLE] = str(source)
            self._camera = Camera(CameraSettings(name="source", source_from_env=_VARIABLE, sample_s=0.2))
            self._camera.start()
        else:
            reader = self._opened()
            if reader.announced and reader.fps:
                self.duration_s = max(0.0, (reader.announced - 1) / reader.fps)

    @property
    def live(self) -> bool:
        """Whether frames come when they please, and cannot be chosen."""
        return self.kind in (SourceKind.STREAM, SourceKind.USB)

    def frame(self, time_s: float) -> tuple[float, Picture]:
        """(seconds, picture): the frame at that time, or the newest one of a live source."""
        with self._lock:
            return self._newest() if self.live else self._at(time_s)

    def close(self) -> None:
        with self._lock:
            if self._camera is not None:
                self._camera.stop()
            if self._reader is not None:
                self._reader.close()
                self._reader = None

    def _opened(self) -> Reader:
        self._reader = open_reader(self._source, open_timeout_s=TIMEOUT_S, read_timeout_s=TIMEOUT_S)
        self._time_s = -1.0
        return self._reader

    def _at(self, time_s: float) -> tuple[float, Picture]:
        wanted = min(max(0.0, time_s), self.duration_s)
        reader = self._reader if self._reader is not None else self._opened()
        if wanted <= self._time_s:
            reader.close()
            reader = self._opened()
        if wanted > self._time_s + 2.0:
            reader.seek(wanted)
        picture: Picture | None = None
        while reader.grab():
            self._time_s = reader.time_s
            if self._time_s + 0.02 >= wanted:
                picture = reader.picture()
                break
        if picture is None:
            raise SourceRefused(f"{self.label}: no frame can be read at {wanted:.1f} s")
        return self._time_s, picture

    def _newest(self) -> tuple[float, Picture]:
        assert self._camera is not None
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end:
            report = self._camera.supervise(time.monotonic())
            frame = self._camera.take()
            if frame is not None:
                return frame.time_s, frame.picture
            if report.frames == 0 and report.track.reason not in ("", Track().reason):
                why = report.track.reason.removeprefix(f"{self.label}: ")
                raise SourceRefused(f"{self.label}: {why}")
            time.sleep(0.05)
        raise SourceRefused(f"{self.label}: no picture within {TIMEOUT_S:g} s")
