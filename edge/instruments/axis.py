"""Axis: AXIS People Counter's JSON, and events of AXIS Object Analytics over MQTT.

The people counter gives `{"serial", "name", "timestamp": "YYYYMMDDhhmmss", "in", "out"}`: totals of the day, which
begin anew at midnight of the camera's own clock. Object Analytics gives
`{"topic", "timestamp": ms, "serial", "message": {"source", "key", "data": {...}}}`: with crossline counting
`totalHuman` since the last reset, in one direction; with occupancy in area how many are in it now, which is no
occupancy by entries and exits but what Levee calls `instant`.
"""

from __future__ import annotations

from datetime import UTC, tzinfo

from edge.instruments.settings import AxisAnalyticsInstrument, AxisCounterInstrument
from edge.instruments.words import (
    Heard,
    Inside,
    PayloadRefused,
    Present,
    Refusal,
    Said,
    Total,
    Way,
    json_of,
    mapping,
    moment,
    people,
    text_of,
)


def read_counter(instrument: AxisCounterInstrument, payload: bytes, place: tzinfo) -> Heard:
    """The day's totals, or the occupancy where that is wanted."""
    given = mapping(json_of(text_of(payload)), "the count")
    name = given.get("name")
    if instrument.counter is not None and name != instrument.counter:
        raise PayloadRefused(Refusal.OTHER, f"name {str(name)[:60]!r} is not the counter {instrument.counter!r}")
    told = None
    if given.get("timestamp") is not None:
        told = moment(given["timestamp"], "timestamp", "%Y%m%d%H%M%S", place)
    if instrument.tells == "occupancy":
        return Heard([Said(Inside(people(given.get("occupancy"), "occupancy", below_zero=True)), told)])
    return Heard(
        [
            Said(Total(Way.IN, people(given.get("in"), "in")), told),
            Said(Total(Way.OUT, people(given.get("out"), "out")), told),
        ]
    )


def read_analytics(instrument: AxisAnalyticsInstrument, topic: str, payload: bytes) -> Heard:
    """The word of one scenario."""
    event = mapping(json_of(text_of(payload)), "the event")
    scenario = str(event.get("topic") or topic).rsplit("/", 1)[-1]
    known = (*instrument.inward, *instrument.outward, *instrument.present)
    if scenario not in known:
        raise PayloadRefused(Refusal.OTHER, f"scenario {scenario[:60]!r} is not among {', '.join(known)}")
    data = mapping(mapping(event.get("message"), "message").get("data"), "message.data")
    told = None if event.get("timestamp") is None else moment(event["timestamp"], "timestamp", "unix-ms", UTC)
    if scenario in instrument.present:
        # Some versions name the class, some give the total alone.
        name = next((name for name in ("human", "totalHuman", "total") if name in data), "human")
        return Heard([Said(Present(people(data.get(name), f"message.data.{name}")), told)])
    name = "totalHuman" if "totalHuman" in data else "total"
    way = Way.IN if scenario in instrument.inward else Way.OUT
    return Heard([Said(Total(way, people(data.get(name), f"message.data.{name}")), told)])
