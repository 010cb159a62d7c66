"""The schemas for editors: current, explained, and of one mind with the loader."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest
import yaml

from levee.config.kinds import KINDS
from levee.config.schema import schema, schema_text, write_schemas

ROOT = Path(__file__).resolve().parents[3]
OWN_FILES = sorted(
    [
        *(ROOT / "configs/examples").glob("*.yaml"),
        *(ROOT / "configs/demo").glob("*.yaml"),
        *(ROOT / "configs/scenarios").glob("*.yaml"),
    ]
)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_schemas_in_the_repository_are_current(kind: Any) -> None:
    file = ROOT / "configs/schema" / f"{kind.name}.json"
    assert file.read_text(encoding="utf-8") == schema_text(kind), "run: levee config schema --out configs/schema"


def test_all_are_written(tmp_path: Path) -> None:
    written = write_schemas(tmp_path / "new")
    names = ["box.json", "service.json", "site.json", "duty.json", "desk.json", "instruments.json", "scenario.json"]
    assert [file.name for file in written] == names
    for file in written:
        jsonschema.Draft202012Validator.check_schema(json.loads(file.read_text()))


@pytest.mark.parametrize("file", OWN_FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_our_own_files_follow_their_schema(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    kind = KINDS[content["levee"]]
    jsonschema.validate(content, schema(kind))
    assert text.splitlines()[0] == f"# yaml-language-server: $schema=../schema/{kind.name}.json"


def test_a_typo_is_refused_by_the_schema_too() -> None:
    content = yaml.safe_load((ROOT / "configs/examples/box.yaml").read_text())
    content["tik_s"] = 1
    with pytest.raises(jsonschema.ValidationError, match="tik_s"):
        jsonschema.validate(content, schema(KINDS["box"]))


def settings_of(kind: type[msgspec.Struct], seen: set[type] | None = None) -> Iterator[tuple[str, Any]]:
    """Each setting below `kind` as its name and its annotation."""
    seen = set() if seen is None else seen
    if kind in seen:
        return
    seen.add(kind)
    for name, hint in typing.get_type_hints(kind, include_extras=True).items():
        yield f"{kind.__name__}.{name}", hint
        for part in structs_in(hint):
            yield from settings_of(part, seen)


def structs_in(hint: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for part in typing.get_args(hint):
        yield from structs_in(part)


ALL = sorted({pair[0]: pair for kind in KINDS.values() for pair in settings_of(kind.settings)}.values())


@pytest.mark.parametrize(("name", "hint"), ALL, ids=[name for name, _ in ALL])
def test_every_setting_has_a_title_and_a_sentence(name: str, hint: Any) -> None:
    assert typing.get_origin(hint) is Annotated, name
    metas = [meta for meta in hint.__metadata__ if isinstance(meta, msgspec.Meta)]
    assert any(meta.title for meta in metas), f"{name} has no title"
    sentences = [meta.description for meta in metas if meta.description]
    assert sentences, f"{name} has no description"
    assert sentences[-1].endswith("."), f"{name}: {sentences[-1]!r} is no sentence"
