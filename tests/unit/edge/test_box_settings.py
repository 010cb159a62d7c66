"""The settings of a box: each described, and what does not go together refused with a sentence."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from edge.settings import BoxSettings, CameraSettings

GOOD: dict[str, Any] = {
    "site": "bund",
    "box": "steps",
    "cameras": [
        {
            "name": "cam",
            "source": "clip.mp4",
            "picture_px": [1280, 720],
            "ground_points": [{"pixel": [u, v], "ground": [x, y]} for u, v, x, y in ((1, 2, 3, 4),) * 4],
        }
    ],
    "zones": [{"name": "foot", "camera": "cam", "polygon": [[0, 0], [4, 0], [4, 4]]}],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    whole = msgspec.json.decode(msgspec.json.encode(GOOD))
    *steps, last = path.split(".")
    at: Any = whole
    for step in steps:
        at = at[int(step)] if step.isdigit() else at[step]
    at[int(last) if last.isdigit() else last] = value
    return dict(whole)


def test_the_least_that_is_needed() -> None:
    box = msgspec.convert(GOOD, BoxSettings)
    assert (box.tick_s, box.metrics.port, box.mqtt.port, box.cameras[0].head_height_m) == (1.0, 9108, 1883, 1.55)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("tick_sec", 1, "unknown field `tick_sec`"),
        ("cameras.0.sample", 1, r"unknown field `sample` - at `\$\.cameras\[0\]`"),
        ("site", "The Bund", "matching regex"),
        ("site", "service", "`site` must not be 'service'"),
        ("box", "zones", "`box` must not be 'zones'"),
        ("zones.0.camera", "other", "zone foot: no camera is called 'other'"),
        ("zones.0.polygon", [[0, 0], [1, 1]], "length >= 3"),
        ("zones.0.smoothing_s", -1, ">= 0"),
        ("zones", [GOOD["zones"][0], GOOD["zones"][0]], "zone foot: the name is used twice"),
        ("cameras", [GOOD["cameras"][0], GOOD["cameras"][0]], "camera cam: the name is used twice"),
        ("cameras.0.ground_points", [], "zone foot: camera cam has no `ground_points`"),
        ("cameras.0.picture_px", None, "camera cam: `ground_points` need `picture_px`"),
        ("cameras.0.source", None, "camera cam: give exactly one of"),
        ("cameras.0.source_from_env", "CAM", "camera cam: give exactly one of"),
        ("cameras.0.source", 100, "USB camera, 0 to 99"),
        ("cameras.0.source", "rtsp://user:pass@10.0.0.1/1", "holds a user name or password"),
        ("cameras.0.focal_px", 5, ">= 10|> 10"),
        ("tick_s", 0, ">= 0.1"),
        ("mqtt", {"port": 0}, ">= 1"),
        ("mqtt", {"password_from_env": "P"}, "a password needs a `username`"),
        ("mqtt", {"username": "u", "password_from_env": "P", "password_from_file": "f"}, "give only one of"),
        ("mqtt", {"protocol": "4"}, "Invalid enum value"),
    ],
)
def test_what_does_not_go_together_is_refused(path: str, value: Any, says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says) as caught:
        msgspec.convert(changed(path, value), BoxSettings)
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "rtsp://10.0.0.5:554/user=admin_password=XXXX_channel=1_stream=0.sdp",
        "http://10.0.0.1/v?access_token=XXXX",
        "http://10.0.0.1/v?api_key=XXXX",
        "http://10.0.0.1/v?x=1&sig=XXXX",
        "http://10.0.0.1/v?loginpas=XXXX",
        "rtsp://u:p/w@10.0.0.1/1",
    ],
)
def test_an_address_with_a_password_anywhere_is_refused_and_not_shown(source: str) -> None:
    with pytest.raises(ValueError, match="`source` holds a user name or password") as caught:
        CameraSettings(name="c", source=source)
    assert "XXXX" not in str(caught.value)


def test_an_address_without_one_is_taken() -> None:
    for source in ("rtsp://10.0.0.1:554/Streaming/Channels/101", "http://10.0.0.1/mjpg?channel=1&stream=0"):
        assert CameraSettings(name="c", source=source).source == source
