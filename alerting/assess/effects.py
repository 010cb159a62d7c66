"""What a step asks for: to be recorded, published and sent by others."""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import msgspec

from wire import Band, Kind, Name, Tier

#: The words that `why` may begin with.
CAUSES = (
    "density",
    "capacity",
    "forecast",
    "stall",
    "counterflow",
    "outflow",
    "pressure",
    "neighbour",
    "unknown",
    "fall",
)


def effect_id(*parts: str | float | int) -> str:
    """The same 20 hex digits for the same parts, so that a repeat is recognised."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:20]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What was known at that moment: persons; persons/m² in the worst cell; persons/m² per minute.

    `ahead` is the forecast of the density in `ahead_minutes`: its median and 90 % band.
    """

    people: Band | None = None
    density: Band | None = None
    trend: float | None = None
    ahead: Band | None = None
    ahead_minutes: int = 0


class TierChanged(msgspec.Struct, frozen=True, kw_only=True, tag="tier", tag_field="effect"):
    """A tier rose or fell; `from_tier` and `to_tier` are equal where a second cause reached the same tier.

    `why` begins with `cause`, one of CAUSES; `kind` says whether it rests on a measurement or on a forecast.
    """

    id: str
    at: float
    site: Name
    zone: Name
    from_tier: Tier
    to_tier: Tier
    why: str
    figures: Figures
    kind: Kind = Kind.OBSERVED
    cause: str = ""


class HeldUnknown(msgspec.Struct, frozen=True, kw_only=True, tag="held", tag_field="effect"):
    """From here on the tier is held, not confirmed."""

    id: str
    at: float
    site: Name
    zone: Name
    tier: Tier
    why: str


class UnknownEnded(msgspec.Struct, frozen=True, kw_only=True, tag="seen-again", tag_field="effect"):
    """The zone is seen again; its tier stays until it is judged."""

    id: str
    at: float
    site: Name
    zone: Name
    tier: Tier
    why: str


class Page(msgspec.Struct, frozen=True, kw_only=True, tag="page", tag_field="effect"):
    """Somebody must be told. `unknown` marks a page for blindness, not for a crowd; `since` is when it began.

    `kind` and `cause` as in TierChanged.
    """

    id: str
    at: float
    site: Name
    zone: Name
    tier: Tier
    from_tier: Tier
    why: str
    since: float
    figures: Figures
    unknown: bool = False
    kind: Kind = Kind.OBSERVED
    cause: str = ""


class SettingsChanged(msgspec.Struct, frozen=True, kw_only=True, tag="settings", tag_field="effect"):
    """Somebody changed by what a zone is judged; its tier stays. `changes` are setting, old and new value, as text."""

    id: str
    at: float
    site: Name
    zone: Name
    tier: Tier
    why: str
    by: str = ""
    changes: tuple[tuple[str, str, str], ...] = ()


Effect: TypeAlias = TierChanged | HeldUnknown | UnknownEnded | SettingsChanged | Page
#: What is told of a zone and recorded; a page is one more way to say it.
Change: TypeAlias = TierChanged | HeldUnknown | UnknownEnded | SettingsChanged
