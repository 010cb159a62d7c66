"""Where the record is, and how long it keeps what."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from alerting.channels import EnvName, FilePath, Text, at_most_one

#: Kinds of entries of the log that may be deleted when their time has come.
LogKind = Literal[
    "acknowledgement",
    "call",
    "cap",
    "condition",
    "console",
    "drill",
    "event",
    "hazard",
    "notice",
    "roll-call",
    "step",
    "held",
    "incident",
    "nobody-on-duty",
    "page",
    "seen-again",
    "self-test",
    "settings",
    "tier",
]


class RecordSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where tier changes, pages and readings are kept."""

    url: Annotated[
        Text | None,
        msgspec.Meta(title="Database", description="SQLAlchemy URL of the record, without a password in it."),
    ] = None
    url_from_env: Annotated[
        EnvName | None,
        msgspec.Meta(title="Database's variable", description="Environment variable that holds the URL."),
    ] = None
    url_from_file: Annotated[
        FilePath | None, msgspec.Meta(title="Database's file", description="File that holds the URL.")
    ] = None

    keep_readings_days: Annotated[
        int,
        msgspec.Meta(
            title="Keep readings",
            description="Days after which recorded readings are deleted; tier changes and pages stay.",
            ge=1,
            le=3660,
        ),
    ] = 30
    keep_days: Annotated[
        dict[LogKind, Annotated[int, msgspec.Meta(ge=1, le=36_600)]],
        msgspec.Meta(
            title="Keep",
            description="Days after which the log forgets what entries of a kind say; its chain stays whole.",
        ),
    ] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        at_most_one("the record's URL", self.url, self.url_from_env, self.url_from_file)
        if self.url is not None and urlsplit(self.url).password:
            raise ValueError("the record's URL holds a password: use url_from_env or url_from_file")
