"""Who asks, and whether that one may: sessions, tokens, forgery of requests, sizes, rates and headers."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerting.console.context import console_of
from alerting.console.roles import Role, Who

#: Bytes of a body; the largest that anybody has to send is a form.
MAX_BODY = 65_536
SAFE = ("GET", "HEAD", "OPTIONS")
CSRF_HEADER = "x-csrf-token"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def cookie_name(secure: bool) -> str:
    """With encryption, a name that only this very host can set."""
    return "__Host-levee-session" if secure else "levee-session"


class Guard:
    """Round the whole application: headers on every answer, and bodies that are too large are not read."""

    def __init__(self, app: ASGIApp, secure: bool) -> None:
        self._app, self._secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            await _too_large(scope, receive, self._with_headers(send))
            return
        taken, refused = 0, False

        async def counted() -> Message:
            nonlocal taken, refused
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY:
                refused = True
                return {"type": "http.disconnect"}
            return message

        begun = False

        async def begin(message: Message) -> None:
            nonlocal begun
            if begun or not refused:
                begun = True
                await send(message)

        answer = self._with_headers(begin)
        try:
            await self._app(scope, counted, answer)
        except Exception:
            if not refused:
                raise
        if refused and not begun:
            await _too_large(scope, receive, self._with_headers(send))

    def _with_headers(self, send: Send) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if self._secure:
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        return answer


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    body = {"error": "too-large", "words": f"a body has {MAX_BODY} bytes at most"}
    await JSONResponse(body, 413, {"Connection": "close"})(scope, receive, send)


async def who(connection: HTTPConnection) -> Who | None:
    """Who asks, by a token or a session; None for nobody. A token that is wrong is nobody, whatever the cookie says."""
    console = console_of(connection)
    given = connection.headers.get("authorization")
    if given is not None:
        kind, _, secret = given.partition(" ")
        if kind.lower() != "bearer":
            return None
        return await run_in_threadpool(console.sessions.find_token, secret.strip(), console.clock())
    cookie = connection.cookies.get(cookie_name(console.settings.secure))
    if not cookie:
        return None
    return await run_in_threadpool(console.sessions.find, cookie, console.clock())


def same_origin(connection: HTTPConnection) -> bool:
    """Whether a browser says that the request comes from a page of ours; one that says nothing is believed, because
    the form's own secret is asked for as well."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = connection.headers.get("origin")
    if origin is None:
        return True
    console = console_of(connection)
    ours = {connection.headers.get("host", "")}
    if console.settings.url is not None:
        ours.add(urlsplit(console.settings.url).netloc)
    return urlsplit(origin).netloc in ours


def check_forgery(request: Request, found: Who, given: str | None = None) -> None:
    """403 where a session is used by a page that is not ours. Tokens are sent by no browser of its own accord."""
    if found.via != "session" or request.method in SAFE:
        return
    said = given if given is not None else request.headers.get(CSRF_HEADER, "")
    if not same_origin(request) or not secrets.compare_digest(said.encode(), found.csrf.encode()):
        raise HTTPException(403, detail=("forged", "this did not come from a page of the console: load it again"))


def need(role: Role, *, action: bool = False) -> Callable[[Request], Awaitable[Who]]:
    """A dependency: who asks, if he or she may. 401, 403, 429."""

    async def check(request: Request) -> Who:
        console = console_of(request)
        found = await who(request)
        if found is None:
            raise HTTPException(
                401, detail=("unknown", "log in, or send a token"), headers={"WWW-Authenticate": "Bearer"}
            )
        limit = console.limits.actions if action else console.limits.asks
        wait = limit.wait_s(found.session or found.via, console.clock())
        if wait > 0:
            raise HTTPException(
                429, detail=("too-often", "that is too often: wait a little"), headers={"Retry-After": f"{wait:.0f}"}
            )
        check_forgery(request, found)
        if not found.may(role):
            if request.method not in SAFE:
                path = request.url.path
                console.journal.by(found, "refused", f"{request.method} {path}"[:200])
            raise HTTPException(403, detail=("role", f"this needs the role {role.label}"))
        return found

    return check
