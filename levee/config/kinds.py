"""The kinds of settings file: what each is, and which of its settings are paths."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from alerting.desk.settings import DeskSettings
from alerting.duty.settings import DutySettings
from alerting.settings import ServiceSettings, SiteSettings
from edge.instruments.settings import GatewaySettings
from edge.settings import BoxSettings
from levee.scenarios.story import Scenario

#: The first line of every settings file: `levee: box`.
KEY = "levee"

#: Paths among the settings of the broker, which both halves have.
BROKER_PATHS = ("mqtt.password_from_file", "mqtt.tls.ca_file", "mqtt.tls.cert_file", "mqtt.tls.key_file")


#: Paths among the settings of a channel.
CHANNEL_PATHS = ("url_from_file", "secret_from_file", "password_from_file")


@dataclass(frozen=True)
class Kind:
    """One kind of file. `paths` are settings that name a file or folder, relative to the settings file."""

    name: str
    settings: type[msgspec.Struct]
    title: str
    paths: tuple[str, ...]


BOX = Kind(
    "box",
    BoxSettings,
    "A box: its cameras, its zones, and where it sends what it counts",
    (
        "cameras[].source",
        "cameras[].source_from_file",
        *BROKER_PATHS,
        "data_folder",
        "model",
        "detector.model",
    ),
)
INSTRUMENTS = Kind(
    "instruments",
    GatewaySettings,
    "A gateway of counting instruments: what each tells of, in which format",
    (
        *BROKER_PATHS,
        *(f"listens.{path.removeprefix('mqtt.')}" for path in BROKER_PATHS),
        "push.token_from_file",
        "data_folder",
    ),
)
SERVICE = Kind(
    "service",
    ServiceSettings,
    "The alerting service: where it listens, what it keeps, and whom it pages",
    (
        *BROKER_PATHS,
        "record.url",
        "record.url_from_file",
        "sites[]",
        "duty",
        "desk",
        "answer.key_from_file",
        *(f"{where}.{name}" for where in ("channels{}", "audit.channels{}") for name in CHANNEL_PATHS),
        "audit.witness",
        "audit.ping_url_from_file",
        "console.accounts",
        *(f"console.{name}" for name in BROKER_PATHS),
    ),
)
DUTY = Kind("duty", DutySettings, "Who is on duty: people, their units, and their shifts", ())
DESK = Kind(
    "desk",
    DeskSettings,
    "The duty desk: plans, other bodies, events, drills, roll-calls, hazards",
    ("drills[].scenario",),
)
SITE = Kind("site", SiteSettings, "A site: its zones, who owns each, and when each tier begins", ())

SCENARIO = Kind("scenario", Scenario, "A scenario: a night that can be played again, and what is true of it", ("site",))

KINDS: dict[str, Kind] = {kind.name: kind for kind in (BOX, SERVICE, SITE, DUTY, DESK, INSTRUMENTS, SCENARIO)}
