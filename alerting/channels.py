"""The ways to reach people, as they stand in a settings file. Secrets are named by the variable or file that holds
them; an address that holds one is a secret."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
EnvName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
FilePath = Annotated[str, msgspec.Meta(min_length=1)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]


def at_most_one(what: str, *given: str | None) -> None:
    if sum(value is not None for value in given) > 1:
        raise ValueError(f"{what} is given more than once: keep one of its settings")


PerMinute = Annotated[
    int,
    msgspec.Meta(
        title="Limit",
        description="Most pages a minute that the vendor takes; a fifth of them is kept for red.",
        ge=5,
        le=6000,
    ),
]

Timeout = Annotated[
    float,
    msgspec.Meta(title="Time-out", description="Seconds until a silent receiver counts as not reached.", ge=0.2, le=60),
]


class ConsoleChannel(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="console", tag_field="type"
):
    """Writes each page as a line of the service's log."""


class WebhookChannel(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="webhook", tag_field="type"
):
    """POSTs each page as JSON; accepted means that the receiver answered with a status of 2xx."""

    url: Annotated[
        Text | None, msgspec.Meta(title="Address", description="http or https address, if it holds no secret.")
    ] = None
    url_from_env: Annotated[
        EnvName | None, msgspec.Meta(title="Address's variable", description="Environment variable with the address.")
    ] = None
    url_from_file: Annotated[
        FilePath | None, msgspec.Meta(title="Address's file", description="File that holds the address.")
    ] = None
    secret_from_env: Annotated[
        EnvName | None,
        msgspec.Meta(title="Key's variable", description="Environment variable with the key that signs each page."),
    ] = None
    secret_from_file: Annotated[
        FilePath | None, msgspec.Meta(title="Key's file", description="File with the key that signs each page.")
    ] = None
    timeout_s: Timeout = 10.0

    def __post_init__(self) -> None:
        if self.url is None and self.url_from_env is None and self.url_from_file is None:
            raise ValueError("a webhook needs its address: url, url_from_env or url_from_file")
        at_most_one("the webhook's address", self.url, self.url_from_env, self.url_from_file)
        at_most_one("the webhook's key", self.secret_from_env, self.secret_from_file)
        if self.url is not None and urlsplit(self.url).password:
            raise ValueError("the webhook's address holds a password: use url_from_env or url_from_file")


class AppriseChannel(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="apprise", tag_field="type"
):
    """Sends through Apprise, which knows over a hundred services; its addresses hold secrets, so never in the file."""

    url_from_env: Annotated[
        EnvName | None, msgspec.Meta(title="Address's variable", description="Environment variable with the address.")
    ] = None
    url_from_file: Annotated[
        FilePath | None, msgspec.Meta(title="Address's file", description="File that holds the address.")
    ] = None

    def __post_init__(self) -> None:
        if self.url_from_env is None and self.url_from_file is None:
            raise ValueError("an Apprise channel needs its address: url_from_env or url_from_file")
        at_most_one("the Apprise address", self.url_from_env, self.url_from_file)


class DingTalkChannel(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="dingtalk", tag_field="type"
):
    """A DingTalk group robot (钉钉). A person's address is his or her mobile number, to be mentioned."""

    url_from_env: Annotated[
        EnvName | None,
        msgspec.Meta(title="Address's variable", description="Environment variable with the robot's address."),
    ] = None
    url_from_file: Annotated[
        FilePath | None,
        msgspec.Meta(title="Address's file", description="File that holds the robot's address."),
    ] = None
    secret_from_env: Annotated[
        EnvName | None,
        msgspec.Meta(title="Key's variable", description="Environment variable with the key that signs each page."),
    ] = None
    secret_from_file: Annotated[
        FilePath | None, msgspec.Meta(title="Key's file", description="File that holds the key that signs each page.")
    ] = None
    per_minute: PerMinute = 20
    timeout_s: Timeout = 5.0

    def __post_init__(self) -> None:
        if self.url_from_env is None and self.url_from_file is None:
            raise ValueError("a robot needs its address: url_from_env or url_from_file")
        at_most_one("the robot's address", self.url_from_env, self.url_from_file)
        at_most_one("the robot's key", self.secret_from_env, self.secret_from_file)


class WeComChannel(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="wecom", tag_field="type"
):
    """A WeCom group robot (企业微信). A person's address is his or her mobile number, to be mentioned."""

    url_from_env: Annotated[
        EnvName | None,
        msgspec.Meta(title="Address's variable", description="Environment variable with the robot's address."),
    ] = None
    url_from_file: Annotated[
        FilePath | None,
        msgspec.Meta(title="Address's file", description="File that holds the robot's address."),
    ] = None
    per_minute: PerMinute = 20
    timeout_s: Timeout = 5.0

    def __post_init__(self) -> None:
        if self.url_from_env is None and self.url_from_file is None:
            raise ValueError("a robot needs its address: url_from_env or url_from_file")
        at_most_one("the robot's address", self.url_from_env, self.url_from_file)


class FeishuChannel(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="feishu", tag_field="type"
):
    """A Feishu group robot (飞书). A person's address is his or her open_id, to be mentioned."""

    url_from_env: Annotated[
        EnvName | None,
        msgspec.Meta(title="Address's variable", description="Environment variable with the robot's address."),
    ] = None
    url_from_file: Annotated[
        FilePath | None,
        msgspec.Meta(title="Address's file", description="File that holds the robot's address."),
    ] = None
    secret_from_env: Annotated[
        EnvName | None,
        msgspec.Meta(title="Key's variable", description="Environment variable with the key that signs each page."),
    ] = None
    secret_from_file: Annotated[
        FilePath | None, msgspec.Meta(title="Key's file", description="File that holds the key that signs each page.")
    ] = None
    per_minute: PerMinute = 100
    timeout_s: Timeout = 5.0

    def __post_init__(self) -> None:
        if self.url_from_env is None and self.url_from_file is None:
            raise ValueError("a robot needs its address: url_from_env or url_from_file")
        at_most_one("the robot's address", self.url_from_env, self.url_from_file)
        at_most_one("the robot's key", self.secret_from_env, self.secret_from_file)


def https_or_loopback(endpoint: str | None) -> None:
    """ValueError for an address that would send keys and telephone numbers in the clear."""
    if endpoint is None:
        return
    parts = urlsplit(endpoint)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError("endpoint must begin with https://")


class AliyunChannel(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="aliyun", tag_field="type"
):
    """SMS or voice through Aliyun (阿里云).

    The template has the parameters `id`, `tier` and `place`; of a call also `text`, and of a short message `token`, in
    the fixed address `https://<host of the answering page>/a/${token}`: vendors refuse whole addresses as parameters.
    """

    kind: Annotated[
        Literal["sms", "voice"], msgspec.Meta(title="Kind", description="A short message, or a call that reads aloud.")
    ] = "sms"
    key_id: Annotated[Text, msgspec.Meta(title="Key's name", description="AccessKey ID.")]
    secret_from_env: Annotated[
        EnvName | None,
        msgspec.Meta(title="Key's variable", description="Environment variable with the AccessKey secret."),
    ] = None
    secret_from_file: Annotated[
        FilePath | None, msgspec.Meta(title="Key's file", description="File that holds the AccessKey secret.")
    ] = None
    template: Annotated[Text, msgspec.Meta(title="Template", description="Code of the approved template.")]
    sign_name: Annotated[
        Text | None, msgspec.Meta(title="Signature", description="Approved signature of short messages.")
    ] = None
    shown_number: Annotated[
        Text | None, msgspec.Meta(title="Number shown", description="Number that voice calls show.")
    ] = None
    to: Annotated[
        Text | None, msgspec.Meta(title="Receiver", description="Number for pages that are to nobody by name.")
    ] = None
    endpoint: Annotated[
        Text | None,
        msgspec.Meta(title="Address", description="Address of the vendor's API; left out, the public one."),
    ] = None
    per_minute: PerMinute = 60
    timeout_s: Timeout = 5.0

    def __post_init__(self) -> None:
        if self.secret_from_env is None and self.secret_from_file is None:
            raise ValueError("the vendor's AccessKey secret is missing: secret_from_env or secret_from_file")
        at_most_one("the vendor's AccessKey secret", self.secret_from_env, self.secret_from_file)
        https_or_loopback(self.endpoint)
        if self.kind == "sms" and self.sign_name is None:
            raise ValueError("short messages need their sign_name")


class TencentChannel(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="tencent", tag_field="type"
):
    """SMS or voice through Tencent Cloud (腾讯云).

    The template has four parameters: id, tier, place, and the text of a call, or the token of a short message in the
    fixed address `https://<host of the answering page>/a/{4}`.
    """

    kind: Annotated[
        Literal["sms", "voice"], msgspec.Meta(title="Kind", description="A short message, or a call that reads aloud.")
    ] = "sms"
    key_id: Annotated[Text, msgspec.Meta(title="Key's name", description="SecretId.")]
    secret_from_env: Annotated[
        EnvName | None, msgspec.Meta(title="Key's variable", description="Environment variable with the SecretKey.")
    ] = None
    secret_from_file: Annotated[
        FilePath | None, msgspec.Meta(title="Key's file", description="File that holds the SecretKey.")
    ] = None
    app_id: Annotated[Text, msgspec.Meta(title="Application", description="SdkAppId of the service.")]
    template: Annotated[Text, msgspec.Meta(title="Template", description="Id of the approved template.")]
    sign_name: Annotated[
        Text | None, msgspec.Meta(title="Signature", description="Approved signature of short messages.")
    ] = None
    region: Annotated[Text, msgspec.Meta(title="Region", description="Region of the API.")] = "ap-guangzhou"
    to: Annotated[
        Text | None, msgspec.Meta(title="Receiver", description="Number for pages that are to nobody by name.")
    ] = None
    endpoint: Annotated[
        Text | None,
        msgspec.Meta(title="Address", description="Address of the vendor's API; left out, the public one."),
    ] = None
    per_minute: PerMinute = 60
    timeout_s: Timeout = 5.0

    def __post_init__(self) -> None:
        if self.secret_from_env is None and self.secret_from_file is None:
            raise ValueError("the vendor's SecretKey is missing: secret_from_env or secret_from_file")
        at_most_one("the vendor's SecretKey", self.secret_from_env, self.secret_from_file)
        https_or_loopback(self.endpoint)
        if self.kind == "sms" and self.sign_name is None:
            raise ValueError("short messages need their sign_name")


class TwilioChannel(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="twilio", tag_field="type"
):
    """SMS or voice through Twilio; pressing 1 in a call acknowledges."""

    kind: Annotated[
        Literal["sms", "voice"], msgspec.Meta(title="Kind", description="A short message, or a call that reads aloud.")
    ] = "sms"
    account: Annotated[Text, msgspec.Meta(title="Account", description="Account SID.")]
    secret_from_env: Annotated[
        EnvName | None, msgspec.Meta(title="Token's variable", description="Environment variable with the auth token.")
    ] = None
    secret_from_file: Annotated[
        FilePath | None, msgspec.Meta(title="Token's file", description="File that holds the auth token.")
    ] = None
    sender: Annotated[Text, msgspec.Meta(title="Sender", description="Number that sends, as in +15005550006.")]
    to: Annotated[
        Text | None, msgspec.Meta(title="Receiver", description="Number for pages that are to nobody by name.")
    ] = None
    endpoint: Annotated[
        Text | None,
        msgspec.Meta(title="Address", description="Address of the vendor's API; left out, the public one."),
    ] = None
    per_minute: PerMinute = 60
    timeout_s: Timeout = 5.0

    def __post_init__(self) -> None:
        if self.secret_from_env is None and self.secret_from_file is None:
            raise ValueError("the vendor's auth token is missing: secret_from_env or secret_from_file")
        at_most_one("the vendor's auth token", self.secret_from_env, self.secret_from_file)
        https_or_loopback(self.endpoint)


class MailChannel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="mail", tag_field="type"):
    """Mail by SMTP; accepted means that the server took it."""

    host: Annotated[Text, msgspec.Meta(title="Host", description="Host of the mail server.")]
    port: Annotated[Port, msgspec.Meta(title="Port", description="587 for STARTTLS, 465 for TLS.")] = 587
    security: Annotated[
        Literal["starttls", "tls", "none"],
        msgspec.Meta(title="Security", description="starttls, tls, or none (only for a server on this machine)."),
    ] = "starttls"
    username: Annotated[Text | None, msgspec.Meta(title="User", description="User name, if the server asks.")] = None
    password_from_env: Annotated[
        EnvName | None, msgspec.Meta(title="Password's variable", description="Environment variable with the password.")
    ] = None
    password_from_file: Annotated[
        FilePath | None, msgspec.Meta(title="Password's file", description="File that holds the password.")
    ] = None
    sender: Annotated[Text, msgspec.Meta(title="Sender", description="Address that the mail comes from.")]
    to: Annotated[
        Text | None, msgspec.Meta(title="Receiver", description="Receiver of pages that are to nobody by name.")
    ] = None
    per_minute: PerMinute = 60
    timeout_s: Timeout = 10.0

    def __post_init__(self) -> None:
        at_most_one("the password", self.password_from_env, self.password_from_file)
        if self.security == "none" and self.host not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("security: none would send pages in the clear: use starttls or tls")


Channel: TypeAlias = (
    ConsoleChannel
    | WebhookChannel
    | AppriseChannel
    | DingTalkChannel
    | WeComChannel
    | FeishuChannel
    | AliyunChannel
    | TencentChannel
    | TwilioChannel
    | MailChannel
)
#: Channels by telephone number.
TELEPHONE = (AliyunChannel, TencentChannel, TwilioChannel)


def needs_address(channel: Channel) -> bool:
    """Whether a page reaches nobody there unless it is to a person with an address."""
    return isinstance(channel, (*TELEPHONE, MailChannel)) and channel.to is None
