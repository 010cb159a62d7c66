"""YAML values to typed settings. Every fault is found in one pass and named by line and setting."""

from __future__ import annotations

import difflib
import math
import re
import types
import typing
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union

import msgspec

from levee.config.problems import Problem
from levee.config.yaml_nodes import Place, Value

S = TypeVar("S", bound=msgspec.Struct)

_WORD = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*")
_AT = re.compile(r" - at `(?:key in )?\$?([^`]*)`$")
_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
    "object": "a mapping",
    "array": "a list",
}


class _Refused:
    """Marks a value in which a problem was found and said."""


_REFUSED = _Refused()


def settings_from(value: Value, kind: type[S], file: Path) -> tuple[S | None, list[Problem]]:
    """The settings in `value`, or None and every fault that was found; `file` is only named."""
    walk = _Walk(file)
    plain = walk.convert(value, kind, "")
    return (None if walk.problems else msgspec.convert(plain, kind)), walk.problems


class _Walk:
    """From the leaves up: a mapping is judged as a struct once everything in it was found sound.

    `convert` returns the plain value that was found sound, or `_REFUSED` after saying why.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def _say(self, place: Place, setting: str, message: str) -> _Refused:
        self.problems.append(Problem(self.file, message, place.line, place.column, setting))
        return _REFUSED

    def convert(self, value: Value, kind: Any, path: str) -> Any:
        bare = _bare(kind)
        if isinstance(value.scalar, float) and not math.isfinite(value.scalar):
            return self._say(value.place, path, "must be a finite number")
        arms = _arms(bare)
        if len(arms) > 1:
            return self._union(value, kind, arms, path)
        if _is_struct(bare):
            return self._struct(value, bare, path)
        if value.items is not None and _is_sequence(bare):
            return self._sequence(value, kind, bare, path)
        if value.entries is not None and typing.get_origin(bare) in (dict, Mapping):
            return self._mapping(value, kind, bare, path)
        return self._make(value, value.plain, kind, path)

    def _union(self, value: Value, kind: Any, arms: tuple[Any, ...], path: str) -> Any:
        if value.entries is None and value.items is None and value.scalar is None:
            return self._make(value, None, kind, path)
        if value.entries is not None:
            structs = [arm for arm in arms if _is_struct(_bare(arm))]
            if len(structs) == 1:
                return self.convert(value, structs[0], path)
            if structs:
                return self._tagged(value, [_bare(arm) for arm in structs], path)
        others = [arm for arm in arms if _bare(arm) is not type(None)]
        if len(others) == 1:
            return self.convert(value, others[0], path)
        return self._make(value, value.plain, kind, path)

    def _tagged(self, value: Value, structs: list[Any], path: str) -> Any:
        assert value.entries is not None
        configs = {struct: struct.__struct_config__ for struct in structs}
        field = next(config.tag_field for config in configs.values()) or "type"
        tags = {config.tag: struct for struct, config in configs.items()}
        names = ", ".join(str(tag) for tag in tags)
        if field not in value.entries:
            return self._say(value.place, path, f"`{field}` is missing: one of {names}")
        tag = value.entries[field]
        if tag.scalar not in tags:
            return self._say(tag.place, _join(path, field), f"must be one of {names}")
        return self._struct(value, tags[tag.scalar], path)

    def _struct(self, value: Value, kind: Any, path: str) -> Any:
        if value.entries is None:
            return self._say(value.place, path, f"must be a mapping of settings, not {value.kind}")
        hints = _hints(kind)
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        config = kind.__struct_config__
        sound = True
        ready: dict[str, Any] = {}
        misspelt: set[str] = set()
        for key, entry in value.entries.items():
            if key == config.tag_field:
                ready[key] = entry.plain
            elif key not in fields:
                near = difflib.get_close_matches(key, fields, n=1, cutoff=0.6)
                misspelt.update(near)
                self._say(value.keys[key], _join(path, key), _unknown(near, list(fields)))
                sound = False
            else:
                made = self.convert(entry, hints[fields[key].name], _join(path, key))
                ready[key] = made
                sound = sound and not isinstance(made, _Refused)
        for key, field in fields.items():
            if field.required and key not in value.entries and key not in misspelt:
                self._say(value.place, path, f"`{key}` is missing{_says(hints[field.name])}")
                sound = False
        if not sound:
            return _REFUSED
        return self._make(value, ready, kind, path)

    def _sequence(self, value: Value, kind: Any, bare: Any, path: str) -> Any:
        assert value.items is not None
        inner = typing.get_args(bare)
        fixed = typing.get_origin(bare) is tuple and not (len(inner) == 2 and inner[1] is Ellipsis)
        if fixed and len(inner) != len(value.items):
            return self._say(value.place, path, f"must hold {len(inner)} values, not {len(value.items)}")
        kinds = inner if fixed else [inner[0] if inner else Any] * len(value.items)
        made = [
            self.convert(item, item_kind, f"{path}[{number}]")
            for number, (item, item_kind) in enumerate(zip(value.items, kinds, strict=True))
        ]
        if any(isinstance(item, _Refused) for item in made):
            return _REFUSED
        return self._make(value, made, kind, path)

    def _mapping(self, value: Value, kind: Any, bare: Any, path: str) -> Any:
        assert value.entries is not None
        key_kind, entry_kind = typing.get_args(bare) or (str, Any)
        made: dict[str, Any] = {}
        sound = True
        for key, entry in value.entries.items():
            at = Value(value.keys[key], scalar=key)
            sound = not isinstance(self._make(at, key, key_kind, _join(path, key)), _Refused) and sound
            made[key] = self.convert(entry, entry_kind, _join(path, key))
            sound = sound and not isinstance(made[key], _Refused)
        return self._make(value, made, kind, path) if sound else _REFUSED

    def _make(self, value: Value, plain: Any, kind: Any, path: str) -> Any:
        """msgspec's own judgement of one value whose parts are sound already."""
        try:
            msgspec.convert(plain, kind)
        except msgspec.ValidationError as error:
            message = str(error)
            at = _AT.search(message)
            if at:
                message = message[: at.start()]
            spot, place = _locate(value, message, _bare(kind))
            setting = _join(path, spot) if spot else path
            return self._say(place, setting, _plain_words(message, value, kind))
        return plain


def _bare(kind: Any) -> Any:
    while typing.get_origin(kind) is Annotated:
        kind = typing.get_args(kind)[0]
    return kind


def _arms(bare: Any) -> tuple[Any, ...]:
    if typing.get_origin(bare) in (Union, types.UnionType):
        return tuple(arm for kind in typing.get_args(bare) for arm in _arms_of_member(kind))
    return (bare,)


def _arms_of_member(kind: Any) -> tuple[Any, ...]:
    inner = _bare(kind)
    return _arms(inner) if typing.get_origin(inner) in (Union, types.UnionType) else (kind,)


def _is_struct(bare: Any) -> bool:
    return isinstance(bare, type) and issubclass(bare, msgspec.Struct)


def _is_sequence(bare: Any) -> bool:
    return typing.get_origin(bare) in (list, tuple, set, frozenset)


def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _unknown(near: list[str], known: list[str]) -> str:
    if near:
        return f"no such setting: did you mean `{near[0]}`?"
    return f"no such setting; there are {', '.join(sorted(known))}"


def _metas(kind: Any) -> Iterator[msgspec.Meta]:
    if typing.get_origin(kind) is Annotated:
        inner, *extras = typing.get_args(kind)
        yield from (extra for extra in extras if isinstance(extra, msgspec.Meta))
        yield from _metas(inner)


def _says(kind: Any) -> str:
    """What a missing setting is for, in its own words."""
    described = [meta.description for meta in _metas(kind) if meta.description]
    return f": {described[-1]}" if described else ""


def _locate(value: Value, message: str, kind: Any) -> tuple[str, Place]:
    """Where in `value` a message from a struct points: the entry that it names, then the setting that it names."""
    spot = ""
    item = _named_item(value, message)
    if item is not None:
        spot, value = item
    said = re.sub(r"^\w+ [\w-]+: ", "", message)
    quoted = [words.split(".")[-1] for words in re.findall(r"`([^`]+)`", said)]
    tag = kind.__struct_config__.tag_field if _is_struct(kind) else None
    entries = (value.entries or {}).items()
    quotes = [key for key, entry in entries if key != tag and _mentions(said, entry.scalar)]
    plain = [word.split(".")[-1] for word in _WORD.findall(said)]
    for key in [*quoted, *quotes, *plain]:
        if key in value.keys:
            return _join(spot, key), value.keys[key]
    return spot, value.place


def _mentions(message: str, scalar: object) -> bool:
    """Whether a message holds the value itself."""
    if not isinstance(scalar, str) or len(scalar) < 2:
        return False
    return re.search(rf"(?<![\w-]){re.escape(scalar)}(?![\w-])", message) is not None


def _named_item(value: Value, message: str) -> tuple[str, Value] | None:
    """The item of a list that a message such as "zone east: ..." is about; the last one where two bear the name."""
    found: list[tuple[int, int, str, Value]] = []
    for key, entry in (value.entries or {}).items():
        noun = key.removesuffix("s")
        for number, item in enumerate(entry.items or []):
            named = (item.entries or {}).get("name") or (item.entries or {}).get(noun)
            if named is None or not isinstance(named.scalar, str):
                continue
            said = re.search(rf"\b{re.escape(noun)} [`'\"]?{re.escape(named.scalar)}(?![\w-])", message)
            if said:
                found.append((-said.start(), number, f"{key}[{number}]", item))
    if not found:
        return None
    _, _, spot, item = max(found, key=lambda one: one[:2])
    return spot, item


def _plain_words(message: str, value: Value, kind: Any) -> str:
    """msgspec's wording in the words of this file; other messages as they are."""
    found = re.fullmatch(r"Expected `([^`]+)`, got `([^`]+)`", message)
    if found:
        wanted = " or ".join(_WORDS.get(word, f"`{word}`") for word in found[1].split(" | ") if word != "null")
        quotes = ": put it in quotes" if wanted == "text" and isinstance(value.scalar, int | float) else ""
        return f"must be {wanted}, not {value.kind}{quotes}"
    found = re.fullmatch(r"Expected `([^`]+)` (.+)", message)
    if found:
        wanted, rest = _WORDS.get(found[1], found[1]), found[2]
        if rest.startswith("matching regex"):
            rules = [meta.description for meta in _metas(kind) if meta.pattern and meta.description]
            return f"must be {wanted}: {rules[0]}" if rules else f"must be {wanted} of another form"
        length = re.fullmatch(r"of length (>=|<=) (\d+)", rest)
        if length:
            return f"must hold at {'least' if length[1] == '>=' else 'most'} {length[2]}"
        bound = re.fullmatch(r"(>=|<=|>|<) (\S+)", rest)
        if bound:
            words = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
            return f"must be {wanted}, {words[bound[1]]} {float(bound[2]):g}" + _given(value)
        return f"must be {wanted} {rest}"
    if message.startswith("Invalid enum value"):
        known = _known_values(_bare(kind))
        near = difflib.get_close_matches(str(value.scalar), known, n=1)
        return f"must be one of {', '.join(known)}" + (f"; did you mean {near[0]}?" if near else "")
    return message


def _known_values(bare: Any) -> list[str]:
    """The values of an enumeration or a literal, also where nothing may stand instead."""
    found: list[str] = []
    for arm in map(_bare, _arms(bare)):
        if isinstance(arm, type) and issubclass(arm, Enum):
            found += [str(member.value) for member in arm]
        elif typing.get_origin(arm) is typing.Literal:
            found += [str(value) for value in typing.get_args(arm)]
    return found


def _given(value: Value) -> str:
    number = value.scalar
    return f", not {number:g}" if isinstance(number, int | float) and not isinstance(number, bool) else ""
