"""`levee models add`: what is taken in is counted with; what cannot be is refused, and not left behind."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

import models
from levee.commands.models import models_app

SSD = {"kind": "detector", "boxes": {"form": "ssd", "size": 384, "fit": "stretch", "confidence": 0.3, "cap": 200}}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "added"
    monkeypatch.setenv("LEVEE_MODELS", str(folder))
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(models_app, ["add", *map(str, arguments)])


def described(tmp_path: Path, **content: object) -> Path:
    file = tmp_path / "told.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


def test_a_counter_of_another_party_is_known_by_its_name(shared_data: Path, tmp_path: Path, home: Path) -> None:
    weights = shared_data / "weights" / "person-detection-0201-fp16.xml"
    if not weights.exists():
        pytest.skip(f"{weights.name} is not among the data beside the project")
    result = run(weights, "--manifest", described(tmp_path, name="pd", **SSD))
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in home.iterdir()) == ["pd.bin", "pd.xml", "pd.yaml"]
    assert models.load("pd", threads=1).name == "detector:pd"
    assert "pd" in CliRunner().invoke(models_app, ["list"]).stdout
    with pytest.raises(models.WeightsRefused, match="levee-s, pd"):
        models.load("nobody")
    (home / "pd.bin").write_bytes(b"another")
    with pytest.raises(models.WeightsRefused, match="SHA-256"):
        models.load("pd")


def test_what_does_not_count_is_not_left_behind(shared_data: Path, tmp_path: Path, home: Path) -> None:
    weights = shared_data / "weights" / "mcnn_shtechB.onnx"
    if not weights.exists():
        pytest.skip(f"{weights.name} is not among the data beside the project")
    result = run(weights, "--manifest", described(tmp_path, name="odd", **SSD))
    assert result.exit_code == 2
    assert "not the counter that odd.yaml describes" in result.stderr
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("weights", "content", "says"),
    [
        ("a.onnx", None, "--manifest"),
        ("none.onnx", {"name": "a", "kind": "density"}, "no such file"),
        ("none.pt", None, "nothing is downloaded"),
        ("a.onnx", {"kind": "density"}, "name"),
        ("a.onnx", {"name": "a", "kind": "oracle"}, "oracle"),
        ("a.onnx", ["no", "manifest"], "object"),
        ("a.onnx", {"name": "a", "kind": "density", "sha256": "b" * 64}, "SHA-256"),
        ("a.onnx", {"name": "a", "kind": "density"}, "not a network"),
    ],
)
def test_what_cannot_be_taken_in_is_one_line(
    tmp_path: Path, home: Path, weights: str, content: object, says: str
) -> None:
    (tmp_path / "a.onnx").write_bytes(b"not a network")
    options: list[object] = []
    if content is not None:
        file = tmp_path / "told.yaml"
        file.write_text(yaml.safe_dump(content))
        options = ["--manifest", file]
    result = run(tmp_path / weights, *options)
    assert result.exit_code == 2, result.output
    assert says in result.stderr
    assert result.stderr.count("levee: ") == 1
    assert not home.exists() or not list(home.iterdir())
