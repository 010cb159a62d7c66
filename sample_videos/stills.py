"""Training stills: `levee scenes stills DIR --count N --seed S`.

Writes DIR/images/*.jpg and DIR/annotations.json, a list of
{"image": name, "width": w, "height": h, "points": [[x, y], ...]} with the head centres (pixels, corner
origin) of people whose head centre lies in the picture and whose head is at least a quarter visible.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_videos.crowds.gather import Gathering, gathering
from sample_videos.figures import poses, wardrobe
from sample_videos.figures.placed import Figures, stand
from sample_videos.scenery.places import Place, random_place, visible_ground
from sample_videos.studio import lens, weather
from sample_videos.studio.sight import visible
from sample_videos.studio.stage import Stage

VISIBLE = 0.25
EMPTY_SHARE = 0.15
MOST = 800
FINE = 1.3
Floats = NDArray[np.float64]


def _density(rng: np.random.Generator) -> float:
    """Persons/m² where a still is densest: from nearly nobody to eight."""
    if rng.random() < 0.4:
        return float(rng.uniform(1.0, 8.0))
    return float(np.exp(rng.uniform(np.log(0.02), np.log(6.0))))


def _stays(place: Place, crowd: Gathering) -> NDArray[np.bool_]:
    """Who does not stand in things, beside the stairs, or far outside the picture."""
    spots = crowd.places
    keep = np.ones(len(spots), bool)
    if len(place.blocked):
        gap = np.hypot(spots[:, None, 0] - place.blocked[:, 0], spots[:, None, 1] - place.blocked[:, 1])
        keep &= (gap > place.blocked[:, 2]).all(1)
    if place.stairs:
        keep &= (spots[:, 1] < place.stairs.y0 - 0.3) | (
            (spots[:, 0] > place.stairs.left + 0.3) & (spots[:, 0] < place.stairs.right - 0.3)
        )
    middle = np.column_stack([spots, place.height(spots) + 0.8])
    pixels, depth = place.camera.project(middle)
    near = np.linalg.norm(middle - np.array(place.camera.position), axis=1)
    return keep & (depth > 0.8) & (near > 1.3) & place.camera.inside(pixels, -0.15 * place.camera.size[0])


def _people(rng: np.random.Generator, place: Place, density: float) -> Figures:
    ground = visible_ground(place.camera, place.reach, rng, 300)
    crowd = gathering(rng, ground, density, MOST)
    keep = _stays(place, crowd)
    spots, headings, walks = crowd.places[keep], crowd.headings[keep], crowd.walks[keep]
    count = len(spots)
    wet = 0.55 if place.weather == "rain" else 0.25 if place.weather == "snow" else 0.04 * (place.hour == "sunny")
    festive = float(rng.choice([0.0, 0.0, 0.0, 0.0, 0.5])) if density > 1.5 else 0.0
    cast = wardrobe.cast(rng, count, place.season, rain=wet, cheer=festive)
    busy = (cast.habit != poses.PLAIN) & walks & (rng.random(count) < 0.6) & (cast.habit < poses.CHEER)
    cast.habit[busy] = poses.PLAIN
    pace = np.where(walks, np.clip(rng.normal(1.15, 0.25, count) / (1 + 0.35 * density), 0.3, 1.8), 0.0)
    velocity = np.column_stack([-np.sin(headings), np.cos(headings)]) * pace[:, None]
    level = np.column_stack([spots, place.height(spots)])
    lift = None
    if place.stairs:
        feet = [place.stairs.tread(spots + velocity * side * 0.25) - level[:, 2] for side in (-1, 1)]
        lift = np.clip(np.column_stack(feet), -0.25, 0.25)
    return stand(cast, level, headings, np.arange(1, count + 1), phase=rng.random(count), velocity=velocity,
                 time=float(rng.uniform(0, 100)), lift=lift)  # fmt: skip


def _statues(rng: np.random.Generator, place: Place) -> Figures:
    count = len(place.statues)
    return stand(
        wardrobe.statues(rng, count), place.statues, rng.uniform(-np.pi, np.pi, count), np.zeros(count, np.int64)
    )


def _lens(rng: np.random.Generator, hour: str, gain: float, stamp: str) -> lens.Lens:
    dark = hour in ("dusk", "night")
    white = 1 + rng.normal(0, 0.045, 3)
    return lens.Lens(
        gain=gain * float(np.exp(rng.normal(0.0, 0.28))) * (0.6 if hour == "night" else 0.85 if dark else 1.0),
        blur=float(rng.uniform(0.3, 1.2)),
        bloom=float(rng.uniform(0.02, 0.12)),
        vignette=float(rng.uniform(0, 0.35)),
        noise=float(rng.uniform(0.012, 0.045) if dark else rng.uniform(0.003, 0.022)),
        sharpen=float(rng.choice([0.0, rng.uniform(0.2, 1.2)])),
        white=(float(white[0]), float(white[1]), float(white[2])),
        grey=bool(rng.random() < 0.1),
        contrast=float(rng.uniform(0.75, 1.2)),
        saturation=float(rng.uniform(0.7, 1.35)),
        fringe=float(rng.choice([0.0, rng.uniform(0, 0.0012)])),
        stamp=stamp,
    )


def still(seed: int, index: int) -> tuple[NDArray[np.uint8], Floats]:
    """One picture (h, w, 3) and its head centres (n, 2); the same seed and index give the same picture."""
    rng = np.random.default_rng([seed, index])
    empty = rng.random() < EMPTY_SHARE
    place = random_place(rng, 4.0 if empty else float(rng.choice([0.3, 1.0, 2.0])))
    people = _people(rng, place, 0.0 if empty else _density(rng))
    if empty:
        people = people.take(np.zeros(0, int))
    stage = Stage(place.camera, place.solids, place.light, fine=FINE, bake=1, stains=float(rng.uniform(0.03, 0.14)))
    shot = stage.shoot(people.and_(_statues(rng, place)), float(rng.uniform(0.005, 0.05)))
    stage.close()
    month, day, hour, minute, second = rng.integers(1, (10, 10, 24, 60, 60)).tolist()
    stamp = f"2026-0{month}-1{day}  {hour:02d}:{minute:02d}:{second:02d}" if rng.random() < 0.3 else ""
    seen = _lens(rng, place.hour, lens.exposure(shot.picture, 0.2), stamp)
    light = weather.fall(shot.picture, rng, place.weather, float(rng.uniform(0.2, 1)))
    picture = lens.shoot(light, seen, rng)
    if rng.random() < (0.3 if place.weather == "rain" else 0.03):
        picture = weather.drops(picture, rng, int(rng.integers(2, 14)))
    share, points = visible(place.camera, people, shot)
    keep = place.camera.inside(points) & (share >= VISIBLE)
    return picture, points[keep]


Progress = Callable[[Iterable[int]], Iterable[int]]


def write(out: Path, count: int, seed: int, progress: Progress = iter) -> list[dict[str, object]]:
    """Render `count` stills into `out`; the annotations written. FileExistsError where the folder is in use."""
    folder = out / "images"
    if out.is_dir() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty: give a folder of its own to each set of stills")
    folder.mkdir(parents=True)
    notes: list[dict[str, object]] = []
    for index in progress(range(count)):
        picture, points = still(seed, index)
        name = f"still_{seed}_{index:05d}.jpg"
        quality = int(np.random.default_rng([seed, index, 1]).integers(40, 96))
        if not cv2.imwrite(str(folder / name), picture, [cv2.IMWRITE_JPEG_QUALITY, quality]):
            raise OSError(f"cannot write {folder / name}")
        height, width = picture.shape[:2]
        notes.append({"image": name, "width": width, "height": height, "points": np.round(points, 1).tolist()})
        if index % 50 == 49 or index == count - 1:  # an interrupted run leaves usable stills
            (out / "annotations.json").write_text(json.dumps(notes), encoding="utf-8")
    return notes
