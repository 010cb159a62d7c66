"""Bad payloads, a broker and a record that go away: nothing falls, nothing is lost."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wire import Tier, TierMessage, decode, encode, topics

if TYPE_CHECKING:
    from tests.system.alerting.conftest import House, Receiver


def test_bad_payloads_change_nothing(house: House, receiver: Receiver, wait: Callable[..., None]) -> None:
    old = encode(house.message(0.0, "steps"))
    house.client.publish("levee/v1/bund/box-1/readings", old, qos=1, retain=True).wait_for_publish(5)
    house.sequence = 0
    house.start()
    wait("the service is there", house.ready)
    house.crowd(4.0, 15, until=lambda: house.tier() is Tier.RED)
    good = json.loads(encode(house.message(0.0, "steps")))
    topic = "levee/v1/bund/box-1/readings"
    band = {"value": 0.0, "low": 0.0, "high": 0.0}

    def with_reading(**fields: Any) -> dict[str, Any]:
        return {**good, "sequence": 900, "readings": [{**good["readings"][0], **fields}]}

    bad: list[tuple[str, bytes, str]] = [
        (topic, b"not json", "not-json"),
        (topic, b"\xff\xfe", "not-json"),
        (topic, b"[" * 100_000, "not-json"),
        (topic, b"{}", "invalid"),
        (topic, json.dumps({**good, "version": 2}).encode(), "version"),
        (topic, json.dumps(with_reading(count={**band, "value": float("nan")})).encode(), "not-json"),
        (topic, json.dumps(with_reading(count={**band, "low": -1.0})).encode(), "invalid"),
        (topic, json.dumps(with_reading(count={"value": 1e12, "low": 0, "high": 1e12})).encode(), "invalid"),
        (topic, json.dumps(with_reading(age_s=-5)).encode(), "invalid"),
        (topic, json.dumps({**with_reading(age_s=3600), "sequence": 901}).encode(), "late"),
        (topic, json.dumps({**with_reading(zone="moon"), "sequence": 902}).encode(), "unknown-zone"),
        (topic, json.dumps({**good, "sequence": 1}).encode(), "duplicate"),
        (topic, json.dumps({**good, "box": "box-2"}).encode(), "topic-mismatch"),
        ("levee/v1/bund/box-9/readings", json.dumps({**good, "box": "box-9"}).encode(), "unknown-box"),
        ("levee/v1/mars/box-1/readings", json.dumps({**good, "site": "mars"}).encode(), "unknown-site"),
    ]
    for name, payload, _ in bad:
        house.client.publish(name, payload, qos=1)
    for _ in range(2000):
        house.client.publish(topic, b"flood", qos=0)
    expected = {reason for _, _, reason in bad} | {"retained"}
    wait("each is counted", lambda: (view := house.view()) and expected <= set(view.dropped))
    wait("the flood is counted", lambda: (view := house.view()) and view.dropped["not-json"] > 2000)
    assert house.tier() is Tier.RED
    lines = [line for line in house.log.read_text().splitlines() if line.startswith("WARNING not-json")]
    assert len(lines) == 1
    house.crowd(4.0, 1)
    assert house.tier() is Tier.RED
    assert house.process is not None
    assert house.process.poll() is None


def test_the_broker_goes_and_comes_back(
    house: House, broker: Any, receiver: Receiver, wait: Callable[..., None]
) -> None:
    broker.kill()
    house.start()
    wait("the service runs without a broker", lambda: house.view() is not None)
    broker.start()
    wait("it found the broker", house.ready)
    wait("so did the box", house.client.is_connected)
    house.crowd(4.0, 15, until=lambda: house.tier() is Tier.RED)
    wait("the page is out", receiver.accepted)
    broker.kill()
    wait("it noticed", lambda: (view := house.view()) and not view.broker_connected)
    wait("the tier is held", lambda: (view := house.view()) and view.zones[0].held, 20)
    assert house.tier() is Tier.RED
    house.heard.clear()
    broker.start()
    wait("it is back", house.ready)
    wait("so is the box", house.client.is_connected)
    wait("the tier topic is said again", lambda: house.heard.get("levee/v1/bund/zones/steps/tier"))
    tier = decode(house.heard["levee/v1/bund/zones/steps/tier"][-1], TierMessage)
    assert (tier.tier.value, tier.held) == ("red", True)
    wait("what is recorded is said again", house.recorded)
    house.crowd(4.0, 2)
    wait("it sees again", lambda: (view := house.view()) and not view.zones[0].held)
    assert len(receiver.reds()) == 1
    # Away at the start, broken, away again: each is one line, however often it was tried.
    lines = [line for line in house.log.read_text().splitlines() if "tried again" in line]
    assert 2 <= len(lines) <= 3, lines


def test_what_was_sent_while_the_service_was_away_is_recorded_late(
    house: House, receiver: Receiver, wait: Callable[..., None]
) -> None:
    house.start()
    wait("the service is there", house.ready)
    house.crowd(1.0, 2)
    wait("it is recorded", lambda: (told := house.recorded()) and told.sessions[-1].up_to == house.sequence)
    house.kill()
    gap = [house.message(5.0, "steps") for _ in range(50)]
    house.start()
    wait("the service is there again", house.ready)
    house.say(1.0)
    first = house.sequence
    wait("a hole is told", lambda: (told := house.recorded()) and told.sessions[-1].also == ((first, first),))
    for message in reversed(gap):
        house.client.publish(topics.BACKLOG.at(site="bund", box="box-1"), encode(message), qos=1)
    wait("the hole is closed", lambda: (told := house.recorded()) and told.sessions[-1].up_to == house.sequence)
    assert house.rows("select count(*) from messages where way = 'backlog'") == [(50,)]
    assert house.rows("select count(*) from tier_changes where what = 'tier'") == [(0,)], "backlog was judged"
    assert not receiver.pages


def test_a_record_that_is_away_loses_nothing(house: House, receiver: Receiver, wait: Callable[..., None]) -> None:
    house.start()
    wait("the service is there", house.ready)
    house.crowd(0.5, 1)
    lock = sqlite3.connect(house.database, isolation_level=None)
    lock.execute("begin immediate")
    try:
        house.crowd(4.0, 12, until=lambda: house.tier() is Tier.RED)
        assert house.tier() is Tier.RED, "judgement must not wait for the record"
        wait("it says so", lambda: "the record cannot be written" in house.log.read_text())
        before = house.recorded()
        house.crowd(4.0, 3)
        assert house.recorded() == before, "a box was answered for what is not recorded"
        view = house.view()
        assert view is not None
        assert not view.recording
    finally:
        lock.execute("rollback")
        lock.close()
    wait("all is recorded", lambda: (told := house.recorded()) and told.sessions[-1].up_to == house.sequence)
    wait("the page is accepted", receiver.reds)
    assert house.rows("select count(*) from messages") == [(house.sequence,)]
    assert len(receiver.reds()) == 1
    assert len(set(receiver.accepted())) == len(receiver.accepted()), "a page was sent twice"


def test_a_record_that_cannot_be_opened_is_waited_for(house: House, wait: Callable[..., None]) -> None:
    folder = house.database.parent / "later"
    settings = json.loads((house.folder / "service.json").read_text())
    settings["record"]["url"] = f"sqlite:///{folder}/record.db"
    (house.folder / "service.json").write_text(json.dumps(settings))
    house.start()
    wait("it says so", lambda: "the record cannot be opened: unable to open" in house.log.read_text())
    assert house.view() is None
    folder.mkdir()
    wait("it goes on", house.ready)
    house.crowd(4.0, 15, until=lambda: house.tier() is Tier.RED)
    assert house.tier() is Tier.RED
