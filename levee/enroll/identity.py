"""Who somebody is at the broker: a role and a name, and from both the user name that certificate and ACL share."""

from __future__ import annotations

import enum
import ipaddress
import re
from dataclasses import dataclass

from wire.names import NAME_PATTERN, RESERVED_BOXES, RESERVED_SITES

#: X.509 allows a common name of so many characters (RFC 5280, ub-common-name).
LONGEST = 64
_NAME = re.compile(NAME_PATTERN)
_HOST = re.compile(
    r"^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$(?!\n)"
)


class EnrollRefused(ValueError):
    """What was asked of the authority cannot be done; one line."""


class Role(enum.Enum):
    """What somebody is there for; it decides what they may say and hear."""

    BOX = "box"
    SERVICE = "service"
    SIGN = "sign"
    READER = "reader"
    BROKER = "broker"


@dataclass(frozen=True)
class Identity:
    """One party. `parts` are site and box, a name alone (service, reader), site and name (sign), or the broker's host.

    The user names of two parties are never alike: no site is called `service`, and no box `zones`.
    """

    role: Role
    parts: tuple[str, ...]

    @property
    def user(self) -> str:
        """The user name at the broker, and the common name of the certificate."""
        return {
            Role.BOX: "{0}.{1}",
            Role.SERVICE: "service.{0}",
            Role.READER: "service.reader.{0}",
            Role.SIGN: "{0}.zones.{1}",
            Role.BROKER: "{0}",
        }[self.role].format(*self.parts, "")

    @property
    def words(self) -> str:
        """How a person calls it."""
        return f"{self.role.value} {'/'.join(self.parts)}"


def identify(role: Role, who: str) -> Identity:
    """`who` as a party of `role`; EnrollRefused with what it should look like."""
    if role is Role.BROKER:
        if not is_address(who) and not _HOST.match(who):
            raise EnrollRefused(f"{who!r} is neither a host name nor an address")
        return _checked(Identity(role, (who,)))
    parts = tuple(who.split("/"))
    wanted = {Role.BOX: "SITE/BOX", Role.SIGN: "SITE/NAME"}.get(role, "NAME")
    if len(parts) != wanted.count("/") + 1 or not all(_NAME.match(part) for part in parts):
        raise EnrollRefused(f"a {role.value} is called {wanted}, each 1 to 63 of a-z, 0-9 and '-': not {who!r}")
    if wanted.startswith("SITE") and parts[0] in RESERVED_SITES:
        raise EnrollRefused(f"no site may be called {parts[0]}")
    if role is Role.BOX and parts[1] in RESERVED_BOXES:
        raise EnrollRefused(f"no box may be called {parts[1]}")
    return _checked(Identity(role, parts))


def is_address(text: str) -> bool:
    """Whether `text` is an IP address, and not a name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _checked(identity: Identity) -> Identity:
    if len(identity.user) > LONGEST:
        raise EnrollRefused(f"{identity.user} is longer than the {LONGEST} characters that a certificate's name holds")
    return identity
