"""How the paging itself is watched: the daily self-test, and the auditor."""

from __future__ import annotations

import zoneinfo
from typing import Annotated

import msgspec

from alerting.channels import Channel, EnvName, FilePath, Text, at_most_one
from alerting.duty.settings import WallTime
from wire import Name


class SelfTestSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Once a day a synthetic red, marked as a test, travels from a reading to every vendor and back."""

    at: Annotated[WallTime, msgspec.Meta(title="At", description="Time of day, as in 10:00.")] = "10:00"
    time_zone: Annotated[Text, msgspec.Meta(title="Time zone", description="IANA name, for example Asia/Shanghai.")] = (
        "Asia/Shanghai"
    )
    channels: Annotated[
        tuple[Name, ...] | None,
        msgspec.Meta(title="Channels", description="Channels that are tested; all of them where it is not set."),
    ] = None
    to: Annotated[
        Name | None,
        msgspec.Meta(
            title="To",
            description="Who gets the tests on channels that need an address; left out, such are not tested.",
        ),
    ] = None
    within_s: Annotated[
        float,
        msgspec.Meta(title="Within", description="Seconds within which each vendor must accept it.", ge=1, le=3600),
    ] = 60.0

    def __post_init__(self) -> None:
        if self.at == "24:00":
            raise ValueError("at: write 00:00")
        try:
            zoneinfo.ZoneInfo(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"time_zone: no time zone is called {self.time_zone}") from None


class AuditSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The auditor, a process of its own: `levee alerting audit`. It pages on channels of its own."""

    channels: Annotated[
        dict[Name, Channel],
        msgspec.Meta(title="Channels", description="The auditor's own ways to reach people, each by its name."),
    ]
    every_s: Annotated[
        float, msgspec.Meta(title="Every", description="Seconds between two looks at the record.", ge=0.2, le=300)
    ] = 5.0
    grace_s: Annotated[
        float,
        msgspec.Meta(title="Grace", description="Seconds by which something due may be late.", ge=1, le=600),
    ] = 15.0
    accepted_s: Annotated[
        float,
        msgspec.Meta(title="Accepted", description="Seconds within which a vendor must accept a call.", ge=1, le=3600),
    ] = 60.0
    witness: Annotated[
        FilePath,
        msgspec.Meta(title="Witness", description="File in which the auditor remembers the end of the chain."),
    ] = "levee-audit.json"
    ping_url_from_env: Annotated[
        EnvName | None,
        msgspec.Meta(
            title="Dead man's variable",
            description="Environment variable with the address that is called only while all is well.",
        ),
    ] = None
    ping_url_from_file: Annotated[
        FilePath | None, msgspec.Meta(title="Dead man's file", description="File that holds that address.")
    ] = None
    metrics_host: Annotated[
        Text,
        msgspec.Meta(title="Metrics' address", description="Address that its own metrics are served at."),
    ] = "127.0.0.1"
    metrics_port: Annotated[
        int,
        msgspec.Meta(title="Metrics' port", description="TCP port of the same; 0 turns it off.", ge=0, le=65_535),
    ] = 0
    ping_every_s: Annotated[
        float, msgspec.Meta(title="Ping", description="Seconds between two calls of that address.", ge=1, le=3600)
    ] = 60.0

    def __post_init__(self) -> None:
        if not self.channels:
            raise ValueError("audit: channels is empty, so the auditor could tell nobody")
        at_most_one("the dead man's address", self.ping_url_from_env, self.ping_url_from_file)
