"""Writes what is true of a clip: camera, zones and gates, figures per frame, head points. Same seed, same bytes."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from sample_videos.crowds.stories import FPS
from sample_videos.ledger import GROUND_UNIT, PIXEL_UNIT
from sample_videos.measures import counterflow, mean_speed, pressure
from sample_videos.scenes.scene import Scene
from sample_videos.truths import Truth


def camera_yaml(scene: Scene) -> str:
    """The camera, the measured points, zones and gates, as text."""
    pixels, depth = scene.camera.project(np.array(scene.marks, float))
    camera = scene.camera
    shown = (depth > 0) & camera.inside(pixels)
    document = {
        "about": scene.about,
        "picture_px": list(camera.size),
        "pinhole": {
            "position_m": [round(float(x), 4) for x in camera.position],
            "yaw_deg": camera.yaw,
            "tilt_deg": camera.tilt,
            "roll_deg": camera.roll,
            "focal_px": camera.focal,
            "distortion": list(camera.distortion),
            "rotation": np.round(camera.rotation, 9).tolist(),
        },
        "ground_points": [
            {"pixel": [round(float(u), 1), round(float(v), 1)], "ground": [float(x), float(y)], "z": float(z)}
            for (u, v), (x, y, z), there in zip(pixels, scene.marks, shown, strict=True)
            if there
        ],
        "zones": [
            {"name": zone.name, "polygon": [list(corner) for corner in zone.corners], "area_m2": round(zone.area, 3)}
            for zone in scene.zones
        ],
        "gates": [
            {"name": gate.name, "line": [list(gate.start), list(gate.end)], "width_m": round(gate.width, 3)}
            for gate in scene.gates
        ],
        "light": scene.hour,
        "weather": scene.weather,
        "frames_per_second": FPS,
        "seed": scene.seed,
    }
    return "# Written by levee scenes render; metres, degrees, pixels from the top left corner.\n" + yaml.safe_dump(
        document, sort_keys=False, default_flow_style=None, width=110
    )


def _figure(value: float, digits: int) -> str:
    return "" if np.isnan(value) else f"{value:.{digits}f}"


class Rows:
    """The lines of the CSV, frame by frame; counts who crosses the gates."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.rows: list[dict[str, str]] = []
        self._crossed = {gate.name: [0, 0] for gate in scene.gates}
        self._last: Truth | None = None

    def add(self, index: int, truth: Truth) -> None:
        """One frame."""
        row = {"frame": str(index), "time_s": f"{index / FPS:.2f}", "in_picture": str(int(truth.inside.sum()))}
        places = truth.ground[:, :2]
        for zone in self.scene.zones:
            here = zone.inside(places)
            velocity = truth.velocity[here]
            way = dict(self.scene.ways).get(zone.name)
            row[f"{zone.name}.people"] = str(int(here.sum()))
            row[f"{zone.name}.mean"] = f"{here.sum() / zone.area:.3f}"
            row[f"{zone.name}.worst"] = f"{zone.worst(places):.2f}"
            row[f"{zone.name}.speed"] = _figure(mean_speed(velocity), 3)
            row[f"{zone.name}.counterflow"] = _figure(counterflow(velocity, way), 3)
            row[f"{zone.name}.pressure"] = f"{pressure(zone, places, truth.velocity):.4f}"
            row[f"{zone.name}.area_m2"] = f"{zone.area:.3f}"
        for gate in self.scene.gates:
            crossed = self._crossed[gate.name]
            if self._last is not None:
                _, before, after = np.intersect1d(self._last.ident, truth.ident, return_indices=True)
                inward, outward = gate.crossings(self._last.ground[before, :2], places[after])
                crossed[0] += inward
                crossed[1] += outward
            row[f"{gate.name}.in"], row[f"{gate.name}.out"] = str(crossed[0]), str(crossed[1])
            row[f"{gate.name}.width_m"] = f"{gate.width:.3f}"
        self._last = truth
        self.rows.append(row)

    def packed(self) -> bytes:
        """The rows as gzipped CSV without a time stamp."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, fieldnames=list(self.rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return gzip.compress(text.getvalue().encode("ascii"), compresslevel=9, mtime=0)


class HeadTable:
    """Collects the heads of some frames, packed small."""

    def __init__(self) -> None:
        self._frames: list[int] = []
        self._start: list[int] = [0]
        self._rows: dict[str, list[NDArray[np.generic]]] = {
            k: [] for k in ("ident", "pixels", "ground", "height", "visible", "head", "velocity")
        }

    def add(self, index: int, truth: Truth, visible: NDArray[np.float64]) -> None:
        """All heads in the picture at a frame; `visible` (n,) for everybody in `truth`."""
        keep = truth.inside
        self._frames.append(index)
        self._start.append(self._start[-1] + int(keep.sum()))
        self._rows["ident"].append(truth.ident[keep].astype(np.uint16))
        self._rows["pixels"].append(np.rint(truth.heads[keep] / PIXEL_UNIT).astype(np.int16))
        self._rows["ground"].append(np.rint(truth.ground[keep] / GROUND_UNIT).astype(np.int32))
        self._rows["height"].append(np.rint(truth.height[keep] / GROUND_UNIT).astype(np.uint16))
        self._rows["visible"].append(np.rint(np.clip(visible[keep], 0, 1) * 255).astype(np.uint8))
        self._rows["head"].append(np.rint(truth.world[keep] / GROUND_UNIT).astype(np.int32))
        self._rows["velocity"].append(np.rint(truth.velocity[keep] / GROUND_UNIT).astype(np.int16))

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
