"""Hourly counts of one place for months, as cities publish them: how well the hours ahead are foreseen.

A table with the columns `sensor,time_utc,count`. The forecast is that of `alerting.forecast.history`, learned only from
what lies before each hour; the first weeks teach and are not scored.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from alerting.forecast.history import History
from levee.replays.recording import ReplayRefused
from levee.replays.score import Score
from levee.replays.skill import Skill

COLUMNS = ["sensor", "time_utc", "count"]
HOURS = (1, 2, 3, 6)
TEACH_DAYS = 28


def is_hourly(file: Path) -> bool:
    """Whether the table is one of hourly counts."""
    with file.open(encoding="utf-8-sig", errors="replace") as text:
        return text.readline().strip().split(",") == COLUMNS


def hourly_scores(file: Path, place: ZoneInfo) -> Iterator[Score]:
    """A score for each sensor; `place` is where it stands, for its days and hours."""
    for sensor, counts in _read(file).items():
        yield _score(sensor, counts, place)


def _read(file: Path) -> dict[str, dict[datetime, float]]:
    found: dict[str, dict[datetime, float]] = {}
    faults: list[str] = []
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text)
        for row in reader:
            try:
                moment = datetime.fromisoformat(row["time_utc"]).replace(tzinfo=UTC)
                count = float(row["count"])
                if not 0 <= count < 1e7:
                    raise ValueError(f"a count of {row['count']} cannot be")
                counts = found.setdefault(row["sensor"], {})
                if counts and moment <= next(reversed(counts)):
                    raise ValueError(f"{row['time_utc']} is not after the row above it")
                counts[moment] = count
            except (ValueError, TypeError) as error:
                faults.append(f"{file}:{reader.line_num}: {error}")
    if faults:
        raise ReplayRefused.of(faults)
    return found


def _score(sensor: str, counts: dict[datetime, float], place: ZoneInfo) -> Score:
    history, score = History(slot_min=60), Score(recordings=1)
    begin = next(iter(counts))
    for moment, count in counts.items():
        local = moment.astimezone(place)
        history.add(local, count, HOURS)
        if moment - begin < timedelta(days=TEACH_DAYS):
            continue
        for hours in HOURS:
            target = moment + timedelta(hours=hours)
            actual = counts.get(target)
            expected = history.expect(local, count, target.astimezone(place), hours)
            if actual is None or expected is None:
                continue
            skill = score.skills.setdefault((f"{sensor}, an hour", hours * 60), Skill())
            skill.add(actual, expected.value, expected.sigma, count, counts.get(target - timedelta(days=1)))
    return score
