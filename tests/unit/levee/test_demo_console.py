"""The demo's console: one more child, that the demo never needs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from argon2 import PasswordHasher

import alerting.console.accounts
from alerting.console.accounts import Accounts
from levee.demo.children import Child
from levee.demo.console import DemoConsole, installed
from levee.demo.plan import demo_settings, prepare


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], DemoConsole]:
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(alerting.console.accounts, "_hasher", cheap)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    plan = prepare(tmp_path, demo_settings())

    def make(program: str) -> DemoConsole:
        return DemoConsole(plan, Child("the console", [sys.executable, "-c", program], tmp_path / "console.log"))

    return make


def test_it_says_where_it_is_and_lets_in_whom_it_says(made: Callable[[str], DemoConsole], tmp_path: Path) -> None:
    assert installed()
    console = made("import time; time.sleep(60)")
    console.start()
    console.show()
    try:
        ((name, address),) = console.where
        assert address.startswith("http://127.0.0.1:")
        password = name.split("password ")[1].rstrip(")")
        accounts = Accounts(tmp_path / "console.db")
        account = accounts.check("demo", password)
        accounts.close()
        assert account is not None
        assert account.person == "duty-officer", "who acknowledges here is somebody of the demo's duty file"
    finally:
        console.child.end(0)


def test_one_that_dies_is_a_line_on_the_screen(made: Callable[[str], DemoConsole], wait: Callable[..., None]) -> None:
    console = made("print('no port is free'); raise SystemExit(3)")
    console.start()
    wait("it has ended", lambda: console.child.ended is not None)
    assert console.where == (("no console", "it ended: no port is free"),)


def test_one_that_cannot_begin_is_a_line_as_well(made: Callable[[str], DemoConsole], tmp_path: Path) -> None:
    (tmp_path / "console.db").write_bytes(b"no database" * 1000)
    console = made("")
    console.start()
    ((what, why),) = console.where
    assert what == "no console"
    assert "accounts" in why
