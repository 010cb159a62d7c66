"""The judgement must run anywhere: it may lean on the standard library, msgspec and the wire types alone."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ASSESS = Path(__file__).resolve().parents[3] / "alerting" / "assess"
ALLOWED = set(sys.stdlib_module_names) | {"msgspec", "wire"}
#: What would make it depend on more than its arguments.
IMPURE = {"time", "datetime", "random", "os", "socket", "threading", "asyncio", "logging", "pathlib", "secrets"}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are absolute"
            names.add(node.module or "")
    return names


def test_assess_imports_only_what_it_may() -> None:
    files = sorted(ASSESS.glob("*.py"))
    assert len(files) >= 6
    for path in files:
        for name in imported(path):
            root = name.split(".")[0]
            inside = name == "alerting.assess" or name.startswith("alerting.assess.")
            assert inside or root in ALLOWED, f"{path.name} imports {name}"
            assert root != "wire" or name == "wire", f"{path.name} imports {name}: only the message types are pure"
            assert root not in IMPURE, f"{path.name} imports {name}"
