"""What the box hears: no single message may end the link's thread."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NoReturn

import pytest

from edge.settings import BoxSettings, MetricsSettings, ZoneSettings
from edge.voice import Voice
from wire import VERSION, Recorded, SessionRecorded, encode
from wire.topics import RECORDED

ZONE = ZoneSettings(name="z", camera="cam", polygon=((-3, 9), (3, 9), (3, 15), (-3, 15)))


def box(pinhole: Callable, site: str = "s", name: str = "b") -> BoxSettings:
    return BoxSettings(site=site, box=name, cameras=(pinhole().settings(),), zones=(ZONE,), metrics=MetricsSettings())


def test_a_message_that_fails_is_one_line(pinhole: Callable, caplog: pytest.LogCaptureFixture) -> None:
    def broken(sessions: tuple[SessionRecorded, ...]) -> NoReturn:
        raise OverflowError("too large")

    voice = Voice(box(pinhole), "a" * 8, {}, broken)
    answer = Recorded(version=VERSION, site="s", box="b", sent=datetime.now(UTC), sessions=())
    for _ in range(3):
        voice._heard(voice._topic(RECORDED), encode(answer), True)
    assert [r.message for r in caplog.records] == ["levee/v1/s/b/recorded: a message failed: OverflowError"]
