"""What the record is told of the settings at each start: enough to see that one was changed, and which threshold."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from alerting.assess import Change, HeldUnknown, SettingsChanged, TierChanged, UnknownEnded
from alerting.duty.settings import DutySettings
from alerting.settings import ServiceSettings, SiteSettings

#: Kinds of entries of the log, by what is told.
WHAT: dict[type[Change], str] = {
    TierChanged: "tier",
    HeldUnknown: "held",
    UnknownEnded: "seen-again",
    SettingsChanged: "threshold",
}


def settings_told(
    settings: ServiceSettings, sites: Sequence[SiteSettings], duty: DutySettings | None
) -> dict[str, Any]:
    """Digests of all settings, and each zone's thresholds. No people, no addresses: the chain is for ever."""
    return {
        "service": _digest(settings),
        "duty": _digest(duty) if duty is not None else None,
        "deadlines": msgspec.to_builtins(duty.deadlines) if duty is not None else None,
        "sites": {site.site: _digest(site) for site in sites},
        "zones": {
            f"{site.site}/{zone.name}": {
                "thresholds": msgspec.to_builtins(zone.rules().density),
                "capacity": zone.capacity,
                "fall_s": zone.fall_s,
                "clear_ratio": zone.clear_ratio,
            }
            for site in sites
            for zone in site.zones
        },
    }


def _digest(settings: msgspec.Struct) -> str:
    return hashlib.sha256(msgspec.json.encode(settings, order="deterministic")).hexdigest()[:16]
