"""The public board: how comfortable places are, late and coarse on purpose. Disclosure without feeding panic: no
figures, no tiers, no zones, no change quicker than its step. No clock: times are given.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerting.console.settings import BoardPlace, BoardSettings
from alerting.settings import SiteSettings
from wire import Tier


class Comfort(enum.Enum):
    CALM = "calm"
    BUSY = "busy"
    VERY_BUSY = "very-busy"
    AVOID = "avoid"
    UNKNOWN = "unknown"


#: What the public is told of a tier [J]: from orange on, people should go elsewhere.
COMFORT = {
    Tier.NORMAL: Comfort.CALM,
    Tier.BLUE: Comfort.BUSY,
    Tier.YELLOW: Comfort.VERY_BUSY,
    Tier.ORANGE: Comfort.AVOID,
    Tier.RED: Comfort.AVOID,
}


@dataclass(frozen=True)
class Line:
    """One place at the time `as_of` (seconds since 1970 UTC)."""

    name: str
    zh: str
    en: str
    comfort: Comfort


@dataclass(frozen=True)
class Now:
    """A zone as the board is told of it; `seen` is false while it is unknown or lost."""

    tier: Tier
    seen: bool


def unknown_zones(settings: BoardSettings, sites: Sequence[SiteSettings]) -> list[tuple[int, int, str]]:
    """Zones of the board's places that no site has: number of the place, of the zone in it, and its name."""
    known = {site.site for site in sites} | {f"{site.site}/{zone.name}" for site in sites for zone in site.zones}
    return [
        (number, place, name)
        for number, one in enumerate(settings.places)
        for place, name in enumerate(one.zones)
        if name not in known
    ]


class Board:
    def __init__(self, settings: BoardSettings, sites: Sequence[SiteSettings]) -> None:
        self._settings = settings
        self._places = settings.places or tuple(
            BoardPlace(name=site.site, zh=site.title, en=site.title, zones=(site.site,)) for site in sites
        )
        self._kept: deque[tuple[float, dict[str, Comfort]]] = deque()

    def add(self, zones: Mapping[str, Now], at: float) -> None:
        """What is so `at`, by SITE/ZONE. Kept until it is old enough to be told."""
        if self._kept and at < self._kept[-1][0]:
            # The clock was set back: what came before it cannot be dated any more.
            self._kept.clear()
        now = {place.name: self._comfort(place, zones) for place in self._places}
        step = self._settings.step_s
        if self._kept and self._kept[-1][0] // step == at // step:
            # Within one step the worst counts; unknown is told where nothing worse is known.
            before = self._kept[-1][1]
            merged = {name: _worse(before.get(name, comfort), comfort) for name, comfort in now.items()}
            self._kept[-1] = (self._kept[-1][0], merged)
        else:
            self._kept.append((at, now))
        while len(self._kept) > 1 and self._kept[1][0] // step * step + step <= at - self._settings.delay_s:
            self._kept.popleft()

    def lines(self, at: float) -> tuple[float | None, list[Line]]:
        """What the public sees `at`: the last step that is over for as long as the delay; and when that step began.

        Nothing is told of places while that step is too long ago: an old calm is no calm.
        """
        step = self._settings.step_s
        told: tuple[float, dict[str, Comfort]] | None = None
        for since, comforts in self._kept:
            begun = since // step * step
            if begun + step <= at - self._settings.delay_s:
                told = (begun, comforts)
        if told is not None and at - told[0] > self._settings.delay_s + 3 * step + 60:
            told = None
        known = told[1] if told is not None else {}
        return (told[0] if told is not None else None), [
            Line(place.name, place.zh, place.en, known.get(place.name, Comfort.UNKNOWN)) for place in self._places
        ]

    def _comfort(self, place: BoardPlace, zones: Mapping[str, Now]) -> Comfort:
        mine = [now for name, now in zones.items() if name in place.zones or name.split("/")[0] in place.zones]
        worst = max((COMFORT[now.tier] for now in mine if now.seen), key=_RANK.__getitem__, default=Comfort.UNKNOWN)
        held = max((COMFORT[now.tier] for now in mine if not now.seen), key=_RANK.__getitem__, default=Comfort.CALM)
        if held is Comfort.AVOID:
            # What was dangerous and is not seen any more is still to be avoided.
            return Comfort.AVOID
        if worst is Comfort.CALM and any(not now.seen for now in mine):
            return Comfort.UNKNOWN
        return worst


_RANK = {Comfort.CALM: 0, Comfort.UNKNOWN: 1, Comfort.BUSY: 2, Comfort.VERY_BUSY: 3, Comfort.AVOID: 4}


def _worse(one: Comfort, other: Comfort) -> Comfort:
    return max(one, other, key=_RANK.__getitem__)
