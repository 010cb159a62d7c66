"""All that is remembered of a site: plain values, versioned, under 4 kB a zone."""

from __future__ import annotations

import msgspec

from alerting.assess.rules import GateRules, ZoneRules
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


class Move(msgspec.Struct, frozen=True, array_like=True):
    """How people moved in one second: m/s in hundredths, share against the others in thousandths, pressure in
    ten-thousandths of 1/s². Absent: not known."""

    at: int
    speed: int | None = None
    counterflow: int | None = None
    pressure: int | None = None


class Usual(msgspec.Struct, frozen=True, array_like=True):
    """What is usual in a zone while it is calm: m/s, share against the others, and from how many seconds of looking."""

    speed: float | None = None
    counterflow: float | None = None
    seconds: float = 0.0


class Trend(msgspec.Struct, frozen=True, array_like=True):
    """A figure minute by minute: level, slope a minute, variance of what the next minute differs by; and the present
    minute's sum and number of readings. `astray` counts the minutes on end that were far above (or, negative, below)
    what they should have been."""

    minute: int
    level: float = 0.0
    slope: float = 0.0
    variance: float = 0.0
    minutes: int = 0
    total: float = 0.0
    readings: int = 0
    astray: int = 0


class Passing(msgspec.Struct, frozen=True, array_like=True):
    """The newest word of one gate: when it came, persons/min in and out of this zone."""

    gate: str
    at: float
    inflow: float
    outflow: float


class Inside(msgspec.Struct, frozen=True, array_like=True):
    """People inside since a named reset: entries minus exits, never a count of what a camera sees.

    `judged` and `before` are the newest two figures to judge by; `off` is how far the balance was from what cameras
    counted when that was last known, and `drift` by how many persons an hour it went astray since the reset.
    """

    reset: str
    reset_at: float
    at: float
    value: float
    low: float
    high: float
    judged: float
    before: float
    basis: str = ""
    off: float | None = None
    drift: float | None = None


class Outlook(msgspec.Struct, frozen=True, array_like=True):
    """What was foreseen at `at`: by the last looks the tiers that were likely to be reached, the tier that is still
    rather likely, and the words for the highest."""

    at: float
    likely: tuple[Tier, ...] = ()
    holds: Tier = Tier.NORMAL
    why: str = ""


class Wave(msgspec.Struct, frozen=True, array_like=True):
    """People on their way from a neighbour: the tier that they warn of, until when, and the words."""

    tier: Tier
    until: float
    why: str


class Typical(msgspec.Struct, frozen=True, array_like=True):
    """What the zone's own history expects: of `people` or `density`, at so many minutes ahead, how it differs from now
    and by how much that scatters (1 sigma)."""

    figure: str
    minutes: int
    change: float
    sigma: float


class Part(msgspec.Struct, frozen=True, array_like=True):
    """The newest word of one part of a zone that several boxes see, and the figures of when it was last known."""

    at: float
    seen_at: float
    known: bool
    count: Band
    peak: Band | None = None
    density: float | None = None
    area_m2: float | None = None
    speed: float | None = None
    counterflow: float | None = None
    pressure: float | None = None
    why: str = ""
    saturated: bool = False


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
    #: Since when a motion among the causes has been seen to be over; it may come again as news after `fall_s`.
    over: dict[str, float] = {}
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
    area_m2: float | None = None
    #: The tier that density and capacity alone stand for; what the crowd's motion raises by one.
    base: Tier = Tier.NORMAL
    moves: tuple[Move, ...] = ()
    usual: Usual = Usual()
    density_trend: Trend | None = None
    people_trend: Trend | None = None
    net_trend: Trend | None = None
    passing: tuple[Passing, ...] = ()
    #: Gates of the settings that have never spoken.
    unheard: tuple[str, ...] = ()
    #: Since when the outflow has been low, where it is.
    low_outflow_since: float | None = None
    inside: Inside | None = None
    outlook: Outlook | None = None
    wave: Wave | None = None
    typical: tuple[Typical, ...] = ()
    typical_until: float = 0.0
    #: Of a zone that is made of parts: each part's newest word.
    parts: dict[str, Part] = {}


class SiteState(msgspec.Struct, frozen=True, kw_only=True):
    site: Name
    #: The latest time that this site has seen; it never goes back.
    at: float
    #: Of how many events it is the fold: where in the site's log it stands.
    number: int = 0
    zones: dict[str, ZoneState] = {}
    gates: tuple[GateRules, ...] = ()
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
