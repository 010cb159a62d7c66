"""Training stills: `python -m sample_videos.stills --out DIR --count N --seed S`.

Writes DIR/images/*.jpg and DIR/annotations.json, a list of
{"image": name, "width": w, "height": h, "points": [[x, y], ...]} with the head centres (pixels, corner
origin) of people whose head centre lies in the picture and whose head is at least a quarter visible.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_videos import lens, wardrobe
from sample_videos.backdrop import bake
from sample_videos.gather import gathering
from sample_videos.painter import Placed, paint
from sample_videos.places import Place, random_place, visible_ground
from sample_videos.sprites import SpriteShelf

VISIBLE = 0.25
EMPTY_SHARE = 0.13
MOST = 650


def _people(rng: np.random.Generator, place: Place, density: float) -> list[Placed]:
    ground = visible_ground(place.camera, place.reach, rng, 300)
    crowd = gathering(rng, ground, density, MOST)
    winter = bool(rng.random() < 0.45)
    looks = wardrobe.cast(rng, len(crowd.places), looks=int(rng.integers(4, 8)), winter=winter)
    heights = place.stairs.height(crowd.places) if place.stairs else np.zeros(len(crowd.places))
    stands = str(rng.choice(["stand", "pockets"]))
    people = []
    for i, (x, y) in enumerate(crowd.places.tolist()):
        if (
            len(place.blocked)
            and (np.hypot(place.blocked[:, 0] - x, place.blocked[:, 1] - y) < place.blocked[:, 2]).any()
        ):
            continue
        pose = "walk" if crowd.walks[i] else "phone" if rng.random() < 0.2 else stands
        people.append(
            Placed(looks[i], (x, y, float(heights[i])), float(crowd.headings[i]), pose, 2 * int(rng.integers(4)))
        )
    points = np.array([p.place for p in people]).reshape(-1, 3) + np.array([0, 0, 0.8])
    pixels, depth = place.camera.project(points)
    near = (depth > 0.8) & place.camera.inside(pixels, -0.15 * place.camera.size[0])
    return [p for p, keep in zip(people, near, strict=True) if keep]


def _lens(rng: np.random.Generator, hour: str, gain: float, stamp: str) -> lens.Lens:
    dark = hour in ("dusk", "night")
    white = 1 + rng.normal(0, 0.03, 3)
    return lens.Lens(
        gain=gain * float(np.exp(rng.normal(0.0, 0.25))) * (0.55 if hour == "night" else 0.8 if dark else 1.0),
        blur=float(rng.uniform(0.3, 1.15)),
        bloom=float(rng.uniform(0.02, 0.1)),
        vignette=float(rng.uniform(0, 0.35)),
        noise=float(rng.uniform(0.012, 0.045) if dark else rng.uniform(0.003, 0.022)),
        sharpen=float(rng.choice([0.0, rng.uniform(0.2, 1.1)])),
        white=(float(white[0]), float(white[1]), float(white[2])),
        grey=bool(rng.random() < 0.1),
        contrast=float(rng.uniform(0.72, 1.15)),
        stamp=stamp,
    )


def still(seed: int, index: int, shelf: SpriteShelf) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """One picture (h, w, 3) and its head centres (n, 2); the same seed and index give the same picture."""
    rng = np.random.default_rng([seed, index])
    empty = rng.random() < EMPTY_SHARE
    place = random_place(rng, 3.0 if empty else float(rng.choice([0.0, 1.0, 2.0])))
    density = float(np.exp(rng.uniform(np.log(0.02), np.log(7.0))))
    if rng.random() < 0.35:
        density = float(rng.uniform(1.0, 7.0))
    people = [] if empty else _people(rng, place, density)
    scene = bake(place.camera, place.slabs, place.light, place.sky, floor=place.floor, seed=place.floor_seed,
                 floor_tone=place.floor_tone, stains=float(rng.uniform(0.02, 0.14)))  # fmt: skip
    painted = paint(place.camera, scene, place.light, people, place.props, shelf)
    month, day, hour, minute, second = rng.integers(1, (10, 10, 24, 60, 60)).tolist()
    stamp = f"2026-0{month}-1{day}  {hour:02d}:{minute:02d}:{second:02d}" if rng.random() < 0.3 else ""
    seen = _lens(rng, place.hour, lens.exposure(painted.picture, 0.2), stamp)
    picture = lens.shoot(painted.picture, seen, rng)
    keep = place.camera.inside(painted.heads) & (painted.visible >= VISIBLE)
    return picture, painted.heads[keep]


def write(out: Path, count: int, seed: int) -> list[dict[str, object]]:
    """Render `count` stills into `out`, showing progress on stderr; returns the annotations written."""
    from rich.console import Console
    from rich.progress import track

    folder = out / "images"
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: give a folder of its own to each set of stills")
    shelf = SpriteShelf(azimuths=12)
    notes: list[dict[str, object]] = []
    for index in track(range(count), description="stills", console=Console(stderr=True)):
        picture, points = still(seed, index, shelf)
        name = f"still_{seed}_{index:05d}.jpg"
        quality = int(np.random.default_rng([seed, index, 1]).integers(45, 96))
        if not cv2.imwrite(str(folder / name), picture, [cv2.IMWRITE_JPEG_QUALITY, quality]):
            raise OSError(f"cannot write {folder / name}")
        height, width = picture.shape[:2]
        notes.append({"image": name, "width": width, "height": height, "points": np.round(points, 1).tolist()})
        if index % 50 == 49 or index == count - 1:  # an interrupted run leaves usable stills
            (out / "annotations.json").write_text(json.dumps(notes), encoding="utf-8")
    return notes


def main(argv: list[str] | None = None) -> int:
    """Command line; 0 when written, 2 on bad input with one line."""
    parser = argparse.ArgumentParser(
        prog="python -m sample_videos.stills", description="Render annotated stills for training."
    )
    parser.add_argument("--out", type=Path, required=True, help="a new or empty folder")
    parser.add_argument("--count", type=int, default=100, help="how many stills (default 100)")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same pictures (default 1)")
    args = parser.parse_args(argv)
    if args.count < 1 or args.seed < 0:
        sys.stderr.write("stills: --count must be at least 1 and --seed at least 0\n")
        return 2
    try:
        notes = write(args.out, args.count, args.seed)
    except OSError as error:
        sys.stderr.write(f"stills: {error}\n")
        return 2
    people = sum(len(note["points"]) for note in notes if isinstance(note["points"], list))
    sys.stderr.write(f"{len(notes)} stills with {people} heads in {args.out}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
