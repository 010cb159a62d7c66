"""The judgement, case by case: what rises, what holds, what falls, and in which words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

import msgspec
import pytest

from alerting.assess import (
    Effect,
    HeldUnknown,
    Levels,
    Observed,
    Page,
    SettingsApplied,
    SiteState,
    StateRefused,
    Tick,
    TierChanged,
    UnknownEnded,
    Windows,
    ZoneKind,
    ZoneRules,
    decode_state,
    encode_state,
    new_site,
    step,
)
from alerting.assess.rules import DENSITY_LEVELS
from wire import Band, Instant, Occupancy, State, Throughput, Tier

START = 1_000_000.0


def rules(kind: ZoneKind = ZoneKind.FLAT, capacity: int | None = None, zone: str = "z", **windows: int) -> ZoneRules:
    return ZoneRules(zone=zone, kind=kind, density=DENSITY_LEVELS[kind], capacity=capacity, windows=Windows(**windows))


def reading(
    density: float | None,
    people: float = 10.0,
    *,
    high: float | None = None,
    state: State = State.GOOD,
    saturated: bool = False,
    age: float = 0.2,
    mean: float | None = None,
    reasons: tuple[str, ...] = (),
) -> Instant:
    if state is State.UNKNOWN:
        return Instant(zone="z", age_s=age, state=state, method="t", reasons=reasons or ("dark",))
    band = None if density is None else Band(value=density, low=0.0, high=density if high is None else high)
    return Instant(
        zone="z",
        age_s=age,
        state=state,
        method="t",
        reasons=reasons or (("dim",) if state is State.DEGRADED else ()),
        saturated=saturated,
        count=Band(value=people, low=0.0, high=people * 2),
        density=mean,
        peak_density=band,
    )


class Run:
    """A site with one zone, fed second by second."""

    def __init__(self, zone: ZoneRules) -> None:
        self.state: SiteState = new_site("s", START)
        self.effects: list[Effect] = []
        self.at = START
        self.do(SettingsApplied(at=START, zones=(zone,)))

    def do(self, event: SettingsApplied | Observed | Tick) -> None:
        self.state, effects = step(self.state, event)
        self.effects += effects

    def feed(self, readings: Iterable[Instant | None], every: float = 1.0) -> None:
        """One reading each `every` seconds (None for silence), with a tick each second."""
        for one in readings:
            due = self.at + every
            while self.at + 1 < due:
                self.at += 1
                self.do(Tick(at=self.at))
            self.at = due
            if one is not None:
                self.do(Observed(at=self.at, readings=(one,)))
            self.do(Tick(at=self.at))

    @property
    def tier(self) -> Tier:
        return self.state.zones["z"].tier

    def changes(self) -> list[TierChanged]:
        return [effect for effect in self.effects if isinstance(effect, TierChanged)]

    def pages(self) -> list[Page]:
        return [effect for effect in self.effects if isinstance(effect, Page)]


@pytest.mark.parametrize(
    ("density", "tier"), [(1.99, 0), (2.0, 1), (2.99, 1), (3.0, 2), (4.0, 3), (4.99, 3), (5.0, 4), (9.0, 4)]
)
def test_a_steady_density_gives_its_tier(density: float, tier: int) -> None:
    run = Run(rules())
    run.feed([reading(density)] * 60)
    assert run.tier == tier


@pytest.mark.parametrize(("people", "tier"), [(59, 0), (60, 1), (80, 2), (90, 3), (100, 4), (300, 4)])
def test_capacity_gives_its_tier_without_a_calibration(people: float, tier: int) -> None:
    run = Run(rules(capacity=100))
    run.feed([reading(None, people)] * 60)
    assert run.tier == tier
    if tier:
        assert run.changes()[-1].why.startswith(f"capacity {people} people")


@pytest.mark.parametrize(
    ("state", "saturated", "tier"), [(State.GOOD, False, 0), (State.DEGRADED, False, 4), (State.GOOD, True, 4)]
)
def test_capacity_is_judged_by_the_upper_bound_too(state: State, saturated: bool, tier: int) -> None:
    run = Run(rules(capacity=100))
    run.feed([reading(None, 55, state=state, saturated=saturated)] * 60)
    assert run.tier == tier


def test_red_rises_when_its_window_is_covered() -> None:
    run = Run(rules())
    run.feed([reading(6.0, age=0.0)] * 7)
    assert run.tier is Tier.NORMAL
    run.feed([reading(6.0, age=0.0)])
    assert run.tier is Tier.RED
    change = run.changes()[0]
    assert (change.from_tier, change.to_tier, change.at) == (Tier.NORMAL, Tier.RED, START + 8)
    assert change.why == "density 6.00 persons/m² in the worst cell over 12 s, red from 5"
    assert [page.id for page in run.pages()] == [change.id]


@pytest.mark.parametrize("every", [1.0, 2.0, 5.0, 9.0])
def test_one_reading_or_two_never_raise(every: float) -> None:
    run = Run(rules())
    run.feed([reading(0.5)] * 30, every)
    run.feed([reading(40.0)], every)
    run.feed([reading(0.5)] * 30, every)
    assert run.changes() == []


@pytest.mark.parametrize("every", [1.0, 2.0, 5.0, 9.0])
def test_rare_readings_still_raise(every: float) -> None:
    run = Run(rules())
    run.feed([reading(6.0)] * 6, every)
    run.feed([reading(6.0)] * 6, 1.0)
    assert run.tier is Tier.RED


def test_a_single_reading_and_then_silence_raises_nothing() -> None:
    run = Run(rules())
    run.feed([reading(40.0), *[None] * 60])
    assert run.changes() == []


@pytest.mark.parametrize(
    ("one", "tier", "words"),
    [
        (reading(1.0, high=6.0), 0, ""),
        (reading(1.0, high=6.0, state=State.DEGRADED, reasons=("dark",)), 4, "upper bound: dark"),
        (reading(1.0, high=6.0, saturated=True), 4, "upper bound: saturated"),
        (reading(None, mean=2.5, state=State.DEGRADED), 4, "upper bound: dim"),
        (reading(None, mean=2.5), 1, "density 2.50"),
    ],
)
def test_degraded_or_saturated_is_judged_by_its_upper_bound(one: Instant, tier: int, words: str) -> None:
    run = Run(rules())
    run.feed([one] * 40)
    assert run.tier == tier
    assert words in run.state.zones["z"].why


def test_falls_one_tier_at_a_time_and_slowly() -> None:
    run = Run(rules())
    run.feed([reading(6.0)] * 20)
    run.feed([reading(0.5)] * 800)
    falls = run.changes()[1:]
    assert [change.to_tier for change in falls] == [3, 2, 1, 0]
    times = [run.changes()[0].at, *[change.at for change in falls]]
    assert all(after - before >= 180 for before, after in pairwise(times))
    assert all(change.why.startswith("fall after 18") for change in falls)
    assert len(run.pages()) == 1


@pytest.mark.parametrize(
    "poor",
    [reading(0.1, high=0.5, state=State.DEGRADED, reasons=("blank",)), reading(0.1, high=0.5, saturated=True)],
)
def test_degraded_or_saturated_readings_lower_nothing(poor: Instant) -> None:
    run = Run(rules())
    run.feed([reading(6.0)] * 20)
    run.feed([reading(0.5)] * 170)
    run.feed([poor] * 800)
    assert run.tier is Tier.RED
    run.feed([reading(0.5)] * 170)
    assert run.tier is Tier.RED, "what was seen before the lens was covered is too old to count"
    run.feed([reading(0.5)] * 20)
    assert run.tier is Tier.ORANGE


def test_one_degraded_reading_does_not_undo_all_evidence() -> None:
    run = Run(rules())
    run.feed([reading(6.0)] * 20)
    run.feed([reading(0.5)] * 100)
    run.feed([reading(0.1, high=0.5, state=State.DEGRADED)])
    run.feed([reading(0.5)] * 100)
    assert run.tier is Tier.ORANGE


def test_just_below_the_threshold_holds() -> None:
    run = Run(rules())
    run.feed([reading(6.0)] * 20)
    run.feed([reading(4.1)] * 1000)
    assert run.tier is Tier.RED


def test_a_return_starts_the_fall_anew() -> None:
    run = Run(rules())
    run.feed([reading(6.0)] * 20)
    run.feed([reading(0.5)] * 170)
    run.feed([reading(4.5)] * 15)
    run.feed([reading(0.5)] * 170)
    assert run.tier is Tier.RED


def test_unknown_holds_tells_and_calls() -> None:
    run = Run(rules())
    run.feed([reading(6.0)] * 20)
    run.effects.clear()
    run.feed([reading(0.0, state=State.UNKNOWN)] * 400)
    assert run.tier is Tier.RED
    assert isinstance(run.effects[0], HeldUnknown)
    assert run.effects[0].why == "unknown: dark"
    pages = run.pages()
    assert [(page.unknown, page.tier, page.why) for page in pages] == [
        (True, Tier.RED, "unknown: dark; for 120 s, red is held")
    ]
    run.feed([reading(6.0)] * 5)
    assert not isinstance(run.effects[-1], UnknownEnded)
    run.feed([reading(6.0)])
    assert isinstance(run.effects[-1], UnknownEnded)
    assert run.effects[-1].why == "unknown ended after 405 s"


def test_a_camera_that_flickers_is_one_event_and_may_still_raise() -> None:
    run = Run(rules())
    run.feed([reading(1.0)] * 60)
    run.effects.clear()
    run.feed(
        [reading(6.0 if second % 2 else 0.0, state=State.GOOD if second % 2 else State.UNKNOWN) for second in range(60)]
    )
    told = [type(effect) for effect in run.effects if isinstance(effect, HeldUnknown | UnknownEnded)]
    assert told == [HeldUnknown]
    run.feed([reading(0.0, state=State.UNKNOWN), *[reading(6.0)] * 4] * 4)
    assert run.tier is Tier.RED
    assert run.changes()[-1].figures.density is not None
    assert run.state.zones["z"].unknown_since is not None
    run.feed([reading(0.0, state=State.UNKNOWN), *[reading(0.5)] * 4] * 200)
    assert run.tier is Tier.RED


def test_silence_is_unknown_after_ten_seconds() -> None:
    run = Run(rules())
    run.feed([reading(1.0, age=0.0)] * 5)
    run.feed([None] * 10)
    assert run.state.zones["z"].unknown_since is None
    run.feed([None])
    assert run.state.zones["z"].unknown_why == "unknown: no reading for more than 10 s"


@pytest.mark.parametrize(
    ("kind", "before", "called"),
    [
        (ZoneKind.FLAT, 0.5, False),
        (ZoneKind.FLAT, 2.5, False),
        (ZoneKind.FLAT, 3.5, True),
        (ZoneKind.STEPS, 0.5, True),
    ],
)
def test_who_is_called_for_blindness(kind: ZoneKind, before: float, called: bool) -> None:
    run = Run(rules(kind))
    run.feed([reading(before)] * 60)
    run.effects.clear()
    run.feed([None] * 300)
    assert [page.unknown for page in run.pages()] == ([True] if called else [])


def test_a_zone_that_was_never_seen_is_unknown_from_the_start() -> None:
    run = Run(rules(ZoneKind.STEPS))
    assert isinstance(run.effects[0], HeldUnknown)
    run.feed([None] * 130)
    assert [page.unknown for page in run.pages()] == [True]


def test_time_under_unknown_does_not_count_toward_a_fall() -> None:
    run = Run(rules())
    run.feed([reading(6.0)] * 20)
    run.feed([reading(0.5)] * 100)
    run.feed([reading(0.0, state=State.UNKNOWN)] * 150)
    run.feed([reading(0.5)] * 170)
    assert run.tier is Tier.RED, "what was not seen undoes as much of what was"
    run.feed([reading(0.5)] * 30)
    assert run.tier is Tier.ORANGE


def test_a_long_blindness_forgets_the_evidence() -> None:
    run = Run(rules())
    run.feed([reading(6.0)] * 20)
    run.feed([reading(0.5)] * 150)
    run.feed([None] * 300)
    run.feed([reading(0.5)] * 170)
    assert run.tier is Tier.RED


def test_a_reading_that_lost_its_density_lowers_nothing() -> None:
    run = Run(rules(capacity=1000))
    run.feed([reading(6.0, 10)] * 20)
    run.feed([reading(None, 10)] * 400)
    assert run.tier is Tier.RED
    run.feed([reading(None, 10, mean=0.1)] * 400)
    assert run.tier is Tier.RED


def test_without_density_and_capacity_a_zone_is_unknown() -> None:
    run = Run(rules())
    run.feed([reading(None)] * 30)
    assert run.state.zones["z"].unknown_why.startswith("unknown: uncalibrated")


def test_late_readings_are_never_judged() -> None:
    run = Run(rules())
    run.feed([reading(1.0)] * 20)
    run.feed([reading(9.0, age=11.0)] * 30)
    assert run.changes() == []
    assert run.state.zones["z"].unknown_since is not None


def test_other_kinds_of_count_are_not_mixed_in() -> None:
    run = Run(rules(capacity=10))
    gate = Throughput(zone="z", age_s=0, state=State.GOOD, method="t", interval_s=60, inflow=9e5, outflow=0)
    balance = Occupancy(
        zone="z", age_s=0, state=State.GOOD, method="t", reset="noon", occupancy=Band(value=9e5, low=0, high=9e5)
    )
    for second in range(60):
        run.do(Observed(at=START + second, readings=(gate,)))
    assert run.changes() == []
    assert run.state.zones["z"].unknown_since == START
    for second in range(60, 120):
        run.do(Observed(at=START + second, readings=(gate, balance)))
    zone = run.state.zones["z"]
    assert [change.why.split(",")[0] for change in run.changes()] == ["capacity 900000 inside since noon"]
    assert zone.people is None
    assert zone.seconds == ()
    assert zone.people_trend is None


def test_a_second_cause_at_the_same_tier_is_an_event_once() -> None:
    run = Run(rules(capacity=100))
    run.feed([reading(6.0, 10)] * 20)
    run.feed([reading(6.0, 150)] * 60)
    assert [(c.from_tier, c.to_tier, c.why.split()[0]) for c in run.changes()] == [
        (Tier.NORMAL, Tier.RED, "density"),
        (Tier.RED, Tier.RED, "capacity"),
    ]
    assert len(run.pages()) == 2


def test_time_that_goes_back_moves_nothing_back() -> None:
    run = Run(rules())
    run.feed([reading(6.0)] * 20)
    run.feed([reading(0.5)] * 100)
    state = run.state
    run.do(Tick(at=START))
    assert run.state.at == state.at
    assert run.state.zones["z"].quiet_s == state.zones["z"].quiet_s
    run.do(Observed(at=START + 5, readings=(reading(0.1),)))
    assert run.state.zones["z"].seen_at == state.zones["z"].seen_at


def test_reordered_readings_of_the_window_count_once_and_for_their_own_time() -> None:
    plain, mixed = Run(rules()), Run(rules())
    for second in range(1, 9):
        plain.do(Observed(at=START + second, readings=(reading(6.0, age=0.0),)))
    for second in (2, 1, 4, 3, 6, 5, 8, 7):
        mixed.do(Observed(at=START + 8, readings=(reading(6.0, age=8.0 - second),)))
        mixed.do(Observed(at=START + 8, readings=(reading(6.0, age=8.0 - second),)))
    assert mixed.state.zones["z"].seconds == plain.state.zones["z"].seconds
    assert mixed.tier is plain.tier is Tier.RED


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_none_is_refused(at: float) -> None:
    with pytest.raises(ValueError, match="has no time"):
        step(new_site("s", START), Tick(at=at))


def test_new_settings_keep_the_tier_and_start_the_fall_anew() -> None:
    run = Run(rules())
    run.feed([reading(6.0)] * 20)
    run.feed([reading(0.5)] * 100)
    lenient = msgspec.structs.replace(rules(), density=Levels(blue=6, yellow=7, orange=8, red=9))
    run.do(SettingsApplied(at=run.at, zones=(lenient,)))
    assert run.tier is Tier.RED
    run.feed([reading(0.5)] * 100)
    assert run.tier is Tier.RED
    run.feed([reading(0.5)] * 100)
    assert run.tier is Tier.ORANGE
    run.do(SettingsApplied(at=run.at, zones=()))
    assert run.state.zones == {}


def test_the_trend_is_told_with_a_rise() -> None:
    run = Run(rules())
    run.feed([reading(second * 0.02) for second in range(280)])
    assert run.tier is Tier.RED
    told = run.changes()[-1].figures
    assert told.trend == pytest.approx(1.2, abs=0.05)
    assert told.density is not None
    assert told.density.value == pytest.approx(5.1, abs=0.2)


def test_a_state_is_small_and_comes_back_whole() -> None:
    zone = msgspec.structs.replace(
        rules(capacity=1000), windows=Windows(blue_s=120, yellow_s=120, orange_s=120, red_s=120), stale_s=30.0
    )
    run = Run(zone)
    run.feed(
        reading(3.0 + second % 7 / 7, 900 + second / 3, state=State.DEGRADED, reasons=("x" * 60, "y" * 60))
        for second in range(600)
    )
    stored = encode_state(run.state)
    assert len(stored) < 4000
    assert decode_state(stored) == run.state


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        (b"", "cannot be read"),
        (b"\x00\xff", "cannot be read"),
        (msgspec.msgpack.encode({"version": 99}), "version 99"),
        (msgspec.msgpack.encode({"version": 1}), "cannot be read"),
    ],
)
def test_a_damaged_state_is_refused(stored: bytes, says: str) -> None:
    with pytest.raises(StateRefused, match=says):
        decode_state(stored)
