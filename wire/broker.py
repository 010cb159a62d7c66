"""Where the two halves meet: the settings of the MQTT broker, the same words on both sides."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
Variable = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class TlsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encryption towards the broker."""

    ca_file: Annotated[
        Text | None,
        msgspec.Meta(
            title="Certificate authorities", description="PEM file of those to trust; the system's where it is not set."
        ),
    ] = None
    cert_file: Annotated[
        Text | None, msgspec.Meta(title="Own certificate", description="PEM file of this side's certificate.")
    ] = None
    key_file: Annotated[
        Text | None, msgspec.Meta(title="Own key", description="PEM file of the private key of the certificate.")
    ] = None

    def __post_init__(self) -> None:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("`cert_file` and `key_file` belong together: set both or neither")


class BrokerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The broker between the boxes and the service."""

    host: Annotated[Text, msgspec.Meta(title="Host", description="Name or address of the broker.")] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(title="Port", description="TCP port of the broker.", ge=1, le=65535)] = 1883
    username: Annotated[
        Text | None, msgspec.Meta(title="User name", description="User name at the broker, where it asks for one.")
    ] = None
    password_from_env: Annotated[
        Variable | None,
        msgspec.Meta(
            title="Password from the environment", description="The environment variable that holds the password."
        ),
    ] = None
    password_from_file: Annotated[
        Text | None,
        msgspec.Meta(title="Password from a file", description="The file that holds the password and nothing else."),
    ] = None
    tls: Annotated[
        TlsSettings | None, msgspec.Meta(title="TLS", description="Encrypt the connection; plain where it is not set.")
    ] = None
    protocol: Annotated[
        Literal["auto", "5", "3.1.1"],
        msgspec.Meta(
            title="Protocol",
            description="Version of MQTT; `auto` takes 5, and 3.1.1 where the broker does not know it.",
        ),
    ] = "auto"
    keepalive_s: Annotated[
        int,
        msgspec.Meta(
            title="Keep-alive",
            description="Seconds after which a silent connection is tried and then given up.",
            ge=5,
            le=600,
        ),
    ] = 15
    retry_max_s: Annotated[
        float,
        msgspec.Meta(
            title="Longest pause", description="Longest pause in seconds between attempts to connect.", ge=1, le=600
        ),
    ] = 15.0

    def __post_init__(self) -> None:
        if self.password_from_env is not None and self.password_from_file is not None:
            raise ValueError("give only one of `password_from_env` and `password_from_file`")
        if self.username is None and (self.password_from_env or self.password_from_file):
            raise ValueError("a password needs a `username`")
