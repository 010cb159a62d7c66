"""The duty of a site: a table of nights, and properties that must hold whatever happens."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.duty.events import (
    Acknowledged,
    Asked,
    Call,
    Closed,
    Entry,
    Fell,
    Gone,
    Happening,
    Passed,
    Raised,
    Refused,
    SeenAgain,
    Silenced,
    Unsilenced,
)
from alerting.duty.incident import DutyState, Phase, Silence, decode_duty, encode_duty
from alerting.duty.settings import DutySettings, ZoneDuty
from alerting.duty.step import Roster, follow
from wire import Tier

AT = 1_800_000_000.0
SHIFT = [{"name": "all"}]
PEOPLE = [{"name": name, "title": name, "reach": [{"channel": "sms"}, {"channel": "voice"}]} for name in "abcd"]
UNITS = [
    {"name": "operator", "title": "O", "shifts": [{"name": "s", "teams": [["a", "b"]]}]},
    {"name": "street", "title": "S", "up": "district", "shifts": [{"name": "s", "teams": [["c"]]}]},
    {"name": "district", "title": "D", "shifts": [{"name": "s", "teams": [["d"]]}]},
]
DUTY = msgspec.convert({"people": PEOPLE, "units": UNITS}, DutySettings)
ZONES = [f"z{number}" for number in range(8)]
ROSTER = Roster(dict.fromkeys(ZONES, ZoneDuty(operator="operator", territory="street")), DUTY)


class Night:
    """A site's duty, played second by second."""

    def __init__(self, roster: Roster = ROSTER) -> None:
        self.state, self.now, self.roster = DutyState(site="bund", at=AT), AT, roster
        self.asked: list[Asked] = []
        self.silences = 0

    def does(self, happening: Happening) -> list[Asked]:
        # What is kept in the record is what goes on.
        self.state, asked = follow(decode_duty(encode_duty(self.state)), happening, self.roster)
        self.asked += asked
        return asked

    def rises(self, tier: Tier, zone: str = "z0", before: Tier = Tier.NORMAL, blind: bool = False) -> list[Asked]:
        return self.does(
            Raised(self.now, f"{zone}{tier}{self.now}", zone, tier, before, "density", self.now, blind=blind)
        )

    def falls(self, tier: Tier = Tier.NORMAL, zone: str = "z0") -> list[Asked]:
        return self.does(Fell(self.now, zone, tier, "fall"))

    def waits(self, seconds: float) -> list[Asked]:
        asked = []
        for _ in range(int(seconds)):
            self.now += 1
            asked += self.does(Passed(self.now))
        return asked

    def answers(self, person: str, zone: str = "z0", alarm: int | None = None, incident: str = "") -> list[Asked]:
        name = incident or self.state.incidents[zone].id
        return self.does(Acknowledged(self.now, name, person, alarm))

    def silence(self, ceiling: Tier, seconds: float = 3600, zone: str = "z0", **more: Any) -> list[Asked]:
        self.silences += 1
        silence = Silence(
            id=f"s{self.silences}",
            site="bund",
            zone=zone,
            owner="c",
            reason="market",
            begins=self.now,
            ends=self.now + seconds,
            ceiling=ceiling,
            **more,
        )
        return self.does(Silenced(self.now, silence))

    def phase(self, zone: str = "z0") -> Phase | None:
        incident = self.state.incidents.get(zone)
        return incident.phase if incident is not None else None


def called(asked: list[Asked]) -> list[str]:
    return [one.person for one in asked if isinstance(one, Call)]


def refused(asked: list[Asked]) -> list[str]:
    return [one.reason for one in asked if isinstance(one, Refused)]


@pytest.mark.parametrize(
    ("tier", "seconds"), [(Tier.RED, 60), (Tier.ORANGE, 180), (Tier.YELLOW, 600), (Tier.BLUE, None)]
)
def test_the_next_one_is_called_when_the_deadline_has_passed(tier: Tier, seconds: int | None) -> None:
    night = Night()
    first = called(night.rises(tier))
    if seconds is None:
        assert first == called(night.waits(1000)) == []
        assert night.phase() is Phase.UNACKNOWLEDGED
        night.falls()
        assert night.phase() is None
        return
    assert first == ["a"]
    assert called(night.waits(seconds - 1)) == []
    assert called(night.waits(1)) == ["b"]
    assert called(night.waits(seconds)) == ["c"]
    assert called(night.waits(seconds)) == ["d"], "up the levels"


def test_a_red_that_nobody_answers_calls_everybody_again_and_again() -> None:
    night = Night()
    night.rises(Tier.RED)
    assert called(night.waits(180)) == ["b", "c", "d"]
    assert called(night.waits(60)) == ["a", "b", "c", "d"]
    assert called(night.waits(60)) == ["a", "b", "c", "d"]
    ids = [one.id for one in night.asked if isinstance(one, Call)]
    assert len(ids) == len(set(ids))
    assert all(one.parallel for one in night.asked if isinstance(one, Call))


def test_the_second_answers_and_it_is_closed_when_it_falls() -> None:
    night = Night()
    night.rises(Tier.RED)
    night.waits(70)
    mark = night.state.incidents["z0"].id
    night.answers("b")
    assert night.phase() is Phase.ACKNOWLEDGED
    assert called(night.waits(1000)) == []
    night.falls(Tier.ORANGE)
    assert night.phase() is Phase.ACKNOWLEDGED
    asked = night.falls()
    (closed,) = [one.incident for one in asked if isinstance(one, Closed)]
    assert (closed.id, closed.acknowledged_by, closed.phase, closed.peak) == (mark, "b", Phase.CLOSED, Tier.RED)
    assert night.phase() is None


def test_a_rise_is_a_new_alarm_and_calls_who_answered_first() -> None:
    night = Night()
    night.rises(Tier.YELLOW)
    night.waits(601)
    night.answers("b")
    assert called(night.rises(Tier.ORANGE, before=Tier.YELLOW)) == ["b"]
    assert night.phase() is Phase.UNACKNOWLEDGED
    assert called(night.waits(180)) == ["a"]
    assert refused(night.answers("a", alarm=1)) == ["risen"], "the page of the yellow does not answer the orange"
    assert night.phase() is Phase.UNACKNOWLEDGED
    assert refused(night.answers("a", alarm=2)) == []


def test_a_fall_pages_nobody_and_keeps_the_urgency_of_the_red() -> None:
    night = Night()
    night.rises(Tier.RED)
    assert called(night.falls(Tier.ORANGE)) == []
    assert called(night.waits(60)) == ["b"], "in sixty seconds, as for the red that it was"


def test_a_red_that_has_gone_still_wants_an_answer_and_an_orange_does_not_wake_anybody() -> None:
    night = Night()
    night.rises(Tier.RED)
    night.falls()
    assert night.phase() is Phase.RETURNED
    assert called(night.waits(60)) == ["b"]
    night.answers("b")
    assert night.phase() is None
    night.rises(Tier.ORANGE)
    night.falls()
    assert night.phase() is Phase.RETURNED
    assert called(night.waits(3600)) == []
    assert called(night.rises(Tier.YELLOW)) == ["a"], "the same incident, a new alarm"
    assert night.state.incidents["z0"].alarm == 2
    night.falls()
    night.now += 14_401
    night.waits(1)
    assert night.phase() is None


def test_blindness_is_answered_too_and_ends_when_it_is_seen_again() -> None:
    night = Night()
    assert called(night.rises(Tier.NORMAL, blind=True)) == ["a"]
    assert called(night.waits(180)) == ["b"]
    night.falls()
    assert night.phase() is Phase.UNACKNOWLEDGED
    night.answers("b")
    night.does(SeenAgain(night.now, "z0"))
    assert night.phase() is None
    night.rises(Tier.NORMAL, zone="z1", blind=True)
    night.does(Gone(night.now, "z1"))
    assert night.phase("z1") is None


def test_answers_that_have_no_effect() -> None:
    night = Night()
    assert refused(night.answers("a", incident="none")) == ["closed"]
    night.rises(Tier.RED)
    assert refused(night.answers("stranger")) == ["unknown-person"]
    mark = night.state.incidents["z0"].id
    assert refused(night.answers("a")) == []
    assert refused(night.answers("b")) == ["already"]
    night.falls()
    assert refused(night.answers("a", incident=mark)) == ["closed"]
    entries = [one for one in night.asked if isinstance(one, Entry) and one.kind == "acknowledgement"]
    assert [entry.body["refused"] for entry in entries] == ["closed", "unknown-person", "already", "closed"]


def test_a_deadline_that_passed_unseen_is_due_at_the_next_look_and_only_once() -> None:
    night = Night()
    night.rises(Tier.RED)
    night.now += 3600
    assert called(night.does(Passed(night.now))) == ["b"]
    assert called(night.does(Passed(night.now))) == []
    night.now -= 7200
    assert called(night.does(Passed(night.now))) == [], "a clock that goes back does not call twice"


def test_a_storm_is_put_together_and_a_red_in_it_is_not() -> None:
    night = Night()
    first = [called(night.rises(Tier.YELLOW, zone)) for zone in ZONES[:6]]
    assert first == [["a"]] * 4 + [[], []]
    assert called(night.rises(Tier.RED, "z6")) == ["a"]
    together = [one for one in night.waits(20) if isinstance(one, Call)]
    assert [(one.person, len(one.incidents), one.reason) for one in together] == [("a", 2, "together")]
    for incident, alarm in together[0].incidents:
        night.answers("a", alarm=alarm, incident=incident)
    assert night.phase("z4") is night.phase("z5") is Phase.ACKNOWLEDGED


def test_what_waits_in_a_storm_and_turns_red_is_called_at_once() -> None:
    night = Night()
    for zone in ZONES[:6]:
        night.rises(Tier.YELLOW, zone)
    assert called(night.rises(Tier.RED, "z5", Tier.YELLOW)) == ["a"]
    together = [one for one in night.waits(20) if isinstance(one, Call) and one.reason == "together"]
    assert [len(one.incidents) for one in together] == [1]


def test_what_waits_in_a_storm_and_is_silenced_is_not_called() -> None:
    night = Night()
    for zone in ZONES[:6]:
        night.rises(Tier.YELLOW, zone)
    night.does(
        Silenced(
            night.now,
            Silence(
                id="s",
                site="bund",
                zone="z5",
                owner="c",
                reason="r",
                begins=night.now,
                ends=night.now + 600,
                ceiling=Tier.YELLOW,
            ),
        )
    )
    together = [one for one in night.waits(20) if isinstance(one, Call) and one.reason == "together"]
    assert [[incident for incident, _ in one.incidents] for one in together] == [[night.state.incidents["z4"].id]]


def test_a_silence_keeps_yellow_quiet_and_no_red() -> None:
    night = Night()
    night.rises(Tier.YELLOW)
    night.silence(Tier.YELLOW)
    assert night.phase() is Phase.SHELVED
    assert called(night.waits(700)) == []
    assert called(night.rises(Tier.RED, before=Tier.YELLOW)) == ["a"]
    assert night.phase() is Phase.UNACKNOWLEDGED


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"ceiling": Tier.RED}, "red"),
        ({"ceiling": Tier.YELLOW, "seconds": 86_401}, "too-long"),
        ({"ceiling": Tier.YELLOW, "seconds": -1}, "ended"),
        ({"ceiling": Tier.YELLOW, "zone": "moon"}, "unknown-zone"),
    ],
)
def test_silences_that_cannot_be(more: dict[str, Any], reason: str) -> None:
    assert refused(Night().silence(**more)) == [reason]


def test_the_end_of_a_silence_reminds_first_and_then_calls() -> None:
    night = Night()
    night.silence(Tier.ORANGE, seconds=1800)
    assert called(night.rises(Tier.ORANGE)) == []
    reminded = [one for one in night.waits(900) if isinstance(one, Call)]
    assert [(one.person, one.reason, one.incidents) for one in reminded] == [("c", "silence-ends", ())]
    calls = [one for one in night.waits(900) if isinstance(one, Call)]
    assert [(one.person, one.reason) for one in calls] == [("a", "resumed")]
    assert not night.state.silences
    night.silence(Tier.ORANGE)
    assert refused(night.does(Unsilenced(night.now, "other", "c"))) == ["unknown-silence"]
    assert called(night.does(Unsilenced(night.now, "s2", "c"))) == ["a"]


def test_maintenance_keeps_blindness_quiet_and_a_plain_silence_does_not() -> None:
    night = Night()
    night.silence(Tier.YELLOW, maintenance=True)
    assert called(night.rises(Tier.NORMAL, blind=True)) == []
    assert night.phase() is Phase.OUT_OF_SERVICE
    night.silence(Tier.YELLOW, zone="z1")
    assert called(night.rises(Tier.NORMAL, zone="z1", blind=True)) == ["a"]


def test_without_people_incidents_are_kept_and_nobody_is_called() -> None:
    night = Night(Roster(dict.fromkeys(ZONES)))
    assert called(night.rises(Tier.RED)) == []
    assert night.phase() is Phase.UNACKNOWLEDGED
    night.falls()
    assert night.phase() is None


happenings = st.one_of(
    st.tuples(st.just("rise"), st.sampled_from(ZONES), st.sampled_from(list(Tier)[1:])),
    st.tuples(st.just("fall"), st.sampled_from(ZONES), st.sampled_from(list(Tier)[:4])),
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 61, 200, 700]), st.none()),
    st.tuples(st.just("answer"), st.sampled_from(ZONES), st.sampled_from(["a", "b", "x"])),
    st.tuples(st.just("silence"), st.sampled_from([*ZONES, ""]), st.sampled_from([Tier.YELLOW, Tier.ORANGE])),
    st.tuples(st.just("blind"), st.sampled_from(ZONES), st.none()),
    st.tuples(st.just("seen"), st.sampled_from(ZONES), st.none()),
)


@settings(max_examples=150)
@given(st.lists(happenings, max_size=40))
def test_whatever_happens_no_red_is_left_without_a_call(happened: list[tuple[str, Any, Any]]) -> None:
    night = Night()
    for what, first, second in happened:
        match what:
            case "rise":
                before = len(night.asked)
                night.rises(second, first)
                if second is Tier.RED:
                    assert called(night.asked[before:]), "a red calls at once, whatever else is going on"
            case "fall":
                night.falls(second, first)
            case "wait":
                night.now += first
                night.does(Passed(night.now))
            case "answer":
                if first in night.state.incidents:
                    night.answers(second, first)
            case "silence":
                night.silence(second, 1000, first)
            case "blind":
                night.rises(Tier.NORMAL, first, blind=True)
            case "seen":
                night.does(SeenAgain(night.now, first))
        for incident in night.state.incidents.values():
            if incident.urgency is Tier.RED:
                assert not incident.phase.hushed, "a red is never silenced"
                assert incident.phase is Phase.ACKNOWLEDGED or incident.due is not None, "somebody is always next"
            if incident.phase is Phase.ACKNOWLEDGED:
                assert incident.due is None
                assert incident.acknowledged_by in ("a", "b")
            assert incident.phase is not Phase.CLOSED
    ids = [one.id for one in night.asked if isinstance(one, Call)]
    assert len(ids) == len(set(ids)), "once per id"
