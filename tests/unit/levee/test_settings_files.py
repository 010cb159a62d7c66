"""Broken settings files, and the line and setting that each must be told by."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from levee.config.load import load, load_box, load_service, load_site
from levee.config.problems import ConfigRefused, redacted
from levee.config.yaml_nodes import read_yaml

BOX = """\
levee: box
site: riverside
box: riverside-1
cameras:
  - name: cam
    source: clip.mp4
    picture_px: [640, 360]
    ground_points:
      - {pixel: [100, 300], ground: [0, 0]}
      - {pixel: [540, 300], ground: [8, 0]}
      - {pixel: [440, 120], ground: [8, 12]}
      - {pixel: [200, 120], ground: [0, 12]}
zones:
  - name: plaza
    camera: cam
    polygon: [[1, 1], [7, 1], [7, 8], [1, 8]]
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
  - name: steps
    title: Steps
    kind: steps
    box: riverside-1
"""
SERVICE = """\
levee: service
sites: [site.yaml]
channels:
  log: {type: console}
  duty:
    type: webhook
    url: http://127.0.0.1:9000/page
pages:
  red: [log, duty]
"""


def refused(tmp_path: Path, text: str) -> list[str]:
    """The lines that `text` is refused with, without the folder."""
    file = tmp_path / "x.yaml"
    file.write_text(dedent(text), encoding="utf-8")
    with pytest.raises(ConfigRefused) as caught:
        load(file)
    return str(caught.value).replace(f"{tmp_path}/", "").splitlines()


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("text", "old", "new", "line"),
    [
        (BOX, "site: river", "sites: river", "x.yaml:2: sites: no such setting: did you mean `site`?"),
        (
            BOX,
            "    source: clip.mp4",
            "    sorce: clip.mp4",
            "x.yaml:6: cameras[0].sorce: no such setting: did you mean",
        ),
        (BOX, "box: riverside-1", "box: riverside-1\nbox: b", "x.yaml:4: box: given twice; the first is on line 3"),
        (BOX, "site: riverside", "site: River Side", "x.yaml:2: site: must be text: 1 to 63 of a-z"),
        (
            BOX,
            "[640, 360]",
            "[640, 8]",
            "x.yaml:7: cameras[0].picture_px[1]: must be a whole number, at least 16, not 8",
        ),
        (BOX, "[640, 360]", "[640]", "x.yaml:7: cameras[0].picture_px: must hold 2 values, not 1"),
        (BOX, "[640, 360]", "wide", "x.yaml:7: cameras[0].picture_px: must be a list, not text"),
        (
            BOX,
            "ground: [8, 12]",
            "ground: [8, .nan]",
            "x.yaml:11: cameras[0].ground_points[2].ground[1]: must be a finite",
        ),
        (
            BOX,
            "ground: [8, 12]",
            "ground: [8, north]",
            "x.yaml:11: cameras[0].ground_points[2].ground[1]: must be a number",
        ),
        (BOX, "camera: cam", "camera: camm", "x.yaml:15: zones[0].camera: zone plaza: no camera is called 'camm'"),
        (BOX, "    camera: cam\n", "", "x.yaml:14: zones[0]: zone plaza: give one of `camera` and `cameras`"),
        (
            BOX,
            "[[1, 1], [7, 1], [7, 8], [1, 8]]",
            "[[1, 1], [7, 1]]",
            "x.yaml:16: zones[0].polygon: must hold at least 3",
        ),
        (
            BOX,
            "site: riverside",
            "site: riverside\ntick_s: 0",
            "x.yaml:3: tick_s: must be a number, at least 0.1, not 0",
        ),
        (
            BOX,
            "site: riverside",
            "site: riverside\nmqtt: here",
            "x.yaml:3: mqtt: must be a mapping of settings, not text",
        ),
        (
            BOX,
            "site: riverside",
            "site: riverside\nmqtt: {port: 0}",
            "x.yaml:3: mqtt.port: must be a whole number, at least 1",
        ),
        (
            BOX,
            "site: riverside",
            "site: a\nmqtt: {protocol: '4'}",
            "x.yaml:3: mqtt.protocol: must be one of auto, 5, 3.1",
        ),
        (
            BOX,
            "site: riverside",
            "site: a\nmqtt: {protocol: 5}",
            "x.yaml:3: mqtt.protocol: must be text, not a whole nu",
        ),
        (BOX, "site: riverside", "site: no", "x.yaml"),
        (SITE, "kind: flat", "kind: stepz", "x.yaml:8: zones[0].kind: must be one of flat, steps"),
        (
            SITE,
            "name: steps",
            "name: plaza",
            "x.yaml:10: zones[1].name: site riverside: the zone plaza is listed twice",
        ),
        (
            SITE,
            "title: Riverside",
            "title: R\ntime_zone: Mars/Base",
            "x.yaml:4: time_zone: site riverside: no time zone",
        ),
        (
            SITE,
            "    kind: flat",
            "    kind: flat\n    thresholds: {blue: 2, yellow: 1, orange: 3, red: 4}",
            "x.yaml:9: zones[0].thresholds.blue: thresholds must rise from blue to red, not 2, 1, 3, 4",
        ),
        (SERVICE, "type: webhook", "type: webhok", "x.yaml:6: channels.duty.type: must be one of console, webhook"),
        (SERVICE, "    type: webhook\n", "", "x.yaml:6: channels.duty: `type` is missing: one of console, webhook"),
        (SERVICE, "    url: http://127.0.0.1:9000/page\n", "", "x.yaml:6: channels.duty: a webhook needs its address"),
        (SERVICE, "red: [log, duty]", "red: [log, dute]", "x.yaml:8: pages: pages name the channel dute"),
        (SERVICE, "[site.yaml]", "[]", "x.yaml:2: sites: must hold at least 1"),
        (SERVICE, "levee: service", "levee: servise", "x.yaml:1: levee: must be `levee: box` or `levee: service`"),
        (SERVICE, "levee: service\n", "", "x.yaml:1: does not say what it is: its first line must be"),
    ],
)
def test_one_fault_is_told_by_line_and_setting(tmp_path: Path, text: str, old: str, new: str, line: str) -> None:
    if line == "x.yaml":  # YAML 1.1 would make `no` a boolean; here it is a name like any other
        (tmp_path / "x.yaml").write_text(changed(text, old, new))
        assert load_box(tmp_path / "x.yaml").site == "no"
        return
    lines = refused(tmp_path, changed(text, old, new))
    assert lines[0].startswith(line), lines
    assert len(lines) == 1, lines


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "x.yaml: the file is empty"),
        ("# nothing but a comment\n", "x.yaml: the file is empty"),
        ("- levee: box\n", "x.yaml:1: must be a mapping of settings, not a list"),
        ("just words\n", "x.yaml:1: must be a mapping of settings, not text"),
        ("levee: box\nsite: [1, 2\nbox: b\n", "x.yaml:3: not YAML"),
        ("levee: box\n\tsite: a\n", "x.yaml:2: not YAML"),
        ("levee: box\nsite: 'a\n", "x.yaml:3: not YAML"),
        ("levee: box\nsite: *nowhere\n", "x.yaml:2: not YAML: found undefined alias"),
        ("levee: box\n---\nlevee: site\n", "x.yaml:2: not YAML: but found another document"),
        ("levee: box\nsite: \x07\n", "x.yaml:2: not YAML: special characters are not allowed"),
    ],
)
def test_what_is_no_settings_file_is_refused_with_its_line(tmp_path: Path, text: str, line: str) -> None:
    assert refused(tmp_path, text)[0].startswith(line)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            BOX.replace("box: riverside-1", "box: !!python/name:os.system b"),
            "x.yaml:3: box: the tag tag:yaml.org,2002:py",
        ),
        (BOX.replace("box: riverside-1", "box: !secret b"), "x.yaml:3: box: the tag !secret has no meaning here"),
        (BOX.replace("box: riverside-1", "box: b\n? [a, b]\n: c"), "x.yaml:4: a setting's name must be a plain word"),
    ],
)
def test_tags_and_keys_of_other_kinds_are_refused(tmp_path: Path, text: str, line: str) -> None:
    assert refused(tmp_path, text)[0].startswith(line)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = BOX.replace("camera: cam", "camera: [cam]").replace("[640, 360]", "[640, x]").replace("site:", "sit:")
    places = [line.split(": ")[0] for line in refused(tmp_path, text)]
    assert places == ["x.yaml:2", "x.yaml:7", "x.yaml:15"]


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused, match=r"gone\.yaml: no such file"):
        load(tmp_path / "gone.yaml")
    with pytest.raises(ConfigRefused, match="cannot be read"):
        load(tmp_path)
    (tmp_path / "x.yaml").write_bytes(b"levee: box\nsite: \xff\xfe\n")
    with pytest.raises(ConfigRefused, match=r"x\.yaml:2: not text in UTF-8"):
        load(tmp_path / "x.yaml")


def test_aliases_serve_but_cannot_blow_up(tmp_path: Path) -> None:
    value, problems = read_yaml("a: &x [1, 2]\nb: *x\n", Path("x"))
    assert value.plain == {"a": [1, 2], "b": [1, 2]}
    assert not problems
    bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
    )
    with pytest.raises(ConfigRefused, match="too many values"):
        read_yaml(bomb, Path("x"))
    with pytest.raises(ConfigRefused, match="nested too deeply"):
        read_yaml("a: &x\n  b: *x\n", Path("x"))
    with pytest.raises(ConfigRefused, match="nested too deeply"):
        read_yaml("[" * 100_000, Path("x"))


@pytest.mark.parametrize(
    ("scalar", "plain"),
    [
        ("off", "off"),
        ("yes", "yes"),
        ("12:30", "12:30"),
        ("2014-12-31", "2014-12-31"),
        ("1e3", 1000.0),
        ("010", 10),
        ("0x1f", 31),
        ("true", True),
        ("~", None),
        ('"1"', "1"),
        ("-.5", -0.5),
        ("1_000", "1_000"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(scalar: str, plain: object) -> None:
    value, _ = read_yaml(f"a: {scalar}\n", Path("x"))
    assert value.plain == {"a": plain}
    assert isinstance(value.plain, dict)
    assert type(value.plain["a"]) is type(plain)


def test_the_wrong_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    with pytest.raises(ConfigRefused, match="is `levee: site`, where `levee: box` is wanted"):
        load_box(tmp_path / "site.yaml")


def test_a_file_without_its_first_line_is_told_what_it_looks_like(tmp_path: Path) -> None:
    assert refused(tmp_path, BOX.replace("levee: box\n", ""))[0].endswith("it looks like `levee: box`")


def test_relative_paths_start_at_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "etc"
    place.mkdir()
    (place / "box.yaml").write_text(BOX + "data_folder: ../data/\nmqtt: {tls: {ca_file: ca.pem}}\n")
    monkeypatch.chdir("/")
    box = load_box(place / "box.yaml")
    assert box.cameras[0].source == str(place / "clip.mp4")
    assert box.data_folder == str(tmp_path / "data")
    assert box.mqtt.tls is not None
    assert box.mqtt.tls.ca_file == str(place / "ca.pem")
    assert box.model == "levee-s", "a bare word is the name of a counter, not a path"


@pytest.mark.parametrize("source", ["rtsp://192.0.2.1/stream", "http://cam/video", "/abs/clip.mp4"])
def test_addresses_and_absolute_paths_stay(tmp_path: Path, source: str) -> None:
    (tmp_path / "box.yaml").write_text(BOX.replace("clip.mp4", source))
    assert load_box(tmp_path / "box.yaml").cameras[0].source == source


def test_a_service_brings_its_sites(tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text(SERVICE + "record: {url: 'sqlite:///record.db'}\n")
    with pytest.raises(ConfigRefused, match=r"service\.yaml:2: sites\[0\]: no such file"):
        load_service(tmp_path / "service.yaml")
    (tmp_path / "site.yaml").write_text(SITE)
    service, (site,) = load_service(tmp_path / "service.yaml")
    assert site == load_site(tmp_path / "site.yaml")
    assert service.record.url == f"sqlite:///{tmp_path}/record.db"


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://watch:hunter2@192.0.2.1/stream",
        "cannot open rtsp://watch:hunter2@192.0.2.1/stream now",
        "rtsp://watch:hun@ter2@192.0.2.1/stream",
        "rtsp://watch:hunter2/@192.0.2.1/stream",
        "mqtts://:hunter2@host",
    ],
)
def test_credentials_are_not_shown(text: str) -> None:
    assert "hunter2" not in redacted(text)
    assert "watch" not in redacted(text)
    assert "ter2" not in redacted(text)
    assert "***@" in redacted(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("source: clip.mp4", "source: rtsp://watch:hunter2@192.0.2.1/stream"),
        ("source: clip.mp4", "source: [rtsp://watch:hunter2@192.0.2.1/stream]"),
        ("source: clip.mp4", "source: rtsp://watch:hunter2@192.0.2.1/stream\n    source: b"),
        ("source: clip.mp4", "source: rtsp://watch:hunter2@192.0.2.1/stream]\n\t{"),
        ("source: clip.mp4", "source: 'rtsp://watch:hunter2@192.0.2.1/stream"),
        ("source: clip.mp4", "source_from_env: rtsp://watch:hunter2@192.0.2.1/stream\n    source_from_file: 3"),
        ("site: riverside", "site: hunter2-\nmqtt: {username: 5}"),
        ("site: riverside", "site: a\nmqtt: {password_from_env: hunter2}"),
        ("site: riverside", "site: a\nmqtt: {username: u, password_from_env: a, password_from_file: hunter2}"),
    ],
)
def test_no_value_of_a_broken_file_is_shown_that_may_be_a_secret(tmp_path: Path, old: str, new: str) -> None:
    told = "\n".join(refused(tmp_path, changed(BOX, old, new)))
    assert "hunter2" not in told
