"""Where the judgement of a site goes on after a restart."""

from __future__ import annotations

from alerting.assess import SiteState, StateRefused, decode_state, new_site
from alerting.record import RecordRefused


def stored_site(site: str, stored: bytes | None, at: float) -> SiteState:
    """What the record holds of a site, or a new one; RecordRefused where it cannot be read."""
    if stored is None:
        return new_site(site, at)
    try:
        return decode_state(stored)
    except StateRefused as error:
        raise RecordRefused(f"site {site}: {error}; move the record away to begin anew") from None
