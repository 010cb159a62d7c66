"""The `levee` command: help that teaches, and one clear line where something is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from levee.cli import EXTRAS, app, refusal
from levee.config.problems import ConfigRefused, Problem
from models.counter import WeightsRefused

ROOT = Path(__file__).resolve().parents[3]


def levee(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "levee", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100", **environment},
        check=False,
    )


def test_the_help_shows_what_to_type_first() -> None:
    told = CliRunner().invoke(app, ["--help"]).output
    for line in ("levee demo", "levee count photo.jpg", "levee config check", "levee edge run box.yaml"):
        assert line in told


@pytest.mark.parametrize(
    "command",
    [
        "demo",
        "count",
        "edge",
        "edge run",
        "alerting",
        "alerting run",
        "config",
        "config check",
        "config schema",
        "models",
    ],
)
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert len(result.output) > 200


def test_the_version_is_told() -> None:
    assert levee("--version").stdout.startswith("levee ")


def test_a_missing_file_is_one_line() -> None:
    result = levee("edge", "run", "gone.yaml")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "levee: gone.yaml: no such file\n"


def test_the_debug_variable_shows_where() -> None:
    result = levee("edge", "run", "gone.yaml", LEVEE_DEBUG="1")
    assert result.returncode != 0
    assert "Traceback" in result.stderr


def test_a_fault_is_counted_and_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("levee: site\nsite: a\ntitle: A\nresponsible: B\nzones: []\n")
    result = levee("config", "check", str(tmp_path / "a.yaml"))
    assert result.returncode == 2
    assert result.stderr.splitlines() == [f"{tmp_path}/a.yaml:5: zones: must hold at least 1", "1 fault in 1 file"]


def test_sound_files_end_with_0() -> None:
    files = sorted((ROOT / "configs/examples").glob("*.yaml"))
    result = levee("config", "check", *map(str, files))
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"{len(files)} files: no fault")


def test_the_schema_is_printed() -> None:
    result = CliRunner().invoke(app, ["config", "schema", "site"])
    assert result.output == (ROOT / "configs/schema/site.json").read_text(encoding="utf-8")
    assert CliRunner().invoke(app, ["config", "schema", "sight"]).exit_code == 2
    assert CliRunner().invoke(app, ["config", "schema"]).exit_code == 2


@pytest.mark.parametrize(
    ("error", "line", "status"),
    [
        (ConfigRefused([Problem(Path("a.yaml"), "is wrong", 3, 1, "x")]), "a.yaml:3: x: is wrong", 2),
        (
            ModuleNotFoundError("No module named 'sqlalchemy.orm'", name="sqlalchemy.orm"),
            "this needs sqlalchemy, which the base install leaves out: install levee[service]",
            2,
        ),
        (FileNotFoundError(2, "No such file or directory", "a.mp4"), "a.mp4: No such file or directory", 1),
        (WeightsRefused("net.onnx: its SHA-256 is not"), "net.onnx: its SHA-256 is not", 1),
        (WeightsRefused("rtsp://u:hunter2@cam/1\nand more"), "rtsp://***@cam/1 and more", 1),
        (KeyError("x"), "KeyError: 'x' (set LEVEE_DEBUG=1 to see where)", 1),
        (ModuleNotFoundError("No module named 'x'", name="x"), "ModuleNotFoundError: No module named 'x' (set", 1),
    ],
)
def test_a_refusal_is_one_line(error: Exception, line: str, status: int) -> None:
    told, code = refusal(error)
    assert told.startswith(line)
    assert "\n" not in told
    assert code == status


def test_every_extra_that_is_named_exists() -> None:
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    distributions = {"skimage": "scikit-image"}
    for module, extra in EXTRAS.items():
        name = distributions.get(module, module.replace("_", "-"))
        assert any(name in needed for needed in extras[extra]), (module, extra)


def test_the_command_starts_without_any_heavy_room() -> None:
    heavy = ("cv2", "openvino", "numpy", "sqlalchemy", "apprise")
    code = f"import sys, levee.cli; print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT, check=True
    )
    assert result.stdout.strip() == "[]"
