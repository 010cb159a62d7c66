"""What every request may use, kept on the application."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from alerting.console.accounts import Accounts
from alerting.console.door import Door, Journal
from alerting.console.feed import Feed
from alerting.console.limits import Limit
from alerting.console.sessions import Sessions
from alerting.console.settings import ConsoleSettings
from alerting.desk.settings import DeskSettings
from alerting.duty.settings import DutySettings
from alerting.settings import SiteSettings, ZoneSettings

R = TypeVar("R")


@dataclass
class Limits:
    """Log-ins that fail, by address and by name; hashing at once; and what a session or a token may ask."""

    by_address: Limit = field(default_factory=lambda: Limit(1 / 6, 20))
    by_name: Limit = field(default_factory=lambda: Limit(1 / 30, 5))
    asks: Limit = field(default_factory=lambda: Limit(20, 60))
    actions: Limit = field(default_factory=lambda: Limit(1, 20))
    public: Limit = field(default_factory=lambda: Limit(5, 30))
    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    heavy: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(4))


@dataclass
class Console:
    settings: ConsoleSettings
    sites: tuple[SiteSettings, ...]
    duty: DutySettings | None
    accounts: Accounts
    sessions: Sessions
    feed: Feed
    door: Door
    journal: Journal
    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], float] = time.time
    desk: DeskSettings | None = None

    def zone(self, site: str, zone: str) -> tuple[SiteSettings, ZoneSettings] | None:
        for one in self.sites:
            if one.site == site:
                found = next((each for each in one.zones if each.name == zone), None)
                return (one, found) if found is not None else None
        return None

    def place(self, site: str = "") -> ZoneInfo:
        """The time zone of a site; that of the first where it is none of ours."""
        known = next((one for one in self.sites if one.site == site), self.sites[0])
        return ZoneInfo(known.time_zone)

    def local(self, at: float, site: str = "") -> datetime:
        return datetime.fromtimestamp(at, self.place(site))

    async def read(self, function: Callable[..., R], *values: object) -> R:
        """Something of the record, on a thread; a few at once, so that pages never wait for a crowd of charts."""
        async with self.limits.heavy:
            return await run_in_threadpool(function, *values)


def console_of(connection: HTTPConnection) -> Console:
    found: Console = connection.app.state.console
    return found


def address_of(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client is not None else ""
