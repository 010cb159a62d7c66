"""The compose file: by Compose's own schema, and every file that it mounts by the daemon that reads it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from levee.config.check import check_files

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = ROOT / "configs" / "compose"
WHOLE = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = WHOLE["services"]
#: What the machine brings and the repository cannot hold: certificates, settings, secrets.
OWN = "./site/"


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    """A copy of configs/ with a site's own files, as docs/deployment.md makes them."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    site = tmp_path / "configs" / "compose" / "site"
    for folder in ("mosquitto", "levee", "targets", "secrets"):
        (site / folder).mkdir(parents=True)
    for name in ("postgres-password", "record-url", "grafana-password"):
        (site / "secrets" / name).write_text("x")
    (site / "service.env").write_text("LEVEE_DUTY_ROOM_KEY=x\n")
    (site / "targets" / "bund.yml").write_text('- targets: ["192.0.2.11:9108"]\n')
    return tmp_path / "configs"


def mounts(service: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(host's path or name, container's path, mode)."""
    found = []
    for volume in service.get("volumes", []):
        source, target, *mode = volume.split(":")
        found.append((source, target, mode[0] if mode else "rw"))
    return found


def test_compose_takes_the_file(configs: Path, need: Callable[[str, str], str]) -> None:
    """`config` reads it by the schema, fills in the variables and resolves what depends on what."""
    tool = need("docker-compose", "docker-compose")
    environment = {"PATH": os.environ["PATH"], "HOME": str(configs)}
    done = subprocess.run(
        [tool, "-f", str(configs / "compose" / "compose.yaml"), "config"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = yaml.safe_load(done.stdout)
    assert set(said["services"]) == set(SERVICES)
    assert "variable is not set" not in done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_is_there(name: str) -> None:
    for source, target, mode in mounts(SERVICES[name]):
        if source.startswith(OWN) or not source.startswith("."):
            continue
        assert (COMPOSE / source).exists(), source
        assert mode == "ro", f"{target}: nothing of the repository is written by a container"


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_hardened_and_bounded(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["restart"] == "unless-stopped"
    assert service["mem_limit"]
    assert service["logging"]["options"]["max-size"]
    assert ":latest" not in service["image"]
    assert re.search(r":(\$\{\w+:-)?v?\d", service["image"]), "an image has a version"
    for volume in mounts(service):
        assert volume[0].startswith("./") or volume[0].startswith("../") or volume[0] in WHOLE["volumes"]


def test_only_the_boxes_door_is_open_to_other_machines() -> None:
    published = {name: service.get("ports", []) for name, service in SERVICES.items()}
    outside = [(name, port) for name, ports in published.items() for port in ports if not port.startswith("127.0.0.1:")]
    assert outside == [("broker", "8883:8883")]
    assert SERVICES["record"]["networks"] == ["inner"]
    assert WHOLE["networks"]["inner"] == {"internal": True}


def test_no_password_stands_in_the_file() -> None:
    for name, service in SERVICES.items():
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY|TOKEN", key):
                assert str(value).startswith("/run/secrets/") or value == "true", f"{name}: {key}"
    assert not re.search(r"(?i)password|secret", (COMPOSE / "example.env").read_text().split("\n", 1)[1])


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def test_the_containers_broker_asks_for_no_less_than_the_machines() -> None:
    """The same settings in the same order, but for where the container keeps things."""
    allowed = {
        "listener 8884 127.0.0.1": "listener 8884",
        "persistence_location /var/lib/mosquitto/": "persistence_location /mosquitto/data/",
    }
    machine = [allowed.get(line, line) for line in lines(ROOT / "configs" / "mosquitto" / "mosquitto.conf")]
    container = [line for line in lines(COMPOSE / "mosquitto.conf") if line != "log_dest stdout"]
    assert container == machine


def test_prometheus_takes_what_is_mounted_for_it(
    configs: Path, tmp_path: Path, need: Callable[[str, str], str]
) -> None:
    """Laid out as in the container, and checked by its own tool."""
    etc = tmp_path / "etc"
    etc.mkdir()
    for source, target, _ in mounts(SERVICES["prometheus"]):
        if not target.startswith("/etc/prometheus/"):
            continue
        (etc / target.removeprefix("/etc/prometheus/")).symlink_to((configs / "compose" / source).resolve())
    done = subprocess.run(
        [need("promtool", "prometheus"), "check", "config", str(etc / "prometheus.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 rule files found" in done.stdout


def test_prometheus_scrapes_containers_that_there_are() -> None:
    config = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())
    machine = yaml.safe_load((ROOT / "configs" / "prometheus" / "prometheus.yml").read_text())
    assert {job["job_name"] for job in config["scrape_configs"]} == {
        job["job_name"] for job in machine["scrape_configs"]
    }
    assert config["global"] == machine["global"]
    named = [
        host for job in config["scrape_configs"] for one in job.get("static_configs", []) for host in one["targets"]
    ]
    named += config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    service = yaml.safe_load((COMPOSE / "service.yaml").read_text())
    ports = {
        "alerting": service["metrics"]["port"],
        "auditor": service["audit"]["metrics_port"],
        "alertmanager": 9093,
    }
    for address in named:
        host, _, port = address.partition(":")
        assert host in SERVICES
        assert int(port) == ports[host]


def test_grafana_finds_its_source_and_its_dashboards() -> None:
    [source] = yaml.safe_load((COMPOSE / "grafana-source.yml").read_text())["datasources"]
    path = ROOT / "configs" / "grafana" / "provisioning"
    [machine] = yaml.safe_load((path / "datasources" / "levee.yml").read_text())["datasources"]
    assert source | {"url": machine["url"]} == machine
    assert source["url"] == "http://prometheus:9090"
    [provider] = yaml.safe_load((path / "dashboards" / "levee.yml").read_text())["providers"]
    targets = {target: host for host, target, _ in mounts(SERVICES["grafana"])}
    assert list((COMPOSE / targets[provider["options"]["path"]]).glob("*.json"))


def test_the_service_in_its_container_has_sound_settings() -> None:
    """Only what lies on the machine itself may be missing here."""
    found = check_files([COMPOSE / "service.yaml"])
    assert [str(problem) for problem in found if not problem.warning] == []
    settings = yaml.safe_load((COMPOSE / "service.yaml").read_text())
    assert settings["mqtt"]["host"] in SERVICES
    assert settings["mqtt"]["port"] == 8884, "the inner door: the console may share the certificate"
    written = {target for _, target, mode in mounts(SERVICES["alerting"]) if mode == "rw"}
    assert any(settings["audit"]["witness"].startswith(f"{target}/") for target in written)


def test_the_image_is_built_of_what_there_is() -> None:
    text = (COMPOSE / "Dockerfile").read_text()
    assert "USER levee" in text
    assert ":latest" not in text
    for base in re.findall(r"^FROM (\S+)", text, re.M):
        assert base == "python:3.11-slim-bookworm"
