"""The application: its routes, its refusals, and the live connection of each browser."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request, WebSocket, WebSocketDisconnect
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from alerting.console import acts, admin, api, deskwork, pages
from alerting.console.context import Console, console_of
from alerting.console.feed import Connection
from alerting.console.guard import Guard, same_origin, who
from alerting.console.roles import Who
from alerting.record.engine import RecordAway, RecordRefused

log = logging.getLogger("levee.console")
#: Seconds between two looks whether a session still holds, and until a browser that takes nothing is let go.
LOOK_S, SEND_S = 10.0, 5.0
#: Codes of an end: no session, too many connections, too slow.
NO_SESSION, FULL, SLOW = 4401, 4429, 4408

ABOUT = """
What the console sees, and what people may ask for through it. Send a token: `Authorization: Bearer levee_…`; an admin
makes one on the page of accounts, or with `levee console token`. Lists come in pages: ask again with `cursor` set to
the `next` of the page before. Everything that changes something is recorded with the name of who asked.
"""

live = APIRouter(include_in_schema=False)


def make_app(console: Console, *, start: bool = True) -> FastAPI:
    """The application round `console`; with `start` it begins to listen to the service when it is served."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        if start:
            settings = console.settings
            console.feed.start(settings.state, settings.mqtt)
        try:
            yield
        finally:
            await console.feed.stop()

    app = FastAPI(
        title="Levee console",
        description=ABOUT,
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=life,
        middleware=[Middleware(Guard, secure=console.settings.secure)],
        exception_handlers={
            AnyHTTPException: _refused,
            RequestValidationError: _unfit,
            RecordAway: _away,
            RecordRefused: _away,
        },
    )
    app.state.console = console
    for router in (api.public, api.router, acts.router, admin.router, deskwork.router, pages.router, live):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=pages.FOLDER / "static"), name="static")
    return app


# Refusals: a word and a sentence for programs, a page for people


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, AnyHTTPException)
    detail: Any = error.detail
    word, words = detail if isinstance(detail, tuple) else (str(error.status_code), str(detail))
    headers = dict(error.headers or {})
    if error.status_code == 202:
        return JSONResponse({"outcome": word, "words": words}, 202)
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": word, "words": words}, error.status_code, headers)
    found = await who(request)
    page = pages.render(request, "refused.html", found, error.status_code, code=error.status_code, words=words)
    page.headers.update(headers)
    return page


async def _unfit(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0] if error.errors() else {"loc": (), "msg": "it cannot be read"}
    where = ".".join(str(part) for part in first["loc"][:6])
    words = f"{where}: {first['msg']}"[:300].encode("utf-8", "replace").decode()
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": "invalid", "words": words}, 422)
    return await _refused(request, HTTPException(404, ("no-page", "there is no such page")))


async def _away(request: Request, error: Exception) -> Response:
    log.warning("the record cannot be used: %s", error)
    words = "the record cannot be reached now: try again"
    return await _refused(request, HTTPException(503, detail=("away", words), headers={"Retry-After": "5"}))


@live.get("/healthz")
async def healthz(request: Request) -> Response:
    """For supervisors: this process answers, and hears the service."""
    feed = console_of(request).feed
    state = feed.live.health(feed.steady())["state"]
    return PlainTextResponse(f"{state}\n", 503 if state == "lost" else 200)


# The live connection


@live.websocket("/live")
async def connect(socket: WebSocket) -> None:
    """All zones, then what changes; a pulse each second."""
    console = console_of(socket)
    found = await who(socket)
    origin_wrong = "origin" in socket.headers and not same_origin(socket)
    await socket.accept()
    if found is None or origin_wrong:
        await socket.close(NO_SESSION)
        return
    if console.feed.connections >= console.settings.connections:
        await socket.close(FULL)
        return
    connection = console.feed.join()
    tasks = {
        asyncio.create_task(_tell(socket, connection)),
        asyncio.create_task(_watch(socket, console, found)),
        asyncio.create_task(_listen(socket)),
    }
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        code = next((task.result() for task in done if task.exception() is None), None)
        if code is not None:
            await asyncio.wait_for(socket.close(code), SEND_S)
    except (WebSocketDisconnect, RuntimeError, TimeoutError, OSError):
        log.debug("a browser has gone")
    finally:
        console.feed.leave(connection)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tell(socket: WebSocket, connection: Connection) -> int | None:
    while True:
        text = await connection.next()
        if not text:
            return SLOW if text is None else 1001
        await asyncio.wait_for(socket.send_text(text), SEND_S)


async def _watch(socket: WebSocket, console: Console, found: Who) -> int:
    """Ends where the session ends, and keeps it from being idle as long as the page is open."""
    while True:
        await asyncio.sleep(LOOK_S)
        if found.via == "session":
            if await run_in_threadpool(console.sessions.alive, found.session, console.clock()) is None:
                return NO_SESSION
        elif await who(socket) is None:
            return NO_SESSION


async def _listen(socket: WebSocket) -> None:
    """Nothing that a browser says here means anything; what counts is that it has not gone."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        await asyncio.sleep(0.2)
