"""A table of readings (CSV) as a recording: `time,zone,kind` and the figures of that kind, one row for each reading.

Every fault is named by its row. Nothing is guessed: an empty figure is not known, and a row that lacks what its kind
needs is refused. A row stands until the next one of its zone, as a reading of a box does; where rows are further apart
than a box's readings are, it is told again every second or two meanwhile.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import msgspec

from alerting.assess import Event, Observed, Tick, ZoneKind, new_site
from alerting.settings import SiteSettings, ZoneSettings
from levee.replays.recording import Recording, ReplayRefused
from wire import NAME_PATTERN, Band, Instant, Occupancy, Reading, State, Throughput

FIGURES = {
    "instant": (
        *("count", "low", "high", "density", "peak_density", "peak_low", "peak_high"),
        *("speed", "counterflow", "pressure", "area_m2"),
    ),
    "throughput": ("inflow", "outflow"),
    "occupancy": ("occupancy", "low", "high", "reset"),
}
#: The figure that a row of each kind cannot do without, unless its state is `unknown`.
NEEDED = {"instant": ("count",), "throughput": ("inflow", "outflow"), "occupancy": ("occupancy",)}
ALWAYS = ("time", "zone", "kind")
COMMON = ("state", "reasons", "saturated", "method")
COLUMNS = (*ALWAYS, *dict.fromkeys(name for names in FIGURES.values() for name in names), *COMMON)
MAX_ROWS = 5_000_000
#: Rows closer than this are told as they are; others again every `AGAIN_S`, for one and a half of their usual step,
#: and no longer than `LONGEST_S`.
CLOSE_S, AGAIN_S, LONGEST_S = 2.5, 2.0, 900.0
#: Figures of gates and occupancies stand no longer than this, however far apart rows are.
LONGEST_STALE_S = 3600.0
#: A silence of so long has been told of, whatever the settings; ticks beyond it say nothing new.
SILENCE_S = 4000.0
#: Years that a table may tell of: within them every time of day can be told in every zone.
FIRST_YEAR, LAST_YEAR = 1970, 2200
_NAME = re.compile(NAME_PATTERN)


@dataclass(frozen=True)
class Row:
    """A row that was found sound. `at` in seconds since 1970 UTC; `reading` has no age yet."""

    line: int
    at: float
    kind: str
    reading: Reading


def table_recording(file: Path, site: SiteSettings | None) -> Recording:
    """The table in `file`; without settings each of its zones is judged as `flat`, which a note says."""
    place = ZoneInfo(site.time_zone) if site is not None else None
    rows, faults, offset_h = _read(file, site, place)
    if faults:
        raise ReplayRefused.of([f"{file}:{line}: {fault}" if line else f"{file}: {fault}" for line, fault in faults])
    notes = []
    if site is None:
        site = _plain_site(file, rows, offset_h)
        notes.append(
            f"no settings were given (--config): all {len(site.zones)} zones are judged as `flat`, without a capacity"
        )
    steps = _steps(rows)
    slow = sorted({zone for (zone, _), step in steps.items() if step > CLOSE_S})
    if slow:
        longest = max(steps.values())
        notes.append(
            f"rows of {', '.join(slow)} are up to {longest:g} s apart: each is told again every {AGAIN_S:g} s until "
            "the next one, as a box would"
        )
    site, patient = _patient(site, steps)
    notes += patient
    start = rows[0].at
    return Recording(
        name=file.name,
        site=site,
        begin=new_site(site.site, start),
        events=_events(site, rows, steps, start),
        start=start,
        end=rows[-1].at,
        notes=notes,
    )


def _read(
    file: Path, site: SiteSettings | None, place: ZoneInfo | None
) -> tuple[list[Row], list[tuple[int, str]], float]:
    """The sound rows, the faults by line, and the first row's UTC offset in hours."""
    try:
        text = file.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise ReplayRefused(f"{file}: {(error.strerror or 'cannot be read').lower()}") from None
    with text:
        reader = csv.reader(text)
        try:
            header = [name.strip() for name in next(reader, [])]
            missing = [name for name in ALWAYS if name not in header]
            if missing:
                raise ReplayRefused(f"{file}:1: the column {missing[0]} is missing; a table begins with time,zone,kind")
            strange = [name for name in header if name not in COLUMNS]
            if strange:
                raise ReplayRefused(f"{file}:1: no column is called {strange[0]!r}; there are {', '.join(COLUMNS)}")
            if len(set(header)) < len(header):
                twice = next(name for name in header if header.count(name) > 1)
                raise ReplayRefused(f"{file}:1: the column {twice} is there twice")
            rows, faults, offset_h = _rows(reader, header, site, place)
        except UnicodeDecodeError:
            raise ReplayRefused(f"{file}: not text in UTF-8") from None
        except csv.Error as error:
            raise ReplayRefused(f"{file}:{reader.line_num}: not a table: {error}") from None
    if not rows and not faults:
        raise ReplayRefused(f"{file}: no row follows the header")
    return rows, faults, offset_h


def _rows(
    reader: Iterator[list[str]], header: list[str], site: SiteSettings | None, place: ZoneInfo | None
) -> tuple[list[Row], list[tuple[int, str]], float]:
    rows: list[Row] = []
    faults: list[tuple[int, str]] = []
    known = None if site is None else {zone.name for zone in site.zones} | {gate.name for gate in site.gates}
    before, offset_h = -math.inf, 0.0
    last: dict[tuple[str, str], Row] = {}
    for values in reader:
        line = reader.line_num  # type: ignore[attr-defined]
        if not any(value.strip() for value in values):
            continue
        if len(rows) >= MAX_ROWS:
            raise ReplayRefused(f"line {line}: more than {MAX_ROWS:,} rows")
        if len(values) != len(header):
            faults.append((line, f"{len(values)} values under {len(header)} columns"))
            continue
        cells = {name: value.strip() for name, value in zip(header, values, strict=True) if value.strip()}
        try:
            moment = _time(cells.get("time"), place)
            at = moment.timestamp()
            if not rows:
                offset_h = (moment.utcoffset() or timedelta()).total_seconds() / 3600
            if at < before:
                raise ValueError(f"time {cells['time']} is before the row above it: rows must be sorted by time")
            before = at
            zone = cells.get("zone", "")
            if not _NAME.match(zone):
                raise ValueError(f"zone {zone!r} is no name: use a-z, 0-9 and '-'" if zone else "zone is missing")
            if known is not None and zone not in known:
                raise ValueError(f"zone {zone} is unknown: the settings have {', '.join(sorted(known))}")
            kind = cells.get("kind", "")
            if kind not in FIGURES:
                raise ValueError(f"kind {kind!r} must be one of {', '.join(FIGURES)}")
            previous = last.get((zone, kind))
            if previous is not None and at == previous.at:
                raise ValueError(f"a second {kind} of {zone} at one time; the first is in line {previous.line}")
            row = Row(line, at, kind, _reading(cells, zone, kind, None if previous is None else at - previous.at))
            _same_figures(row, previous, last.get((zone, "density")))
        except (ValueError, msgspec.ValidationError) as error:
            faults.append((line, str(error)))
            continue
        last[zone, kind] = row
        if isinstance(row.reading, Instant) and (row.reading.peak_density or row.reading.density is not None):
            last[zone, "density"] = row
        rows.append(row)
    return rows, faults, offset_h


def _same_figures(row: Row, previous: Row | None, dense: Row | None) -> None:
    """A zone that gave a density is calibrated: where a good row of it has none, something was lost on the way."""
    reading = row.reading
    if isinstance(reading, Instant) and dense is not None and reading.state is not State.UNKNOWN:
        assert isinstance(dense.reading, Instant)
        name = "peak_density" if dense.reading.peak_density is not None else "density"
        if reading.peak_density is None and getattr(reading, name) is None:
            raise ValueError(
                f"zone {reading.zone}: {name} is missing, which the zone gives in line {dense.line}; where it is not "
                "known, the state is unknown"
            )


def _time(text: str | None, place: ZoneInfo | None) -> datetime:
    if text is None:
        raise ValueError("time is missing")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"time {text!r} is not one like 2014-12-31T22:37:00+08:00") from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"time {text!r} is not between the years {FIRST_YEAR} and {LAST_YEAR}")
    return moment.replace(tzinfo=place or UTC) if moment.tzinfo is None else moment


def _reading(cells: dict[str, str], zone: str, kind: str, since: float | None) -> Reading:
    foreign = [name for name in cells if name not in (*ALWAYS, *FIGURES[kind], *COMMON)]
    if foreign:
        raise ValueError(f"a row of kind {kind} cannot hold {foreign[0]}: kinds of count are never mixed")
    state = _state(cells.get("state", "good"))
    reasons = tuple(part.strip() for part in cells.get("reasons", "").split(";") if part.strip())
    if state is not State.GOOD and not reasons:
        reasons = ("reason-not-given",)
    if state is State.UNKNOWN:
        given = [name for name in FIGURES[kind] if name in cells and name != "reset"]
        if given:
            raise ValueError(f"an unknown reading cannot give {given[0]}")
    else:
        lacking = [name for name in NEEDED[kind] if name not in cells]
        if lacking:
            raise ValueError(f"{lacking[0]} is missing; where it is not known, the state is unknown")
    method = cells.get("method", "table")
    saturated = _flag(cells.get("saturated", ""))
    if kind == "instant":
        return Instant(
            zone=zone,
            age_s=0.0,
            state=state,
            method=method,
            reasons=reasons,
            saturated=saturated,
            count=_band(cells, "count", "low", "high"),
            area_m2=_number(cells, "area_m2"),
            density=_number(cells, "density", 50.0),
            peak_density=_band(cells, "peak_density", "peak_low", "peak_high"),
            speed=_number(cells, "speed", 20.0),
            counterflow=_number(cells, "counterflow", 1.0),
            pressure=_number(cells, "pressure", 100.0),
        )
    if kind == "throughput":
        return Throughput(
            zone=zone,
            age_s=0.0,
            state=state,
            method=method,
            reasons=reasons,
            saturated=saturated,
            interval_s=min(since or 60.0, 86_400.0),
            inflow=_number(cells, "inflow", 1e6),
            outflow=_number(cells, "outflow", 1e6),
        )
    return Occupancy(
        zone=zone,
        age_s=0.0,
        state=state,
        method=method,
        reasons=reasons,
        saturated=saturated,
        reset=cells.get("reset", "the table's beginning"),
        occupancy=_band(cells, "occupancy", "low", "high"),
    )


def _state(text: str) -> State:
    try:
        return State(text)
    except ValueError:
        raise ValueError(f"state {text!r} must be one of good, degraded, unknown") from None


def _flag(text: str) -> bool:
    if text.lower() not in ("", "0", "1", "true", "false"):
        raise ValueError(f"saturated {text!r} must be true or false")
    return text.lower() in ("1", "true")


def _number(cells: dict[str, str], name: str, most: float = math.inf) -> float | None:
    text = cells.get(name)
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name} {text!r} is no number") from None
    if not math.isfinite(value):
        raise ValueError(f"{name} is {text}: leave it empty where it is not known")
    if value < 0:
        raise ValueError(f"{name} {value:g} is negative")
    if value > most:
        raise ValueError(f"{name} {value:g} is more than {most:g}, which no crowd can be")
    return value


def _band(cells: dict[str, str], value: str, low: str, high: str) -> Band | None:
    middle, least, most = (_number(cells, name, 1e6) for name in (value, low, high))
    if middle is None:
        if least is not None or most is not None:
            raise ValueError(f"{low if least is not None else high} without {value}")
        return None
    least, most = (middle if least is None else least), (middle if most is None else most)
    if not least <= middle <= most:
        raise ValueError(f"{low} <= {value} <= {high} must hold, not {least:g}, {middle:g}, {most:g}")
    return Band(value=middle, low=least, high=most)


def _patient(site: SiteSettings, steps: dict[tuple[str, str], float]) -> tuple[SiteSettings, list[str]]:
    """The site with the patience that its gates and occupancies need: a row of them is not told again, because who
    passed has passed; it stands until the next one."""
    needed: dict[str, float] = {}
    for (name, kind), step in steps.items():
        gate = next((gate for gate in site.gates if gate.name == name), None)
        ends = (name,) if gate is None else (gate.into, gate.out_of)
        for zone in ends if kind != "instant" else ():
            if zone is not None:
                needed[zone] = max(needed.get(zone, 0.0), min(1.5 * step, LONGEST_STALE_S))
    slow = {zone.name: needed[zone.name] for zone in site.zones if needed.get(zone.name, 0.0) > zone.gate_stale_s}
    if not slow:
        return site, []
    zones = tuple(
        msgspec.structs.replace(zone, gate_stale_s=slow[zone.name]) if zone.name in slow else zone
        for zone in site.zones
    )
    told = ", ".join(f"{name} {stands:g} s" for name, stands in sorted(slow.items()))
    notes = [f"rows of gates and occupancies are far apart: here their figures stand for longer ({told})"]
    return msgspec.structs.replace(site, zones=zones), notes


def _steps(rows: list[Row]) -> dict[tuple[str, str], float]:
    """The usual seconds between two rows, by zone and kind."""
    times: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        times.setdefault((row.reading.zone, row.kind), []).append(row.at)
    return {
        key: median([after - before for before, after in pairwise(found)]) if len(found) > 1 else 1.0
        for key, found in times.items()
    }


def _events(site: SiteSettings, rows: list[Row], steps: dict[tuple[str, str], float], start: float) -> Iterator[Event]:
    """Rows as readings, those of slow zones again and again, and a tick each second."""
    yield site.applied(start)
    standing: dict[tuple[str, str], _Standing] = {}
    at, place, heard = start, 0, start
    while place < len(rows) or standing:
        due: list[Reading] = []
        while place < len(rows) and rows[place].at <= at:
            row = rows[place]
            key, step = (row.reading.zone, row.kind), steps[row.reading.zone, row.kind]
            due.append(row.reading)
            standing.pop(key, None)
            if row.kind == "instant" and step > CLOSE_S:
                standing[key] = _Standing(row.reading, row.at + min(1.5 * step, LONGEST_S), at)
            place += 1
        for key, one in list(standing.items()):
            if at > one.until:
                del standing[key]
            elif at - one.told >= AGAIN_S:
                due.append(one.reading)
                one.told = at
        if due:
            heard = at
            yield Observed(at=at, readings=tuple(due))
        yield Tick(at=at)
        second = math.floor(at) + 1.0
        if place < len(rows):
            # Once a silence has been told in full, nothing happens before the next row.
            quiet = not standing and at - heard > SILENCE_S
            second = rows[place].at if quiet else min(second, rows[place].at)
        at = second


@dataclass
class _Standing:
    """A row that stands `until`, and when it was last told."""

    reading: Reading
    until: float
    told: float


#: Offsets that are no whole hours, and a zone that has each all the year.
_PARTS_OF_HOURS = {
    -9.5: "Pacific/Marquesas",
    3.5: "Asia/Tehran",
    4.5: "Asia/Kabul",
    5.5: "Asia/Kolkata",
    5.75: "Asia/Kathmandu",
    6.5: "Asia/Yangon",
    8.75: "Australia/Eucla",
    9.5: "Australia/Darwin",
}


def _zone_of(offset_h: float) -> str:
    """A zone with this offset, so that times are told as the table tells them; UTC where there is none."""
    if offset_h == round(offset_h) and -12 <= offset_h <= 14:
        # The zones of whole hours bear the sign of the other direction.
        return f"Etc/GMT{-offset_h:+.0f}"
    return _PARTS_OF_HOURS.get(offset_h, "UTC")


def _plain_site(file: Path, rows: list[Row], offset_h: float) -> SiteSettings:
    names = list(dict.fromkeys(row.reading.zone for row in rows))
    return SiteSettings(
        site="table",
        title=file.name,
        time_zone=_zone_of(offset_h),
        responsible="nobody",
        zones=tuple(ZoneSettings(name=name, title=name, kind=ZoneKind.FLAT, box="table") for name in names),
    )
