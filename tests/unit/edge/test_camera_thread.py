"""A camera's thread: whatever the decoder does, it is opened again, and hanging attempts do not pile up unseen."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import NoReturn

import cv2
import numpy as np
import pytest

from edge.capture import Camera, SourceKind
from edge.capture import camera as camera_module
from edge.capture.reader import read_picture
from edge.settings import CameraSettings
from models.picture import PictureRefused


class Failing:
    """A stream whose decoder raises at each picture."""

    kind = SourceKind.STREAM
    label = "rtsp://***@x"
    fps = None
    announced = None

    def grab(self) -> bool:
        time.sleep(0.01)
        return True

    @property
    def time_s(self) -> float:
        return time.monotonic()

    def picture(self) -> NoReturn:
        raise cv2.error("no memory for rtsp://u:secret@x")

    def seek(self, time_s: float) -> bool:
        return False

    def close(self) -> None:
        return None


def test_an_error_of_the_decoder_opens_the_camera_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opened: list[int] = []

    def opening(*a: object, **k: object) -> Failing:
        opened.append(1)
        return Failing()

    monkeypatch.setattr(camera_module, "open_reader", opening)
    monkeypatch.setattr(camera_module, "FIRST_PAUSE_S", 0.02)
    camera = Camera(CameraSettings(name="c", source="rtsp://x/1", sample_s=0.05))
    camera.start()
    end = time.monotonic() + 10
    while len(opened) < 3 and time.monotonic() < end:
        time.sleep(0.02)
    camera.stop()
    assert len(opened) >= 3
    assert [r.message for r in caplog.records] == ["camera c: reading failed: error"]


def test_openings_that_hang_are_tried_ever_more_rarely_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(camera_module, "open_reader", lambda *a, **k: release.wait(60) and Failing())
    monkeypatch.setattr(camera_module, "GRACE_S", 0.0)
    camera = Camera(CameraSettings(name="c", source="rtsp://x/1", open_timeout_s=0.5))
    camera.start()
    # Ten minutes at a tick of 2 s, each of which finds what runs overdue.
    now = time.monotonic()
    for _ in range(300):
        now += 2.0
        camera._deadline = min(camera._deadline, now - 1 if camera._relaunch_at == float("inf") else camera._deadline)
        camera.supervise(now)
    assert 5 < camera.abandoned < 35
    release.set()
    camera.stop()
    end = time.monotonic() + 10
    while camera.abandoned and time.monotonic() < end:
        time.sleep(0.02)
    assert camera.abandoned == 0


def test_a_picture_that_opencv_raises_over_is_not_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(raw: np.ndarray, flags: int) -> NoReturn:
        raise cv2.error("too many pixels")

    (tmp_path / "a.png").write_bytes(b"x")
    monkeypatch.setattr(cv2, "imdecode", refuse)
    with pytest.raises(PictureRefused, match="OpenCV does not take it"):
        read_picture(tmp_path / "a.png")
