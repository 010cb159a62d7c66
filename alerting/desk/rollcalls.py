"""Roll-calls (查岗): at times that nobody can foresee, who is on duty confirms. The times follow from a secret seed."""

from __future__ import annotations

import hashlib

from msgspec.structs import replace

from alerting.assess.effects import effect_id
from alerting.desk.events import RollAnswered, Withdrawn
from alerting.desk.settings import RollCallSettings
from alerting.desk.state import RollCall
from alerting.desk.work import Work

#: One that could not be held for so long, through a restart, is left out.
LATE_S = 900.0
KEPT_S = 86_400.0


def moment_of(seed: str, settings: RollCallSettings, window: int) -> float:
    """When the roll-call of a window is: evenly at random over the window, but for the time of the answer."""
    whole = settings.every_h * 3600
    drawn = hashlib.sha256(f"{seed}\x1froll\x1f{settings.unit}\x1f{window}".encode()).digest()
    share = int.from_bytes(drawn[:7], "big") / 2**56
    return window * whole + share * max(1.0, whole - settings.answer_s)


def passed(work: Work) -> None:
    for settings in work.book.desk.roll_calls:
        window = int(work.now // (settings.every_h * 3600))
        at = moment_of(work.seed, settings, window)
        if work.now < at or work.rolled.get(settings.unit) == window:
            continue
        first = settings.unit not in work.rolled
        work.rolled[settings.unit] = window
        if work.now - at > LATE_S:
            if not first:
                work.log("roll-call", what="left-out", unit=settings.unit, why="the service was not there")
        elif work.busy:
            work.log("roll-call", what="left-out", unit=settings.unit, why="an incident is open")
        else:
            _ask(work, settings, window)
    for roll in list(work.rolls.values()):
        if roll.answered_at is None and not roll.missed and work.now >= roll.due:
            _missed(work, roll)
        elif (roll.answered_at is not None or roll.missed) and work.now - roll.due > KEPT_S:
            del work.rolls[roll.id]


def _ask(work: Work, settings: RollCallSettings, window: int) -> None:
    people = work.book.on_duty(settings.unit, work.now)
    roll = RollCall(
        id=effect_id("roll-call", settings.unit, window),
        unit=settings.unit,
        person=people[0] if people else "",
        at=work.now,
        due=work.now + settings.answer_s,
    )
    work.rolls[roll.id] = roll
    _log(work, roll, "asked", due=roll.due)
    if not people:
        _missed(work, roll)
        return
    unit, by = work.book.unit_title(roll.unit), work.book.clock(roll.due, "%H:%M")
    work.tell(
        f"roll {roll.id}",
        roll.unit,
        "roll-call",
        f"查岗：{unit}，请于 {by} 前确认在岗。",
        f"Roll-call: {unit}. Please confirm by {by} that you are at your post.",
        to=people[:1],
        asks=(f"roll:{roll.id}",),
    )


def _missed(work: Work, roll: RollCall) -> None:
    work.rolls[roll.id] = replace(roll, missed=True)
    _log(work, roll, "missed")
    book, at = work.book, work.book.clock(roll.at, "%H:%M")
    title, above = book.unit_title(roll.unit), book.above(roll.unit)
    others = tuple(name for name in book.on_duty(above, work.now) if name != roll.person)
    work.tell(
        f"missed {roll.id}",
        above,
        "roll-missed",
        f"查岗无应答：{title}，{at} 查岗至今未确认，请核实。",
        f"Nobody answered the roll-call of {title} at {at}: please see to it that somebody is there.",
        to=others[:1] or None,
    )


def answered(work: Work, event: RollAnswered) -> None:
    roll = work.rolls.get(event.roll)
    if work.unknown(event.person):
        return
    if roll is None:
        work.refuse("unknown-roll", "there is no such roll-call now")
    elif roll.person != event.person:
        work.refuse("not-yours", "somebody else was asked")
    elif roll.answered_at is not None:
        work.refuse("already", f"already confirmed at {work.book.clock(roll.answered_at, '%H:%M:%S')}")
    else:
        work.rolls[roll.id] = replace(roll, answered_at=work.now)
        what = "late" if roll.missed else "confirmed"
        _log(work, roll, what, took_s=round(work.now - roll.at, 1), how=event.how)
        work.asked.append(Withdrawn((f"roll:{roll.id}",)))


def _log(work: Work, roll: RollCall, what: str, **more: object) -> None:
    work.log("roll-call", "person", roll=roll.id, what=what, unit=roll.unit, person=roll.person, at=roll.at, **more)
