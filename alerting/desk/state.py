"""All that is remembered of the duty desk: plain values, versioned. Times are seconds since 1970 UTC; people stand here
by their short names, and are taken out when they are forgotten."""

from __future__ import annotations

import enum

import msgspec

from alerting.desk.settings import HazardKind, HazardLevel
from wire import Name, Tier

DESK_VERSION = 1


class TaskState(enum.Enum):
    OPEN = "open"
    OVERDUE = "overdue"
    DONE = "done"
    #: A named person said that it does not apply.
    WAIVED = "waived"
    #: The incident ended before it was done.
    LAPSED = "lapsed"

    @property
    def waits(self) -> bool:
        return self in (TaskState.OPEN, TaskState.OVERDUE)


class Task(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a plan on one incident."""

    id: str
    incident: str
    site: Name
    zone: Name
    plan: str
    step: str
    kind: str
    zh: str
    en: str
    #: The unit that answers for it; and the body that must confirm it, where it is addressed to one.
    owner: str
    to: str = ""
    tier: Tier
    opened: float
    due: float
    state: TaskState = TaskState.OPEN
    #: When somebody is called for it again.
    again: float = 0.0
    done_at: float | None = None
    by: str = ""
    words: str = ""
    #: The drill that it belongs to; empty on a real incident.
    drill: str = ""
    #: Its incident is over.
    ended: bool = False

    @property
    def late(self) -> bool:
        return self.done_at is not None and self.done_at > self.due


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a risk assessment is an assessment of. Moments are on the desk's clock, as in 2026-12-31 20:00."""

    title: str
    kind: str
    site: Name
    zones: tuple[str, ...]
    begins: str
    ends: str
    expected: int
    plans: tuple[str, ...] = ()


class Occasion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An occasion on the calendar, as it is planned now."""

    name: Name
    facts: Facts
    #: As the settings had them last, so that an edit of the file is seen as a change.
    filed: Facts | None = None
    #: The date of the assessment there.
    filed_on: str = ""
    owner: str
    #: The facts that the newest assessment is of, when it was approved, and by whom.
    assessed: Facts | None = None
    assessed_at: float | None = None
    approved_by: str = ""
    #: When it was changed last.
    changed_at: float | None = None
    cancelled: bool = False
    begun: bool = False
    ended: bool = False

    @property
    def stale(self) -> bool:
        """Its assessment is of another plan than the one that stands."""
        return self.assessed is not None and self.assessed != self.facts


class RollCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One roll-call; `answered_at` within `due` is presence."""

    id: str
    unit: Name
    person: str
    at: float
    due: float
    answered_at: float | None = None
    missed: bool = False


class HazardState(enum.Enum):
    OPEN = "open"
    #: Closed with evidence, and to be looked at again (回头看).
    CLOSED = "closed"
    #: Looked at again, and sound.
    CHECKED = "checked"


class Hazard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    kind: HazardKind
    #: What it is about, the same for the same cause: `camera/bund/box-1/cam`, `event/countdown`; empty where by hand.
    subject: str = ""
    site: str = ""
    zone: str = ""
    level: HazardLevel
    owner: str
    words: str
    opened: float
    opened_by: str = ""
    deadline: float
    state: HazardState = HazardState.OPEN
    #: Listed for public supervision (挂牌): of district or city, or overdue.
    listed: bool = False
    reminded: bool = False
    #: How often somebody was called because it was overdue, and when next.
    calls: int = 0
    again: float = 0.0
    closed_at: float | None = None
    closed_by: str = ""
    evidence: str = ""
    recheck_at: float | None = None
    recheck_told: bool = False
    reopened: int = 0


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is out of order, since when; a hazard once that has lasted."""

    kind: HazardKind
    site: str
    zone: str
    words: str
    since: float


class Drill(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The drill under way."""

    id: str
    name: Name
    site: Name
    plans: tuple[str, ...]
    begun: float
    by: str
    #: When a reading of it came last.
    heard: float


class CapMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A CAP message as others refer to it: the standard's triple."""

    identifier: str
    sent: str


class CapThread(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The messages of one zone since it was last at rest: drafts, and what was released to the public."""

    drafts: tuple[CapMessage, ...] = ()
    public: tuple[CapMessage, ...] = ()
    #: What the newest draft says, so that a person can release it.
    tier: Tier = Tier.NORMAL
    kind: str = "observed"
    why: str = ""
    released: bool = False


class DeskState(msgspec.Struct, frozen=True, kw_only=True):
    at: float
    #: What makes roll-calls unforeseeable.
    seed: str = ""
    tasks: dict[str, Task] = {}
    occasions: dict[str, Occasion] = {}
    hazards: dict[str, Hazard] = {}
    troubles: dict[str, Trouble] = {}
    rolls: dict[str, RollCall] = {}
    #: By unit, the newest window in which a roll-call was held or left out.
    rolled: dict[str, int] = {}
    #: Open incidents at orange and above, which no roll-call disturbs.
    busy: tuple[str, ...] = ()
    drill: Drill | None = None
    #: By plan, when a drill has exercised it last, or it was first known.
    exercised: dict[str, float] = {}
    cap: dict[str, CapThread] = {}
    cap_number: int = 0
    version: int = DESK_VERSION


class DeskRefused(ValueError):
    """A stored state that this version cannot read."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(DeskState)


class _Version(msgspec.Struct):
    version: int


def encode_desk(state: DeskState) -> bytes:
    return _encoder.encode(state)


def decode_desk(stored: bytes) -> DeskState:
    """The state in `stored`; DeskRefused where it is damaged or of a version that is not known."""
    try:
        version = msgspec.msgpack.decode(stored, type=_Version).version
        if version != DESK_VERSION:
            raise DeskRefused(f"the stored desk has version {version}, and this program reads {DESK_VERSION}")
        return _decoder.decode(stored)
    except msgspec.MsgspecError as error:
        raise DeskRefused(f"the stored desk cannot be read: {error}") from None
