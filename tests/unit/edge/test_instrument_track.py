"""From words to readings: nobody is counted twice, silence is not zero, and what drifts says so."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.instruments.settings import GatewaySettings
from edge.instruments.track import Track
from edge.instruments.words import Inside, Passed, PayloadRefused, Present, Said, Total, Way
from wire import Instant, Occupancy, State, Throughput

WALL = 1_777_629_600.0


def track(**fields: object) -> Track:
    fields = {"format": "onvif", "inward": ["Entry"], "outward": ["Exit"], **fields}
    whole = {
        "site": "bund",
        "box": "counters",
        "instruments": [{"name": "one", "zone": "gate", "topics": ["#"], **fields}],
    }
    return Track(msgspec.convert(whole, GatewaySettings).instruments[0], ZoneInfo("UTC"), began=0.0, wall=WALL)


def hall(**fields: object) -> Track:
    return track(inward=[], outward=[], inside=["Occupancy"], **fields)


def say(one: Track, now: float, *words: object, told: float | None = None, retained: bool = False) -> None:
    for word in words:
        one.hear(Said(word, told), now=now, wall=WALL + now, retained=retained)  # type: ignore[arg-type]


def gate(one: Track, now: float) -> Throughput | None:
    found = one.reading(now, WALL + now)
    assert found is None or isinstance(found, Throughput)
    return found


def inside(one: Track, now: float) -> Occupancy:
    found = one.reading(now, WALL + now)
    assert isinstance(found, Occupancy)
    return found


def passed(found: Throughput | None) -> tuple[float, float]:
    if found is None or found.inflow is None or found.outflow is None:
        return 0.0, 0.0
    return found.inflow * found.interval_s / 60, found.outflow * found.interval_s / 60


def test_before_the_first_word_a_gate_is_unknown_and_not_zero() -> None:
    found = gate(track(), 5.0)
    assert found is not None
    assert found.state is State.UNKNOWN
    assert found.reasons == ("no-word-yet",)
    assert found.inflow is None


def test_totals_become_what_passed_since_the_last_reading() -> None:
    one = track()
    say(one, 10, Total(Way.IN, 100), Total(Way.OUT, 40))
    assert gate(one, 11) is None
    say(one, 70, Total(Way.IN, 130), Total(Way.OUT, 45))
    found = gate(one, 71)
    assert found is not None
    assert found.state is State.GOOD
    assert (found.inflow, found.outflow, found.interval_s, found.age_s) == (30, 5, 60, 1)
    assert gate(one, 72) is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans()), max_size=40))
def test_each_person_is_told_of_once_whenever_readings_are_made(steps: list[tuple[int, int, bool]]) -> None:
    one, told, totals = track(), [0.0, 0.0], [7, 5]
    say(one, 0, Total(Way.IN, 7), Total(Way.OUT, 5))
    for number, (came, went, look) in enumerate([*steps, (0, 0, True)], 1):
        totals = [totals[0] + came, totals[1] + went]
        say(one, number * 10, Total(Way.IN, totals[0]), Total(Way.OUT, totals[1]))
        if look:
            people = passed(gate(one, number * 10 + 1))
            told = [told[0] + people[0], told[1] + people[1]]
    assert told == pytest.approx([totals[0] - 7, totals[1] - 5])


def test_a_counter_that_began_anew_says_so_and_is_not_a_flood() -> None:
    one = track()
    say(one, 0, Total(Way.IN, 5000), Total(Way.OUT, 10))
    say(one, 60, Total(Way.IN, 12), Total(Way.OUT, 11))
    found = gate(one, 61)
    assert found is not None
    assert found.state is State.DEGRADED
    assert found.reasons == ("counter-reset",)
    assert passed(found) == pytest.approx((12, 1))


def test_a_jump_that_no_gate_lets_through_is_not_counted() -> None:
    one = track()
    say(one, 0, Total(Way.IN, 100), Total(Way.OUT, 10))
    with pytest.raises(PayloadRefused, match="more than can pass"):
        say(one, 60, Total(Way.IN, 90_000))
    say(one, 61, Total(Way.IN, 90_001), Total(Way.OUT, 10))
    found = gate(one, 62)
    assert found is not None
    assert "implausible-total" in found.reasons
    assert passed(found) == pytest.approx((1, 0))


def test_a_glitch_downwards_is_neither_a_reset_nor_a_flood() -> None:
    one = track()
    say(one, 0, Total(Way.IN, 5000), Total(Way.OUT, 10))
    with pytest.raises(PayloadRefused, match="goes from 5000 to 4999"):
        say(one, 60, Total(Way.IN, 4999))
    say(one, 61, Total(Way.IN, 5001), Total(Way.OUT, 10))
    assert passed(gate(one, 62)) == pytest.approx((1, 0))


@pytest.mark.parametrize("glitch", [90_000, 49, 51 + 600 * 3])
def test_one_wrong_total_between_two_right_ones_makes_nobody_up_and_loses_nobody(glitch: int) -> None:
    one = track()
    say(one, 0, Total(Way.IN, 50), Total(Way.OUT, 10))
    with pytest.raises(PayloadRefused, match="goes from 50 to"):
        say(one, 60, Total(Way.IN, glitch))
    say(one, 120, Total(Way.IN, 52), Total(Way.OUT, 10))
    found = gate(one, 121)
    assert found is not None
    assert found.reasons == ("implausible-total",)
    assert passed(found) == pytest.approx((2, 0))


def test_silence_is_unknown_and_what_passed_meanwhile_is_told_after_it() -> None:
    one = track(silent_after_s=100)
    say(one, 0, Total(Way.IN, 0), Total(Way.OUT, 0))
    found = gate(one, 101)
    assert found is not None
    assert found.state is State.UNKNOWN
    assert found.reasons == ("silent",)
    assert one.state(101) == ("stalled", "silent")
    say(one, 300, Total(Way.IN, 50), Total(Way.OUT, 0))
    found = gate(one, 300)
    assert passed(found) == pytest.approx((50, 0))
    assert found is not None
    assert found.interval_s == 300


def test_with_a_sign_of_life_silence_means_that_nobody_passes() -> None:
    one = track(alive={"topic": "cam/status", "offline": "offline"})
    say(one, 0, Total(Way.IN, 9), Total(Way.OUT, 9))
    one.alive(60, gone=False)
    found = gate(one, 61)
    assert found is not None
    assert (found.inflow, found.outflow, found.state) == (0, 0, State.GOOD)
    one.alive(62, gone=True)
    found = gate(one, 62)
    assert found is not None
    assert found.reasons == ("instrument-offline",)
    assert found.inflow is None


def test_a_retained_total_is_where_counting_begins_and_no_sign_of_life() -> None:
    one = track(alive={"topic": "cam/status", "offline": "off", "will": True})
    say(one, 0, Total(Way.IN, 1000), Total(Way.OUT, 900), retained=True)
    found = gate(one, 1)
    assert found is not None
    assert found.state is State.UNKNOWN
    one.alive(2, gone=False)
    gate(one, 3)
    one.stands(60)
    say(one, 60, Total(Way.IN, 1004))
    assert passed(gate(one, 61)) == pytest.approx((4, 0))


def test_one_direction_alone_is_unknown() -> None:
    one = track()
    say(one, 0, Total(Way.IN, 1))
    found = gate(one, 1)
    assert found is not None
    assert found.reasons == ("one-direction-missing",)


def test_intervals_that_come_again_are_not_counted_again_and_missing_ones_are_told() -> None:
    one = track()
    say(one, 60, Passed(5, 1, 0, 60), told=60)
    assert passed(gate(one, 61)) == pytest.approx((5, 1))
    with pytest.raises(PayloadRefused, match="told of before"):
        say(one, 62, Passed(5, 1, 0, 60), told=60)
    say(one, 240, Passed(7, 0, 180, 240), told=240)
    found = gate(one, 241)
    assert found is not None
    assert found.reasons == ("interval-missing",)
    assert found.interval_s == pytest.approx(60)
    assert passed(found) == pytest.approx((7, 0))


def test_a_word_that_was_held_up_is_as_old_as_it_is_whatever_the_clock() -> None:
    one = track(inward=[], outward=[], inside=["O"])
    wrong = 1e6
    say(one, 0, Inside(5), told=wrong)
    assert inside(one, 1).age_s == pytest.approx(1)
    say(one, 60, Inside(6), told=wrong + 20)
    assert inside(one, 61).age_s == pytest.approx(41, abs=0.1)
    with pytest.raises(PayloadRefused, match="before the last word"):
        say(one, 62, Inside(3), told=wrong + 1)


def test_an_occupancy_drifts_with_all_who_pass_since_its_reset() -> None:
    one = hall(drift=0.1)
    say(one, 0, Inside(0))
    for number in range(1, 101):
        say(one, number, Inside(number % 2))
    found = inside(one, 101).occupancy
    assert found is not None
    assert found.high - found.value == pytest.approx(10)


def test_a_named_reset_ends_the_drift_and_an_old_one_is_doubted() -> None:
    one = hall(resets=[{"name": "night", "at": "10:30"}], doubtful_after_h=20)
    say(one, 0, Inside(0))
    assert inside(one, 1).reset == "night 2026-04-30 10:30"
    assert inside(one, 2 if say(one, 2, Inside(4)) is None else 0).reasons == ("not-reset",)
    say(one, 1900, Inside(7))
    found = inside(one, 1901)
    assert found.reset == "night 2026-05-01 10:30"
    assert found.state is State.GOOD
    assert found.occupancy is not None
    assert found.occupancy.high < 7.5


def test_a_reset_that_nobody_announced_clears_nobody() -> None:
    one = hall()
    say(one, 0, Inside(400))
    say(one, 60, Inside(0))
    found = inside(one, 61)
    assert found.state is State.DEGRADED
    assert found.reasons == ("reset-unannounced",)
    assert found.reset.startswith("one began anew at 2026-05-01")
    assert found.occupancy is not None
    assert found.occupancy.value == 0
    assert found.occupancy.high >= 400


def test_fewer_than_nobody_is_told_as_missed_entries() -> None:
    one = hall()
    say(one, 0, Inside(-6))
    found = inside(one, 1)
    assert found.reasons == ("below-zero",)
    assert found.occupancy is not None
    assert (found.occupancy.value, found.occupancy.low) == (0, 0)
    assert found.occupancy.high >= 6


def test_one_wrong_occupancy_is_refused_and_the_same_word_is_no_second_witness() -> None:
    one = hall()
    say(one, 0, Inside(40))
    assert inside(one, 1).occupancy is not None
    assert one.reading(2, WALL + 2) is None
    with pytest.raises(PayloadRefused, match="goes from 40 to 9000"):
        say(one, 10, Inside(9000))
    say(one, 20, Inside(9000))
    found = inside(one, 21).occupancy
    assert found is not None
    assert found.value == 9000


def test_people_in_view_have_a_band() -> None:
    one = track(format="xovis", logic="square", present="cnt", inward="fw", outward="bw", error=0.1)
    say(one, 0, Present(50))
    found = one.reading(1, WALL + 1)
    assert isinstance(found, Instant)
    assert found.count is not None
    assert (found.count.low, found.count.value, found.count.high) == pytest.approx((45, 50, 55))


def test_a_clock_that_stands_still_makes_no_word_old() -> None:
    one = track()
    for number in range(4):
        say(one, number * 60, Total(Way.IN, number), Total(Way.OUT, 0), told=1e9)
        found = gate(one, number * 60 + 1)
    assert found is not None
    assert (found.age_s, found.inflow) == pytest.approx((1, 1))
