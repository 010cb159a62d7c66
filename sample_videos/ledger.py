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
GROUND_UNIT = 1 / 1000  # m, and m/s
EVERY = 5  # frames between two entries of the heads file


@dataclass(frozen=True)
class ZoneTruth:
    """One zone over all frames: area m², people (n,), mean and worst-cell density (n,) persons/m².

    `speed` m/s, `counterflow` 0..1 (both NaN where nobody walks) and `pressure` 1/s² (n,), as `measures` defines them.
    """

    name: str
    area_m2: float
    people: NDArray[np.int64]
    mean: Floats
    worst: Floats
    speed: Floats
    counterflow: Floats
    pressure: Floats


@dataclass(frozen=True)
class GateTruth:
    """One gate: its width in metres, and how many have crossed it until each frame, `inward` and `outward` (n,)."""

    name: str
    width_m: float
    fps: float
    inward: NDArray[np.int64]
    outward: NDArray[np.int64]

    def flow(self, seconds: float) -> tuple[Floats, Floats]:
        """Persons/min in and out (n,), each over the `seconds` before a frame (less at the beginning)."""
        back = max(1, round(seconds * self.fps))
        found = []
        for total in (self.inward, self.outward):
            held = np.concatenate([np.zeros(back, np.int64), total])
            frames = np.minimum(np.arange(1, len(total) + 1), back)
            found.append((held[back:] - held[:-back]) / (frames / self.fps) * 60)
        return found[0], found[1]


@dataclass(frozen=True)
class Heads:
    """People whose head centre lies in the picture at one frame.

    `ident` (n,) ids; `pixels` (n, 2) head centres, corner origin; `ground` (n, 3) metres, z is the ground's;
    `height` (n,) metres; `visible` (n,) share of the head that shows, 0..1; `head` (n, 3) metres, the head's
    middle in the world; `velocity` (n, 2) m/s.
    """

    frame: int
    ident: NDArray[np.int64]
    pixels: Floats
    ground: Floats
    height: Floats
    visible: Floats
    head: Floats
    velocity: Floats


@dataclass(frozen=True)
class Truth:
    """All frames of a clip: time_s (n,), people whose head centre lies in the picture (n,), zones and gates by name."""

    name: str
    fps: float
    time_s: Floats
    in_picture: NDArray[np.int64]
    zones: dict[str, ZoneTruth]
    heads_path: Path
    gates: dict[str, GateTruth]

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
            step = int(np.diff(data["frames"][:2])[0]) if len(data["frames"]) > 1 else EVERY
            raise ValueError(f"{self.heads_path.name} holds every {_th(step)} frame, not frame {frame}")
        part = slice(int(data["start"][found[0]]), int(data["start"][found[0] + 1]))

        def column(name: str, unit: float) -> Floats:
            return np.asarray(data[name][part].astype(np.float64) * unit)

        return Heads(
            frame=frame,
            ident=data["ident"][part].astype(np.int64),
            pixels=column("pixels", PIXEL_UNIT),
            ground=column("ground", GROUND_UNIT),
            height=column("height", GROUND_UNIT),
            visible=column("visible", 1 / 255),
            head=column("head", GROUND_UNIT),
            velocity=column("velocity", GROUND_UNIT),
        )


def _th(number: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(number, f"{number}th")


def read(folder: Path, name: str) -> Truth:
    """The truth NAME.truth.csv.gz of a folder."""
    with gzip.open(folder / f"{name}.truth.csv.gz", "rt", encoding="ascii", newline="") as lines:
        rows = list(csv.DictReader(lines))
    if len(rows) < 2:
        raise ValueError(f"{name}.truth.csv.gz holds {len(rows)} frames: at least two are needed")

    def column(key: str) -> Floats:
        return np.array([float(row[key] or "nan") for row in rows])

    time = column("time_s")
    fps = round(1 / (time[1] - time[0]), 6)
    zones, gates = {}, {}
    for key in rows[0]:
        if key.endswith(".people"):
            zone = key.removesuffix(".people")
            zones[zone] = ZoneTruth(
                zone, float(rows[0][f"{zone}.area_m2"]), column(key).astype(np.int64),
                *(column(f"{zone}.{what}") for what in ("mean", "worst", "speed", "counterflow", "pressure")),
            )  # fmt: skip
        elif key.endswith(".in"):
            gate = key.removesuffix(".in")
            gates[gate] = GateTruth(gate, float(rows[0][f"{gate}.width_m"]), fps, column(key).astype(np.int64),
                                    column(f"{gate}.out").astype(np.int64))  # fmt: skip
    return Truth(name, fps, time, column("in_picture").astype(np.int64), zones, folder / f"{name}.heads.npz", gates)
