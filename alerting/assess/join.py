"""A place that several boxes see: its part-zones joined into one. Pure.

Counts add, areas add, the worst cell is the worst of all, speeds are weighted by people. A part that is unknown is not
empty: the whole is degraded then, and that part counts with what it last held, for `REMEMBERED_S`, and half as much
again at its upper end. Where nothing is known of any part, nothing is known of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from alerting.assess.state import Part, ZoneState
from wire import Band, Instant, State

REMEMBERED_S = 600.0
BEYOND = 1.5
METHOD = "joined"


def keep_part(zone: ZoneState, reading: Instant, taken: float) -> ZoneState:
    """The whole with what a reading of one of its parts tells, whose picture was taken at `taken`."""
    last = zone.parts.get(reading.zone)
    if last is not None and taken < last.at:
        return zone
    if reading.state is State.UNKNOWN or reading.count is None:
        if last is None:
            return zone
        part = replace(last, at=taken, known=False)
    else:
        part = Part(
            at=taken,
            seen_at=taken,
            known=True,
            count=reading.count,
            peak=reading.peak_density,
            density=reading.density,
            area_m2=reading.area_m2,
            speed=reading.speed,
            counterflow=reading.counterflow,
            pressure=reading.pressure,
            why=(reading.reasons or ("degraded",))[0] if reading.state is State.DEGRADED else "",
            saturated=reading.saturated,
        )
    kept = {name: each for name, each in zone.parts.items() if name in zone.rules.parts}
    return replace(zone, parts={**kept, reading.zone: part})


def joined(zone: ZoneState, now: float) -> Instant:
    """The reading of the whole at `now`, from the newest word of each part."""
    name, rules = zone.rules.zone, zone.rules
    live, lost, gone = [], [], []
    for each in rules.parts:
        part = zone.parts.get(each)
        if part is not None and part.known and now - part.at <= rules.stale_s:
            live.append(part)
            continue
        lost.append(each)
        if part is not None and now - part.seen_at <= REMEMBERED_S:
            gone.append(part)
    if not live:
        return Instant(
            zone=name, age_s=0.0, state=State.UNKNOWN, method=METHOD, reasons=(f"part-unknown:{rules.parts[0]}"[:64],)
        )
    reasons = [f"part-unknown:{each}"[:64] for each in lost] + sorted({part.why for part in live if part.why})
    value = sum(part.count.value for part in live) + sum(part.count.value for part in gone)
    count = Band(
        value=value,
        low=sum(part.count.low for part in live),
        high=max(value, sum(part.count.high for part in live) + sum(part.count.high * BEYOND for part in gone)),
    )
    area = _all([part.area_m2 for part in (*live, *gone)])
    return Instant(
        zone=name,
        age_s=max(0.0, now - min(part.at for part in live)),
        state=State.DEGRADED if reasons else State.GOOD,
        method=METHOD,
        reasons=tuple(reasons),
        saturated=any(part.saturated for part in live),
        count=count,
        area_m2=area,
        density=None if area is None else value / area,
        peak_density=_worst(live, gone),
        speed=_weighted(live, [part.speed for part in live]),
        counterflow=_weighted(live, [part.counterflow for part in live]),
        pressure=max((part.pressure for part in live if part.pressure is not None), default=None),
    )


def _worst(live: Sequence[Part], gone: Sequence[Part]) -> Band | None:
    """The worst cell of all parts; a part without one counts with its mean."""
    bands = [
        part.peak or (None if part.density is None else Band(value=part.density, low=part.density, high=part.density))
        for part in (*live, *gone)
    ]
    known = [band for band in bands if band is not None]
    if len(known) < len(live):
        return None
    seen = [band for band in bands[: len(live)] if band is not None]
    return Band(
        value=max(band.value for band in known),
        low=max(band.low for band in seen),
        high=max(max(band.high for band in seen), max(band.value for band in known)),
    )


def _all(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _weighted(parts: Sequence[Part], values: Sequence[float | None]) -> float | None:
    """Mean by people of what is known."""
    pairs = [(part.count.value, value) for part, value in zip(parts, values, strict=True) if value is not None]
    people = sum(weight for weight, _ in pairs)
    return sum(weight * value for weight, value in pairs) / people if people > 0 else None
