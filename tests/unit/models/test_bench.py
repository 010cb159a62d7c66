"""The race of counters: fair turns, honest medians, a table, and one line for what cannot be raced."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from levee.commands.models import models_app
from models import bench


class Paced:
    """A counter whose network takes what it is told."""

    def __init__(self, name: str, took: list[float], log: list[str]) -> None:
        self.name = name
        self._took = iter(took)
        self._log = log
        self.engine: Any = SimpleNamespace(took_s=0.0, cpu_s=0.0, took_size=(64, 32), precision="f32")

    def count(self, frame: np.ndarray) -> None:
        self.engine.took_s = next(self._took)
        self.engine.cpu_s = self.engine.took_s / 2
        self._log.append(self.name)


def test_medians_and_ratios_of_the_same_round() -> None:
    log: list[str] = []
    warm = [9.0] * bench.WARM_UP
    # the second round was slow for all of them
    ours = Paced("ours", [*warm, 0.010, 0.100, 0.012], log)
    theirs = Paced("theirs", [*warm, 0.020, 0.200, 0.024], log)
    steps: list[int] = []
    times = bench.race([ours, theirs], bench.noise((64, 32)), 3, lambda: steps.append(1))  # type: ignore[list-item]
    assert [time.network_ms for time in times] == pytest.approx([12.0, 24.0])
    assert [time.cpu_ms for time in times] == pytest.approx([6.0, 12.0])
    assert [time.ratio for time in times] == pytest.approx([1.0, 2.0])
    assert times[0].takes == "64x32"
    assert len(steps) == len(log) == 2 * (3 + bench.WARM_UP)
    firsts = log[::2]
    assert {*firsts} == {"ours", "theirs"}  # both begin rounds
    with pytest.raises(ValueError):
        bench.race([], bench.noise((64, 32)), 3)


def test_the_machine_is_named() -> None:
    line = bench.machine()
    assert "cores" in line
    assert "OpenVINO" in line
    assert "\n" not in line


def test_the_command_writes_a_table(tmp_path: Path) -> None:
    out = tmp_path / "bench.md"
    arguments = ["--yolo", "none", "--size", "64x48", "--size", "96x64", "--threads", 1, "--rounds", 2, "--out", out]
    result = CliRunner().invoke(models_app, ["bench", *map(str, arguments), "--precision", "f32"])
    assert result.exit_code == 0, result.output
    written = out.read_text()
    assert written.strip() in result.stdout.strip()
    rows = [line for line in written.splitlines() if "density:levee-s" in line and line.startswith("|")]
    assert [row.split(" | ")[3] for row in rows] == ["64x64", "96x64"]
    assert all(row.endswith("| 1.00 |") for row in rows)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--model", "nobody"], "nobody"),
        (["--peer", "nowhere.yaml"], "nowhere.yaml"),
        (["--size", "64"], "WIDTHxHEIGHT"),
        (["--size", "8x8"], "32 px"),
        (["--precision", "int4"], "f32 or bf16"),
        (["--out", "/nowhere/bench.md"], "/nowhere/bench.md"),
    ],
)
def test_bad_options_end_with_one_line(arguments: list[str], says: str) -> None:
    quick = ["--yolo", "none", "--rounds", "1", "--threads", "1"]
    quick += [] if "--size" in arguments else ["--size", "64x64"]
    result = CliRunner().invoke(models_app, ["bench", *quick, *arguments])
    assert result.exit_code == 2
    assert says in result.stderr
