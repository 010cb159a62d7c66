"""The console as it stands in the settings of the service."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from alerting.channels import FilePath, Port, Text
from wire import Name
from wire.broker import BrokerSettings

ZonePath = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(/[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)?$(?!\n)",
        description="A zone as SITE/ZONE, or all zones of a SITE.",
    ),
]


class BoardPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the public board: a place as the public knows it."""

    name: Annotated[Name, msgspec.Meta(title="Name", description="Its short name, as in the board's JSON.")]
    zh: Annotated[Text, msgspec.Meta(title="Chinese", description="What the public calls it in Chinese.")]
    en: Annotated[Text, msgspec.Meta(title="English", description="What the public calls it in English.")]
    zones: Annotated[
        tuple[ZonePath, ...],
        msgspec.Meta(title="Zones", description="Sites or zones (SITE/ZONE); the worst one counts.", min_length=1),
    ]


class BoardSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The public board: how comfortable places are, late and coarse on purpose, for anybody without an account."""

    delay_s: Annotated[
        int,
        msgspec.Meta(title="Delay", description="Seconds that the board lags behind the judgement.", ge=0, le=3600),
    ] = 120
    step_s: Annotated[
        int,
        msgspec.Meta(title="Step", description="Seconds between two changes of the board at least.", ge=1, le=3600),
    ] = 60
    places: Annotated[
        tuple[BoardPlace, ...],
        msgspec.Meta(title="Places", description="What is shown; each site as one place where none is named."),
    ] = ()

    def __post_init__(self) -> None:
        names = [place.name for place in self.places]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"board: the place {name} is listed twice")


class ConsoleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The console, `levee console run`: what people see in their browsers, and the HTTP API."""

    host: Annotated[Text, msgspec.Meta(title="Listens at", description="Address that the console listens at.")] = (
        "127.0.0.1"
    )
    port: Annotated[Port, msgspec.Meta(title="Port", description="TCP port of the console.")] = 9112
    url: Annotated[
        Text | None,
        msgspec.Meta(
            title="Address",
            description="Where browsers reach it, as in https://duty.example; with https, cookies need encryption.",
        ),
    ] = None
    proxies: Annotated[
        tuple[Text, ...],
        msgspec.Meta(
            title="Proxies", description="Addresses of reverse proxies that may say where a request came from."
        ),
    ] = ()
    accounts: Annotated[
        FilePath,
        msgspec.Meta(title="Accounts", description="File of accounts, sessions and tokens; SQLite, for one machine."),
    ] = "levee-console.db"
    state: Annotated[
        tuple[Text, ...],
        msgspec.Meta(
            title="State",
            description="Addresses of the services' /state, leader and standby; left out, this file's `metrics`.",
        ),
    ] = ()
    mqtt: Annotated[
        BrokerSettings | None,
        msgspec.Meta(title="MQTT", description="The broker as the console sees it; the service's where left out."),
    ] = None
    language: Annotated[
        Literal["zh", "en"], msgspec.Meta(title="Language", description="What a browser sees that asks for neither.")
    ] = "zh"
    session_hours: Annotated[
        float, msgspec.Meta(title="Sessions end", description="Hours after a log-in.", ge=0.1, le=72)
    ] = 13.0
    idle_minutes: Annotated[
        float,
        msgspec.Meta(title="Idle", description="Minutes without a page open after which a session ends.", ge=1, le=720),
    ] = 60.0
    wall_days: Annotated[
        float,
        msgspec.Meta(
            title="Walls", description="Days that a session of role view lasts, for wall screens.", ge=0.1, le=366
        ),
    ] = 30.0
    sessions_each: Annotated[
        int, msgspec.Meta(title="Sessions each", description="Sessions of one account at a time.", ge=1, le=100)
    ] = 10
    history_hours: Annotated[
        int, msgspec.Meta(title="History", description="Hours that the charts reach back.", ge=1, le=48)
    ] = 12
    connections: Annotated[
        int, msgspec.Meta(title="Connections", description="Live connections at once.", ge=1, le=10_000)
    ] = 500
    board: Annotated[
        BoardSettings | None,
        msgspec.Meta(title="Board", description="The public board; there is none where it is left out."),
    ] = None

    def __post_init__(self) -> None:
        for address in (self.url, *self.state):
            if address is None:
                continue
            parts = urlsplit(address)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"console: {address} is no http or https address")
            if parts.password:
                raise ValueError("console: an address holds a password")

    @property
    def secure(self) -> bool:
        return self.url is not None and self.url.startswith("https:")
