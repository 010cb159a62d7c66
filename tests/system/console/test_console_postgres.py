"""What the console reads and asks for, with the record in PostgreSQL."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import msgspec

from alerting.duty.settings import DutySettings
from alerting.metrics import Metrics
from alerting.record import Record
from alerting.record.browse import Browser, Place
from alerting.service import Service
from alerting.settings import ServiceSettings, SiteSettings
from wire import Band, Instant, Readings, State, encode

SETTINGS = msgspec.convert({"sites": ["a"], "channels": {"hook": {"type": "console"}}}, ServiceSettings)
ZONE = {"name": "steps", "title": "Steps", "kind": "steps", "box": "box-1"}
SITE = msgspec.convert(
    {"site": "bund", "title": "Bund", "responsible": "r", "duty": {"operator": "room"}, "zones": [ZONE]}, SiteSettings
)
PERSON = {"name": "li-wei", "title": "李伟", "reach": [{"channel": "hook"}]}
UNIT = {"name": "room", "title": "Room", "shifts": [{"name": "s", "teams": [["li-wei"]]}]}
DUTY = msgspec.convert({"people": [PERSON], "units": [UNIT]}, DutySettings)
LEVELS = {"blue": 1.0, "yellow": 2.0, "orange": 3.0, "red": 3.4}


def start(url: str, at: float) -> Service:
    record = Record(url)
    return Service(
        SETTINGS,
        [SITE],
        record,
        record.resume("alerting", "aaaaaaaaaaaaaaaa", at),
        {},
        Metrics(),
        publish=lambda *_: None,
        wake=lambda: None,
        session="aaaaaaaaaaaaaaaa",
        at=at,
        duty=DUTY,
    )


def test_the_console_reads_and_asks(postgres: Any) -> None:
    url, at = postgres.database("console"), time.time() - 100
    service = start(url, at)
    for second in range(1, 40):
        band = Band(value=4.0, low=3.0, high=5.0)
        message = Readings(
            version=1,
            site="bund",
            box="box-1",
            session="aaaaaaaaaaaaaaaa",
            sequence=second,
            floor=1,
            sent=datetime.fromtimestamp(at + second, UTC),
            readings=(Instant(zone="steps", age_s=0, state=State.GOOD, method="t", count=band, peak_density=band),),
        )
        service.receive("levee/v1/bund/box-1/readings", encode(message), False, at + second, float(second))
        service.tick(at + second)
        service.settle(at + second)
    browser = Browser(url)
    assert sum(len(piece) for piece in browser.messages(at)) == 39
    (incident,) = browser.incidents(10)
    assert (incident.tier, incident.acknowledged_by) == ("red", "")
    found = browser.incident_row(incident.id)
    assert found == ("bund", "steps", incident.alarm)
    whole = browser.changes(100)
    paged, place = [], None
    while page := browser.changes(1, place):
        paged += page
        place = Place(page[-1].at, page[-1].id)
    assert paged == whole
    assert [row.to_tier for row in browser.changes(1, site="bund", zone="steps", what="tier")] == ["red"]

    body = {"what": "acknowledge", "site": "bund", "person": "li-wei", "incidents": [[incident.id, incident.alarm]]}
    browser.ask("one", body)
    change = {
        "what": "thresholds",
        "site": "bund",
        "zone": "steps",
        "levels": LEVELS,
        "person": "li-wei",
        "reason": "x",
    }
    browser.ask("two", change)
    browser.ask("three", {"what": "console", "account": "li-wei", "did": "log-in", "about": "", "from": ""})
    service.tick(at + 41)
    service.settle(at + 41)
    asked = [browser.asked(key) for key in ("one", "two", "three")]
    assert [one.outcome for one in asked if one is not None] == ["acknowledged", "changed", "done"]
    assert browser.incidents(10)[0].acknowledged_by == "李伟"
    service.close(at + 42)
    again = start(url, at + 43)
    levels = again.view(at + 43, True).zones[0].thresholds
    again.close(at + 44)
    browser.close()
    assert msgspec.to_builtins(levels) == LEVELS
