"""Reads the exact truth beside a clip (see docs/sample-videos.md). Needs numpy only."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PIXEL_UNIT = 1 / 16  # px
GROUND_UNIT = 1 / 1000  # m
EVERY = 5  # frames between two entries of the heads file


@dataclass(frozen=True)
class ZoneTruth:
    """One zone over all frames: area m², people (n,), mean and worst-cell density (n,) persons/m²."""

    name: str
    area_m2: float
    people: NDArray[np.int64]
    mean: Floats
    worst: Floats


@dataclass(frozen=True)
class Heads:
    """People whose head centre lies in the picture at one frame.

    `ident` (n,) ids; `pixels` (n, 2) head centres, corner origin; `ground` (n, 3) metres, z is the ground's;
    `height` (n,) metres; `visible` (n,) share of the head that shows, 0..1.
    """

    frame: int
    ident: NDArray[np.int64]
    pixels: Floats
    ground: Floats
    height: Floats
    visible: Floats


@dataclass(frozen=True)
class Truth:
    """All frames of a clip: time_s (n,), people whose head centre lies in the picture (n,), zones by name."""

    name: str
    fps: float
    time_s: Floats
    in_picture: NDArray[np.int64]
    zones: dict[str, ZoneTruth]
    heads_path: Path

    def __len__(self) -> int:
        return len(self.time_s)

    @cached_property
    def _heads(self) -> dict[str, NDArray[np.generic]]:
        with np.load(self.heads_path) as arrays:
            return {name: arrays[name] for name in arrays.files}

    @property
    def head_frames(self) -> list[int]:
        """The frames for which `heads` knows every head."""
        return [int(frame) for frame in self._heads["frames"]]

    def heads(self, frame: int) -> Heads:
        """Heads at a frame of `head_frames`; ValueError for another."""
        data = self._heads
        found = np.flatnonzero(data["frames"] == frame)
        if not len(found):
            raise ValueError(f"{self.heads_path.name} holds every {EVERY}th frame, not frame {frame}")
        part = slice(int(data["start"][found[0]]), int(data["start"][found[0] + 1]))
        return Heads(
            frame=frame,
            ident=data["ident"][part].astype(np.int64),
            pixels=data["pixels"][part].astype(np.float64) * PIXEL_UNIT,
            ground=data["ground"][part].astype(np.float64) * GROUND_UNIT,
            height=data["height"][part].astype(np.float64) * GROUND_UNIT,
            visible=data["visible"][part].astype(np.float64) / 255,
        )


def read(folder: Path, name: str) -> Truth:
    """The truth NAME.truth.csv.gz of a folder."""
    with gzip.open(folder / f"{name}.truth.csv.gz", "rt", encoding="ascii", newline="") as lines:
        rows = list(csv.DictReader(lines))
    if len(rows) < 2:
        raise ValueError(f"{name}.truth.csv.gz holds {len(rows)} frames: at least two are needed")

    def column(key: str) -> Floats:
        return np.array([float(row[key]) for row in rows])

    zones = {}
    for key in rows[0]:
        if not key.endswith(".people"):
            continue
        zone = key.removesuffix(".people")
        zones[zone] = ZoneTruth(zone, float(rows[0][f"{zone}.area_m2"]), column(key).astype(np.int64),
                                column(f"{zone}.mean"), column(f"{zone}.worst"))  # fmt: skip
    time = column("time_s")
    return Truth(name, round(1 / (time[1] - time[0]), 6), time, column("in_picture").astype(np.int64), zones,
                 folder / f"{name}.heads.npz")  # fmt: skip
