"""Messages go through bytes unchanged, and whatever else arrives is refused with a reason."""

from __future__ import annotations

import datetime as dt
import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import (
    Band,
    Health,
    Instant,
    MessageRefused,
    Occupancy,
    Reading,
    Readings,
    Recorded,
    Refusal,
    State,
    Throughput,
    decode,
    encode,
)

NOW = dt.datetime(2014, 12, 31, 15, 35, tzinfo=dt.UTC)


def message(*readings: Reading, **changes: Any) -> Readings:
    facts: dict[str, Any] = {
        "version": 1,
        "site": "bund",
        "box": "box-1",
        "session": "0123456789abcdef",
        "sequence": 7,
        "floor": 3,
        "sent": NOW,
        "readings": readings,
    }
    return Readings(**(facts | changes))


def instant(**changes: Any) -> Instant:
    facts: dict[str, Any] = {
        "zone": "steps",
        "age_s": 0.2,
        "state": State.GOOD,
        "method": "density:levee-s",
        "count": Band(value=40, low=30, high=50),
        "density": 1.5,
        "peak_density": Band(value=3, low=2, high=4),
    }
    return Instant(**(facts | changes))


names = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=20)
figures = st.floats(0, 1e6, allow_nan=False)


@st.composite
def bands(draw: st.DrawFn, top: float = 1e6) -> Band:
    low, value, high = sorted(draw(st.tuples(*[st.floats(0, top)] * 3)))
    return Band(value=value, low=low, high=high)


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    state = draw(st.sampled_from(State))
    known = state is not State.UNKNOWN
    origin: dict[str, Any] = {
        "zone": draw(names),
        "age_s": draw(st.floats(0, 1e6)),
        "state": state,
        "method": draw(
            st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", exclude_categories=["Cs"]), max_size=20)
        ),
        "saturated": draw(st.booleans()),
        "reasons": ("frozen",) if state is not State.GOOD else (),
    }
    kind = draw(st.sampled_from([Instant, Throughput, Occupancy]))
    if kind is Instant:
        peak = draw(st.none() | bands(50)) if known else None
        return Instant(**origin, count=draw(bands()) if known else None, peak_density=peak)
    if kind is Throughput:
        flows = {"inflow": draw(figures), "outflow": draw(figures)} if known else {}
        return Throughput(**origin, interval_s=60, **flows)
    return Occupancy(**origin, reset="dawn", occupancy=draw(bands()) if known else None)


@given(st.lists(readings(), max_size=6, unique_by=lambda reading: (type(reading), reading.zone)))
def test_what_was_said_is_what_is_heard(said: list[Reading]) -> None:
    sent = message(*said)
    assert decode(encode(sent), Readings) == sent


def test_what_is_unknown_is_absent_not_null_and_not_zero() -> None:
    blind = instant(state=State.UNKNOWN, reasons=("frozen",), count=None, density=None, peak_density=None)
    said = json.loads(encode(message(blind)))["readings"][0]
    assert set(said) == {"kind", "zone", "age_s", "state", "method", "reasons"}


def changed(path: list[str | int], value: object) -> bytes:
    facts = json.loads(encode(message(instant())))
    place = facts
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(facts).encode()


FIRST: list[str | int] = ["readings", 0]


@pytest.mark.parametrize(
    ("payload", "reason", "says"),
    [
        (b"", Refusal.NOT_JSON, "not JSON"),
        (b"<html>", Refusal.NOT_JSON, "not JSON"),
        (b"\xff\xfe", Refusal.NOT_JSON, "not JSON"),
        (b"[" * 100_000, Refusal.INVALID, "no version"),
        (b'{"version":1,"x":' + b"[" * 100_000, Refusal.INVALID, "recursion"),
        (b"null", Refusal.INVALID, "no version"),
        (b"{}", Refusal.INVALID, "version"),
        (b'{"version":"1"}', Refusal.INVALID, "version"),
        (b'{"version":2}', Refusal.VERSION, "version 2"),
        (b" " * 2_000_001, Refusal.TOO_LARGE, "2000001 bytes"),
        (changed([*FIRST, "count", "value"], -1), Refusal.INVALID, "0 <= low"),
        (changed([*FIRST, "count", "low"], 45), Refusal.INVALID, "0 <= low"),
        (changed([*FIRST, "count", "high"], 2e9), Refusal.INVALID, "beyond any crowd"),
        (changed([*FIRST, "count"], None), Refusal.INVALID, "lacks its figures"),
        (changed([*FIRST, "density"], 60), Refusal.INVALID, "density"),
        (changed([*FIRST, "peak_density", "value"], 51), Refusal.INVALID, "0 <= low"),
        (changed([*FIRST, "age_s"], -0.1), Refusal.INVALID, "age_s"),
        (changed([*FIRST, "state"], "unknown"), Refusal.INVALID, "must not carry figures"),
        (changed([*FIRST, "state"], "degraded"), Refusal.INVALID, "must give a reason"),
        (changed([*FIRST, "state"], "fine"), Refusal.INVALID, "state"),
        (changed([*FIRST, "method"], "x\n2026 INFO all is well"), Refusal.INVALID, "method"),
        (changed([*FIRST, "reasons"], ["\x00"]), Refusal.INVALID, "reasons"),
        (changed([*FIRST, "zone"], "Steps/../x"), Refusal.INVALID, "zone"),
        (changed([*FIRST, "kind"], "turnstile"), Refusal.INVALID, "turnstile"),
        (changed(["floor"], 8), Refusal.INVALID, "floor"),
        (changed(["sequence"], 0), Refusal.INVALID, "sequence"),
        (changed(["session"], "zz"), Refusal.INVALID, "session"),
        (changed(["sent"], "2014-12-31T23:35:00"), Refusal.INVALID, "timezone"),
        (changed(["sent"], "yesterday"), Refusal.INVALID, "sent"),
        (encode(message(instant())).replace(b'"value":40', b'"value":NaN'), Refusal.INVALID, "version"),
        (encode(message(instant())).replace(b'"value":40', b'"value":1e999'), Refusal.INVALID, "out of range"),
    ],
)
def test_what_is_not_a_message_is_refused_with_its_reason(payload: bytes, reason: Refusal, says: str) -> None:
    with pytest.raises(MessageRefused) as refused:
        decode(payload, Readings)
    if b"NaN" in payload:  # not JSON at all; which of the two names it gets is msgspec's business
        assert refused.value.reason in {Refusal.NOT_JSON, Refusal.INVALID}
        return
    assert refused.value.reason is reason
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_one_zone_has_one_reading_of_a_kind() -> None:
    with pytest.raises(ValueError, match="two readings"):
        message(instant(), instant())
    gate = Throughput(zone="steps", age_s=0, state=State.GOOD, method="x", interval_s=60, inflow=1, outflow=2)
    assert len(message(instant(), gate).readings) == 2


def test_a_newer_sender_may_say_more() -> None:
    assert decode(changed(["mood"], "cheerful"), Readings) == message(instant())


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_break_the_decoder(payload: bytes) -> None:
    with pytest.raises(MessageRefused):
        decode(payload, Readings)


@pytest.mark.parametrize(
    ("message_type", "facts"),
    [
        (Health, {"cameras": [], "outbox": {"messages": 10**400}}),
        (Recorded, {"sessions": [{"session": "0123456789", "up_to": 2**63}]}),
    ],
)
def test_a_total_that_fits_nowhere_is_refused(message_type: Any, facts: dict[str, Any]) -> None:
    common = {"version": 1, "site": "bund", "box": "box-1", "session": "0123456789", "sent": "2014-12-31T15:35:00Z"}
    with pytest.raises(MessageRefused) as refused:
        decode(json.dumps(common | facts).encode(), message_type)
    assert refused.value.reason is Refusal.INVALID
