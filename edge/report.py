"""What the box says each tick and in its health, composed from what is known at that moment. Pure."""

from __future__ import annotations

from datetime import datetime

from edge.capture import Report
from edge.capture.states import NOT_OPENED
from edge.counting import Result
from edge.density import Figures
from edge.zone import Zone
from wire import VERSION, CameraHealth, CameraState, Health, Instant, OutboxHealth, State
from wire.readings import MAX_AGE_S, MAX_COUNT, MAX_DENSITY

_LONGEST_REASON = 64
#: What a counter says of a picture that shows nothing: its figures are no evidence that nobody is there.
_SHOWS_NOTHING = ("dark", "blank")


def reading(zone: Zone, camera: Report, result: Result | None, *, now: float, oldest_s: float, method: str) -> Instant:
    """The reading of a zone at `now` (monotonic seconds); unknown where the camera, the count or its age forbid more.

    A count older than `oldest_s` says nothing about now. `method` is what would count, for a reading without a count.
    """
    age_s = min(max(0.0, now - result.captured), MAX_AGE_S) if result is not None else 0.0
    reason = _why_unknown(zone.name, camera, result, age_s, oldest_s)
    if reason or result is None:
        return _unknown(zone, method, reason or "starting")
    figures = result.figures[zone.name]
    if not _plausible(figures):
        return _unknown(zone, result.method, "implausible")
    return Instant(
        zone=zone.name,
        age_s=age_s,
        state=State.DEGRADED if result.reasons else State.GOOD,
        method=result.method,
        reasons=tuple(each[:_LONGEST_REASON] for each in result.reasons),
        saturated=result.saturated,
        calibration=zone.ground.digest,
        count=figures.count,
        area_m2=zone.area_m2,
        density=figures.density,
        peak_density=figures.peak_density,
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
    for each in _SHOWS_NOTHING:
        if each in result.reasons:
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
