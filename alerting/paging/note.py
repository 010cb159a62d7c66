"""What a page says, for machines and for people."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import msgspec

from alerting.assess import Page
from alerting.settings import SiteSettings
from wire import Band, TierName

NOTE_VERSION = 1


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a page. Times carry the site's UTC offset; persons, persons/m², persons/m² per minute."""

    version: int = NOTE_VERSION
    #: The same for every repeat and on every channel.
    id: str
    site: str
    site_title: str
    zone: str
    zone_title: str
    tier: TierName
    from_tier: TierName
    #: True where the page is for blindness, not for a crowd.
    unknown: bool
    why: str
    since: datetime
    at: datetime
    people: Band | None
    density: Band | None
    trend: float | None
    responsible: str
    #: One sentence for a person.
    text: str
    #: From 1; above 1 it may have been received before.
    attempt: int = 0
    #: Set on what belongs to an exercise or a test, which no page does yet.
    exercise: bool = False


def write_note(page: Page, site: SiteSettings) -> Note:
    """The note for `page`, which is of one of the site's zones."""
    zone = next(zone for zone in site.zones if zone.name == page.zone)
    place = ZoneInfo(site.time_zone)
    since = _time(page.since, place)
    known = page.figures
    people = f", about {known.people.value:.0f} people" if known.people is not None else ""
    density = f", {known.density.value:.1f} persons/m² in the worst cell" if known.density is not None else ""
    trend = f", {known.trend:+.2f} persons/m² a minute" if known.trend is not None else ""
    heading = "NOT SEEN" if page.unknown else page.tier.label.upper()
    responsible = zone.responsible or site.responsible
    return Note(
        id=page.id,
        site=site.site,
        site_title=site.title,
        zone=page.zone,
        zone_title=zone.title,
        tier=TierName.of(page.tier),
        from_tier=TierName.of(page.from_tier),
        unknown=page.unknown,
        why=page.why,
        since=since,
        at=_time(page.at, place),
        people=known.people,
        density=known.density,
        trend=known.trend,
        responsible=responsible,
        text=(
            f"{heading} {site.title}, {zone.title}, since {since:%H:%M:%S}{people}{density}{trend}. {page.why}. "
            f"Responsible: {responsible}."
        ),
    )


def _time(at: float, place: tzinfo) -> datetime:
    return datetime.fromtimestamp(round(at, 3), UTC).astimezone(place)
