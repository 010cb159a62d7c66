"""When a certificate ends, read from its PEM file with nothing but the standard library: a box has no more."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

_SEQUENCE, _UTC_TIME, _GENERAL_TIME, _VERSION = 0x30, 0x17, 0x18, 0xA0


def expiry(path: Path) -> float | None:
    """Seconds since 1970 at which the first certificate in `path` ends; None where it cannot be read (RFC 5280)."""
    try:
        text = path.read_text(encoding="ascii")
        begin = text.index("-----BEGIN CERTIFICATE-----")
        end = text.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")
        whole = _value(ssl.PEM_cert_to_DER_cert(text[begin:end]), 0, _SEQUENCE)[0]
        body = _value(whole, 0, _SEQUENCE)[0]
        at = _value(body, 0, _VERSION)[1] if body[0] == _VERSION else 0
        for _ in ("serial number", "signature", "issuer"):
            at = _value(body, at, None)[1]
        validity = _value(body, at, _SEQUENCE)[0]
        at = _value(validity, 0, None)[1]
        kind, told = validity[at], _value(validity, at, None)[0].decode("ascii")
        if kind == _UTC_TIME:
            # Two digits of the year: 50 to 99 are of the last century.
            told = ("19" if told[:2] >= "50" else "20") + told
        elif kind != _GENERAL_TIME:
            return None
        return datetime.strptime(told, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except (OSError, ValueError, IndexError):
        return None


def _value(der: bytes, at: int, kind: int | None) -> tuple[bytes, int]:
    """The content of the value at `at`, and where the next one begins; ValueError where it is not of `kind`."""
    if kind is not None and der[at] != kind:
        raise ValueError("not of the kind that stands here in a certificate")
    length, begin = der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, begin = int.from_bytes(der[begin : begin + size], "big"), begin + size
    if begin + length > len(der):
        raise ValueError("cut short")
    return der[begin : begin + length], begin + length
