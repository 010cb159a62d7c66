"""Plain CSV or JSON by a mapping: which column or key holds what. One word a row."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any

from edge.instruments.settings import Mapping as Rule
from edge.instruments.words import (
    MAX_ROWS,
    Heard,
    Inside,
    Passed,
    PayloadRefused,
    Present,
    Refusal,
    Said,
    Total,
    Way,
    json_of,
    moment,
    people,
    text_of,
)


def read(rule: Rule, payload: bytes, place: tzinfo) -> Heard:
    """The words of every row that `where` picks; each that is wrong is refused by its row."""
    heard = Heard()
    picked = 0
    for number, row in enumerate(_rows(rule, text_of(payload)), 1):
        if number > MAX_ROWS:
            raise PayloadRefused(Refusal.TOO_LARGE, f"more than {MAX_ROWS:,} rows")
        try:
            if isinstance(row, PayloadRefused):
                raise row
            if any(str(_at(row, path)) != wanted for path, wanted in rule.where.items()):
                continue
            picked += 1
            heard.said += _said(rule, row, place)
        except PayloadRefused as error:
            heard.refuse(error, number)
    if not picked and not heard.refused:
        heard.refuse(PayloadRefused(Refusal.OTHER, "no row is the instrument's own (`where`)"))
    return heard


def _rows(rule: Rule, text: str) -> Iterator[Mapping[str, Any] | PayloadRefused]:
    if rule.payload == "csv":
        yield from _table(rule, text)
        return
    if rule.payload == "json-lines":
        for line in text.splitlines():
            if line.strip():
                try:
                    yield _row(json_of(line))
                except PayloadRefused as error:
                    yield error
        return
    found = json_of(text)
    if rule.rows is not None:
        found = _at(found, rule.rows)
        if not isinstance(found, list):
            raise PayloadRefused(Refusal.SHAPE, f"`rows`: {rule.rows} is no list")
    for one in found if isinstance(found, list) else [found]:
        yield _row(one)


def _row(value: Any) -> Mapping[str, Any] | PayloadRefused:
    return value if isinstance(value, dict) else PayloadRefused(Refusal.SHAPE, "is no mapping")


def _table(rule: Rule, text: str) -> Iterator[Mapping[str, Any] | PayloadRefused]:
    try:
        rows = [row for row in csv.reader(text.splitlines(), delimiter=rule.delimiter) if any(map(str.strip, row))]
    except csv.Error as error:
        raise PayloadRefused(Refusal.SHAPE, f"not a table: {error}") from None
    header = list(rule.columns)
    if not header:
        header = [name.strip() for name in rows.pop(0)] if rows else []
    for row in rows:
        if len(row) != len(header):
            yield PayloadRefused(Refusal.SHAPE, f"{len(row)} values under {len(header)} columns")
        else:
            yield {name: value.strip() for name, value in zip(header, row, strict=True)}


def _at(row: Any, path: str) -> Any:
    """What stands at a dotted path: `data.count`, `counts.0.value`; None where there is nothing."""
    if isinstance(row, dict) and path in row:
        return row[path]
    value = row
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _said(rule: Rule, row: Mapping[str, Any], place: tzinfo) -> list[Said]:
    told = None if rule.time is None else moment(_at(row, rule.time), rule.time, rule.time_format, place)

    def number(path: str | None, *, below_zero: bool = False) -> float | None:
        return None if path is None else people(_at(row, path), path, below_zero=below_zero)

    if rule.occupancy is not None:
        inside = number(rule.occupancy, below_zero=True)
        assert inside is not None
        return [Said(Inside(inside), told)]
    if rule.count is not None:
        count, low, high = number(rule.count), number(rule.low), number(rule.high)
        assert count is not None
        if not (count if low is None else low) <= count <= (count if high is None else high):
            raise PayloadRefused(Refusal.NUMBER, f"low <= count <= high must hold, not {low}, {count:g}, {high}")
        return [Said(Present(count, low, high), told)]
    ways = ((Way.IN, number(rule.inward)), (Way.OUT, number(rule.outward)))
    if rule.counts == "total":
        return [Said(Total(way, value), told) for way, value in ways if value is not None]
    inward, outward = (value or 0.0 for _, value in ways)
    start = told - rule.interval_s if told is not None and rule.interval_s is not None else None
    return [Said(Passed(inward, outward, start, told), told)]
