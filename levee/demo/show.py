"""The demo from its start to its end: followed as lines or drawn as a view, then told."""

from __future__ import annotations

import json
import sys
from enum import Enum

from rich.console import Console
from rich.live import Live

from levee.demo.children import ChildDied
from levee.demo.session import Session, Wishes
from levee.demo.timeline import Json, rounded
from levee.demo.view import Frame, draw
from levee.stopping import Stop
from wire import Tier

#: Seconds between two looks at the state, and two drawings.
LOOK_S = 0.5


class Outcome(Enum):
    """How it ended."""

    REACHED = "reached"
    TIMED_OUT = "timed-out"
    STOPPED = "stopped"
    DIED = "died"


def run(wishes: Wishes, stop: Stop, *, plain: bool, as_json: bool) -> int:
    """Runs the demo to its end and returns the exit status: 0 where what was asked for happened.

    `plain` gives lines instead of the view. With `as_json` stdout holds one document and stderr the lines.
    """

    def say(line: str) -> None:
        if plain:
            print(line, file=sys.stderr if as_json else sys.stdout, flush=True)

    session = Session(wishes, say)
    fault = ""
    try:
        with session:
            for name, address in session.plan.addresses:
                say(f"{name}: {address}")
            outcome = _follow(session, stop) if plain else _show(session, stop, Console())
    except ChildDied as died:
        outcome, fault = Outcome.DIED, str(died)
    if as_json:
        json.dump(_document(session, outcome, fault), sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    elif not plain:
        sys.stdout.write("\n".join(_story(session)) + "\n")
    if outcome is Outcome.TIMED_OUT and wishes.until is not None:
        fault = _missed(session, wishes.until)
    if fault:
        sys.stderr.write(f"levee: {fault}\n")
    return _status(outcome, wishes, stop)


def _follow(session: Session, stop: Stop) -> Outcome:
    while not stop.wait(LOOK_S):
        if session.step():
            return Outcome.REACHED
        if session.overdue:
            return Outcome.TIMED_OUT
    return Outcome.STOPPED


def _show(session: Session, stop: Stop, console: Console) -> Outcome:
    def drawing() -> Frame:
        places = (*session.places, *session.answers)
        return Frame(session.elapsed_s, session.current_trends(), places, session.notice)

    with Live(console=console, screen=True, auto_refresh=False) as live:
        while not stop.wait(LOOK_S):
            reached = session.step()
            live.update(draw(session.snapshot, drawing(), console.width, console.height), refresh=True)
            if reached:
                return Outcome.REACHED
            if session.overdue:
                return Outcome.TIMED_OUT
    return Outcome.STOPPED


def _story(session: Session) -> list[str]:
    lines = session.timeline.lines() or ["no tier changed and nobody was paged"]
    ran = f"ran for {session.elapsed_s:.0f} s; {len(session.received)} pages arrived at the demo's telephone"
    kept = [f"kept: {session.wishes.keep}"] if session.wishes.keep else []
    return [*lines, ran, *kept]


def _document(session: Session, outcome: Outcome, fault: str) -> Json:
    until = session.wishes.until
    zones = session.snapshot.zones if session.snapshot else ()
    return {
        "until": until.label if until else None,
        "reached": outcome is Outcome.REACHED,
        "outcome": outcome.value,
        "fault": fault or None,
        "started": session.started.isoformat(),
        "seconds": round(session.elapsed_s, 1),
        "timeline": session.timeline.to_json(),
        "pages": session.timeline.pages_to_json(),
        "pages_received": len(session.received),
        "zones": [
            {
                "zone": zone.zone,
                "tier": zone.tier.label,
                "unknown": zone.unknown,
                "people": rounded(zone.people.value if zone.people else None, 1),
                "peak_density": rounded(zone.peak.value if zone.peak else None, 2),
            }
            for zone in zones
        ],
        **session.whereabouts(),
    }


def _missed(session: Session, until: Tier) -> str:
    within = f"within {session.wishes.timeout_s:g} s"
    if session.snapshot is None:
        return f"{until.label} was not reached {within}: {session.notice}"
    if session.timeline.reached(until):
        return f"{until.label} was reached, but not every page for it was accepted {within}"
    highest = max((zone.tier for zone in session.snapshot.zones), default=Tier.NORMAL)
    return f"{until.label} was not reached {within}; the highest tier was {highest.label}"


def _status(outcome: Outcome, wishes: Wishes, stop: Stop) -> int:
    if outcome is Outcome.REACHED or (wishes.until is None and outcome is not Outcome.DIED):
        return 0
    if outcome is Outcome.STOPPED and stop.number is not None:
        return 128 + stop.number
    return 1
