"""The door: what is taken, what is judged, and the reason that everything else is dropped with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.assess import ZoneKind
from alerting.ingest import MAX_SESSIONS, Accepted, Door, Dropped, open_door, take
from alerting.settings import SiteSettings, ZoneSettings
from wire import Band, Health, Instant, OutboxHealth, Presence, Reading, Readings, State, Status, encode

AT = 1_800_000_000.0
STEADY = 500.0
SESSION, OTHER = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"


def door() -> Door:
    zones = tuple(
        ZoneSettings(name=zone, title=zone, kind=ZoneKind.FLAT, box=box)
        for zone, box in (("north", "box-1"), ("south", "box-1"), ("east", "box-2"))
    )
    return open_door([SiteSettings(site="bund", title="Bund", responsible="Duty room", zones=zones)])


def instant(zone: str = "north", age: float = 0.5) -> Instant:
    band = Band(value=1.0, low=0.0, high=2.0)
    return Instant(zone=zone, age_s=age, state=State.GOOD, method="t", count=band, peak_density=band)


def message(
    sequence: int = 1,
    *readings: Reading,
    session: str = SESSION,
    sent: float = AT,
    box: str = "box-1",
    site: str = "bund",
    floor: int = 1,
) -> Readings:
    return Readings(
        version=1,
        site=site,
        box=box,
        session=session,
        sequence=sequence,
        floor=floor,
        sent=datetime.fromtimestamp(sent, UTC),
        readings=readings or (instant(),),
    )


def send(
    at_door: Door,
    what: Any,
    topic: str = "levee/v1/bund/box-1/readings",
    *,
    retained: bool = False,
    after: float = 0.0,
    keep: bool = True,
) -> tuple[Any, list[str], list[Dropped]]:
    payload = what if isinstance(what, bytes) else encode(what)
    outcome, dropped = take(at_door, topic, payload, retained=retained, at=AT + after, steady=STEADY + after, keep=keep)
    return outcome, [one.reason for one in dropped], dropped


def altered(**fields: Any) -> bytes:
    return msgspec.json.encode({**msgspec.json.decode(encode(message())), **fields})


def test_a_good_message_is_taken_and_judged() -> None:
    outcome, reasons, _ = send(door(), message())
    assert isinstance(outcome, Accepted)
    assert outcome.live
    assert [reading.age_s for reading in outcome.judged] == [0.5]
    assert reasons == []


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("levee/v1/bund/box-1/readings", b"", "not-json"),
        ("levee/v1/bund/box-1/readings", b"\x00\xff", "not-json"),
        ("levee/v1/bund/box-1/readings", b"[]", "invalid"),
        ("levee/v1/bund/box-1/readings", b'{"version": 7}', "version"),
        ("levee/v1/bund/box-1/readings", b'{"version": 1}', "invalid"),
        ("levee/v1/bund/box-1/readings", b" " * 3_000_000, "too-large"),
        ("levee/v1/bund/box-1/readings", altered(sequence=0), "invalid"),
        ("levee/v1/bund/box-1/readings", altered(sent="yesterday"), "invalid"),
        ("levee/v1/bund/box-1/readings", altered(sent="2026-01-01T00:00:00"), "invalid"),
        ("levee/v1/bund/box-1/readings", altered(box="box-2"), "topic-mismatch"),
        ("levee/v1/bund/box-1/readings", altered(site="mars"), "topic-mismatch"),
        ("levee/v1/mars/box-1/readings", altered(), "unknown-site"),
        ("levee/v1/bund/box-9/readings", altered(), "unknown-box"),
        ("levee/v1/bund/box-1/nonsense", altered(), "topic"),
        ("levee/v1/bund/BOX/readings", altered(), "topic"),
        ("levee/v1/bund/zones/north/tier", altered(), "topic"),
        ("other", altered(), "topic"),
    ],
)
def test_what_is_not_taken(topic: str, payload: bytes, reason: str) -> None:
    outcome, reasons, dropped = send(door(), payload, topic)
    assert outcome is None
    assert reasons == [reason]
    assert "\n" not in dropped[0].line
    assert len(dropped[0].line) < 600


def test_readings_of_zones_that_are_not_the_boxs_are_recorded_and_not_judged() -> None:
    outcome, reasons, _ = send(door(), message(1, instant("north"), instant("east"), instant("moon")))
    assert [reading.zone for reading in outcome.judged] == ["north"]
    assert reasons == ["not-owner", "unknown-zone"]


def test_a_sequence_is_taken_once_on_whatever_topic() -> None:
    at_door = door()
    send(at_door, message(3))
    assert send(at_door, message(3))[1] == ["duplicate"]
    assert send(at_door, message(3), "levee/v1/bund/box-1/backlog")[1] == ["duplicate"]
    assert send(at_door, message(3, session=OTHER))[1] == []


def test_backlog_is_recorded_and_never_judged() -> None:
    outcome, reasons, _ = send(door(), message(), "levee/v1/bund/box-1/backlog")
    assert (outcome.live, outcome.judged, reasons) == (False, (), [])


def test_an_old_reading_on_the_live_topic_is_recorded_and_not_judged() -> None:
    outcome, reasons, _ = send(door(), message(1, instant("north", 10.1), instant("south", 9.9)))
    assert [reading.zone for reading in outcome.judged] == ["south"]
    assert reasons == ["late"]


def test_retained_readings_are_refused_and_retained_status_is_not() -> None:
    at_door = door()
    assert send(at_door, message(), retained=True)[1] == ["retained"]
    assert send(at_door, message(), "levee/v1/bund/box-1/backlog", retained=True)[1] == ["retained"]
    assert isinstance(send(at_door, status(Presence.ONLINE), "levee/v1/bund/box-1/status", retained=True)[0], Status)
    assert send(at_door, b"", "levee/v1/bund/box-1/status", retained=True)[1] == []


def status(state: Presence, session: str = SESSION) -> Status:
    return Status(version=1, site="bund", box="box-1", session=session, state=state, sent=datetime.now(UTC))


def test_a_late_will_does_not_undo_a_rebirth() -> None:
    at_door, topic = door(), "levee/v1/bund/box-1/status"
    send(at_door, status(Presence.ONLINE, SESSION), topic)
    send(at_door, status(Presence.ONLINE, OTHER), topic)
    assert send(at_door, status(Presence.OFFLINE, SESSION), topic)[1] == ["stale-status"]
    held = at_door.boxes["bund", "box-1"].status
    assert held is not None
    assert held.state is Presence.ONLINE
    assert isinstance(send(at_door, status(Presence.OFFLINE, OTHER), topic)[0], Status)


def test_health_is_kept() -> None:
    at_door = door()
    health = Health(
        version=1,
        site="bund",
        box="box-1",
        session=SESSION,
        sent=datetime.now(UTC),
        cameras=(),
        outbox=OutboxHealth(messages=3),
    )
    assert send(at_door, health, "levee/v1/bund/box-1/health")[0] == health


@pytest.mark.parametrize("off", [3600.0, -3600.0, 6.0])
def test_a_wrong_clock_is_told_once_and_does_no_harm(off: float) -> None:
    at_door = door()
    for number in range(1, 6):
        outcome, reasons, dropped = send(at_door, message(number, sent=AT + number + off), after=float(number))
        assert [reading.age_s for reading in outcome.judged] == pytest.approx([0.5])
        assert reasons == (["clock-skew"] if number == 1 else [])
        if number == 1:
            assert f"{off:+.1f} s off" in dropped[0].line


def test_a_message_that_was_stuck_on_its_way_is_not_judged_as_now() -> None:
    at_door = door()
    send(at_door, message(1, sent=AT), after=0.1)
    outcome, reasons, _ = send(at_door, message(2, sent=AT + 1), after=6.1)
    assert [reading.age_s for reading in outcome.judged] == pytest.approx([5.5], abs=0.01)
    outcome, reasons, _ = send(at_door, message(3, sent=AT + 2), after=20.0)
    assert (outcome.judged, reasons) == ((), ["late"])
    outcome, reasons, _ = send(at_door, message(4, sent=AT + 20), after=20.1)
    assert [reading.age_s for reading in outcome.judged] == pytest.approx([0.5], abs=0.01)


@pytest.mark.parametrize("late", [0.0, 4.0])
def test_a_box_that_sets_its_clock_back_is_believed_at_once(late: float) -> None:
    at_door = door()
    send(at_door, message(1, sent=AT))
    send(at_door, message(2, sent=AT + 1), after=1.0 + late)
    for second in range(2, 50):
        outcome, _, _ = send(at_door, message(second + 1, sent=AT + second - 3600), after=second + late)
        assert [reading.age_s for reading in outcome.judged] == pytest.approx([0.5 + late], abs=0.01)


@pytest.mark.parametrize("rate", [0.05, 0.15, 0.5])
def test_a_jam_that_grows_slowly_or_lasts_is_never_taken_for_the_usual(rate: float) -> None:
    at_door = door()
    for second in range(900):
        late = min(max(0, second - 30) * rate, 30.0)
        outcome, reasons, _ = send(at_door, message(second + 1, sent=AT + second), after=second + late)
        if late > 9.6:
            assert (outcome.judged, reasons[-1]) == ((), "late")
        elif late < 9.4:
            assert [reading.age_s for reading in outcome.judged] == pytest.approx([0.5 + late], abs=0.1)


@pytest.mark.parametrize("off", [-600.0, 600.0])
@pytest.mark.parametrize("born", [True, False])
def test_a_box_that_starts_again_with_another_clock_is_judged_at_once(born: bool, off: float) -> None:
    at_door = door()
    for second in range(100):
        send(at_door, message(second + 1, sent=AT + second), after=float(second))
    if born:
        send(at_door, status(Presence.ONLINE, OTHER), "levee/v1/bund/box-1/status", after=130.0)
    for number in range(1, 20):
        what = message(number, session=OTHER, sent=AT + 130 + number + off)
        outcome, _, _ = send(at_door, what, after=130.0 + number)
        assert [reading.age_s for reading in outcome.judged] == pytest.approx([0.5], abs=0.01)


def test_two_clocks_that_drift_apart_are_no_delay() -> None:
    at_door = door()
    for second in range(0, 80_000, 40):
        outcome, _, _ = send(at_door, message(second + 1, sent=AT + second * (1 - 5e-5)), after=float(second))
        assert [reading.age_s for reading in outcome.judged] == pytest.approx([0.5], abs=0.1)


def test_what_is_left_of_an_ended_session_is_not_live() -> None:
    at_door = door()
    send(at_door, message(1))
    send(at_door, message(1, session=OTHER))
    outcome, reasons, _ = send(at_door, message(2))
    assert (outcome.judged, reasons) == ((), ["late"])
    assert send(at_door, message(2, session=OTHER))[1] == []


def test_without_room_live_is_judged_and_left_to_the_box() -> None:
    at_door = door()
    outcome, _, _ = send(at_door, message(1), keep=False)
    assert len(outcome.judged) == 1
    assert send(at_door, message(2), "levee/v1/bund/box-1/backlog", keep=False)[1] == ["overload"]
    assert isinstance(send(at_door, message(1), "levee/v1/bund/box-1/backlog")[0], Accepted)


def test_the_memory_of_sessions_is_bounded() -> None:
    at_door = door()
    for number in range(50):
        send(at_door, message(1, session=f"{number:016x}"))
    assert len(at_door.boxes["bund", "box-1"].ledgers) == MAX_SESSIONS


@given(st.binary(max_size=300), st.sampled_from(["readings", "backlog", "status", "health"]), st.booleans())
def test_no_bytes_break_the_door(payload: bytes, kind: str, retained: bool) -> None:
    outcome, reasons, _ = send(door(), payload, f"levee/v1/bund/box-1/{kind}", retained=retained)
    assert outcome is None
    assert len(reasons) == 1 or (retained and not payload)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["site", "box", "session", "sequence", "floor", "sent", "readings", "version"]), json_values)
def test_no_field_breaks_the_door(field: str, value: Any) -> None:
    try:
        payload = altered(**{field: value})
    except (msgspec.MsgspecError, OverflowError, UnicodeEncodeError, ValueError):
        return
    outcome, reasons, _ = send(door(), payload)
    assert isinstance(outcome, Accepted) or len(reasons) == 1


@given(st.datetimes(timezones=st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))))
def test_no_time_breaks_the_door(sent: datetime) -> None:
    at_door = door()
    for number in (1, 2):
        outcome, _, _ = send(at_door, msgspec.structs.replace(message(number), sent=sent), after=float(number))
        assert isinstance(outcome, Accepted)
