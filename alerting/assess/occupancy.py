"""People inside a place as entries minus exits since a named reset; and the gates that tell of flows.

Kept apart from what cameras count, by type: a `Throughput` moves a balance, an `Occupancy` sets it, an `Instant` only
tells by how much the balance has gone astray.
"""

from __future__ import annotations

import math

from msgspec.structs import replace

from alerting.assess.forecast import NET_ALPHA, follow
from alerting.assess.levels import gates_fresh
from alerting.assess.state import Inside, Passing, ZoneState
from wire import Instant, Occupancy, State, Throughput

#: A gate's counter is off by up to so many of those passing [J]: what a balance does not know grows with every one.
GATE_ERROR = 0.03
#: More than so many gates of one zone would not fit into a state of 4 kB.
MAX_GATES = 8
#: Why an upper bound is judged.
GAP, DEGRADED = "upper bound: gates not all known since the reset", "upper bound: gates not all known"
#: Camera counts weigh on what is known of the balance's error over ten minutes.
DRIFT_S = 600.0


def observe_occupancy(zone: ZoneState, reading: Occupancy, at: float, now: float) -> ZoneState:
    """An occupancy that an instrument keeps itself."""
    band, taken = reading.occupancy, at - reading.age_s
    known = zone.inside
    if band is None or now - taken > zone.rules.gate_stale_s or (known is not None and taken <= known.at):
        return zone
    upper = reading.state is State.DEGRADED or reading.saturated
    judged = band.high if upper else band.value
    again = known is not None and known.reset == reading.reset
    inside = Inside(
        reset=reading.reset,
        reset_at=known.reset_at if known is not None and again else taken,
        at=taken,
        value=band.value,
        low=band.low,
        high=band.high,
        judged=judged,
        before=known.judged if known is not None and taken - known.at <= zone.rules.gate_stale_s else 0.0,
        basis=f"upper bound: {', '.join(reading.reasons) or 'saturated'}" if upper else "",
        off=known.off if known is not None and again else None,
        drift=known.drift if known is not None and again else None,
    )
    return replace(zone, inside=inside)


def observe_passing(zone: ZoneState, reading: Throughput, sign: int, at: float, now: float) -> ZoneState:
    """A gate's word: `sign` 1 where its inflow enters this zone, -1 where it leaves it."""
    taken = at - reading.age_s
    if reading.inflow is None or reading.outflow is None or now - taken > zone.rules.gate_stale_s:
        return zone
    inflow, outflow = (reading.inflow, reading.outflow) if sign > 0 else (reading.outflow, reading.inflow)
    known = {one.gate: one for one in zone.passing}
    last = known.get(reading.zone)
    if (last is not None and taken <= last.at) or (last is None and len(known) >= MAX_GATES):
        return zone
    known[reading.zone] = Passing(reading.zone, taken, inflow, outflow)
    passing = tuple(known[name] for name in sorted(known))
    unheard = tuple(name for name in zone.unheard if name != reading.zone)
    zone = replace(zone, passing=passing, unheard=unheard)
    # A gate that is silent may be where they get out: then neither the net flow nor a low outflow is known.
    all_known = gates_fresh(zone, taken)
    comes, goes = sum(one.inflow for one in passing), sum(one.outflow for one in passing)
    net = follow(zone.net_trend, comes - goes, taken, NET_ALPHA, 0.0) if all_known else zone.net_trend
    width = zone.rules.exit_width_m
    low = all_known and width is not None and goes / 60 / width < zone.rules.motion.outflow and comes > goes
    since = (zone.low_outflow_since if zone.low_outflow_since is not None else taken) if low else None
    zone = replace(zone, net_trend=net, low_outflow_since=since)
    return _balance(zone, reading, inflow, outflow, last, taken) if zone.rules.balance else zone


def _balance(
    zone: ZoneState, reading: Throughput, inflow: float, outflow: float, last: Passing | None, taken: float
) -> ZoneState:
    """The balance after so many more entries and exits; time that the gate did not tell of widens its band."""
    inside = zone.inside
    if inside is None:
        inside = Inside("the start", taken, taken, 0.0, 0.0, 0.0, 0.0, 0.0)
    minutes = reading.interval_s / 60
    missed = 0.0 if last is None else max(0.0, taken - last.at - 1.5 * reading.interval_s) / 60
    change = (inflow - outflow) * minutes
    doubt = (inflow + outflow) * minutes * (1.0 if reading.state is State.DEGRADED else GATE_ERROR)
    doubt += missed * (inflow + outflow)
    # Errors of many minutes add up as independent ones do.
    # The upper half of the band: the lower one is cut at 0, and would make doubt shrink.
    half = math.hypot(inside.high - inside.value, doubt)
    value = max(0.0, inside.value + change)
    # What a gap left open stays open until the next reset: the band knows how wide, and its upper end is judged.
    unsure = reading.state is State.DEGRADED or missed > 0 or inside.basis == GAP
    fresh = Inside(
        reset=inside.reset,
        reset_at=inside.reset_at,
        at=taken,
        value=value,
        low=max(0.0, value - half),
        high=value + half,
        judged=value + half if unsure else value,
        before=inside.judged,
        basis=GAP if missed > 0 or inside.basis == GAP else DEGRADED if unsure else "",
        off=inside.off,
        drift=inside.drift,
    )
    return replace(zone, inside=fresh)


def reset_occupancy(zone: ZoneState, name: str, value: float, now: float) -> ZoneState:
    """A named reset: from here on the balance counts from `value`. No tier falls by it before its time."""
    return replace(zone, inside=Inside(name, now, now, value, value, value, value, value))


def drift_by_camera(zone: ZoneState, reading: Instant, since_s: float) -> ZoneState:
    """By how much the balance is off from a good camera count of the same place, and how fast that grows.

    `since_s` is how long ago the count before was taken.
    """
    inside = zone.inside
    if inside is None or reading.state is not State.GOOD or reading.count is None:
        return zone
    off, lasted = inside.value - reading.count.value, zone.seen_at - inside.reset_at
    if inside.off is not None:
        off = inside.off + (off - inside.off) * min(1.0, since_s / DRIFT_S)
    drift = off / lasted * 3600 if lasted >= 600 else None
    return replace(zone, inside=_with_drift(inside, off, drift))


def _with_drift(inside: Inside, off: float, drift: float | None) -> Inside:
    return Inside(
        inside.reset,
        inside.reset_at,
        inside.at,
        inside.value,
        inside.low,
        inside.high,
        inside.judged,
        inside.before,
        inside.basis,
        off,
        drift,
    )
