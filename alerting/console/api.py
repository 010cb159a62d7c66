"""The HTTP API, its reading half: everything under /api/v1 that changes nothing."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi import Path as InPath

from alerting.console import shapes
from alerting.console.context import Console, address_of, console_of
from alerting.console.guard import need
from alerting.console.roles import Role, Who
from alerting.duty.rota import on_duty
from alerting.duty.settings import DutySettings, Unit
from alerting.record.browse import ChangeRow, IncidentRow, Place
from wire.names import NAME_PATTERN

router = APIRouter(prefix="/api/v1", responses=shapes.refusals(400, 401, 403, 413, 422, 429, 503))
public = APIRouter(prefix="/api/v1", responses=shapes.refusals(400, 404, 413, 422, 429))

Viewer = Annotated[Who, Depends(need(Role.VIEW))]
Name = Annotated[str, InPath(pattern=shapes.NAME, max_length=63)]
Cursor = Annotated[str | None, Query(max_length=200, description="The `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
NameQuery = Annotated[str, Query(pattern=f"{shapes.NAME}|^$", max_length=63)]
assert NAME_PATTERN.startswith(shapes.NAME)


def cursor_of(*parts: str) -> str:
    return base64.urlsafe_b64encode("\n".join(parts).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, number: int) -> list[str] | None:
    """The parts of a cursor; 400 for one that we did not make."""
    if cursor is None:
        return None
    try:
        parts = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split("\n")
    except (binascii.Error, ValueError):
        parts = []
    if len(parts) != number:
        raise HTTPException(400, detail=("cursor", "this is no cursor of ours: take `next` as it was given"))
    return parts


def place_of(cursor: str | None) -> Place | None:
    parts = read_cursor(cursor, 2)
    if parts is None:
        return None
    try:
        at = float.fromhex(parts[0])
    except (ValueError, OverflowError):
        at = float("nan")
    if not 0 <= at < 1e11 or len(parts[1]) > 40 or not parts[1].isalnum():
        raise HTTPException(400, detail=("cursor", "this is no cursor of ours: take `next` as it was given"))
    return Place(at, parts[1])


@router.get("/me", operation_id="me")
async def me(viewer: Viewer) -> shapes.Me:
    """Whose session or token this is."""
    mine = viewer.account
    return shapes.Me.model_validate(
        {"name": mine.name, "title": mine.title, "role": viewer.role.label, "person": mine.person}
    )


@router.get("/health", operation_id="health")
async def health(request: Request, viewer: Viewer) -> shapes.Health:
    """How the service itself fares."""
    feed = console_of(request).feed
    return shapes.Health.model_validate(feed.live.health(feed.steady()))


@router.get("/zones", operation_id="zones")
async def zones(
    request: Request,
    viewer: Viewer,
    site: NameQuery = "",
    tier: Annotated[shapes.TierWord | None, Query(description="Only zones of this tier.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> shapes.Zones:
    """Every zone as it is now, in the order of its name."""
    feed = console_of(request).feed
    after = (read_cursor(cursor, 1) or [""])[0]
    found = sorted(feed.live.zones(feed.steady()), key=lambda zone: str(zone["id"]))
    found = [zone for zone in found if (not site or zone["site"] == site) and (tier is None or zone["tier"] == tier)]
    found = [zone for zone in found if zone["id"] > after]
    more = cursor_of(found[limit - 1]["id"]) if len(found) > limit else None
    return shapes.Zones.model_validate({"items": found[:limit], "next": more})


@router.get("/zones/{site}/{zone}", operation_id="zone", responses=shapes.refusals(404))
async def zone(request: Request, viewer: Viewer, site: Name, zone: Name) -> shapes.Zone:
    feed = console_of(request).feed
    for one in feed.live.zones(feed.steady()):
        if one["id"] == f"{site}/{zone}":
            return shapes.Zone.model_validate(one)
    raise HTTPException(404, detail=("no-zone", "there is no such zone"))


@router.get("/zones/{site}/{zone}/history", operation_id="history", responses=shapes.refusals(404))
async def history(
    request: Request,
    viewer: Viewer,
    site: Name,
    zone: Name,
    hours: Annotated[float, Query(gt=0, le=48, allow_inf_nan=False)] = 3,
) -> shapes.History:
    """The last hours: density and people with their bands, tiers, thresholds, and what is foreseen."""
    console = console_of(request)
    if console.zone(site, zone) is None:
        raise HTTPException(404, detail=("no-zone", "there is no such zone"))
    now = console.clock()
    columns = await console.read(console.feed.history.of, (site, zone), now, hours)
    begins = now - min(hours, console.settings.history_hours) * 3600
    rows = await console.read(lambda: console.door.record.changes(500, site=site, zone=zone, since=begins))
    older = await console.read(lambda: console.door.record.changes(1, Place(begins, ""), site, zone))
    view = console.feed.live.view
    known = next((one for one in view.zones if (one.site, one.zone) == (site, zone)), None) if view else None
    ahead = [
        {"minutes": one.minutes, "value": one.density.value, "low": one.density.low, "high": one.density.high}
        for one in (known.ahead if known is not None else ())
    ]
    levels = known.thresholds if known is not None else None
    return shapes.History.model_validate(
        {
            "now": now,
            **columns,
            "tiers": _strip(rows, older, begins),
            "thresholds": {name: getattr(levels, name) for name in levels.__struct_fields__} if levels else None,
            "ahead": ahead,
        }
    )


def _strip(rows: list[ChangeRow], older: list[ChangeRow], begins: float) -> list[dict[str, object]]:
    """Which tier was in force from when on, oldest first. Nothing is said of the time before the record began."""
    strip = [{"at": begins, "tier": row.to_tier, "held": row.what == "held"} for row in older]
    for row in reversed(rows):
        held = row.what == "held" or (row.what == "settings" and bool(strip) and bool(strip[-1]["held"]))
        strip.append({"at": row.at, "tier": row.to_tier, "held": held})
    return strip


@router.get("/changes", operation_id="changes")
async def changes(
    request: Request,
    viewer: Viewer,
    site: NameQuery = "",
    zone: NameQuery = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> shapes.Changes:
    """Tier changes and what else happened to zones, newest first."""
    console, place = console_of(request), place_of(cursor)
    rows = await console.read(lambda: console.door.record.changes(limit + 1, place, site, zone))
    more = cursor_of(rows[limit - 1].at.hex(), rows[limit - 1].id) if len(rows) > limit else None
    return shapes.Changes.model_validate({"items": [change(row) for row in rows[:limit]], "next": more})


def change(row: ChangeRow) -> dict[str, object]:
    fields = ("id", "site", "zone", "what", "from_tier", "to_tier", "why")
    return {name: getattr(row, name) for name in fields} | {"at": _time(row.at)}


@router.get("/incidents", operation_id="incidents")
async def incidents(
    request: Request,
    viewer: Viewer,
    state: Annotated[Literal["open", "all"], Query()] = "all",
    site: NameQuery = "",
    zone: NameQuery = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> shapes.Incidents:
    """Incidents, the newest first."""
    console, place = console_of(request), place_of(cursor)
    rows = await console.read(lambda: console.door.record.incidents(limit + 1, place, site, zone, state == "open"))
    more = cursor_of(rows[limit - 1].opened.hex(), rows[limit - 1].id) if len(rows) > limit else None
    return shapes.Incidents.model_validate({"items": [incident(row) for row in rows[:limit]], "next": more})


def incident(row: IncidentRow) -> dict[str, object]:
    times = ("opened", "since", "due", "acknowledged_at")
    plain = ("id", "site", "zone", "phase", "tier", "peak", "alarm", "acknowledged_by", "why")
    return {name: getattr(row, name) for name in plain} | {name: _time(getattr(row, name)) for name in times}


@router.get("/silences", operation_id="silences")
async def silences(request: Request, viewer: Viewer) -> shapes.Silences:
    """Silences that have not ended."""
    view = console_of(request).feed.live.view
    items = [
        {name: getattr(one, name) for name in ("id", "site", "zone", "owner", "reason", "begins", "ends")}
        | {"ceiling": one.ceiling.value, "maintenance": one.maintenance}
        for one in (view.silences if view is not None else ())
    ]
    return shapes.Silences.model_validate({"items": items})


@router.get("/rota", operation_id="rota")
async def rota(
    request: Request,
    viewer: Viewer,
    at: Annotated[datetime | None, Query(description="At which time; now where it is left out.")] = None,
) -> shapes.Rota:
    """Who is on duty, by unit."""
    console = console_of(request)
    moment = at or datetime.fromtimestamp(console.clock(), UTC)
    if moment.tzinfo is None or not 1971 <= moment.year <= 2200:
        raise HTTPException(422, detail=("time", "a time needs an offset, and a year that somebody is on duty in"))
    units = [_on_duty(console.duty, unit, moment) for unit in console.duty.units] if console.duty is not None else []
    return shapes.Rota.model_validate({"at": moment, "units": units})


def _on_duty(duty: DutySettings, unit: Unit, at: datetime) -> dict[str, object]:
    level = unit.level.value if unit.level else ""
    return {"unit": unit.name, "title": unit.title, "level": level, "people": list(on_duty(duty, unit, at))}


@router.get("/cameras", operation_id="cameras")
async def cameras(request: Request, viewer: Viewer) -> shapes.Boxes:
    """Boxes and their cameras, as they last told."""
    feed = console_of(request).feed
    return shapes.Boxes.model_validate({"items": feed.live.cameras(feed.steady())})


@public.get("/board", operation_id="board")
async def board(request: Request) -> shapes.Board:
    """The public board: no account needed; late and coarse on purpose."""
    return shapes.Board.model_validate(board_now(console_of(request), request))


def board_now(console: Console, request: Request) -> dict[str, object]:
    """404 where the settings have no board, 429 where somebody asks too often."""
    if console.feed.board is None:
        raise HTTPException(404, detail=("no-board", "there is no public board here"))
    wait = console.limits.public.wait_s(address_of(request), console.clock())
    if wait > 0:
        raise HTTPException(429, detail=("too-often", "wait a little"), headers={"Retry-After": f"{wait:.0f}"})
    as_of, lines = console.feed.board.lines(console.clock())
    places = [{"name": one.name, "zh": one.zh, "en": one.en, "comfort": one.comfort.value} for one in lines]
    return {"as_of": _time(as_of), "places": places}


def _time(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(round(at, 3), UTC)
