"""The HTTP API, its asking half: what named people ask the service for. The pages' own buttons come through here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi import Path as InPath
from starlette.concurrency import run_in_threadpool

from alerting.console import shapes
from alerting.console.api import Name
from alerting.console.context import Console, address_of, console_of
from alerting.console.guard import need
from alerting.console.roles import Role, Who

router = APIRouter(prefix="/api/v1", responses=shapes.refusals(400, 401, 403, 409, 413, 422, 429, 503))
DutyWho = Annotated[Who, Depends(need(Role.DUTY, action=True))]
InCharge = Annotated[Who, Depends(need(Role.IN_CHARGE, action=True))]
Mark = Annotated[str, InPath(pattern=r"^[0-9a-f]{1,40}$")]

#: What an outcome of the service is over HTTP; `unknown-…` is 404, and everything else 409.
STATUS = {
    "acknowledged": 200,
    "silenced": 200,
    "ended": 200,
    "changed": 200,
    "done": 200,
    "waiting": 202,
    "unknown-person": 403,
    "invalid": 422,
    "no-reason": 422,
}
WAITING: shapes.Refusals = {202: {"model": shapes.Done, "description": "Asked for; no service has taken it yet"}}


async def ask(
    console: Console, who: Who, request: Request, body: dict[str, object], did: str, about: str
) -> shapes.Done:
    """Ask the service, note in the journal what came of it, and answer so."""
    told = await run_in_threadpool(console.door.ask, body)
    good = STATUS.get(told.outcome, 404 if told.outcome.startswith("unknown-") else 409)
    words = did if good == 200 else f"{did}: {told.outcome}"
    console.journal.by(who, words, about, address_of(request))
    if good == 202:
        raise HTTPException(202, detail=(told.outcome, told.words))
    if good != 200:
        raise HTTPException(good, detail=(told.outcome, told.words or told.outcome))
    return shapes.Done(outcome=told.outcome, words=told.words)


@router.post(
    "/incidents/{incident}/acknowledge",
    operation_id="acknowledge",
    responses={**shapes.refusals(404), **WAITING},
)
async def acknowledge(request: Request, who: DutyWho, incident: Mark, body: shapes.Acknowledge) -> shapes.Done:
    """Take an incident in hand, as the person of the duty file whose account this is. Holds for one alarm."""
    console = console_of(request)
    if not who.account.person:
        raise HTTPException(403, detail=("no-person", f"the account {who.account.name} is nobody of the duty file"))
    known = await console.read(lambda: console.door.record.incident_row(incident))
    if known is None:
        raise HTTPException(404, detail=("no-incident", "there is no such incident"))
    wanted: dict[str, object] = {
        "what": "acknowledge",
        "site": known[0],
        "person": who.account.person,
        "incidents": [[incident, body.alarm]],
        "how": "console",
    }
    return await ask(console, who, request, wanted, "acknowledge", f"{known[0]}/{known[1]} {incident}")


@router.post("/silences", operation_id="silence", responses={**shapes.refusals(404), **WAITING})
async def silence(request: Request, who: DutyWho, body: shapes.NewSilence) -> shapes.Done:
    """Keep a zone or a site quiet. Role duty may up to yellow and not for maintenance; above that, role in-charge."""
    console = console_of(request)
    if (body.ceiling == "orange" or body.maintenance) and not who.may(Role.IN_CHARGE):
        raise HTTPException(403, detail=("role", "up to orange, and maintenance, need the role in-charge"))
    if body.zone and console.zone(body.site, body.zone) is None:
        raise HTTPException(404, detail=("unknown-zone", "there is no such zone"))
    wanted: dict[str, object] = {
        "what": "silence",
        "site": body.site,
        "zone": body.zone,
        "owner": who.account.person or who.account.name,
        "reason": body.reason,
        "for_s": body.hours * 3600,
        "ceiling": body.ceiling,
        "maintenance": body.maintenance,
    }
    return await ask(console, who, request, wanted, "silence", f"{body.site}/{body.zone} up to {body.ceiling}")


@router.delete("/silences/{silence}", operation_id="unsilence", responses={**shapes.refusals(404), **WAITING})
async def unsilence(request: Request, who: DutyWho, silence: Mark) -> shapes.Done:
    """End a silence before its time; whoever must be called is called then."""
    wanted: dict[str, object] = {
        "what": "unsilence",
        "silence": silence,
        "person": who.account.person or who.account.name,
    }
    return await ask(console_of(request), who, request, wanted, "unsilence", silence)


@router.put("/zones/{site}/{zone}/thresholds", operation_id="thresholds", responses={**shapes.refusals(404), **WAITING})
async def thresholds(
    request: Request, who: InCharge, site: Name, zone: Name, body: shapes.NewThresholds
) -> shapes.Done:
    """Change a zone's thresholds: in force at once, recorded with name and reason, until the site's file is changed."""
    console = console_of(request)
    if console.zone(site, zone) is None:
        raise HTTPException(404, detail=("unknown-zone", "there is no such zone"))
    wanted: dict[str, object] = {
        "what": "thresholds",
        "site": site,
        "zone": zone,
        "levels": body.levels.model_dump(),
        "person": who.account.person or who.account.name,
        "reason": body.reason,
    }
    return await ask(console, who, request, wanted, "thresholds", f"{site}/{zone}")
