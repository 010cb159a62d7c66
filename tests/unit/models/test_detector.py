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


def test_a_published_density_network_counts_through_its_manifest(
    shared_data: Path, manifest_for: Callable[..., str], clip_frames: Frames
) -> None:
    manifest = manifest_for(
        shared_data / "weights" / "mcnn_shtechB.onnx",
        kind="density", name="mcnn-b", picture={"colour": "grey", "multiple": 4}, density={"cell": 4},
    )  # fmt: skip
    count = models.load(manifest, threads=1).count(clip_frames("plaza_overhead_bw.mp4", [56])[56])
    assert count.grid.shape == (180, 320)
    assert 15 <= count.total.value <= 80  # 40 by eye; MCNN is no better than that here


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
    output = counter._engine.run(np.zeros((1, 3, 320, 320), np.float32))  # type: ignore[attr-defined]
    assert output.shape == shape
    count = counter.count(frame)  # random weights: what is seen means nothing, that it is read does
    assert count.points is not None
    assert count.grid.sum() == len(count.points)
    assert ((count.points >= 0) & (count.points < [320, 240])).all()
