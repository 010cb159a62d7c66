"""What must hold for every sequence of events: no flapping, no false all-clear, one answer for one log."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from alerting.assess import (
    Effect,
    Event,
    Observed,
    Page,
    SettingsApplied,
    SiteState,
    Tick,
    TierChanged,
    Windows,
    ZoneKind,
    ZoneRules,
    decode_state,
    encode_state,
    new_site,
    step,
)
from alerting.assess.rules import DENSITY_LEVELS
from wire import Band, Instant, State, Tier

START = 50_000.0
FALL_S = 20.0
RULES = ZoneRules(
    zone="z",
    kind=ZoneKind.STEPS,
    density=DENSITY_LEVELS[ZoneKind.STEPS],
    capacity=100,
    windows=Windows(blue_s=12, yellow_s=12, orange_s=8, red_s=5),
    fall_s=FALL_S,
    stale_s=4.0,
    unknown_page_s=15.0,
)
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Phase:
    """`seconds` of the same kind of reading, one each `every` seconds; `density` None for silence."""

    seconds: int
    density: float | None
    state: State
    every: float
    age: float
    noise: int


phases = st.lists(
    st.builds(
        Phase,
        seconds=st.integers(1, 45),
        density=st.one_of(st.none(), st.sampled_from([0.0, 1.0, 1.19, 1.5, 2.1, 2.8, 3.5, 6.0])),
        state=st.sampled_from([State.GOOD, State.GOOD, State.GOOD, State.DEGRADED, State.UNKNOWN]),
        every=st.sampled_from([0.3, 1.0, 1.0, 2.0, 3.7]),
        age=st.sampled_from([0.0, 0.2, 1.7, 3.9, 9.0]),
        noise=st.integers(0, 3),
    ),
    min_size=1,
    max_size=9,
)


def observed(at: float, phase: Phase, number: int, more: float = 0.0) -> Observed | None:
    if phase.density is None:
        return None
    if phase.state is State.UNKNOWN:
        dark = Instant(zone="z", age_s=phase.age, state=phase.state, method="t", reasons=("dark",))
        return Observed(at=at, readings=(dark,))
    density = phase.density + (5.0 if phase.noise and number % 7 == phase.noise else 0.0) + more
    reading = Instant(
        zone="z",
        age_s=phase.age,
        state=phase.state,
        method="t",
        reasons=("dim",) if phase.state is State.DEGRADED else (),
        count=Band(value=density * 8, low=0, high=density * 10),
        peak_density=Band(value=density, low=0, high=density * 1.3),
    )
    return Observed(at=at, readings=(reading,))


def log_of(story: list[Phase], more: list[float] | None = None) -> list[Event]:
    """The events of a story; `more` is added to the densities, one after another."""
    events: list[Event] = [SettingsApplied(at=START, zones=(RULES,))]
    at, number = START, 0
    for phase in story:
        end, next_tick, next_reading = at + phase.seconds, at + 1.0, at
        while at < end:
            at = min(next_tick, next_reading)
            if next_reading <= at:
                extra = more[number % len(more)] if more else 0.0
                event = observed(at, phase, number, extra)
                events += [] if event is None else [event]
                number += 1
                next_reading += phase.every
            if next_tick <= at:
                events.append(Tick(at=at))
                next_tick += 1.0
    return events


def fold(events: list[Event]) -> tuple[list[SiteState], list[Effect]]:
    state, states, effects = new_site("s", START), [], []
    for event in events:
        state, followed = step(state, event)
        states.append(state)
        effects += followed
    return states, effects


@QUICK
@given(phases)
def test_no_flapping(story: list[Phase]) -> None:
    """Between two rises to one tier, and between a change and the fall after it, lies at least `fall_s`."""
    _, effects = fold(log_of(story))
    changes = [effect for effect in effects if isinstance(effect, TierChanged) and effect.from_tier != effect.to_tier]
    rises: dict[Tier, float] = {}
    for change in changes:
        if change.to_tier > change.from_tier:
            assert change.at - rises.get(change.to_tier, -1e9) >= FALL_S
            rises[change.to_tier] = change.at
    for before, after in pairwise(changes):
        assert before.to_tier is after.from_tier
        if after.to_tier < after.from_tier:
            assert after.to_tier == after.from_tier - 1
            assert after.at - before.at >= FALL_S
    again = [(effect.to_tier, effect.at) for effect in effects if isinstance(effect, TierChanged)]
    assert len(set(again)) == len(again)


@QUICK
@given(phases)
def test_unknown_never_lowers_and_every_fall_has_its_evidence(story: list[Phase]) -> None:
    events = log_of(story)
    states, _ = fold(events)
    good_s = 0.0
    for (before, after), event in zip(pairwise(states), events[1:], strict=True):
        old, new = before.zones["z"], after.zones["z"]
        if new.unknown_since is not None:
            assert new.tier >= old.tier, "unknown lowered a tier"
        if new.unknown_since is None and old.unknown_since is None:
            good_s += new.judged_at - old.judged_at
        if new.tier < old.tier:
            assert old.quiet_s + 4.0 >= FALL_S
            assert not new.basis, "fell on degraded evidence"
            assert good_s >= FALL_S - 1e-6, f"fell at {event.at} after {good_s} good seconds"
            good_s = 0.0
        elif new.tier > old.tier:
            good_s = 0.0


@QUICK
@given(phases, st.lists(st.sampled_from([0.0, 0.0, 0.1, 1.0, 4.0]), min_size=1, max_size=40))
def test_more_people_never_give_a_lower_tier(story: list[Phase], more: list[float]) -> None:
    lower, _ = fold(log_of(story))
    higher, _ = fold(log_of(story, more))
    for one, other in zip(lower, higher, strict=True):
        assert other.zones["z"].tier >= one.zones["z"].tier


@QUICK
@given(phases, st.sets(st.integers(0, 400), max_size=12))
def test_a_fold_split_and_reloaded_anywhere_gives_the_same(story: list[Phase], splits: set[int]) -> None:
    events = log_of(story)
    states, effects = fold(events)
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


@QUICK
@given(phases, st.lists(st.floats(-100, 100), min_size=1, max_size=30))
def test_a_shaking_clock_breaks_nothing(story: list[Phase], shakes: list[float]) -> None:
    """Times that jump to and fro: time in the state never goes back, and no tier falls quicker than it may."""
    events = log_of(story)
    state, effects = new_site("s", START), []
    for place, event in enumerate(events):
        shaken = replace(event, at=event.at + shakes[place % len(shakes)])
        before = state
        state, followed = step(state, shaken)
        assert state.at >= before.at
        effects += followed
    changes = [effect for effect in effects if isinstance(effect, TierChanged)]
    for one, other in pairwise(changes):
        if other.to_tier < other.from_tier:
            assert other.at - one.at >= FALL_S


@QUICK
@given(phases)
def test_one_page_for_each_rise_and_each_blindness(story: list[Phase]) -> None:
    _, effects = fold(log_of(story))
    pages = [effect for effect in effects if isinstance(effect, Page)]
    assert len({page.id for page in pages}) == len(pages)
    rises = [effect for effect in effects if isinstance(effect, TierChanged) and effect.to_tier >= effect.from_tier]
    assert [page.id for page in pages if not page.unknown] == [rise.id for rise in rises]
