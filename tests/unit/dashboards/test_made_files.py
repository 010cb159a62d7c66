"""What is committed is what the code makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from levee.dashboards.__main__ import main
from levee.dashboards.files import made

ROOT = Path(__file__).resolve().parents[3]
MADE = made()


@pytest.mark.parametrize("name", MADE, ids=str)
def test_the_committed_file_is_current(name):
    assert (ROOT / name).read_text(encoding="utf-8") == MADE[name], "run `python -m levee.dashboards`"


def test_check_names_a_stale_file_and_writes_nothing(tmp_path, capsys):
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    stale = tmp_path / "docs" / "wire.md"
    stale.write_text("old")
    capsys.readouterr()
    assert main(["--check"], tmp_path) == 1
    assert capsys.readouterr().err == "docs/wire.md is out of date: run `python -m levee.dashboards`\n"
    assert stale.read_text() == "old"
