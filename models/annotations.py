"""Reads folders of annotated pictures: our own format, ShanghaiTech's and COCO's.

- `annotations.json`, a list of `{image, width, height, points: [[x, y], ...]}`: ours; points are head centres, px.
- `annotations.json`, `_annotations.coco.json` or the only JSON file, an object with `images` and `annotations`: COCO's
  boxes; a head is taken to be at the top of the box of a person.
- `images/` beside `ground-truth/GT_NAME.mat` (or `ground_truth`): ShanghaiTech's own files.

Pictures are named relative to the folder or to its `images`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.data import DataRefused, Picture

HEAD_BELOW_TOP = 0.07
"""Centre of a standing person's head below the top of the box, as a share of its height (Drillis and Contini 1966:
the head is 0.13 of the stature)."""
PEOPLE = frozenset({"person", "people", "pedestrian", "head"})
"""Names of COCO categories that are people; of a file with one category its name does not matter."""
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")


def read_folder(folder: Path) -> list[Picture]:
    """Every picture of one folder, in the order of its annotations; DataRefused names the file and the entry."""
    for name in ("ground-truth", "ground_truth"):
        if (folder / name).is_dir():
            return _some(_shanghaitech(folder, folder / name), folder / name)
    file = _json_file(folder)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataRefused(f"{file}: no such file") from None
    except (OSError, ValueError) as error:
        raise DataRefused(f"{file}: not JSON: {error}") from None
    if isinstance(content, dict) and {"images", "annotations"} <= content.keys():
        return _some(_coco(folder, file, content), file)
    if not isinstance(content, list):
        raise DataRefused(f"{file}: expected a list of pictures, or COCO's object of images and annotations")
    return _some([_ours(folder, file, index, row) for index, row in enumerate(content)], file)


def _json_file(folder: Path) -> Path:
    for name in ("annotations.json", "_annotations.coco.json"):
        if (folder / name).is_file():
            return folder / name
    others = sorted(folder.glob("*.json"))
    return others[0] if len(others) == 1 else folder / "annotations.json"


def _some(pictures: list[Picture], file: Path) -> list[Picture]:
    if not pictures:
        raise DataRefused(f"{file}: no pictures")
    return pictures


def _ours(folder: Path, file: Path, index: int, row: Any) -> Picture:
    try:
        return _picture(folder, str(row["image"]), row["points"])
    except (KeyError, TypeError, ValueError) as error:
        reason = error if isinstance(error, ValueError) else repr(error)
        raise DataRefused(f"{file}: entry {index}: {reason}") from None


def _coco(folder: Path, file: Path, content: dict[str, Any]) -> list[Picture]:
    try:
        categories = {int(c["id"]): str(c["name"]).lower() for c in content.get("categories", [])}
        people = {i for i, name in categories.items() if name in PEOPLE or len(categories) == 1}
        if categories and not people:
            raise DataRefused(f"{file}: no category is called any of {', '.join(sorted(PEOPLE))}")
        heads: dict[int, list[tuple[float, float]]] = defaultdict(list)
        for index, note in enumerate(content["annotations"]):
            if categories and int(note["category_id"]) not in people:
                continue
            left, top, width, height = (float(v) for v in note["bbox"])
            if width <= 0 or height <= 0:
                raise DataRefused(f"{file}: annotation {index}: a box of {width:g} x {height:g}")
            below = 0.5 if categories.get(int(note["category_id"])) == "head" else HEAD_BELOW_TOP
            heads[int(note["image_id"])].append((left + width / 2, top + below * height))
        return [_picture(folder, str(image["file_name"]), heads[int(image["id"])]) for image in content["images"]]
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, DataRefused):
            raise
        raise DataRefused(f"{file}: not COCO's boxes: {error!r}") from None


def _shanghaitech(folder: Path, truths: Path) -> list[Picture]:
    try:
        from scipy.io import loadmat
    except ImportError:
        raise DataRefused(f"{truths}: .mat files need scipy: install the extra 'train'") from None
    pictures = []
    images = (folder / "images") if (folder / "images").is_dir() else folder
    for image in sorted(p for p in images.iterdir() if p.suffix.lower() in PICTURES):
        file = truths / f"GT_{image.stem}.mat"
        try:
            points = loadmat(str(file))["image_info"][0, 0][0, 0][0]
            pictures.append(_picture(folder, str(image.relative_to(folder)), points))
        except FileNotFoundError:
            raise DataRefused(f"{file}: no such file, and {image.name} needs it") from None
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise DataRefused(f"{file}: not ShanghaiTech's head points: {error!r}") from None
    return pictures


def _picture(folder: Path, name: str, points: Any) -> Picture:
    heads: NDArray[np.float32] = np.asarray(points, np.float32).reshape(-1, 2)
    if not np.isfinite(heads).all():
        raise ValueError("a point is not a finite number")
    if not (folder / name).is_file() and (folder / "images" / name).is_file():
        name = f"images/{name}"
    return Picture(folder / name, folder.name, name, heads)
