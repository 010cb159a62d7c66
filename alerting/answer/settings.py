"""Where people acknowledge, as it stands in the settings of the service."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from alerting.channels import EnvName, FilePath, Port, Text, at_most_one


class AnswerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page on which people acknowledge. Its links stand in the pages: signed, expiring, for one answer each."""

    url: Annotated[
        Text,
        msgspec.Meta(
            title="Address", description="Where people's telephones reach the page, as in https://duty.example."
        ),
    ]
    host: Annotated[Text, msgspec.Meta(title="Listens at", description="Address that the page listens at.")] = (
        "127.0.0.1"
    )
    port: Annotated[Port, msgspec.Meta(title="Port", description="TCP port of the page.")] = 9111
    key_from_env: Annotated[
        EnvName | None,
        msgspec.Meta(title="Key's variable", description="Environment variable with the key that signs the links."),
    ] = None
    key_from_file: Annotated[
        FilePath | None,
        msgspec.Meta(title="Key's file", description="File with that key; left out, the record holds one."),
    ] = None
    link_hours: Annotated[
        float, msgspec.Meta(title="Links expire", description="Hours until a link expires.", ge=0.1, le=72)
    ] = 8.0

    def __post_init__(self) -> None:
        at_most_one("the key of the links", self.key_from_env, self.key_from_file)
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("url must begin with http:// or https://, name a host, and hold no query")
