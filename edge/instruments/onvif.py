"""ONVIF events over MQTT (Profile M): `PREFIX/onvif-ej/RuleEngine/CountAggregation/...` with {UtcTime, Source, Data}.

`Counter` counts crossings since its reset; `OccupancyCounter` counts entries minus exits since its reset, and drifts.
The name of the rule is in `Source`, and the last level of the topic. Counts are numbers or text that is one.
"""

from __future__ import annotations

from datetime import UTC

from edge.instruments.settings import OnvifInstrument
from edge.instruments.words import (
    Heard,
    Inside,
    PayloadRefused,
    Refusal,
    Said,
    Total,
    Way,
    Word,
    json_of,
    mapping,
    moment,
    people,
    text_of,
)

COUNTER, OCCUPANCY = "Counter", "OccupancyCounter"


def read(instrument: OnvifInstrument, topic: str, payload: bytes) -> Heard:
    """The word in one event; PayloadRefused where it is none of CountAggregation, or of another rule."""
    levels = topic.split("/")
    event = mapping(json_of(text_of(payload)), "the event")
    kind = _kind(levels, event)
    source = mapping(event.get("Source", {}), "Source")
    rule = str(source.get("Rule") or (levels[-1] if levels[-1] != kind else ""))
    data = mapping(event.get("Data"), "Data")
    told = None if event.get("UtcTime") is None else moment(event["UtcTime"], "UtcTime", "iso", UTC)
    word: Word
    if instrument.tells == "occupancy":
        if kind != OCCUPANCY or rule not in instrument.inside:
            raise PayloadRefused(Refusal.OTHER, f"{kind} {rule!r} is not among `inside`")
        word = Inside(people(data.get("Count"), "Data.Count", below_zero=True))
    else:
        if kind != COUNTER or rule not in (*instrument.inward, *instrument.outward):
            raise PayloadRefused(Refusal.OTHER, f"{kind} {rule!r} is neither `inward` nor `outward`")
        way = Way.IN if rule in instrument.inward else Way.OUT
        word = Total(way, people(data.get("Count"), "Data.Count"))
    return Heard([Said(word, told)])


def _kind(levels: list[str], event: object) -> str:
    """`Counter` or `OccupancyCounter`, by the topic of MQTT or, over HTTP, by the event's own."""
    named = event.get("Topic", "") if isinstance(event, dict) else ""
    for level in (*levels, *str(named).split("/")):
        name = level.rsplit(":", 1)[-1]
        if name in (COUNTER, OCCUPANCY):
            return name
    raise PayloadRefused(Refusal.OTHER, "no event of CountAggregation/Counter or OccupancyCounter")
