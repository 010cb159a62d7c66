"""Accounts, sessions, tokens and limits: what lets somebody in, and what never does."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

import alerting.console.accounts
from alerting.console.accounts import AccountRefused, Accounts, mark
from alerting.console.limits import Limit
from alerting.console.roles import Account, Role
from alerting.console.sessions import DAY_S, Sessions
from alerting.console.settings import ConsoleSettings

COST = alerting.console.accounts._hasher
AT = 1_800_000_000.0
GOOD = "correct-horse-battery"
LI = Account("li-wei", "李伟", Role.DUTY, "li-wei")
SCREEN = Account("screen", "Wall", Role.VIEW)
CHIEF = Account("chief", "Chief", Role.ADMIN)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes a password dear to guess makes tests dear as well."""
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(alerting.console.accounts, "_hasher", cheap)
    monkeypatch.setattr(alerting.console.accounts, "_NOBODY", cheap.hash("nobody's"))


def test_the_real_cost_is_that_of_the_standard() -> None:
    """RFC 9106, section 4: 64 MiB and 3 passes where memory is scarce."""
    assert (COST.memory_cost, COST.time_cost, COST.type.name) == (65_536, 3, "ID")


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    made = Accounts(tmp_path / "accounts.db")
    for account in (LI, SCREEN, CHIEF):
        made.add(account, GOOD, AT)
    yield made
    made.close()


@pytest.fixture
def sessions(accounts: Accounts) -> Sessions:
    return Sessions(accounts, ConsoleSettings(session_hours=12, idle_minutes=60, sessions_each=3))


def test_only_the_right_password_of_an_account_that_is_not_disabled(accounts: Accounts) -> None:
    found = accounts.check("li-wei", GOOD)
    assert found is not None
    assert (found.title, found.role, found.person) == ("李伟", Role.DUTY, "li-wei")
    for name, password in [("li-wei", GOOD.upper()), ("li-wei", ""), ("nobody", GOOD), ("' OR 1=1 --", GOOD)]:
        assert accounts.check(name, password) is None
    assert accounts.check("li-wei", GOOD + "x" * 100_000) is None
    accounts.change("li-wei", disabled=True)
    assert accounts.check("li-wei", GOOD) is None


def test_the_file_holds_no_secret_and_is_read_by_nobody_else(
    accounts: Accounts, sessions: Sessions, tmp_path: Path
) -> None:
    secret, _ = sessions.begin(LI, "10.0.0.7", AT)
    token, _ = sessions.make_token(LI, "a program", Role.VIEW, 10, AT)
    accounts.close()
    assert os.stat(tmp_path / "accounts.db").st_mode & 0o077 == 0
    whole = (tmp_path / "accounts.db").read_bytes()
    for hidden in (GOOD, secret, token):
        assert hidden.encode() not in whole
    with sqlite3.connect(tmp_path / "accounts.db") as base:
        assert base.execute("SELECT hash FROM accounts").fetchone()[0].startswith("$argon2id$")


@pytest.mark.parametrize(
    ("name", "title", "person", "password", "line"),
    [
        ("Li Wei", "x", "", GOOD, "a name is 1 to 63"),
        ("li-wei", "x", "", GOOD, "already"),
        ("new", "x", "", "short", "10 to 200"),
        ("new", "x", "", "x" * 201, "10 to 200"),
        ("new", "x", "", "aaaaaaaaaaaaaa", "too easy"),
        ("newcomer", "x", "", "my-newcomer-pass", "too easy"),
        ("new", " \x00\n ", "", GOOD, "1 to 80"),
        ("new", "x", "Somebody Else", GOOD, "duty file"),
    ],
)
def test_what_is_no_account_is_refused(
    accounts: Accounts, name: str, title: str, person: str, password: str, line: str
) -> None:
    with pytest.raises(AccountRefused, match=line):
        accounts.add(Account(name, title, Role.VIEW, person), password, AT)


def test_control_characters_never_reach_a_title(accounts: Accounts) -> None:
    accounts.add(Account("new", "A\x1b[31mB\u202eC\nD", Role.VIEW), GOOD, AT)
    found = accounts.get("new")
    assert found is not None
    assert found.title == "A[31mBCD"


def test_the_last_admin_stays(accounts: Accounts) -> None:
    for way in (
        lambda: accounts.remove("chief"),
        lambda: accounts.change("chief", role=Role.VIEW),
        lambda: accounts.change("chief", disabled=True),
    ):
        with pytest.raises(AccountRefused, match="last admin"):
            way()
    accounts.change("li-wei", role=Role.ADMIN)
    accounts.change("chief", disabled=True)
    with pytest.raises(AccountRefused, match="last admin"):
        accounts.remove("li-wei")


def test_a_session_ends_by_age_by_idleness_and_by_a_clock_set_back(sessions: Sessions) -> None:
    secret, _ = sessions.begin(LI, "", AT)
    assert sessions.find(secret, AT + 3000) is not None
    assert sessions.find(secret, AT + 3000 + 3500) is not None, "seen meanwhile"
    assert sessions.find(secret, AT + 3000 + 3500 + 3700) is None, "idle for more than an hour"
    secret, _ = sessions.begin(LI, "", AT)
    for minutes in range(30, 12 * 60, 30):
        assert sessions.find(secret, AT + minutes * 60) is not None
    assert sessions.find(secret, AT + 12 * 3600) is None, "twelve hours, however busy"
    secret, _ = sessions.begin(LI, "", AT)
    assert sessions.find(secret, AT - 3600) is None


def test_a_wall_screen_stays_for_days(sessions: Sessions) -> None:
    secret, _ = sessions.begin(SCREEN, "", AT)
    assert sessions.find(secret, AT + 29 * DAY_S) is not None
    assert sessions.find(secret, AT + 31 * DAY_S) is None


@pytest.mark.parametrize("forged", ["", "x", "0" * 64, "../../etc/passwd", "é" * 40, "\ud800", "x" * 100_000])
def test_forged_sessions_and_tokens_are_nobody(sessions: Sessions, forged: str) -> None:
    secret, who = sessions.begin(LI, "", AT)
    assert sessions.find(forged, AT) is None
    assert sessions.find_token(forged, AT) is None
    assert sessions.find_token(secret, AT) is None, "a cookie is no token"
    assert sessions.find(who.session, AT) is None, "what is kept of a session does not open it"
    assert who.session == mark(secret)


def test_what_an_account_may_is_asked_each_time(accounts: Accounts, sessions: Sessions) -> None:
    secret, _ = sessions.begin(LI, "", AT)
    token, _ = sessions.make_token(LI, "a program", Role.DUTY, 10, AT)
    accounts.change("li-wei", role=Role.VIEW)
    assert sessions.find(secret, AT) is None, "a new role is a new log-in"
    assert sessions.find_token(token, AT) is None, "a token may never do more than its account"
    secret, _ = sessions.begin(LI, "", AT)
    accounts.change("li-wei", password="another-good-one")
    assert sessions.find(secret, AT) is None
    accounts.remove("li-wei")
    assert sessions.tokens() == []


def test_the_oldest_sessions_give_way(sessions: Sessions) -> None:
    secrets = [sessions.begin(LI, "", AT + number)[0] for number in range(5)]
    assert [sessions.find(secret, AT + 10) is not None for secret in secrets] == [False, False, True, True, True]


def test_a_token_ends_and_is_never_more_than_its_account(sessions: Sessions) -> None:
    with pytest.raises(AccountRefused, match="may not have more"):
        sessions.make_token(LI, "x", Role.ADMIN, 10, AT)
    with pytest.raises(AccountRefused, match="366"):
        sessions.make_token(LI, "x", Role.VIEW, float("inf"), AT)
    secret, token = sessions.make_token(LI, "x", Role.VIEW, 1, AT)
    found = sessions.find_token(secret, AT + 100)
    assert found is not None
    assert (found.role, found.account.role) == (Role.VIEW, Role.DUTY)
    assert sessions.find_token(secret, AT + DAY_S) is None
    assert sessions.revoke(token.id)
    assert not sessions.revoke(token.id)
    assert sessions.find_token(secret, AT + 100) is None


def test_a_file_of_another_make_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "new.db") as base:
        base.execute("PRAGMA user_version=99")
    with pytest.raises(AccountRefused, match="make 99"):
        Accounts(tmp_path / "new.db")
    (tmp_path / "no.db").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(AccountRefused, match="cannot be opened"):
        Accounts(tmp_path / "no.db")
    with pytest.raises(AccountRefused, match="cannot be opened"):
        Accounts(tmp_path / "nowhere" / "a.db")


def test_a_limit_lets_a_burst_through_and_then_a_trickle() -> None:
    limit = Limit(0.5, 3, keys=2)
    assert [limit.wait_s("a", 0.0) for _ in range(4)] == [0, 0, 0, 2.0]
    assert limit.wait_s("b", 0.0) == 0, "one does not use up another's"
    assert limit.wait_s("a", 2.0) == 0
    assert limit.wait_s("a", 2.0) > 0
    assert limit.wait_s("a", -100.0) > 0, "a clock set back gives nothing"
    limit.give_back("a")
    assert limit.wait_s("a", 2.0) == 0, "what was no fault is given back"
    limit.wait_s("c", 2.0)
    limit.wait_s("d", 2.0)
    assert len(limit._left) == 2, "names that somebody makes up take no memory"
