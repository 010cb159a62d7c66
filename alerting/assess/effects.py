"""What a step asks for: to be recorded, published and sent by others."""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import msgspec

from wire import Band, Name, Tier


def effect_id(*parts: str | float | int) -> str:
    """The same 20 hex digits for the same parts, so that a repeat is recognised."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:20]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What was known at that moment: persons; persons/m² in the worst cell; persons/m² per minute."""

    people: Band | None = None
    density: Band | None = None
    trend: float | None = None


class TierChanged(msgspec.Struct, frozen=True, kw_only=True, tag="tier", tag_field="effect"):
    """A tier rose or fell; `from_tier` and `to_tier` are equal where a second cause reached the same tier."""

    id: str
    at: float
    site: Name
    zone: Name
    from_tier: Tier
    to_tier: Tier
    why: str
    figures: Figures


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
    """Somebody must be told. `unknown` marks a page for blindness, not for a crowd; `since` is when it began."""

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


Effect: TypeAlias = TierChanged | HeldUnknown | UnknownEnded | Page
