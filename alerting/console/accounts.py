"""Accounts, sessions and tokens in one file. Passwords are argon2id hashes; of sessions and tokens only SHA-256 is
kept, so that whoever reads the file can log in as nobody.

Used by several threads, and by `levee console account` beside a running console: what is changed counts at once.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import sqlite3
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from alerting.console.roles import Account, Role
from wire.names import NAME_PATTERN

#: argon2id as RFC 9106 recommends where memory is scarce: 64 MiB, 3 passes; one lane, for small machines.
_hasher = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=1)
#: Checked where there is no such account, so that time tells nobody which names exist.
_NOBODY = _hasher.hash(secrets.token_hex(16))
_NAME = re.compile(NAME_PATTERN)
SHORTEST, LONGEST = 10, 200
#: Make of the tables.
MAKE = 1

_TABLES = """
CREATE TABLE IF NOT EXISTS accounts (
  name TEXT PRIMARY KEY, title TEXT NOT NULL, role INTEGER NOT NULL, person TEXT NOT NULL,
  hash TEXT NOT NULL, disabled INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS sessions (
  mark TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE, csrf TEXT NOT NULL,
  began REAL NOT NULL, seen REAL NOT NULL, ends REAL NOT NULL, address TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS tokens (
  id TEXT PRIMARY KEY, mark TEXT NOT NULL UNIQUE, account TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE,
  title TEXT NOT NULL, role INTEGER NOT NULL, created REAL NOT NULL, ends REAL NOT NULL, used REAL
);
"""


class AccountRefused(ValueError):
    """One line that says what is wrong with what was asked."""


def mark(secret: str) -> str:
    """What is kept of a session's or a token's secret: enough to know it again."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class Accounts:
    """AccountRefused for a file that is of another make or cannot be opened."""

    def __init__(self, file: str | Path) -> None:
        path = Path(file)
        try:
            if not path.exists():
                # Nobody else on this machine needs to read hashes.
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            self._base = sqlite3.connect(path, timeout=5, check_same_thread=False, isolation_level=None)
            self._base.row_factory = sqlite3.Row
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA foreign_keys=ON")
            make = self._base.execute("PRAGMA user_version").fetchone()[0]
            if make not in (0, MAKE):
                raise AccountRefused(f"{path}: the accounts are of make {make}, and this program reads {MAKE}")
            self._base.executescript(_TABLES)
            self._base.execute(f"PRAGMA user_version={MAKE}")
        except (OSError, sqlite3.Error) as error:
            raise AccountRefused(
                f"{path}: the accounts cannot be opened: {getattr(error, 'strerror', error)}"
            ) from None
        self._lock = threading.Lock()

    def close(self) -> None:
        with self._lock:
            self._base.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, one thread at a time."""
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._base.execute(query, values).fetchall()

    # Accounts

    def all(self) -> list[Account]:
        return [_account(row) for row in self.rows("SELECT * FROM accounts ORDER BY name")]

    def get(self, name: str) -> Account | None:
        found = self.rows("SELECT * FROM accounts WHERE name = ?", name)
        return _account(found[0]) if found else None

    def add(self, account: Account, password: str, at: float) -> None:
        if not _NAME.match(account.name):
            raise AccountRefused("a name is 1 to 63 of a-z, 0-9 and '-', neither beginning nor ending with '-'")
        title = clean(account.title, "what the account is called", 80)
        _check_person(account.person)
        hashed = _hash(account.name, password)
        with self.transaction() as base:
            if base.execute("SELECT 1 FROM accounts WHERE name = ?", (account.name,)).fetchone():
                raise AccountRefused(f"there is an account {account.name} already")
            base.execute(
                "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, 0, ?)",
                (account.name, title, int(account.role), account.person, hashed, at),
            )

    def change(
        self,
        name: str,
        *,
        title: str | None = None,
        role: Role | None = None,
        person: str | None = None,
        password: str | None = None,
        disabled: bool | None = None,
    ) -> None:
        """What is None stays. A new role or password, and being disabled, ends the sessions that there are; a role that
        falls takes the tokens above it along. The last admin stays one."""
        fresh: dict[str, Any] = {}
        if title is not None:
            fresh["title"] = clean(title, "what the account is called", 80)
        if role is not None:
            fresh["role"] = int(role)
        if person is not None:
            _check_person(person)
            fresh["person"] = person
        if password is not None:
            fresh["hash"] = _hash(name, password)
        if disabled is not None:
            fresh["disabled"] = int(disabled)
        with self.transaction() as base:
            self._known(base, name)
            if (role is not None and role < Role.ADMIN) or disabled:
                _keep_an_admin(base, name)
            for column, value in fresh.items():
                base.execute(f"UPDATE accounts SET {column} = ? WHERE name = ?", (value, name))
            if role is not None or password is not None or disabled:
                base.execute("DELETE FROM sessions WHERE account = ?", (name,))
            if role is not None:
                base.execute("DELETE FROM tokens WHERE account = ? AND role > ?", (name, int(role)))
            if disabled:
                base.execute("DELETE FROM tokens WHERE account = ?", (name,))

    def remove(self, name: str) -> None:
        with self.transaction() as base:
            self._known(base, name)
            _keep_an_admin(base, name)
            base.execute("DELETE FROM accounts WHERE name = ?", (name,))

    def check(self, name: str, password: str) -> Account | None:
        """The account, where the password is right and it is not disabled. As slow for a name that there is not."""
        found = self.rows("SELECT * FROM accounts WHERE name = ?", name)
        hashed = found[0]["hash"] if found else _NOBODY
        try:
            _hasher.verify(hashed, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return None
        if not found or found[0]["disabled"] or len(password) > LONGEST:
            return None
        if _hasher.check_needs_rehash(hashed):
            with self.transaction() as base:
                base.execute("UPDATE accounts SET hash = ? WHERE name = ?", (_hasher.hash(password), name))
        return _account(found[0])

    def _known(self, base: sqlite3.Connection, name: str) -> None:
        if not base.execute("SELECT 1 FROM accounts WHERE name = ?", (name,)).fetchone():
            raise AccountRefused(f"there is no account {name}")


def _account(row: sqlite3.Row) -> Account:
    return Account(row["name"], row["title"], Role(row["role"]), row["person"], bool(row["disabled"]), row["created"])


def clean(text: str, what: str, longest: int) -> str:
    """Text for people to read: in one line, without what cannot be seen. AccountRefused where nothing is left."""
    kept = "".join(one for one in text if unicodedata.category(one)[0] != "C").strip()
    if not kept or len(kept) > longest:
        raise AccountRefused(f"{what} needs 1 to {longest} characters")
    return kept


def _check_person(person: str) -> None:
    if person and not _NAME.match(person):
        raise AccountRefused("a person is named as in the duty file: a-z, 0-9 and '-'")


def _hash(name: str, password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise AccountRefused(f"a password needs {SHORTEST} to {LONGEST} characters")
    if len(set(password)) < 5 or name in password.lower():
        raise AccountRefused("this password is too easy: it repeats itself, or holds the name of the account")
    return _hasher.hash(password)


def _keep_an_admin(base: sqlite3.Connection, name: str) -> None:
    """Nobody could make accounts again from the browser where the last admin is gone."""
    others = base.execute(
        "SELECT 1 FROM accounts WHERE role = ? AND disabled = 0 AND name != ?", (int(Role.ADMIN), name)
    ).fetchone()
    mine = base.execute("SELECT role, disabled FROM accounts WHERE name = ?", (name,)).fetchone()
    if mine["role"] == int(Role.ADMIN) and not mine["disabled"] and not others:
        raise AccountRefused(f"{name} is the last admin: make another one first")
