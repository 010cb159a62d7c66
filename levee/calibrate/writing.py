"""From a draft to the files that it is kept in: the box's, and the site's with kinds and capacities.

What the page does not own stays as it stands, comments and all; what it writes is what `levee config check` passes.
"""

from __future__ import annotations

import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from edge.camera_settings import GroundPoint
from levee.calibrate.draft import Draft
from levee.calibrate.judge import Judged, judge, metres_of
from levee.calibrate.target import CalibrateRefused, Target
from levee.config.check import check_files
from levee.config.problems import Problem


@dataclass(frozen=True)
class Texts:
    """What the two files are to hold."""

    box: str
    site: str


def texts(target: Target, draft: Draft) -> Texts:
    """The files as they are to be; CalibrateRefused with a line a fault where the draft is not sound yet."""
    judged = judge(draft, "x")
    faults = _faults(judged, draft)
    if faults:
        raise CalibrateRefused("\n".join(faults))
    box = _parsed(target.box_file)
    if box is None:
        box = CommentedMap({"levee": "box", "site": draft.site, "box": draft.box})
        box.yaml_set_start_comment(
            "A box, written by `levee calibrate`. Look for faults: levee config check "
            f"{target.box_file.name} {target.site_file.name}"
        )
        # Nothing is said to a broker on this machine until another one is named.
        box["cameras"], box["zones"] = CommentedSeq(), CommentedSeq()
        box["data_folder"] = "levee-data"
    _put_camera(box.setdefault("cameras", CommentedSeq()), target, draft, judged)
    assert judged.ground is not None
    zones = {zone.name: (zone.was, metres_of(zone, judged.ground)[0]) for zone in draft.zones}
    gates = {gate.name: (gate.was, metres_of(gate, judged.ground)[0]) for gate in draft.gates}
    _put_shapes(box.setdefault("zones", CommentedSeq()), draft.camera, "polygon", zones)
    if gates or "gates" in box:
        _put_shapes(box.setdefault("gates", CommentedSeq()), draft.camera, "line", gates)
        if not box["gates"]:
            del box["gates"]
    return Texts(_dumped(box), _dumped(_site(target, draft, box)))


def _faults(judged: Judged, draft: Draft) -> list[str]:
    verdict = judged.verdict
    open_question = verdict.refusal if verdict.refusal is not None else verdict.needed
    if open_question is not None:
        return [open_question.line]
    faults = []
    for zone, shape in zip(draft.zones, verdict.zones, strict=True):
        if shape.refusal is not None:
            faults.append(f"zone {zone.name}: {shape.refusal.line}")
        elif len(shape.metres or ()) < 3:
            faults.append(f"zone {zone.name}: a zone needs three corners")
    for gate, shape in zip(draft.gates, verdict.gates, strict=True):
        if shape.refusal is not None:
            faults.append(f"gate {gate.name}: {shape.refusal.line}")
        elif len(shape.metres or ()) < 2:
            faults.append(f"gate {gate.name}: a gate needs two ends")
        elif gate.into == gate.out_of:
            faults.append(f"gate {gate.name}: it must lead from one place into another")
    if not draft.zones:
        faults.append("there is no zone yet: draw one")
    return faults


def _put_camera(cameras: CommentedSeq, target: Target, draft: Draft, judged: Judged) -> None:
    settings = judged.camera
    assert settings is not None
    node = next((each for each in cameras if each.get("name") == target.camera), None)
    if node is None:
        node = CommentedMap({"name": draft.camera, target.source[0]: target.source[1]})
        cameras.append(node)
    node["name"] = draft.camera
    mount = settings.mount
    wanted: dict[str, Any] = {
        "picture_px": list(settings.picture_px or draft.picture),
        "mount": None if mount is None else {k: v for k, v in msgspec.to_builtins(mount).items() if _says(k, v)},
        "ground_points": [_point(point) for point in settings.ground_points],
        "focal_px": settings.focal_px,
        "distortion": list(settings.distortion) if settings.distortion else None,
        "straight_lines": [[[round(c, 1) for c in at] for at in line] for line in settings.straight_lines],
        "elevation": [
            {"line": [list(at) for at in piece.line]}
            | ({"area": [list(at) for at in piece.area]} if piece.area else {})
            for piece in settings.elevation
        ],
        "residual_limit_m": settings.residual_limit_m,
        "head_height_m": settings.head_height_m,
    }
    defaults = {"residual_limit_m": 0.5, "head_height_m": 1.55}
    for key, value in wanted.items():
        if value is None or value == [] or (key in defaults and value == defaults[key] and key not in node):
            node.pop(key, None)
        else:
            _set(node, key, value)


def _says(key: str, value: Any) -> bool:
    return value is not None and not (key in ("roll_deg", "yaw_deg") and value == 0) and value not in ([0.0, 0.0],)


def _point(point: GroundPoint) -> dict[str, Any]:
    plain: dict[str, Any] = {"pixel": [round(c, 1) for c in point.pixel], "ground": [round(c, 3) for c in point.ground]}
    return plain | ({"z": round(point.z, 3)} if point.z else {})


def _set(node: CommentedMap, key: str, value: Any) -> None:
    """Written only where it differs, so that comments inside stay."""
    if key in node and _plain(node[key]) == _plain(value):
        return
    node[key] = _laid_out(value, top=True)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items() if not (k == "z" and v == 0)}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _laid_out(value: Any, *, top: bool) -> Any:
    """Lists of things one below the other, each thing on one line."""
    if isinstance(value, dict):
        made = CommentedMap({k: _laid_out(v, top=False) for k, v in value.items()})
        made.fa.set_flow_style()
        return made
    if isinstance(value, list):
        made_list = CommentedSeq([_laid_out(item, top=False) for item in value])
        if not (top and value and isinstance(value[0], dict)):
            made_list.fa.set_flow_style()
        return made_list
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e9 else value


def _put_shapes(nodes: CommentedSeq, camera: str, key: str, wanted: dict[str, tuple[str, Any]]) -> None:
    kept = {was or name: name for name, (was, _) in wanted.items()}
    for index in reversed(range(len(nodes))):
        if nodes[index].get("camera") == camera and nodes[index].get("name") not in kept:
            del nodes[index]
    for name, (was, metres) in wanted.items():
        node = next((n for n in nodes if n.get("camera") == camera and n.get("name") == (was or name)), None)
        if node is None:
            node = CommentedMap({"name": name, "camera": camera})
            nodes.append(node)
        node["name"] = name
        _set(node, key, [list(place) for place in metres])


def _site(target: Target, draft: Draft, box: CommentedMap) -> CommentedMap:
    site = _parsed(target.site_file)
    if site is None:
        site = CommentedMap({"levee": "site", "site": draft.site, "title": draft.site_title or draft.site})
        site["time_zone"] = _time_zone()
        site["responsible"] = draft.responsible or "duty room"
        site["zones"] = CommentedSeq()
        site.yaml_set_start_comment("A site, written by `levee calibrate`: what each zone is, and whose it is.")
    owner, drafts = str(box["box"]), {zone.name: zone for zone in draft.zones}
    was = {zone.was: zone.name for zone in draft.zones if zone.was and zone.was != zone.name}
    watched = {str(zone["name"]) for zone in box["zones"]}
    zones = site.setdefault("zones", CommentedSeq())
    for index in reversed(range(len(zones))):
        name = zones[index].get("name")
        if name in was:
            zones[index]["name"] = was[name]
        elif zones[index].get("box") == owner and name not in watched:
            del zones[index]
    for name in (str(zone["name"]) for zone in box["zones"]):
        node = next((each for each in zones if each.get("name") == name), None)
        zone = drafts.get(name)
        if node is None:
            node = CommentedMap({"name": name, "title": name, "kind": "flat", "box": owner})
            zones.append(node)
        if zone is not None:
            node["title"], node["kind"] = zone.title or node["title"], zone.kind
            if zone.capacity is not None:
                node["capacity"] = zone.capacity
            else:
                node.pop("capacity", None)
    if draft.gates or "gates" in site:
        gates = site.setdefault("gates", CommentedSeq())
        passed = {str(gate["name"]) for gate in box.get("gates", [])}
        names = {gate.was or gate.name: gate for gate in draft.gates}
        for index in reversed(range(len(gates))):
            name = gates[index].get("name")
            if gates[index].get("box") == owner and name not in passed and name not in names:
                del gates[index]
        for gate in draft.gates:
            node = next((each for each in gates if each.get("name") == (gate.was or gate.name)), None)
            if node is None:
                node = CommentedMap({"name": gate.name, "box": owner})
                gates.append(node)
            node["name"] = gate.name
            for key, value in (("into", gate.into), ("out_of", gate.out_of)):
                if value:
                    node[key] = value
                else:
                    node.pop(key, None)
        if not gates:
            del site["gates"]
    return site


def _time_zone() -> str:
    """The time zone of this machine, as Debian notes it."""
    link = os.path.realpath("/etc/localtime")
    name = link.partition("zoneinfo/")[2]
    return name if name and not name.startswith(("posix", "right")) and name.count("/") <= 2 else "UTC"


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _parsed(file: Path) -> CommentedMap | None:
    if not file.exists():
        return None
    found = _yaml().load(file.read_text(encoding="utf-8"))
    if not isinstance(found, CommentedMap):
        raise CalibrateRefused(f"{file}: it is no mapping of settings any more")
    return found


def _dumped(node: CommentedMap) -> str:
    out = io.StringIO()
    _yaml().dump(node, out)
    return out.getvalue()


def changed(target: Target, new: Texts) -> list[Path]:
    """Files that are there and say something else: they are not replaced without being asked for."""
    pairs = ((target.box_file, new.box), (target.site_file, new.site))
    return [file for file, text in pairs if file.exists() and file.read_text(encoding="utf-8") != text]


def check(target: Target, new: Texts) -> list[Problem]:
    """What `levee config check` says of the two files as they are to be, by its own means, from where they will lie."""
    folders = (target.box_file.resolve().parent, target.site_file.resolve().parent)
    trial: list[Path] = []
    try:
        for folder, text in zip(folders, (new.box, new.site), strict=True):
            handle, name = tempfile.mkstemp(prefix=".levee-calibrate-", suffix=".yaml", dir=folder)
            trial.append(Path(name))
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(text)
        names = dict(zip(trial, (target.box_file, target.site_file), strict=True))
        return [_renamed(problem, names) for problem in check_files(trial)]
    finally:
        for file in trial:
            file.unlink(missing_ok=True)


def _renamed(problem: Problem, names: dict[Path, Path]) -> Problem:
    message = problem.message
    for old, new in names.items():
        message = message.replace(str(old), str(new))
    file = names.get(problem.file, problem.file)
    return Problem(file, message, problem.line, problem.column, problem.setting, problem.warning)


def write(target: Target, new: Texts) -> list[Path]:
    """Writes what differs, whole or not at all, and keeps what was there beside it (`box.yaml.before`)."""
    written = []
    for file, text in ((target.box_file, new.box), (target.site_file, new.site)):
        if file.exists():
            before = file.read_bytes()
            if before == text.encode():
                continue
            file.with_name(file.name + ".before").write_bytes(before)
        handle, name = tempfile.mkstemp(prefix=".levee-calibrate-", dir=file.resolve().parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            os.chmod(name, file.stat().st_mode & 0o777 if file.exists() else 0o644)
            os.replace(name, file)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        written.append(file)
    return written
