"""Files that are networks, but no counters, or not ones that this machine can run; and one engine for all sizes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

import models
from models.counter import CountRefused, WeightsRefused
from models.engine import Engine, effective

onnx: Any = pytest.importorskip("onnx", reason="onnx is not installed (extra train)")
Sides = list[int | str]


def network(
    file: Path,
    nodes: list[Any],
    sides: Sides,
    rank: int = 4,
    weights: dict[str, np.ndarray] | None = None,
    inputs: int = 1,
) -> Path:
    """An ONNX file from `x` to `y`."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x" if i == 0 else f"x{i}", kind, sides) for i in range(inputs)],
        [helper.make_tensor_value_info("y", kind, [f"d{i}" for i in range(rank)])],
        [onnx.numpy_helper.from_array(value, name) for name, value in (weights or {}).items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]
    file.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
    return file


def node(kind: str, inputs: list[str], output: str = "y", **options: object) -> Any:
    return onnx.helper.make_node(kind, inputs, [output], **options)


def people_per_pixel(file: Path, sides: Sides, cell: int = 4, value: float = 1.0) -> Path:
    """A density network that sees `value` / (3 * 255 * cell^2) people for each unit of brightness."""
    kernel = np.full((1, 3, cell, cell), value / 255 / 3 / cell**2, np.float32)
    return network(file, [node("Conv", ["x", "w"], strides=[cell, cell])], sides, weights={"w": kernel})


DENSITY = {"kind": "density", "name": "odd", "picture": {"multiple": 4}, "density": {"cell": 4}}
DETECTOR = {"kind": "detector", "name": "odd", "boxes": {"size": 64}}
FREE: Sides = [1, 3, "h", "w"]


@pytest.mark.parametrize(
    ("make", "manifest", "says"),
    [
        (lambda f: network(f, [node("GlobalAveragePool", ["x"])], FREE), DENSITY, "not a map of people"),
        (lambda f: network(f, [node("Flatten", ["x"])], FREE, 2), DENSITY, "not a map of people"),
        (lambda f: network(f, [node("Relu", ["x"])], FREE), DENSITY, "not a map of people"),
        (lambda f: people_per_pixel(f, FREE, cell=2), DENSITY, "4 px a cell"),
        (lambda f: people_per_pixel(f, FREE, value=np.inf), DENSITY, "not finite"),
        (lambda f: people_per_pixel(f, [1, 1, "h", "w"]), DENSITY, "can be read|cannot run"),
        (lambda f: network(f, [node("Relu", ["x"])], [1, 1, "h", "w"]), DENSITY, "takes pictures of shape"),
        (lambda f: network(f, [node("Relu", ["x"])], FREE), DETECTOR, "not a list of boxes"),
        (lambda f: network(f, [node("Relu", ["x"])], [1, 3, 32, 32]), DETECTOR, "takes pictures of shape"),
        (lambda f: network(f, [node("CountHeads", ["x"], domain="com.example")], FREE), DENSITY, "CountHeads"),
        (lambda f: network(f, [node("Add", ["x", "x1"])], FREE, inputs=2), DENSITY, "2 inputs"),
        (lambda f: network(f, [node("Relu", ["x"])], [1, 3], 2), DENSITY, "not a batch of pictures"),
        (lambda f: people_per_pixel(f, FREE), DENSITY | {"output": "z"}, "cannot run it"),
    ],
)
def test_what_is_no_counter_is_refused_when_it_is_loaded(
    tmp_path: Path,
    manifest_for: Callable[..., str],
    make: Callable[[Path], Path],
    manifest: dict[str, object],
    says: str,
) -> None:
    file = manifest_for(make(tmp_path / "odd.onnx"), **manifest)
    with pytest.raises(WeightsRefused, match=says) as refusal:
        models.load(file, threads=1)
    assert "odd.onnx" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 500


@pytest.mark.parametrize("sides", [FREE, ["n", 3, "h", "w"], ["n", "c", "h", "w"]])
def test_dynamic_axes_of_every_kind_are_counted(tmp_path: Path, manifest_for: Callable[..., str], sides: Sides) -> None:
    counter = models.load(manifest_for(people_per_pixel(tmp_path / "odd.onnx", sides), **DENSITY), threads=1)
    for width, height in ((320, 200), (64, 64), (332, 48)):
        count = counter.count(np.full((height, width, 3), 51, np.uint8))
        assert count.grid.shape == (height // 4, width // 4)
        assert count.total.value == pytest.approx(0.2 * count.grid.size, rel=1e-4)


@pytest.mark.parametrize(("size", "cells"), [((128, 96), (24, 32)), ((320, 200), (20, 32)), ((40, 40), (10, 10))])
def test_a_network_of_one_size_counts_pictures_of_any(
    tmp_path: Path, manifest_for: Callable[..., str], size: tuple[int, int], cells: tuple[int, int]
) -> None:
    counter = models.load(manifest_for(people_per_pixel(tmp_path / "odd.onnx", [1, 3, 96, 128]), **DENSITY), threads=1)
    count = counter.count(np.full((size[1], size[0], 3), 255, np.uint8))
    assert count.picture == size
    assert count.grid.shape == cells
    assert count.total.value == pytest.approx(count.grid.size, rel=1e-4)


def test_a_picture_that_the_network_cannot_take_is_refused_and_the_next_is_counted(tmp_path: Path) -> None:
    engine = Engine(people_per_pixel(tmp_path / "odd.onnx", FREE), threads=1)
    with pytest.raises(CountRefused, match=r"odd\.onnx"):
        engine.run(np.zeros((1, 1, 64, 64), np.float32))
    assert engine.run(np.zeros((1, 3, 64, 64), np.float32)).shape == (1, 1, 16, 16)


def test_what_is_computed_in() -> None:
    assert effective("f32") == "f32"
    assert effective("int8") == "int8"
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    assert effective("bf16") in (("bf16",) if "avx512_bf16" in flags else ("f32", "bf16"))


def test_sizes_by_the_hundred_cost_no_memory() -> None:
    """Each new size needs new kernels: they must not pile up."""
    counter = models.load("levee-s", threads=1)
    rng = np.random.default_rng(5)

    def count_some(number: int) -> float:
        for _ in range(number):
            width, height = (int(side) for side in rng.integers(32, 260, 2))
            counter.count(rng.integers(0, 256, (height, width, 3), np.uint8))
        return psutil.Process().memory_info().rss / 1e6

    before = count_some(120)
    assert count_some(240) - before < 60
