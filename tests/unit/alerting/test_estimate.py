"""The windowed mean and the trend: between what was seen, and never moved by one reading alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from alerting.assess import Windows, ZoneKind, ZoneRules
from alerting.assess.estimate import MIN_TREND_SLOTS, SLOTS, add_second, trend, windowed
from alerting.assess.rules import DENSITY_LEVELS
from alerting.assess.state import Second, Slot

RULES = ZoneRules(zone="z", kind=ZoneKind.FLAT, density=DENSITY_LEVELS[ZoneKind.FLAT], windows=Windows())
NOW = 1000


def memory(values: dict[int, int | None]) -> tuple[Second, ...]:
    return tuple(Second(NOW - back, value) for back, value in sorted(values.items(), reverse=True))


memories = st.dictionaries(st.integers(0, 69), st.one_of(st.integers(0, 9000), st.none()), min_size=1, max_size=40)
window_s = st.sampled_from([3, 12, 30, 60])


@given(memories, window_s)
def test_it_lies_between_what_was_seen(values: dict[int, int | None], window: int) -> None:
    estimate = windowed(memory(values), NOW, window, RULES, "density")
    if estimate is not None:
        known = [value / 1000 for value in values.values() if value is not None]
        assert min(known) <= estimate.value <= max(known)


@given(memories, window_s, st.data())
def test_one_reading_moves_it_no_further_than_the_others(
    values: dict[int, int | None], window: int, data: st.DataObject
) -> None:
    known = [back for back, value in values.items() if value is not None]
    if len(known) < 2:
        assert windowed(memory(values), NOW, window, RULES, "density") is None
        return
    one = data.draw(st.sampled_from(known))
    estimate = windowed(memory({**values, one: 50_000}), NOW, window, RULES, "density")
    if estimate is not None:
        assert estimate.value <= max(values[back] or 0 for back in known if back != one) / 1000


@given(memories, window_s, st.lists(st.integers(0, 5000), min_size=40, max_size=40))
def test_higher_readings_never_give_a_lower_estimate(
    values: dict[int, int | None], window: int, more: list[int]
) -> None:
    higher = {
        back: None if value is None else value + extra
        for (back, value), extra in zip(values.items(), more, strict=False)
    }
    one = windowed(memory(values), NOW, window, RULES, "density")
    other = windowed(memory(higher), NOW, window, RULES, "density")
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert other.value >= one.value


@pytest.mark.parametrize(
    ("backs", "window", "estimated"),
    [
        (range(12), 12, True),
        (range(8), 12, True),
        (range(7), 12, False),
        ((0, 5, 10), 12, True),
        ((0, 9, 18), 12, True),
        ((0, 1), 3, False),
        ((8, 9, 10), 12, False),
        ((0, 1, 10), 12, False),
        (range(60, 69), 60, False),
    ],
)
def test_how_much_must_be_covered(backs: range, window: int, estimated: bool) -> None:
    found = windowed(memory(dict.fromkeys(backs, 3000)), NOW, window, RULES, "density")
    assert (found is not None) is estimated
    if found is not None:
        assert found.value == 3.0


def test_a_blind_second_ends_what_stood_before_it() -> None:
    values: dict[int, int | None] = dict.fromkeys(range(4, 12), 3000)
    assert windowed(memory(values), NOW, 12, RULES, "density") is not None
    assert windowed(memory({**values, 3: None, 11: None}), NOW, 12, replace(RULES, stale_s=10.0), "density") is None


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9000)), max_size=60), st.randoms(use_true_random=False))
def test_the_memory_does_not_depend_on_the_order(readings: list[tuple[int, int]], shuffle: object) -> None:
    mixed = list(readings)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]

    def filled(order: list[tuple[int, int]]) -> tuple[Second, ...]:
        seconds: tuple[Second, ...] = ()
        for at, density in order:
            seconds, _ = add_second(seconds, Second(at, density), 0, ())
        return seconds

    assert filled(mixed) == filled(readings)
    assert [second.at for second in filled(readings)] == sorted({at for at, _ in readings})


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        ([], None),
        ([(i, 1000, 1) for i in range(MIN_TREND_SLOTS - 1)], None),
        ([(i, 1000, 1) for i in range(8)], 0.0),
        ([(i, 1000 * i, 1) for i in range(8)], 4.0),
        ([(i, 2000 * i, 2) for i in range(8)], 4.0),
        ([(i, 99_000 if i == 4 else 1000 * i, 1) for i in range(8)], 4.0),
    ],
)
def test_the_trend_is_a_slope_a_minute(slots: list[tuple[int, int, int]], expected: float | None) -> None:
    assert trend(tuple(Slot(*slot) for slot in slots), 8 * 15.0) == expected


def test_an_old_past_has_no_trend() -> None:
    slots = tuple(Slot(i, 1000 * i, 1) for i in range(8))
    assert trend(slots, (8 + SLOTS) * 15.0) is None
