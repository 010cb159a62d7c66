"""A contact sheet: frames of all scenes in one picture, with frames of other clips beside them if wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_videos import film, scenes, truths
from sample_videos.crowds.stories import FPS

Bytes = NDArray[np.uint8]
TILE = (480, 270)
COLUMNS = 4
AT_S = {"steps": (20.0, 100.0), "plaza": (60.0,), "metro": (30.0,), "queue": (20.0,), "concert": (20.0, 55.0),
        "bottleneck": (15.0,), "oneway": (42.0,), "evening": (20.0,), "night": (9.0,), "empty": (1.0,)}  # fmt: skip
VARIED = (("metro", 5, 25.0), ("plaza", 3, 60.0), ("queue", 2, 10.0), ("steps", 8, 70.0))
"""Variations shown: scene, seed, second."""


def shot(name: str, seed: int | None, second: float) -> Bytes:
    """One frame of a scene through the camera and its compression, BGR."""
    scene = scenes.scene(name, seed)
    index = round(second * FPS)
    people, _ = next(islice(truths.simulate(scene, index + 1), index, None))
    picture, _, _ = film.Filming(scene).shoot(index, people)
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)  # type: ignore[return-value]


def middle_frame(path: Path) -> Bytes:
    """The frame in the middle of a clip, or a picture; ValueError where it cannot be read."""
    picture = cv2.imread(str(path))
    if picture is None:
        capture = cv2.VideoCapture(str(path))
        capture.set(cv2.CAP_PROP_POS_FRAMES, capture.get(cv2.CAP_PROP_FRAME_COUNT) // 2)
        good, picture = capture.read()
        capture.release()
        if not good:
            raise ValueError(f"{path}: no picture can be read")
    return np.asarray(picture, np.uint8)


def tile(picture: Bytes, words: str) -> Bytes:
    """A tile of the sheet with a line of words."""
    scale = max(TILE[0] / picture.shape[1], TILE[1] / picture.shape[0])
    big = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    y, x = (big.shape[0] - TILE[1]) // 2, (big.shape[1] - TILE[0]) // 2
    out = np.ascontiguousarray(big[y : y + TILE[1], x : x + TILE[0]])
    out[-22:] = out[-22:] // 3
    cv2.putText(out, words, (7, TILE[1] - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (235, 235, 235), 1, cv2.LINE_AA)
    return np.asarray(out, np.uint8)


Progress = Callable[[Iterable[int]], Iterable[int]]


def sheet(beside: list[Path], progress: Progress = iter) -> Bytes:
    """All scenes, some variations, and the frames of `beside`, BGR."""
    wanted: list[tuple[str, int | None, float]] = [(name, None, at) for name, ats in AT_S.items() for at in ats]
    wanted += VARIED
    others = [tile(middle_frame(path), path.stem) for path in beside]
    tiles: list[Bytes] = []
    for index in progress(range(len(wanted))):
        name, seed, second = wanted[index]
        words = name if seed is None else f"{name}, seed {seed}"
        tiles.append(tile(shot(name, seed, second), f"{words}, {second:g} s"))
    tiles += others
    blank = np.zeros((TILE[1], TILE[0], 3), np.uint8)
    while len(tiles) % COLUMNS:
        tiles.append(blank)
    rows = [np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
    return np.asarray(np.vstack(rows), np.uint8)
