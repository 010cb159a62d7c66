"""Frames of the real clips and manifests for weights that lie outside the project."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from models.registry import weights_digest


@pytest.fixture
def manifest_for(tmp_path: Path) -> Callable[..., str]:
    """Writes a manifest for a file of weights; gives the manifest's path."""

    def write(weights: Path, **content: object) -> str:
        if not weights.exists():
            pytest.skip(f"{weights.name} is not among the data beside the project")
        file = tmp_path / f"{content['name']}.yaml"
        file.write_text(yaml.safe_dump({"file": str(weights), "sha256": weights_digest(weights), **content}))
        return str(file)

    return write


@pytest.fixture(scope="session")
def clip_frames(shared_data: Path) -> Callable[[str, list[int]], dict[int, np.ndarray]]:
    """Frames of a real clip by number, decoded from its beginning."""

    def frames(clip: str, numbers: list[int]) -> dict[int, np.ndarray]:
        file = shared_data / "videos" / clip
        if not file.exists():
            pytest.skip(f"{clip} is not among the data beside the project")
        capture = cv2.VideoCapture(str(file))
        found = {}
        for index in range(max(numbers) + 1):
            assert capture.grab(), f"{clip} ends before frame {index}"
            if index in numbers:
                found[index] = capture.retrieve()[1]
        capture.release()
        return found

    return frames


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve grey pictures with a white dot for each head."""
    rng = np.random.default_rng(5)
    out = tmp_path / "dots"
    (out / "images").mkdir(parents=True)
    rows = []
    for index in range(12):
        image = np.full((96, 128, 3), 90, np.uint8)
        points = rng.uniform(6, 90, (index, 2)).round(1)
        for x, y in points:
            cv2.circle(image, (int(x), int(y)), 3, (255, 255, 255), -1)
        name = f"{index}.png"
        cv2.imwrite(str(out / "images" / name), image)
        rows.append({"image": f"images/{name}", "width": 128, "height": 96, "points": points.tolist()})
    (out / "annotations.json").write_text(json.dumps(rows))
    return out
