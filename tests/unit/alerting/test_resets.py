"""Occupancies that a person begins anew, and what a screen is told of a whole site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerting.assess import Observed
from alerting.metrics import Metrics
from alerting.record import Record
from alerting.record.reader import Reader
from alerting.service import Service
from alerting.settings import ServiceSettings, SiteSettings
from alerting.view import decode_view, encode_view
from wire import State, Throughput

AT = 1_800_000_000.0
SETTINGS = msgspec.convert({"sites": ["a"], "channels": {"hook": {"type": "console"}}}, ServiceSettings)
SITE = {
    "site": "bund", "title": "Bund", "responsible": "Duty room",
    "zones": [
        {"name": "hall", "title": "Hall", "kind": "flat", "box": "b", "capacity": 100, "balance": True},
        {"name": "steps", "title": "Steps", "kind": "steps", "box": "b"},
    ],
    "gates": [{"name": "door", "box": "b", "into": "hall"}],
}  # fmt: skip


class House:
    def __init__(self, path: Path) -> None:
        url = f"sqlite:///{path / 'record.db'}"
        self.at, self.asked = AT, 0
        self.record = Record(url)
        self.service = Service(
            SETTINGS,
            [msgspec.convert(SITE, SiteSettings)],
            self.record,
            self.record.resume("alerting", "aaaaaaaaaaaaaaaa", self.at),
            {},
            Metrics(),
            publish=lambda *_: None,
            wake=lambda: None,
            session="aaaaaaaaaaaaaaaa",
            at=self.at,
        )
        self.reader = Reader(url)

    def ask(self, **body: Any) -> tuple[str, str]:
        self.asked += 1
        whole = {"what": "reset", "site": "bund", "zone": "hall", "person": "li", "name": "closed", "people": 40}
        self.reader.ask(f"r{self.asked}", {**whole, **body})
        self.at += 1
        self.service.tick(self.at)
        self.service.settle(self.at, final=True)
        told = self.reader.asked(f"r{self.asked}")
        assert told is not None
        return told.outcome, told.words

    def door(self, inflow: float, outflow: float) -> None:
        self.at += 60
        reading = Throughput(
            zone="door", age_s=0.0, state=State.GOOD, method="gate", interval_s=60.0, inflow=inflow, outflow=outflow
        )
        self.service._judge("bund", Observed(at=self.at, readings=(reading,)))
        self.service.tick(self.at)


@pytest.fixture
def house(tmp_path: Path) -> Any:
    made = House(tmp_path)
    yield made
    made.record.abandon()
    made.reader.close()


def test_a_balance_begins_anew_by_name_and_the_screen_tells_when_it_is_full(house: House) -> None:
    assert house.ask() == ("done", "")
    for _ in range(9):
        house.door(6, 1)
    view = decode_view(encode_view(house.service.view(house.at, True)))
    (site,) = view.sites
    (hall,) = site.filling
    assert (hall.zone, hall.reset, hall.capacity) == ("hall", "closed", 100)
    assert hall.inside.value == pytest.approx(85)
    assert hall.full_in_min == pytest.approx(3, abs=0.5)
    assert (site.tier.value, site.zone) == ("yellow", "hall")
    assert "80 inside since closed" in site.why
    assert "steps" in site.unknown


@pytest.mark.parametrize(
    ("body", "outcome", "words"),
    [
        ({"zone": "steps"}, "no-balance", "reset its instrument"),
        ({"zone": "moon"}, "unknown-zone", "bund/moon"),
        ({"site": "moon"}, "unknown-zone", "moon/hall"),
        ({"person": " "}, "no-reason", "name"),
        ({"people": -1}, "invalid", "-1"),
        ({"people": "nan"}, "invalid", "nan"),
        ({"people": "many"}, "invalid", "cannot be read"),
    ],
)
def test_what_cannot_be_reset_is_refused(house: House, body: dict[str, Any], outcome: str, words: str) -> None:
    found = house.ask(**body)
    assert found[0] == outcome
    assert words in found[1]


def test_who_asked_stands_in_the_record(house: House) -> None:
    house.ask()
    rows = [str(one) for one in house.reader.entries() if "occupancy-reset" in str(one)]
    assert len(rows) == 1
    assert "bund/hall" in rows[0]
    assert "closed" in rows[0]
