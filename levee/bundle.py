"""An archive from which a machine without internet installs Levee: wheels, weights, configuration, and their sums."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from levee import installed_version

#: What may be asked for; the base install is always there.
EXTRAS = ("service", "console", "calibrate", "demo", "yolo", "int8", "sim")
LEFT_OUT = (".*", "build", "dist", "*.egg-info", "__pycache__", "tests", "shared", "*.tar.gz")
INSTALL = """\
#!/bin/sh
# Installs Levee from this folder into a virtual environment, without a network:  ./install.sh [/opt/levee]
set -eu
cd "$(dirname "$0")"
target=${1:-/opt/levee}
sha256sum --quiet -c SHA256SUMS
python=${PYTHON:-python@PYTHON@}
command -v "$python" >/dev/null || { echo "install.sh: $python is not installed: these wheels are for it" >&2; exit 1; }
[ -x "$target/bin/python" ] || "$python" -m venv "$target"
"$target/bin/pip" install --no-index --find-links wheels -c constraints.txt --upgrade --quiet 'levee@EXTRAS@'
"$target/bin/levee" --version
"""


class BundleRefused(RuntimeError):
    """The bundle cannot be made; one line."""


def source_folder(given: Path | None) -> Path:
    """Where Levee's sources are; BundleRefused where there are none, as beside an installed package."""
    folder = given if given is not None else Path(__file__).resolve().parents[1]
    project = folder / "pyproject.toml"
    if not project.is_file() or 'name = "levee"' not in project.read_text(encoding="utf-8"):
        raise BundleRefused(f"{folder} does not hold Levee's sources: name them with --source")
    return folder


def make_bundle(
    out: Path,
    *,
    source: Path,
    extras: Sequence[str] = (),
    pip: Sequence[str] = (),
    shown: Callable[[int], None] = lambda wheels: None,
) -> Path:
    """Writes `out` (.tar.gz) and gives its path. `pip` are further words for `pip wheel`, such as another index;
    `shown` is told how many wheels there are so far. BundleRefused where an extra is unknown or pip fails."""
    unknown = sorted(set(extras) - set(EXTRAS))
    if unknown:
        raise BundleRefused(f"no extra is called {', '.join(unknown)}: there are {', '.join(EXTRAS)}")
    if not out.name.endswith(".tar.gz"):
        raise BundleRefused(f"{out}: a bundle's name ends with .tar.gz")
    if not out.parent.is_dir():
        raise BundleRefused(f"{out.parent} is no folder")
    wanted = f"[{','.join(extras)}]" if extras else ""
    with tempfile.TemporaryDirectory(prefix="levee-bundle-", dir=out.parent) as temporary:
        name = out.name.removesuffix(".tar.gz")
        folder = Path(temporary) / name
        wheels = folder / "wheels"
        wheels.mkdir(parents=True)
        # Built from a copy: what an earlier build left among the sources would go into the wheel.
        clean = Path(temporary) / "sources"
        shutil.copytree(source, clean, ignore=shutil.ignore_patterns(*LEFT_OUT))
        _wheels(wheels, clean, wanted, pip, shown)
        shutil.copy2(source / "constraints.txt", folder)
        for part in ("configs", "docs"):
            shutil.copytree(source / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "site", ".env"))
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        script = folder / "install.sh"
        script.write_text(INSTALL.replace("@PYTHON@", python).replace("@EXTRAS@", wanted), encoding="utf-8")
        script.chmod(0o755)
        told = {
            "levee": installed_version(),
            "extras": list(extras),
            "python": python,
            "machine": platform.machine(),
            "weights": _weights(wheels),
        }
        (folder / "manifest.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        _sums(folder)
        half = Path(temporary) / out.name
        with tarfile.open(half, "w:gz", compresslevel=1) as archive:
            archive.add(folder, arcname=name)
        half.replace(out)
    return out


def _wheels(wheels: Path, source: Path, wanted: str, pip: Sequence[str], shown: Callable[[int], None]) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "-w", str(wheels)]
    command += ["-c", str(source / "constraints.txt"), *pip, f"{source}{wanted}"]
    done = threading.Event()

    def count() -> None:
        while not done.wait(0.5):
            shown(len(list(wheels.glob("*.whl"))))

    watcher = threading.Thread(target=count, daemon=True)
    watcher.start()
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        done.set()
        watcher.join()
    if ended.returncode != 0:
        said = [line for line in ended.stderr.splitlines() if line.startswith("ERROR")] or ["pip fails"]
        raise BundleRefused(f"pip wheel: {said[-1].removeprefix('ERROR: ')}")


def _weights(wheels: Path) -> list[str]:
    """The networks that are in Levee's own wheel; BundleRefused where there are none: a box could not count."""
    [own] = wheels.glob("levee-*.whl")
    with zipfile.ZipFile(own) as archive:
        found = sorted(name for name in archive.namelist() if name.startswith("models/weights/"))
    if not any(name.endswith(".onnx") for name in found):
        raise BundleRefused(f"{own.name} holds no weights")
    return found


def _sums(folder: Path) -> None:
    lines = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.relative_to(folder)}\n")
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
