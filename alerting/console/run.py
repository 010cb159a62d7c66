"""The console as a process: accounts, record, feed and web server together."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Sequence

import msgspec
import uvicorn

from alerting.console.accounts import Accounts
from alerting.console.app import make_app
from alerting.console.board import Board, unknown_zones
from alerting.console.context import Console
from alerting.console.door import Door, Journal
from alerting.console.feed import Feed
from alerting.console.history import History
from alerting.console.live import Live
from alerting.console.sessions import Sessions
from alerting.console.settings import ConsoleSettings
from alerting.desk.settings import DeskSettings
from alerting.duty.settings import DutySettings
from alerting.record.engine import RecordAway, RecordRefused
from alerting.record.url import record_url
from alerting.settings import ServiceSettings, SiteSettings

log = logging.getLogger("levee.console")
#: Seconds between two pieces of the record that the charts are filled from, so that pages come first.
PAUSE_S = 0.02


class ConsoleRefused(ValueError):
    """The console cannot run as it is set up: one line."""


def console_settings(service: ServiceSettings) -> ConsoleSettings:
    """The console's settings, with what it takes from the service's where it names nothing of its own."""
    settings = service.console or ConsoleSettings()
    state = settings.state
    if not state:
        if not service.metrics.port:
            raise ConsoleRefused(
                "console: the service's end point is turned off (metrics.port: 0), so name its `state`"
            )
        host = service.metrics.host
        host = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
        state = (f"http://{host}:{service.metrics.port}/state",)
    return msgspec.structs.replace(settings, state=state, mqtt=settings.mqtt or service.mqtt)


def accounts_of(service: ServiceSettings) -> Accounts:
    """AccountRefused."""
    return Accounts((service.console or ConsoleSettings()).accounts)


def make_console(
    service: ServiceSettings,
    sites: Sequence[SiteSettings],
    duty: DutySettings | None,
    desk: DeskSettings | None = None,
) -> Console:
    settings = console_settings(service)
    unknown = unknown_zones(settings.board, sites) if settings.board is not None else []
    if unknown:
        raise ConsoleRefused(f"console: the board names {unknown[0][2]}, which is no site and no zone")
    accounts = Accounts(settings.accounts)
    names = {person.name: person.title for person in duty.people} if duty is not None else {}
    history = History(settings.history_hours, [(site.site, zone.name) for site in sites for zone in site.zones])
    board = Board(settings.board, sites) if settings.board is not None else None
    door = Door(record_url(service))
    return Console(
        settings=settings,
        sites=tuple(sites),
        duty=duty,
        accounts=accounts,
        sessions=Sessions(accounts, settings),
        feed=Feed(Live(sites, names), history, board),
        door=door,
        journal=Journal(door),
        desk=desk,
    )


def run_console(
    service: ServiceSettings,
    sites: Sequence[SiteSettings],
    duty: DutySettings | None,
    *,
    stop: threading.Event,
    desk: DeskSettings | None = None,
) -> None:
    """Serve until `stop` is set. ConsoleRefused, AccountRefused, SecretMissing and LinkRefused with one line."""
    console = make_console(service, sites, duty, desk)
    settings = console.settings
    config = uvicorn.Config(
        make_app(console),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        limit_concurrency=settings.connections + 200,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=32_768,
        ws="websockets-sansio",
        ws_max_size=1_024,
        ws_ping_interval=10,
        ws_ping_timeout=10,
        # A message goes to hundreds of browsers: packing it for each would cost more than the wire does.
        ws_per_message_deflate=False,
    )
    try:
        socket = config.bind_socket()
    except SystemExit:
        raise ConsoleRefused(f"console: cannot listen at {settings.host}:{settings.port}") from None
    server = uvicorn.Server(config)
    ended = threading.Event()
    threading.Thread(target=_fill, args=(console, ended), name="history", daemon=True).start()

    def wait() -> None:
        stop.wait()
        server.should_exit = True

    threading.Thread(target=wait, name="stop", daemon=True).start()
    log.info("the console listens at %s", settings.url or f"http://{settings.host}:{settings.port}")
    if not console.accounts.all():
        log.warning("there are no accounts yet: `levee console account add` makes the first one")
    try:
        asyncio.run(server.serve(sockets=[socket]))
    finally:
        ended.set()
        console.journal.close()
        console.door.close()
        console.accounts.close()


def _fill(console: Console, ended: threading.Event) -> None:
    """The charts' past, from the record, in small pieces."""
    since, began = console.clock() - console.settings.history_hours * 3600, time.monotonic()
    while not ended.is_set():
        try:
            number = 0
            for piece in console.door.record.messages(since):
                for received, message in piece:
                    console.feed.history.add_readings(message, received)
                number += len(piece)
                if ended.wait(PAUSE_S):
                    return
            if number:
                log.info("the charts begin with %d messages of the record (%.1f s)", number, time.monotonic() - began)
            return
        except (RecordAway, RecordRefused):
            # The service may not have made it yet.
            if time.monotonic() - began > 300 or ended.wait(5):
                return
