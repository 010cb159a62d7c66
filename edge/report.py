"""What the box says each tick and in its health, composed from what is known at that moment. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from edge.capture import Report
from edge.capture.states import NOT_OPENED
from edge.counting import SHOWS_NOTHING, Result
from edge.density import Figures
from edge.drift import View
from edge.gates import Flow, Gate
from edge.zone import Zone
from wire import VERSION, CameraHealth, CameraState, Health, Instant, OutboxHealth, State, Throughput
from wire.readings import MAX_AGE_S, MAX_COUNT, MAX_DENSITY

_LONGEST_REASON = 64
#: The picture no longer lies on the ground where it was measured.
MOVED = "camera-moved"


def reading(
    zone: Zone,
    camera: Report,
    result: Result | None,
    *,
    now: float,
    oldest_s: float,
    method: str,
    lost: tuple[str, ...] = (),
) -> Instant:
    """The reading of a zone at `now` (monotonic seconds); unknown where the camera, the count or its age forbid more.

    A count older than `oldest_s` says nothing about now. `method` is what would count, for a reading without a count.
    `lost` names cameras of the zone that see nothing of it now: with one of several lost, what is left is degraded.
    """
    age_s = min(max(0.0, now - result.captured), MAX_AGE_S) if result is not None else 0.0
    reason = _why_unknown(zone.name, camera, result, age_s, oldest_s)
    if reason or result is None:
        return _unknown(zone, method, reason or "starting")
    figures = result.figures[zone.name]
    if not _plausible(figures):
        return _unknown(zone, result.method, "implausible")
    gone = [*lost, *(each for each in result.lost.get(zone.name, ()) if each not in lost)]
    reasons = [*result.reasons, *(f"camera-lost:{each}" for each in gone)]
    if result.view is View.MOVED:
        reasons.append(MOVED)
    moving = result.moving.get(zone.name)
    return Instant(
        zone=zone.name,
        age_s=age_s,
        state=State.DEGRADED if reasons else State.GOOD,
        method=result.method,
        reasons=tuple(each[:_LONGEST_REASON] for each in reasons),
        saturated=result.saturated,
        calibration=zone.ground.digest,
        count=figures.count,
        area_m2=zone.area_m2,
        density=figures.density,
        peak_density=figures.peak_density,
        speed=None if moving is None else min(moving.speed, 20.0),
        counterflow=None if moving is None else moving.counterflow,
        pressure=None if moving is None or moving.pressure is None else min(moving.pressure, 100.0),
        direction=None if moving is None else moving.direction,
        stop_and_go=None if moving is None or moving.stop_and_go is None else min(moving.stop_and_go, 60.0),
    )


def best_camera(
    views: Iterable[str], cameras: dict[str, Report], results: dict[str, Result]
) -> tuple[str, tuple[str, ...]]:
    """Of the cameras that see a zone, the one whose count is the newest among those that are live, and the names of
    those that are not; with one camera, that one and nothing lost."""
    names = list(views)
    live = [name for name in names if cameras[name].track.state is CameraState.LIVE]
    counted = [name for name in live if name in results and not results[name].refusal]
    chosen = max(counted, key=lambda name: results[name].captured, default=(live or names)[0])
    if len(names) == 1 or not live:
        return chosen, ()
    return chosen, tuple(name for name in names if name not in live)


def passing(
    gate: Gate, camera: Report, result: Result | None, flow: Flow | None, *, now: float, oldest_s: float, method: str
) -> Throughput:
    """What a gate says at `now`; unknown where the camera is, where it was moved, or where too little was seen."""
    reason = ""
    if camera.track.refusal == NOT_OPENED or (result is None and camera.track.state is CameraState.LIVE):
        reason = "starting"
    elif camera.track.state is not CameraState.LIVE:
        reason = f"camera-{camera.track.state.value}"
    elif result is None or now - result.captured > oldest_s:
        reason = "count-late"
    elif result.refusal:
        reason = result.refusal
    elif flow is None:
        reason = "motion-unknown"
    if reason or flow is None or result is None:
        return Throughput(
            zone=gate.name,
            age_s=0.0,
            state=State.UNKNOWN,
            method=method,
            reasons=(reason or "motion-unknown",),
            calibration=gate.ground.digest,
            interval_s=gate.interval_s,
        )
    reasons = [*result.reasons, *((MOVED,) if result.view is View.MOVED else ())]
    return Throughput(
        zone=gate.name,
        age_s=min(max(0.0, now - result.captured), MAX_AGE_S),
        state=State.DEGRADED if reasons else State.GOOD,
        method=f"flow:{result.method}"[:80],
        reasons=tuple(each[:_LONGEST_REASON] for each in reasons),
        calibration=gate.ground.digest,
        interval_s=flow.interval_s,
        inflow=min(flow.inflow, MAX_COUNT),
        outflow=min(flow.outflow, MAX_COUNT),
    )


def health(
    *,
    site: str,
    box: str,
    session: str,
    sent: datetime,
    cameras: dict[str, Report],
    outbox: OutboxHealth,
    temperature_c: float | None,
) -> Health:
    """The health of the box."""
    return Health(
        version=VERSION,
        site=site,
        box=box,
        session=session,
        sent=sent,
        cameras=tuple(
            CameraHealth(
                camera=name,
                state=report.track.state,
                reason=report.track.reason[:400],
                frames=report.frames,
                dropped=report.dropped,
                frame_age_s=report.frame_age_s,
            )
            for name, report in cameras.items()
        ),
        outbox=outbox,
        temperature_c=temperature_c,
    )


def _why_unknown(zone: str, camera: Report, result: Result | None, age_s: float, oldest_s: float) -> str:
    state = camera.track.state
    if camera.track.refusal == NOT_OPENED:
        return "starting"
    if state is not CameraState.LIVE:
        return f"camera-{state.value}"
    if result is None:
        return "starting"
    if result.refusal:
        return result.refusal
    if age_s > oldest_s:
        return "count-late"
    for each in result.reasons:
        if each in SHOWS_NOTHING:
            return f"picture-{each}"
    return "" if zone in result.figures else "not-counted"


def _unknown(zone: Zone, method: str, reason: str) -> Instant:
    return Instant(
        zone=zone.name,
        # That nothing is known is said of now, however old the last picture is.
        age_s=0.0,
        state=State.UNKNOWN,
        method=method,
        reasons=(reason,),
        calibration=zone.ground.digest,
    )


def _plausible(figures: Figures) -> bool:
    return (
        figures.count.high <= MAX_COUNT and figures.density <= MAX_DENSITY and figures.peak_density.value <= MAX_DENSITY
    )
