"""Detectors exported by ultralytics, and another's density network, through nothing but a manifest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import models

Frames = Callable[[str, list[int]], dict[int, np.ndarray]]
UNIT = 1 / 255


def test_a_quantised_yolov8n_finds_the_people_of_a_plaza(
    shared_data: Path, manifest_for: Callable[..., str], clip_frames: Frames
) -> None:
    manifest = manifest_for(
        shared_data / "weights" / "yolov8n_coco_640_int8.tflite",
        kind="detector", name="yolov8n", picture={"colour": "rgb", "scale": UNIT}, boxes={"unit_boxes": True},
    )  # fmt: skip
    counter = models.load(manifest, threads=1)
    frame = clip_frames("plaza_overhead_bw.mp4", [56])[56]
    count = counter.count(frame)
    assert 27 <= count.total.value <= 42  # 40 by eye
    assert count.method == "detector:yolov8n"
    assert not count.saturated
    assert count.points is not None
    assert len(count.points) == count.total.value
    # the man in the lower left corner, whose head was marked by eye at (107, 598)
    assert np.hypot(*(count.points - [107, 598]).T).min() < 25
    assert np.array_equal(counter.count(frame).points, count.points)

    capped = Path(manifest).read_text().replace("unit_boxes: true", "unit_boxes: true\n  cap: 20")
    Path(manifest).write_text(capped)
    full = models.load(manifest, threads=1).count(frame)
    assert full.saturated
    assert full.reasons == ("detector-at-its-cap",)


THIRD_PARTIES: dict[str, tuple[str, dict[str, object], tuple[float, float]]] = {
    # weights, what the manifest says of them, and how many of the 40 people of the plaza they may see
    "mcnn-b": (
        "mcnn_shtechB.onnx",
        {"kind": "density", "picture": {"colour": "grey", "multiple": 4}, "density": {"cell": 4}},
        (15, 80),
    ),
    "person-detection-0201": (
        "person-detection-0201-fp16.xml",
        {"kind": "detector", "boxes": {"form": "ssd", "size": 384, "fit": "stretch", "confidence": 0.3, "cap": 200}},
        (30, 44),
    ),
    "person-detection-0200": (
        "person-detection-0200-int8.xml",
        {"kind": "detector", "boxes": {"form": "ssd", "size": 256, "fit": "stretch", "confidence": 0.3, "cap": 200}},
        (19, 44),
    ),
    "yolox-nano": (
        "yolox_nano_coco_416.onnx",
        {"kind": "detector", "boxes": {"form": "yolox", "size": 416, "confidence": 0.3, "cap": 3549}},
        (24, 44),
    ),
}


@pytest.mark.parametrize("name", THIRD_PARTIES)
def test_another_partys_counter_enters_through_its_manifest(
    name: str, shared_data: Path, manifest_for: Callable[..., str], clip_frames: Frames
) -> None:
    weights, content, (low, high) = THIRD_PARTIES[name]
    counter = models.load(manifest_for(shared_data / "weights" / weights, name=name, **content), threads=1)
    frame = clip_frames("plaza_overhead_bw.mp4", [56])[56]
    count = counter.count(frame)
    assert low <= count.total.value <= high  # 40 by eye
    assert count.picture == (1280, 720)
    assert count.reasons == ()
    if count.points is None:
        assert count.method == f"density:{name}"
        assert count.grid.shape == (180, 320)
        return
    assert count.method == f"detector:{name}"
    # every head lies in the picture, and one of them on the man whom all can see, at (107, 598)
    assert ((count.points >= 0) & (count.points < [1280, 720])).all()
    assert np.hypot(*(count.points - [107, 598]).T).min() < 40
    empty = clip_frames("one_by_one_person_detection.mp4", [0])[0]
    assert counter.count(empty).total.value == 0  # a table and a wall


def test_a_manifest_that_says_another_form_is_refused(shared_data: Path, manifest_for: Callable[..., str]) -> None:
    file = shared_data / "weights" / "person-detection-0201-fp16.xml"
    for kind, boxes, says in (
        ("detector", {"size": 384, "form": "yolox"}, "not a list of boxes"),
        ("detector", {"size": 640, "form": "ssd"}, "takes pictures of shape"),
        ("density", {}, "a map of"),
    ):
        with pytest.raises(models.WeightsRefused, match=says):
            models.load(manifest_for(file, name="odd", kind=kind, boxes=boxes), threads=1)


@pytest.mark.parametrize(
    ("network", "end_to_end", "shape"),
    [
        ("yolo11n.yaml", False, (1, 84, 2100)),
        ("yolo26n.yaml", False, (1, 84, 2100)),
        ("yolo26n.yaml", True, (1, 300, 6)),
    ],
)
def test_an_export_of_ultralytics_is_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    manifest_for: Callable[..., str],
    network: str,
    end_to_end: bool,
    shape: tuple[int, ...],
) -> None:
    monkeypatch.setenv("YOLO_OFFLINE", "1")
    monkeypatch.setenv("YOLO_AUTOINSTALL", "0")
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path))
    pytest.importorskip("torch", reason="torch is not installed (extra yolo)")
    ultralytics = pytest.importorskip("ultralytics", reason="ultralytics is not installed (extra yolo)")
    monkeypatch.chdir(tmp_path)
    exported = ultralytics.YOLO(network).export(
        format="onnx", imgsz=320, simplify=False, opset=17, end2end=end_to_end, verbose=False
    )
    manifest = manifest_for(
        Path(exported).resolve(), kind="detector", name="random", picture={"colour": "rgb", "scale": UNIT},
        boxes={"size": 320, "confidence": 0.0001},
    )  # fmt: skip
    counter = models.load(manifest, threads=1)
    frame = np.random.default_rng(1).integers(0, 256, (240, 320, 3), np.uint8)
    output = counter.engine.run(np.zeros((1, 3, 320, 320), np.float32))
    assert output.shape == shape
    count = counter.count(frame)  # random weights: what is seen means nothing, that it is read does
    assert count.points is not None
    assert count.grid.sum() == len(count.points)
    assert ((count.points >= 0) & (count.points < [320, 240])).all()
