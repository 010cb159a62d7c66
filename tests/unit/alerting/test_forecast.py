"""What is foreseen: right where it can be right, honest about what it does not know, and never a reason to fall."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from alerting.assess import (
    Effect,
    Event,
    HistoryTold,
    Observed,
    Page,
    SettingsApplied,
    SiteState,
    Tick,
    TierChanged,
    ZoneKind,
    ZoneRules,
    new_site,
    step,
)
from alerting.assess.forecast import HORIZONS, LONG_HORIZONS, MIN_MINUTES, SEEN_AGAIN, follow, forecast, minutes_to
from alerting.assess.rules import DENSITY_LEVELS
from alerting.assess.state import Trend, Typical
from wire import Band, Instant, Kind, State, Throughput, Tier

START = 1_200_000.0


def rules(**more: object) -> ZoneRules:
    return ZoneRules(zone="z", kind=ZoneKind.FLAT, density=DENSITY_LEVELS[ZoneKind.FLAT], **more)  # type: ignore[arg-type]


def instant(density: float, people: float) -> Instant:
    return Instant(
        zone="z",
        age_s=0.0,
        state=State.GOOD,
        method="t",
        count=Band(value=people, low=people, high=people),
        peak_density=Band(value=density, low=density, high=density),
    )


class Run:
    def __init__(self, zone: ZoneRules) -> None:
        self.state: SiteState = new_site("s", START)
        self.effects: list[Effect] = []
        self.at = START
        self.do(SettingsApplied(at=START, zones=(zone,)))

    def do(self, event: Event) -> None:
        self.state, effects = step(self.state, event)
        self.effects += effects

    def play(
        self,
        minutes: int,
        density: Callable[[float], float],
        people: Callable[[float], float] = lambda _: 10.0,
        gate: tuple[float, float] | None = None,
    ) -> Run:
        """`minutes` of readings every three seconds; `density` and `people` by minutes from here."""
        begin = self.at
        for number in range(1, minutes * 20 + 1):
            self.at = begin + 3.0 * number
            passed = (self.at - begin) / 60
            self.do(Observed(at=self.at, readings=(instant(density(passed), people(passed)),)))
            if gate is not None and number % 20 == 0:
                told = Throughput(
                    zone="z", age_s=0, state=State.GOOD, method="t", interval_s=60, inflow=gate[0], outflow=gate[1]
                )
                self.do(Observed(at=self.at, readings=(told,)))
        return self

    def changes(self) -> list[TierChanged]:
        return [one for one in self.effects if isinstance(one, TierChanged)]

    @property
    def zone(self):  # type: ignore[no-untyped-def]
        return self.state.zones["z"]


def test_a_place_that_fills_by_its_gates_is_foreseen_by_conservation() -> None:
    run = Run(rules(capacity=10_000)).play(30, lambda _: 0.2, lambda t: 1000 + 50 * t, gate=(80.0, 30.0))
    ahead = {one.minutes: one for one in forecast(run.zone, "people", run.at)}
    assert tuple(ahead) == LONG_HORIZONS
    for minutes, one in ahead.items():
        # A little less than the flow of now for ever: 1 % of it is lost each minute.
        assert one.median == pytest.approx(2500 + 50 * minutes, rel=0.08 if minutes <= 30 else 0.35)
        assert one.median <= 2500 + 50 * minutes + 60
        assert one.low < one.median < one.high
    widths = [one.high - one.low for one in ahead.values()]
    assert widths == sorted(widths)
    assert minutes_to(run.zone, "people", 4000, run.at) == pytest.approx(30, abs=2)
    assert minutes_to(run.zone, "people", 2000, run.at) == 0
    assert minutes_to(run.zone, "people", 1e5, run.at) is None


def test_a_straight_rise_is_followed_and_a_flat_line_stays() -> None:
    rising = Run(rules()).play(25, lambda t: 1 + 0.04 * t)
    ahead = {one.minutes: one.median for one in forecast(rising.zone, "density", rising.at)}
    assert tuple(ahead) == HORIZONS
    assert ahead[5] == pytest.approx(2.0 + 0.2, abs=0.1)
    assert 2.35 <= ahead[15] <= 2.6, "damped: what rises is not foreseen to rise for ever"
    flat = Run(rules()).play(25, lambda t: 1.5)
    assert [one.median for one in forecast(flat.zone, "density", flat.at)] == pytest.approx([1.5] * 4, abs=0.05)


@pytest.mark.parametrize("minutes", [0, 1, 5])
def test_nothing_is_foreseen_from_nothing(minutes: int) -> None:
    run = Run(rules()).play(minutes, lambda t: 1 + 0.3 * t)
    assert forecast(run.zone, "density", run.at) == ()
    assert forecast(run.zone, "occupancy", run.at) == ()
    assert minutes_to(run.zone, "density", 2, run.at) is None


def test_a_forecast_ends_with_its_readings() -> None:
    run = Run(rules()).play(20, lambda t: 1 + 0.1 * t)
    assert forecast(run.zone, "density", run.at)
    assert forecast(run.zone, "density", run.at + 180) == ()


def test_one_burst_makes_no_trend() -> None:
    run = Run(rules()).play(25, lambda t: 1.0 if not 20 <= t < 21 else 4.0).play(1, lambda _: 1.0)
    assert forecast(run.zone, "density", run.at)[-1].median < 1.6


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_the_band_of_a_random_walk_holds_what_comes(seed: int) -> None:
    """A walk is what the model's level is; its 90 % bands must hold most of it, at each horizon."""
    dice = random.Random(seed)
    value, walk = 3.0, []
    for _ in range(240):
        value = max(0.0, value + dice.gauss(0, 0.05))
        walk.append(value)
    trend: Trend | None = None
    zone = Run(rules()).zone
    hits = total = 0
    for minute, seen in enumerate(walk[:-30]):
        trend = follow(trend, seen + dice.gauss(0, 0.02), START + 60 * minute)
        zone = replace(zone, density_trend=trend)
        for one in forecast(zone, "density", START + 60 * minute) if minute > 30 else ():
            total += 1
            hits += one.low <= walk[minute + one.minutes] <= one.high
    assert hits / total > 0.6, "of one walk, whose errors all hang together"


def test_raises_to_one_tier_below_what_it_foresees_and_says_so() -> None:
    run = Run(rules(capacity=3000)).play(30, lambda _: 0.2, lambda t: 1000 + 25 * t, gate=(60.0, 35.0))
    foreseen = [one for one in run.changes() if one.kind is Kind.FORECAST]
    assert foreseen
    first = foreseen[0]
    assert first.cause == "forecast"
    assert first.why.startswith("forecast of capacity ")
    assert f"{Tier(first.to_tier + 1).label}, from" in first.why
    zone = run.zone
    assert zone.kind is Kind.FORECAST
    # What is measured later at the same tier is told as what it is.
    run.play(40, lambda _: 0.2, lambda t: 1750 + 25 * t, gate=(60.0, 35.0))
    measured = [one for one in run.changes() if one.kind is Kind.OBSERVED]
    assert [one.cause for one in measured][:1] == ["capacity"]


def test_red_is_never_by_forecast_alone() -> None:
    run = Run(rules(capacity=1000)).play(12, lambda _: 0.2, lambda t: 200 + 30 * t, gate=(400.0, 0.0))
    assert all(one.to_tier < Tier.RED for one in run.changes() if one.kind is Kind.FORECAST)
    assert run.zone.tier is Tier.ORANGE


def test_a_forecast_of_calm_lowers_nothing_and_a_faded_one_lets_go_slowly() -> None:
    run = Run(rules(capacity=3000)).play(25, lambda _: 0.2, lambda t: 1000 + 25 * t, gate=(60.0, 35.0))
    tier = run.zone.tier
    assert tier >= Tier.BLUE
    at = run.at
    run.play(30, lambda _: 0.2, lambda _: 1000.0, gate=(30.0, 30.0))
    fall = next(one for one in run.changes() if one.to_tier < one.from_tier)
    assert fall.at - at >= 180
    assert run.zone.tier is Tier.NORMAL


def test_a_page_tells_what_is_foreseen_for_the_time_of_a_dispatch() -> None:
    run = Run(rules()).play(30, lambda t: 0.5 + 0.1 * t)
    pages = [one for one in run.effects if isinstance(one, Page)]
    assert pages
    newest = pages[-1].figures
    assert newest.ahead_minutes == 15
    assert newest.ahead is not None
    assert newest.density is not None
    assert newest.ahead.low <= newest.ahead.value <= newest.ahead.high
    assert newest.density.value + 0.5 < newest.ahead.value < newest.density.value + 2.5
    silent = Run(rules(forecast=False)).play(30, lambda t: 0.5 + 0.1 * t)
    assert all(one.figures.ahead is None for one in silent.effects if isinstance(one, Page))


def test_forecasts_can_be_turned_off() -> None:
    run = Run(rules(capacity=1000, forecast=False)).play(12, lambda _: 0.2, lambda t: 200 + 30 * t, gate=(400.0, 0.0))
    assert run.changes() == []


def test_a_history_is_weighed_by_how_well_it_is_known_and_forgotten_in_time() -> None:
    run = Run(rules()).play(20, lambda _: 1.0)
    plain = {one.minutes: one for one in forecast(run.zone, "density", run.at)}
    sure = (Typical("density", 15, 1.5, 0.001), Typical("density", 30, 1.5, 1e6))
    run.do(HistoryTold(at=run.at, zone="z", until=run.at + 600, typical=sure))
    told = {one.minutes: one for one in forecast(run.zone, "density", run.at)}
    assert told[15].median == pytest.approx(2.5, abs=0.1)
    assert told[15].sigma < plain[15].sigma
    assert told[30].median == pytest.approx(plain[30].median, abs=0.01)
    assert told[5] == plain[5]
    run.play(12, lambda _: 1.0)
    assert forecast(run.zone, "density", run.at)[2].median == pytest.approx(1.0, abs=0.05)
    before = run.state
    run.do(HistoryTold(at=run.at, zone="nobody", until=run.at + 600, typical=sure))
    assert run.state.zones == before.zones


def test_a_tick_without_readings_foresees_nothing() -> None:
    run = Run(rules()).play(20, lambda t: 1 + 0.1 * t)
    run.effects.clear()
    for _ in range(300):
        run.at += 1
        run.do(Tick(at=run.at))
    assert run.changes() == []


def test_after_a_gap_minutes_must_be_seen_before_a_forecast_says_anything() -> None:
    trend, minute = None, 0
    for minute in range(20):
        for second in (10, 30, 50):
            trend = follow(trend, 2.0 + minute / 10, minute * 60.0 + second)
    assert trend is not None
    assert trend.minutes >= MIN_MINUTES
    minute += 5
    for seen in range(SEEN_AGAIN + 1):
        trend = follow(trend, 4.4 + seen / 10, (minute + seen) * 60.0 + 10)
        assert (trend.minutes >= MIN_MINUTES) == (seen == SEEN_AGAIN), seen


def test_the_bench_looks_ahead_for_every_zone_it_counts() -> None:
    from levee.benches.forecast import bench_forecast

    cost = bench_forecast(100)
    assert cost.zones == 100
    assert cost.seconds > 0
