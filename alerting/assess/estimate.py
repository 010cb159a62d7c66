"""From single readings to what is judged: a robust, time-weighted mean, and a robust trend.

Everything is a function of whole numbers and of times alone, so that a higher reading can never give a lower estimate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import Literal

from alerting.assess.rules import ZoneRules
from alerting.assess.state import Second, Slot

Figure = Literal["density", "people"]
#: Parts of one in which each figure is kept.
SCALE: dict[Figure, int] = {"density": 1000, "people": 10}
#: An estimate rests on at least this many readings and on this share of its window.
MIN_READINGS = 3
MIN_COVERED_PERCENT = 60
SLOT_S = 15
SLOTS = 20
MIN_TREND_SLOTS = 4


@dataclass(frozen=True)
class Estimate:
    value: float
    span_s: int


def kept_s(rules: ZoneRules) -> int:
    """How many seconds back a zone remembers: its longest window, or three readings that are just not stale."""
    return max(rules.windows.longest, 3 * math.ceil(rules.stale_s))


def windowed(seconds: tuple[Second, ...], now: int, window_s: int, rules: ZoneRules, figure: Figure) -> Estimate | None:
    """The trimmed mean of `figure` over the last `window_s` seconds up to and including second `now`.

    Each reading stands until the next one, at most `stale_s`. A fifth of the time is cut at either end, and no less
    than the longest time that one reading stands for, so that no single reading decides. Where readings are so rare
    that the window holds fewer than three, it reaches back to the third. None where too little of it is covered, or one
    reading stands for half of what is.
    """
    hold = math.ceil(rules.stale_s)
    dense = figure == "density"
    third, known = 0, 0
    for second in reversed(seconds):
        if second.at <= now and (second.density if dense else second.people) is not None:
            third, known = second.at, known + 1
            if known == MIN_READINGS:
                break
    if known < MIN_READINGS:
        return None
    start = now - window_s + 1
    if third < start:
        start = max(third, now - kept_s(rules) + 1)
    weights: list[tuple[int, int]] = []
    end, covered, longest = now + 1, 0, 0
    for second in reversed(seconds):
        at = second.at
        if at > now:
            continue
        value = second.density if dense else second.people
        stood = (end if end < at + hold else at + hold) - (at if at > start else start)
        end = at
        if value is not None and stood > 0:
            weights.append((value, stood))
            covered += stood
            longest = stood if stood > longest else longest
        if at <= start:
            break
    span = now - start + 1
    if len(weights) < MIN_READINGS or covered * 100 < span * MIN_COVERED_PERCENT or 2 * longest >= covered:
        return None
    cut = max(covered // 5, longest)
    weights.sort()
    total, position, top = 0, 0, covered - cut
    for value, stood in weights:
        after = position + stood
        inside = (after if after < top else top) - (position if position > cut else cut)
        if inside > 0:
            total += value * inside
        position = after
    return Estimate(total / (covered - 2 * cut) / SCALE[figure], span)


def add_second(
    seconds: tuple[Second, ...], new: Second, oldest: int, slots: tuple[Slot, ...]
) -> tuple[tuple[Second, ...], tuple[Slot, ...]]:
    """Both memories with one more reading; of several in one second the highest stands, in whatever order they came."""
    place = next((i for i in range(len(seconds) - 1, -1, -1) if seconds[i].at <= new.at), -1)
    if place >= 0 and seconds[place].at == new.at:
        merged = Second(
            new.at, _higher(seconds[place].density, new.density), _higher(seconds[place].people, new.people)
        )
        seconds = (*seconds[:place], merged, *seconds[place + 1 :])
    else:
        seconds = (*seconds[: place + 1], new, *seconds[place + 1 :])
    seconds = forget(seconds, oldest)
    if new.density is not None:
        slots = _add_slot(slots, new.at // SLOT_S, new.density)
    return seconds, slots


def forget(seconds: tuple[Second, ...], oldest: int) -> tuple[Second, ...]:
    """Without what lies before `oldest`."""
    first = next((i for i, second in enumerate(seconds) if second.at >= oldest), len(seconds))
    return seconds[first:] if first else seconds


def _higher(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def _add_slot(slots: tuple[Slot, ...], index: int, density: int) -> tuple[Slot, ...]:
    if slots and index < slots[-1].index:
        return slots
    if slots and index == slots[-1].index:
        last = slots[-1]
        return (*slots[:-1], Slot(index, last.total + density, last.readings + 1))
    recent = tuple(slot for slot in slots if slot.index > index - SLOTS)
    return (*recent[-(SLOTS - 1) :], Slot(index, density, 1))


def trend(slots: tuple[Slot, ...], at: float) -> float | None:
    """Persons/m² per minute over the last five minutes: the median of all slopes between two slots (Theil-Sen).

    None with fewer than four slots in that time.
    """
    recent = [slot for slot in slots if slot.index > int(at // SLOT_S) - SLOTS]
    if len(recent) < MIN_TREND_SLOTS:
        return None
    means = [(slot.index, slot.total / slot.readings) for slot in recent]
    slopes = [
        (later - earlier) / (after - before)
        for i, (before, earlier) in enumerate(means)
        for after, later in means[i + 1 :]
    ]
    return round(median(slopes) / SCALE["density"] * 60 / SLOT_S, 3)
