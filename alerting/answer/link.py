"""The links by which people acknowledge: signed, expiring, and of no use for anything else.

A link names the call that it belongs to; what an answer acknowledges, and whose answer it is, stands in the record.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass

_FORM = re.compile(r"(?P<call>[0-9a-f]{20})\.(?P<expires>[0-9a-z]{1,9})\.(?P<mark>[A-Za-z0-9_-]{22})")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class LinkForged(ValueError):
    """A link that this service never made."""


class LinkExpired(ValueError):
    """A link whose time is over."""


@dataclass(frozen=True)
class Links:
    """Makes links below `url`, and judges what comes back."""

    url: str
    key: str
    last_s: float

    def make(self, call: str, at: float) -> str:
        """The link of a call that was made at the time `at`."""
        expires = _base36(int(at + self.last_s))
        return f"{self.url.rstrip('/')}/a/{call}.{expires}.{self._mark(call, expires)}"

    def read(self, token: str, at: float) -> str:
        """The call that `token`, the last part of a link, belongs to. LinkForged, LinkExpired."""
        found = _FORM.fullmatch(token)
        if found is None or not hmac.compare_digest(found["mark"], self._mark(found["call"], found["expires"])):
            raise LinkForged("this is no link of this service")
        if int(found["expires"], 36) < at:
            raise LinkExpired("this link has expired")
        return found["call"]

    def _mark(self, call: str, expires: str) -> str:
        text = f"levee-answer\x1f{call}\x1f{expires}".encode()
        return urlsafe_b64encode(hmac.new(self.key.encode(), text, hashlib.sha256).digest()[:16]).decode().rstrip("=")


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"
