"""All that is remembered of a site: plain values, versioned, under 4 kB a zone."""

from __future__ import annotations

import msgspec

from alerting.assess.rules import ZoneRules
from wire import Band, Kind, Name, Tier

#: Raised when a stored state can no longer be read as it was; additive fields with defaults do not raise it.
STATE_VERSION = 1


class Second(msgspec.Struct, frozen=True, array_like=True):
    """What was seen in one second: the highest figures, in whole thousandths of persons/m² and tenths of persons.

    Whole numbers make sums exact, so that the judgement does not depend on their order. Both absent: unknown.
    """

    at: int
    density: int | None = None
    people: int | None = None

    @property
    def blind(self) -> bool:
        return self.density is None and self.people is None


class Slot(msgspec.Struct, frozen=True, array_like=True):
    """Fifteen seconds of the past, for the trend: sum of thousandths of persons/m², and of how many readings."""

    index: int
    total: int
    readings: int


class ZoneState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One zone. Times are seconds since 1970 UTC."""

    rules: ZoneRules
    tier: Tier = Tier.NORMAL
    #: When the tier was reached, and why.
    since: float
    why: str = ""
    #: What the tier rests on: a measurement or a forecast, and its cause in one word.
    kind: Kind = Kind.OBSERVED
    cause: str = ""
    #: Which of `density` and `capacity` have reached this tier since it was entered.
    causes: tuple[str, ...] = ()
    seconds: tuple[Second, ...] = ()
    slots: tuple[Slot, ...] = ()
    #: Which of `peak`, `density` and `people` this zone has ever given: what it gave once, a fall needs to see.
    measures: tuple[str, ...] = ()
    #: When the newest picture was taken; before the first one, when the zone was set up.
    seen_at: float
    seen: bool = False
    #: Why the newest reading shows nothing; empty where it does.
    blind: str = ""
    #: Set while the zone is unknown.
    unknown_since: float | None = None
    unknown_why: str = ""
    unknown_paged: bool = False
    #: While it is: since when every look has shown something.
    good_since: float | None = None
    #: Seconds of good evidence for a fall, whether the last look gave some, and when that was.
    quiet_s: float = 0.0
    below: bool = False
    judged_at: float
    #: The newest figures, and what was judged instead of their values ("" or for example "upper bound, dark").
    people: Band | None = None
    density: Band | None = None
    basis: str = ""


class SiteState(msgspec.Struct, frozen=True, kw_only=True):
    site: Name
    #: The latest time that this site has seen; it never goes back.
    at: float
    #: Of how many events it is the fold: where in the site's log it stands.
    number: int = 0
    zones: dict[str, ZoneState] = {}
    version: int = STATE_VERSION


class StateRefused(ValueError):
    """A stored state that this version cannot read."""


class _Version(msgspec.Struct):
    version: int
    number: int = 0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SiteState)
_version = msgspec.msgpack.Decoder(_Version)


def encode_state(state: SiteState) -> bytes:
    return _encoder.encode(state)


def decode_state(stored: bytes) -> SiteState:
    """The state in `stored`; StateRefused where it is damaged or of a version that is not known."""
    try:
        version = _version.decode(stored).version
        if version != STATE_VERSION:
            raise StateRefused(f"the stored state has version {version}, and this program reads {STATE_VERSION}")
        return _decoder.decode(stored)
    except msgspec.MsgspecError as error:
        raise StateRefused(f"the stored state cannot be read: {error}") from None


def state_number(stored: bytes) -> int:
    """Of how many events a stored state is the fold; 0 where that cannot be read, which `decode_state` then says."""
    try:
        return _version.decode(stored).number
    except msgspec.MsgspecError:
        return 0


def new_site(site: str, at: float) -> SiteState:
    """A site before its settings were applied."""
    return SiteState(site=site, at=at)
