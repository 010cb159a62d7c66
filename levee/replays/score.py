"""What a set of replays is worth: warned in time, nothing missed, nobody called for nothing, and good forecasts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from alerting.assess import TierChanged
from alerting.assess.forecast import Figure
from levee.replays.recording import Label, Recording, fold
from levee.replays.skill import Skill
from levee.replays.trace import EVERY_S, Trace
from wire import Tier

#: An alarm so long before a labelled danger, anywhere at its site, is a warning of it; any other is a false one.
BEFORE_S = 4 * 3600.0
AFTER_S = 1800.0
WARNINGS = (Tier.BLUE, Tier.YELLOW, Tier.ORANGE, Tier.RED)


@dataclass(frozen=True)
class Lead:
    """How long before a danger each tier was reached in its zone and then kept; None where it was not reached."""

    recording: str
    label: Label
    before_s: dict[Tier, float | None]


@dataclass
class Score:
    leads: list[Lead] = field(default_factory=list)
    #: Rises to a tier or above it from below, where no danger is near.
    false: dict[Tier, int] = field(default_factory=dict)
    #: The same by zone and recording, to see the worst.
    by_zone: dict[tuple[str, str], dict[Tier, int]] = field(default_factory=dict)
    zone_days: float = 0.0
    safe_zone_days: float = 0.0
    time_in: dict[Tier, float] = field(default_factory=dict)
    skills: dict[tuple[str, int], Skill] = field(default_factory=dict)
    recordings: int = 0

    def join(self, other: Score) -> None:
        self.leads += other.leads
        for tier, number in other.false.items():
            self.false[tier] = self.false.get(tier, 0) + number
        self.by_zone |= other.by_zone
        self.zone_days += other.zone_days
        self.safe_zone_days += other.safe_zone_days
        for tier, seconds in other.time_in.items():
            self.time_in[tier] = self.time_in.get(tier, 0.0) + seconds
        for key, skill in other.skills.items():
            self.skills.setdefault(key, Skill()).join(skill)
        self.recordings += other.recordings

    @property
    def misses(self) -> list[Lead]:
        """Dangers that began before their zone was at orange."""
        return [lead for lead in self.leads if (before := lead.before_s[Tier.ORANGE]) is None or before < 0]


def trace_of(recording: Recording) -> Trace:
    """The whole replay."""
    trace = Trace(recording)
    for event, state, effects in fold(recording):
        trace.see(event, state, effects)
    return trace


Series = dict[tuple[str, str], dict[int, float]]


def series_of(trace: Trace) -> Series:
    """Each figure of each zone by the minute of its day."""
    start = trace.recording.start
    found: Series = {}
    for zone, samples in trace.samples.items():
        for one in samples:
            minute = round((one.at - start) / EVERY_S)
            for figure, value in (("density", one.density), ("people", one.people)):
                if value is not None:
                    found.setdefault((zone, figure), {})[minute] = value
    return found


def score_of(trace: Trace) -> Score:
    """What one replay is worth."""
    recording = trace.recording
    score = Score(recordings=1)
    days = (recording.end - recording.start) / 86_400
    zones = list(trace.samples)
    score.zone_days = days * len(zones)
    for spent in trace.time_in.values():
        for tier, seconds in spent.items():
            score.time_in[tier] = score.time_in.get(tier, 0.0) + seconds
    for label in recording.labels:
        score.leads.append(Lead(recording.name, label, {tier: _lead(trace, label, tier) for tier in WARNINGS}))
    near = [(label.start - BEFORE_S, label.end + AFTER_S) for label in recording.labels]
    score.safe_zone_days = score.zone_days - len(zones) * _covered(near, recording.start, recording.end) / 86_400
    for zone in zones:
        counted = score.by_zone.setdefault((recording.name, zone), {})
        for change in trace.changes:
            if not isinstance(change, TierChanged) or change.zone != zone:
                continue
            if any(start <= change.at <= end for start, end in near):
                continue
            for tier in WARNINGS:
                if change.from_tier < tier <= change.to_tier:
                    counted[tier] = counted.get(tier, 0) + 1
                    score.false[tier] = score.false.get(tier, 0) + 1
    _skills(trace, series_of(trace), score)
    return score


def _covered(windows: list[tuple[float, float]], start: float, end: float) -> float:
    """Seconds between `start` and `end` that lie within any of `windows`."""
    covered, at = 0.0, start
    for first, last in sorted(windows):
        first, last = max(first, at), min(last, end)
        if last > first:
            covered, at = covered + last - first, last
    return covered


def _lead(trace: Trace, label: Label, tier: Tier) -> float | None:
    """Seconds from when the zone reached `tier`, for the last time before the danger's end, to the danger."""
    reached: float | None = None
    for change in trace.changes:
        if not isinstance(change, TierChanged) or change.zone != label.zone:
            continue
        if change.at > label.end:
            break
        if change.from_tier < tier <= change.to_tier:
            reached = change.at
        elif change.to_tier < tier <= change.from_tier and change.at < label.start:
            reached = None
    return None if reached is None else label.start - reached


def _skills(trace: Trace, actual: Series, score: Score) -> None:
    figures: tuple[Figure, ...] = ("density", "people")
    for zone, samples in trace.samples.items():
        for one in samples:
            minute = round((one.at - trace.recording.start) / EVERY_S)
            for figure in figures:
                known = actual.get((zone, figure), {})
                for ahead in one.ahead.get(figure, ()):
                    then, now = known.get(minute + ahead.minutes), known.get(minute)
                    if then is None or now is None:
                        continue
                    skill = score.skills.setdefault((figure, ahead.minutes), Skill())
                    skill.add(then, ahead.median, ahead.sigma, now, None)


def joined(scores: Iterable[Score]) -> Score:
    total = Score()
    for score in scores:
        total.join(score)
    return total
