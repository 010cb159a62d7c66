"""What can happen to a site. Each event says when, in seconds since 1970 UTC by the service's own clock."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

from alerting.assess.rules import GateRules, ZoneRules
from alerting.assess.state import Typical
from wire import Name, Reading


class SettingsApplied(msgspec.Struct, frozen=True, kw_only=True, tag="settings", tag_field="event"):
    """From now on these zones are judged, by these rules; a zone that is not listed is forgotten.

    `by` and `reason` say who changed something and why. `gates` are places where people are counted in and out; a zone
    may be a gate of its own.
    """

    at: float
    zones: tuple[ZoneRules, ...]
    by: str = ""
    reason: str = ""
    gates: tuple[GateRules, ...] = ()


class Observed(msgspec.Struct, frozen=True, kw_only=True, tag="observed", tag_field="event"):
    """Readings that arrived; `age_s` of each already holds any delay on the way."""

    at: float
    readings: tuple[Reading, ...]


class Tick(msgspec.Struct, frozen=True, kw_only=True, tag="tick", tag_field="event"):
    """Time has passed: this is the judgement's only clock."""

    at: float


class OccupancyReset(msgspec.Struct, frozen=True, kw_only=True, tag="reset", tag_field="event"):
    """From now on the zone's occupancy is `value` persons and what passes its gates; `name` is the reset's."""

    at: float
    zone: Name
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    value: Annotated[float, msgspec.Meta(ge=0, le=1_000_000)] = 0.0


class HistoryTold(msgspec.Struct, frozen=True, kw_only=True, tag="history", tag_field="event"):
    """What a zone's own past expects at this time of such a day, as far as `until`. The past itself stays outside."""

    at: float
    zone: Name
    until: float
    typical: Annotated[tuple[Typical, ...], msgspec.Meta(max_length=16)]


Event: TypeAlias = SettingsApplied | Observed | Tick | OccupancyReset | HistoryTold
