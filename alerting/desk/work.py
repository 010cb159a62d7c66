"""One step of the desk under way: local values only, so that `step` stays a function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from alerting.assess.effects import effect_id
from alerting.desk.events import Asked, Notice
from alerting.desk.settings import DeskSettings, moment
from alerting.desk.state import DeskState
from alerting.duty.events import Entry, Refused
from alerting.duty.rota import on_duty
from alerting.duty.settings import DutySettings
from wire import Tier


@dataclass(frozen=True)
class Book:
    """What the desk goes by: its settings, the duty list, and what the zones of each site are called."""

    desk: DeskSettings
    duty: DutySettings
    sites: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: What each site is called.
    titles: Mapping[str, str] = field(default_factory=dict)

    def on_duty(self, unit: str, at: float) -> tuple[str, ...]:
        known = self.duty.unit(unit)
        return on_duty(self.duty, known, datetime.fromtimestamp(at, UTC)) if known is not None else ()

    def above(self, unit: str) -> str:
        """The unit above; the same where there is none."""
        known = self.duty.unit(unit)
        return known.up or unit if known is not None else unit

    def time(self, text: str) -> float:
        """A moment on the desk's clock, in seconds since 1970 UTC; ValueError where there is none."""
        return moment(text, "moment").replace(tzinfo=ZoneInfo(self.desk.time_zone)).timestamp()

    def clock(self, at: float, form: str = "%m-%d %H:%M") -> str:
        return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(self.desk.time_zone)).strftime(form)

    def place(self, site: str, zone: str = "") -> str:
        named = self.titles.get(site, site)
        return f"{named} {self.sites.get(site, {}).get(zone, zone)}".strip()

    def unit_title(self, unit: str) -> str:
        known = self.duty.unit(unit)
        return known.title if known is not None else unit

    def knows(self, person: str) -> bool:
        return self.duty.person(person) is not None


class Work:
    """The parts of the desk change it; `state` is what has become of it."""

    def __init__(self, state: DeskState, now: float, book: Book) -> None:
        self.before, self.now, self.book = state, now, book
        self.tasks, self.occasions = dict(state.tasks), dict(state.occasions)
        self.hazards, self.troubles = dict(state.hazards), dict(state.troubles)
        self.rolls, self.rolled = dict(state.rolls), dict(state.rolled)
        self.exercised, self.cap = dict(state.exercised), dict(state.cap)
        self.busy, self.drill, self.cap_number, self.seed = state.busy, state.drill, state.cap_number, state.seed
        self.asked: list[Asked] = []

    def state(self) -> DeskState:
        return replace(
            self.before,
            at=self.now,
            seed=self.seed,
            tasks=self.tasks,
            occasions=self.occasions,
            hazards=self.hazards,
            troubles=self.troubles,
            rolls=self.rolls,
            rolled=self.rolled,
            busy=self.busy,
            drill=self.drill,
            exercised=self.exercised,
            cap=self.cap,
            cap_number=self.cap_number,
        )

    def _present(self, unit: str) -> tuple[str, ...]:
        """Who is on duty for `unit` now, or for the nearest unit above it where somebody is."""
        people, above = self.book.on_duty(unit, self.now), self.book.above(unit)
        while not people and above != unit:
            unit, people = above, self.book.on_duty(above, self.now)
            above = self.book.above(unit)
        return people

    def log(self, kind: str, *people: str, **body: Any) -> None:
        """A line for the record; `people` names the keys of `body` under which people stand."""
        self.asked.append(Entry(self.now, kind, body, people))

    def refuse(self, reason: str, words: str) -> None:
        self.asked.append(Refused(self.now, reason, words))

    def unknown(self, person: str) -> bool:
        """Whether `person` is nobody of the duty list; refused then."""
        if self.book.knows(person):
            return False
        self.refuse("unknown-person", f"nobody on the duty list is called {person}")
        return True

    def tell(
        self,
        mark: str,
        unit: str,
        what: str,
        zh: str,
        en: str,
        *,
        to: tuple[str, ...] | None = None,
        asks: tuple[str, ...] = (),
        site: str = "",
        zone: str = "",
        tier: Tier = Tier.NORMAL,
        drill: str = "",
        body: str = "",
        everybody: bool = False,
    ) -> bool:
        """A notice to who is on duty for `unit` now (the first of them, unless `everybody`), or to `to`; False, and
        recorded, where there is nobody. `body` is set where another body is told."""
        people = self._present(unit) if to is None else to
        for person in people if everybody else people[:1]:
            notice = Notice(
                id=effect_id("notice", mark, person),
                at=self.now,
                to=person,
                unit=unit,
                what=what,
                zh=zh,
                en=en,
                asks=asks,
                site=site,
                zone=zone,
                tier=tier,
                drill=drill,
                parallel=tier is Tier.RED,
            )
            who = {"body": body} if body else {"person": person}
            self.log(
                "notice",
                *(() if body else ("person",)),
                notice=notice.id,
                what=what,
                unit=unit,
                asks=list(asks),
                site=site,
                zone=zone,
                drill=drill,
                **who,
            )
            self.asked.append(notice)
        if not people:
            self.log("notice", notice="", what=what, unit=unit, asks=list(asks), site=site, zone=zone, drill=drill)
        return bool(people)
