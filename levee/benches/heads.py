"""A scene as a box would see it: its ground from the measured marks, and counts whose every head is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.camera_settings import CameraSettings, ElevationSettings, GroundPoint
from edge.ground import Ground, calibrate
from edge.settings import ZoneSettings
from levee.benches.windows import Instance
from models.counter import Band, BandSide, Count
from sample_videos.density import Zone as TrueZone
from sample_videos.scenes import Scene

CELL_PX = 8
NOISE_PX = 1.5
"""By so much a known head is put wrong, so that no figure rests on exactness that no counter has."""
_NOTHING = BandSide(floor=0.0, poisson=0.0, relative=0.0)


def ground_of(scene: Scene) -> Ground:
    """The ground of a scene from the marks that a person could have measured, the lens, and the steps' heights."""
    camera = scene.camera
    pixels, depth = camera.project(np.array(scene.marks, float))
    shown = (depth > 0) & camera.inside(pixels)
    points = tuple(
        GroundPoint(pixel=(float(u), float(v)), ground=(float(x), float(y)), z=float(z))
        for (u, v), (x, y, z), there in zip(pixels, scene.marks, shown, strict=True)
        if there
    )
    elevation: tuple[ElevationSettings, ...] = ()
    if scene.stairs is not None:
        ways = np.linspace(scene.walkable[1], scene.walkable[3], 60)
        heights = scene.height(np.column_stack([np.zeros(len(ways)), ways]))
        line = tuple((0.0, float(y), float(z)) for y, z in zip(ways, heights, strict=True))
        elevation = (ElevationSettings(line=line),)
    return calibrate(
        CameraSettings(
            name="camera",
            source=0,
            picture_px=camera.size,
            ground_points=points,
            focal_px=camera.focal,
            distortion=camera.distortion,
            elevation=elevation,
        )
    )


def settings_of(zone: TrueZone, way: tuple[float, float] | None) -> ZoneSettings:
    """A zone of a scene as a box's settings say it."""
    return ZoneSettings(name=zone.name, camera="camera", polygon=zone.corners, way=way)


def known_heads(instance: Instance, size: tuple[int, int], rng: np.random.Generator) -> Count:
    """A count that misses nobody: each head, put wrong by `NOISE_PX`, in its cell. The band has no width."""
    width, height = size
    cols, rows = width // CELL_PX, height // CELL_PX
    heads = instance.heads[instance.inside]
    at = heads + rng.normal(0, NOISE_PX, heads.shape)
    grid: NDArray[np.float32] = np.zeros((rows, cols), np.float32)
    row = np.clip((at[:, 1] / height * rows).astype(int), 0, rows - 1)
    col = np.clip((at[:, 0] / width * cols).astype(int), 0, cols - 1)
    np.add.at(grid, (row, col), 1)
    return Count(grid, size, None, "heads:known", False, (), Band(below=_NOTHING, above=_NOTHING))
