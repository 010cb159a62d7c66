"""Plans and linkage: the steps that a rise begins, and what becomes of each."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from alerting.assess.effects import effect_id
from alerting.desk.events import IncidentEnded, Received, StepDone, TierRose, Withdrawn
from alerting.desk.settings import Plan
from alerting.desk.state import Task, TaskState
from alerting.desk.work import Work
from wire import Tier

#: Steps of an ended incident are shown for so long.
KEPT_S = 86_400.0


def applies(plan: Plan, site: str, zone: str, tier: Tier) -> bool:
    return plan.site == site and (not plan.zones or zone in plan.zones) and Tier.from_label(plan.tier) <= tier


def rose(work: Work, event: TierRose) -> None:
    """Begin the steps of every plan up to this tier that the incident has not begun yet."""
    begun = {task.plan for task in work.tasks.values() if task.incident == event.incident}
    fresh = []
    for plan in work.book.desk.plans:
        if plan.name in begun or not applies(plan, event.site, event.zone, event.tier):
            continue
        for step in plan.steps:
            task = Task(
                id=effect_id("step", event.incident, plan.name, step.name),
                incident=event.incident,
                site=event.site,
                zone=event.zone,
                plan=plan.name,
                step=step.name,
                kind=step.kind,
                zh=step.zh,
                en=step.en,
                owner=step.owner,
                to=step.to or "",
                tier=event.tier,
                opened=work.now,
                due=work.now + step.within_s,
                drill=event.drill,
            )
            work.tasks[task.id] = task
            fresh.append(task)
            _log(work, task, "begun", due=task.due)
    if not fresh:
        return
    for owner in dict.fromkeys(task.owner for task in fresh):
        _tell(work, owner, [task for task in fresh if task.owner == owner], f"steps {event.at}")
    for task in fresh:
        if task.to:
            _tell_body(work, task, "linkage")


def _tell(work: Work, unit: str, tasks: Sequence[Task], mark: str) -> None:
    """The steps of one unit in one notice; its link has a button for each."""
    first, book = tasks[0], work.book
    place, form = book.place(first.site, first.zone), "%H:%M:%S"
    zh = f"{place} 预案步骤，责任单位 {book.unit_title(unit)}："
    en = f"{place}: steps of the plan for {book.unit_title(unit)}:"
    for number, task in enumerate(tasks, 1):
        body = book.desk.body(task.to) if task.to else None
        zh += f"\n{number}. {task.zh}" + (f"（联动 {body.title}）" if body else "")
        en += f"\n{number}. {task.en}" + (f" (to {body.title})" if body else "")
        zh += f"，{book.clock(task.due, form)} 前完成"
        en += f", by {book.clock(task.due, form)}"
    work.tell(
        f"{mark} {first.incident} {unit}",
        unit,
        "steps",
        zh,
        en,
        asks=tuple(f"step:{task.id}" for task in tasks),
        site=first.site,
        zone=first.zone,
        tier=first.tier,
        drill=first.drill,
    )


def _tell_body(work: Work, task: Task, what: str) -> None:
    """Ask the other body for what the step says, and for its receipt."""
    place, by = work.book.place(task.site, task.zone), work.book.clock(task.due, "%H:%M:%S")
    late_zh, late_en = ("（催办，尚未回执）", " (again: no receipt yet)") if what == "overdue" else ("", "")
    work.tell(
        f"{what} {task.id} {work.now}",
        task.owner,
        "linkage",
        f"{place} 应急联动{late_zh}：{task.zh}。请于 {by} 前回执。",
        f"{place}, request{late_en}: {task.en}. Please confirm receipt by {by}.",
        to=(task.to,),
        body=task.to,
        asks=(f"receipt:{task.id}",),
        site=task.site,
        zone=task.zone,
        tier=task.tier,
        drill=task.drill,
    )


def passed(work: Work) -> None:
    """Steps that are overdue are shown as such, and called for, until somebody ends that."""
    for task in list(work.tasks.values()):
        if task.state.waits and work.now >= task.due and work.now >= task.again:
            first = task.state is TaskState.OPEN
            task = replace(task, state=TaskState.OVERDUE, again=work.now + work.book.desk.overdue_again_s)
            work.tasks[task.id] = task
            if first:
                _log(work, task, "overdue")
            if task.to:
                _tell_body(work, task, "overdue")
            above = work.book.above(task.owner)
            for unit in dict.fromkeys((task.owner, above)):
                _overdue(work, task, unit)
        elif task.ended and work.now - max(task.due, task.done_at or 0.0) > KEPT_S:
            del work.tasks[task.id]


def _overdue(work: Work, task: Task, unit: str) -> None:
    place, book = work.book.place(task.site, task.zone), work.book
    minutes = round((work.now - task.due) / 60)
    ago_zh, ago_en = (f"已逾期 {minutes} 分钟", f"{minutes} min overdue") if minutes else ("已到期", "due now")
    body = book.desk.body(task.to) if task.to else None
    who = body.title if body else book.unit_title(task.owner)
    zh_what, en_what = ("联动未回执", "no receipt") if body else ("预案步骤未完成", "step not done")
    work.tell(
        f"overdue {task.id} {work.now} {unit}",
        unit,
        "overdue",
        f"{place} {zh_what}（{who}，{ago_zh}）：\n1. {task.zh}",
        f"{place}: {en_what} ({who}, {ago_en}):\n1. {task.en}",
        asks=(f"step:{task.id}",),
        site=task.site,
        zone=task.zone,
        tier=task.tier,
        drill=task.drill,
    )


def done(work: Work, event: StepDone) -> None:
    task = _wanted(work, event.task, event.person)
    if task is None:
        return
    if event.waived and not event.words.strip():
        work.refuse("no-reason", "a step that does not apply needs words that say why")
        return
    if task.to and not event.waived:
        received(work, Received(event.at, event.task, "told", event.person, event.words))
        return
    state = TaskState.WAIVED if event.waived else TaskState.DONE
    task = replace(task, state=state, done_at=work.now, by=event.person, words=event.words[:200])
    _finish(work, task, state.value, by=event.person)


def received(work: Work, event: Received) -> None:
    """The body's own answer, or a person of ours who has heard it."""
    task = work.tasks.get(event.task)
    if task is None or not task.to:
        work.refuse("unknown-step", "there is no such request to another body")
        return
    if event.how != "link" and _wanted(work, event.task, event.person) is None:
        return
    if not task.state.waits:
        _no(work, task)
        return
    task = replace(task, state=TaskState.DONE, done_at=work.now, by=event.person, words=event.words[:200])
    _finish(work, task, "received", how=event.how, by=event.person)


def _wanted(work: Work, name: str, person: str) -> Task | None:
    if work.unknown(person):
        return None
    task = work.tasks.get(name)
    if task is None:
        work.refuse("unknown-step", "there is no such step now")
    elif not task.state.waits:
        _no(work, task)
        return None
    return task


def _no(work: Work, task: Task) -> None:
    if task.state is TaskState.LAPSED:
        work.refuse("closed", "its incident has ended")
    else:
        at = work.book.clock(task.done_at or work.now, "%H:%M:%S")
        work.refuse("already", f"already {task.state.value} at {at}")


def _finish(work: Work, task: Task, what: str, how: str = "", by: str = "") -> None:
    work.tasks[task.id] = task
    body = {"how": how} if how else {}
    _log(work, task, what, by=by, late=task.late, took_s=round(work.now - task.opened, 1), words=task.words, **body)
    work.asked.append(Withdrawn((f"step:{task.id}", f"receipt:{task.id}")))


def ended(work: Work, event: IncidentEnded, why: str = "") -> None:
    """What was not done is left, and said so."""
    for task in list(work.tasks.values()):
        if task.incident != event.incident or task.ended:
            continue
        task = replace(task, ended=True)
        if task.state.waits:
            late = task.state is TaskState.OVERDUE
            task = replace(task, state=TaskState.LAPSED, words=why)
            _log(work, task, "lapsed", late=late, words=why)
            work.asked.append(Withdrawn((f"step:{task.id}", f"receipt:{task.id}")))
        work.tasks[task.id] = task


def _log(work: Work, task: Task, what: str, by: str = "", **more: object) -> None:
    work.log(
        "step",
        *(("by",) if by else ()),
        task=task.id,
        what=what,
        incident=task.incident,
        site=task.site,
        zone=task.zone,
        plan=task.plan,
        step=task.step,
        owner=task.owner,
        to=task.to,
        tier=task.tier.label,
        drill=task.drill,
        **({"by": by} if by else {}),
        **more,
    )
