"""Manifests and hashes: weights are what their manifest says, or they are refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

import models
from models.counter import WeightsRefused
from models.registry import manifest_path, own_manifests, read_manifest, weights_digest

GOOD = "kind: density\nname: a\nfile: a.onnx\nsha256: " + "a" * 64 + "\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Expected `object`"),
        ("kind: density\n", "missing required field"),
        ("- 1\n- 2\n", "Expected `object`"),
        ("kind: [density\n", "not YAML"),
        (GOOD.replace("density", "oracle"), "oracle"),
        (GOOD.replace("name: a", "name: A b"), "name"),
        (GOOD.replace("a" * 64, "a" * 63), "sha256"),
        (GOOD + "colour: red\n", "colour"),
        (GOOD + "density: {cell: 0}\n", "cell"),
        (GOOD + "picture: {colour: cmyk}\n", "colour"),
        (GOOD + "boxes: {confidence: 1.5}\n", "confidence"),
        (GOOD + "band: {below: {floor: -1}}\n", "floor"),
    ],
)
def test_a_manifest_with_a_fault_is_refused_with_its_setting(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    with pytest.raises(WeightsRefused, match=says) as refusal:
        read_manifest(file)
    assert str(file) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_manifest_and_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsRefused, match="no such file"):
        models.load(str(tmp_path / "none.yaml"))
    file = tmp_path / "a.yaml"
    file.write_text(GOOD)
    with pytest.raises(WeightsRefused, match=r"a\.onnx: cannot be read"):
        models.load(str(file))


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(WeightsRefused, match="levee-s") as refusal:
        models.load("nobody")
    assert "nobody" in str(refusal.value)


def test_a_network_without_its_manifest_is_refused(tmp_path: Path) -> None:
    bare = tmp_path / "bare.onnx"
    bare.write_bytes(b"x")
    with pytest.raises(WeightsRefused, match="manifest"):
        models.load(str(bare))


def test_weights_with_another_hash_are_refused(tmp_path: Path) -> None:
    own = manifest_path("levee-s")
    manifest = read_manifest(own)
    data = bytearray((own.parent / manifest.file).read_bytes())
    (tmp_path / own.name).write_text(own.read_text())
    (tmp_path / manifest.file).write_bytes(data)
    assert models.load(str(tmp_path / own.name), threads=1).digest == manifest.sha256
    data[len(data) // 2] ^= 1  # one bit
    (tmp_path / manifest.file).write_bytes(data)
    with pytest.raises(WeightsRefused, match="SHA-256"):
        models.load(str(tmp_path / own.name))


@pytest.mark.parametrize("content", [b"", b"not a network", b"\x08\x07\x12\x00garbage"])
def test_a_file_that_is_no_network_is_refused(tmp_path: Path, content: bytes) -> None:
    weights = tmp_path / "a.onnx"
    weights.write_bytes(content)
    file = tmp_path / "a.yaml"
    file.write_text(GOOD.replace("a" * 64, weights_digest(weights)))
    with pytest.raises(WeightsRefused, match=r"a\.onnx") as refusal:
        models.load(str(file))
    assert "\n" not in str(refusal.value)


def test_every_model_that_comes_with_levee_loads() -> None:
    names = [file.stem for file in own_manifests()]
    assert "levee-s" in names
    for name in names:
        counter = models.load(name, threads=1)
        assert counter.name.endswith(f":{name}")
        assert len(counter.digest) == 64
