"""Whether a box's measured points and zones make sense on the ground, by the worker's own refusals."""

from __future__ import annotations

from collections.abc import Iterator

from edge.gates import make_gate
from edge.ground import Ground, calibrate
from edge.points import GroundRefused
from edge.settings import BoxSettings
from edge.zone import make_views
from levee.config.load import Loaded
from levee.config.problems import Problem


def ground_faults(box: Loaded[BoxSettings]) -> Iterator[Problem]:
    """A problem for each camera or zone of `box` that the worker would refuse."""
    grounds: dict[str, Ground] = {}
    for number, camera in enumerate(box.settings.cameras):
        if not camera.calibrated:
            continue
        try:
            grounds[camera.name] = calibrate(camera)
        except GroundRefused as refused:
            yield box.problem(str(refused), "cameras", number, *refused.setting)
    for number, zone in enumerate(box.settings.zones):
        seen = [grounds[camera] for camera in zone.seen_by if camera in grounds]
        if len(seen) < len(zone.seen_by):
            continue
        try:
            make_views(zone, seen)
        except GroundRefused as refused:
            yield box.problem(str(refused), "zones", number, *refused.setting)
    for number, gate in enumerate(box.settings.gates):
        ground = grounds.get(gate.camera)
        if ground is None:
            continue
        try:
            make_gate(gate, ground)
        except GroundRefused as refused:
            yield box.problem(str(refused), "gates", number, *refused.setting)
