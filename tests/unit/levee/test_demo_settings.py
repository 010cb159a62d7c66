"""The demo's own settings: of one mind with the clips, and with nothing to hide."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import sample_videos
from levee.config.check import check_files
from levee.config.load import load_box, load_service
from levee.demo.plan import demo_settings, prepare
from levee.demo.ports import LOOPBACK

DEMO = demo_settings()


def test_they_have_no_fault() -> None:
    assert check_files([DEMO / "box.yaml", DEMO / "service.yaml", DEMO / "site.yaml"]) == []


@pytest.mark.parametrize("name", sample_videos.names())
def test_each_clip_is_shown_with_its_own_calibration_and_zones(name: str) -> None:
    box = load_box(DEMO / "box.yaml")
    (camera,) = [camera for camera in box.cameras if camera.source == str(sample_videos.clip(name).resolve())]
    truth = yaml.safe_load(sample_videos.camera_file(name).read_text())
    assert list(camera.picture_px or ()) == truth["picture_px"]
    assert [(list(point.pixel), list(point.ground), point.z) for point in camera.ground_points] == [
        (point["pixel"], point["ground"], point["z"]) for point in truth["ground_points"]
    ]
    zones = {zone.name: [list(corner) for corner in zone.polygon] for zone in box.zones if zone.camera == camera.name}
    assert zones == {zone["name"]: zone["polygon"] for zone in truth["zones"]}


def test_thresholds_are_those_of_service_and_only_windows_are_shorter() -> None:
    _, sites = load_service(DEMO / "service.yaml")
    for zone in sites[0].zones:
        assert zone.thresholds is None, "the demo shows the thresholds that hold in service"


def test_a_run_is_put_on_free_ports_of_this_machine_and_into_its_own_folder(tmp_path: Path) -> None:
    plan = prepare(tmp_path, DEMO, pager_port=12345)
    box = load_box(plan.box_file)
    service, sites = load_service(plan.service_file)
    assert (box, service, sites) == (plan.box, plan.service, plan.sites)
    assert service.console is not None
    ports = [plan.broker_port, box.metrics.port, service.metrics.port, service.console.port, 12345]
    assert len(set(ports)) == 5
    assert Path(service.console.accounts).is_relative_to(tmp_path)
    assert {box.mqtt.host, service.mqtt.host, box.metrics.host, service.metrics.host} == {LOOPBACK}
    assert Path(box.data_folder).is_relative_to(tmp_path)
    assert service.record.url == f"sqlite:///{tmp_path}/record.db"
    assert "http://127.0.0.1:12345/page" in [getattr(channel, "url", None) for channel in service.channels.values()]


def test_webhooks_to_elsewhere_stay_as_they_are(tmp_path: Path) -> None:
    settings = tmp_path / "settings"
    settings.mkdir()
    for name in ("box", "site", "service"):
        text = (DEMO / f"{name}.yaml").read_text().replace("../../", f"{DEMO.parents[1]}/")
        (settings / f"{name}.yaml").write_text(text.replace("http://127.0.0.1:9110", "http://198.51.100.7:9110"))
    plan = prepare(tmp_path / "run", settings, pager_port=12345)
    urls = [getattr(channel, "url", None) for channel in plan.service.channels.values()]
    assert "http://198.51.100.7:9110/page" in urls
