"""A machine without internet installs a box from the bundle: no index, a fresh environment, and it counts people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from levee.bundle import BundleRefused, make_bundle, source_folder

ROOT = Path(__file__).resolve().parents[3]
#: No proxy leads anywhere, and no index is known.
CUT_OFF = {
    "PATH": os.environ["PATH"],
    "PIP_CONFIG_FILE": "/dev/null",
    # Most of the time would go into compiling what is never run here.
    "PIP_NO_COMPILE": "1",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "PYTHON": sys.executable,
}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    try:
        made = make_bundle(folder / "levee-box.tar.gz", source=ROOT)
    except BundleRefused as refused:
        if not os.environ.get("CI") and "No matching distribution" in str(refused):
            pytest.skip(f"no package index can be reached: {refused}")
        raise
    with tarfile.open(made) as archive:
        archive.extractall(folder / "there", filter="data")
    made.unlink()
    return folder / "there" / "levee-box"


@pytest.mark.timeout(600)
def test_a_box_is_installed_without_a_network_and_counts(unpacked: Path, tmp_path: Path) -> None:
    target = tmp_path / "levee"
    done = subprocess.run(
        [str(unpacked / "install.sh"), str(target)], env=CUT_OFF, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("levee ")
    told = subprocess.run(
        [target / "bin" / "levee", "models", "list"],
        env=CUT_OFF,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert "levee-s" in told.stdout
    checked = subprocess.run(
        [target / "bin" / "levee", "config", "check", unpacked / "configs" / "examples" / "site.yaml"],
        env=CUT_OFF,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    place = subprocess.run(
        [target / "bin" / "python", "-c", "import levee; print(levee.__file__)"],
        env=CUT_OFF,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert place.stdout.startswith(str(target)), "it runs from what was installed, and from no sources"


def test_the_bundle_says_what_it_holds(unpacked: Path) -> None:
    told = json.loads((unpacked / "manifest.json").read_text())
    assert "models/weights/levee-s.onnx" in told["weights"]
    assert told["python"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    names = {path.name.split("-")[0] for path in (unpacked / "wheels").iterdir()}
    assert {"levee", "openvino", "numpy", "paho_mqtt"} <= names
    assert not names & {"torch", "sqlalchemy", "apprise", "starlette"}, "the base install is a box"
    for part in ("configs/systemd/levee-edge.service", "configs/examples/box.yaml", "docs/deployment.md"):
        assert (unpacked / part).is_file()


def test_a_bundle_that_was_damaged_on_the_way_is_not_installed(unpacked: Path, tmp_path: Path) -> None:
    victim = unpacked / "constraints.txt"
    whole = victim.read_bytes()
    victim.write_bytes(whole + b"#")
    try:
        done = subprocess.run(
            [str(unpacked / "install.sh"), str(tmp_path / "t")],
            env=CUT_OFF,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        victim.write_bytes(whole)
    assert done.returncode != 0
    assert "constraints.txt: FAILED" in done.stdout + done.stderr
    assert not (tmp_path / "t").exists()


def test_what_cannot_be_bundled_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match="no extra is called telepathy: there are service"):
        make_bundle(tmp_path / "x.tar.gz", source=ROOT, extras=("telepathy",))
    with pytest.raises(BundleRefused, match=r"ends with .tar.gz"):
        make_bundle(tmp_path / "x.zip", source=ROOT)
    with pytest.raises(BundleRefused, match="is no folder"):
        make_bundle(tmp_path / "none" / "x.tar.gz", source=ROOT)
    with pytest.raises(BundleRefused, match="does not hold Levee's sources"):
        source_folder(tmp_path)
