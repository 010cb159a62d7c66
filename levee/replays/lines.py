"""What is printed for each event of a replay, and the colours of the tiers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerting.assess import Change, Page, TierChanged
from wire import Kind, Tier


def clock(at: float, place: ZoneInfo) -> str:
    """`at` with the site's UTC offset: whole seconds where it is one."""
    moment = datetime.fromtimestamp(round(at, 3), UTC).astimezone(place)
    return moment.isoformat(timespec="seconds" if moment.microsecond == 0 else "milliseconds")


def tiers_of(told: Change | Page) -> tuple[Tier, Tier, Kind]:
    """From, to, and whether it was measured or foreseen."""
    if isinstance(told, TierChanged):
        return told.from_tier, told.to_tier, told.kind
    return told.tier, told.tier, Kind.OBSERVED


def json_line(told: Change | Page, place: ZoneInfo) -> str:
    """One object: time, zone, from, to, why, kind."""
    before, after, kind = tiers_of(told)
    return json.dumps(
        {
            "time": clock(told.at, place),
            "zone": told.zone,
            "from": before.label,
            "to": after.label,
            "why": told.why,
            "kind": kind.value,
        },
        ensure_ascii=False,
    )
