"""Thresholds changed while the service runs: by whom and why, what a restart keeps, and when the file counts again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerting.assess.rules import Levels
from alerting.metrics import Metrics
from alerting.record import Record
from alerting.record.reader import Reader
from alerting.service import Service
from alerting.settings import ServiceSettings, SiteSettings

AT = 1_800_000_000.0
SETTINGS = msgspec.convert({"sites": ["a"], "channels": {"hook": {"type": "console"}}}, ServiceSettings)
WANTED = {"blue": 1.0, "yellow": 1.6, "orange": 2.2, "red": 3.0}


class House:
    """A service on a real record, asked through it as the console asks."""

    def __init__(self, path: Path) -> None:
        self.url, self.at, self.asked = f"sqlite:///{path / 'record.db'}", AT, 0
        self.record: Record | None = None
        self.service = self.start()
        self.reader = Reader(self.url)

    def start(self, **zone: Any) -> Service:
        if self.record is not None:
            self.record.abandon()
        steps = {"name": "steps", "title": "Steps", "kind": "steps", "box": "box-1", **zone}
        site = {"site": "bund", "title": "Bund", "responsible": "Duty room", "zones": [steps]}
        self.record = Record(self.url)
        self.service = Service(
            SETTINGS,
            [msgspec.convert(site, SiteSettings)],
            self.record,
            self.record.resume("alerting", "aaaaaaaaaaaaaaaa", self.at),
            {},
            Metrics(),
            publish=lambda *_: None,
            wake=lambda: None,
            session="aaaaaaaaaaaaaaaa",
            at=self.at,
        )
        self.service.settle(self.at)
        return self.service

    def ask(self, **body: Any) -> tuple[str, str]:
        self.asked += 1
        whole = {"what": "thresholds", "site": "bund", "zone": "steps", "person": "li-wei", "reason": "a fence", **body}
        self.reader.ask(f"test-{self.asked}", whole)
        self.at += 1
        self.service.tick(self.at)
        self.service.settle(self.at)
        told = self.reader.asked(f"test-{self.asked}")
        assert told is not None
        return told.outcome, told.words

    @property
    def levels(self) -> dict[str, float]:
        known = self.service.view(self.at, True).zones[0].thresholds
        assert known is not None
        return msgspec.to_builtins(known)

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [json.loads(link.body) for link in self.reader.links() if link.kind == kind and link.body]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.reader.close()
    made.service.close(made.at)


def test_a_change_is_an_event_with_a_name_and_a_reason(house: House) -> None:
    assert house.ask(levels=WANTED) == ("changed", "")
    assert house.levels == WANTED
    (entry,) = house.told("threshold")
    assert ["density.red", "3.5", "3"] in entry["changes"]
    assert entry["by"] == house.reader.pseudonym("li-wei"), "the chain holds no names"
    change = house.service.view(house.at, True).changes[-1]
    assert (change.what, "li-wei (a fence)" in change.why) == ("settings", True)


def test_a_restart_keeps_it_and_says_nothing_twice(house: House) -> None:
    house.ask(levels=WANTED)
    house.start()
    assert house.levels == WANTED
    assert len(house.told("threshold")) == 1
    assert house.told("settings")[-1]["zones"]["bund/steps"]["thresholds"] == WANTED


def test_the_file_counts_again_once_it_is_changed(house: House) -> None:
    house.ask(levels=WANTED)
    filed = {"blue": 1.2, "yellow": 1.8, "orange": 2.5, "red": 3.2}
    house.start(thresholds=filed)
    assert house.levels == filed
    house.start()
    assert house.levels["red"] == 3.5, "the change is forgotten, not only passed over"


def test_back_to_what_the_file_says_is_a_change_and_leaves_nothing_behind(house: House) -> None:
    house.ask(levels=WANTED)
    house.ask(levels={"blue": 1.5, "yellow": 2.0, "orange": 2.7, "red": 3.5}, reason="the fence is gone")
    assert house.levels["red"] == 3.5
    assert len(house.told("threshold")) == 2
    house.start(thresholds=WANTED)
    assert house.levels == WANTED


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"levels": {**WANTED, "red": 2.0}}, "invalid"),
        ({"levels": {**WANTED, "blue": -1}}, "invalid"),
        ({"levels": {**WANTED, "blue": "NaN"}}, "invalid"),
        ({"levels": {**WANTED, "red": 1e300}}, "invalid"),
        ({"levels": {"blue": 1.0}}, "invalid"),
        ({"levels": "all of them"}, "invalid"),
        ({}, "invalid"),
        ({"levels": WANTED, "reason": "  "}, "no-reason"),
        ({"levels": WANTED, "person": ""}, "no-reason"),
        ({"levels": WANTED, "zone": "moon"}, "unknown-zone"),
        ({"levels": WANTED, "site": "levee-service", "zone": "pager"}, "unknown-zone"),
    ],
)
def test_what_is_no_change_changes_nothing(house: House, body: dict[str, Any], outcome: str) -> None:
    before = house.levels
    assert house.ask(**body)[0] == outcome
    assert house.levels == before
    assert not house.told("threshold")


def test_an_older_record_gets_the_table(house: House) -> None:
    house.service.close(house.at)
    with house.reader._database.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE thresholds")
    house.record = None
    house.start()
    assert house.ask(levels=WANTED)[0] == "changed"


def test_what_the_console_did_stands_in_the_chain_under_a_pseudonym(house: House) -> None:
    body = {"what": "console", "account": "li-wei", "did": "log-in", "about": "", "from": "10.0.0.7"}
    assert house.ask(**body)[0] == "done"
    (entry,) = house.told("console")
    assert entry["did"] == "log-in"
    assert "li-wei" not in json.dumps(entry)


def test_levels_must_be_numbers_that_rise() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**WANTED, "orange": float("nan")}, Levels)
