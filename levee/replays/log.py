"""A recorded log as a recording: what a service judged, with the settings of the time and from the state of the time.

Read from the service's own record (a SQLite file), or from a file that `save_log` wrote: a line that says what it is,
and one event a line, as JSON.
"""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from alerting.assess import (
    Event,
    LogRefused,
    SettingsApplied,
    SiteState,
    StateRefused,
    decode_event,
    decode_state,
    encode_state,
    split_events,
)
from alerting.settings import SiteSettings, ZoneSettings
from levee.replays.recording import Recording, ReplayRefused
from wire import Name

SQLITE = b"SQLite format 3\x00"
LOG_VERSION = 1


class LogHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line of a saved log: `state` is the state to begin with, encoded."""

    levee: str
    version: int
    site: Name
    time_zone: str
    state: str
    #: False for what was made of a scenario or a table: its beginning is no fact.
    lived: bool = True


_event = msgspec.json.Decoder(Event)


def is_record(file: Path) -> bool:
    """Whether `file` is a service's record."""
    try:
        with file.open("rb") as stream:
            return stream.read(len(SQLITE)) == SQLITE
    except OSError as error:
        raise ReplayRefused(f"{file}: {(error.strerror or 'cannot be read').lower()}") from None


def record_recording(file: Path, wanted: str | None, site: SiteSettings | None) -> Recording:
    """What the record in `file` holds of one site, from the first state that it still has."""
    try:
        # Read only, and beside a service that may be writing.
        base = sqlite3.connect(f"file:{file.resolve().as_posix()}?mode=ro", uri=True)
        with base:
            sites = [row[0] for row in base.execute("select distinct site from checkpoints order by site")]
            chosen = _choose(file, sites, wanted)
            number, at, stored = base.execute(
                "select number, at, state from checkpoints where site = ? order by number limit 1", (chosen,)
            ).fetchone()
            pieces = base.execute(
                "select first, last, piece from events where site = ? and last > ? order by first", (chosen, number)
            ).fetchall()
            end = base.execute("select max(at) from events where site = ?", (chosen,)).fetchone()[0]
    except sqlite3.Error as error:
        raise ReplayRefused(f"{file}: no record with a log: {error}") from None
    finally:
        if "base" in locals():
            base.close()
    notes: list[str] = []
    state = _state(file, stored)
    first = _after_last_gap(pieces, number)
    if first is not None:
        number, at, stored = _checkpoint_after(file, chosen, first)
        state = _state(file, stored)
        notes.append(f"the log has a gap; the replay begins after it, at event {number + 1}")
    events = list(_events_of(file, pieces, number))
    return _recording(file, site or _site_of(chosen, state, events), state, events, at, end or at, notes)


def _choose(file: Path, sites: list[str], wanted: str | None) -> str:
    if not sites:
        raise ReplayRefused(f"{file}: the record holds no log yet")
    if wanted is not None:
        if wanted not in sites:
            raise ReplayRefused(f"{file}: the record has no site {wanted}: there are {', '.join(sites)}")
        return wanted
    if len(sites) > 1:
        raise ReplayRefused(f"{file}: the record holds {len(sites)} sites: choose one with --site ({', '.join(sites)})")
    return sites[0]


def _after_last_gap(pieces: list[tuple[int, int, bytes]], number: int) -> int | None:
    """The number after which the log is whole, where it is not whole from `number` on."""
    expected, found = number + 1, None
    for first, last, _ in pieces:
        if first > expected:
            found = first - 1
        expected = last + 1
    return found


def _checkpoint_after(file: Path, site: str, number: int) -> tuple[int, float, bytes]:
    base = sqlite3.connect(f"file:{file.resolve().as_posix()}?mode=ro", uri=True)
    try:
        row = base.execute(
            "select number, at, state from checkpoints where site = ? and number >= ? order by number limit 1",
            (site, number),
        ).fetchone()
    finally:
        base.close()
    if row is None:
        raise ReplayRefused(f"{file}: the log of {site} has a gap, and no state after it")
    return row[0], row[1], row[2]


def _events_of(file: Path, pieces: list[tuple[int, int, bytes]], number: int) -> Iterator[Event]:
    try:
        for first, _, piece in pieces:
            for at, event in enumerate(split_events(piece), first):
                if at > number:
                    yield decode_event(event)
    except LogRefused as error:
        raise ReplayRefused(f"{file}: {error}") from None


def _state(file: Path, stored: bytes) -> SiteState:
    try:
        return decode_state(stored)
    except StateRefused as error:
        raise ReplayRefused(f"{file}: {error}") from None


def _site_of(name: str, state: SiteState, events: Iterable[Event], time_zone: str = "UTC") -> SiteSettings:
    """As much of the site's settings as a log tells: the zones by whose rules it was judged first."""
    rules = [zone.rules for zone in state.zones.values()]
    applied = next((event for event in events if isinstance(event, SettingsApplied)), None)
    rules = rules or list(applied.zones if applied is not None else ())
    if not rules:
        raise ReplayRefused(f"the log of {name} begins with no zone")
    return SiteSettings(
        site=name,
        title=name,
        time_zone=time_zone,
        responsible="as recorded",
        zones=tuple(
            ZoneSettings(name=one.zone, title=one.zone, kind=one.kind, box="as-recorded", capacity=one.capacity)
            for one in rules
        ),
    )


def _recording(
    file: Path, site: SiteSettings, state: SiteState, events: list[Event], at: float, end: float, notes: list[str]
) -> Recording:
    return Recording(
        name=file.name,
        site=site,
        begin=state,
        events=events,
        start=at,
        end=end,
        told_from_start=True,
        notes=notes,
    )


def save_log(recording: Recording, file: Path) -> int:
    """Write the recording into `file`; how many events there were."""
    number = 0
    head = LogHead(
        levee="log",
        version=LOG_VERSION,
        site=recording.site.site,
        time_zone=recording.site.time_zone,
        state=base64.b64encode(encode_state(recording.begin)).decode(),
        lived=recording.told_from_start,
    )
    with file.open("wb") as stream:
        stream.write(msgspec.json.encode(head) + b"\n")
        for event in recording.events:
            stream.write(msgspec.json.encode(event) + b"\n")
            number += 1
    return number


def log_recording(file: Path, site: SiteSettings | None) -> Recording:
    """The log that `save_log` wrote into `file`."""
    with file.open("rb") as stream:
        try:
            head = msgspec.json.decode(stream.readline(), type=LogHead)
            state = _state(file, base64.b64decode(head.state, validate=True))
        except (msgspec.MsgspecError, ValueError) as error:
            raise ReplayRefused(f"{file}:1: no log of Levee: {error}") from None
        if head.levee != "log" or head.version != LOG_VERSION:
            raise ReplayRefused(f"{file}:1: a log of version {head.version}; this program reads {LOG_VERSION}")
        events: list[Event] = []
        for line, text in enumerate(stream, 2):
            try:
                events.append(_event.decode(text))
            except msgspec.MsgspecError as error:
                raise ReplayRefused(f"{file}:{line}: no event: {error}") from None
    start, end = state.at, max((event.at for event in events), default=state.at)
    known = site or _site_of(head.site, state, events, head.time_zone)
    recording = _recording(file, known, state, events, start, end, [])
    recording.told_from_start = head.lived
    return recording


def with_settings(recording: Recording, site: SiteSettings) -> Recording:
    """The same, judged by other settings from its beginning on: what would have been."""
    zones = {zone.rules.zone for zone in recording.begin.zones.values()}
    events = [event for event in recording.events if not isinstance(event, SettingsApplied)]
    recording.events = [site.applied(recording.begin.at), *events]
    recording.notes.append(
        f"judged by the settings given, not by those of the time ({len(zones)} zones were known at the beginning)"
    )
    return recording
