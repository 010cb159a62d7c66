"""The page's server: on this machine alone unless told otherwise, and only for who holds its key."""

from __future__ import annotations

import asyncio
import functools
import hmac
import json
import secrets
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import uvicorn
from ruamel.yaml.error import YAMLError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from edge.capture.frame import SourceRefused
from levee.calibrate.draft import Draft
from levee.calibrate.session import Session
from levee.calibrate.target import CalibrateRefused
from levee.calibrate.words import kinds, said
from models import WeightsRefused

STATIC = Path(__file__).parent / "static"
MAX_BODY = 1_000_000
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
#: Requests that change or count something bear it: a page from elsewhere cannot set it.
MARK = "x-levee-calibrate"
T = TypeVar("T", bound=msgspec.Struct)


class Asked(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the page sends: its draft, and what it wants done."""

    draft: Draft
    language: str = "en"
    time_s: float | None = None
    replace: bool = False


def make_app(session: Session, key: str) -> Starlette:
    """The page of one session; nothing is answered without `key`, which the first visit turns into a cookie."""

    def welcome(request: Request) -> bool:
        given = request.cookies.get(_cookie(request)) or request.query_params.get("key", "")
        return hmac.compare_digest(given.encode(), key.encode())

    def guarded(
        act: Callable[[Request], Awaitable[Response]],
    ) -> Callable[[Request], Awaitable[Response]]:
        @functools.wraps(act)
        async def answer(request: Request) -> Response:
            if not welcome(request):
                response: Response = HTMLResponse("open the address that `levee calibrate` printed\n", 403)
            elif request.method == "POST" and request.headers.get(MARK) != "1":
                response = HTMLResponse("this is asked by the page alone\n", 403)
            else:
                response = await act(request)
            response.headers.update(HEADERS)
            return response

        return answer

    async def front(request: Request) -> Response:
        if "key" in request.query_params:
            moved = RedirectResponse("/", 303)
            moved.set_cookie(_cookie(request), key, httponly=True, samesite="strict")
            return moved
        return HTMLResponse((STATIC / "calibrate.html").read_text(encoding="utf-8"))

    async def start(request: Request) -> Response:
        target = session.target
        return JSONResponse(
            {
                "source": session.watch.label,
                "live": session.watch.live,
                "duration_s": session.watch.duration_s,
                "time_s": session.time_s,
                "frame": session.number,
                "box_file": str(target.box_file),
                "site_file": str(target.site_file),
                "box_there": target.box is not None,
                "site_there": target.site is not None,
                "hidden_source": target.source[1] if target.source[0] == "source_from_env" else "",
                "other_zones": [zone.name for zone in target.site.zones] if target.site is not None else [],
                "kinds": kinds(),
                "draft": msgspec.to_builtins(session.draft),
            }
        )

    async def frame(request: Request) -> Response:
        return Response(session.picture("drawn" in request.query_params), media_type="image/jpeg")

    async def judged(request: Request) -> Response:
        asked = await _asked(request)
        verdict = (await run_in_threadpool(session.judge, asked.draft)).verdict
        return _answer(verdict, asked.language)

    async def turn(request: Request) -> Response:
        asked = await _asked(request)
        await run_in_threadpool(session.turn, asked.time_s or 0.0)
        return JSONResponse({"time_s": session.time_s, "frame": session.number})

    async def look(request: Request) -> Response:
        asked = await _asked(request)
        return _answer(await run_in_threadpool(session.look, asked.draft, asked.time_s), asked.language)

    async def save(request: Request) -> Response:
        asked = await _asked(request)
        saved = await run_in_threadpool(session.save, asked.draft, asked.replace)
        return JSONResponse(
            {
                "ask": [str(file) for file in saved.ask],
                "faults": [said(line, asked.language) for line in saved.faults],
                "warnings": [said(line, asked.language) for line in saved.warnings],
                "written": [str(file) for file in saved.written],
            }
        )

    async def refused(request: Request, error: Exception) -> Response:
        line = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
        return JSONResponse({"error": " ".join(line.split())}, 400, headers=HEADERS)

    routes: list[Any] = [
        Route("/", guarded(front)),
        Route("/start", guarded(start)),
        Route("/frame.jpg", guarded(frame)),
        *(
            Route(path, guarded(act), methods=["POST"])
            for path, act in (("/judge", judged), ("/turn", turn), ("/look", look), ("/save", save))
        ),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    known = (msgspec.ValidationError, SourceRefused, CalibrateRefused, WeightsRefused, YAMLError, OSError, _TooLarge)
    handlers: dict[Any, Any] = dict.fromkeys(known, refused)
    return Starlette(routes=routes, exception_handlers=handlers)


class _TooLarge(ValueError):
    """A body that no page sends."""


def _cookie(request: Request) -> str:
    """Cookies do not know ports: two pages on one machine must not take each other's."""
    return f"levee-calibrate-{request.url.port or 80}"


async def _asked(request: Request) -> Asked:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise _TooLarge("too much was sent at once")
    return msgspec.json.decode(body, type=Asked)


def _answer(found: object, language: str) -> Response:
    plain = msgspec.to_builtins(found)
    _translate(plain, language)
    return Response(json.dumps(plain, ensure_ascii=False), media_type="application/json")


def _translate(plain: Any, language: str) -> None:
    """Sentences of refusals, wherever they stand."""
    if isinstance(plain, dict):
        for key, value in plain.items():
            if key in ("line", "refusal") and isinstance(value, str):
                plain[key] = said(value, language)
            else:
                _translate(value, language)
    elif isinstance(plain, list):
        for item in plain:
            _translate(item, language)


class PageRefused(ValueError):
    """The page cannot listen where it should."""


def listen(host: str, port: int) -> socket.socket:
    """A socket at the address; PageRefused with one line where it is taken. Port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(64)
    except OSError as error:
        made.close()
        raise PageRefused(f"the page cannot listen at {host}, port {port}: {error.strerror or error}") from None
    return made


def serve(session: Session, sock: socket.socket, key: str, stop: threading.Event) -> None:
    """Until `stop`."""
    config = uvicorn.Config(make_app(session, key), log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)

    async def run() -> None:
        task = asyncio.create_task(server.serve(sockets=[sock]))
        while not stop.is_set() and not task.done():
            await asyncio.sleep(0.1)
        server.should_exit = True
        await task

    # Signals are the command's own.
    server.capture_signals = _no_signals  # type: ignore[method-assign]
    asyncio.run(run())


def _no_signals() -> Any:
    import contextlib

    return contextlib.nullcontext()


def new_key() -> str:
    return secrets.token_urlsafe(18)
