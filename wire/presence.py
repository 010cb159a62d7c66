"""Who is there and how it fares: status (birth, will), health of a box, and the service's answers."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec

from wire.names import Name
from wire.readings import MAX_AGE_S, Reason, Sequence, Session, Time

#: Bounded, so that a sender's nonsense fits into a database and a float.
Total = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Presence(enum.Enum):
    """`stopped` is a farewell, `offline` the broker's will: nobody said goodbye."""

    ONLINE = "online"
    STOPPED = "stopped"
    OFFLINE = "offline"


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Retained. A will carries the session that it belongs to, so that a late one cannot undo a rebirth."""

    version: int
    site: Name
    box: Name
    session: Session
    state: Presence
    sent: Time
    #: Names to versions, for example {"levee": "0.1.0"}.
    versions: dict[str, str] = {}
    #: Names to SHA-256 digests: weights and calibrations.
    hashes: dict[str, str] = {}


class CameraState(enum.Enum):
    """What a camera is worth right now; only `live` gives good readings."""

    LIVE = "live"
    STALLED = "stalled"
    FROZEN = "frozen"
    DARK = "dark"
    BLOCKED = "blocked"
    MOVED = "moved"
    OFF = "off"


class CameraHealth(msgspec.Struct, frozen=True, kw_only=True):
    camera: Name
    state: CameraState
    reason: Annotated[str, msgspec.Meta(max_length=400)] = ""
    frames: Total = 0
    #: Frames that were not counted, by reason.
    dropped: dict[Reason, Total] = {}
    frame_age_s: Annotated[float, msgspec.Meta(ge=0, le=MAX_AGE_S)] | None = None


class OutboxHealth(msgspec.Struct, frozen=True, kw_only=True):
    #: Messages that the service has not answered for.
    messages: Total
    oldest_age_s: Annotated[float, msgspec.Meta(ge=0)] | None = None
    #: Messages given up, by reason.
    dropped: dict[Reason, Total] = {}


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Retained; the service offers it to Prometheus again, for boxes that cannot be scraped."""

    version: int
    site: Name
    box: Name
    session: Session
    sent: Time
    cameras: tuple[CameraHealth, ...]
    outbox: OutboxHealth
    temperature_c: float | None = None


class SessionRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """Of one session: every sequence up to `up_to`, and those in the inclusive ranges of `also`, are committed."""

    session: Session
    up_to: Total
    also: tuple[tuple[Sequence, Sequence], ...] = ()

    def holds(self, sequence: int) -> bool:
        return sequence <= self.up_to or any(first <= sequence <= last for first, last in self.also)


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """Retained; the service's answer to a box. Only what stands here may the box delete."""

    version: int
    site: Name
    box: Name
    sent: Time
    #: The most recent sessions, newest last.
    sessions: tuple[SessionRecorded, ...]


class ServicePresence(msgspec.Struct, frozen=True, kw_only=True):
    """Retained: the service's own birth, heartbeat and will."""

    version: int
    instance: Name
    session: Session
    state: Presence
    sent: Time
    term: Total
    versions: dict[str, str] = {}
