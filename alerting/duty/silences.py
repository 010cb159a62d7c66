"""What a silence may be, and what the record is told of it."""

from __future__ import annotations

from typing import Any

from alerting.duty.incident import Silence
from wire import Tier

#: A silence lasts this long at most; its owner is reminded so long before its end.
LONGEST_S = 86_400.0
REMIND_S = 900.0


def why_not(silence: Silence, now: float) -> tuple[str, str]:
    """Why it cannot be: a reason and its words; both empty where it can."""
    if silence.ceiling >= Tier.RED:
        return "red", "a red is never silenced: the ceiling is orange at most"
    if not silence.reason.strip():
        return "no-reason", "a silence needs a reason"
    if silence.ends <= max(silence.begins, now):
        return "ended", "a silence must end in the future"
    if silence.ends - max(silence.begins, now) > LONGEST_S:
        return "too-long", "a silence ends after 24 hours at most"
    return "", ""


def told(silence: Silence, what: str, person: str) -> dict[str, Any]:
    """The body of the record's entry; `what` is `begun`, `ended` or `expired`."""
    return {
        "silence": silence.id,
        "site": silence.site,
        "zone": silence.zone,
        "what": what,
        "owner": silence.owner,
        "reason": silence.reason,
        "begins": silence.begins,
        "ends": silence.ends,
        "ceiling": silence.ceiling.label,
        "maintenance": silence.maintenance,
        "by": person or silence.owner,
    }
