"""The page on which a person acknowledges: Starlette on a thread of its own, with its own connection to the record.

GET shows what it is about and a button, and changes nothing: chat programs open links by themselves. POST asks the
leader, through the record, and waits for what came of it.
"""

from __future__ import annotations

import asyncio
import html
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from alerting.answer.link import LinkExpired, LinkForged, Links
from alerting.answer.page import ASK, FIELD, PRESSED, Page, answered, button, buttons, message
from alerting.answer.settings import AnswerSettings
from alerting.record.engine import RecordAway, RecordRefused
from alerting.record.reader import Asked, Reader
from wire.secret import secret

log = logging.getLogger("levee.alerting.answer")
#: Seconds to wait for the leader to take an answer.
PATIENCE_S = 6.0
#: Answers at once; more wait.
MAX_CONCURRENT = 64
MAX_BODY = 4_096
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}
#: What came of an answer, as a status of HTTP.
STATUS = {"acknowledged": 200, "already": 200, "closed": 410, "risen": 409, "unknown-person": 403}


class AnswersRefused(ValueError):
    """The page cannot listen where it should."""


class Answers:
    """What the routes need. `reader` makes a connection to the record; it is made anew where it was refused."""

    def __init__(
        self, settings: AnswerSettings, url: str, time_zone: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings, self._url, self._place, self._clock = settings, url, ZoneInfo(time_zone), clock
        self._key = secret("the key of the links", env=settings.key_from_env, file=settings.key_from_file)
        self._reader: Reader | None = None
        self._lock = threading.Lock()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/a/{token}", self._get, methods=["GET"]),
                Route("/a/{token}", self._post, methods=["POST"]),
                Route("/healthz", lambda _: PlainTextResponse("ok\n"), methods=["GET"]),
            ]
        )

    async def _get(self, request: Request) -> Response:
        try:
            page = await run_in_threadpool(self._open, request.path_params["token"])
        except (LinkForged, LinkExpired, RecordAway, RecordRefused) as error:
            return _refusal(error)
        return _html(page)

    async def _post(self, request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY:
                return _html(message("en", "Too long.", 413))
        said = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        asked = (said.get(ASK) or [""])[0]
        pressed = said.get("Digits")
        if pressed is not None and pressed != ["1"]:
            return _voice("Not acknowledged.")
        if pressed is None and said.get(FIELD) != [PRESSED]:
            return _html(message("en", "", 400, "unpressed"))
        try:
            page = await run_in_threadpool(self._answer, request.path_params["token"], pressed is not None, asked)
        except (LinkForged, LinkExpired, RecordAway, RecordRefused) as error:
            return _refusal(error)
        return _voice(page.words) if pressed is not None else _html(page)

    def _records(self) -> Reader:
        with self._lock:
            if self._reader is None:
                self._reader = Reader(self._url)
            return self._reader

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _call(self, token: str) -> tuple[str, str, str, str, list[tuple[str, int]]]:
        """The call behind a link: its id, site, person, text and incidents. LinkForged, LinkExpired, RecordAway."""
        record = self._records()
        key = self._key or record.key()
        if not key:
            raise LinkForged("this is no link of this service")
        call = Links(self._settings.url, key, 0).read(token, self._clock())
        found = record.call(call)
        if found is None:
            # The mark is ours, so the call was made: it is recorded only later, because the record was away.
            raise RecordAway("a call that was made is not in the record yet")
        site, person, text, _, incidents = found
        return call, site, person, text, incidents

    def _open(self, token: str) -> Page:
        call, _, person, text, incidents = self._call(token)
        record = self._records()
        if person:
            body = {"what": "opened", "call": call, "person": person}
            try:
                record.ask(f"open-{call}-{int(self._clock() // 600)}", body)
            except (RecordAway, RecordRefused) as error:
                # Who may only read the record for now sees the button all the same.
                log.warning("that a link was opened cannot be recorded: %s", error)
        language = "zh" if any("一" <= letter <= "鿿" for letter in text) else "en"
        asks = [name for name, _ in incidents if ":" in name]
        if asks:
            return buttons(language, text, asks)
        open_still = False
        for name, alarm in incidents:
            known = record.incident(name)
            if known is None or known["phase"] == "closed":
                continue
            if known["phase"] == "acknowledged":
                who = record.title(known["acknowledged_by"])
                return answered(language, text, who, self._time(known["acknowledged_at"]))
            open_still = True
            if known["alarm"] > alarm:
                return message(language, text, 409, "risen")
        return button(language, text) if open_still else message(language, text, 410, "closed")

    def _answer(self, token: str, voice: bool, asked: str = "") -> Page:
        call, site, person, text, incidents = self._call(token)
        language = "zh" if any("一" <= letter <= "鿿" for letter in text) else "en"
        if not person:
            return message(language, text, 403, "unknown-person")
        record = self._records()
        asks = [name for name, _ in incidents if ":" in name]
        if asks:
            return self._ask_desk(record, call, person, text, asks, asked, voice)
        body = {
            "what": "acknowledge",
            "call": call,
            "site": site,
            "person": person,
            "incidents": [[name, alarm] for name, alarm in incidents],
            "how": "voice" if voice else "link",
        }
        fresh = record.ask(f"answer-{call}", body)
        told = self._wait(record, f"answer-{call}")
        if told is None:
            return message(language, text, 202, "waiting")
        if told.outcome == "acknowledged" and not fresh:
            return answered(language, text, record.title(record.pseudonym(person)), "")
        return message(language, text, STATUS.get(told.outcome, 409), told.outcome, told.words)

    def _ask_desk(
        self, record: Reader, call: str, person: str, text: str, asks: list[str], asked: str, voice: bool
    ) -> Page:
        """A press under a notice of the duty desk: one of its steps, a receipt, or presence."""
        language = "zh" if any("一" <= letter <= "鿿" for letter in text) else "en"
        if asked not in asks:
            if len(asks) > 1:
                return message(language, text, 400, "unpressed")
            asked = asks[0]
        kind, _, name = asked.partition(":")
        how = "voice" if voice else "link"
        bodies: dict[str, dict[str, object]] = {
            "step": {"what": "step-done", "task": name, "person": person},
            "receipt": {"what": "receipt", "task": name, "how": "link"},
            "roll": {"what": "roll-answer", "roll": name, "person": person, "how": how},
        }
        if kind not in bodies:
            return message(language, text, 410, "closed")
        key = f"desk-{call}-{asks.index(asked)}"
        record.ask(key, bodies[kind])
        told = self._wait(record, key)
        if told is None:
            return message(language, text, 202, "waiting")
        if told.outcome == "done":
            left = [ask for ask in asks if ask != asked]
            return buttons(language, text, left, asks, done=f"desk-{kind}")
        return message(language, text, STATUS.get(told.outcome, 409), "", told.words)

    def _wait(self, record: Reader, key: str) -> Asked | None:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            told = record.asked(key)
            if told is not None and told.outcome:
                return told
            time.sleep(0.1)
        return None

    def _time(self, at: float | None) -> str:
        return datetime.fromtimestamp(at, UTC).astimezone(self._place).strftime("%H:%M:%S") if at is not None else ""


def _html(page: Page) -> Response:
    return HTMLResponse(page.html, page.status, HEADERS)


def _voice(words: str) -> Response:
    said = f'<?xml version="1.0" encoding="UTF-8"?><Response><Say>{html.escape(words)}</Say></Response>'
    return Response(said, 200, HEADERS, "application/xml")


def _refusal(error: Exception) -> Response:
    if isinstance(error, LinkExpired):
        return _html(message("en", "", 410, "expired"))
    if isinstance(error, LinkForged):
        return _html(message("en", "", 404, "forged"))
    log.error("an answer cannot be recorded: %s", error)
    return _html(message("en", "", 503, "away"))


class _Server:
    """uvicorn on a thread."""

    def __init__(self, answers: Answers, settings: AnswerSettings) -> None:
        config = uvicorn.Config(
            answers.app(),
            host=settings.host,
            port=settings.port,
            log_level="warning",
            access_log=False,
            limit_concurrency=MAX_CONCURRENT,
            timeout_keep_alive=5,
            server_header=False,
            lifespan="off",
        )
        try:
            socket = config.bind_socket()
        except SystemExit:
            raise AnswersRefused(f"answer: cannot listen at {settings.host}:{settings.port}") from None
        self._server, self._answers = uvicorn.Server(config), answers
        run = partial(self._server.serve, sockets=[socket])
        self._thread = threading.Thread(target=lambda: asyncio.run(run()), name="answer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(5)
        self._answers.close()


def serve_answers(
    settings: AnswerSettings, url: str, time_zone: str, clock: Callable[[], float] = time.time
) -> _Server:
    """Serve the page until `close`. AnswersRefused where the port is taken; SecretMissing."""
    return _Server(Answers(settings, url, time_zone, clock), settings)
