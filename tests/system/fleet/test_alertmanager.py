"""The real Alertmanager with Levee's configuration: who hears of what, and what is said only once."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import yaml

CONFIG = Path(__file__).resolve().parents[3] / "configs" / "alertmanager" / "alertmanager.yml"
Heard = list[tuple[str, str, str]]


class Desk:
    """Both receivers; `heard` are (address, name of the alert, its box or zone or instance)."""

    def __init__(self) -> None:
        self.heard: Heard = []
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                for alert in body["alerts"]:
                    labels = alert["labels"]
                    what = labels.get("zone") or labels.get("camera") or labels.get("box") or labels.get("instance", "")
                    heard.append((self.path, labels["alertname"], what))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def desk() -> Iterator[Desk]:
    one = Desk()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def fire(
    tmp_path: Path,
    desk: Desk,
    need: Callable[[str, str], str],
    new_port: Callable[[], int],
    wait: Callable[..., None],
) -> Iterator[Callable[..., None]]:
    """Sends alerts as Prometheus does. Only the addresses and the first waits are others than in the file."""
    config = yaml.safe_load(CONFIG.read_text())
    config["route"]["group_wait"] = "1s"
    for route in config["route"]["routes"]:
        if "group_wait" in route:
            route["group_wait"] = "1s"
    for receiver in config["receivers"]:
        for hook in receiver.get("webhook_configs", []):
            hook["url"] = f"http://127.0.0.1:{desk.server.server_port}/{hook['url'].rpartition('/')[2]}"
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
    port = new_port()
    process = subprocess.Popen(
        [
            need("prometheus-alertmanager", "prometheus-alertmanager"),
            f"--config.file={tmp_path / 'alertmanager.yml'}",
            f"--storage.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            "--log.level=error",
        ]
    )

    def ready() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/-/ready", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def send(*alerts: dict[str, str]) -> None:
        now = datetime.now(UTC).isoformat()
        body = [{"labels": labels, "annotations": {}, "startsAt": now} for labels in alerts]
        httpx.post(f"http://127.0.0.1:{port}/api/v2/alerts", json=body, timeout=5).raise_for_status()

    try:
        wait("it is ready", ready)
        yield send
    finally:
        process.terminate()
        process.wait(timeout=10)


def alert(name: str, severity: str, **labels: str) -> dict[str, str]:
    return {"alertname": name, "severity": severity, **labels}


def test_a_box_that_is_off_stands_for_its_cameras_and_zones_and_nobody_elses(fire, desk: Desk, wait) -> None:
    here, there = {"site": "bund", "box": "b1"}, {"site": "bund", "box": "b2"}
    fire(
        alert("LeveeBoxOffline", "critical", **here),
        alert("LeveeCameraNotLive", "warning", **here, camera="c1"),
        alert("LeveeZoneUnknown", "warning", **here, zone="steps"),
        alert("LeveeZoneUnknown", "warning", **there, zone="quay"),
        alert("LeveeReadingsOld", "warning", **there, zone="quay"),
        alert("LeveeCameraNotLive", "warning", **there, camera="c2"),
        alert("LeveeZoneRed", "info", site="bund", zone="steps"),
    )
    wanted = {
        ("/on-call", "LeveeBoxOffline", "b1"),
        ("/engineers", "LeveeZoneUnknown", "quay"),
        ("/engineers", "LeveeCameraNotLive", "c2"),
    }
    wait("all that should be heard is", lambda: wanted <= set(desk.heard))
    assert set(desk.heard) == wanted


def test_a_service_or_a_broker_that_is_away_is_one_message(fire, desk: Desk, wait) -> None:
    fire(
        alert("LeveeServiceBrokerAway", "critical", instance="service:9109"),
        *(alert("LeveeBoxBrokerAway", "warning", instance=f"box-{number}:9108") for number in range(20)),
        *(alert("LeveeZoneUnknown", "warning", site="bund", box="b1", zone=f"z{number}") for number in range(20)),
        alert("LeveeCommitSlow", "warning", instance="service:9109"),
        alert("LeveeCertificateEnding", "critical", instance="box-1:9108"),
        alert("LeveeCertificateEnds", "warning", instance="box-1:9108"),
        alert("LeveeCertificateEnds", "warning", instance="box-2:9108"),
    )
    wanted = {
        ("/on-call", "LeveeServiceBrokerAway", "service:9109"),
        ("/on-call", "LeveeCertificateEnding", "box-1:9108"),
        ("/engineers", "LeveeCommitSlow", "service:9109"),
        ("/engineers", "LeveeCertificateEnds", "box-2:9108"),
    }
    wait("all that should be heard is", lambda: wanted <= set(desk.heard))
    assert set(desk.heard) == wanted
