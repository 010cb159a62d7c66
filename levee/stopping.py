"""SIGTERM, Ctrl-C and a closed terminal as an event that long-running commands wait for."""

from __future__ import annotations

import signal
import threading
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stop(threading.Event):
    """Set by the first signal, whose number is `number`; a second one ends the process at once."""

    number: int | None = None


def stop_on_signals() -> Stop:
    """The event, with the handlers in place. From the main thread only."""
    stop = Stop()

    def asked(number: int, frame: FrameType | None) -> None:
        if stop.number is not None:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.number = number
        stop.set()

    for number in SIGNALS:
        signal.signal(number, asked)
    return stop
