"""The real Prometheus scrapes a running Levee: every panel, every mark, every variable and every rule finds its data.

What the demo has not (a certificate, a box that tells its temperature, a forecast after two minutes) is served by the
same registries beside it. Alerts go on to the real Alertmanager. `levee demo` and Prometheus run once for all tests of
this file. Queries are tried until they answer or the time is up; each test then looks at one of them and names it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from prometheus_client import start_http_server

from alerting.metrics import Metrics as AlertingMetrics
from alerting.view import AheadView, ZoneView
from edge.metrics import Metrics as EdgeMetrics
from edge.metrics import Snapshot
from levee.demo.session import STATE_FILE
from wire import VERSION, Band, Health, OutboxHealth, TierName

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "configs" / "prometheus"
SETTLED_S = 75.0
#: What Grafana fills in. At one scrape a second it would choose four seconds; a busy machine gets more.
VARIABLES = {
    'zone="$zone"': 'zone=~".+"',
    "$site": ".+",
    "$zone": ".+",
    "$box": ".+",
    "$instance": ".+",
    "$service": ".+",
    "$__rate_interval": "15s",
}
#: A comparison with a number; label matchers compare with quoted text.
TOGETHER = re.compile(r" unless on \([\w, ]+\) | or on \([\w, ]+\) | and | or ")
COMPARISON = re.compile(r"(==|!=|>=|<=|>|<) (?=[\d.])")


def filled(expr: str) -> str:
    for name, value in VARIABLES.items():
        expr = expr.replace(name, value)
    assert "$" not in expr, f"a variable is left in {expr}"
    return expr


def boards() -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((ROOT / "configs/grafana/dashboards").glob("*.json"))]


def panel_queries() -> dict[str, str]:
    return {
        f"{board['title']} / {panel['title']} / {target['refId']}": filled(target["expr"])
        for board in boards()
        for panel in board["panels"]
        for target in panel.get("targets", [])
    }


def mark_queries() -> dict[str, str]:
    """Of an annotation the series that it looks at: whether there is a change to mark is a matter of the moment."""
    return {
        f"{board['title']} / mark {mark['name']}": filled(mark["expr"]).removesuffix(" > 0")
        for board in boards()
        for mark in board["annotations"]["list"]
        # No alert at all is no series at all.
        if not mark["expr"].startswith("ALERTS")
    }


def variable_queries() -> dict[str, str]:
    """`label_values(selector, label)` as a query: one sample for each value of the label."""
    found = {}
    for board in boards():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"]).groups()
                found[f"{board['title']} / variable {variable['name']}"] = f"group by ({label}) ({filled(selector)})"
    return found


def rule_queries() -> dict[str, str]:
    """Of a recording rule its result; of an alert each part of its expression, whether it is true just now or not.

    `x > 2` becomes `x > bool 2`, which answers with 0 or 1 for every series of x instead of the dangerous ones only.
    `a unless b` is empty by nature where every a has its b: the two sides are asked one by one.
    """
    found = {}
    for path in sorted((PROMETHEUS / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                if "record" in rule:
                    found[rule["record"]] = rule["record"]
                    continue
                for place, part in enumerate(
                    re.split(r" unless on \([\w, ]+\) | or on \([\w, ]+\) | and | or ", rule["expr"])
                ):
                    if not part.startswith("absent("):
                        found[f"{rule['alert']} / part {place + 1}"] = COMPARISON.sub(r"\1 bool ", part)
    return found


PANELS, CHOICES, RULES = panel_queries() | mark_queries(), variable_queries(), rule_queries()


@dataclass
class Prometheus:
    """The running server, and for each query what it answered last."""

    url: str
    alertmanager: str
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def ask(self, path: str, **parameters: str) -> Any:
        told = httpx.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=10).json()
        assert told["status"] == "success", f"{parameters}: {told}"
        return told["data"]

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The samples; a quantile of nothing is NaN, and NaN is no data."""
        return [sample for sample in self.ask("query", query=expr)["result"] if sample["value"][1] != "NaN"]

    def settle(self, queries: dict[str, str], alive: Callable[[], None]) -> None:
        """Ask all `queries` until each has answered with data, or SETTLED_S have gone."""
        until = time.monotonic() + SETTLED_S
        missing = dict(queries)
        while missing and time.monotonic() < until:
            alive()
            for name, expr in list(missing.items()):
                self.answers[name] = self.query(expr)
                if self.answers[name]:
                    del missing[name]
            time.sleep(1)


@dataclass
class Children:
    """Programs that this file has started, with their output; all are ended by their own id."""

    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str | Path) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, cwd=self.folder)

    def alive(self) -> None:
        for name, process in self.running.items():
            log = (self.folder / f"{name}.log").read_text(errors="replace")
            assert process.poll() is None, f"{name} ended with {process.returncode}:\n{log[-2000:]}"

    def end(self) -> None:
        for process in reversed(self.running.values()):
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def scrape_config(folder: Path, targets: dict[str, list[str]], alertmanager: str) -> Path:
    """The project's own configuration with other ports, one scrape a second, and the rules by their full path."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(PROMETHEUS / pattern) for pattern in config["rule_files"]]
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert set(jobs) == set(targets)
    for name, addresses in targets.items():
        jobs[name]["static_configs"] = [{"targets": addresses}]
    config["alerting"]["alertmanagers"][0]["static_configs"] = [{"targets": [alertmanager]}]
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture(scope="module")
def besides(new_port) -> Iterator[dict[str, str]]:
    """What the demo does not show, by the same code."""
    edge, alerting = EdgeMetrics(), AlertingMetrics()
    edge.show(Snapshot(certificate=time.time() + 400 * 86_400))
    alerting.show_certificate(time.time() + 400 * 86_400)
    now = datetime.now(UTC)
    alerting.show_health(
        Health(
            version=VERSION,
            site="plaza",
            box="plaza-1",
            session="5f3a9c0d",
            sent=now,
            cameras=(),
            outbox=OutboxHealth(messages=0),
            temperature_c=51.5,
        )
    )
    alerting.box_online.labels("plaza", "plaza-1").set(0)
    alerting.show_zone(
        ZoneView(
            site="plaza",
            site_title="Plaza",
            zone="north",
            title="North",
            kind="flat",
            tier=TierName.RED,
            since=now,
            why="density",
            held=False,
            unknown_why="",
            people=Band(value=80, low=70, high=95),
            density=Band(value=2.1, low=1.8, high=2.5),
            trend=0.1,
            age_s=0.5,
            ahead=(AheadView(15, Band(value=3.1, low=2.2, high=4.0)),),
        )
    )
    servers, places = [], {}
    for job, one in (("levee-edge", edge), ("levee-alerting", alerting)):
        port = new_port()
        server, _ = start_http_server(port, "127.0.0.1", one.registry)
        servers.append(server)
        places[job] = f"127.0.0.1:{port}"
    yield places
    for server in servers:
        server.shutdown()
        server.server_close()


def start_auditor(children: Children, port: int) -> str:
    """The auditor of the demo's record, and where its metrics are."""
    demo = children.folder / "demo"
    settings = yaml.safe_load((demo / "service.yaml").read_text())
    settings["audit"] = {
        "channels": {"log": {"type": "console"}},
        "witness": str(demo / "witness.json"),
        "every_s": 1,
        "metrics_port": port,
    }
    (demo / "audit.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True))
    children.start("auditor", sys.executable, "-m", "levee", "alerting", "audit", demo / "audit.yaml")
    return f"127.0.0.1:{port}"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory, need, new_port, wait, besides) -> Iterator[Prometheus]:
    server = need("prometheus", "prometheus")
    need("mosquitto", "mosquitto")
    manager = need("prometheus-alertmanager", "prometheus-alertmanager")
    folder = tmp_path_factory.mktemp("prometheus")
    told, port, alerts = folder / "demo" / STATE_FILE, new_port(), new_port()
    children = Children(folder)
    demo = ("demo", "--headless", "--broker", "mosquitto", "--keep", folder / "demo", "--timeout", str(2 * SETTLED_S))
    try:
        children.start("demo", sys.executable, "-m", "levee", *demo)
        wait("the demo runs", lambda: children.alive() or told.is_file())
        metrics = json.loads(told.read_text())["metrics"]
        targets = {f"levee-{half}": [urlsplit(address).netloc] for half, address in metrics.items()}
        targets["levee-audit"] = [start_auditor(children, new_port())]
        for half, address in besides.items():
            targets[half].append(address)
        config = scrape_config(folder, targets, f"127.0.0.1:{alerts}")
        children.start(
            "alertmanager",
            manager,
            f"--config.file={ROOT / 'configs/alertmanager/alertmanager.yml'}",
            f"--storage.path={folder / 'alerts'}",
            f"--web.listen-address=127.0.0.1:{alerts}",
            "--cluster.listen-address=",
            "--log.level=error",
        )
        children.start(
            "prometheus",
            server,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        )
        running = Prometheus(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{alerts}")
        wait("Prometheus is ready", lambda: children.alive() or running.ready())
        running.settle(PANELS | CHOICES | RULES, children.alive)
        yield running
        children.alive()
    finally:
        children.end()


def test_everything_is_scraped(prometheus):
    states = [(target["labels"]["job"], target["health"]) for target in prometheus.ask("targets")["activeTargets"]]
    twice = [("levee-alerting", "up"), ("levee-edge", "up")] * 2
    assert sorted(states) == sorted([*twice, ("levee-audit", "up")])


def test_what_fires_goes_to_the_alertmanager_and_a_red_zone_to_nobody(prometheus, wait):
    found: dict[str, list[str]] = {}

    def arrived() -> bool:
        for alert in httpx.get(f"{prometheus.alertmanager}/api/v2/alerts", timeout=5).json():
            found[alert["labels"]["alertname"]] = [receiver["name"] for receiver in alert["receivers"]]
        return {"LeveeZoneRed", "LeveeBoxOffline"} <= set(found)

    wait("the red zone and the box that is off arrive", arrived, SETTLED_S)
    assert found["LeveeZoneRed"] == ["nobody"]
    assert found["LeveeBoxOffline"] == ["engineer-on-call"]


@pytest.mark.parametrize("name", PANELS)
def test_every_panel_shows_data(prometheus, name):
    assert prometheus.answers[name], f"the panel {name} is empty: {PANELS[name]}"


@pytest.mark.parametrize("name", CHOICES)
def test_every_variable_has_a_choice(prometheus, name):
    choices = [value for sample in prometheus.answers[name] for value in sample["metric"].values()]
    assert choices, f"{name} has nothing to choose from: {CHOICES[name]}"


@pytest.mark.parametrize("name", RULES)
def test_every_rule_finds_its_series(prometheus, name):
    assert prometheus.answers[name], f"the rule {name} looks at nothing: {RULES[name]}"


def test_prometheus_evaluates_every_rule_without_an_error(prometheus):
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    written = re.findall(
        r"^ *- (?:alert|record): (\S+)$", "\n".join(p.read_text() for p in PROMETHEUS.glob("rules/*")), re.M
    )
    assert sorted(rule["name"] for rule in rules) == sorted(written)
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}


def test_the_numbers_that_panels_put_into_words_have_words(prometheus):
    for board in boards():
        for panel in board["panels"]:
            for mapping in panel.get("fieldConfig", {}).get("defaults", {}).get("mappings", []):
                for target in panel["targets"]:
                    name = f"{board['title']} / {panel['title']} / {target['refId']}"
                    values = {str(int(float(sample["value"][1]))) for sample in prometheus.answers[name]}
                    assert values <= set(mapping["options"]), name


def test_a_query_that_finds_nothing_is_noticed(prometheus):
    assert prometheus.query('levee_alerting_zone_tier{site="atlantis"}') == []
