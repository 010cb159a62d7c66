"""Relative paths in a settings file are taken from the folder of that file, wherever the command is started."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)

_ADDRESS = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")
_SQLITE = "sqlite:///"


def resolved(settings: S, names: tuple[str, ...], folder: Path) -> S:
    """`settings` with each setting of `names` made absolute against `folder`.

    A name reads like `mqtt.tls.ca_file`, `cameras[].source` or `channels{}.url_from_file`. Addresses, numbers, and
    bare words that name no file there (the name of a counter) stay as they are.
    """
    for name in names:
        settings = _at(settings, name.split("."), folder)
    return settings


def _at(settings: S, steps: list[str], folder: Path) -> S:
    """One step of a name; a setting that this struct has not (a union of several) is passed over."""
    step, rest = steps[0], steps[1:]
    field = step.removesuffix("[]").removesuffix("{}")
    value = getattr(settings, field, None)

    def one(item: object) -> object:
        return _at(item, rest, folder) if rest and isinstance(item, msgspec.Struct) else absolute(item, folder)

    new: object
    if value is None:
        return settings
    if step.endswith("[]"):
        new = tuple(one(item) for item in value)
    elif step.endswith("{}"):
        new = {key: one(item) for key, item in value.items()}
    else:
        new = one(value)
    return settings if new == value else msgspec.structs.replace(settings, **{field: new})


def absolute(value: object, folder: Path) -> object:
    """`value` as an absolute path where it is one; the file in a `sqlite:///` address counts as one."""
    if not isinstance(value, str):
        return value
    if value.startswith(_SQLITE) and len(value) > len(_SQLITE):
        return _SQLITE + str((folder / value.removeprefix(_SQLITE)).resolve())
    if _ADDRESS.match(value):
        return value
    path = Path(value).expanduser()
    if path.is_absolute():
        return str(path)
    if len(path.parts) == 1 and not path.suffix and not (folder / path).exists():
        return value
    return str((folder / path).resolve())
