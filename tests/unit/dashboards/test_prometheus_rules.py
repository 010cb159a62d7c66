"""Prometheus's own tool takes the configuration, and each rule is shown to fire when it must and only then."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
CONFIG = ROOT / "configs" / "prometheus" / "prometheus.yml"
RULES = ROOT / "configs" / "prometheus" / "rules"
ALERTMANAGER = ROOT / "configs" / "alertmanager" / "alertmanager.yml"
TESTS = Path(__file__).parent / "rules"


def rules(kind: str) -> list[dict]:
    files = [yaml.safe_load(path.read_text()) for path in sorted(RULES.glob("*.yml"))]
    return [rule for file in files for group in file["groups"] for rule in group["rules"] if kind in rule]


ALERTS = rules("alert")


@pytest.fixture
def promtool(need):
    tool = need("promtool", "prometheus")

    def run(*arguments: str | Path) -> None:
        done = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_promtool_takes_the_configuration(promtool):
    promtool("check", "config", CONFIG)


def test_promtool_takes_the_rules(promtool):
    promtool("check", "rules", "--lint=all", "--lint-fatal", *sorted(RULES.glob("*.yml")))


@pytest.mark.parametrize("path", sorted(TESTS.glob("*.test.yml")), ids=lambda path: path.name)
def test_rules_do_what_their_tests_say(promtool, path):
    promtool("test", "rules", path)


def test_each_alert_is_tested_both_ways():
    fires, quiet = set(), set()
    for test in yaml.safe_load((TESTS / "alerts.test.yml").read_text())["tests"]:
        for case in test["alert_rule_test"]:
            (fires if case["exp_alerts"] else quiet).add(case["alertname"])
    names = {rule["alert"] for rule in ALERTS}
    assert len(names) == len(ALERTS)
    assert fires == names
    assert quiet == names


def test_each_recording_rule_is_tested():
    tests = yaml.safe_load((TESTS / "recording.test.yml").read_text())["tests"]
    asked = " ".join(case["expr"] for test in tests for case in test["promql_expr_test"])
    for rule in rules("record"):
        assert rule["record"] in asked


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_tells_a_person_what_to_do(rule):
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    assert all(len(text) > 20 for text in rule["annotations"].values())
    assert rule.get("for", "0s") in {"0s", "15s", "30s", "1m"}


def test_amtool_takes_the_alertmanagers_configuration(need):
    tool = need("amtool", "prometheus-alertmanager")
    done = subprocess.run([tool, "check-config", str(ALERTMANAGER)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_each_alert_goes_to_whom_its_severity_says(need, rule):
    tool = need("amtool", "prometheus-alertmanager")
    labels = [f"alertname={rule['alert']}", f"severity={rule['labels']['severity']}", "site=bund", "box=b1"]
    done = subprocess.run(
        [tool, "config", "routes", "test", f"--config.file={ALERTMANAGER}", *labels],
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = {"info": "nobody", "warning": "engineers", "critical": "engineer-on-call"}
    assert done.stdout.split() == [wanted[rule["labels"]["severity"]]]


def test_what_is_inhibited_are_alerts_that_there_are():
    names = {rule["alert"] for rule in ALERTS}
    for rule in yaml.safe_load(ALERTMANAGER.read_text())["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            label, _, pattern = re.fullmatch(r'(\w+)(=~?)"(.+)"', matcher).groups()
            assert label == "alertname"
            for part in pattern.split("|"):
                assert any(re.fullmatch(part, name) for name in names), part


def test_the_crowd_path_does_not_pass_through_an_alertmanager():
    about_tiers = [
        rule for rule in ALERTS if re.search(r"zone_tier|density|people|incident|zone_threshold", rule["expr"])
    ]
    assert [(rule["alert"], rule["labels"]["severity"]) for rule in about_tiers] == [("LeveeZoneRed", "info")]
