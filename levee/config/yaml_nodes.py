"""YAML text to plain values, each with the line that it stands on. Knows nothing of settings.

YAML 1.2 scalars, not 1.1: `off`, `no` and `12:30` stay text, `1e3` is a number, dates stay text.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import yaml

from levee.config.problems import ConfigRefused, Problem

MAX_BYTES = 5_000_000
#: Aliases may repeat a node, so the values are counted as they are unfolded.
MAX_VALUES = 200_000
MAX_DEPTH = 40

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"


@dataclass(frozen=True)
class Place:
    """Where a value stands, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Value:
    """A scalar, or the items of a list, or the entries of a mapping."""

    place: Place
    scalar: bool | int | float | str | None = None
    items: list[Value] | None = None
    entries: dict[str, Value] | None = None
    #: Where each key of a mapping stands.
    keys: dict[str, Place] = field(default_factory=dict)

    @property
    def plain(self) -> Plain:
        if self.entries is not None:
            return {key: value.plain for key, value in self.entries.items()}
        if self.items is not None:
            return [item.plain for item in self.items]
        return self.scalar

    @property
    def kind(self) -> str:
        """The word for it in a message."""
        if self.entries is not None:
            return "a mapping"
        if self.items is not None:
            return "a list"
        if self.scalar is None:
            return "nothing"
        return {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[type(self.scalar)]


_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_TRUE = re.compile(r"(?:true|True|TRUE)\Z")
_FALSE = re.compile(r"(?:false|False|FALSE)\Z")
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF|nan|NaN|NAN)\Z")
_MAX_DIGITS = 18


def _scalar(node: yaml.ScalarNode) -> bool | int | float | str | None:
    text: str = node.value
    if node.style is not None:
        return text
    if _NULL.match(text):
        return None
    if _TRUE.match(text) or _FALSE.match(text):
        return bool(_TRUE.match(text))
    if _INTEGER.match(text):
        return int(text) if len(text) <= _MAX_DIGITS else float(text)
    if _HEX.match(text) and len(text) <= _MAX_DIGITS:
        return int(text, 16)
    if _FLOAT.match(text):
        return float(text)
    special = _SPECIAL.match(text)
    if special:
        return math.nan if special[2].lower() == "nan" else float(f"{special[1]}inf")
    return text


class _Reader:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.count = 0

    def _say(self, node: yaml.Node, message: str, setting: str = "") -> None:
        place = _place(node)
        self.problems.append(Problem(self.file, message, place.line, place.column, setting))

    def read(self, node: yaml.Node, path: str = "", depth: int = 0) -> Value:
        self.count += 1
        place = _place(node)
        if depth > MAX_DEPTH or self.count > MAX_VALUES:
            why = "is nested too deeply" if depth > MAX_DEPTH else "unfolds into too many values"
            raise ConfigRefused([Problem(self.file, f"the file {why} here", place.line, place.column)])
        if isinstance(node, yaml.SequenceNode):
            items = [self.read(item, f"{path}[{number}]", depth + 1) for number, item in enumerate(node.value)]
            return Value(place, items=items)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, path, depth)
        assert isinstance(node, yaml.ScalarNode)
        if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
            self._say(node, f"the tag {node.tag[:40]} has no meaning here", path)
        return Value(place, scalar=_scalar(node))

    def _mapping(self, node: yaml.MappingNode, place: Place, path: str, depth: int) -> Value:
        entries: dict[str, Value] = {}
        keys: dict[str, Place] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._say(key_node, "a setting's name must be a plain word", path)
                continue
            key: str = key_node.value
            setting = f"{path}.{key}" if path else key
            value = self.read(value_node, setting, depth + 1)
            if key in entries:
                self._say(key_node, f"given twice; the first is on line {keys[key].line}", setting)
                continue
            entries[key] = value
            keys[key] = _place(key_node)
        return Value(place, entries=entries, keys=keys)


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def read_yaml(text: str, file: Path) -> tuple[Value, list[Problem]]:
    """The values of the one document in `text`, with the keys that were given twice.

    `file` is only named in messages. ConfigRefused where it is not YAML, holds more than one document, or nothing.
    """
    try:
        # Composing makes no Python objects, so that no tag can run code.
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        context = f" ({error.context})" if error.context else ""
        raise ConfigRefused([Problem(file, f"not YAML: {error.problem}{context}", line, column)]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigRefused([Problem(file, f"not YAML: {error.reason}", line)]) from None
    except RecursionError:
        raise ConfigRefused([Problem(file, "not YAML that can be read: it is nested too deeply")]) from None
    if node is None:
        raise ConfigRefused([Problem(file, "the file is empty")])
    reader = _Reader(file)
    return reader.read(node), reader.problems


def read_file(file: Path) -> tuple[Value, list[Problem]]:
    """As `read_yaml`, from the disk; ConfigRefused where the file is missing, unreadable, or no text."""
    try:
        if file.stat().st_size > MAX_BYTES:
            raise ConfigRefused([Problem(file, f"larger than {MAX_BYTES // 1_000_000} MB: no settings file")])
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigRefused([Problem(file, "no such file")]) from None
    except OSError as error:
        raise ConfigRefused([Problem(file, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigRefused([Problem(file, "not text in UTF-8", line)]) from None
    return read_yaml(text, file)
