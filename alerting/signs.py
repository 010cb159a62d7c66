"""What signs and sirens are told of a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from alerting.assess import ZoneState
from wire import VERSION, TierMessage, TierName


def tier_message(site: str, zone: ZoneState, at: float, expires_s: float, term: int) -> TierMessage:
    """The zone's tier as it stands at `at`, to be believed for `expires_s` seconds."""
    sent = _utc(at)
    return TierMessage(
        version=VERSION,
        site=site,
        zone=zone.rules.zone,
        tier=TierName.of(zone.tier),
        held=zone.unknown_since is not None,
        since=_utc(zone.since),
        why=zone.unknown_why or zone.why,
        kind=zone.kind,
        sent=sent,
        expires=sent + timedelta(seconds=expires_s),
        term=term,
    )


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(round(at, 3), UTC)
