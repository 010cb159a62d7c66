"""Writes what is true of a clip: camera and zones, people per frame, head points. Same seed, same bytes."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from sample_videos.film import Truth
from sample_videos.ledger import GROUND_UNIT, PIXEL_UNIT
from sample_videos.scenes import Scene
from sample_videos.stories import FPS


def camera_yaml(scene: Scene) -> str:
    """The pinhole, the measured points and the zones, as text."""
    pixels, depth = scene.camera.project(np.array(scene.marks, float))
    if (depth <= 0).any() or not scene.camera.inside(pixels).all():
        raise ValueError(f"scene {scene.name}: a measured point lies outside the picture")
    camera = scene.camera
    document = {
        "about": scene.about,
        "picture_px": list(camera.size),
        "pinhole": {
            "position_m": list(camera.position),
            "yaw_deg": camera.yaw,
            "tilt_deg": camera.tilt,
            "roll_deg": camera.roll,
            "focal_px": camera.focal,
            "rotation": np.round(camera.rotation, 9).tolist(),
        },
        "ground_points": [
            {"pixel": [round(float(u), 1), round(float(v), 1)], "ground": [float(x), float(y)], "z": float(z)}
            for (u, v), (x, y, z) in zip(pixels, scene.marks, strict=True)
        ],
        "zones": [
            {"name": zone.name, "polygon": [list(corner) for corner in zone.corners], "area_m2": round(zone.area, 3)}
            for zone in scene.zones
        ],
        "frames_per_second": FPS,
        "seed": scene.seed,
    }
    return "# Written by sample_videos.render; metres, degrees, pixels from the top left corner.\n" + yaml.safe_dump(
        document, sort_keys=False, default_flow_style=None, width=110
    )


def truth_rows(scene: Scene, index: int, truth: Truth) -> dict[str, str]:
    """One line of the CSV."""
    row = {"frame": str(index), "time_s": f"{index / FPS:.2f}", "in_picture": str(int(truth.inside.sum()))}
    for zone in scene.zones:
        people = zone.people(truth.ground[:, :2])
        row[f"{zone.name}.people"] = str(people)
        row[f"{zone.name}.mean"] = f"{people / zone.area:.3f}"
        row[f"{zone.name}.worst"] = f"{zone.worst(truth.ground[:, :2]):.2f}"
        row[f"{zone.name}.area_m2"] = f"{zone.area:.3f}"
    return row


def truth_bytes(rows: list[dict[str, str]]) -> bytes:
    """The rows as gzipped CSV without a time stamp."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return gzip.compress(text.getvalue().encode("ascii"), compresslevel=9, mtime=0)


class HeadTable:
    """Collects the heads of some frames, packed small."""

    def __init__(self) -> None:
        self._frames: list[int] = []
        self._start: list[int] = [0]
        self._rows: dict[str, list[NDArray[np.generic]]] = {
            k: [] for k in ("ident", "pixels", "ground", "height", "visible")
        }

    def add(self, index: int, truth: Truth, visible: NDArray[np.float64]) -> None:
        """All heads in the picture at a frame; `visible` (n,) for everybody in `truth`."""
        keep = truth.inside
        self._frames.append(index)
        self._start.append(self._start[-1] + int(keep.sum()))
        self._rows["ident"].append(truth.ident[keep].astype(np.uint16))
        self._rows["pixels"].append(np.rint(truth.heads[keep] / PIXEL_UNIT).astype(np.int16))
        self._rows["ground"].append(np.rint(truth.ground[keep] / GROUND_UNIT).astype(np.int16))
        self._rows["height"].append(np.rint(truth.height[keep] / GROUND_UNIT).astype(np.uint16))
        self._rows["visible"].append(np.rint(np.clip(visible[keep], 0, 1) * 255).astype(np.uint8))

    def write(self, path: Path) -> None:
        """As an .npz with a fixed time stamp."""
        arrays: dict[str, NDArray[np.generic]] = {name: np.concatenate(rows) for name, rows in self._rows.items()}
        arrays["frames"], arrays["start"] = np.array(self._frames, np.int32), np.array(self._start, np.int32)
        with zipfile.ZipFile(path, "w") as archive:
            for name, array in arrays.items():
                entry = zipfile.ZipInfo(f"{name}.npy", (2026, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                held = io.BytesIO()
                np.lib.format.write_array(held, array, allow_pickle=False)
                archive.writestr(entry, held.getvalue(), compresslevel=9)
