"""What the box hears: no single message may end the link's thread."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest

from edge.settings import BoxSettings, MetricsSettings, ZoneSettings
from edge.voice import Voice
from edge.worker import Worker
from wire import VERSION, Readings, Recorded, SessionRecorded, encode
from wire.topics import RECORDED

ZONE = ZoneSettings(name="z", camera="cam", polygon=((-3, 9), (3, 9), (3, 15), (-3, 15)))


def box(pinhole: Callable, site: str = "s", name: str = "b") -> BoxSettings:
    return BoxSettings(site=site, box=name, cameras=(pinhole().settings(),), zones=(ZONE,), metrics=MetricsSettings())


class Counts:
    """A counter that is never asked."""

    name = "density:none"
    digest = "e" * 64

    def count(self, frame: object, view: object = None) -> NoReturn:
        raise AssertionError("nothing to count")


def test_a_message_that_fails_is_one_line(pinhole: Callable, caplog: pytest.LogCaptureFixture) -> None:
    def broken(sessions: tuple[SessionRecorded, ...]) -> NoReturn:
        raise OverflowError("too large")

    voice = Voice(box(pinhole), "a" * 8, {}, broken)
    answer = Recorded(version=VERSION, site="s", box="b", sent=datetime.now(UTC), sessions=())
    for _ in range(3):
        voice._heard(voice._topic(RECORDED), encode(answer), True)
    assert [r.message for r in caplog.records] == ["levee/v1/s/b/recorded: a message failed: OverflowError"]


def test_no_two_boxes_have_one_client_id(pinhole: Callable) -> None:
    names = [("bund", "steps-north"), ("bund-steps", "north")]
    ids = {Voice(box(pinhole, *each), "a" * 8, {}, print).link._client_id for each in names}
    assert len(ids) == 2


def test_the_time_of_sending_never_steps_within_a_session(
    pinhole: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = msgspec.structs.replace(box(pinhole), data_folder=str(tmp_path))
    worker = Worker(settings, Counts())
    said: list[Readings] = []
    monkeypatch.setattr(worker._voice, "live", said.append)
    for now, wall in ((10.0, 1000.0), (11.0, 5000.0), (12.0, 7.0)):
        worker.tick(now, wall)
    assert [m.sent.timestamp() for m in said] == [1000.0, 1001.0, 1002.0]
