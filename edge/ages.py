"""A message that is sent late, made true again: its ages, its floor and its time of sending. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from edge.outbox import Kept
from wire import Readings
from wire.readings import MAX_AGE_S


def waited_s(kept: Kept, *, session: str, monotonic: float, wall: float) -> float:
    """Seconds since the message was made: by the monotonic clock within its session, by the wall clock otherwise.

    A wall clock that was set back gives 0, never a negative age.
    """
    passed = monotonic - kept.monotonic if kept.session == session else wall - kept.wall
    return max(0.0, passed)


def aged(message: Readings, waited: float, *, floor: int, sent: datetime) -> Readings:
    """The message as it is true after `waited` seconds, with the `floor` and the time of sending of now."""
    readings = tuple(
        msgspec.structs.replace(reading, age_s=min(reading.age_s + waited, MAX_AGE_S)) for reading in message.readings
    )
    return msgspec.structs.replace(message, readings=readings, floor=min(floor, message.sequence), sent=sent)
