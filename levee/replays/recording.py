"""What can be replayed, whatever it came from: a site, a state to begin with, and events in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from alerting.assess import Change, Effect, Event, HeldUnknown, Page, SiteState, UnknownEnded, step
from alerting.settings import SiteSettings

#: A zone that is first seen so soon after the beginning was not unknown: it had only not been told of yet.
BEGINNING_S = 60.0


class ReplayRefused(ValueError):
    """Something that cannot be replayed; one line for each fault, with file and row."""

    @classmethod
    def of(cls, faults: list[str], most: int = 20) -> ReplayRefused:
        more = [f"... and {len(faults) - most} more"] if len(faults) > most else []
        return cls("\n".join([*faults[:most], *more]))


@dataclass(frozen=True)
class Label:
    """A danger that is known to have been: seconds since 1970 UTC."""

    zone: str
    start: float
    end: float
    what: str


@dataclass
class Recording:
    """`length` is how many events there will be, as far as that is known; `told_from_start`: whether what the first
    state says of unknown zones is a fact, as in a log, or only the beginning of a file."""

    name: str
    site: SiteSettings
    begin: SiteState
    events: Iterable[Event]
    start: float
    end: float
    labels: tuple[Label, ...] = ()
    told_from_start: bool = False
    notes: list[str] = field(default_factory=list)


def fold(recording: Recording) -> Iterator[tuple[Event, SiteState, list[Effect]]]:
    """Each event with the state after it and what followed: the judgement, and nothing else."""
    state = recording.begin
    for event in recording.events:
        state, effects = step(state, event)
        yield event, state, effects


def told(recording: Recording, effects: Iterable[Effect]) -> Iterator[Change | Page]:
    """What is worth telling: changes, and pages for blindness; not that a file begins with nothing seen."""
    soon = recording.begin.at + BEGINNING_S
    for effect in effects:
        if isinstance(effect, Page):
            if effect.unknown:
                yield effect
        elif recording.told_from_start or effect.at > soon:
            yield effect
        elif isinstance(effect, HeldUnknown):
            if effect.at > recording.begin.at:
                yield effect
        elif not isinstance(effect, UnknownEnded):
            yield effect
