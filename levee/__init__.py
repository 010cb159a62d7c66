"""The roof of the house: the `levee` command, its settings files, and the demo that runs everything at once."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """The version of the installed package, or `0+unknown` where it runs from a bare checkout."""
    try:
        return version("levee")
    except PackageNotFoundError:
        return "0+unknown"
