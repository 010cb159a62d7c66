"""The pages for installers and for the night name metrics, alerts, commands, files and headings that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from alerting.audit.metrics import AuditMetrics
from alerting.metrics import Metrics as AlertingMetrics
from edge.metrics import Metrics as EdgeMetrics
from levee.cli import app
from levee.dashboards.metrics_page import metrics

ROOT = Path(__file__).resolve().parents[3]
PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text() for name in ("deployment", "runbook", "upgrade")}


@pytest.mark.parametrize("name", PAGES)
def test_every_metric_with_its_labels_is_served(name: str) -> None:
    halves = (EdgeMetrics(), AlertingMetrics(), AuditMetrics())
    served = {row.name: set(row.labels) for half in halves for row in metrics(half.registry)}
    for metric, matchers in re.findall(r"(levee_(?:edge|alerting|audit)_\w+)(?:{([^}]*)})?", PAGES[name]):
        assert metric in served, metric
        assert set(re.findall(r"(\w+)(?:=~|!~|!=|=)\"", matchers)) <= served[metric], (metric, matchers)


@pytest.mark.parametrize("name", PAGES)
def test_every_alert_is_a_rule(name: str) -> None:
    groups = yaml.safe_load((ROOT / "configs" / "prometheus" / "rules" / "alerts.yml").read_text())["groups"]
    known = {rule["alert"] for group in groups for rule in group["rules"]}
    assert set(re.findall(r"`(Levee[A-Z]\w+)`", PAGES[name])) <= known


@pytest.mark.parametrize("name", PAGES)
def test_every_command_and_its_options_exist(name: str) -> None:
    said = re.findall(r"(?:^|`|/bin/| && )levee ((?:[a-z]+ ?){1,2})([^`\n]*)", PAGES[name], re.M)
    assert said
    for words, rest in said:
        command = words.split()
        helped = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200"})
        if helped.exit_code and len(command) == 2:
            helped = CliRunner().invoke(app, [command[0], "--help"], env={"COLUMNS": "200"})
        assert helped.exit_code == 0, f"levee {words}"
        for option in re.findall(r"(--[a-z-]+)", rest.partition("#")[0]):
            assert option in helped.output, f"levee {words}: {option}"


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_pages_and_headings(name: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[name]):
        page, _, heading = target.partition("#")
        path = ROOT / "docs" / page if page else ROOT / "docs" / f"{name}.md"
        assert path.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.+)$", path.read_text(), re.M)
            assert heading in {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}, target


@pytest.mark.parametrize("name", PAGES)
def test_every_file_of_the_project_that_is_named_is_there(name: str) -> None:
    for path in re.findall(r"\b(configs/[\w./-]*\w)", PAGES[name]):
        assert (ROOT / path).exists(), path


def test_the_four_questions_of_the_night_have_an_answer() -> None:
    for question in ("The wall is grey", "A box is silent", "Pages are refused", "We were paged for nothing"):
        section = PAGES["runbook"].partition(f"## {question}\n")[2].partition("\n## ")[0]
        assert len(re.findall(r"levee_\w+", section)) >= 2, question
        assert len(re.findall(r"^\d\. ", section, re.M)) >= 4, question
