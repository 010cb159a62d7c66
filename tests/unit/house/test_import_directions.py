"""Imports run one way: the rooms may know only what stands below them."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

ALLOWED = {
    "wire": set(),
    "models": set(),
    "sample_videos": set(),
    "configs": set(),
    "edge": {"wire", "models"},
    "alerting": {"wire"},
    "levee": {"wire", "models", "edge", "alerting", "sample_videos", "configs"},
}


def imported(path: Path) -> set[str]:
    """Every module that a file names in an import, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full, not relative"
            assert node.module is not None
            found.add(node.module)
    return found


def files(room: str) -> list[Path]:
    found = sorted((ROOT / room).rglob("*.py"))
    assert found or room == "configs", f"the room {room} is empty"
    return found


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_knows_only_the_rooms_below_it(room: str) -> None:
    for path in files(room):
        rooms = {name.split(".")[0] for name in imported(path)} & set(ALLOWED)
        assert rooms <= ALLOWED[room] | {room}, f"{path} imports {sorted(rooms - ALLOWED[room] - {room})}"


def test_what_decides_needs_nothing_but_the_standard_library_msgspec_and_wire() -> None:
    for path in files("alerting/assess"):
        for name in imported(path):
            top = name.split(".")[0]
            house = name == "alerting.assess" or name.startswith("alerting.assess.")
            assert house or top in {"wire", "msgspec", "__future__"} or top in sys.stdlib_module_names, (
                f"{path}: {name}"
            )
            assert top not in {"time", "threading", "socket", "random", "asyncio", "os", "logging"}, f"{path}: {name}"


def test_what_decides_about_duty_is_as_pure() -> None:
    for stem in ("events", "incident", "rota", "settings", "silences", "step"):
        for name in imported(ROOT / "alerting/duty" / f"{stem}.py"):
            top = name.split(".")[0]
            house = name.startswith(("alerting.duty.", "alerting.assess."))
            assert house or top in {"wire", "msgspec", "__future__"} or top in sys.stdlib_module_names, (
                f"{stem}: {name}"
            )
            assert top not in {"time", "threading", "socket", "random", "asyncio", "os", "logging"}, f"{stem}: {name}"


def test_what_decides_at_the_desk_is_as_pure() -> None:
    shell = {"room", "__init__"}
    for path in files("alerting/desk"):
        for name in imported(path) if path.stem not in shell else ():
            top = name.split(".")[0]
            house = name == "alerting.desk" or name.startswith(("alerting.desk.", "alerting.duty.", "alerting.assess"))
            assert house or top in {"wire", "msgspec", "__future__"} or top in sys.stdlib_module_names, (
                f"{path}: {name}"
            )
            assert top not in {"time", "threading", "socket", "random", "asyncio", "os", "logging"}, f"{path}: {name}"


#: Rooms that a box needs; none of them may need more than the base install.
HEAVY = {
    *("torch", "torchvision", "ultralytics", "sqlalchemy", "apprise", "amqtt", "av", "scipy", "onnx", "tqdm"),
    *("psycopg", "starlette", "uvicorn", "fastapi", "jinja2", "argon2", "pydantic"),
}
TRAINING = {"optimizer",
    "network", "data", "augment", "train", "evaluate", "export", "annotations", "release",
    "quantise", "yolo",
}  # fmt: skip


def test_a_box_needs_no_heavy_library() -> None:
    for room in ("wire", "edge", "models"):
        for path in files(room):
            if room == "models" and path.stem in TRAINING:
                continue
            heavy = {name.split(".")[0] for name in imported(path)} & HEAVY
            assert not heavy, f"{path} imports {sorted(heavy)}, which the base install does not have"


def test_no_file_is_too_long_to_read() -> None:
    for room in ALLOWED:
        for path in files(room):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            assert lines <= 420, f"{path} has {lines} lines: give it one reason to change"
