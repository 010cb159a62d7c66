"""Faults that only show between settings files, or between them and this machine."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from levee.config.check import check_files

BOX = """\
levee: box
site: riverside
box: riverside-1
model: {model}
cameras:
  - name: cam
    source: clip.mp4
    picture_px: [960, 540]
    ground_points:
      - {{pixel: [218, 406], ground: [-5, 11]}}
      - {{pixel: [742, 406], ground: [5, 11]}}
      - {{pixel: [708, 231], ground: [7, 20]}}
      - {{pixel: [252, 231], ground: [-7, 20]}}
zones:
  - name: plaza
    camera: cam
    polygon: [[-5, 12], [5, 12], [6, 20], [-6, 20]]
"""
SITE = """\
levee: site
site: riverside
title: Riverside
responsible: Duty room
zones:
  - name: plaza
    title: Plaza
    kind: flat
    box: riverside-1
"""
SERVICE = "levee: service\nsites: [site.yaml]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A box, a site and a service that fit, with a counter of their own."""
    weights = tmp_path / "net.onnx"
    weights.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    (tmp_path / "net.yaml").write_text(f"kind: density\nname: net\nfile: net.onnx\nsha256: {digest}\n")
    (tmp_path / "clip.mp4").touch()
    (tmp_path / "box.yaml").write_text(BOX.format(model="net.yaml"))
    (tmp_path / "site.yaml").write_text(SITE)
    (tmp_path / "service.yaml").write_text(SERVICE)
    return tmp_path


def told(folder: Path, *names: str) -> list[str]:
    problems = check_files([folder / name for name in names])
    return [str(problem).replace(f"{folder}/", "") for problem in problems]


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))


def test_files_that_fit_have_no_fault(folder: Path) -> None:
    assert told(folder, "box.yaml", "site.yaml", "service.yaml") == []
    assert told(folder, "service.yaml", "box.yaml") == []
    assert told(folder, "box.yaml") == []


@pytest.mark.parametrize(
    ("name", "old", "new", "line"),
    [
        ("box.yaml", "site: riverside", "site: lakeside", "box.yaml:2: site: no site is called lakeside"),
        (
            "site.yaml",
            "box: riverside-1",
            "box: riverside-2",
            "says that the zone plaza belongs to box riverside-2, not",
        ),
        ("box.yaml", "- name: plaza", "- name: square", "box.yaml:15: zones[0].name: the site (site.yaml) has no zone"),
        (
            "box.yaml",
            "- name: plaza",
            "- name: square",
            "site.yaml:9: zones[0].box: the zone plaza belongs to box river",
        ),
        ("box.yaml", "[[-5, 12]", "[[-50, 12]", "box.yaml:17: zones[0].polygon[0]: "),
        (
            "box.yaml",
            "[[-5, 12], [5, 12]",
            "[[-5, 12], [-5, 12]",
            "box.yaml:17: zones[0].polygon[0]: corners 1 and 2 are",
        ),
        (
            "box.yaml",
            "[6, 20], [-6, 20]",
            "[-6, 20], [6, 20]",
            "box.yaml:17: zones[0].polygon: the polygon crosses itself",
        ),
        (
            "box.yaml",
            "ground: [7, 20]",
            "ground: [-7, 20]",
            "box.yaml:13: cameras[0].ground_points[3]: points 3 and 4 are",
        ),
        ("box.yaml", "pixel: [708, 231]", "pixel: [1708, 231]", "box.yaml:12: cameras[0].ground_points[2]: point 3"),
        ("box.yaml", "clip.mp4", "gone.mp4", "box.yaml:7: cameras[0].source: no such clip or folder"),
        ("box.yaml", "model: net.yaml", "model: nett", "box.yaml:4: model: no model is called 'nett'"),
        ("net.yaml", "sha256: ", "sha256: 00000000", "box.yaml:4: model: "),
        (
            "box.yaml",
            "site: riverside",
            "site: riverside\nmqtt: {tls: {ca_file: no}}",
            "box.yaml:3: warning: mqtt.tls.ca",
        ),
        (
            "box.yaml",
            "source: clip",
            "sample_s: 3\n    source: clip",
            "site.yaml:6: warning: zones[0].windows.red_s: 12 s hold",
        ),
        ("service.yaml", "[site.yaml]", "[gone.yaml]", "service.yaml:2: sites[0]: no such file"),
        ("service.yaml", "sites: [site", "sites: [site.yaml]\nmqtt: {port: x}\nx: [site", "service.yaml:3: mqtt.port"),
    ],
)
def test_a_fault_is_told_where_it_stands(folder: Path, name: str, old: str, new: str, line: str) -> None:
    edit(folder, name, old, new)
    assert any(line in one for one in told(folder, "box.yaml", "site.yaml", "service.yaml"))


def test_two_owners_of_a_zone_are_refused(folder: Path) -> None:
    (folder / "second.yaml").write_text(BOX.format(model="net.yaml").replace("riverside-1", "riverside-2"))
    lines = told(folder, "box.yaml", "second.yaml", "site.yaml")
    assert lines == [
        "second.yaml:15: zones[0].name: the zone plaza has two owners: riverside-2 here and riverside-1 in box.yaml"
    ]
    assert told(folder, "box.yaml", "second.yaml") == lines, "also without the site"


def test_the_same_box_or_site_twice_is_refused(folder: Path) -> None:
    (folder / "box2.yaml").write_text((folder / "box.yaml").read_text().replace("plaza", "plaza-2"))
    (folder / "site2.yaml").write_text(SITE)
    lines = told(folder, "box.yaml", "box2.yaml", "site.yaml", "site2.yaml")
    assert any("box2.yaml:3: box: riverside/riverside-1 is also the box of box.yaml" in line for line in lines)
    assert any("site2.yaml:2: site: riverside is also the site of site.yaml" in line for line in lines)


def test_the_same_file_twice_is_one_file(folder: Path) -> None:
    assert told(folder, "box.yaml", "box.yaml", "service.yaml", "site.yaml") == []


@pytest.mark.parametrize(
    ("name", "old", "new", "line"),
    [
        (
            "service.yaml",
            "levee: service",
            "levee: service\nchannels: {me: {type: apprise, url_from_env: LEVEE_NOT_SET}}",
            "service.yaml:2: warning: channels.me.url_from_env: the variable LEVEE_NOT_SET is not set here",
        ),
        (
            "box.yaml",
            "    source: clip.mp4",
            "    source_from_file: secret.txt",
            "box.yaml:7: warning: cameras[0].source_from_file: no such file here: secret.txt",
        ),
    ],
)
def test_secrets_that_are_not_here_are_a_warning(folder: Path, name: str, old: str, new: str, line: str) -> None:
    edit(folder, name, old, new)
    assert told(folder, "box.yaml", "service.yaml") == [line]


def test_a_secret_or_a_key_that_everybody_may_read_is_a_fault(folder: Path) -> None:
    for name in ("secret.txt", "box.key", "box.crt"):
        (folder / name).write_text("rtsp://u:p@192.0.2.1/1")
        (folder / name).chmod(0o644)
    edit(folder, "box.yaml", "    source: clip.mp4", "    source_from_file: secret.txt")
    with (folder / "box.yaml").open("a") as file:
        file.write("mqtt: {tls: {cert_file: box.crt, key_file: box.key}}\n")
    found = told(folder, "box.yaml", "service.yaml")
    assert [line.partition(": the file")[0] for line in found] == [
        "box.yaml:7: cameras[0].source_from_file",
        f"{found[1].partition(': ')[0]}: mqtt.tls.key_file",
    ]
    assert all("open to every user of this machine (mode 0644)" in line for line in found)
    for name in ("secret.txt", "box.key"):
        (folder / name).chmod(0o640)
    assert told(folder, "box.yaml", "service.yaml") == []


def test_a_zone_of_a_box_that_was_not_given_is_a_warning(folder: Path) -> None:
    more = "  - {name: steps, title: Steps, kind: steps, box: riverside-9}\n"
    (folder / "site.yaml").write_text(SITE + more)
    (line,) = told(folder, "box.yaml", "site.yaml")
    assert (
        line
        == "site.yaml:10: warning: zones[1].box: the zone steps belongs to box riverside-9, of which no file was given"
    )
    assert told(folder, "site.yaml") == [], "alone it says nothing of boxes"


def test_a_secret_that_is_set_never_shows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEVEE_CAMERA", "rtsp://watch:hunter2@192.0.2.1/stream")
    edit(folder, "box.yaml", "source: clip.mp4", "source_from_env: LEVEE_CAMERA")
    edit(folder, "box.yaml", "[[-5, 12]", "[[-50, 12]")
    lines = told(folder, "box.yaml", "site.yaml")
    assert lines
    assert "hunter2" not in "\n".join(lines)


def test_a_board_tells_only_of_places_that_there_are(folder: Path) -> None:
    console = """\
console:
  board:
    places:
      - {name: all, zh: 全部, en: All, zones: [riverside]}
      - {name: plaza, zh: 广场, en: Plaza, zones: [riverside/plaza, riverside/moon]}
"""
    (folder / "service.yaml").write_text(SERVICE + console)
    lines = [line for line in told(folder, "service.yaml", "site.yaml") if "riverside/moon" in line]
    assert len(lines) == 1
    assert "service.yaml:7" in lines[0]
    assert "is no site and no zone" in lines[0]


GATEWAY = """\
levee: instruments
site: riverside
box: counters
instruments:
  - {name: one, format: onvif, zone: east, topics: [a/#], inward: [In], outward: [Out]}
"""


@pytest.mark.parametrize(
    ("site", "gateway", "line"),
    [
        ("{name: east, box: counters, into: plaza}", "", ""),
        ("{name: west, box: counters, into: plaza}", "", "has no zone or gate called east"),
        ("{name: east, box: riverside-1, into: plaza}", "", "says that east belongs to box riverside-1, not counters"),
        (
            "{name: east, box: counters, into: plaza}",
            "inward: [In], outward: [Out]->inside: [Hall]",
            "east is a gate: it takes what passes (throughput), not occupancy",
        ),
        ("{name: east, box: counters, into: plaza}", "zone: east->zone: plaza", "the zone plaza has two owners"),
        ("{name: east, box: counters, into: plaza}", "box: counters->box: riverside-1", "is also the box of"),
        ("{name: east, box: counters, into: plaza}", "inward: [In], ->", "a direction that is not counted is not 0"),
    ],
)
def test_instruments_and_sites_must_fit(folder: Path, site: str, gateway: str, line: str) -> None:
    (folder / "site.yaml").write_text(SITE + f"gates:\n  - {site}\n")
    old, _, new = gateway.partition("->")
    (folder / "instruments.yaml").write_text(GATEWAY.replace(old, new) if old else GATEWAY)
    found = told(folder, "box.yaml", "site.yaml", "instruments.yaml")
    assert found == [] if not line else any(line in one and "instruments.yaml:" in one for one in found)
