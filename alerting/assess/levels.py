"""What density and capacity alone say of a zone: the tiers that they have reached, over each tier's window."""

from __future__ import annotations

from dataclasses import dataclass

from alerting.assess.estimate import SCALE, Estimate, Figure, windowed
from alerting.assess.state import Inside, ZoneState
from wire import Kind, Tier

MAX_WHY = 400
RISING = (Tier.RED, Tier.ORANGE, Tier.YELLOW, Tier.BLUE)


@dataclass(frozen=True)
class Reached:
    """One cause, the tier that it stands for, and its words, which begin with it."""

    cause: str
    tier: Tier
    why: str
    kind: Kind = Kind.OBSERVED


def estimate(zone: ZoneState, tier: Tier, now: float, figure: Figure) -> Estimate | None:
    return windowed(zone.seconds, int(now // 1), zone.rules.windows.of(tier), zone.rules, figure)


def inside_now(zone: ZoneState, now: float) -> Inside | None:
    """The occupancy, as long as it stands; a balance stands no longer than the word of its most silent gate."""
    inside = inside_at_least(zone, now)
    return inside if inside is not None and (not zone.rules.balance or gates_fresh(zone, now)) else None


def inside_at_least(zone: ZoneState, now: float) -> Inside | None:
    """The newest occupancy, some of whose gates may be silent: it may raise, and clears nothing."""
    inside = zone.inside
    return inside if inside is not None and now - inside.at <= zone.rules.gate_stale_s else None


def gates_fresh(zone: ZoneState, now: float) -> bool:
    """Whether every gate has spoken lately; false as well where one never has, or where there is none."""
    fresh = all(now - one.at <= zone.rules.gate_stale_s for one in zone.passing)
    return fresh and bool(zone.passing) and not zone.unheard


def levels(zone: ZoneState, now: float) -> list[Reached]:
    """The highest tier that each of density, people and occupancy has reached; those that reached none are left out."""
    found = [_density(zone, now)]
    if zone.rules.capacity is not None:
        found += [_people(zone, now, zone.rules.capacity), occupancy(zone, now)]
    return [one for one in found if one is not None]


def _highest(zone: ZoneState, figure: Figure) -> float:
    """The highest value remembered: no mean can be above it."""
    if figure == "density":
        return max((one.density for one in zone.seconds if one.density is not None), default=0) / SCALE[figure]
    return max((one.people for one in zone.seconds if one.people is not None), default=0) / SCALE[figure]


def _density(zone: ZoneState, now: float) -> Reached | None:
    highest = _highest(zone, "density")
    for tier in RISING:
        threshold = zone.rules.density.of(tier)
        if highest < threshold:
            continue
        known = estimate(zone, tier, now, "density")
        if known is not None and known.value >= threshold:
            why = (
                f"density {known.value:.2f} persons/m² in the worst cell over {known.span_s} s, "
                f"{tier.label} from {threshold:g}{_basis(zone.basis)}"
            )
            return Reached("density", tier, why[:MAX_WHY])
    return None


def _people(zone: ZoneState, now: float, capacity: int) -> Reached | None:
    highest = _highest(zone, "people")
    for tier in RISING:
        percent = zone.rules.capacity_percent.of(tier)
        if highest * 100 < percent * capacity:
            continue
        known = estimate(zone, tier, now, "people")
        if known is not None and known.value * 100 >= percent * capacity:
            why = (
                f"capacity {known.value:.0f} people over {known.span_s} s, {known.value / capacity:.0%} of "
                f"{capacity}, {tier.label} from {percent:g} %{_basis(zone.basis)}"
            )
            return Reached("capacity", tier, why[:MAX_WHY])
    return None


def occupancy(zone: ZoneState, now: float) -> Reached | None:
    """By the lower of the last two figures, so that one wrong message raises nothing."""
    inside, capacity = inside_at_least(zone, now), zone.rules.capacity
    if capacity is None:
        return None
    if inside is None:
        return None
    value = min(inside.judged, inside.before)
    for tier in RISING:
        percent = zone.rules.capacity_percent.of(tier)
        if value * 100 >= percent * capacity:
            why = (
                f"capacity {value:.0f} inside since {inside.reset}, {value / capacity:.0%} of {capacity}, "
                f"{tier.label} from {percent:g} %{_basis(inside.basis)}"
            )
            return Reached("capacity", tier, why[:MAX_WHY])
    return None


def _basis(basis: str) -> str:
    return f" ({basis})" if basis else ""


def base_tier(zone: ZoneState, reached: list[Reached], now: float) -> Tier:
    """The tier that density and capacity stand for: up at once, down where both are below `clear_ratio` of it.

    What is not known lets it be.
    """
    top = max((one.tier for one in reached), default=Tier.NORMAL)
    base = zone.base
    while base > top:
        words = below(zone, base, now)
        if not words:
            return base
        base = Tier(base - 1)
    return max(base, top)


def below(zone: ZoneState, tier: Tier, now: float) -> str | None:
    """Words for what is well below `tier`; empty where something is not; None where it cannot be told.

    Each figure that the zone has ever given must be seen, and must be low.
    """
    rules, words = zone.rules, []
    density = estimate(zone, tier, now, "density")
    capacity = rules.capacity
    watched = capacity is not None and ("people" in zone.measures or zone.inside is None)
    people = estimate(zone, tier, now, "people") if watched else None
    if density is None and "density" in zone.measures:
        return None
    if people is None and watched:
        return None
    if density is not None:
        limit = rules.clear_ratio * rules.density.of(tier)
        if density.value >= limit:
            return ""
        words.append(f"density {density.value:.2f} persons/m² under {limit:.2f}")
    if capacity is not None:
        limit = rules.clear_ratio * rules.capacity_percent.of(tier) / 100 * capacity
        if people is not None:
            if people.value >= limit:
                return ""
            words.append(f"{people.value:.0f} people under {limit:.0f}")
        if zone.inside is not None:
            inside = inside_now(zone, now)
            if inside is None:
                return None
            if max(inside.judged, inside.before) >= limit:
                return ""
            words.append(f"{inside.judged:.0f} inside under {limit:.0f}")
    return ", ".join(words) or None
