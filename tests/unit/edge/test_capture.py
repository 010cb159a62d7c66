"""Sources of every kind: what they yield, how they keep their pace, and the one line of each that is refused."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture import Camera, Frame, SourceKind, SourceRefused, frames, identify, redact, resolve
from edge.capture import camera as camera_module
from edge.capture import play as play_module
from edge.capture.reader import Reader
from edge.settings import CameraSettings
from wire import CameraState


def picture(shade: int) -> np.ndarray:
    drawn = np.full((96, 128, 3), 90, dtype=np.uint8)
    drawn[20:60, shade % 100 : shade % 100 + 20] = 240
    return drawn


def write_clip(path: Path, count: int, fps: float = 10.0, still: bool = False) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (128, 96))
    for index in range(count):
        writer.write(picture(0 if still else index * 3))
    writer.release()
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.avi", 40)


@pytest.fixture
def serve() -> Iterator[Callable[[bytes | None], int]]:
    """A TCP server that answers each connection with these bytes and hangs up, or (None) says nothing; its port."""
    sockets: list[socket.socket] = []

    def start(answer: bytes | None) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        sockets.append(server)

        def run() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                if answer is None:
                    sockets.append(connection)
                    continue
                with connection:
                    connection.settimeout(2)
                    connection.recv(1024)
                    connection.sendall(answer)

        threading.Thread(target=run, daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    for each in sockets:
        # A blocked accept is woken by shutdown, not by close.
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


@pytest.mark.parametrize(
    ("every_s", "indices"),
    [(1.0, [0, 10, 20, 30]), (0.5, list(range(0, 40, 5))), (0, list(range(40))), (100.0, [0])],
)
def test_a_clip_every_so_many_seconds(clip: Path, every_s: float, indices: list[int]) -> None:
    source = frames(str(clip), every_s=every_s)
    found = list(source)
    assert [frame.index for frame in found] == indices
    assert [frame.time_s for frame in found] == pytest.approx([index / 10 for index in indices], abs=0.01)
    assert found[0].picture.shape == (96, 128, 3)
    assert found[0].picture.dtype == np.uint8
    assert found[0].size == (128, 96)
    assert source.expected == len(indices)
    assert source.kind is SourceKind.CLIP


def test_a_folder_in_the_order_of_names_and_a_single_picture(tmp_path: Path) -> None:
    for name, shade in (("b.png", 200), ("a.jpg", 10), ("note.txt", 0)):
        if name.endswith("txt"):
            (tmp_path / name).write_text("no picture")
        else:
            cv2.imwrite(str(tmp_path / name), np.full((50, 60, 3), shade, dtype=np.uint8))
    found = list(frames(str(tmp_path), every_s=5.0))
    assert [round(float(frame.picture.mean())) for frame in found] == [10, 200]
    one = list(frames(str(tmp_path / "b.png")))
    assert [frame.size for frame in one] == [(60, 50)]


def test_a_grey_picture_with_an_alpha_channel_becomes_bgr(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((50, 60, 4), 99, dtype=np.uint8))
    cv2.imwrite(str(tmp_path / "b.png"), np.full((50, 60), 99, dtype=np.uint8))
    assert {frame.picture.shape for frame in frames(str(tmp_path))} == {(50, 60, 3)}


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda at, clip: at / "none.mp4", r"none\.mp4: no such file or folder"),
        (lambda at, clip: write(at / "a.mp4", b""), r"a\.mp4: the file is empty"),
        (lambda at, clip: write(at / "a.mp4", b"<html>" * 500), r"a\.mp4: not a video, or a truncated one"),
        (lambda at, clip: write(at / "a.avi", clip[:3000]), r"a\.avi: (not a video|the clip holds no|truncated)"),
        (lambda at, clip: write(at / "a.avi", clip[: len(clip) // 2]), r"a\.avi: truncated: it ends after \d+ of 40"),
        (lambda at, clip: write_clip(at / "zero.avi", 0), r"zero\.avi: (not a video|the clip holds no|the file)"),
        (lambda at, clip: at, r": the folder holds no pictures"),
        (lambda at, clip: write(at / "a.png", b"\x89PNG" + b"x" * 50), r"a\.png: not a picture"),
        (lambda at, clip: 63, r"USB camera 63: /dev/video63 is not there"),
        (lambda at, clip: "gopher://x/y", r"gopher://x/y: an address must begin with one of http, https, rtmp"),
    ],
)
def test_what_gives_no_pictures_is_one_clear_line(
    tmp_path: Path, clip: Path, make: Callable, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    source = make(tmp_path, clip.read_bytes())
    with pytest.raises(SourceRefused, match=says) as caught:
        list(frames(source if isinstance(source, int) else str(source)))
    assert "\n" not in str(caught.value)
    # The libraries below are kept from writing to stderr on their own.
    assert capfd.readouterr().err == ""


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><body>Log in</body></html>"


@pytest.mark.parametrize(
    ("address", "answer", "says"),
    [
        ("http://u:secret@127.0.0.1:{}/a", HTML, "answers with a web page"),
        ("rtsp://u:secret@127.0.0.1:{}/a", HTML, "answers with a web page"),
        ("rtsp://u:secret@127.0.0.1:{}/a", b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n", "asks for a user name"),
        ("http://u:secret@127.0.0.1:{}/a", b"HTTP/1.1 404 Not Found\r\n\r\n", "no stream of that name"),
        ("rtsp://u:secret@127.0.0.1:{}/a", b"SSH-2.0-x\r\n\r\n", "does not answer as a video stream does"),
        ("rtsp://u:secret@127.0.0.1:{}/a?token=secret", None, "no answer within 1 s"),
        ("http://u:secret@127.0.0.1:{}/a?token=secret", None, "no answer within 1 s"),
        ("rtsp://u:secret@127.0.0.1:{}/a", "refuse", r"127\.0\.0\.1 refuses connections on port"),
        ("http://u:secret@127.0.0.1:{}/a", "refuse", r"127\.0\.0\.1 refuses connections on port"),
    ],
)
def test_an_address_without_a_stream_is_one_line_within_the_time_out(
    serve: Callable,
    new_port: Callable,
    address: str,
    answer: bytes | str | None,
    says: str,
    capfd: pytest.CaptureFixture,
) -> None:
    port = new_port() if answer == "refuse" else serve(answer)
    begin = time.monotonic()
    with pytest.raises(SourceRefused, match=says) as caught:
        frames(address.format(port), open_timeout_s=1.0, read_timeout_s=1.0)
    assert time.monotonic() - begin < 2.0 + play_module.GRACE_S
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in capfd.readouterr().err


class Hanging:
    """A decoder that never comes back."""

    kind = SourceKind.STREAM
    label = "rtsp://***@x"
    fps = None
    announced = None
    time_s = 0.0

    def __init__(self) -> None:
        self.release = threading.Event()

    def grab(self) -> bool:
        return self.release.wait(60)

    def picture(self) -> None:
        return None

    def seek(self, time_s: float) -> bool:
        return False

    def close(self) -> None:
        self.release.set()


def test_a_read_that_hangs_holds_nobody_longer_than_its_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Hanging()
    monkeypatch.setattr(play_module, "open_reader", lambda *a, **k: reader)
    monkeypatch.setattr(play_module, "GRACE_S", 0.2)
    with pytest.raises(SourceRefused, match=r"rtsp://\*\*\*@x: no picture within 0\.3 s"):
        next(iter(frames("rtsp://u:p@x", read_timeout_s=0.3)))
    reader.close()


def test_an_opening_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hang(source: str, **limits: float) -> Reader:
        release.wait(30)
        raise SourceRefused("late")

    monkeypatch.setattr(play_module, "open_reader", hang)
    monkeypatch.setattr(play_module, "GRACE_S", 0.2)
    with pytest.raises(SourceRefused, match=r"rtsp://\*\*\*@x: no answer within 0\.3 s"):
        frames("rtsp://u:p@x", open_timeout_s=0.3)
    release.set()


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("rtsp://user:pass@10.0.0.1:554/ch1", "rtsp://***@10.0.0.1:554/ch1"),
        ("rtsp://user:p@ss@10.0.0.1/ch1", "rtsp://***@10.0.0.1/ch1"),
        ("http://10.0.0.1/video?user=a&password=b&x=1", "http://10.0.0.1/video?***"),
        ("rtsp://user:p/a?s#s@10.0.0.1/ch1", "rtsp://***@10.0.0.1/ch1"),
        ("http://10.0.0.1/v?pwd=b", "http://10.0.0.1/v?***"),
        ("rtsp://10.0.0.5:554/user=admin_password=XXXX_channel=1_stream=0.sdp", "rtsp://10.0.0.5:554/***"),
        ("http://10.0.0.1/v?access_token=XXXX", "http://10.0.0.1/v?***"),
        ("http://10.0.0.1?api_key=XXXX", "http://10.0.0.1?***"),
        ("http://10.0.0.1/live/sig=XXXX", "http://10.0.0.1/live/***"),
        ("rtsp://10.0.0.1/cam;loginpas=XXXX", "rtsp://10.0.0.1/cam;***"),
        ("clips/a@b.mp4", "clips/a@b.mp4"),
        (3, "USB camera 3"),
    ],
)
def test_credentials_are_redacted(source: str | int, shown: str) -> None:
    assert redact(source) == shown


def test_sources_from_the_environment_and_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAM_SOURCE", "rtsp://u:p@x/1")
    (tmp_path / "source").write_text("7\nignored\n")
    (tmp_path / "source").chmod(0o640)
    assert resolve(CameraSettings(name="c", source_from_env="CAM_SOURCE")) == "rtsp://u:p@x/1"
    assert resolve(CameraSettings(name="c", source_from_file=str(tmp_path / "source"))) == 7
    monkeypatch.delenv("CAM_SOURCE")
    with pytest.raises(SourceRefused, match="the environment variable CAM_SOURCE holds no source"):
        resolve(CameraSettings(name="c", source_from_env="CAM_SOURCE"))
    with pytest.raises(SourceRefused, match=r"`source_from_file` .*none: No such file"):
        resolve(CameraSettings(name="c", source_from_file=str(tmp_path / "none")))
    (tmp_path / "source").chmod(0o644)
    with pytest.raises(SourceRefused, match=r"source is open to every user of this machine \(mode 0644\): chmod o="):
        resolve(CameraSettings(name="c", source_from_file=str(tmp_path / "source")))


@pytest.mark.parametrize(
    ("source", "kind"), [("rtsp://x/1", SourceKind.STREAM), ("HTTP://x/1", SourceKind.STREAM), (".", SourceKind.FOLDER)]
)
def test_kinds(source: str, kind: SourceKind) -> None:
    assert identify(source) is kind


def watch(camera: Camera, seconds: float) -> list[tuple[float, Frame]]:
    """Take what comes for a while, supervising as a tick does; (seconds since the start, frame)."""
    begin, found = time.monotonic(), []
    camera.start()
    while time.monotonic() - begin < seconds:
        frame = camera.take()
        if frame is not None:
            found.append((frame.captured - begin, frame))
        camera.supervise(time.monotonic())
        time.sleep(0.01)
    camera.stop()
    return found


def test_a_clip_runs_at_its_own_pace_and_begins_again(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "short.avi", 10)
    camera = Camera(CameraSettings(name="c", source=str(path), sample_s=0.2, repeat=True))
    found = watch(camera, 2.5)
    times = [frame.time_s for _, frame in found]
    assert times[:6] == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 0.0], abs=0.01)
    assert [frame.index for _, frame in found] == list(range(len(found)))
    # Each repetition begins where the one before ended, so that media time and the clock stay together.
    first = found[0][0]
    late = [moment - first - 0.2 * number for number, (moment, _) in enumerate(found)]
    # The median: a busy machine may hold up a frame, but not shift those that follow.
    assert float(np.median(np.abs(late))) < 0.15
    report = camera.supervise(time.monotonic())
    assert report.track.state is CameraState.LIVE
    assert report.frames == len(found)


def test_a_clip_that_ends_is_off_with_a_reason(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "short.avi", 3)
    camera = Camera(CameraSettings(name="c", source=str(path), sample_s=0.1, stalled_after_s=0.5))
    assert len(watch(camera, 2.5)) == 3
    track = camera.supervise(time.monotonic()).track
    assert (track.state, track.reason) == (CameraState.OFF, "the clip has ended")


def test_a_picture_that_does_not_change_is_frozen_and_a_clip_that_loops_is_not(tmp_path: Path) -> None:
    still = write_clip(tmp_path / "still.avi", 10, still=True)
    moving = write_clip(tmp_path / "moving.avi", 10)
    states = []
    for path in (still, moving):
        camera = Camera(CameraSettings(name="c", source=str(path), sample_s=0.1, repeat=True, frozen_after_s=1.0))
        watch(camera, 3.0)
        states.append(camera.supervise(time.monotonic()).track.state)
    assert states == [CameraState.FROZEN, CameraState.LIVE]


def test_frames_that_nobody_takes_are_counted_as_superseded(tmp_path: Path) -> None:
    camera = Camera(CameraSettings(name="c", source=str(write_clip(tmp_path / "a.avi", 10)), sample_s=0.1))
    camera.start()
    end = time.monotonic() + 5
    while camera.supervise(time.monotonic()).frames < 10 and time.monotonic() < end:
        time.sleep(0.05)
    newest = camera.take()
    assert newest is not None
    assert newest.index == 9
    assert camera.take() is None
    assert camera.supervise(time.monotonic()).dropped == {"superseded": 9}
    camera.stop()


def test_a_camera_that_is_not_there_is_off_with_one_log_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, new_port: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAM_SOURCE", f"rtsp://user:secret@127.0.0.1:{new_port()}/x")
    camera = Camera(CameraSettings(name="c", source_from_env="CAM_SOURCE", open_timeout_s=1.0))
    assert watch(camera, 2.0) == []
    track = camera.supervise(time.monotonic()).track
    assert track.state is CameraState.OFF
    assert "refuses connections" in track.reason
    assert "secret" not in track.reason + caplog.text
    assert len([r for r in caplog.records if "refuses connections" in r.message]) == 1


def test_a_thread_that_hangs_is_left_behind_and_the_camera_opened_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hanging, real = Hanging(), camera_module.open_reader
    readers: list[object] = [hanging]
    monkeypatch.setattr(camera_module, "GRACE_S", 0.1)
    monkeypatch.setattr(camera_module, "open_reader", lambda *a, **k: readers.pop() if readers else real(*a, **k))
    path = write_clip(tmp_path / "a.avi", 10)
    camera = Camera(
        CameraSettings(name="c", source=str(path), sample_s=0.1, read_timeout_s=0.5, stalled_after_s=2.0, repeat=True)
    )
    found = watch(camera, 2.0)
    hanging.close()
    assert len(found) > 5
    assert camera.supervise(time.monotonic()).track.state is CameraState.LIVE
    assert "reading hangs; it is opened anew" in caplog.text


class Slow:
    """A clip whose pictures take longer to decode than they last."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.kind, self.label, self.fps, self.announced = reader.kind, reader.label, reader.fps, reader.announced
        self.grab, self.seek, self.close = reader.grab, reader.seek, reader.close

    @property
    def time_s(self) -> float:
        return self._reader.time_s

    def picture(self) -> np.ndarray | None:
        time.sleep(0.3)
        return self._reader.picture()


def test_a_clip_that_cannot_keep_up_is_moved_on_and_never_drifts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = camera_module.open_reader
    monkeypatch.setattr(camera_module, "open_reader", lambda *a, **k: Slow(real(*a, **k)))
    path = write_clip(tmp_path / "long.avi", 120)
    camera = Camera(CameraSettings(name="c", source=str(path), sample_s=0.1, stalled_after_s=3.0))
    found = watch(camera, 5.0)
    report = camera.supervise(time.monotonic())
    assert report.dropped["late"] >= 10
    assert max(abs(moment - found[0][0] - frame.time_s) for moment, frame in found) < 2.0
    assert report.track.state is CameraState.LIVE
