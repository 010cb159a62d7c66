"""Who may do what: four roles, each holding all that the ones below it may."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Role(enum.IntEnum):
    #: Sees everything, and asks for nothing.
    VIEW = 0
    #: Acknowledges, and keeps a zone quiet up to yellow.
    DUTY = 1
    #: Changes thresholds, and keeps a zone quiet up to orange.
    IN_CHARGE = 2
    #: Accounts and tokens.
    ADMIN = 3

    @property
    def label(self) -> str:
        return self.name.lower().replace("_", "-")

    @classmethod
    def from_label(cls, label: str) -> Role:
        """ValueError with the four names for anything else."""
        for role in cls:
            if role.label == label:
                return role
        raise ValueError(f"no role is called {label!r}: the roles are {', '.join(role.label for role in cls)}")


@dataclass(frozen=True)
class Account:
    """Somebody who may log in. `person` is his or her short name in the duty file; empty for a wall screen."""

    name: str
    title: str
    role: Role
    person: str = ""
    disabled: bool = False
    created: float = 0.0


@dataclass(frozen=True)
class Who:
    """Who asks: an account, through a session or a token. `csrf` is what a session's forms must bring; a token has
    none, because no browser sends it unasked."""

    account: Account
    role: Role
    via: str
    csrf: str = ""
    session: str = ""

    def may(self, role: Role) -> bool:
        return self.role >= role
