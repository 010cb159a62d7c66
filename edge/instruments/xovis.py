"""Xovis-style data push: `{"logics_data": {"logics": [{"name", "info", "records": [{"from", "to", "counts"}]}]}}`.

One package a line, or one JSON document. A record tells of an interval; `samples` below `samples_expected` says that
the sensor did not see all of it. Lines count `fw` and `bw`, zones their people. Packages that were not confirmed are
sent again: an interval that is known is a duplicate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from edge.instruments.settings import XovisInstrument
from edge.instruments.words import (
    MAX_ROWS,
    Heard,
    Passed,
    PayloadRefused,
    Present,
    Refusal,
    Said,
    json_of,
    mapping,
    moment,
    people,
    text_of,
)


def read(instrument: XovisInstrument, payload: bytes) -> Heard:
    """The words of every record of the instrument's logic; each that is wrong is refused by its row."""
    heard, row = Heard(), 0
    for document in _documents(text_of(payload)):
        logics = mapping(mapping(document, "the package").get("logics_data"), "logics_data").get("logics")
        if not isinstance(logics, list):
            raise PayloadRefused(Refusal.SHAPE, "logics_data.logics is no list")
        ours = [one for one in logics if isinstance(one, dict) and one.get("name") == instrument.logic]
        if not ours:
            heard.refuse(PayloadRefused(Refusal.OTHER, f"no logic is called {instrument.logic!r}"))
        for logic in ours:
            records = logic.get("records")
            for record in records if isinstance(records, list) else []:
                row += 1
                if row > MAX_ROWS:
                    raise PayloadRefused(Refusal.TOO_LARGE, f"more than {MAX_ROWS:,} records")
                try:
                    heard.said.append(_record(instrument, mapping(record, "the record")))
                except PayloadRefused as error:
                    heard.refuse(error, row)
    return heard


def _documents(text: str) -> Iterator[Any]:
    """One JSON document, or one a line."""
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        yield json_of(text)
        return
    except PayloadRefused:
        if len(lines) < 2:
            raise
    for number, line in enumerate(lines, 1):
        try:
            yield json_of(line)
        except PayloadRefused as error:
            raise PayloadRefused(error.reason, f"line {number}: {error}") from None


def _record(instrument: XovisInstrument, record: Mapping[str, Any]) -> Said:
    start = moment(record.get("from"), "from", "iso", UTC)
    end = moment(record.get("to"), "to", "iso", UTC)
    if end < start:
        raise PayloadRefused(Refusal.TIME, f"to {record['to']} is before from {record['from']}")
    counts: dict[str, Any] = {}
    for one in record.get("counts") or ():
        counts[str(mapping(one, "a count").get("name"))] = one.get("value")
    seen, expected = record.get("samples"), record.get("samples_expected")
    complete = seen is None or expected is None or people(seen, "samples") >= people(expected, "samples_expected")
    if instrument.present is not None:
        return Said(Present(people(counts.get(instrument.present), f"count {instrument.present}")), end)
    inward = people(counts.get(instrument.inward), f"count {instrument.inward}")
    outward = people(counts.get(instrument.outward), f"count {instrument.outward}")
    return Said(Passed(inward, outward, start, end, complete), end)
