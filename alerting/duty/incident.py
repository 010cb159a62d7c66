"""An incident and all that is remembered of the duty of one site: plain values, versioned.

The lifecycle follows ISA-18.2: unacknowledged, acknowledged, returned to normal unacknowledged, shelved, out of
service; closed is the end.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

import msgspec

from wire import Name, Tier

DUTY_VERSION = 1


class Phase(enum.Enum):
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned-unacknowledged"
    SHELVED = "shelved"
    OUT_OF_SERVICE = "out-of-service"
    CLOSED = "closed"

    @property
    def hushed(self) -> bool:
        return self in (Phase.SHELVED, Phase.OUT_OF_SERVICE)


class Incident(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One zone above normal, or not seen, from the first page to its end. Times are seconds since 1970 UTC."""

    #: The same from the first page to the report.
    id: str
    site: Name
    zone: Name
    opened: float
    phase: Phase
    #: When the phase was reached.
    since: float
    tier: Tier
    #: The highest tier, and the highest that nobody has acknowledged.
    peak: Tier
    urgency: Tier
    #: The zone is not seen, and somebody had to be told of that.
    blind: bool = False
    why: str
    #: What the newest page is for, and since when that is so.
    told: str
    told_since: float
    told_from: Tier = Tier.NORMAL
    #: Counts the alarms in it: each rise is one. An acknowledgement holds for one alarm.
    alarm: int = 0
    #: Who was called for this alarm, in this order; and how often the whole chain was gone through.
    called: tuple[str, ...] = ()
    rounds: int = 0
    #: When the next one is called; absent where nobody is waited for.
    due: float | None = None
    acknowledged_by: str = ""
    acknowledged_at: float | None = None

    @property
    def waits(self) -> bool:
        """Whether somebody has to answer still."""
        return self.phase is Phase.UNACKNOWLEDGED or (self.phase is Phase.RETURNED and self.urgency is Tier.RED)


class Silence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """No pages for a zone, or for a site where `zone` is empty, up to a tier; never for red."""

    id: str
    site: Name
    zone: str = ""
    owner: str
    reason: str
    begins: float
    ends: float
    ceiling: Tier
    #: Work on the cameras: the zone is out of service, and that it is not seen pages nobody either.
    maintenance: bool = False
    reminded: bool = False

    def covers(self, zone: str, urgency: Tier, blind: bool, at: float) -> bool:
        within = self.begins <= at < self.ends and self.zone in ("", zone)
        if not within or urgency >= Tier.RED or urgency > self.ceiling:
            return False
        return self.maintenance or not blind


class Withheld(msgspec.Struct, frozen=True, kw_only=True):
    """A call below red that waits to be put together with others to the same person."""

    person: str
    unit: str
    incident: str
    alarm: int
    reason: str


class DutyState(msgspec.Struct, frozen=True, kw_only=True):
    site: Name
    at: float
    #: By zone; closed ones are not kept.
    incidents: dict[str, Incident] = {}
    silences: tuple[Silence, ...] = ()
    #: Times and receivers of the calls below red within the last minute.
    recent: tuple[tuple[float, str], ...] = ()
    withheld: tuple[Withheld, ...] = ()
    flush_at: float | None = None
    #: Of the service itself: when the daily test was begun last.
    tested_at: float = 0.0
    version: int = DUTY_VERSION


class DutyRefused(ValueError):
    """A stored state that this version cannot read."""


def forgotten(state: DutyState, person: str, without: Callable[[str], str]) -> DutyState:
    """The state without a person who was erased: whoever waits for an answer goes on waiting, from others. `without`
    takes the person out of a text."""

    def incident(one: Incident) -> Incident:
        return msgspec.structs.replace(
            one,
            called=tuple(name for name in one.called if name != person),
            acknowledged_by="" if one.acknowledged_by == person else one.acknowledged_by,
            why=without(one.why),
        )

    def silence(one: Silence) -> Silence:
        owner = "" if one.owner == person else one.owner
        return msgspec.structs.replace(one, owner=owner, reason=without(one.reason))

    return msgspec.structs.replace(
        state,
        incidents={zone: incident(one) for zone, one in state.incidents.items()},
        silences=tuple(silence(one) for one in state.silences),
        recent=tuple(one for one in state.recent if one[1] != person),
        withheld=tuple(one for one in state.withheld if one.person != person),
    )


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(DutyState)


class _Version(msgspec.Struct):
    version: int


def encode_duty(state: DutyState) -> bytes:
    return _encoder.encode(state)


def decode_duty(stored: bytes) -> DutyState:
    """The state in `stored`; DutyRefused where it is damaged or of a version that is not known."""
    try:
        version = msgspec.msgpack.decode(stored, type=_Version).version
        if version != DUTY_VERSION:
            raise DutyRefused(f"the stored duty has version {version}, and this program reads {DUTY_VERSION}")
        return _decoder.decode(stored)
    except msgspec.MsgspecError as error:
        raise DutyRefused(f"the stored duty cannot be read: {error}") from None
