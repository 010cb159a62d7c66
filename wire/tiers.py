"""The four warning tiers of the PRC Emergency Response Law (IV blue to I red), and what the service says of a zone."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec

from wire.names import Name
from wire.readings import Time


class Tier(enum.IntEnum):
    """Ordered: a higher number is more dangerous. On the wire it is its lower-case name."""

    NORMAL = 0
    BLUE = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4

    @property
    def label(self) -> str:
        return self.name.lower()

    @classmethod
    def from_label(cls, label: str) -> Tier:
        """The tier called `label`; ValueError with the five names otherwise."""
        try:
            return cls[label.upper()]
        except KeyError:
            names = ", ".join(tier.label for tier in cls)
            raise ValueError(f"no tier is called {label!r}: the tiers are {names}") from None


class TierName(enum.Enum):
    """Tier as it stands in JSON."""

    NORMAL = "normal"
    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"

    @property
    def tier(self) -> Tier:
        return Tier[self.name]

    @classmethod
    def of(cls, tier: Tier) -> TierName:
        return cls[tier.name]


class Kind(enum.Enum):
    """Whether a tier rests on a measurement or on a forecast."""

    OBSERVED = "observed"
    FORECAST = "forecast"


class TierMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Retained on the zone's tier topic, for sirens and signs.

    A receiver holds what it last heard, and says "no link" once `expires` has passed without a newer message; a
    message with a lower `term` than one already seen comes from a former leader and must be ignored.
    """

    version: int
    site: Name
    zone: Name
    tier: TierName
    #: True while the input is unknown: the tier is held, not confirmed.
    held: bool
    since: Time
    why: Annotated[str, msgspec.Meta(max_length=400)]
    kind: Kind
    sent: Time
    expires: Time
    term: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    forecast: Annotated[str, msgspec.Meta(max_length=400)] | None = None
