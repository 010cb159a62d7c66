"""What must not clear a red, and what must still raise one, where part of the input is silent, dark or strange."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alerting.assess import (
    Event,
    Observed,
    SettingsApplied,
    SiteState,
    Tick,
    TierChanged,
    ZoneKind,
    ZoneRules,
    new_site,
    step,
)
from alerting.assess.rules import DENSITY_LEVELS, GateRules
from wire import Band, Instant, Occupancy, Reading, State, Throughput, Tier

START = 1_000_000.0
GATES = (GateRules(gate="in", into="z"), GateRules(gate="out", into="z"))


def rules(kind: ZoneKind = ZoneKind.FLAT, **more: object) -> ZoneRules:
    return ZoneRules(zone="z", kind=kind, density=DENSITY_LEVELS[kind], **more)  # type: ignore[arg-type]


def look(density: float, **more: float) -> Instant:
    count, peak = Band(value=300, low=300, high=300), Band(value=density, low=density, high=density)
    return Instant(
        zone="z",
        age_s=0,
        state=State.GOOD,
        method="t",
        count=count,
        peak_density=peak,
        **more,  # type: ignore[arg-type]
    )


DARK = Instant(zone="z", age_s=0, state=State.UNKNOWN, reasons=("dark",), method="t")


def gate(name: str, inflow: float, outflow: float) -> Throughput:
    return Throughput(zone=name, age_s=0, state=State.GOOD, method="t", interval_s=60, inflow=inflow, outflow=outflow)


def inside(people: float, reset: str = "morning") -> Occupancy:
    band = Band(value=people, low=people, high=people)
    return Occupancy(zone="z", age_s=0, state=State.GOOD, method="t", reset=reset, occupancy=band)


class Run:
    def __init__(self, zone: ZoneRules, gates: tuple[GateRules, ...] = ()) -> None:
        self.state: SiteState = new_site("s", START)
        self.changes: list[TierChanged] = []
        self.at, self.gates = START, gates
        self.apply(zone)

    def apply(self, zone: ZoneRules) -> None:
        self.do(SettingsApplied(at=self.at, zones=(zone,), gates=self.gates))

    def do(self, event: Event) -> None:
        self.state, effects = step(self.state, event)
        self.changes += [one for one in effects if isinstance(one, TierChanged)]

    def go(self, seconds: int, each: Callable[[int], list[Reading]]) -> None:
        for second in range(1, seconds + 1):
            self.at += 1
            if found := each(second):
                self.do(Observed(at=self.at, readings=tuple(found)))
            self.do(Tick(at=self.at))

    @property
    def tier(self) -> Tier:
        return self.state.zones["z"].tier

    @property
    def unknown(self) -> bool:
        return self.state.zones["z"].unknown_since is not None


def minutely(*readings: Reading) -> Callable[[int], list[Reading]]:
    return lambda second: list(readings) if second % 60 == 0 else []


def test_a_dead_entry_gate_clears_no_red() -> None:
    run = Run(rules(capacity=1000, balance=True, forecast=False), GATES)
    run.go(1200, minutely(gate("in", 60, 0), gate("out", 0, 5)))
    assert run.tier is Tier.RED
    run.go(3600, minutely(gate("out", 0, 30)))
    assert run.tier is Tier.RED
    assert run.unknown
    run.go(1200, minutely(gate("in", 0, 0), gate("out", 0, 30)))
    assert run.tier is Tier.NORMAL, "both speak again"


def test_a_gate_that_never_spoke_leaves_a_balance_unknown() -> None:
    run = Run(rules(capacity=1000, balance=True), GATES)
    run.go(600, minutely(gate("out", 0, 30)))
    assert run.unknown
    run.gates = GATES[1:]
    run.apply(rules(capacity=1000, balance=True))
    run.go(120, minutely(gate("out", 0, 30)))
    assert not run.unknown, "the gate is gone from the settings"


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "silent"])
def test_new_settings_let_no_gates_clear_what_a_camera_saw(dark: bool) -> None:
    run = Run(rules(capacity=1000))
    run.go(120, lambda second: [look(6.0), *minutely(inside(100))(second)])
    run.apply(rules(capacity=1000, fall_s=179.0))
    run.go(900, lambda second: [*([DARK] if dark else []), *minutely(inside(100))(second)])
    assert run.tier is Tier.RED
    assert run.unknown


def test_a_camera_that_is_dark_from_the_start_is_not_seen_by_its_gates() -> None:
    run = Run(rules(capacity=1000))
    run.go(300, lambda second: [DARK, *minutely(inside(100))(second)])
    assert run.unknown


def test_gates_raise_a_zone_whose_camera_is_blind_and_do_not_clear_it() -> None:
    run = Run(rules(capacity=1000))
    run.go(120, lambda second: [look(1.0), *minutely(inside(300))(second)])
    run.go(300, lambda second: [DARK, *minutely(inside(1300))(second)])
    assert run.tier is Tier.RED
    assert run.changes[-1].figures.people is None, "nobody sees people now"
    run.go(900, lambda second: [DARK, *minutely(inside(10))(second)])
    assert run.tier is Tier.RED


def test_a_counterflow_that_was_over_and_comes_again_is_news() -> None:
    run = Run(rules(ZoneKind.STEPS, forecast=False))
    for share, seconds in ((0.05, 120), (0.4, 60), (0.05, 60), (0.4, 60), (0.05, 600), (0.4, 60)):
        run.go(seconds, lambda second, share=share: [look(4.0, speed=0.5, counterflow=share)])  # type: ignore[misc]
    assert [one.cause for one in run.changes] == ["density", "counterflow", "counterflow"]


def test_short_good_looks_between_long_gaps_clear_no_red() -> None:
    run = Run(rules(forecast=False))
    run.go(60, lambda second: [look(6.0)])
    run.go(3600, lambda second: [look(0.5) if second % 210 < 90 else DARK])
    assert run.tier is Tier.RED


def test_an_empty_mean_with_a_wide_count_is_judged_by_its_area() -> None:
    run = Run(rules())
    band = Band(value=0, low=0, high=400)
    doubtful = Instant(
        zone="z",
        age_s=0,
        state=State.DEGRADED,
        reasons=("dark",),
        method="t",
        count=band,
        density=0.0,
        area_m2=20.0,
    )
    run.go(60, lambda second: [doubtful])
    assert run.tier is Tier.RED


def test_one_word_of_a_low_outflow_raises_nothing() -> None:
    run = Run(rules(exit_width_m=4.0, forecast=False), GATES[:1])
    run.go(300, lambda second: [look(3.3), *([gate("in", 60, 5)] if second == 60 else [])])
    assert run.tier is Tier.YELLOW
    run.go(300, lambda second: [look(3.3), *minutely(gate("in", 60, 5))(second)])
    assert run.tier is Tier.ORANGE


def test_a_trend_from_before_a_gap_raises_no_empty_zone() -> None:
    run = Run(rules())
    run.go(900, lambda second: [look(0.5 + 2.4 * second / 900)])
    run.go(540, lambda second: [DARK])
    known = len(run.changes)
    run.go(300, lambda second: [look(0.3)])
    assert all(one.to_tier < one.from_tier for one in run.changes[known:])


def test_an_instrument_whose_reset_changes_with_each_word_raises() -> None:
    run = Run(rules(capacity=1000))
    run.go(180, lambda second: [inside(1500, f"r{second}")] if second % 60 == 0 else [])
    assert run.tier is Tier.RED


def test_an_occupancy_beyond_any_crowd_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond any crowd"):
        inside(1e300)
