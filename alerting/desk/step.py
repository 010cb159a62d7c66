"""The whole duty desk: a pure function of its state, what happened, and the book it goes by.

No clock, no I/O, no chance: time comes with what happens, and never goes back; roll-calls follow from a seed. What was
due while nobody looked is due at the next look, once.
"""

from __future__ import annotations

import math

from msgspec.structs import replace

from alerting.desk import cap, drills, hazards, occasions, plans, rollcalls
from alerting.desk.events import (
    Asked,
    Assessed,
    Began,
    CapReleased,
    DrillBegun,
    DrillEnded,
    DrillHeard,
    Forgotten,
    Happening,
    HazardClosed,
    HazardOpened,
    HazardRechecked,
    IncidentEnded,
    Noticed,
    OccasionCancelled,
    OccasionSet,
    Passed,
    Received,
    RollAnswered,
    StepDone,
    TierFell,
    TierRose,
)
from alerting.desk.state import DeskState
from alerting.desk.work import Book, Work
from wire import Tier


def step(state: DeskState, happened: Happening, book: Book) -> tuple[DeskState, list[Asked]]:
    """The desk after `happened`, and what is to be done. ValueError for a time that is not finite."""
    if not math.isfinite(happened.at):
        raise ValueError(f"something happened to the desk at {happened.at}, which is no time")
    work = Work(state, max(happened.at, state.at), book)
    match happened:
        case Passed():
            _passed(work)
        case Began():
            work.seed = work.seed or happened.seed
            occasions.began(work)
            drills.began(work)
            _passed(work)
        case TierRose():
            _rose(work, happened)
        case TierFell():
            cap.changed(work, happened)
            if not happened.drill and happened.tier < Tier.ORANGE:
                _quiet(work, happened.incident)
        case IncidentEnded():
            plans.ended(work, happened)
            _quiet(work, happened.incident)
        case StepDone():
            plans.done(work, happened)
        case Received():
            plans.received(work, happened)
        case OccasionSet():
            occasions.put(work, happened)
        case OccasionCancelled():
            occasions.cancel(work, happened)
        case Assessed():
            occasions.assess(work, happened)
        case DrillBegun():
            drills.begin(work, happened)
        case DrillHeard():
            drills.heard(work)
        case DrillEnded():
            drills.end(work, happened)
        case RollAnswered():
            rollcalls.answered(work, happened)
        case HazardOpened():
            hazards.enter(work, happened)
        case HazardClosed():
            hazards.close(work, happened)
        case HazardRechecked():
            hazards.recheck(work, happened)
        case Noticed():
            hazards.noticed(work, happened)
        case CapReleased():
            cap.release(work, happened)
        case Forgotten():
            _forget(work, happened.person)
    return work.state(), work.asked


def _passed(work: Work) -> None:
    plans.passed(work)
    occasions.passed(work)
    rollcalls.passed(work)
    drills.passed(work)
    hazards.passed(work)


def _rose(work: Work, event: TierRose) -> None:
    if event.drill and (work.drill is None or work.drill.id != event.drill):
        # It was stopped a moment ago: what still comes of it begins nothing.
        return
    if not event.drill and event.tier >= Tier.ORANGE:
        drills.rose(work, event)
        if event.incident not in work.busy:
            work.busy = (*work.busy, event.incident)
    cap.changed(work, event)
    plans.rose(work, event)


def _quiet(work: Work, incident: str) -> None:
    work.busy = tuple(one for one in work.busy if one != incident)


def _forget(work: Work, person: str) -> None:
    """Names are taken out; what was done stays."""
    for name, task in work.tasks.items():
        if task.by == person:
            work.tasks[name] = replace(task, by="")
    for name, roll in work.rolls.items():
        if roll.person == person:
            work.rolls[name] = replace(roll, person="")
    for name, hazard in work.hazards.items():
        if person in (hazard.opened_by, hazard.closed_by):
            opened = "" if hazard.opened_by == person else hazard.opened_by
            closed = "" if hazard.closed_by == person else hazard.closed_by
            work.hazards[name] = replace(hazard, opened_by=opened, closed_by=closed)
    for name, occasion in work.occasions.items():
        if occasion.approved_by == person:
            work.occasions[name] = replace(occasion, approved_by="")
    if work.drill is not None and work.drill.by == person:
        work.drill = replace(work.drill, by="")
