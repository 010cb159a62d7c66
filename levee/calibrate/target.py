"""The files that a calibration is kept in, and the draft that they hold when the page is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from alerting.settings import SiteSettings
from edge.camera_settings import CameraSettings
from edge.settings import BoxSettings
from levee.calibrate.draft import Draft, GateDraft, MountDraft, PieceDraft, PointDraft, ZoneDraft
from levee.calibrate.judge import judge
from levee.config.load import load_box, load_site

SHAPE_SHARE = 0.01


class CalibrateRefused(ValueError):
    """Nothing can be begun with, or nothing saved: one line a fault."""


@dataclass(frozen=True)
class Target:
    """The two files, and what they held when the page was opened."""

    box_file: Path
    site_file: Path
    camera: str
    #: As it will stand in a new camera's settings: ("source", "clip.mp4").
    source: tuple[str, str | int]
    box: BoxSettings | None
    site: SiteSettings | None


def open_target(
    box_file: Path, site_file: Path | None, camera: str | None, source: str | int, picture: tuple[int, int]
) -> tuple[Target, Draft]:
    """The files to save to, and the draft that they hold; ConfigRefused or CalibrateRefused where they cannot be."""
    beside = site_file if site_file is not None else box_file.parent / "site.yaml"
    box = load_box(box_file) if box_file.exists() else None
    site = load_site(beside) if beside.exists() else None
    known = _camera_of(box, camera, source, box_file) if box is not None else None
    name = known.name if known is not None else camera or _free("camera", [c.name for c in box.cameras] if box else [])
    target = Target(box_file, beside, name, _source_setting(source, box_file, name), box, site)
    draft = Draft(picture=picture, camera=name)
    if box is not None:
        draft.site, draft.box = box.site, box.box
    elif site is not None:
        draft.site = site.site
    if site is not None:
        draft.site_title, draft.responsible = site.title, site.responsible
    if known is not None and box is not None:
        _take_camera(draft, known, picture, box_file)
        _take_shapes(draft, box, site, known.name)
    return target, draft


def _free(stem: str, taken: list[str]) -> str:
    return next(f"{stem}-{n}" for n in range(1, len(taken) + 2) if f"{stem}-{n}" not in taken)


def _camera_of(box: BoxSettings, name: str | None, source: str | int, file: Path) -> CameraSettings | None:
    if name is not None:
        return next((camera for camera in box.cameras if camera.name == name), None)
    same = [camera for camera in box.cameras if _is(camera.source, source)]
    if len(same) > 1:
        names = ", ".join(camera.name for camera in same)
        raise CalibrateRefused(f"{file}: several cameras have this source: say which with --camera ({names})")
    return same[0] if same else None


def _is(setting: str | int | None, source: str | int) -> bool:
    if setting is None or isinstance(setting, int) or isinstance(source, int):
        return setting == source
    if "://" in setting or "://" in source:
        return setting == source
    return Path(setting).resolve() == Path(source).resolve()


def _source_setting(source: str | int, file: Path, camera: str) -> tuple[str, str | int]:
    if isinstance(source, int):
        return "source", source
    try:
        CameraSettings(name="x", source=source)
    except ValueError:
        # A password never enters a file that is copied about.
        return "source_from_env", f"{camera.upper().replace('-', '_')}_SOURCE"
    if "://" in source:
        return "source", source
    path, folder = Path(source).resolve(), file.resolve().parent
    return "source", str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _take_camera(draft: Draft, camera: CameraSettings, picture: tuple[int, int], file: Path) -> None:
    scale = 1.0
    if camera.picture_px is not None:
        width, height = camera.picture_px
        if abs(picture[0] * height / (picture[1] * width) - 1) > SHAPE_SHARE:
            raise CalibrateRefused(
                f"{file}: camera {camera.name} is calibrated for pictures of {width} x {height}, and this one is "
                f"{picture[0]} x {picture[1]}: is it the same camera?"
            )
        scale = picture[0] / width

    def scaled(pixel: tuple[float, float]) -> tuple[float, float]:
        return (pixel[0] * scale, pixel[1] * scale)

    draft.points = [
        PointDraft(pixel=scaled(p.pixel), x=p.ground[0], y=p.ground[1], z=p.z) for p in camera.ground_points
    ]
    draft.focal_px = camera.focal_px * scale if camera.focal_px is not None else None
    draft.distortion = camera.distortion
    draft.straight_lines = [[scaled(pixel) for pixel in line] for line in camera.straight_lines]
    draft.pieces = [PieceDraft(line=list(piece.line), area=list(piece.area)) for piece in camera.elevation]
    draft.head_height_m, draft.residual_limit_m = camera.head_height_m, camera.residual_limit_m
    if camera.mount is not None:
        draft.method = "mount"
        draft.mount = msgspec.convert(msgspec.to_builtins(camera.mount), MountDraft)


def _take_shapes(draft: Draft, box: BoxSettings, site: SiteSettings | None, camera: str) -> None:
    rules = {zone.name: zone for zone in site.zones} if site is not None else {}
    ways = {gate.name: gate for gate in site.gates} if site is not None else {}
    for zone in box.zones:
        if zone.camera == camera:
            known = rules.get(zone.name)
            draft.zones.append(
                ZoneDraft(
                    name=zone.name,
                    was=zone.name,
                    metres=list(zone.polygon),
                    title=known.title if known else "",
                    kind=known.kind.value if known else "flat",
                    capacity=known.capacity if known else None,
                )
            )
    for gate in box.gates:
        if gate.camera == camera:
            way = ways.get(gate.name)
            into, out_of = (way.into or "", way.out_of or "") if way else ("", "")
            draft.gates.append(
                GateDraft(name=gate.name, was=gate.name, metres=list(gate.line), into=into, out_of=out_of)
            )
    ground = judge(draft).ground
    for shape in [*draft.zones, *draft.gates]:
        if ground is None or shape.metres is None:
            continue
        pixels = ground.to_picture(np.array(shape.metres, dtype=np.float64))
        if np.isfinite(pixels).all():
            shape.pixels = [(float(u), float(v)) for u, v in pixels]
            shape.digest = ground.digest
