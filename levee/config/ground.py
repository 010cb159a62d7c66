"""Whether a box's measured points and zones make sense on the ground, by the worker's own refusals."""

from __future__ import annotations

from collections.abc import Iterator

from edge.ground import Ground, calibrate
from edge.points import GroundRefused
from edge.settings import BoxSettings
from edge.zone import make_zone
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
        ground = grounds.get(zone.camera)
        if ground is None:
            continue
        try:
            make_zone(zone, ground)
        except GroundRefused as refused:
            yield box.problem(str(refused), "zones", number, *refused.setting)
