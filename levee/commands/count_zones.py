"""The zones of a box, for `levee count --zones`: how much of a counted picture lies in each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from alerting.assess.rules import Levels
    from edge.plan import Plan
    from edge.settings import BoxSettings
    from models import Count, Estimate

SHAPE_SHARE = 0.01
"""A picture may be larger or smaller than the calibration's, but its sides may differ in shape by this share."""


class ZonesRefused(ValueError):
    """The zones of a settings file do not fit what is counted; the message is one line."""


@dataclass(frozen=True)
class CameraZones:
    """The zones that one camera sees. Weights are kept for each shape of grid."""

    file: Path
    camera: str
    plan: Plan
    kept: dict[tuple[str, tuple[int, int]], NDArray[np.float64]]

    @property
    def names(self) -> list[str]:
        """The zones that the camera sees."""
        return [zone for zone, camera in self.plan.camera_of.items() if camera == self.camera]

    def estimates(self, count: Count) -> dict[str, Estimate]:
        """People in each zone; ZonesRefused where the picture has another shape than the calibration's."""
        width, height = count.picture
        own_width, own_height = self.plan.grounds[self.camera].picture
        if abs(width * own_height / (height * own_width) - 1) > SHAPE_SHARE:
            raise ZonesRefused(
                f"{self.file}: camera {self.camera} is calibrated for pictures of {own_width} x {own_height},"
                f" and this one is {width} x {height}"
            )
        shape = (int(count.grid.shape[0]), int(count.grid.shape[1]))
        out = {}
        for name in self.names:
            if (name, shape) not in self.kept:
                self.kept[name, shape] = self.plan.zones[name].cover(shape).weights()
            out[name] = count.within(self.kept[name, shape])
        return out


def levels_beside(file: Path, settings: BoxSettings) -> dict[str, Levels]:
    """Where the tiers of the zones begin, from the site's file `site.yaml` beside the box's; empty without one."""
    from alerting.assess.rules import DENSITY_LEVELS
    from levee.config.load import load_site
    from levee.config.problems import ConfigRefused

    beside = file.resolve().parent / "site.yaml"
    if not beside.is_file():
        return {}
    try:
        site = load_site(beside)
    except ConfigRefused:
        return {}
    if site.site != settings.site:
        return {}
    return {zone.name: zone.thresholds or DENSITY_LEVELS[zone.kind] for zone in site.zones}


def camera_zones(file: Path, settings: BoxSettings, source: str) -> CameraZones:
    """The zones of the camera whose source this is, or of the only camera with zones; ZonesRefused otherwise."""
    from edge.plan import BoxRefused, make_plan

    try:
        plan = make_plan(settings)
    except BoxRefused as error:
        raise ZonesRefused(f"{file}: {error}") from None
    watching = [camera for camera in settings.cameras if camera.name in set(plan.camera_of.values())]
    same = [camera for camera in watching if _is(camera.source, source)]
    if len(same) == 1:
        return CameraZones(file, same[0].name, plan, {})
    if not same and len(watching) == 1:
        return CameraZones(file, watching[0].name, plan, {})
    names = ", ".join(camera.name for camera in watching) or "none"
    raise ZonesRefused(f"{file}: which camera {Path(source).name} is cannot be told (cameras with zones: {names})")


def _is(setting: str | int | None, source: str) -> bool:
    if setting is None:
        return False
    if isinstance(setting, int) or "://" in setting:
        return str(setting) == source
    return Path(setting).resolve() == Path(source).resolve()
