"""What the commands ask for is what the desk understands; what is wrong with a desk's file is said with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alerting.desk.asks import ASKS, happening
from alerting.desk.events import HazardOpened, OccasionSet, StepDone
from levee.cli import app

ROOT = Path(__file__).resolve().parents[4]
EXAMPLES = ROOT / "configs" / "examples"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    bodies: list[dict[str, Any]] = []

    def ask(config: Path, body: dict[str, Any]) -> str:
        bodies.append(json.loads(json.dumps(body)))
        return ""

    monkeypatch.setattr("levee.commands.asking.ask", ask)
    monkeypatch.setattr("levee.commands.desk._state", lambda config: None)
    return bodies


@pytest.mark.parametrize(
    "words",
    [
        "done s.yaml abc --by ann",
        "waive s.yaml abc --by ann --words no-trains",
        "event s.yaml x --by ann --why w --title P --site b --zone steps --begins x --ends y --expected 5 --owner o",
        "event s.yaml party --by ann --why rain --cancel",
        "assess s.yaml party --by ann --words filed",
        "hazard s.yaml locked --by ann --owner operator --level district --cause self-assessment --days 2",
        "close s.yaml abc --by ann --evidence photograph",
        "recheck s.yaml abc --by ann --is-back --words again",
        "here s.yaml abc --by ann",
        "cap s.yaml --release m_1 --by ann",
    ],
)
def test_each_command_asks_for_what_the_desk_understands(asked: list[dict[str, Any]], words: str) -> None:
    result = CliRunner().invoke(app, ["desk", *words.split()])
    assert result.exit_code == 0, result.output
    (body,) = asked
    assert body["what"] in ASKS
    made = happening(body, "key", 5.0)
    assert made.at == 5.0
    assert getattr(made, "person", "ann") == "ann"
    if isinstance(made, OccasionSet):
        assert (made.zones, made.expected, made.owner) == (("steps",), 5, "o")
    if isinstance(made, HazardOpened):
        assert (made.level.value, made.kind.value, made.days) == ("district", "self-assessment", 2.0)
    if isinstance(made, StepDone):
        assert made.waived == words.startswith("waive")


@pytest.mark.parametrize(
    "body",
    [
        {"what": "step-done"},
        {"what": "step-done", "task": 7, "person": "ann"},
        {"what": "hazard-open", "person": "ann", "level": "moon"},
        {"what": "hazard-recheck", "hazard": "h", "person": "ann"},
        {"what": "event-set", "event": "e", "expected": "many"},
        {"what": "drill-begin", "drill": "d", "truth": [[1]]},
        {"what": "sing"},
    ],
)
def test_what_cannot_be_read_is_an_error_and_nothing_else(body: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        happening(body, "key", 5.0)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("owner: promenade-operator, within_s: 300", "within_s: 300", "`owner` is missing"),
        ("owner: promenade-operator, within_s: 300", "owner: nobody, within_s: 300", "no unit is called nobody"),
        ('ends: "2027-01-01 01:00"', 'ends: "2026-12-30 01:00"', "`ends` is not after `begins`"),
        ("../scenarios/riverside-drill.yaml", "../scenarios/none.yaml", "no such file"),
        ("channel: voice-call", "channel: pigeon", "has no channel called pigeon"),
        ("zones: [steps]", "zones: [roof]", "has no zone roof"),
        ("release: [district-officer]", "release: [zoe]", "nobody is called zoe"),
    ],
)
def test_faults_of_a_desk_file_are_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    for name in ("service", "site", "duty"):
        (tmp_path / f"{name}.yaml").write_text((EXAMPLES / f"{name}.yaml").read_text())
    text = (EXAMPLES / "desk.yaml").read_text()
    assert old in text
    text = text.replace(old, new, 1).replace("../scenarios", str(ROOT / "configs" / "scenarios"))
    (tmp_path / "desk.yaml").write_text(text)
    result = CliRunner().invoke(app, ["config", "check", str(tmp_path / "service.yaml")])
    assert result.exit_code != 0
    assert said in " ".join(result.output.split()), result.output
    assert "desk.yaml:" in result.output
