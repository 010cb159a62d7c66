"""What happens to the duty of a site, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from alerting.duty.incident import Incident, Silence
from wire import Tier


@dataclass(frozen=True)
class Raised:
    """The judgement wants somebody to be told: a tier rose, a second cause came, or a zone is not seen (`blind`)."""

    at: float
    #: Of the page; the same for a repeat.
    id: str
    zone: str
    tier: Tier
    from_tier: Tier
    why: str
    since: float
    blind: bool = False


@dataclass(frozen=True)
class Fell:
    at: float
    zone: str
    tier: Tier
    why: str


@dataclass(frozen=True)
class SeenAgain:
    at: float
    zone: str


@dataclass(frozen=True)
class Gone:
    """The zone is no longer judged."""

    at: float
    zone: str


@dataclass(frozen=True)
class Passed:
    """Time has passed: the only clock of the duty."""

    at: float


@dataclass(frozen=True)
class Acknowledged:
    """`person` answers for one alarm of an incident; `alarm` None means whatever is the newest."""

    at: float
    incident: str
    person: str
    alarm: int | None = None
    how: str = "link"


@dataclass(frozen=True)
class Silenced:
    at: float
    silence: Silence


@dataclass(frozen=True)
class Unsilenced:
    at: float
    silence: str
    person: str


Happening: TypeAlias = Raised | Fell | SeenAgain | Gone | Passed | Acknowledged | Silenced | Unsilenced


@dataclass(frozen=True)
class Call:
    """One person is to be called now, for one or several incidents. The id is the same for every repeat."""

    id: str
    at: float
    person: str
    unit: str
    #: Incidents and the alarm of each that an answer acknowledges.
    incidents: tuple[tuple[str, int], ...]
    tier: Tier
    #: `rise`, `next`, `again`, `everybody`, `resumed` or `silence-ends`.
    reason: str
    #: On all channels at once; otherwise on the first, and on the next where that refuses.
    parallel: bool
    silence: str = ""


@dataclass(frozen=True)
class Entry:
    """A line for the record; people by their short names, which the record keeps apart. `people` says under which
    keys of `body` they stand."""

    at: float
    kind: str
    body: dict[str, Any] = field(default_factory=dict)
    people: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """An answer or an order that has no effect, and why: one of `unknown-person`, `closed`, `already`, `risen`,
    `unknown-zone`, `red`, `no-reason`, `ended`, `too-long`, `unknown-silence`."""

    at: float
    reason: str
    words: str


@dataclass(frozen=True)
class Closed:
    """An incident as it ended; the duty keeps it no longer."""

    incident: Incident


Asked: TypeAlias = Call | Entry | Closed | Refused
