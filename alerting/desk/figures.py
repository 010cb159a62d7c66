"""The figures that show whether the duty works (发现率、处置及时率、有效性), from the record's entries alone. Pure.

Rates are shares of 0 to 1, and None where there was nothing to measure: no case is not a good case. Times in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import msgspec

from wire import Tier

Told = tuple[float, str, Mapping[str, Any]]
DEFAULT_DEADLINES = {"red_s": 60.0, "orange_s": 180.0, "yellow_s": 600.0}
ALARM = Tier.YELLOW


class NothingToReport(ValueError):
    """The record holds nothing of the days that were asked for."""


class Share(msgspec.Struct, frozen=True):
    """`good` of `of`."""

    good: int = 0
    of: int = 0

    @property
    def rate(self) -> float | None:
        return self.good / self.of if self.of else None


class UnitFigures(msgspec.Struct, kw_only=True):
    """Alarms that a unit was called for first, and how quickly somebody acknowledged them."""

    unit: str
    alarms: int = 0
    in_time: int = 0
    late: int = 0
    never: int = 0
    times_s: list[float] = []


class DrillFigures(msgspec.Struct, kw_only=True):
    id: str
    name: str
    begun: float
    #: `ended`, `stopped`, `abandoned` or `running`.
    how: str = "running"
    why: str = ""
    took_s: float | None = None
    #: Dangers that the scenario knows, and those that orange or red was told of before they began.
    dangers: int = 0
    found: int = 0
    lead_s: list[float] = []
    alarms: int = 0
    answered: list[float] = []
    steps: int = 0
    steps_in_time: int = 0
    steps_late: list[str] = []


class ZoneFigures(msgspec.Struct, kw_only=True):
    """Hours of the period in which a zone was judged, and of those in which it was seen."""

    zone: str
    hours: float = 0.0
    seen: float = 0.0


class Figures(msgspec.Struct, kw_only=True):
    begins: float
    ends: float
    #: Incidents of yellow and above, by the tier at which they began.
    alarms: dict[str, int] = {}
    found: Share = Share()
    lead_s: list[float] = []
    zones: list[ZoneFigures] = []
    cameras_down_h: dict[str, float] = {}
    units: list[UnitFigures] = []
    handled: Share = Share()
    #: From the acknowledgement to a tier below the one acknowledged; alarms that came down without rising further,
    #: of those answered.
    relief_s: list[float] = []
    relieved: Share = Share()
    steps: dict[str, int] = {}
    receipts: dict[str, int] = {}
    roll_calls: dict[str, dict[str, int]] = {}
    roll_s: list[float] = []
    drills: list[DrillFigures] = []
    hazards: dict[str, int] = {}
    hazards_open: list[dict[str, Any]] = []
    hazards_by_cause: dict[str, int] = {}
    events: list[dict[str, Any]] = []
    cap: dict[str, int] = {}


@dataclass
class _Alarm:
    at: float
    tier: Tier
    unit: str = ""
    #: Of a drill it counts only there.
    drill: str = ""
    answered: float | None = None
    #: Whether somebody had to answer.
    owed: bool = True
    relieved: float | None = None
    closed: float | None = None


@dataclass
class _Sum:
    begins: float
    ends: float
    deadlines: dict[str, float] = field(default_factory=lambda: dict(DEFAULT_DEADLINES))
    alarms: dict[str, _Alarm] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    tiers: dict[str, Tier] = field(default_factory=dict)
    drills: dict[str, DrillFigures] = field(default_factory=dict)
    truth: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    rises: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    hazards: dict[str, dict[str, Any]] = field(default_factory=dict)
    blind: dict[str, float] = field(default_factory=dict)
    unseen: dict[str, float] = field(default_factory=dict)
    down: dict[str, float] = field(default_factory=dict)
    down_h: dict[str, float] = field(default_factory=dict)
    on: float | None = None
    served: float = 0.0
    zones: list[str] = field(default_factory=list)
    last: float = 0.0

    def within(self, at: float) -> bool:
        return self.begins <= at < self.ends

    def overlap(self, begins: float, ends: float) -> float:
        return max(0.0, min(ends, self.ends) - max(begins, self.begins))


def figures(entries: Iterable[Told], begins: float, ends: float) -> Figures:
    """The figures of the time from `begins` to `ends`, from all entries up to then. NothingToReport."""
    made, work, inside = Figures(begins=begins, ends=ends), _Sum(begins, ends), 0
    for at, kind, body in entries:
        if at >= ends:
            work.last = ends
            break
        inside += at >= begins and kind not in ("term", "settings")
        _TAKE.get(kind, _nothing)(work, made, at, body)
        work.last = at
    if not inside:
        raise NothingToReport("the record holds nothing of these days")
    _finish(work, made)
    return made


def _nothing(work: _Sum, made: Figures, at: float, body: Mapping[str, Any]) -> None:
    """An entry that no figure is made of."""


def _count(counts: dict[str, int], key: str, by: int = 1) -> None:
    counts[key] = counts.get(key, 0) + by


def _term(work: _Sum, made: Figures, at: float, body: Mapping[str, Any]) -> None:
    if work.on is not None:
        # A service that was killed said no farewell: what was told last is its end.
        work.served += work.overlap(work.on, at if body["what"] == "ended" else work.last)
        work.on = None
    if body["what"] == "begun":
        work.on = at


def _settings(work: _Sum, made: Figures, at: float, body: Mapping[str, Any]) -> None:
    work.zones = list(body.get("zones", {}))
    work.deadlines |= body.get("deadlines") or {}


def _tier(work: _Sum, made: Figures, at: float, body: Mapping[str, Any]) -> None:
    name, drill = f"{body['site']}/{body['zone']}", str(body.get("drill", ""))
    after, before = Tier.from_label(body["to"]), Tier.from_label(body["from"])
    if drill:
        if after >= Tier.ORANGE and after > before:
            work.rises.setdefault(drill, []).append((str(body["zone"]), at))
        return
    work.tiers[name] = after
    for incident, where in work.open.items():
        alarm = work.alarms.get(incident)
        below = alarm is not None and where == name and after < alarm.tier
        if alarm is not None and below and alarm.answered is not None and alarm.relieved is None:
            alarm.relieved = at


def _incident(work: _Sum, made: Figures, at: float, body: Mapping[str, Any]) -> None:
    what, name, drill = body["what"], str(body["incident"]), str(body.get("drill", ""))
    tier = Tier.from_label(body["tier"])
    if what in ("opened", "alarm"):
        if body["phase"] == "unacknowledged" and tier >= ALARM:
            known = work.alarms.get(name)
            if known is not None and known.answered is None:
                known.tier = max(known.tier, tier)
            elif known is not None:
                work.alarms[f"{name}#{at}"] = known
            if known is None or known.answered is not None:
                work.alarms[name] = _Alarm(at, tier, drill=drill, unit=known.unit if known is not None else "")
            work.open[name] = f"{body['site']}/{body['zone']}"
        if work.within(at) and not drill and what == "opened" and tier >= ALARM:
            _count(made.alarms, tier.label)
    elif what == "acknowledged":
        alarm = work.alarms.get(name)
        if alarm is not None and alarm.answered is None:
            alarm.answered = at
    elif what == "closed":
        work.open.pop(name, None)
        alarm = work.alarms.get(name)
        if alarm is not None:
            alarm.closed = at


def _call(work: _Sum, made: Figures, at: float, body: Mapping[str, Any]) -> None:
    for name, _ in body["incidents"]:
        alarm = work.alarms.get(str(name))
        if alarm is not None and not alarm.unit:
            alarm.unit = str(body["unit"])


def _unseen(work: _Sum, made: Figures, at: float, body: Mapping[str, Any]) -> None:
    work.blind.setdefault(f"{body['site']}/{body['zone']}", at)


def _seen(work: _Sum, made: Figures, at: float, body: Mapping[str, Any]) -> None:
    name = f"{body['site']}/{body['zone']}"
    since = work.blind.pop(name, None)
    if since is not None:
        work.unseen[name] = work.unseen.get(name, 0.0) + work.overlap(since, at)


def _condition(work: _Sum, made: Figures, at: float, body: Mapping[str, Any]) -> None:
    name = str(body["subject"])
    if not name.startswith("camera/"):
        return
    if body["wrong"]:
        work.down.setdefault(name, at)
    elif name in work.down:
        work.down_h[name] = work.down_h.get(name, 0.0) + work.overlap(work.down.pop(name), at) / 3600


def _step(work: _Sum, made: Figures, at: float, body: Mapping[str, Any]) -> None:
    what, drill = body["what"], str(body.get("drill", ""))
    ended = {"done": "in time", "received": "in time", "waived": "waived", "lapsed": "not done", "begun": "begun"}
    word = "late" if what in ("done", "received") and body.get("late") else ended.get(what, "")
    if drill:
        one = work.drills.get(drill)
        if one is not None:
            one.steps += what == "begun"
            one.steps_in_time += word == "in time"
            if what == "overdue":
                one.steps_late.append(f"{body['plan']}/{body['step']}")
        return
    if not word or not work.within(at):
        return
    _count(made.receipts if body["to"] else made.steps, word)


def _roll(work: _Sum, made: Figures, at: float, body: Mapping[str, Any]) -> None:
    if not work.within(at):
        return
    _count(made.roll_calls.setdefault(str(body["unit"]), {}), str(body["what"]))
    if body["what"] in ("confirmed", "late"):
        made.roll_s.append(float(body["took_s"]))


def _drill(work: _Sum, made: Figures, at: float, body: Mapping[str, Any]) -> None:
    name, what = str(body["drill"]), str(body["what"])
    if what == "begun":
        work.drills[name] = DrillFigures(id=name, name=str(body["name"]), begun=at)
        work.truth[name] = [(str(zone), float(start)) for zone, start in body.get("truth", ())]
    elif name in work.drills:
        one = work.drills[name]
        one.how, one.why, one.took_s = what, str(body.get("why", "")), body.get("took_s")


def _hazard(work: _Sum, made: Figures, at: float, body: Mapping[str, Any]) -> None:
    name, what = str(body["hazard"]), str(body["what"])
    known = work.hazards.setdefault(name, {"opened": at, "words": ""})
    known |= {"state": what, "owner": body["owner"], "level": body["level"], "cause": body["cause"]}
    known["words"] = body.get("words") or known["words"]
    known["deadline"] = body.get("deadline", known.get("deadline"))
    if not work.within(at):
        return
    _count(made.hazards, what)
    if what == "opened":
        _count(made.hazards_by_cause, str(body["cause"]))
    if what == "closed":
        _count(made.hazards, "closed in time", int(bool(body.get("in_time"))))


def _event(work: _Sum, made: Figures, at: float, body: Mapping[str, Any]) -> None:
    if work.within(at):
        kept = ("event", "what", "begins", "ends", "why", "hours_before", "assessed")
        made.events.append({"at": at, **{key: body[key] for key in kept if key in body}})


def _cap(work: _Sum, made: Figures, at: float, body: Mapping[str, Any]) -> None:
    if work.within(at):
        _count(made.cap, f"{body['status']} {body['type']} {body['scope']}")


_TAKE = {
    "term": _term,
    "settings": _settings,
    "tier": _tier,
    "drill-tier": _tier,
    "incident": _incident,
    "drill-incident": _incident,
    "call": _call,
    "drill-call": _call,
    "held": _unseen,
    "seen-again": _seen,
    "condition": _condition,
    "step": _step,
    "roll-call": _roll,
    "drill": _drill,
    "hazard": _hazard,
    "event": _event,
    "cap": _cap,
}


def _finish(work: _Sum, made: Figures) -> None:
    until = min(work.ends, work.last)
    if work.on is not None:
        work.served += work.overlap(work.on, until)
    for name, since in work.down.items():
        work.down_h[name] = work.down_h.get(name, 0.0) + work.overlap(since, until) / 3600
    made.cameras_down_h = {name: round(hours, 3) for name, hours in sorted(work.down_h.items()) if hours > 0}
    for name in work.zones:
        unseen = work.unseen.get(name, 0.0)
        unseen += work.overlap(work.blind[name], until) if name in work.blind else 0.0
        hours = work.served / 3600
        made.zones.append(ZoneFigures(zone=name, hours=round(hours, 3), seen=round(max(0.0, hours - unseen / 3600), 3)))
    _handled(work, made, until)
    for name, one in work.drills.items():
        if work.within(one.begun):
            _found(work, name, one)
            made.drills.append(one)
            made.found = Share(made.found.good + one.found, made.found.of + one.dangers)
            made.lead_s += one.lead_s
    for name, known in work.hazards.items():
        if known["state"] in ("opened", "reopened", "overdue"):
            overdue = known["deadline"] is not None and known["deadline"] <= until
            made.hazards_open.append({"hazard": name, "overdue": overdue, **known})
    made.hazards["open at the end"] = len(made.hazards_open)
    made.hazards["overdue at the end"] = sum(bool(one["overdue"]) for one in made.hazards_open)


def _handled(work: _Sum, made: Figures, until: float) -> None:
    units: dict[str, UnitFigures] = {}
    good = of = came_down = answered = 0
    for alarm in work.alarms.values():
        limit = work.deadlines.get(f"{alarm.tier.label}_s", 600.0)
        if alarm.drill:
            one = work.drills.get(alarm.drill)
            if one is not None:
                one.alarms += 1
                one.answered += [round(alarm.answered - alarm.at, 1)] if alarm.answered is not None else []
            continue
        if not work.within(alarm.at) or (alarm.answered is None and until - alarm.at < limit):
            continue
        unit = units.setdefault(alarm.unit or "nobody", UnitFigures(unit=alarm.unit or "nobody"))
        unit.alarms, of = unit.alarms + 1, of + 1
        if alarm.answered is None:
            unit.never += 1
            continue
        took, answered = round(alarm.answered - alarm.at, 1), answered + 1
        unit.times_s.append(took)
        in_time = took <= limit
        unit.in_time, unit.late, good = unit.in_time + in_time, unit.late + (not in_time), good + in_time
        if alarm.relieved is not None:
            came_down += 1
            made.relief_s.append(round(alarm.relieved - alarm.answered, 1))
    made.units = sorted(units.values(), key=lambda one: one.unit)
    made.handled, made.relieved = Share(good, of), Share(came_down, answered)


def _found(work: _Sum, name: str, one: DrillFigures) -> None:
    """A danger is found where orange or red was told of its zone before it began. One that the drill was stopped before
    is no case."""
    over = one.begun + one.took_s if one.took_s is not None else work.last
    for zone, start in work.truth.get(name, []):
        if start > over:
            continue
        one.dangers += 1
        before = [at for where, at in work.rises.get(name, []) if where == zone and at <= start]
        if before:
            one.found += 1
            one.lead_s.append(round(start - before[0], 1))


def middle(values: list[float]) -> float | None:
    return round(median(values), 1) if values else None
