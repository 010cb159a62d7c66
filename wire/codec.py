"""Bytes to messages and back. What is refused says why, with a reason short enough for a metric's label."""

from __future__ import annotations

import enum
from functools import cache
from typing import TypeVar

import msgspec

from wire.readings import VERSION

#: A message above this is refused unread: 1,000 zones take about 400 kB.
MAX_BYTES = 2_000_000

M = TypeVar("M", bound=msgspec.Struct)


class Refusal(enum.Enum):
    """Why a message was not taken; the values are labels of `levee_alerting_dropped_total`."""

    TOO_LARGE = "too-large"
    NOT_JSON = "not-json"
    VERSION = "version"
    INVALID = "invalid"
    TOPIC = "topic"
    MISMATCH = "topic-mismatch"


class MessageRefused(ValueError):
    """One clear line, and the reason to count it under."""

    def __init__(self, reason: Refusal, line: str) -> None:
        super().__init__(line)
        self.reason = reason


class _Envelope(msgspec.Struct):
    version: int


_envelope = msgspec.json.Decoder(_Envelope)
_encoder = msgspec.json.Encoder()


@cache
def _decoder(message: type[M]) -> msgspec.json.Decoder[M]:
    return msgspec.json.Decoder(message)


def encode(message: msgspec.Struct) -> bytes:
    """JSON. Every number in a message has been checked to be finite when it was made."""
    return _encoder.encode(message)


def decode(payload: bytes, message: type[M]) -> M:
    """The message in `payload`; MessageRefused for anything else. Unknown fields are passed over (additive changes)."""
    if len(payload) > MAX_BYTES:
        raise MessageRefused(Refusal.TOO_LARGE, f"{len(payload)} bytes are more than {MAX_BYTES}")
    try:
        version = _envelope.decode(payload).version
    except (msgspec.ValidationError, RecursionError) as error:
        raise MessageRefused(Refusal.INVALID, f"no version: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MessageRefused(Refusal.NOT_JSON, f"not JSON: {error}") from None
    if version != VERSION:
        raise MessageRefused(Refusal.VERSION, f"version {version}, and this side speaks {VERSION}")
    try:
        return _decoder(message).decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise MessageRefused(Refusal.INVALID, str(error)[:400]) from None
