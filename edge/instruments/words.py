"""What an instrument can say, whatever its maker: four kinds of word that are never mixed.

A parser of a format turns a payload into these; what they mean for a zone is decided in `edge.instruments.track`.
Times are seconds since 1970 UTC by the instrument's own clock, which may be wrong: they only order what it says.
"""

from __future__ import annotations

import enum
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, TypeAlias

#: A payload above this is refused unread.
MAX_BYTES = 1_000_000
#: Rows of one payload at most.
MAX_ROWS = 10_000
#: No counter has counted more people than this.
MAX_TOTAL = 1e12


class Way(enum.Enum):
    """A direction through a gate."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True)
class Total:
    """People counted in one direction since the instrument's last reset."""

    way: Way
    people: float


@dataclass(frozen=True)
class Passed:
    """People who passed within an interval; `complete` is False where the instrument did not see all of it."""

    inward: float
    outward: float
    start: float | None = None
    end: float | None = None
    complete: bool = True


@dataclass(frozen=True)
class Inside:
    """Entries minus exits since the instrument's reset; below 0 where it missed entries."""

    people: float


@dataclass(frozen=True)
class Present:
    """People in the instrument's view now, with a band where it gives one."""

    people: float
    low: float | None = None
    high: float | None = None


Word: TypeAlias = Total | Passed | Inside | Present


@dataclass(frozen=True)
class Said:
    """A word and when the instrument says that it was so; None where it does not say."""

    word: Word
    told: float | None = None


class Refusal(enum.Enum):
    """Why something that an instrument sent was not taken; labels of `levee_instruments_dropped_total`."""

    TOO_LARGE = "too-large"
    NOT_TEXT = "not-text"
    NOT_JSON = "not-json"
    SHAPE = "shape"
    NUMBER = "number"
    TIME = "time"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out-of-order"
    IMPLAUSIBLE = "implausible"
    OTHER = "other-source"
    OVERLOAD = "overload"


@dataclass(frozen=True)
class Refused:
    """One thing that was not taken; `line` names the row where there are several."""

    reason: Refusal
    line: str


class PayloadRefused(ValueError):
    """A payload, or a row of it, that says nothing that could be used: one clear line, and why."""

    def __init__(self, reason: Refusal, line: str) -> None:
        super().__init__(line)
        self.reason = reason


@dataclass
class Heard:
    """What one payload came to: words in their order, and what was refused of it."""

    said: list[Said] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def refuse(self, error: PayloadRefused, row: int | None = None) -> None:
        where = f"row {row}: " if row is not None else ""
        self.refused.append(Refused(error.reason, f"{where}{error}"))


def text_of(payload: bytes) -> str:
    """The payload as text; PayloadRefused where it is too large or not UTF-8."""
    if len(payload) > MAX_BYTES:
        raise PayloadRefused(Refusal.TOO_LARGE, f"{len(payload):,} bytes are more than {MAX_BYTES:,}")
    try:
        return payload.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PayloadRefused(Refusal.NOT_TEXT, "not text in UTF-8") from None


def json_of(text: str) -> Any:
    """The JSON in `text`; PayloadRefused for anything else, also for numbers that are none."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise PayloadRefused(Refusal.NOT_JSON, "not JSON: too deep") from None
    except json.JSONDecodeError as error:
        raise PayloadRefused(
            Refusal.NOT_JSON, f"not JSON: {error.msg.removesuffix(' at')} at column {error.colno}"
        ) from None


def _no_number(name: str) -> float:
    raise PayloadRefused(Refusal.NUMBER, f"{name} is no number of people")


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """`value` as a mapping; PayloadRefused with `what` in the line."""
    if not isinstance(value, dict):
        raise PayloadRefused(Refusal.SHAPE, f"{what} is missing" if value is None else f"{what} is no mapping")
    return value


def people(value: Any, what: str, *, below_zero: bool = False) -> float:
    """A number of people from a number or from text that is one; PayloadRefused where it is missing or is none."""
    if value is None or value == "":
        raise PayloadRefused(Refusal.SHAPE, f"{what} is missing")
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise PayloadRefused(Refusal.NUMBER, f"{what} {str(value)[:40]!r} is no number")
    if number < 0 and not below_zero:
        raise PayloadRefused(Refusal.NUMBER, f"{what} {number:g} is negative")
    if abs(number) > MAX_TOTAL:
        raise PayloadRefused(Refusal.NUMBER, f"{what} {number:g} is more people than there are")
    return number


def moment(value: Any, what: str, form: str, place: tzinfo) -> float:
    """Seconds since 1970 UTC from `value`: `form` is `iso`, `unix`, `unix-ms`, or a pattern of strptime.

    A time without an offset is one of `place`. PayloadRefused where it is none.
    """
    if value is None or value == "":
        raise PayloadRefused(Refusal.SHAPE, f"{what} is missing")
    try:
        if form in ("unix", "unix-ms"):
            seconds = float(value) / (1000.0 if form == "unix-ms" else 1.0)
            found = datetime.fromtimestamp(seconds, UTC)
        elif form == "iso":
            found = datetime.fromisoformat(str(value))
        else:
            found = datetime.strptime(str(value), form)
        if not 1990 <= found.year <= 2200:
            raise ValueError
        return (found.replace(tzinfo=place) if found.tzinfo is None else found).timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        wanted = {"iso": "2026-05-01T18:00:00+08:00", "unix": "seconds since 1970", "unix-ms": "ms since 1970"}
        raise PayloadRefused(Refusal.TIME, f"{what} {str(value)[:40]!r} is not like {wanted.get(form, form)}") from None
