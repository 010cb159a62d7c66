"""`levee console account` and `token`, as an administrator types them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from argon2 import PasswordHasher
from typer.testing import CliRunner

import alerting.console.accounts
from alerting.console.accounts import Accounts
from levee.cli import app


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(alerting.console.accounts, "_hasher", cheap)
    monkeypatch.setattr("alerting.console.door.Journal.close", lambda *_: None)
    zone = {"name": "steps", "title": "Steps", "kind": "steps", "box": "b"}
    site = {"levee": "site", "site": "bund", "title": "Bund", "responsible": "r", "zones": [zone]}
    person = {"name": "li-wei", "title": "李伟", "reach": [{"channel": "log"}]}
    unit = {"name": "room", "title": "Room", "shifts": [{"name": "s", "teams": [["li-wei"]]}]}
    service = {
        "levee": "service",
        "sites": ["site.yaml"],
        "duty": "duty.yaml",
        "channels": {"log": {"type": "console"}},
        "console": {"accounts": "accounts.db"},
    }
    for name, whole in (
        ("site", site),
        ("duty", {"levee": "duty", "people": [person], "units": [unit]}),
        ("service", service),
    ):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    (tmp_path / "password").write_text("correct-horse-battery\n")
    return tmp_path / "service.yaml"


def run(*words: object) -> tuple[int, str]:
    told = CliRunner().invoke(app, ["console", *map(str, words)])
    return told.exit_code, f"{told.output}{told.exception or ''}"


def test_an_account_from_its_making_to_its_end(config: Path) -> None:
    file = config.parent / "password"
    made = ("account", "add", config, "li-wei", "--role", "admin", "--title", "李伟", "--person", "li-wei")
    assert run(*made, "--password-file", file) == (0, "made: li-wei, role admin\n")
    assert run("account", "add", config, "screen", "--password-file", file)[0] == 0
    status, text = run("account", "list", config)
    assert status == 0
    assert "li-wei: 李伟, role admin, person li-wei" in text
    assert "screen: screen, role view" in text
    accounts = Accounts(config.parent / "accounts.db")
    assert accounts.check("li-wei", "correct-horse-battery") is not None
    file.write_text("another-good-password")
    assert run("account", "password", config, "li-wei", "--password-file", file)[0] == 0
    assert accounts.check("li-wei", "correct-horse-battery") is None
    assert run("account", "disable", config, "screen")[0] == 0
    assert "disabled" in run("account", "list", config)[1]
    assert run("account", "enable", config, "screen")[0] == 0
    assert run("account", "role", config, "screen", "--role", "duty")[0] == 0
    status, secret = run("token", "add", config, "screen", "--title", "metro", "--role", "duty")
    assert status == 0
    assert secret.startswith("levee_")
    _, listed = run("token", "list", config)
    assert "screen, role duty" in listed
    assert secret.strip() not in listed
    assert run("token", "revoke", config, listed.split(":")[0])[0] == 0
    assert run("account", "remove", config, "screen")[0] == 0
    assert [one.name for one in accounts.all()] == ["li-wei"]
    accounts.close()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("account", "add", "{config}", "x", "--role", "king", "--password-file", "{file}"), "the roles are"),
        (("account", "add", "{config}", "x", "--person", "nobody", "--password-file", "{file}"), "there are li-wei"),
        (("account", "add", "{config}", "X Y", "--password-file", "{file}"), "a name is"),
        (("account", "add", "{config}", "x", "--password-file", "/nowhere"), "cannot be read"),
        (("account", "password", "{config}", "nobody", "--password-file", "{file}"), "no account nobody"),
        (("account", "remove", "{config}", "nobody"), "no account nobody"),
        (("token", "add", "{config}", "nobody", "--title", "x"), "no account nobody"),
        (("token", "revoke", "{config}", "abc"), "no token abc"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(config: Path, words: tuple[str, ...], line: str) -> None:
    filled = [word.format(config=config, file=config.parent / "password") for word in words]
    status, text = run(*filled)
    assert status != 0
    assert line in " ".join(text.replace("│", " ").split())


def test_the_console_says_what_it_lacks(config: Path) -> None:
    whole = yaml.safe_load(config.read_text())
    config.write_text(yaml.safe_dump({**whole, "metrics": {"port": 0}}))
    status, text = run("run", config)
    assert status != 0
    assert "name its `state`" in text


def test_a_board_of_places_that_there_are_not_is_refused(config: Path) -> None:
    whole = yaml.safe_load(config.read_text())
    place = {"name": "moon", "zh": "月亮", "en": "Moon", "zones": ["bund/moon"]}
    console = {"accounts": "accounts.db", "board": {"places": [place]}}
    config.write_text(yaml.safe_dump({**whole, "console": console}))
    status, text = run("run", config)
    assert status != 0
    assert "the board names bund/moon" in text
