"""What the demo knows at one moment, as plain values: the view draws it, the timeline remembers it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wire import Band, Tier


@dataclass(frozen=True)
class ZoneSeen:
    """One zone. `people` (persons) and `peak` (persons/m² in the worst cell) are None while they are unknown."""

    site: str
    zone: str
    title: str
    tier: Tier
    since: datetime | None
    why: str
    unknown: bool
    people: Band | None
    peak: Band | None
    reasons: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return self.site, self.zone


@dataclass(frozen=True)
class CameraSeen:
    box: str
    camera: str
    state: str


@dataclass(frozen=True)
class BoxSeen:
    """`waiting` is how many messages the service has not answered for."""

    box: str
    online: bool
    waiting: int | None = None


@dataclass(frozen=True)
class TierChange:
    """One recorded event of a zone: `tier`, `held` (unknown from here) or `seen-again`.

    `people` (persons) and `peak` (persons/m²) are those of the snapshot that it was first seen in.
    """

    at: datetime
    what: str
    zone: str
    before: Tier
    after: Tier
    why: str
    kind: str
    people: float | None = None
    peak: float | None = None


@dataclass(frozen=True)
class PageSeen:
    """One page to one channel: `outcome` is what became of it so far, `answer` the receiver's last words.

    `unknown` marks a page for a zone that cannot be seen.
    """

    at: datetime
    zone: str
    tier: Tier
    unknown: bool
    channel: str
    outcome: str
    answer: str = ""


@dataclass(frozen=True)
class Snapshot:
    """All of it. `link` is False while the service is not connected to the broker."""

    at: datetime
    link: bool
    zones: tuple[ZoneSeen, ...] = ()
    boxes: tuple[BoxSeen, ...] = ()
    cameras: tuple[CameraSeen, ...] = ()
    changes: tuple[TierChange, ...] = ()
    pages: tuple[PageSeen, ...] = ()
