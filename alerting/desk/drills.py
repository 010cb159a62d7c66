"""Drills (演练): one at a time, beside live operation, and over with the first real orange."""

from __future__ import annotations

from msgspec.structs import replace

from alerting.desk import cap, hazards, plans
from alerting.desk.events import DrillBegun, DrillEnded, DrillOver, IncidentEnded, TierFell, TierRose
from alerting.desk.settings import HazardKind, HazardLevel
from alerting.desk.state import Drill, HazardState
from alerting.desk.work import Work
from wire import Tier

#: A drill of which no reading came for so long is over.
SILENT_S = 60.0
DAY_S = 86_400.0


def begin(work: Work, event: DrillBegun) -> None:
    if work.unknown(event.person):
        return
    settings = work.book.desk.drill(event.drill)
    if settings is None:
        known = ", ".join(sorted(drill.name for drill in work.book.desk.drills)) or "none"
        work.refuse("unknown-drill", f"no drill is called {event.drill}: there are {known}")
    elif work.drill is not None:
        work.refuse("drill-running", f"the drill {work.drill.name} is running: end it first")
    elif work.busy:
        work.refuse("busy", "a real incident at orange or above is open: no drill now")
    else:
        work.drill = Drill(
            id=event.id,
            name=settings.name,
            site=settings.site,
            plans=settings.plans,
            begun=work.now,
            by=event.person,
            heard=work.now,
        )
        work.log(
            "drill",
            "by",
            drill=event.id,
            what="begun",
            name=settings.name,
            site=settings.site,
            plans=list(settings.plans),
            by=event.person,
            truth=[list(one) for one in event.truth],
        )


def heard(work: Work) -> None:
    if work.drill is not None:
        work.drill = replace(work.drill, heard=work.now)


def end(work: Work, event: DrillEnded) -> None:
    if work.drill is None:
        work.refuse("no-drill", "no drill is running")
    elif not work.unknown(event.person):
        over(work, "ended", event.why[:200], by=event.person)


def over(work: Work, how: str, why: str, by: str = "") -> None:
    """`how`: `ended`, `stopped` by something real, or `abandoned`. Only one that ended has exercised its plans."""
    drill = work.drill
    if drill is None:
        return
    for incident in dict.fromkeys(task.incident for task in work.tasks.values() if task.drill == drill.id):
        plans.ended(work, IncidentEnded(work.now, incident), why=f"drill {how}")
    for key in [key for key in work.cap if key.startswith(f"{drill.id}/")]:
        _, site, zone = key.split("/")
        cap.changed(work, TierFell(work.now, site, zone, Tier.NORMAL, "", f"drill {how}", drill=drill.id))
    work.drill = None
    body: dict[str, object] = {"drill": drill.id, "what": how, "name": drill.name, "site": drill.site, "why": why}
    body["took_s"] = round(work.now - drill.begun, 1)
    work.log("drill", *(("by",) if by else ()), **body, **({"by": by} if by else {}))
    work.asked.append(DrillOver(drill.id, f"{how}: {why}"))
    if how == "ended":
        for plan in drill.plans:
            work.exercised[plan] = work.now
            open_now = hazards.of(work, f"plan/{plan}")
            if open_now is not None and open_now.state is HazardState.OPEN:
                hazards.shut(work, open_now, f"exercised by drill {drill.name} ({drill.id[:8]})", by)


def rose(work: Work, event: TierRose) -> None:
    """Something real ends the drill: whoever is called must not wonder which it is."""
    if work.drill is not None:
        over(work, "stopped", f"real {event.tier.label} at {event.site}/{event.zone}")


def began(work: Work) -> None:
    """From when it is first known, a plan has its time to be exercised."""
    for plan in work.book.desk.plans:
        work.exercised.setdefault(plan.name, work.now)


def passed(work: Work) -> None:
    if work.drill is not None and work.now - work.drill.heard > SILENT_S:
        over(work, "abandoned", f"no reading of it came for {SILENT_S:g} s")
    for plan in work.book.desk.plans:
        last = work.exercised.setdefault(plan.name, work.now)
        if plan.exercise_days is not None and work.now - last > plan.exercise_days * DAY_S:
            hazards.raise_hazard(
                work,
                HazardKind.UNEXERCISED,
                f"plan/{plan.name}",
                HazardLevel.DEPARTMENT,
                plan.steps[0].owner,
                f"{plan.title}: {plan.exercise_days} d",
                site=plan.site,
            )
