"""A camera on the network that speaks MJPEG over HTTP: it is watched, breaks off, hangs, and comes back."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from edge.capture import Camera, SourceKind, SourceRefused, frames
from edge.settings import CameraSettings
from wire import CameraState

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"


class NetworkCamera:
    """Ten pictures a second to whoever asks, each unlike the last; it may be told to hang, or to stop."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.server.getsockname()[1])
        self.hanging = False
        self.limit: int | None = None
        self._stopped = threading.Event()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/video.mjpg"

    def stop(self) -> None:
        self._stopped.set()
        for each in (self.server, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.recv(4096)
            connection.sendall(HEAD)
            number = 0
            while not self._stopped.is_set() and (self.limit is None or number < self.limit):
                if not self.hanging:
                    connection.sendall(self._part(number))
                    number += 1
                time.sleep(0.1)
            connection.close()

    def _part(self, number: int) -> bytes:
        picture = np.full((120, 160, 3), 90, dtype=np.uint8)
        picture[30:80, (number * 7) % 130 : (number * 7) % 130 + 30] = 230
        body = cv2.imencode(".jpg", picture)[1].tobytes()
        return b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(body) + body + b"\r\n"


@pytest.fixture
def network() -> Iterator[NetworkCamera]:
    camera = NetworkCamera()
    yield camera
    camera.stop()


def state_is(camera: Camera, state: CameraState) -> Callable[[], bool]:
    def check() -> bool:
        camera.take()
        return camera.supervise(time.monotonic()).track.state is state

    return check


def watched(address: str) -> Camera:
    camera = Camera(
        CameraSettings(
            name="net",
            source=address,
            sample_s=0.2,
            open_timeout_s=2.0,
            read_timeout_s=1.0,
            stalled_after_s=1.5,
        )
    )
    camera.start()
    return camera


def test_a_stream_gives_frames_by_the_clock(network: NetworkCamera) -> None:
    source = frames(network.address, every_s=0.5, open_timeout_s=5.0)
    assert (source.kind, source.expected) == (SourceKind.STREAM, None)
    found = []
    for frame in source:
        found.append(frame)
        if len(found) == 4:
            break
    times = [frame.captured - found[0].captured for frame in found]
    assert all(0.2 < gap < 3.0 for gap in np.diff(times))
    assert [frame.index for frame in found] == sorted({frame.index for frame in found})
    assert found[-1].size == (160, 120)


def test_a_stream_that_falls_silent_ends_within_its_time_out(network: NetworkCamera) -> None:
    found = []

    def read_on() -> None:
        for frame in frames(network.address, every_s=0, open_timeout_s=5.0, read_timeout_s=1.0):
            found.append(frame)
            network.hanging = True

    with pytest.raises(SourceRefused, match=r"video\.mjpg: no picture within 1 s"):
        read_on()
    assert found
    assert time.monotonic() - found[-1].captured < 4.0


def test_a_camera_that_hangs_is_stalled_and_comes_back(network: NetworkCamera, wait: Callable) -> None:
    camera = watched(network.address)
    wait("live", state_is(camera, CameraState.LIVE))
    network.hanging = True
    wait("not live", lambda: not state_is(camera, CameraState.LIVE)(), timeout_s=10)
    assert camera.supervise(time.monotonic()).track.state in (CameraState.STALLED, CameraState.OFF)
    network.hanging = False
    wait("live again", state_is(camera, CameraState.LIVE), timeout_s=20)
    camera.stop()


def test_a_camera_that_hangs_up_is_connected_anew(network: NetworkCamera, wait: Callable) -> None:
    network.limit = 8
    camera = watched(network.address)
    wait("three connections", lambda: len(network._open) >= 3, timeout_s=20)
    assert camera.supervise(time.monotonic()).frames >= 6
    camera.stop()


def test_a_camera_that_dies_is_off_and_says_why(network: NetworkCamera, wait: Callable) -> None:
    camera = watched(network.address)
    wait("live", state_is(camera, CameraState.LIVE))
    network.stop()
    wait("off", state_is(camera, CameraState.OFF), timeout_s=15)
    wait(
        "the reason",
        lambda: "refuses connections" in camera.supervise(time.monotonic()).track.reason,
        timeout_s=15,
    )
    camera.stop()


def test_the_calibration_page_takes_the_newest_picture_and_hides_the_password(network: NetworkCamera) -> None:
    from levee.calibrate.watch import Watch

    watch = Watch(network.address.replace("http://", "http://watch:secret@"))
    try:
        first = watch.frame(0.0)
        assert first[1].shape == (120, 160, 3)
        assert watch.frame(0.0)[0] > first[0]
        assert watch.live
        assert "secret" not in watch.label
    finally:
        watch.close()


def test_the_calibration_page_refuses_an_address_without_a_camera_in_one_line() -> None:
    from edge.capture.frame import SourceRefused
    from levee.calibrate.watch import Watch

    watch = Watch("rtsp://watch:secret@127.0.0.1:9/stream")
    with pytest.raises(SourceRefused, match=r"^rtsp://\*\*\*@127\.0\.0\.1:9/stream: .* refuses connections") as refused:
        watch.frame(0.0)
    assert "\n" not in str(refused.value)
    watch.close()
