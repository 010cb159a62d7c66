"""Folders of annotated pictures in three formats, whole and broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from models.annotations import HEAD_BELOW_TOP, read_folder
from models.data import DataRefused


def picture(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), np.full((60, 80, 3), 90, np.uint8))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not JSON"),
        ("{}", "expected a list"),
        ("[]", "no pictures"),
        ('[{"image": "a.png"}]', "entry 0"),
        ('[{"image": "a.png", "points": [[1, "x"]]}]', "entry 0"),
        ('[{"image": "a.png", "points": [[1, NaN]]}]', "entry 0: a point is not a finite number"),
        ('{"images": [], "annotations": []}', "no pictures"),
        ('{"images": [{"id": 1}], "annotations": []}', "not COCO"),
        ('{"images": [], "annotations": [{"image_id": 1, "bbox": [1, 2, 0, 4]}]}', "annotation 0: a box of 0 x 4"),
        (
            '{"images": [], "annotations": [], "categories": [{"id": 1, "name": "car"}, {"id": 2, "name": "dog"}]}',
            "pers",
        ),
    ],
)
def test_annotations_with_a_fault_are_refused(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "annotations.json").write_text(content)
    with pytest.raises(DataRefused, match=says) as refused:
        read_folder(tmp_path)
    assert "annotations.json" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_folder_without_annotations_and_a_broken_picture_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match="no such file"):
        read_folder(tmp_path / "none")
    (folder / "images" / "3.png").write_bytes(b"not a picture")
    with pytest.raises(DataRefused, match=r"3\.png"):
        read_folder(folder)[3].load()


def coco(categories: list[dict[str, Any]]) -> dict[str, Any]:
    boxes = [(1, 1, [10, 20, 8, 30]), (1, 2, [40, 10, 10, 10]), (2, 1, [0, 0, 20, 40])]
    return {
        "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}, {"id": 3, "file_name": "c.png"}],
        "annotations": [{"image_id": i, "category_id": c, "bbox": box} for i, c, box in boxes],
        "categories": categories,
    }


@pytest.mark.parametrize("name", ["annotations.json", "_annotations.coco.json", "instances_val.json"])
def test_the_people_of_coco_are_heads_at_the_top_of_their_boxes(tmp_path: Path, name: str) -> None:
    picture(tmp_path / "images" / "a.png")
    (tmp_path / name).write_text(json.dumps(coco([{"id": 1, "name": "Person"}, {"id": 2, "name": "car"}])))
    first, second, third = read_folder(tmp_path)
    assert first.name == "images/a.png"
    assert first.points.tolist() == [[14.0, pytest.approx(20 + HEAD_BELOW_TOP * 30)]]
    assert len(second.points) == 1
    assert third.points.shape == (0, 2)


def test_boxes_of_heads_are_heads_at_their_middle(tmp_path: Path) -> None:
    (tmp_path / "annotations.json").write_text(json.dumps(coco([{"id": 1, "name": "car"}, {"id": 2, "name": "head"}])))
    assert [p.points.tolist() for p in read_folder(tmp_path)] == [[[45.0, 15.0]], [], []]


def shanghaitech(folder: Path, truths: str, points: list[list[float]]) -> Path:
    io = pytest.importorskip("scipy.io", reason="scipy is not installed (extra train)")
    picture(folder / "images" / "IMG_1.jpg")
    (folder / truths).mkdir(exist_ok=True)
    head = np.zeros((1, 1), [("location", object), ("number", object)])
    head["location"][0, 0], head["number"][0, 0] = np.array(points).reshape(-1, 2), np.array([[len(points)]])
    info = np.empty((1, 1), object)
    info[0, 0] = head
    io.savemat(str(folder / truths / "GT_IMG_1.mat"), {"image_info": info})
    return folder / truths / "GT_IMG_1.mat"


@pytest.mark.parametrize("truths", ["ground-truth", "ground_truth"])
def test_shanghaitechs_own_files(tmp_path: Path, truths: str) -> None:
    shanghaitech(tmp_path, truths, [[3.5, 4.25], [10, 20]])
    (only,) = read_folder(tmp_path)
    assert (only.name, only.points.tolist()) == ("images/IMG_1.jpg", [[3.5, 4.25], [10, 20]])


def test_shanghaitechs_files_with_a_fault_are_refused(tmp_path: Path) -> None:
    truth = shanghaitech(tmp_path, "ground-truth", [[1, 2]])
    picture(tmp_path / "images" / "IMG_2.jpg")
    with pytest.raises(DataRefused, match=r"GT_IMG_2.mat: no such file, and IMG_2.jpg needs it"):
        read_folder(tmp_path)
    (tmp_path / "images" / "IMG_2.jpg").unlink()
    truth.write_bytes(b"not a mat file" * 20)
    with pytest.raises(DataRefused, match=r"GT_IMG_1.mat: not ShanghaiTech"):
        read_folder(tmp_path)
