"""systemd's own tool takes the units, finds them hardened, and each starts a command that there is."""

from __future__ import annotations

import configparser
import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from levee.cli import app

ROOT = Path(__file__).resolve().parents[3]
UNITS = sorted((ROOT / "configs" / "systemd").glob("*.service"))
#: Of 10; systemd calls up to 2 OK, and a service without any hardening has 9.6.
EXPOSED = 2.0


def parsed(path: Path) -> dict[str, dict[str, list[str]]]:
    """Sections and keys; a key that is given twice has two values."""
    sections: dict[str, dict[str, list[str]]] = {}
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return sections


def test_there_are_units_for_all_that_runs_for_ever() -> None:
    assert {path.stem for path in UNITS} >= {"levee-edge", "levee-alerting", "levee-audit", "levee-console"}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_takes_the_unit(path: Path, need, tmp_path: Path) -> None:
    """Only that its program is not here may be said; and the installed unit names what will be there."""
    program = tmp_path / "levee"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / path.name
    unit.write_text(path.read_text().replace("/opt/levee/bin/levee", str(program)))
    done = subprocess.run(
        [need("systemd-analyze", "systemd"), "verify", str(unit)], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if path.name in line]
    assert said == []


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_hardened(path: Path, need) -> None:
    tool = need("systemd-analyze", "systemd")
    done = subprocess.run([tool, "security", "--offline=true", str(path)], capture_output=True, text=True, check=False)
    level = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert level, done.stdout + done.stderr
    assert float(level[1]) <= EXPOSED
    service = parsed(path)["Service"]
    for key, value in {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "CapabilityBoundingSet": "",
    }.items():
        assert service[key] == [value], key
    assert service["User"] != ["root"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_watched_and_started_again_for_ever(path: Path) -> None:
    unit = parsed(path)
    assert unit["Service"]["Restart"] == ["always"]
    assert unit["Unit"]["StartLimitIntervalSec"] == ["0"]
    if path.stem == "levee-console":
        # Its browsers notice within 5 s; nobody is paged by it.
        assert unit["Service"]["Type"] == ["exec"]
        return
    assert unit["Service"]["Type"] == ["notify"]
    assert 10 <= int(unit["Service"]["WatchdogSec"][0]) <= 600


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_that_there_is(path: Path) -> None:
    [command] = parsed(path)["Service"]["ExecStart"]
    program, *words = command.split()
    assert program == "/opt/levee/bin/levee"
    assert words[-1].startswith("/etc/levee/")
    done = CliRunner().invoke(app, [*words[:-1], "--help"])
    assert done.exit_code == 0, done.output


def test_what_the_examples_write_is_where_the_units_may_write() -> None:
    texts = [(ROOT / "configs" / "examples" / name).read_text() for name in ("box.yaml", "service.yaml")]
    written = re.findall(r"(?:data_folder|url|witness|accounts): (?:sqlite:///)?(/var/\S+)", "\n".join(texts))
    states = [parsed(path)["Service"]["StateDirectory"][0] for path in UNITS]
    assert len(written) == 4
    for name in written:
        assert any(f"{name}/".startswith(f"/var/lib/{state}/") for state in states), name


def test_no_key_of_a_unit_is_misspelt(need) -> None:
    """`verify` only warns of a key that it does not know; here it is a fault of its own."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    for path in UNITS:
        parser.read(path)
    tool = need("systemd-analyze", "systemd")
    done = subprocess.run([tool, "verify", *map(str, UNITS)], capture_output=True, text=True, check=False)
    assert "Unknown key" not in done.stderr
    assert "Unknown section" not in done.stderr
