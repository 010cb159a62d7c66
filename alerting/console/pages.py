"""The pages. They are made here, and kept fresh by the live feed; what their buttons ask for goes through the API."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, HTTPException, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from alerting.console.api import board_now, cursor_of, place_of
from alerting.console.context import Console, address_of, console_of
from alerting.console.deskview import shown_task, state_of, tasks_of
from alerting.console.guard import check_forgery, cookie_name, same_origin, who
from alerting.console.reasons import reason
from alerting.console.roles import Role, Who
from alerting.console.rotas import chains, gaps_ahead, units_now
from alerting.console.words import LANGUAGES, choose, words
from alerting.desk.state import DeskState, TaskState
from alerting.record.browse import ChangeRow, IncidentRow
from alerting.record.engine import RecordAway, RecordRefused
from alerting.settings import SiteSettings, TierWord
from wire import Tier

router = APIRouter(include_in_schema=False)
FOLDER = Path(__file__).parent
_pages = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.filters["reason"] = reason
THEMES = ("dark", "bright")
YEAR_S = 31_536_000
#: Rows of a list on one page.
ROWS = 50


def render(request: Request, template: str, found: Who | None, status: int = 200, **values: Any) -> HTMLResponse:
    """A page, in the language and colours of this browser."""
    console = console_of(request)
    language = choose(
        request.cookies.get("levee-language"), request.headers.get("accept-language", ""), console.settings.language
    )
    theme = request.cookies.get("levee-theme")
    page = _pages.get_template(template).render(
        t=words(language),
        language=language,
        theme=theme if theme in THEMES else "dark",
        who=found,
        Role=Role,
        path=request.url.path,
        now=console.local(console.clock()),
        has_board=console.feed.board is not None,
        sites=console.sites,
        **values,
    )
    return HTMLResponse(page, status)


async def viewer(request: Request) -> Who | Response:
    """Who looks; a way to the log-in for nobody."""
    found = await who(request)
    if found is not None:
        return found
    to = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?to={quote(to, safe='')}", 303)


def local_path(to: str) -> str:
    """`to` where it is a page of ours; the wall for everything else."""
    plain = to.startswith("/") and not to.startswith("//") and "\\" not in to and to.isprintable()
    return to if plain and len(to) < 500 else "/"


async def form(request: Request) -> dict[str, str]:
    """The fields of a form of ours, the first of each name; 400 where it is none."""
    try:
        fields = parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        raise HTTPException(400, detail=("form", "this is no form of ours")) from None
    return {name: values[0] for name, values in fields.items()}


# In and out


@router.get("/login")
async def log_in_page(request: Request, to: str = "/", over: str = "") -> Response:
    return render(request, "login.html", None, to=local_path(to), wrong="", name="", over=bool(over))


@router.post("/login")
async def log_in(request: Request) -> Response:
    console, address, now = console_of(request), address_of(request), console_of(request).clock()
    said = await form(request)
    name, password, to = said.get("name", "").strip()[:63], said.get("password", ""), local_path(said.get("to", "/"))
    if not same_origin(request):
        raise HTTPException(403, detail=("forged", "this did not come from a page of the console: load it again"))
    limits = console.limits
    wait = max(limits.by_address.wait_s(address, now), limits.by_name.wait_s(name, now))
    if wait > 0:
        page = render(request, "login.html", None, 429, to=to, wrong="often", name=name, over=False, wait=round(wait))
        page.headers["Retry-After"] = f"{wait:.0f}"
        return page
    async with limits.hashing:
        account = await run_in_threadpool(console.accounts.check, name, password)
    if account is None:
        known = await run_in_threadpool(console.accounts.get, name)
        # What stands in the field of the name may be a password: only names that there are go into the record.
        console.journal.note(name if known is not None else "unknown", "log-in failed", "", address)
        return render(request, "login.html", None, 401, to=to, wrong="wrong", name=name, over=False)
    limits.by_name.forget(name)
    limits.by_address.give_back(address)
    secret, _ = await run_in_threadpool(console.sessions.begin, account, address, now)
    console.journal.note(account.name, "log-in", account.role.label, address)
    answer = RedirectResponse(to, 303)
    secure = console.settings.secure
    answer.set_cookie(
        cookie_name(secure),
        secret,
        max_age=round(console.sessions.lasts_s(account.role)),
        httponly=True,
        samesite="strict",
        secure=secure,
    )
    return answer


@router.post("/logout")
async def log_out(request: Request) -> Response:
    console, found = console_of(request), await who(request)
    if found is not None and found.via == "session":
        check_forgery(request, found, (await form(request)).get("csrf", ""))
        await run_in_threadpool(console.sessions.end, found.session)
        console.journal.by(found, "log-out", "", address_of(request))
    answer = RedirectResponse("/login", 303)
    secure = console.settings.secure
    answer.delete_cookie(cookie_name(secure), httponly=True, samesite="strict", secure=secure)
    return answer


@router.get("/prefer")
async def prefer(request: Request, to: str = "/", language: str = "", theme: str = "") -> Response:
    """Language and colours of this browser; no secret, so a plain link may set them."""
    answer = RedirectResponse(local_path(to), 303)
    for name, value, known in (("language", language, LANGUAGES), ("theme", theme, THEMES)):
        if value in known:
            secure = console_of(request).settings.secure
            answer.set_cookie(f"levee-{name}", value, max_age=YEAR_S, samesite="lax", secure=secure)
    return answer


# Pages


@router.get("/")
async def wall(request: Request) -> Response:
    found = await viewer(request)
    if isinstance(found, Response):
        return found
    return render(request, "wall.html", found, plans=[_plan(site) for site in console_of(request).sites])


def _plan(site: SiteSettings) -> dict[str, Any]:
    """Outlines of the zones of a site, for its plan."""
    zones = [{"id": f"{site.site}/{one.name}", "title": one.title, "outline": one.outline} for one in site.zones]
    return {"site": site.site, "title": site.title, "zones": [one for one in zones if one["outline"]]}


@router.get("/zones/{site}/{zone}")
async def zone(request: Request, site: str, zone: str) -> Response:
    console, found = console_of(request), await viewer(request)
    if isinstance(found, Response):
        return found
    known = console.zone(site, zone)
    if known is None:
        raise HTTPException(404, detail=("no-zone", "there is no such zone"))
    rows, away = await _read(console, lambda: console.door.record.changes(ROWS, site=site, zone=zone))
    state, _ = await _read_desk(console)
    tiers: tuple[TierWord, ...] = ("blue", "yellow", "orange", "red")
    plans = {tier: known[1].plan.get(tier) or known[0].plan.get(tier) or () for tier in tiers}
    return render(
        request,
        "zone.html",
        found,
        site=known[0],
        zone=known[1],
        plans=plans,
        tasks=[shown_task(console, task) for task in tasks_of(state, site, zone) if task.state is not TaskState.LAPSED],
        away=away,
        rows=[_row(console, row) for row in rows or ()],
        hours=[hours for hours in (1, 3, 6, 12, 24, 48) if hours <= console.settings.history_hours],
    )


def _row(console: Console, row: ChangeRow | IncidentRow) -> dict[str, Any]:
    titles = console.zone(row.site, row.zone)
    return {
        "row": row,
        "at": console.local(row.opened if isinstance(row, IncidentRow) else row.at, row.site),
        "title": titles[1].title if titles else row.zone,
        "site_title": titles[0].title if titles else row.site,
    }


@router.get("/incidents")
async def incidents(request: Request, before: str | None = None) -> Response:
    console, found = console_of(request), await viewer(request)
    if isinstance(found, Response):
        return found
    place = place_of(before)
    past, away = await _read(console, lambda: console.door.record.incidents(ROWS + 1, place))
    listed = past or []
    live = console.feed.live
    named = {one.id: live.called(one.acknowledged_by) for one in live.view.incidents} if live.view is not None else {}
    shown = [
        {
            **_row(console, row),
            "who": named.get(row.id) or row.acknowledged_by,
            "when": console.local(row.acknowledged_at, row.site) if row.acknowledged_at else None,
            "open": row.phase != "closed",
        }
        for row in sorted(listed[:ROWS], key=_worst_first)
    ]
    more = cursor_of(listed[ROWS - 1].opened.hex(), listed[ROWS - 1].id) if len(listed) > ROWS else None
    return render(request, "incidents.html", found, rows=shown, more=more, first=before is None, away=away)


def _worst_first(row: IncidentRow) -> tuple[bool, int, float]:
    """The open ones by tier, the others as they came."""
    opened = row.phase != "closed"
    return not opened, -Tier.from_label(row.tier) if opened else 0, -row.opened


@router.get("/rota")
async def rota(request: Request) -> Response:
    console, found = console_of(request), await viewer(request)
    if isinstance(found, Response):
        return found
    duty, now = console.duty, datetime.fromtimestamp(console.clock(), UTC)
    if duty is None:
        return render(request, "rota.html", found, units=None, chains=(), gaps=())
    async with console.limits.heavy:
        units = await run_in_threadpool(units_now, duty, now)
        called = await run_in_threadpool(chains, duty, console.sites, now)
        empty = await run_in_threadpool(gaps_ahead, duty, now)
    return render(request, "rota.html", found, units=units, chains=called, gaps=empty)


@router.get("/silences")
async def silences(request: Request) -> Response:
    console, found = console_of(request), await viewer(request)
    if isinstance(found, Response):
        return found
    live = console.feed.live
    shown = [
        {
            "one": one,
            "owner": live.called(one.owner),
            "titles": console.zone(one.site, one.zone),
            "site_title": next((site.title for site in console.sites if site.site == one.site), one.site),
        }
        for one in (live.view.silences if live.view is not None else ())
    ]
    return render(request, "silences.html", found, silences=shown)


@router.get("/settings")
async def settings(request: Request) -> Response:
    console, found = console_of(request), await viewer(request)
    if isinstance(found, Response):
        return found
    view = console.feed.live.view
    known = {(one.site, one.zone): one.thresholds for one in view.zones} if view is not None else {}
    zones = [
        {"site": site, "zone": one, "levels": known.get((site.site, one.name)) or one.rules().density}
        for site in console.sites
        for one in site.zones
    ]
    rows, away = await _read(console, lambda: console.door.record.changes(20, what="settings"))
    return render(
        request, "settings.html", found, zones=zones, away=away, rows=[_row(console, row) for row in rows or ()]
    )


@router.get("/cameras")
async def cameras(request: Request) -> Response:
    console, found = console_of(request), await viewer(request)
    if isinstance(found, Response):
        return found
    return render(request, "cameras.html", found, boxes=console.feed.live.cameras(console.feed.steady()))


@router.get("/accounts")
async def accounts(request: Request) -> Response:
    console, found = console_of(request), await viewer(request)
    if isinstance(found, Response):
        return found
    if not found.may(Role.ADMIN):
        raise HTTPException(403, detail=("role", "this needs the role admin"))
    listed = await run_in_threadpool(console.accounts.all)
    tokens = await run_in_threadpool(console.sessions.tokens)
    counts = {one.name: console.sessions.count(one.name, console.clock()) for one in listed}
    people = [(one.name, one.title) for one in console.duty.people] if console.duty is not None else []
    return render(
        request,
        "accounts.html",
        found,
        accounts=listed,
        counts=counts,
        people=people,
        tokens=[
            {
                "one": one,
                "ends": console.local(one.ends),
                "used": console.local(one.used) if one.used is not None else None,
            }
            for one in tokens
        ],
    )


@router.get("/board")
async def board(request: Request) -> Response:
    """The public board as a page: no account, no script."""
    console = console_of(request)
    said = board_now(console, request)
    as_of = said["as_of"]
    shown = as_of.astimezone(console.place()) if isinstance(as_of, datetime) else None
    settings = console.settings.board
    page = render(request, "board.html", None, as_of=shown, places=said["places"])
    page.headers["Refresh"] = str(max(15, settings.step_s if settings is not None else 60))
    return page


async def _read_desk(console: Console) -> tuple[DeskState | None, bool]:
    try:
        return await state_of(console), False
    except (RecordAway, RecordRefused):
        return None, True


async def _read(console: Console, function: Any) -> tuple[Any, bool]:
    """What the record says, and whether it is away: a page is shown all the same."""
    try:
        return await console.read(function), False
    except (RecordAway, RecordRefused):
        return None, True
