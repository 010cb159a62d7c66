"""What must hold for every sequence of looks, motions, gates, resets and silences: no flapping, bounds, one answer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerting.assess import (
    CAUSES,
    Effect,
    Event,
    Observed,
    OccupancyReset,
    SettingsApplied,
    SiteState,
    Tick,
    TierChanged,
    ZoneKind,
    ZoneRules,
    decode_state,
    encode_state,
    new_site,
    step,
)
from alerting.assess.rules import DENSITY_LEVELS, GateRules
from wire import Band, Instant, Reading, State, Throughput, Tier

START, FALL_S = 60_000.0, 20.0
RULES = ZoneRules(
    zone="z", kind=ZoneKind.STEPS, density=DENSITY_LEVELS[ZoneKind.STEPS], capacity=300, balance=True,
    fall_s=FALL_S, stale_s=6.0, exit_width_m=3.0, one_way=True, gate_stale_s=40.0,
)  # fmt: skip


@dataclass(frozen=True)
class Phase:
    """`looks` looks, one every 2 s; None: no camera, no gate, or a figure that is not given."""

    looks: int
    density: float | None
    speed: float | None
    counterflow: float | None
    state: State
    inflow: float | None
    outflow: float
    gate: State
    reset: float | None


phases = st.lists(
    st.builds(
        Phase,
        looks=st.integers(1, 30),
        density=st.sampled_from([None, 0.5, 1.6, 2.2, 2.8, 3.6, 6.0]),
        speed=st.sampled_from([None, 0.0, 0.05, 0.5, 1.2]),
        counterflow=st.sampled_from([None, 0.0, 0.1, 0.25, 0.6]),
        state=st.sampled_from([State.GOOD, State.GOOD, State.GOOD, State.DEGRADED, State.UNKNOWN]),
        inflow=st.sampled_from([None, 0.0, 20.0, 90.0, 900.0]),
        outflow=st.sampled_from([0.0, 15.0, 200.0]),
        gate=st.sampled_from([State.GOOD, State.GOOD, State.DEGRADED, State.UNKNOWN]),
        reset=st.sampled_from([None, None, None, 0.0, 250.0]),
    ),
    min_size=1,
    max_size=8,
)


def readings(phase: Phase, gates: bool) -> list[Reading]:
    found: list[Reading] = []
    reasons = () if phase.state is State.GOOD else ("doubt",)
    if phase.density is not None and phase.state is State.UNKNOWN:
        found.append(Instant(zone="z", age_s=0.0, state=State.UNKNOWN, method="t", reasons=reasons))
    elif phase.density is not None:
        people, peak = 30 * phase.density, phase.density
        found.append(
            Instant(
                zone="z", age_s=0.0, state=phase.state, method="t", reasons=reasons, area_m2=60.0,
                count=Band(value=people, low=people, high=people * 1.2),
                peak_density=Band(value=peak, low=peak, high=peak * 1.2),
                speed=phase.speed, counterflow=phase.counterflow,
            )
        )  # fmt: skip
    if gates and phase.inflow is not None:
        known = phase.gate is not State.UNKNOWN
        found.append(
            Throughput(
                zone="door", age_s=0.0, state=phase.gate, method="t", interval_s=10.0,
                reasons=() if phase.gate is State.GOOD else ("doubt",),
                inflow=phase.inflow if known else None, outflow=phase.outflow if known else None,
            )
        )  # fmt: skip
    return found


def log_of(story: list[Phase]) -> list[Event]:
    at = START
    events: list[Event] = [SettingsApplied(at=at, zones=(RULES,), gates=(GateRules(gate="door", into="z"),))]
    for phase in story:
        if phase.reset is not None:
            events.append(OccupancyReset(at=at, zone="z", name="counted", value=phase.reset))
        for number in range(phase.looks):
            at += 2.0
            told = readings(phase, gates=number % 5 == 0)
            events += [Observed(at=at, readings=tuple(told))] if told else []
            events.append(Tick(at=at))
    return events


def fold(events: list[Event]) -> tuple[list[SiteState], list[Effect]]:
    state, states, effects = new_site("s", START), [], []
    for event in events:
        state, followed = step(state, event)
        states.append(state)
        effects += followed
    return states, effects


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(phases, st.sets(st.integers(0, 300), max_size=8))
def test_whatever_is_seen_and_counted(story: list[Phase], splits: set[int]) -> None:
    events = log_of(story)
    states, effects = fold(events)
    changes = [effect for effect in effects if isinstance(effect, TierChanged)]
    for one in changes:
        assert one.cause in CAUSES
        assert one.why.startswith(one.cause)
        assert one.to_tier >= one.from_tier or (one.cause == "fall" and one.from_tier - one.to_tier == 1)
    for before, after in pairwise(changes):
        if after.to_tier < after.from_tier:
            assert after.at - before.at >= FALL_S
    assert len({one.id for one in changes}) == len(changes)
    for state in states:
        zone = state.zones["z"]
        inside = zone.inside
        if inside is not None:
            assert 0 <= inside.low <= inside.value <= inside.high
            assert inside.value <= inside.judged <= inside.high
        if zone.base is Tier.NORMAL:
            assert not {"stall", "pressure"} & set(zone.causes) or zone.tier > Tier.NORMAL
    state, again = new_site("s", START), []
    for place, event in enumerate(events):
        if place in splits:
            stored = encode_state(state)
            assert len(stored) < 4000
            state = decode_state(stored)
        state, followed = step(state, event)
        again += followed
    assert again == effects
    assert state == states[-1]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(phases)
def test_blind_and_unknown_gates_never_lower_a_tier(story: list[Phase]) -> None:
    """From the moment that nothing is told any more, the tier stays: for ten minutes of ticks."""
    states, _ = fold(log_of(story))
    state = states[-1]
    # What was seen just before may still be judged while it stands.
    for _ in range(4):
        state, _ = step(state, Tick(at=state.at + 2.0))
    held = state.zones["z"].tier
    for _ in range(300):
        state, _ = step(state, Tick(at=state.at + 2.0))
        assert state.zones["z"].tier >= held
