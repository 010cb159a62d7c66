"""Tests that draw skip where this machine cannot, and fail under CI."""

from __future__ import annotations

import os

import pytest


def _missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; under CI it must work")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def studio() -> None:
    """A context to draw in, and the libraries that bodies and clips are made with."""
    from sample_videos.studio.context import NoStudio, context

    for module in ("skimage", "scipy", "av"):
        try:
            __import__(module)
        except ModuleNotFoundError:
            _missing(f"{module} is not installed (extra sim)")
    try:
        context()
    except NoStudio as error:
        _missing(str(error))


@pytest.fixture(scope="session")
def jupedsim() -> None:
    """The pedestrian simulator."""
    try:
        __import__("jupedsim")
    except ModuleNotFoundError:
        _missing("jupedsim is not installed (extra sim)")
