"""What the settings of a box amount to: a calibrated ground for each camera, and its zones on it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from edge.gates import Gate, make_gate
from edge.ground import Ground, calibrate
from edge.points import GroundRefused
from edge.scale import head_range
from edge.settings import BoxSettings
from edge.zone import Zone, make_views


class BoxRefused(ValueError):
    """Settings that cannot be worked with: one line, and where in them, for example ("zones", 0, "polygon")."""

    def __init__(self, line: str, *setting: str | int) -> None:
        super().__init__(line)
        self.setting = setting


@dataclass(frozen=True)
class Plan:
    """By name: the ground of each camera that has one, the zones, and the camera of each zone."""

    grounds: dict[str, Ground]
    zones: dict[str, Zone]
    #: The first camera of each zone, which is the only one of most.
    camera_of: dict[str, str]
    #: Each zone as each of its cameras sees it, by camera.
    views: dict[str, dict[str, Zone]]
    gates: dict[str, Gate]
    camera_of_gate: dict[str, str]

    def watched_by(self, camera: str) -> list[str]:
        """The zones that a camera sees, alone or with others."""
        return [name for name, views in self.views.items() if camera in views]

    @property
    def calibrations(self) -> dict[str, str]:
        """Digest of each camera's calibration."""
        return {camera: ground.digest for camera, ground in self.grounds.items()}

    @cached_property
    def heads(self) -> dict[str, tuple[float, float]]:
        """By camera: lowest and highest height of the heads in its zones, px of the calibration's picture."""
        found = {}
        for camera, ground in self.grounds.items():
            watched = [views[camera] for views in self.views.values() if camera in views]
            heads = head_range(ground, watched)
            if heads is not None:
                found[camera] = heads
        return found

    def head_px(self, camera: str, width: int) -> tuple[float, float] | None:
        """The same in pictures of `width` px of one camera; None where it is not calibrated, or watches no zone."""
        heads = self.heads.get(camera)
        if heads is None:
            return None
        share = width / self.grounds[camera].picture[0]
        return heads[0] * share, heads[1] * share


def make_plan(settings: BoxSettings) -> Plan:
    """Check ground points and zones and prepare them; BoxRefused names the camera or zone, and the setting."""
    grounds: dict[str, Ground] = {}
    for index, camera in enumerate(settings.cameras):
        if not camera.calibrated:
            continue
        try:
            grounds[camera.name] = calibrate(camera)
        except GroundRefused as refusal:
            line = f"camera {camera.name}: {refusal}"
            raise BoxRefused(line, "cameras", index, *refusal.setting) from None
    views: dict[str, dict[str, Zone]] = {}
    for index, zone in enumerate(settings.zones):
        try:
            seen = make_views(zone, [grounds[camera] for camera in zone.seen_by])
        except GroundRefused as refusal:
            raise BoxRefused(f"zone {zone.name}: {refusal}", "zones", index, *refusal.setting) from None
        views[zone.name] = dict(zip(zone.seen_by, seen, strict=True))
    gates: dict[str, Gate] = {}
    for index, gate in enumerate(settings.gates):
        try:
            gates[gate.name] = make_gate(gate, grounds[gate.camera])
        except GroundRefused as refusal:
            raise BoxRefused(f"gate {gate.name}: {refusal}", "gates", index, *refusal.setting) from None
    return Plan(
        grounds,
        {name: next(iter(each.values())) for name, each in views.items()},
        {zone.name: zone.seen_by[0] for zone in settings.zones},
        views,
        gates,
        {gate.name: gate.camera for gate in settings.gates},
    )
