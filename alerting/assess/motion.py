"""How a crowd moves, and when that raises its zone by one tier.

A stall (dense while speed collapses), counterflow on steps or a one-way path, crowd pressure, and a low outflow from a
dense zone. Each must hold for most of its window: a passing group or one bad picture raises nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from msgspec.structs import replace

from alerting.assess.levels import gates_fresh
from alerting.assess.rules import ZoneKind
from alerting.assess.state import Move, Usual, ZoneState
from wire import Instant, State, Tier

STALL_S, COUNTERFLOW_S, PRESSURE_S, OUTFLOW_S = 30, 20, 20, 90.0
KEPT_S = 32
MIN_READINGS = 3
#: Of the window, so much must be seen, and of what is seen, so much must agree, in percent.
COVERED, AGREES = 60, 80
#: A crowd that gets on less than a seventh of what is usual here has stalled, but no quicker than 0.1 m/s is a stall
#: anywhere and nothing quicker than 0.2 m/s [J].
STALL_SHARE, STALL_SLOWEST, STALL_QUICKEST = 0.15, 0.1, 0.2
#: On two-way steps at yellow counterflow counts where it is by so much above what is usual there [J].
NEW_COUNTERFLOW = 0.15
#: What is usual is learned over ten minutes, in calm times, and known after two.
USUAL_S, USUAL_KNOWN_S = 600.0, 120.0
#: Where people stand by design, standing is no stall.
_STANDING = frozenset({ZoneKind.STANDING_AUDIENCE, ZoneKind.PLATFORM, ZoneKind.QUEUE})


def observe_motion(zone: ZoneState, reading: Instant, taken: float, now: float) -> ZoneState:
    """The zone with what `reading` tells of motion; a doubtful picture tells nothing of it."""
    if reading.state is not State.GOOD or (reading.speed is reading.counterflow is reading.pressure is None):
        return zone
    new = Move(
        int(taken // 1),
        None if reading.speed is None else round(reading.speed * 100),
        None if reading.counterflow is None else round(reading.counterflow * 1000),
        None if reading.pressure is None else round(reading.pressure * 10_000),
    )
    oldest = int(now // 1) - KEPT_S
    # Of several in one second one stands, whatever the order they came in.
    moves = {move.at: move for move in zone.moves if move.at >= oldest}
    kept = moves.get(new.at)
    if kept is None or _key(new) > _key(kept):
        moves[new.at] = new
    ordered = tuple(moves[at] for at in sorted(moves))
    usual = zone.usual
    if zone.base < Tier.YELLOW and taken >= zone.seen_at:
        usual = _learn(usual, reading, min(taken - zone.seen_at, zone.rules.stale_s) if zone.seen else 0.0)
    return replace(zone, moves=ordered, usual=usual)


def _key(move: Move) -> tuple[int, ...]:
    return tuple(-1 if value is None else value for value in (move.speed, move.counterflow, move.pressure))


def _learn(usual: Usual, reading: Instant, lasted: float) -> Usual:
    def toward(old: float | None, new: float | None) -> float | None:
        if new is None:
            return old
        share = max(min(1.0, lasted / USUAL_S), lasted / (usual.seconds + lasted) if lasted else 0.0)
        return new if old is None else old + (new - old) * share

    return Usual(
        toward(usual.speed, reading.speed),
        toward(usual.counterflow, reading.counterflow),
        min(usual.seconds + lasted, 10 * USUAL_S),
    )


def raising(zone: ZoneState, now: float) -> dict[str, str]:
    """The causes that hold now, each with its words. They raise the zone to one tier above its base."""
    found: dict[str, str] = {}
    base = zone.base
    if base is Tier.NORMAL:
        return found
    rules, usual = zone.rules, zone.usual if zone.usual.seconds >= USUAL_KNOWN_S else Usual()
    if base >= Tier.YELLOW and rules.kind not in _STANDING:
        limit = stall_limit(usual)
        moving = rules.kind is ZoneKind.STEPS or rules.one_way or (usual.speed is not None and usual.speed >= 0.4)
        if moving and _held(zone, now, STALL_S, lambda move: move.speed, lambda speed: speed <= limit * 100):
            found["stall"] = f"stall: no quicker than {limit:.2g} m/s for {STALL_S} s, at {base.label} by density"
    counted = rules.kind is ZoneKind.STEPS or rules.one_way
    if counted and base >= (Tier.BLUE if rules.one_way else Tier.YELLOW):
        share = rules.motion.counterflow
        if not rules.one_way and base is Tier.YELLOW and usual.counterflow is not None:
            share = max(share, usual.counterflow + NEW_COUNTERFLOW)
        least = share * 1000
        if _held(zone, now, COUNTERFLOW_S, lambda move: move.counterflow, lambda part: part >= least):
            found["counterflow"] = (
                f"counterflow: {share:.0%} or more walk against the others for {COUNTERFLOW_S} s, at {base.label}"
            )
    # Shown only, unless a limit is set: as it is measured it does not tell a crush from two calm flows.
    limit_1_s2 = rules.motion.pressure
    if limit_1_s2 is not None and base >= Tier.ORANGE:
        pressing = limit_1_s2 * 10_000
        if _held(zone, now, PRESSURE_S, lambda move: move.pressure, lambda pressure: pressure >= pressing):
            found["pressure"] = f"pressure: {limit_1_s2:g} 1/s² or more for {PRESSURE_S} s, at {base.label}"
    since, told = zone.low_outflow_since, max((one.at for one in zone.passing), default=0.0)
    lasted = since is not None and told - since >= OUTFLOW_S and gates_fresh(zone, now)
    if base >= Tier.YELLOW and rules.kind not in _STANDING and since is not None and lasted:
        found["outflow"] = (
            f"outflow: under {rules.motion.outflow:g} persons/m/s get out, and more come in, for {now - since:.0f} s, "
            f"at {base.label}"
        )
    return found


def stall_limit(usual: Usual) -> float:
    """m/s at and below which a dense crowd has stalled."""
    return min(STALL_QUICKEST, max(STALL_SLOWEST, STALL_SHARE * (usual.speed or 0.0)))


def motion_known(zone: ZoneState, now: float) -> bool:
    """Whether the last seconds tell anything of motion."""
    return sum(1 for move in zone.moves if move.at > now - STALL_S) >= MIN_READINGS


def cause_known(zone: ZoneState, cause: str, now: float) -> bool:
    """Whether the last seconds tell whether the motion `cause` is there."""
    if cause == "outflow":
        return gates_fresh(zone, now)
    recent = (move for move in zone.moves if move.at > now - STALL_S)
    name = "speed" if cause == "stall" else cause
    return sum(1 for move in recent if getattr(move, name) is not None) >= MIN_READINGS


def _held(
    zone: ZoneState, now: float, window_s: int, value: Callable[[Move], int | None], agrees: Callable[[int], bool]
) -> bool:
    """Whether what is known of the last `window_s` seconds agrees, nearly all of it; each reading stands until the
    next one, at most `stale_s`."""
    hold, start, end = math.ceil(zone.rules.stale_s), int(now // 1) - window_s + 1, int(now // 1) + 1
    seen = agreed = readings = 0
    for move in reversed(zone.moves):
        if move.at >= end:
            continue
        known = value(move)
        if known is None:
            continue
        stood = min(end, move.at + hold) - max(move.at, start)
        end = move.at
        if stood > 0:
            readings += 1
            seen += stood
            agreed += stood if agrees(known) else 0
            if (seen - agreed) * 100 > window_s * (100 - AGREES):
                return False
        if move.at <= start:
            break
    return readings >= MIN_READINGS and seen * 100 >= window_s * COVERED and agreed * 100 >= seen * AGREES
