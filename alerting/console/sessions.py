"""Sessions of browsers and tokens of programs: how long they last, and whom they stand for."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from alerting.console.accounts import AccountRefused, Accounts, clean, mark
from alerting.console.roles import Account, Role, Who
from alerting.console.settings import ConsoleSettings

#: What a token begins with, so that it is recognised where it should not be.
PREFIX = "levee_"
#: That a session is alive is written this often.
SEEN_S = 60.0
DAY_S = 86_400.0
TOKENS_EACH = 20


@dataclass(frozen=True)
class Token:
    id: str
    account: str
    title: str
    role: Role
    created: float
    ends: float
    used: float | None


class Sessions:
    """Times are seconds since 1970 UTC by this machine's clock; a browser's clock is never asked."""

    def __init__(self, accounts: Accounts, settings: ConsoleSettings) -> None:
        self._accounts, self._settings = accounts, settings

    def lasts_s(self, role: Role) -> float:
        return self._settings.wall_days * DAY_S if role is Role.VIEW else self._settings.session_hours * 3600

    def begin(self, account: Account, address: str, at: float) -> tuple[str, Who]:
        """A new session: its secret, for the cookie, and who it stands for. The oldest ones give way to it."""
        secret, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        ends = at + self.lasts_s(account.role)
        with self._accounts.transaction() as base:
            base.execute("DELETE FROM sessions WHERE ends < ?", (at,))
            kept = "SELECT mark FROM sessions WHERE account = ? ORDER BY seen DESC LIMIT ?"
            base.execute(
                f"DELETE FROM sessions WHERE account = ? AND mark NOT IN ({kept})",
                (account.name, account.name, self._settings.sessions_each - 1),
            )
            base.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)",
                (mark(secret), account.name, csrf, at, at, ends, address[:64]),
            )
        return secret, Who(account, account.role, "session", csrf, mark(secret))

    def find(self, secret: str, at: float) -> Who | None:
        """Who a session stands for; None where it is forged, ended, or has been idle for too long."""
        return self.alive(mark(secret), at) if len(secret) < 200 else None

    def alive(self, session: str, at: float) -> Who | None:
        rows = self._accounts.rows(
            "SELECT s.*, a.title, a.role, a.person, a.disabled, a.created FROM sessions s"
            " JOIN accounts a ON a.name = s.account WHERE s.mark = ?",
            session,
        )
        if not rows or rows[0]["disabled"]:
            return None
        row = rows[0]
        role = Role(row["role"])
        idle_s = self.lasts_s(role) if role is Role.VIEW else self._settings.idle_minutes * 60
        if not row["began"] - 60 <= at < row["ends"] or at - row["seen"] > idle_s:
            self.end(session)
            return None
        if abs(at - row["seen"]) > SEEN_S:
            with self._accounts.transaction() as base:
                base.execute("UPDATE sessions SET seen = ? WHERE mark = ?", (at, session))
        account = Account(row["account"], row["title"], role, row["person"], False, row["created"])
        return Who(account, role, "session", row["csrf"], session)

    def end(self, session: str) -> None:
        with self._accounts.transaction() as base:
            base.execute("DELETE FROM sessions WHERE mark = ?", (session,))

    def end_all(self, account: str) -> int:
        with self._accounts.transaction() as base:
            return base.execute("DELETE FROM sessions WHERE account = ?", (account,)).rowcount

    def count(self, account: str, at: float) -> int:
        return int(
            self._accounts.rows("SELECT count(*) FROM sessions WHERE account = ? AND ends > ?", account, at)[0][0]
        )

    # Tokens

    def make_token(self, account: Account, title: str, role: Role, days: float, at: float) -> tuple[str, Token]:
        """A token's secret, shown once, and what is kept of it. Never for more than the account may itself."""
        if role > account.role:
            raise AccountRefused(f"{account.name} has the role {account.role.label}: a token may not have more")
        if not 0 < days <= 366:
            raise AccountRefused("a token lasts 366 days at most")
        title = clean(title, "what a token is for", 80)
        secret = PREFIX + secrets.token_urlsafe(32)
        token = Token(secrets.token_hex(6), account.name, title, role, at, at + days * DAY_S, None)
        with self._accounts.transaction() as base:
            base.execute("DELETE FROM tokens WHERE ends < ?", (at,))
            number = base.execute("SELECT count(*) FROM tokens WHERE account = ?", (account.name,)).fetchone()[0]
            if number >= TOKENS_EACH:
                raise AccountRefused(f"{account.name} has {TOKENS_EACH} tokens already: revoke one first")
            base.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
                (token.id, mark(secret), account.name, title, int(role), at, token.ends),
            )
        return secret, token

    def find_token(self, secret: str, at: float) -> Who | None:
        if not secret.startswith(PREFIX) or len(secret) > 200:
            return None
        rows = self._accounts.rows(
            "SELECT t.id, t.role AS wanted, t.ends, t.used, a.* FROM tokens t JOIN accounts a ON a.name = t.account"
            " WHERE t.mark = ?",
            mark(secret),
        )
        if not rows or rows[0]["disabled"] or at >= rows[0]["ends"]:
            return None
        row = rows[0]
        if row["used"] is None or abs(at - row["used"]) > SEEN_S:
            with self._accounts.transaction() as base:
                base.execute("UPDATE tokens SET used = ? WHERE id = ?", (at, row["id"]))
        account = Account(row["name"], row["title"], Role(row["role"]), row["person"], False, row["created"])
        return Who(account, Role(min(row["wanted"], row["role"])), f"token {row['id']}")

    def tokens(self) -> list[Token]:
        return [
            Token(row["id"], row["account"], row["title"], Role(row["role"]), row["created"], row["ends"], row["used"])
            for row in self._accounts.rows("SELECT * FROM tokens ORDER BY created")
        ]

    def revoke(self, token: str) -> bool:
        with self._accounts.transaction() as base:
            return base.execute("DELETE FROM tokens WHERE id = ?", (token,)).rowcount == 1
