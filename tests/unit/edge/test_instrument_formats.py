"""Payloads as the makers document them, and as they come when something is wrong."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.instruments.formats import read
from edge.instruments.settings import GatewaySettings, Instrument
from edge.instruments.words import Heard, Inside, Passed, Present, Refusal, Total, Way

PLACE = ZoneInfo("Asia/Shanghai")


def instrument(**fields: object) -> Instrument:
    whole = {
        "site": "bund",
        "box": "counters",
        "instruments": [{"name": "one", "zone": "gate", "topics": ["#"], **fields}],
    }
    return msgspec.convert(whole, GatewaySettings).instruments[0]


GATE = instrument(format="onvif", inward=["Entry"], outward=["Exit"])
HALL = instrument(format="onvif", inside=["Occupancy"])
DOOR = instrument(format="axis-people-counter", counter="Exit south")
FULL = instrument(format="axis-people-counter", occupancy=True)
LINES = instrument(format="axis-object-analytics", inward=["Device1Scenario1"], outward=["Device1Scenario2"])
AREA = instrument(format="axis-object-analytics", present=["Device1Scenario3"])
XOVIS = instrument(format="xovis", logic="North gate")
TABLE = instrument(
    format="mapped",
    mapping={
        "payload": "csv", "columns": ["time", "door", "in", "out"], "where": {"door": "main"}, "time": "time",
        "counts": "interval", "interval_s": 60, "inward": "in", "outward": "out",
    },
)  # fmt: skip
NESTED = instrument(
    format="mapped", mapping={"payload": "json", "rows": "data.zones", "where": {"id": "7"}, "count": "people.now",
                              "low": "people.least", "high": "people.most", "time": "ts", "time_format": "unix-ms"},
)  # fmt: skip
COUNTER = "cam/onvif-ej/RuleEngine/CountAggregation/Counter/&1/Entry"
OCCUPANCY = "cam/onvif-ej/RuleEngine/CountAggregation/OccupancyCounter/&1/Occupancy"


def heard(one: Instrument, payload: object, topic: str = "x") -> Heard:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return read(one, topic, text.encode(), PLACE)


def onvif(rule: str, count: object) -> dict[str, object]:
    return {
        "UtcTime": "2026-05-01T10:00:00.000Z",
        "Source": {"VideoSource": "1", "Rule": rule},
        "Data": {"Count": count},
    }


def axis(scenario: str, **data: str) -> dict[str, object]:
    return {
        "topic": f"axis:CameraApplicationPlatform/ObjectAnalytics/{scenario}",
        "timestamp": 1777629600000,
        "serial": "B8A44F000001",
        "message": {"source": {}, "key": {}, "data": data},
    }


def xovis(*records: dict[str, object], name: str = "North gate") -> dict[str, object]:
    return {
        "logics_data": {
            "package_info": {"version": "5.0", "id": 7},
            "logics": [{"id": 1, "name": name, "info": "XLT_LINE_IN_OUT_COUNT", "records": list(records)}],
        }
    }


def record(fw: object = 3, bw: object = 1, **more: object) -> dict[str, object]:
    span = {"from": "2026-05-01T18:00:00+08:00", "to": "2026-05-01T18:01:00+08:00"}
    return {**span, "samples": 600, "samples_expected": 600, **more,
            "counts": [{"id": 0, "name": "fw", "value": fw}, {"id": 1, "name": "bw", "value": bw}]}  # fmt: skip


@pytest.mark.parametrize(
    ("one", "payload", "topic", "words"),
    [
        (GATE, onvif("Entry", "17"), COUNTER, [Total(Way.IN, 17)]),
        (GATE, onvif("Exit", 4), COUNTER, [Total(Way.OUT, 4)]),
        (GATE, {"Data": {"Count": 4}}, COUNTER, [Total(Way.IN, 4)]),
        (HALL, onvif("Occupancy", "-2"), OCCUPANCY, [Inside(-2)]),
        (
            DOOR,
            {"serial": "00408CAC512B", "name": "Exit south", "timestamp": "20170503112756", "in": 12, "out": 318},
            "x",
            [Total(Way.IN, 12), Total(Way.OUT, 318)],
        ),
        (FULL, {"serial": "0", "name": "a", "timestamp": "20170503112756", "occupancy": 81}, "x", [Inside(81)]),
        (LINES, axis("Device1Scenario2", total="20", totalHuman="18", reason="human"), "x", [Total(Way.OUT, 18)]),
        (AREA, axis("Device1Scenario3", human="9", total="11"), "x", [Present(9)]),
        (XOVIS, xovis(record()), "x", [Passed(3, 1, 1777629600, 1777629660)]),
        (XOVIS, xovis(record(samples=300)), "x", [Passed(3, 1, 1777629600, 1777629660, complete=False)]),
        (
            TABLE,
            "2026-05-01T18:01:00,main,30,4\n2026-05-01T18:01:00,back,9,9\n",
            "x",
            [Passed(30, 4, 1777629600, 1777629660)],
        ),
        (
            NESTED,
            {"data": {"zones": [{"id": 7, "ts": 1777629600000, "people": {"now": 40, "least": 36, "most": 47}}]}},
            "x",
            [Present(40, 36, 47)],
        ),
    ],
)
def test_documented_payloads_are_understood(one: Instrument, payload: object, topic: str, words: list[object]) -> None:
    found = heard(one, payload, topic)
    assert [said.word for said in found.said] == words
    assert found.refused == []


@pytest.mark.parametrize(
    ("one", "payload", "topic", "reason", "line"),
    [
        (GATE, "<xml/>", COUNTER, Refusal.NOT_JSON, "not JSON"),
        (GATE, onvif("Entry", None), COUNTER, Refusal.SHAPE, "Data.Count is missing"),
        (GATE, onvif("Entry", "many"), COUNTER, Refusal.NUMBER, "'many' is no number"),
        (GATE, onvif("Entry", -1), COUNTER, Refusal.NUMBER, "negative"),
        (GATE, '{"Data": {"Count": NaN}}', COUNTER, Refusal.NUMBER, "NaN"),
        (GATE, onvif("Entry", True), COUNTER, Refusal.NUMBER, "no number"),
        (GATE, onvif("Cars", 4), COUNTER, Refusal.OTHER, "Cars"),
        (GATE, onvif("Entry", 4), OCCUPANCY, Refusal.OTHER, "OccupancyCounter"),
        (GATE, {**onvif("Entry", 4), "UtcTime": "yesterday"}, COUNTER, Refusal.TIME, "UtcTime 'yesterday'"),
        (HALL, onvif("Occupancy", 4), COUNTER, Refusal.OTHER, "Counter"),
        (DOOR, {"name": "Exit north", "in": 1, "out": 1}, "x", Refusal.OTHER, "Exit north"),
        (DOOR, {"name": "Exit south", "in": 1}, "x", Refusal.SHAPE, "out is missing"),
        (DOOR, [1, 2], "x", Refusal.SHAPE, "no mapping"),
        (LINES, axis("Device1Scenario9", total="1"), "x", Refusal.OTHER, "Device1Scenario9"),
        (LINES, axis("Device1Scenario1"), "x", Refusal.SHAPE, "total is missing"),
        (XOVIS, xovis(record(), name="South"), "x", Refusal.OTHER, "North gate"),
        (XOVIS, xovis(record(), record(fw="?")), "x", Refusal.NUMBER, "row 2: count fw"),
        (XOVIS, {"live_data": {}}, "x", Refusal.SHAPE, "logics_data is missing"),
        (TABLE, "2026-05-01T18:01:00,main,30\n", "x", Refusal.SHAPE, "row 1: 3 values under 4 columns"),
        (TABLE, "a,main,1,2\n", "x", Refusal.TIME, "row 1: time 'a'"),
        (TABLE, "2026-05-01T18:01:00,back,30,1\n", "x", Refusal.OTHER, "no row"),
        (NESTED, {"data": {"zones": {}}}, "x", Refusal.SHAPE, "no list"),
        (
            NESTED,
            {"data": {"zones": [{"id": 7, "ts": 1777629600000, "people": {"now": 40, "least": 41, "most": 47}}]}},
            "x",
            Refusal.NUMBER,
            "row 1: low <= count <= high",
        ),
    ],
)
def test_what_is_wrong_is_one_clear_line(
    one: Instrument, payload: object, topic: str, reason: Refusal, line: str
) -> None:
    refused = heard(one, payload, topic).refused
    assert [fault.reason for fault in refused] == [reason]
    assert line in refused[0].line
    assert "\n" not in refused[0].line


def test_good_rows_are_taken_beside_bad_ones() -> None:
    found = heard(TABLE, "2026-05-01T18:01:00,main,30,4\n2026-05-01T18:02:00,main,x,4\n2026-05-01T18:03:00,main,5,4\n")
    assert [said.word for said in found.said if isinstance(said.word, Passed)][1].inward == 5
    assert [fault.line for fault in found.refused] == ["row 2: in 'x' is no number"]


def test_packages_may_come_one_a_line() -> None:
    lines = "\n".join(json.dumps(xovis(record(fw=number))) for number in (1, 2))
    assert [said.word.inward for said in heard(XOVIS, lines).said if isinstance(said.word, Passed)] == [1, 2]


@given(st.binary(max_size=300), st.sampled_from([GATE, HALL, DOOR, LINES, AREA, XOVIS, TABLE, NESTED]))
def test_nothing_that_is_sent_raises(payload: bytes, one: Instrument) -> None:
    read(one, COUNTER, payload, PLACE)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["logics_data", "logics", "records", "counts", "name", "value", "Data", "Count", "message",
                         "data", "zones", "in", "out", "from", "to", "Source"]), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@given(json_values, st.sampled_from([GATE, HALL, DOOR, LINES, AREA, XOVIS, NESTED]))
def test_no_json_raises(value: object, one: Instrument) -> None:
    for said in heard(one, value, COUNTER).said:
        assert said.word is not None


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"format": "onvif", "inward": ["a"]}, "both `inward` and `outward`"),
        ({"format": "onvif", "inward": ["a"], "outward": ["b"], "inside": ["c"]}, "never mixed"),
        ({"format": "onvif", "inward": ["a"], "outward": ["a"]}, "cannot count people in and out"),
        ({"format": "axis-object-analytics", "present": ["a", "b"]}, "one of `present` is enough"),
        ({"format": "mapped", "mapping": {"payload": "json", "count": "a", "occupancy": "b"}}, "kinds never mix"),
        ({"format": "mapped", "mapping": {"payload": "json", "inward": "a"}}, "is not 0"),
        ({"format": "xovis", "logic": "a", "topics": ["a/#/b"]}, "no filter of topics"),
        ({"format": "xovis", "logic": "a", "topics": []}, "nothing would be heard"),
        ({"format": "xovis", "logic": "a", "alive": {"topic": "a/+"}}, "without"),
    ],
)
def test_settings_that_cannot_work_are_refused(fields: dict[str, object], line: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=line):
        instrument(**fields)
