"""A desk with its people, and a fold over what happens to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from alerting.desk.events import Asked, Began, Happening, Notice, Passed
from alerting.desk.settings import DeskSettings
from alerting.desk.state import DeskState, decode_desk, encode_desk
from alerting.desk.step import step
from alerting.desk.work import Book
from alerting.duty.events import Entry, Refused
from alerting.duty.settings import DutySettings

#: 2026-03-02 08:00 in Shanghai, a Monday.
T0 = 1_772_409_600.0


def person(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "title": f"Person {name.upper()}",
        "language": "en",
        "reach": [{"channel": "phone", "to": name}],
    }


def unit(name: str, *people: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "title": name.title(), "shifts": [{"name": "all", "teams": [list(people)]}], **more}


DUTY = {
    "people": [person(name) for name in ("ann", "bob", "cid", "dan")],
    "units": [
        unit("operator", "ann", "bob", up="street"),
        unit("street", "cid", up="district"),
        unit("district", "dan", level="district"),
    ],
    "keeper": "district",
}
DESK: dict[str, Any] = {
    "bodies": [{"name": "metro", "title": "Metro", "language": "en", "channel": "phone", "to": "metro-room"}],
    "plans": [
        {
            "name": "steps-orange",
            "title": "Orange on the steps",
            "site": "bund",
            "zones": ["steps"],
            "tier": "orange",
            "steps": [
                {"name": "one-way", "zh": "单向", "en": "Make the steps one-way", "owner": "operator", "within_s": 300},
                {
                    "name": "skip",
                    "zh": "跳站",
                    "en": "Let trains skip the stop",
                    "owner": "street",
                    "to": "metro",
                    "within_s": 180,
                },
            ],
        },
        {
            "name": "any-red",
            "title": "Red anywhere",
            "site": "bund",
            "tier": "red",
            "exercise_days": 30,
            "steps": [{"name": "close", "zh": "关闭", "en": "Close both ends", "owner": "operator", "within_s": 120}],
        },
    ],
    "events": [
        {
            "name": "countdown",
            "title": "Countdown",
            "kind": "countdown",
            "site": "bund",
            "begins": "2026-03-06 20:00",
            "ends": "2026-03-07 01:00",
            "expected": 50_000,
            "assessment": {"owner": "street", "date": "2026-02-20", "approved_by": "dan"},
        }
    ],
    "drills": [{"name": "rehearsal", "title": "R", "site": "bund", "scenario": "x.yaml", "plans": ["any-red"]}],
    "roll_calls": [{"unit": "operator", "every_h": 4, "answer_s": 300}],
    "cap": {"sender": "duty@district.example", "prefix": "310101.desk", "language": "en-US", "release": ["dan"]},
}


@dataclass
class Fold:
    book: Book
    state: DeskState
    now: float = T0
    asked: list[Asked] = field(default_factory=list)

    def happens(self, happening: Happening) -> list[Asked]:
        self.state, asked = step(self.state, happening, self.book)
        # What is remembered survives its writing.
        assert decode_desk(encode_desk(self.state)) == self.state
        self.asked += asked
        return asked

    def wait(self, seconds: float, every: float = 30.0) -> list[Asked]:
        """Time passes, tick by tick."""
        asked: list[Asked] = []
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + every)
            self.state, more = step(self.state, Passed(self.now), self.book)
            asked += more
        self.asked += asked
        return asked

    def log(self, kind: str, what: str = "") -> list[Entry]:
        return [
            one
            for one in self.asked
            if isinstance(one, Entry) and one.kind == kind and (not what or one.body.get("what") == what)
        ]


def notices(asked: list[Asked], what: str = "") -> list[Notice]:
    return [one for one in asked if isinstance(one, Notice) and (not what or one.what == what)]


def refusal(asked: list[Asked]) -> str:
    return next((one.reason for one in asked if isinstance(one, Refused)), "")


def make(**more: Any) -> Fold:
    desk = msgspec.convert({**DESK, **more}, DeskSettings)
    book = Book(
        desk, msgspec.convert(DUTY, DutySettings), {"bund": {"steps": "Steps", "square": "Square"}}, {"bund": "Bund"}
    )
    fold = Fold(book, DeskState(at=T0))
    fold.happens(Began(T0, "seed"))
    return fold


@pytest.fixture
def desk() -> Fold:
    return make()
