"""What a page says, for machines and for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import msgspec

from alerting.assess import Page
from alerting.paging.words import exercise_mark, foreseen, sentence, tier_word, whole
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
    #: Set on what belongs to an exercise or a test; and the drill, where it is of one.
    exercise: bool = False
    drill: str = ""
    #: What it is about where it is not about a tier: a roll-call, a hazard, steps of a plan.
    subject: str = ""
    #: The incident, the same from the first page to the report; empty where there is none.
    incident: str = ""
    #: Every incident that a call is for, the one above among them.
    incidents: tuple[str, ...] = ()
    #: Who is called by name, in what language, and why: `rise`, `next`, `again`, `everybody`, `resumed`, `together`.
    person: str = ""
    language: str = "en"
    reason: str = ""
    forecast: str | None = None
    #: The plan's first steps.
    steps: tuple[str, ...] = ()
    #: Where to acknowledge.
    link: str = ""
    #: The receiver's address on the channel; never kept.
    to: str = ""

    @property
    def mark(self) -> str:
        """What an exercise or a test begins with, on every channel."""
        return exercise_mark(self.language, bool(self.drill)) if self.exercise else ""

    @property
    def tier_word(self) -> str:
        """The tier, or what else it is about; for templates, so that an exercise is marked there too."""
        word = self.subject or tier_word(self.tier, self.unknown, self.language)
        return f"{exercise_mark(self.language, True)}{word}" if self.drill else word

    @property
    def heading(self) -> str:
        """One short line, for channels that have a title."""
        word = self.subject or tier_word(self.tier, self.unknown, self.language)
        place = ", ".join(filter(None, (self.site_title, self.zone_title)))
        return f"{self.mark}{word} {place or self.responsible}"

    @property
    def whole(self) -> str:
        """All that a person gets to read."""
        return whole(self.language, self.text, self.steps, self.link, self.attempt > 1, self.person, self.id)

    def within(self, most: int, size: Callable[[str], int]) -> str:
        """The same, of at most `most` by `size`: without the last steps, then with a shorter sentence. The link and the
        id stay whole."""
        for kept in range(len(self.steps), -1, -1):
            shorter = msgspec.structs.replace(self, steps=self.steps[:kept])
            if size(shorter.whole) <= most:
                return shorter.whole
        text = shorter.text
        while text and size(shorter.whole) > most:
            text = text[: -max(1, (size(shorter.whole) - most) // 4)]
            shorter = msgspec.structs.replace(shorter, text=f"{text}…")
        return shorter.whole


def in_bytes(text: str) -> int:
    return len(text.encode())


@dataclass(frozen=True)
class Addressee:
    """Whom a page is for, and what only he or she needs to know."""

    person: str = ""
    language: str = "en"
    reason: str = ""
    link: str = ""
    incident: str = ""


NOBODY = Addressee()


def write_note(
    page: Page, site: SiteSettings, to: Addressee = NOBODY, *, exercise: bool = False, drill: str = ""
) -> Note:
    """The note for `page`, which is of one of the site's zones; `drill` is the drill that it is part of."""
    zone = next(zone for zone in site.zones if zone.name == page.zone)
    place = ZoneInfo(site.time_zone)
    since, known, tier = _time(page.since, place), page.figures, TierName.of(page.tier)
    responsible = zone.responsible or site.responsible
    plan = zone.plan or site.plan
    forecast = foreseen(to.language, known.ahead, known.ahead_minutes)
    steps = [step for word, told in plan.items() if word == tier.value and not page.unknown for step in told]
    return Note(
        id=page.id,
        site=site.site,
        site_title=site.title,
        zone=page.zone,
        zone_title=zone.title,
        tier=tier,
        from_tier=TierName.of(page.from_tier),
        unknown=page.unknown,
        why=page.why,
        since=since,
        at=_time(page.at, place),
        people=known.people,
        density=known.density,
        trend=known.trend,
        responsible=responsible,
        text=sentence(
            to.language,
            tier=tier,
            blind=page.unknown,
            place=(site.title, zone.title),
            since=since,
            people=known.people,
            density=known.density,
            trend=known.trend,
            forecast=forecast,
            why=page.why,
            responsible=responsible,
            reason=to.reason,
            mark=exercise_mark(to.language, bool(drill)) if exercise else "",
        ),
        exercise=exercise,
        drill=drill,
        incident=to.incident,
        person=to.person,
        language=to.language,
        reason=to.reason,
        forecast=forecast,
        steps=tuple(step.zh if to.language == "zh" else step.en for step in steps),
        link=to.link,
    )


def _time(at: float, place: tzinfo) -> datetime:
    return datetime.fromtimestamp(round(at, 3), UTC).astimezone(place)
