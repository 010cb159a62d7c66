"""The desk beside the service: a fault in it stops nobody, and no name gets into the chain with people's own words."""

from __future__ import annotations

import msgspec
import pytest

from alerting.desk import room as room_module
from alerting.desk.events import HazardOpened, TierRose
from alerting.desk.room import DeskRoom
from alerting.desk.settings import DeskSettings, HazardKind, HazardLevel
from alerting.desk.state import encode_desk
from alerting.duty.settings import DutySettings
from alerting.record import Batch, RecordRefused
from tests.unit.alerting.desk.conftest import DESK, DUTY, T0
from wire import Tier


def make(stored: bytes | None = None) -> DeskRoom:
    desk, duty = msgspec.convert(DESK, DeskSettings), msgspec.convert(DUTY, DutySettings)
    return DeskRoom(desk, duty, (), stored, T0, links=None, key="k")


def test_a_fault_of_the_desk_is_told_and_harms_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    room, batch = make(), Batch()
    room.begin(T0, batch)
    before = room.state

    def broken(*_: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(room_module, "step", broken)
    followed = room.happens(TierRose(T0 + 1, "bund", "steps", Tier.RED, "i"), batch)
    assert [one.reason for one in followed.refused] == ["failed"]
    assert room.state == before
    assert "the duty desk fails" in caplog.text


def test_names_in_peoples_own_words_are_left_out_of_the_chain() -> None:
    room, batch = make(), Batch()
    room.begin(T0, batch)
    words = "Person CID left the gate open, says ann, and announced it"
    room.happens(HazardOpened(T0, "h", "dan", HazardKind.INSPECTION, HazardLevel.STREET, "operator", words), batch)
    (entry,) = [one for one in batch.entries if one.kind == "hazard"]
    assert entry.body["words"] == "… left the gate open, says …, and announced it"


def test_a_restart_goes_on_where_it_was_and_a_damaged_state_is_refused() -> None:
    room, batch = make(), Batch()
    room.begin(T0, batch)
    room.happens(TierRose(T0, "bund", "steps", Tier.RED, "i"), batch)
    room.save(batch)
    assert make(batch.duties["levee-desk"]).state == room.state
    assert make(encode_desk(room.state)).state.tasks == room.state.tasks
    with pytest.raises(RecordRefused, match="move the record away"):
        make(b"\xff\x00")


def test_without_a_desk_nothing_follows() -> None:
    room, batch = DeskRoom(None, None, (), None, T0, links=None), Batch()
    assert not room.active
    assert not room.happens(TierRose(T0, "bund", "steps", Tier.RED, "i"), batch).notes
    assert not batch
