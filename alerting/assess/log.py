"""Events as bytes and back, exactly: what was judged live is judged again in a replay, bit for bit."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from alerting.assess.events import Event


class LogRefused(ValueError):
    """Bytes that are no events of this version."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Event)
_parts = msgspec.msgpack.Decoder(list[msgspec.Raw])


def encode_event(event: Event) -> bytes:
    return _encoder.encode(event)


def decode_event(logged: bytes) -> Event:
    """LogRefused for anything but an event."""
    try:
        return _decoder.decode(logged)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise LogRefused(f"the log holds something that is no event: {error}") from None


def join_events(events: Iterable[bytes]) -> bytes:
    """Several encoded events as one piece of the log."""
    return _encoder.encode([msgspec.Raw(event) for event in events])


def split_events(piece: bytes) -> list[bytes]:
    """The encoded events in a piece of the log; LogRefused where it is damaged."""
    try:
        return [bytes(part) for part in _parts.decode(piece)]
    except msgspec.MsgspecError as error:
        raise LogRefused(f"a piece of the log is damaged: {error}") from None
