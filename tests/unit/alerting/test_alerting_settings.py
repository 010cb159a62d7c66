"""What settings are taken, and the one sentence that each bad one gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerting.assess import ZoneKind
from alerting.settings import ServiceSettings, SiteSettings, ZoneSettings
from wire import Tier
from wire.secret import SecretMissing, secret

ZONE = {"name": "steps", "title": "Steps", "kind": "steps", "box": "box-1"}
SITE = {"site": "bund", "title": "The Bund", "responsible": "Duty room", "zones": [ZONE]}
LEVELS = {"blue": 1, "yellow": 2, "orange": 3, "red": 4}


def test_the_defaults_are_whole() -> None:
    service = msgspec.convert({"sites": ["bund.yaml"]}, ServiceSettings)
    assert service.metrics.port == 9109
    assert service.pages.channels(Tier.BLUE) == ()
    assert service.pages.channels(Tier.RED) is None
    site = msgspec.convert(SITE, SiteSettings)
    assert site.zones[0].rules().density.red == 3.5


@pytest.mark.parametrize(
    ("kind", "figures"),
    [
        ("flat", (2, 3, 4, 5)),
        ("steps", (1.5, 2, 2.7, 3.5)),
        ("standing-audience", (3, 4, 5, 6)),
        ("platform", (2, 3, 3.6, 4.7)),
        ("queue", (2, 3, 3.6, 4.7)),
    ],
)
def test_thresholds_of_each_kind(kind: str, figures: tuple[float, ...]) -> None:
    levels = ZoneSettings(name="z", title="Z", kind=ZoneKind(kind), box="b").rules().density
    assert (levels.blue, levels.yellow, levels.orange, levels.red) == figures


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sitess": []}, "unknown field `sitess`"),
        ({"sites": []}, "length >= 1"),
        ({"pages": {"red": ["nobody"]}}, "pages name the channel nobody"),
        ({"pages": {"unknown": ["nobody"]}}, "pages name the channel nobody"),
        ({"channels": {"hook": {"type": "webhook"}}}, "a webhook needs its address"),
        ({"channels": {"hook": {"type": "webhook", "url": "http://a/", "url_from_env": "X"}}}, "more than once"),
        ({"channels": {"hook": {"type": "webhook", "url": "http://u:geheim@a/"}}}, "holds a password"),
        ({"channels": {"hook": {"type": "fax"}}}, "fax"),
        ({"channels": {}}, "channels is empty, so nobody would ever be paged"),
        ({"channels": {"bot": {"type": "apprise"}}}, "an Apprise channel needs its address"),
        ({"mqtt": {"port": 0}}, ">= 1"),
        ({"mqtt": {"tls": {"cert_file": "a.pem"}}}, "belong together"),
        ({"record": {"url": "postgresql://u:geheim@db/levee"}}, "holds a password"),
        ({"instance": "Not A Name"}, "regex"),
    ],
)
def test_bad_service_settings(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r".") as caught:
        msgspec.convert({"sites": ["a.yaml"], **changes}, ServiceSettings)
    assert says in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"zones": [ZONE, ZONE]}, "steps is listed twice"),
        ({"zones": []}, "length >= 1"),
        ({"time_zone": "Mars/Olympus"}, "no time zone is called Mars/Olympus"),
        ({"time_zone": "../../etc/passwd"}, "no time zone"),
        ({"site": "service"}, "no site may be called service"),
        ({"zones": [{**ZONE, "box": "zones"}]}, "no box may be called zones"),
        ({"zones": [{**ZONE, "kind": "roof"}]}, "roof"),
        ({"zones": [{**ZONE, "thresholds": {**LEVELS, "orange": 2}}]}, "must rise from blue to red"),
        ({"zones": [{**ZONE, "thresholds": {**LEVELS, "red": float("nan")}}]}, "red"),
        ({"zones": [{**ZONE, "thresholds": {"blue": 1}}]}, "yellow"),
        ({"zones": [{**ZONE, "windows": {"red_s": 4}}]}, ">= 5"),
        ({"zones": [{**ZONE, "windows": {"blue_s": 600}}]}, "<= 120"),
        ({"zones": [{**ZONE, "capacity": 0}]}, ">= 1"),
        ({"zones": [{**ZONE, "clear_ratio": 1.0}]}, "<= 0.95"),
    ],
)
def test_bad_site_settings(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({**SITE, **changes}, SiteSettings)
    assert says in str(caught.value)


@pytest.mark.parametrize("settings", [ServiceSettings, SiteSettings])
def test_every_setting_has_a_title_and_a_sentence(settings: type) -> None:
    definitions = msgspec.json.schema(settings)["$defs"]
    for name, block in definitions.items():
        for key, field in block.get("properties", {}).items():
            if key == "type":
                continue
            assert field.get("title"), f"{name}.{key}"
            assert field.get("description", "").endswith("."), f"{name}.{key}"


def test_secrets_come_from_files_and_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    file.write_text("geheim\n")
    file.chmod(0o640)
    monkeypatch.setenv("LEVEE_KEY", "leise")
    assert secret("key", env=None, file=str(file)) == "geheim"
    assert secret("key", env="LEVEE_KEY", file=None) == "leise"
    assert secret("key", env=None, file=None) is None
    with pytest.raises(SecretMissing, match="NOT_SET is not set"):
        secret("key", env="NOT_SET", file=None)
    with pytest.raises(SecretMissing, match="No such file"):
        secret("key", env=None, file=str(tmp_path / "none"))
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SecretMissing, match="not text"):
        secret("key", env=None, file=str(file))
    file.write_text("\n")
    with pytest.raises(SecretMissing, match="is empty"):
        secret("key", env=None, file=str(file))


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o666])
def test_a_secret_that_everybody_may_read_or_change_is_refused_without_a_word_of_it(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    file.write_text("geheim\n")
    file.chmod(mode)
    with pytest.raises(SecretMissing, match=f"mode {mode:04o}.: chmod o= ") as refused:
        secret("key", env=None, file=str(file))
    assert "geheim" not in str(refused.value)
