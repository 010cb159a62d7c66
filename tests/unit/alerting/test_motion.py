"""How a crowd moves: what raises a zone by one tier, and what must not."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from alerting.assess import (
    Effect,
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
from alerting.assess.rules import DENSITY_LEVELS, MotionLimits
from wire import Band, Instant, State, Throughput, Tier

START = 1_000_000.0


def rules(kind: ZoneKind, **more: object) -> ZoneRules:
    return ZoneRules(zone="z", kind=kind, density=DENSITY_LEVELS[kind], forecast=False, **more)  # type: ignore[arg-type]


def look(
    density: float,
    speed: float | None = 0.5,
    counterflow: float | None = 0.02,
    pressure: float | None = None,
    state: State = State.GOOD,
) -> Instant:
    band = Band(value=density, low=density, high=density)
    return Instant(
        zone="z",
        age_s=0.0,
        state=state,
        method="t",
        reasons=("dim",) if state is State.DEGRADED else (),
        count=band,
        peak_density=band,
        speed=speed,
        counterflow=counterflow,
        pressure=pressure,
    )


class Run:
    def __init__(self, zone: ZoneRules) -> None:
        self.state: SiteState = new_site("s", START)
        self.effects: list[Effect] = []
        self.at = START
        self.do(SettingsApplied(at=START, zones=(zone,)))

    def do(self, event: SettingsApplied | Observed | Tick) -> None:
        self.state, effects = step(self.state, event)
        self.effects += effects

    def feed(self, readings: Iterable[Instant]) -> Run:
        for one in readings:
            self.at += 1
            self.do(Observed(at=self.at, readings=(one,)))
        return self

    def told(self) -> list[tuple[str, str, str]]:
        return [
            (one.from_tier.label, one.to_tier.label, one.why.split(":")[0].split()[0])
            for one in self.effects
            if isinstance(one, TierChanged)
        ]

    def causes(self) -> list[str]:
        return list(dict.fromkeys(cause for _, _, cause in self.told()))

    @property
    def tier(self) -> Tier:
        return self.state.zones["z"].tier


#: Ten minutes of a calm evening, so that it is known what is usual.
CALM = [look(0.8, speed=0.55)] * 600


@pytest.mark.parametrize(
    ("kind", "before", "then", "causes"),
    [
        # Steps: a crowd that stands.
        (ZoneKind.STEPS, look(2.9, 0.3), look(2.9, 0.05), ["density", "stall"]),
        (ZoneKind.STEPS, look(2.9, 0.3), look(2.9, 0.2), ["density"]),
        (ZoneKind.STEPS, look(1.7, 0.3), look(1.7, 0.05), ["density"]),
        # A square where people walked, and now nobody gets on.
        (ZoneKind.FLAT, look(3.2, 0.4), look(3.2, 0.02), ["density", "stall"]),
        # A pit, a queue and a platform stand by design.
        (ZoneKind.STANDING_AUDIENCE, look(4.5, 0.3), look(4.5, 0.0), ["density"]),
        (ZoneKind.PLATFORM, look(3.2, 0.3), look(3.2, 0.0), ["density"]),
        (ZoneKind.QUEUE, look(3.2, 0.3), look(3.2, 0.0), ["density"]),
        # Counterflow counts on steps, from yellow on, and not on the flat.
        (ZoneKind.STEPS, look(2.9), look(2.9, counterflow=0.25), ["density", "counterflow"]),
        (ZoneKind.STEPS, look(2.2), look(2.2, counterflow=0.25), ["density", "counterflow"]),
        (ZoneKind.STEPS, look(1.7), look(1.7, counterflow=0.5), ["density"]),
        (ZoneKind.STEPS, look(2.9), look(2.9, counterflow=0.15), ["density"]),
        (ZoneKind.FLAT, look(4.2), look(4.2, counterflow=0.5), ["density"]),
        # Pressure, from orange on.
        (ZoneKind.FLAT, look(4.2), look(4.2, pressure=0.03), ["density", "pressure"]),
        (ZoneKind.FLAT, look(4.2), look(4.2, pressure=0.015), ["density"]),
        (ZoneKind.FLAT, look(3.2), look(3.2, pressure=0.2), ["density"]),
        # A picture that is doubtful tells nothing of motion.
        (ZoneKind.STEPS, look(2.9, 0.3), look(2.9, 0.0, 0.5, state=State.DEGRADED), ["density"]),
    ],
)
def test_what_raises_by_one(kind: ZoneKind, before: Instant, then: Instant, causes: list[str]) -> None:
    run = Run(rules(kind, motion=MotionLimits(pressure=0.02))).feed(CALM).feed([before] * 90).feed([then] * 60)
    assert run.causes() == causes
    if len(causes) > 1:
        before_tier, after, _ = run.told()[-1]
        assert Tier.from_label(after) == Tier.from_label(before_tier) + 1


def test_pressure_is_shown_and_raises_nothing_unless_a_limit_is_set() -> None:
    run = Run(rules(ZoneKind.FLAT)).feed(CALM).feed([look(4.2)] * 90).feed([look(4.2, pressure=5.0)] * 120)
    assert run.causes() == ["density"]
    assert run.state.zones["z"].moves[-1].pressure == 50_000


def test_red_within_half_a_minute_of_the_counterflow() -> None:
    run = Run(rules(ZoneKind.STEPS)).feed(CALM).feed([look(3.0)] * 120)
    began = run.at
    run.feed([look(3.0, counterflow=0.3)] * 60)
    red = next(one for one in run.effects if isinstance(one, TierChanged) and one.to_tier is Tier.RED)
    assert 10 <= red.at - began <= 30
    assert red.cause == "counterflow"


def test_stall_and_counterflow_at_red_are_events_of_their_own() -> None:
    run = Run(rules(ZoneKind.STEPS)).feed(CALM).feed([look(4.0)] * 60)
    run.feed([look(4.0, counterflow=0.3)] * 60).feed([look(4.5, 0.01, 0.3)] * 60)
    assert run.told()[-2:] == [("red", "red", "counterflow"), ("red", "red", "stall")]
    assert run.feed([look(4.5, 0.01, 0.3)] * 600).told()[-1] == ("red", "red", "stall"), "each is told once"


def test_two_ways_on_ordinary_stairs_are_nothing_new() -> None:
    """A station's stairs: half walk against the others all day, and at yellow that alone calls nobody."""
    usual = [look(1.0, counterflow=0.45)] * 900
    run = Run(rules(ZoneKind.STEPS)).feed(usual).feed([look(2.2, counterflow=0.5)] * 300)
    assert (run.causes(), run.tier) == (["density"], Tier.YELLOW)
    run.feed([look(2.9, counterflow=0.5)] * 60)
    assert (run.told()[-1][1:]) == ("red", "counterflow"), "but in a crowd at orange it is a danger, usual or not"


def test_a_one_way_path_is_raised_from_blue_on() -> None:
    run = Run(rules(ZoneKind.FLAT, one_way=True)).feed(CALM).feed([look(2.2)] * 90)
    run.feed([look(2.2, counterflow=0.3)] * 40)
    assert run.told() == [("normal", "blue", "density"), ("blue", "yellow", "counterflow")]


@pytest.mark.parametrize("every", [4, 7, 15])
def test_a_few_pictures_in_between_raise_nothing(every: int) -> None:
    run = Run(rules(ZoneKind.STEPS)).feed(CALM).feed([look(2.9)] * 60)
    run.feed([look(2.9, 0.0, 0.5) if number % every else look(2.9) for number in range(3)] * 3)
    run.feed([look(2.9, 0.0, 0.5) if number % every == 0 else look(2.9) for number in range(300)])
    assert run.causes() == ["density"]


def test_a_raised_tier_falls_after_the_motion_has_been_calm_and_seen_for_long() -> None:
    run = Run(rules(ZoneKind.STEPS)).feed(CALM).feed([look(2.05)] * 90).feed([look(2.05, 0.02)] * 60)
    assert run.tier is Tier.ORANGE
    run.feed([look(2.05, None, None)] * 400)
    assert run.tier is Tier.ORANGE, "without a word of motion it cannot be told that it is over"
    run.feed([look(2.05, 0.4)] * 185)
    assert run.tier is Tier.YELLOW
    run.feed([look(2.05, 0.4)] * 1000)
    assert run.tier is Tier.YELLOW


def test_a_low_outflow_from_a_dense_zone() -> None:
    def gate(inflow: float, outflow: float) -> Throughput:
        return Throughput(
            zone="z", age_s=0, state=State.GOOD, method="t", interval_s=60, inflow=inflow, outflow=outflow
        )

    def play(*gates: Throughput) -> list[str]:
        run = Run(rules(ZoneKind.FLAT, exit_width_m=4.0)).feed(CALM).feed([look(3.5, 0.4)] * 90)
        for one in gates:
            run.feed([look(3.5, 0.4)] * 60)
            run.do(Observed(at=run.at, readings=(one,)))
        run.feed([look(3.5, 0.4)] * 10)
        return run.causes()

    # 0.8 persons/m/s through 4 m are 192 a minute.
    assert play(*[gate(250, 100)] * 3) == ["density", "outflow"]
    assert play(*[gate(250, 200)] * 3) == ["density"]
    assert play(*[gate(50, 100)] * 3) == ["density"], "it is emptying"
    assert play(gate(250, 100), gate(250, 200), gate(250, 100)) == ["density"]
