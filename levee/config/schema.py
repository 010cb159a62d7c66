"""JSON Schema of each kind of settings file, so that an editor completes and explains while one types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from levee.config.kinds import KEY, KINDS, Kind

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(kind: Kind) -> dict[str, Any]:
    """The JSON Schema of a file of this kind, with titles, descriptions, limits and defaults."""
    (whole,), parts = msgspec.json.schema_components([kind.settings], ref_template="#/$defs/{name}")
    root = parts.pop(kind.settings.__name__)
    assert whole == {"$ref": f"#/$defs/{kind.settings.__name__}"}
    first = {
        "const": kind.name,
        "title": "Kind of file",
        "description": f"This file is {kind.title[0].lower()}{kind.title[1:]}.",
    }
    return {
        "$schema": DIALECT,
        **root,
        "title": kind.title,
        "properties": {KEY: first, **root["properties"]},
        "required": [KEY, *root.get("required", [])],
        "$defs": dict(sorted(parts.items())),
    }


def schema_text(kind: Kind) -> str:
    """The same as it stands on the disk: readable, and equal for equal settings."""
    return json.dumps(schema(kind), indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """One file for each kind into `folder`; returns what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind in KINDS.values():
        file = folder / f"{kind.name}.json"
        file.write_text(schema_text(kind), encoding="utf-8")
        written.append(file)
    return written
