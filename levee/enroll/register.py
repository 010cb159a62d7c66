"""Every certificate that an authority has signed. What is not listed here cannot be revoked, so it is listed first."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from levee.enroll.identity import EnrollRefused, Identity, Role
from levee.enroll.keeping import replace_file


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate. `revoked` and `reason` are set when it was taken back."""

    role: Role
    parts: tuple[str, ...]
    serial: str
    issued: datetime
    expires: datetime
    revoked: datetime | None = None
    reason: str = ""

    @property
    def identity(self) -> Identity:
        return Identity(self.role, self.parts)

    def valid(self, now: datetime) -> bool:
        return self.revoked is None and now < self.expires


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """Oldest first."""

    version: int = 1
    name: str
    certificates: tuple[Entry, ...] = ()

    def living(self, identity: Identity, now: datetime) -> tuple[Entry, ...]:
        """The certificates with which `identity` may come in."""
        return tuple(entry for entry in self.certificates if entry.identity == identity and entry.valid(now))

    def admitted(self) -> tuple[Identity, ...]:
        """Whoever has a certificate that was not taken back. One that has run out keeps its rights: the broker refuses
        it by its date, and a renewal must not need the broker to be told."""
        return tuple({entry.identity: None for entry in self.certificates if entry.revoked is None})


def read(path: Path) -> Register:
    """The register in `path`; EnrollRefused where it is not one."""
    try:
        register = msgspec.json.decode(path.read_bytes(), type=Register)
    except FileNotFoundError:
        raise EnrollRefused(
            f"{path.parent} is no authority: make one with `levee box authority {path.parent}`"
        ) from None
    except OSError as error:
        raise EnrollRefused(f"{path}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise EnrollRefused(f"{path} is damaged ({error}): take it from the last back-up") from None
    if register.version != 1:
        raise EnrollRefused(f"{path} is of version {register.version}, which this Levee does not know")
    return register


def write(path: Path, register: Register) -> None:
    replace_file(path, msgspec.json.format(msgspec.json.encode(register), indent=2) + b"\n", 0o600)
