"""A camera of the box: a thread that keeps the newest picture, and the facts that its state is judged from."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

from edge.capture import states
from edge.capture.address import resolve
from edge.capture.frame import Frame, SourceRefused
from edge.capture.look import Look, look
from edge.capture.past import Past
from edge.capture.play import GRACE_S, refuse_early_end
from edge.capture.reader import Reader, open_reader
from edge.settings import CameraSettings

_log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
#: Threads that may hang in the decoder at a time; with more the process should end and begin anew.
ABANDONED_MOST = 8


@dataclass(frozen=True)
class Report:
    """How a camera fares: its track, frames taken, drops by reason, and the age of the newest picture in seconds."""

    track: states.Track
    frames: int
    dropped: dict[str, int]
    frame_age_s: float | None


class Camera:
    """Reads one source in a thread of its own; whoever counts takes the newest frame and waits for nothing.

    Frames that are not counted are told apart: `superseded` (a newer one came first), `late` (a clip skipped to keep
    its pace), `unreadable`. A thread that hangs in the decoder is left behind and replaced by `supervise`. `news` is
    set when a frame comes.
    """

    def __init__(self, settings: CameraSettings, news: threading.Event | None = None) -> None:
        self.settings = settings
        self._news = news if news is not None else threading.Event()
        self.limits = states.Limits(settings.stalled_after_s, settings.frozen_after_s, settings.dark_below)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._generation = 0
        self._threads: list[threading.Thread] = []
        self._relaunch_at = float("inf")
        self._hang_pause_s = FIRST_PAUSE_S
        self._deadline = float("inf")
        self._pause_s = FIRST_PAUSE_S
        self._track = states.Track()
        self._newest: Frame | None = None
        self._last_look: Look | None = None
        self._said = ""
        self._frames = 0
        self._dropped: dict[str, int] = {}

    def start(self) -> None:
        self._launch()

    def stop(self) -> None:
        """Ask the thread to end; it is a daemon, and a decoder that hangs holds nobody."""
        self._stop.set()

    def take(self) -> Frame | None:
        """The newest frame that nobody has taken, or None."""
        with self._lock:
            frame, self._newest = self._newest, None
            return frame

    def supervise(self, now: float) -> Report:
        """Judge the state at `now` (monotonic seconds), and replace a thread that is overdue."""
        with self._lock:
            overdue = now > self._deadline and not self._stop.is_set()
            if overdue:
                self._deadline = float("inf")
                # What the thread that hangs may still say is not heard.
                self._generation += 1
                self._relaunch_at = now + self._hang_pause_s
                self._hang_pause_s = min(LONGEST_PAUSE_S, self._hang_pause_s * 2)
                self._track = states.refused(self._track, "reading hangs: opened anew")
            launch = now >= self._relaunch_at and not self._stop.is_set()
        if overdue:
            _log.warning("camera %s: reading hangs; it is opened anew", self.settings.name)
        if launch:
            self._launch()
        with self._lock:
            before = self._track
            self._track = states.judged(before, now, self.limits)
            track = self._track
            age = None if track.last_picture is None else max(0.0, now - track.last_picture)
            report = Report(track, self._frames, dict(self._dropped), age)
        if track.state is not before.state:
            says = f": {track.reason}" if track.reason else ""
            _log.warning("camera %s is %s (%s)%s", self.settings.name, track.state.value, track.transition, says)
        return report

    @property
    def abandoned(self) -> int:
        """Threads of former attempts that hang in the decoder still."""
        self._threads = [*(t for t in self._threads[:-1] if t.is_alive()), *self._threads[-1:]]
        return max(0, len(self._threads) - 1)

    def _launch(self) -> None:
        with self._lock:
            self._generation += 1
            self._relaunch_at = float("inf")
            generation = self._generation
        name = f"levee-camera-{self.settings.name}"
        thread = threading.Thread(target=self._run, args=(generation,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _over(self, generation: int) -> bool:
        return self._stop.is_set() or generation != self._generation

    def _run(self, generation: int) -> None:
        anchor: float | None = None
        while not self._over(generation):
            try:
                self._watch(generation, self.settings.open_timeout_s)
                reader = open_reader(
                    resolve(self.settings),
                    open_timeout_s=self.settings.open_timeout_s,
                    read_timeout_s=self.settings.read_timeout_s,
                    step_s=self.settings.sample_s,
                )
                try:
                    self._opened(generation)
                    anchor = self._play(reader, generation, anchor)
                finally:
                    self._watch(generation, None)
                    reader.close()
            except Exception as error:  # noqa: BLE001  whatever a decoder raises, the camera is opened again
                self._watch(generation, None)
                # The text of a foreign error may hold the address: its name is said, and no more.
                known = isinstance(error, SourceRefused)
                self._failed(generation, str(error) if known else f"reading failed: {type(error).__name__}")
                anchor = None
                self._stop.wait(self._pause_s)
                self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)
                continue
            if reader.kind.live:
                self._failed(generation, f"{reader.label}: the stream broke off")
                self._stop.wait(self._pause_s)
                self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)
            elif not self.settings.repeat:
                self._failed(generation, "the clip has ended")
                return

    def _play(self, reader: Reader, generation: int, anchor: float | None) -> float:
        """Read to the end; gives the moment at which a repetition of a clip should begin."""
        live = reader.kind.live
        sample_s = self.settings.sample_s
        start = time.monotonic() if anchor is None or live else anchor
        read, wanted, last, skipped = 0, 0.0, time.monotonic(), False
        past = Past(sample_s) if self.settings.motion and self.settings.calibrated else None
        self._watch(generation, self.settings.read_timeout_s)
        while not self._over(generation) and reader.grab():
            read += 1
            last = time.monotonic()
            self._watch(generation, self.settings.read_timeout_s)
            moment = reader.time_s
            if moment + 0.5 / (reader.fps or 1000.0) < wanted:
                if past is not None and past.wants(reader.stamp_s, wanted - moment):
                    past.keep(reader.picture(), reader.stamp_s)
                continue
            wanted = max(wanted + sample_s, moment - sample_s)
            if not live and not self._keep_pace(reader, generation, start, moment):
                skipped = True
                continue
            picture = reader.picture()
            if picture is None:
                self._drop("unreadable")
            else:
                now, name = time.monotonic(), self.settings.name
                if past is None:
                    frame = Frame(picture, self._frames, now, moment, name)
                else:
                    before = past.before(reader.stamp_s)
                    small = past.counted(picture, reader.stamp_s)
                    frame = Frame(picture, self._frames, now, reader.stamp_s, name, before, small)
                self._arrived(generation, frame)
        if not skipped and not self._over(generation):
            refuse_early_end(reader, read, silent_s=time.monotonic() - last, timeout_s=self.settings.read_timeout_s)
        return max(start + reader.time_s + 1.0 / (reader.fps or 25.0), time.monotonic() - sample_s)

    def _keep_pace(self, reader: Reader, generation: int, start: float, moment: float) -> bool:
        """Wait until a clip's frame is due; False where it is so late that the clip was moved on instead."""
        ahead = start + moment - time.monotonic()
        if ahead > 0:
            self._watch(generation, None)
            self._stop.wait(ahead)
            self._watch(generation, self.settings.read_timeout_s)
            return not self._over(generation)
        if -ahead > max(1.0, 2 * self.settings.sample_s) and reader.seek(moment - ahead):
            self._drop("late", max(1, round(-ahead / self.settings.sample_s)))
            return False
        return True

    def _watch(self, generation: int, limit_s: float | None) -> None:
        """Set the moment from which this thread counts as hanging; None: never."""
        with self._lock:
            if generation == self._generation:
                self._deadline = float("inf") if limit_s is None else time.monotonic() + limit_s + GRACE_S

    def _opened(self, generation: int) -> None:
        with self._lock:
            if generation == self._generation:
                self._track = states.opened(self._track)

    def _failed(self, generation: int, line: str) -> None:
        with self._lock:
            if generation != self._generation:
                return
            news, self._said = line != self._said, line
            self._track = states.refused(self._track, line[:400])
        if news:
            _log.warning("camera %s: %s", self.settings.name, line)

    def _arrived(self, generation: int, frame: Frame) -> None:
        now_look = look(frame)
        with self._lock:
            if generation != self._generation:
                return
            changed = self._last_look is None or not now_look.same_as(self._last_look)
            if changed:
                self._last_look = now_look
            self._track = states.pictured(self._track, frame.captured, changed=changed, brightness=now_look.brightness)
            self._frames += 1
            self._pause_s = self._hang_pause_s = FIRST_PAUSE_S
            self._said = ""
            if self._newest is not None:
                self._dropped["superseded"] = self._dropped.get("superseded", 0) + 1
            self._newest = frame
        self._news.set()

    def _drop(self, reason: str, count: int = 1) -> None:
        with self._lock:
            self._dropped[reason] = self._dropped.get(reason, 0) + count
