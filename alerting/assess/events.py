"""What can happen to a site. Each event says when, in seconds since 1970 UTC by the service's own clock."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from alerting.assess.rules import ZoneRules
from wire import Reading


class SettingsApplied(msgspec.Struct, frozen=True, kw_only=True, tag="settings", tag_field="event"):
    """From now on these zones are judged, by these rules; a zone that is not listed is forgotten."""

    at: float
    zones: tuple[ZoneRules, ...]


class Observed(msgspec.Struct, frozen=True, kw_only=True, tag="observed", tag_field="event"):
    """Readings that arrived; `age_s` of each already holds any delay on the way."""

    at: float
    readings: tuple[Reading, ...]


class Tick(msgspec.Struct, frozen=True, kw_only=True, tag="tick", tag_field="event"):
    """Time has passed: this is the judgement's only clock."""

    at: float


Event: TypeAlias = SettingsApplied | Observed | Tick
