"""A source as a sequence of frames, as fast as it can be read: for counting files, and streams a sample at a time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from edge.capture.address import SourceKind, redact
from edge.capture.frame import Frame, SourceRefused
from edge.capture.reader import WHOLE_SHARE, PicturesReader, Reader, open_reader

#: A call into the decoder that outlasts its own time-out by this much is given up.
GRACE_S = 2.0


@dataclass(frozen=True)
class _End:
    refusal: SourceRefused | None = None


class Frames:
    """The frames of one source, one every `every_s` seconds of its own time (every picture of a folder).

    Iterate once. Raises SourceRefused when made, if the source cannot be opened, and while iterating, if it breaks off:
    a clip that ends early, a stream that falls silent for longer than `read_timeout_s`, a picture that is unreadable.
    A read that hangs holds the caller no longer than the time-out: it goes on in a thread that is left behind.
    """

    def __init__(
        self,
        source: str | int,
        *,
        every_s: float = 1.0,
        open_timeout_s: float = 10.0,
        read_timeout_s: float = 5.0,
        camera: str = "",
    ) -> None:
        if every_s < 0:
            raise ValueError(f"every_s must be 0 (each frame) or more, not {every_s:g}")
        self._every_s = every_s
        self._read_timeout_s = read_timeout_s
        self._camera = camera
        self._reader = open_watched(source, open_timeout_s=open_timeout_s, read_timeout_s=read_timeout_s)
        self._queue: queue.Queue[Frame | _End] = queue.Queue(maxsize=2)
        self._closed = threading.Event()

    @property
    def kind(self) -> SourceKind:
        return self._reader.kind

    @property
    def label(self) -> str:
        """The source as it may be shown: no password in it."""
        return self._reader.label

    @property
    def fps(self) -> float | None:
        """Frames per second of a clip, where it says."""
        return self._reader.fps

    @property
    def expected(self) -> int | None:
        """About how many frames will come, for a progress bar; None for a stream."""
        announced, fps = self._reader.announced, self._reader.fps
        if announced is None:
            return None
        if isinstance(self._reader, PicturesReader) or self._every_s == 0 or fps is None:
            return announced
        return max(1, round(announced / fps / self._every_s))

    def __iter__(self) -> Iterator[Frame]:
        threading.Thread(target=self._pump, name="levee-frames", daemon=True).start()
        limit = self._read_timeout_s + GRACE_S
        try:
            while True:
                try:
                    item = self._queue.get(timeout=limit)
                except queue.Empty:
                    raise SourceRefused(f"{self.label}: no picture within {self._read_timeout_s:g} s") from None
                if isinstance(item, Frame):
                    yield item
                elif item.refusal is not None:
                    raise item.refusal
                else:
                    return
        finally:
            self.close()

    def close(self) -> None:
        """Stop reading; the frames that were read ahead are lost."""
        self._closed.set()

    def _pump(self) -> None:
        end = _End()
        try:
            for frame in self._read():
                if not self._put(frame):
                    return
        except SourceRefused as refusal:
            end = _End(refusal)
        finally:
            self._reader.close()
        self._put(end)

    def _put(self, item: Frame | _End) -> bool:
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def _read(self) -> Iterator[Frame]:
        reader = self._reader
        index, wanted, last = -1, 0.0, time.monotonic()
        pictures = isinstance(reader, PicturesReader)
        while not self._closed.is_set() and reader.grab():
            index += 1
            last = time.monotonic()
            # Half a frame early is nearer than half a frame late.
            if not pictures and reader.time_s + 0.5 / (reader.fps or 1000.0) < wanted:
                continue
            picture = reader.picture()
            if picture is None:
                if isinstance(reader, PicturesReader):
                    raise SourceRefused(f"{reader.path}: {reader.fault}")
                continue
            yield Frame(picture, index, last, reader.time_s, self._camera)
            while self._every_s > 0 and wanted <= reader.time_s + 0.5 / (reader.fps or 1000.0):
                wanted += self._every_s
        if not self._closed.is_set():
            refuse_early_end(reader, index + 1, silent_s=time.monotonic() - last, timeout_s=self._read_timeout_s)


def open_watched(source: str | int, *, open_timeout_s: float, read_timeout_s: float, step_s: float = 1.0) -> Reader:
    """`open_reader` that comes back in time even where the decoder does not."""
    results: queue.Queue[Reader | SourceRefused] = queue.Queue()
    abandoned = threading.Event()

    def attempt() -> None:
        try:
            reader = open_reader(source, open_timeout_s=open_timeout_s, read_timeout_s=read_timeout_s, step_s=step_s)
        except SourceRefused as refusal:
            results.put(refusal)
            return
        if abandoned.is_set():
            reader.close()
        else:
            results.put(reader)

    threading.Thread(target=attempt, name="levee-open", daemon=True).start()
    try:
        result = results.get(timeout=open_timeout_s + GRACE_S)
    except queue.Empty:
        abandoned.set()
        raise SourceRefused(f"{redact(source)}: no answer within {open_timeout_s:g} s") from None
    if isinstance(result, SourceRefused):
        raise result
    return result


def refuse_early_end(reader: Reader, read: int, *, silent_s: float, timeout_s: float) -> None:
    """SourceRefused where a source that ended after `read` frames should have given more."""
    if reader.kind.live:
        if silent_s >= 0.8 * timeout_s:
            raise SourceRefused(f"{reader.label}: no picture within {timeout_s:g} s")
        if read == 0:
            raise SourceRefused(f"{reader.label}: it opened, but gave no picture")
        return
    if read == 0:
        raise SourceRefused(f"{reader.label}: the clip holds no picture")
    announced = reader.announced
    if reader.kind is SourceKind.CLIP and announced and read < WHOLE_SHARE * announced:
        raise SourceRefused(f"{reader.label}: truncated: it ends after {read} of {announced} frames")


def frames(
    source: str | int, *, every_s: float = 1.0, open_timeout_s: float = 10.0, read_timeout_s: float = 5.0
) -> Frames:
    """The frames of a clip, folder, picture, USB camera or stream, every `every_s` seconds (0: each frame).

    ::

        for frame in frames("clip.mp4", every_s=1.0):
            counter.count(frame.picture)
    """
    return Frames(source, every_s=every_s, open_timeout_s=open_timeout_s, read_timeout_s=read_timeout_s)
