"""A scene with a camera, zones and gates of the user's own, from a YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from sample_videos.camera import Pinhole
from sample_videos.density import Zone
from sample_videos.measures import Gate
from sample_videos.scenes.scene import Scene

_CAMERA = {"position_m", "yaw_deg", "tilt_deg", "roll_deg", "focal_px", "distortion", "picture_px"}


def changed(scene: Scene, file: Path) -> Scene:
    """The scene with what the file says; ValueError with one line that names the file and the key.

    `camera` takes `position_m`, `yaw_deg`, `tilt_deg`, `roll_deg`, `focal_px`, `distortion`, `picture_px`; `zones` a
    list of `name` and `polygon`; `gates` a list of `name` and `line`.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ValueError(f"{file}{line}: not YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(content, Mapping) or not set(content) <= {"camera", "zones", "gates"} or not content:
        raise ValueError(f"{file}: expected camera, zones or gates")
    try:
        if "camera" in content:
            scene = replace(scene, camera=_camera(scene.camera, content["camera"]))
        if "zones" in content:
            scene = replace(scene, zones=tuple(_zone(item) for item in content["zones"]), ways=())
        if "gates" in content:
            scene = replace(scene, gates=tuple(_gate(item) for item in content["gates"]))
        check(scene)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file}: {_said(error)}") from None
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
    return scene


def check(scene: Scene) -> None:
    """ValueError where a zone lies where nobody can go, a name stands twice, or a measured point is not in view."""
    x0, y0, x1, y1 = scene.walkable
    xs, ys = np.meshgrid(np.linspace(x0, x1, 120), np.linspace(y0, y1, 120))
    ground = np.column_stack([xs.ravel(), ys.ravel()])
    for zone in scene.zones:
        if not zone.inside(ground).any():
            raise ValueError(
                f"zone {zone.name!r} lies where nobody can go: people of {scene.name} are at x {x0:g} to {x1:g}, "
                f"y {y0:g} to {y1:g}"
            )
    names = [zone.name for zone in scene.zones] + [gate.name for gate in scene.gates]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{twice[0]!r} names two zones or gates")
    pixels, depth = scene.camera.project(np.array(scene.marks, float))
    hidden = (depth <= 0) | ~scene.camera.inside(pixels)
    if hidden.all():
        raise ValueError(
            "the camera sees none of the place's measured points: look at position_m, yaw_deg and tilt_deg"
        )


def _said(error: BaseException) -> str:
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)


def _camera(old: Pinhole, item: Any) -> Pinhole:
    if not isinstance(item, Mapping) or not set(item) <= _CAMERA:
        odd = sorted(set(item) - _CAMERA) if isinstance(item, Mapping) else [str(item)]
        raise ValueError(f"camera: {odd[0]} is not known; known are {', '.join(sorted(_CAMERA))}")
    size = tuple(int(x) for x in item.get("picture_px", old.size))
    position = tuple(float(x) for x in item.get("position_m", old.position))
    bend = tuple(float(x) for x in item.get("distortion", old.distortion))
    if len(size) != 2 or len(position) != 3 or len(bend) != 2:
        raise ValueError("camera: position_m takes three numbers, picture_px and distortion two")
    return Pinhole(
        (position[0], position[1], position[2]), float(item.get("yaw_deg", old.yaw)),
        float(item.get("tilt_deg", old.tilt)), float(item.get("focal_px", old.focal * size[0] / old.size[0])),
        (size[0], size[1]), float(item.get("roll_deg", old.roll)), (bend[0], bend[1]),
    )  # fmt: skip


def _zone(item: Mapping[str, Any]) -> Zone:
    return Zone(str(item["name"]), tuple((float(x), float(y)) for x, y in item["polygon"]))


def _gate(item: Mapping[str, Any]) -> Gate:
    (x0, y0), (x1, y1) = item["line"]
    return Gate(str(item["name"]), (float(x0), float(y0)), (float(x1), float(y1)))
