"""No page is lost and none is doubled, whenever the service is killed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wire import Tier, TierMessage, decode

if TYPE_CHECKING:
    from tests.system.alerting.conftest import House, Receiver


def test_a_crowd_on_the_steps_pages_and_is_recorded(
    house: House, receiver: Receiver, wait: Callable[..., None]
) -> None:
    house.start()
    wait("the service is there", house.ready)
    house.crowd(4.0, 15, until=lambda: house.tier() is Tier.RED)
    wait("the page is out", lambda: receiver.pages)
    page = receiver.pages[0]
    assert page["tier"] == "red"
    assert page["header"] == page["id"]
    assert page["why"].startswith("density 4.00")
    assert page["responsible"] == "Duty room"
    assert page["since"].endswith("+08:00")
    wait("the tier topic is red", lambda: house.heard.get("levee/v1/bund/zones/steps/tier"))
    tier = decode(house.heard["levee/v1/bund/zones/steps/tier"][-1], TierMessage)
    assert tier.tier.value == "red"
    assert tier.expires > tier.sent
    wait("all is recorded", lambda: (told := house.recorded()) and told.sessions[-1].up_to == house.sequence)
    assert house.rows("select count(*) from messages") == [(house.sequence,)]
    assert house.rows("select to_tier from tier_changes where what = 'tier'") == [(4,)]
    text = house.metrics()
    assert 'levee_alerting_zone_tier{site="bund",zone="steps"} 4.0' in text
    assert 'levee_alerting_zone_unknown{site="bund",zone="square"} 1.0' in text
    assert 'levee_alerting_zone_people{site="bund",zone="square"}' not in text
    assert house.stop() == 0
    assert b'"stopped"' in house.heard["levee/v1/service/alerting"][-1]


def test_a_page_outlives_kills_and_goes_out_once(house: House, receiver: Receiver, wait: Callable[..., None]) -> None:
    receiver.answers = [503, 503]
    house.start()
    wait("the service is there", house.ready)
    house.crowd(4.0, 15, until=lambda: receiver.pages)
    house.kill()
    tried = len(receiver.pages)
    assert house.rows("select state from pages") in ([("queued",)], [("refused",)])
    receiver.answers = []
    house.start()
    wait("the page is accepted", receiver.accepted)
    wait("that is recorded", lambda: house.rows("select state from pages") == [("accepted",)])
    page = receiver.pages[-1]
    assert page["id"] == receiver.pages[0]["id"]
    assert page["attempt"] > tried
    assert house.tier() is Tier.RED
    house.crowd(4.0, 2)
    house.kill()
    house.start()
    wait("the service is there again", house.ready)
    house.crowd(4.0, 4)
    assert len(receiver.reds()) == 1
    assert house.tier() is Tier.RED
    assert len(house.rows("select 1 from tier_changes where what = 'tier'")) == 1
    assert house.rows("select term from terms order by term") == [(1,), (2,), (3,)]


def test_killed_while_the_vendor_thinks(house: House, receiver: Receiver, wait: Callable[..., None]) -> None:
    """The page may have been received: it is repeated under the same id, and says that it is a repeat."""
    receiver.hold.clear()
    house.start()
    wait("the service is there", house.ready)
    house.crowd(4.0, 15, until=lambda: house.tier() is Tier.RED)
    wait("the attempt is recorded", lambda: house.rows("select attempts from pages") == [(1,)])
    house.kill()
    receiver.hold.set()
    house.start()
    wait("the page is accepted", lambda: house.rows("select state from pages") == [("accepted",)])
    assert {page["id"] for page in receiver.pages} == {house.rows("select id from pages")[0][0]}
    assert receiver.pages[-1]["attempt"] == 2


def test_random_kills_lose_no_page_and_double_none(house: House, receiver: Receiver, wait: Callable[..., None]) -> None:
    """Two zones rise while the service is killed again and again at moments that nobody chose."""
    house.start()
    for pause in (1.1, 1.7, 0.9, 2.3, 1.3):
        house.crowd(4.0, pause, "steps", "square")
        house.kill()
        house.start()
    wait("the service is there", house.ready)
    house.crowd(4.0, 10, "steps", "square", until=lambda: len(set(receiver.accepted())) == 2)
    wait("both are recorded", lambda: house.rows("select count(*) from pages where state = 'accepted'") == [(2,)])
    recorded = {row[0] for row in house.rows("select id from pages")}
    assert set(receiver.accepted()) == recorded
    changes = house.rows("select zone, to_tier from tier_changes where what = 'tier' order by zone")
    assert changes == [("square", 4), ("steps", 4)]
    for page in recorded:
        repeats = [note["attempt"] for note in receiver.pages if note["id"] == page]
        assert repeats == sorted(set(repeats)), "a repeat must say that it is one"
