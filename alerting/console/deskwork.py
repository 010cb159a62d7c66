"""The duty desk in the console: steps of plans, hazards, events and the drill under way; by page and by HTTP API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request
from fastapi import Path as InPath
from starlette.responses import Response

from alerting.console import deskshapes, shapes
from alerting.console.acts import WAITING, DutyWho, InCharge, ask
from alerting.console.api import Name, Viewer
from alerting.console.context import console_of
from alerting.console.deskview import shown_task, state_of, tasks_of
from alerting.console.pages import render, viewer
from alerting.console.roles import Who
from alerting.desk.state import HazardState, Task
from alerting.record.engine import RecordAway, RecordRefused
from wire import Tier

router = APIRouter()
Mark = Annotated[str, InPath(pattern=r"^[0-9a-f]{1,40}$")]
REFUSALS: shapes.Refusals = {**shapes.refusals(400, 401, 403, 404, 409, 413, 422, 429, 503), **WAITING}


@router.get("/api/v1/desk", operation_id="desk", responses=REFUSALS)
async def desk(request: Request, viewer: Viewer) -> deskshapes.Desk:
    """Steps, hazards, events and the drill under way; empty where the service has no desk."""
    state = await state_of(console_of(request))
    drill = state.drill if state is not None else None
    return deskshapes.Desk.model_validate(
        {
            "tasks": [_task(one) for one in tasks_of(state)],
            "hazards": [_hazard(one) for one in (state.hazards.values() if state else ())],
            "events": [_event(one) for one in (state.occasions.values() if state else ())],
            "drill": {"name": drill.name, "site": drill.site, "begun": _time(drill.begun), "by": drill.by}
            if drill is not None
            else None,
        }
    )


def _task(one: Task) -> dict[str, Any]:
    fields = ("id", "incident", "site", "zone", "plan", "zh", "en", "owner", "to", "by", "drill")
    told = {name: getattr(one, name) for name in fields}
    return told | {"tier": Tier(one.tier).label, "state": one.state.value, "due": _time(one.due)}


def _hazard(one: Any) -> dict[str, Any]:
    fields = ("id", "site", "zone", "owner", "words", "listed", "evidence")
    told = {name: getattr(one, name) for name in fields}
    words = {"kind": one.kind.value, "level": one.level.value, "state": one.state.value}
    return told | words | {"opened": _time(one.opened), "deadline": _time(one.deadline)}


def _event(one: Any) -> dict[str, Any]:
    facts = {name: getattr(one.facts, name) for name in ("title", "site", "begins", "ends", "expected")}
    flags = {name: getattr(one, name) for name in ("name", "stale", "cancelled", "begun", "ended")}
    return facts | flags | {"assessed": one.assessed is not None and not one.stale}


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(round(at, 3), UTC)


# What people ask for


def _person(who: Who) -> str:
    if not who.account.person:
        raise HTTPException(403, detail=("no-person", f"the account {who.account.name} is nobody of the duty file"))
    return who.account.person


@router.post("/api/v1/tasks/{task}/done", operation_id="step_done", responses=REFUSALS)
async def step_done(request: Request, who: DutyWho, task: Mark, body: deskshapes.StepDone) -> shapes.Done:
    """A step of a plan is done, or does not apply (`waived`)."""
    what = "step-waived" if body.waived else "step-done"
    wanted: dict[str, object] = {"what": what, "task": task, "person": _person(who), "words": body.words}
    return await ask(console_of(request), who, request, wanted, what, task)


@router.post("/api/v1/hazards", operation_id="open_hazard", responses=REFUSALS)
async def open_hazard(request: Request, who: DutyWho, body: deskshapes.NewHazard) -> shapes.Done:
    """Put a hazard into the register, with a unit that answers for it."""
    console = console_of(request)
    if not any(site.site == body.site for site in console.sites) or (
        body.zone and console.zone(body.site, body.zone) is None
    ):
        raise HTTPException(404, detail=("unknown-zone", "there is no such zone"))
    if console.duty is None or console.duty.unit(body.owner) is None:
        raise HTTPException(404, detail=("unknown-unit", "there is no such unit"))
    wanted: dict[str, object] = {"what": "hazard-open", "person": _person(who), **body.model_dump()}
    return await ask(console, who, request, wanted, "hazard-open", body.words)


@router.post("/api/v1/hazards/{hazard}/close", operation_id="close_hazard", responses=REFUSALS)
async def close_hazard(request: Request, who: InCharge, hazard: Mark, body: deskshapes.Evidence) -> shapes.Done:
    """Close a hazard, with evidence; it is looked at again later."""
    wanted: dict[str, object] = {
        "what": "hazard-close",
        "hazard": hazard,
        "person": _person(who),
        "evidence": body.evidence,
    }
    return await ask(console_of(request), who, request, wanted, "hazard-close", hazard)


@router.post("/api/v1/hazards/{hazard}/recheck", operation_id="recheck_hazard", responses=REFUSALS)
async def recheck_hazard(request: Request, who: InCharge, hazard: Mark, body: deskshapes.Rechecked) -> shapes.Done:
    """Whether a closed hazard is still sound (`holds`); otherwise it is open again."""
    wanted: dict[str, object] = {
        "what": "hazard-recheck",
        "hazard": hazard,
        "person": _person(who),
        **body.model_dump(),
    }
    return await ask(console_of(request), who, request, wanted, "hazard-recheck", hazard)


@router.post("/api/v1/events/{event}/assess", operation_id="assess_event", responses=REFUSALS)
async def assess_event(request: Request, who: InCharge, event: Name, body: deskshapes.Approved) -> shapes.Done:
    """Approve the risk assessment of an event as it is planned now."""
    wanted: dict[str, object] = {"what": "event-assess", "event": event, "person": _person(who), "words": body.words}
    return await ask(console_of(request), who, request, wanted, "event-assess", event)


@router.delete("/api/v1/drill", operation_id="end_drill", responses=REFUSALS)
async def end_drill(request: Request, who: InCharge) -> shapes.Done:
    """End the drill under way."""
    wanted: dict[str, object] = {"what": "drill-end", "person": _person(who), "why": "ended in the console"}
    return await ask(console_of(request), who, request, wanted, "drill-end", "")


# The page


@router.get("/desk", include_in_schema=False)
async def desk_page(request: Request) -> Response:
    console, found = console_of(request), await viewer(request)
    if isinstance(found, Response):
        return found
    try:
        state, away = await state_of(console), False
    except (RecordAway, RecordRefused):
        state, away = None, True
    hazards = sorted(
        state.hazards.values() if state is not None else (),
        key=lambda one: (one.state is not HazardState.OPEN, one.deadline),
    )
    called = console.feed.live.called
    units = {unit.name: unit.title for unit in console.duty.units} if console.duty is not None else {}
    return render(
        request,
        "desk.html",
        found,
        configured=console.desk is not None,
        away=away,
        drill=state.drill if state is not None else None,
        tasks=[shown_task(console, task) for task in tasks_of(state)[:100]],
        hazards=[
            {"one": one, "deadline": console.local(one.deadline, one.site), "unit": units.get(one.owner, one.owner)}
            for one in hazards[:100]
        ],
        events=list(state.occasions.values()) if state is not None else [],
        units=units,
        called=called,
    )
