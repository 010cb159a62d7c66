"""Child processes that never outlive this one, and whose last words are kept."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from levee.config.problems import redacted
from levee.demo import leash

_LAST_WORDS = 12


class ChildDied(RuntimeError):
    """A child ended that should have gone on; the message is one line with its last words."""


class Child:
    """One program in a session of its own, so that Ctrl-C reaches only us and we end the children in order.

    Its output goes to `log`; the last lines are kept for the message if it dies. It must be started from a thread
    that lives as long as the process does: the kernel watches the thread that started it.
    """

    def __init__(self, name: str, command: Sequence[str], log: Path, folder: Path | None = None) -> None:
        self.name = name
        self._command = list(command)
        self._log = log
        self._folder = folder
        self._words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.starts = 0

    def start(self) -> None:
        self._words.clear()
        # PYTHONUNBUFFERED: the last words of a child that is killed must have left it.
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *self._command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=self._folder,
            env=environment,
            start_new_session=True,
        )
        self.starts += 1
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True, name=f"log-{self.name}")
        self._reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with self._log.open("a", encoding="utf-8") as log, process.stdout:
            for line in process.stdout:
                log.write(line)
                log.flush()
                if line.strip():
                    self._words.append(line.rstrip())

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def ended(self) -> int | None:
        """The exit status once it has ended; negative where a signal ended it. None while it runs."""
        return None if self._process is None else self._process.poll()

    def last_words(self) -> str:
        """Its last line of output, for a message."""
        if self._reader is not None:
            self._reader.join(timeout=1.0)
        return redacted(self._words[-1])[:300] if self._words else "it said nothing"

    def check(self) -> None:
        """ChildDied where it has ended."""
        if self.ended is not None:
            raise ChildDied(f"{self.name} ended unexpectedly ({self.how()}): {self.last_words()}")

    def how(self) -> str:
        """In which way it ended: an exit status, or the name of a signal."""
        status = self.ended
        return "still running" if status is None else _how(status)

    def ask_to_stop(self) -> None:
        self._send(signal.SIGTERM)

    def end(self, grace_s: float) -> None:
        """Waits for it after `ask_to_stop`, then kills it and whatever it had started."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=max(0.0, grace_s))
        # Its session bears its id, and may hold processes of its own even after it has gone.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._reader is not None:
            self._reader.join(timeout=2.0)

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)


def end_all(children: Sequence[Child], grace_s: float = 6.0) -> None:
    """Ends `children` in order, each asked first and killed once the grace that they share has gone."""
    until = time.monotonic() + grace_s
    for child in children:
        child.ask_to_stop()
        child.end(until - time.monotonic())


def _how(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
