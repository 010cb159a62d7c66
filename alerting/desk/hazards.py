"""The hazards register (隐患): opened by people and by what is out of order, closed with evidence, looked at again."""

from __future__ import annotations

from msgspec.structs import replace

from alerting.assess.effects import effect_id
from alerting.desk.events import HazardClosed, HazardOpened, HazardRechecked, Noticed
from alerting.desk.settings import HazardKind, HazardLevel
from alerting.desk.state import Hazard, HazardState, Trouble
from alerting.desk.work import Work

DAY_S = 86_400.0
#: A hazard that was looked at again stays in sight for so long.
KEPT_S = 30 * DAY_S
NAMES = {
    HazardKind.CAMERA: ("摄像机长时间故障", "camera down for long"),
    HazardKind.BOX: ("前端设备失联", "box silent for long"),
    HazardKind.UNCALIBRATED: ("区域未标定", "zone not calibrated"),
    HazardKind.UNEXERCISED: ("预案未演练", "plan not exercised"),
    HazardKind.STALE: ("风险评估失效", "risk assessment missing or stale"),
    HazardKind.INSPECTION: ("暗查发现", "finding of an inspection"),
    HazardKind.SELF_ASSESSMENT: ("自评价发现", "finding of the self-assessment"),
    HazardKind.OTHER: ("隐患", "hazard"),
}


def of(work: Work, subject: str) -> Hazard | None:
    """The hazard about `subject` that is open, or closed and not yet looked at again."""
    found = [one for one in work.hazards.values() if one.subject == subject and one.state is not HazardState.CHECKED]
    return found[-1] if found and subject else None


def keeper(work: Work) -> str:
    """The unit that answers for what nobody else does."""
    book = work.book
    return book.desk.hazards.owner or book.duty.keeper or book.duty.units[0].name


def enter(work: Work, event: HazardOpened) -> None:
    """A person's finding."""
    if work.unknown(event.person):
        return
    if work.book.duty.unit(event.owner) is None:
        work.refuse("unknown-unit", f"no unit is called {event.owner}: a hazard needs an owner")
    elif not event.words.strip():
        work.refuse("no-words", "a hazard needs words that say what is wrong")
    elif event.id not in work.hazards:
        days = event.days or work.book.desk.hazards.days.get(event.level, 7.0)
        raise_hazard(
            work,
            event.kind,
            "",
            event.level,
            event.owner,
            event.words,
            site=event.site,
            zone=event.zone,
            by=event.person,
            deadline=work.now + days * DAY_S,
            mark=event.id,
        )


def raise_hazard(
    work: Work,
    kind: HazardKind,
    subject: str,
    level: HazardLevel,
    owner: str,
    words: str,
    *,
    site: str = "",
    zone: str = "",
    by: str = "",
    deadline: float | None = None,
    mark: str = "",
) -> None:
    """Into the register, or open again where it was closed and has come back."""
    known = of(work, subject)
    if known is not None:
        if known.state is HazardState.CLOSED:
            reopen(work, known, words)
        return
    if deadline is None:
        deadline = work.now + work.book.desk.hazards.days.get(level, 7.0) * DAY_S
    hazard = Hazard(
        id=mark or effect_id("hazard", subject, work.now),
        kind=kind,
        subject=subject,
        site=site,
        zone=zone,
        level=level,
        owner=owner,
        words=words[:300],
        opened=work.now,
        opened_by=by,
        deadline=deadline,
        listed=level in (HazardLevel.DISTRICT, HazardLevel.CITY),
    )
    work.hazards[hazard.id] = hazard
    _log(work, hazard, "opened", by=by, words=hazard.words, deadline=deadline)
    _tell(work, hazard, "hazard", owner, "新增", "opened")


def reopen(work: Work, hazard: Hazard, words: str, by: str = "") -> None:
    days = work.book.desk.hazards.days.get(hazard.level, 7.0)
    hazard = replace(
        hazard,
        state=HazardState.OPEN,
        words=words[:300] or hazard.words,
        deadline=work.now + days * DAY_S,
        reminded=False,
        again=0.0,
        calls=0,
        recheck_at=None,
        recheck_told=False,
        reopened=hazard.reopened + 1,
        listed=True,
    )
    work.hazards[hazard.id] = hazard
    _log(work, hazard, "reopened", by=by, words=hazard.words, deadline=hazard.deadline)
    _tell(work, hazard, "hazard", hazard.owner, "复发，重新立案", "opened again")


def close(work: Work, event: HazardClosed) -> None:
    """With evidence, by a person; refused while the cause stands."""
    hazard = work.hazards.get(event.hazard)
    if work.unknown(event.person):
        return
    if hazard is None:
        work.refuse("unknown-hazard", "there is no such hazard in the register")
    elif hazard.state is not HazardState.OPEN:
        work.refuse("already", "it is closed already")
    elif not event.evidence.strip():
        work.refuse("no-evidence", "closing a hazard needs evidence: what was done, and where that can be seen")
    elif hazard.subject in work.troubles:
        work.refuse("still-wrong", f"it cannot be closed yet: {work.troubles[hazard.subject].words}")
    elif hazard.kind is HazardKind.STALE:
        work.refuse("still-wrong", "the approval of a new risk assessment closes it")
    elif hazard.kind is HazardKind.UNEXERCISED:
        work.refuse("still-wrong", "a drill that exercises the plan closes it")
    else:
        shut(work, hazard, event.evidence, event.person)


def shut(work: Work, hazard: Hazard, evidence: str, by: str = "") -> None:
    hazard = replace(
        hazard,
        state=HazardState.CLOSED,
        closed_at=work.now,
        closed_by=by,
        evidence=evidence[:300],
        recheck_at=work.now + work.book.desk.hazards.recheck_days * DAY_S,
        recheck_told=False,
    )
    work.hazards[hazard.id] = hazard
    in_time = work.now <= hazard.deadline
    _log(work, hazard, "closed", by=by, evidence=hazard.evidence, in_time=in_time)


def recheck(work: Work, event: HazardRechecked) -> None:
    """Looked at again, by somebody other than who closed it."""
    hazard = work.hazards.get(event.hazard)
    if work.unknown(event.person):
        return
    if hazard is None:
        work.refuse("unknown-hazard", "there is no such hazard in the register")
    elif hazard.state is not HazardState.CLOSED:
        work.refuse("not-closed", "only a closed hazard is looked at again")
    elif hazard.closed_by == event.person:
        work.refuse("same-person", "somebody other than who closed it must look again")
    elif not event.holds:
        reopen(work, hazard, event.words, event.person)
    else:
        _checked(work, hazard, event.person, event.words)


def _checked(work: Work, hazard: Hazard, by: str, words: str) -> None:
    hazard = replace(hazard, state=HazardState.CHECKED, recheck_at=work.now)
    work.hazards[hazard.id] = hazard
    _log(work, hazard, "checked", by=by, words=words[:200])


def noticed(work: Work, event: Noticed) -> None:
    """What a box says of itself; a hazard once it has lasted."""
    known = work.troubles.get(event.subject)
    if event.wrong == (known is not None):
        return
    if event.wrong:
        work.troubles[event.subject] = Trouble(
            kind=event.kind, site=event.site, zone=event.zone, words=event.words[:300], since=work.now
        )
    else:
        del work.troubles[event.subject]
    work.log(
        "condition",
        subject=event.subject,
        wrong=event.wrong,
        cause=event.kind.value,
        site=event.site,
        zone=event.zone,
        words=event.words[:200],
    )


def passed(work: Work) -> None:
    rules = work.book.desk.hazards
    for subject, trouble in work.troubles.items():
        if work.now - trouble.since >= rules.down_h * 3600:
            raise_hazard(
                work,
                trouble.kind,
                subject,
                HazardLevel.DEPARTMENT,
                keeper(work),
                trouble.words,
                site=trouble.site,
                zone=trouble.zone,
            )
    for hazard in list(work.hazards.values()):
        if hazard.state is HazardState.OPEN:
            _supervise(work, hazard)
        elif hazard.state is HazardState.CLOSED and hazard.recheck_at is not None and work.now >= hazard.recheck_at:
            _due_again(work, hazard)
        elif hazard.state is HazardState.CHECKED and work.now - (hazard.recheck_at or 0.0) > KEPT_S:
            del work.hazards[hazard.id]


def _supervise(work: Work, hazard: Hazard) -> None:
    """Remind before the deadline; after it go up a level, list it, and call ever further up."""
    rules = work.book.desk.hazards
    if work.now >= hazard.deadline:
        if work.now < hazard.again:
            return
        first = hazard.calls == 0
        hazard = replace(
            hazard,
            calls=hazard.calls + 1,
            again=work.now + rules.again_h * 3600,
            listed=True,
            level=hazard.level.above if first else hazard.level,
        )
        work.hazards[hazard.id] = hazard
        if first:
            _log(work, hazard, "overdue")
        unit = hazard.owner
        for _ in range(hazard.calls):
            unit = work.book.above(unit)
        for one in dict.fromkeys((hazard.owner, unit)):
            _tell(work, hazard, "overdue", one, "逾期未整改，挂牌督办", "overdue, listed for supervision")
    elif not hazard.reminded and work.now >= hazard.deadline - rules.remind_h * 3600:
        work.hazards[hazard.id] = replace(hazard, reminded=True)
        if hazard.deadline - hazard.opened > rules.remind_h * 3600:
            _tell(work, hazard, "reminder", hazard.owner, "即将到期", "due soon")


def _due_again(work: Work, hazard: Hazard) -> None:
    """回头看: what has come back opens again by itself; otherwise the unit above is asked to look."""
    if hazard.subject in work.troubles:
        reopen(work, hazard, work.troubles[hazard.subject].words)
    elif hazard.kind in (HazardKind.STALE, HazardKind.UNEXERCISED):
        # What it was about is watched all the time.
        _checked(work, hazard, "", "")
    elif not hazard.recheck_told or work.now >= hazard.again:
        again = work.now + work.book.desk.hazards.again_h * 3600
        if not hazard.recheck_told:
            _log(work, hazard, "recheck-due")
        work.hazards[hazard.id] = hazard = replace(hazard, recheck_told=True, again=again)
        _tell(work, hazard, "recheck", work.book.above(hazard.owner), "整改后请回头看", "closed: please look again")


def _tell(work: Work, hazard: Hazard, what: str, unit: str, zh: str, en: str) -> None:
    book, (kind_zh, kind_en) = work.book, NAMES[hazard.kind]
    by = book.clock(hazard.deadline)
    place = book.place(hazard.site, hazard.zone)
    work.tell(
        f"{what} {hazard.id} {work.now} {unit}",
        unit,
        what if what != "overdue" else "hazard-overdue",
        f"隐患{zh}：{kind_zh} {place} {hazard.words}。责任单位 {book.unit_title(hazard.owner)}，期限 {by}。"
        f"编号 {hazard.id[:8]}",
        f"Hazard {en}: {kind_en}, {place} {hazard.words}. Owner {book.unit_title(hazard.owner)}, deadline {by}. "
        f"No. {hazard.id[:8]}",
        site=hazard.site,
        zone=hazard.zone,
    )


def _log(work: Work, hazard: Hazard, what: str, by: str = "", **more: object) -> None:
    work.log(
        "hazard",
        *(("by",) if by else ()),
        hazard=hazard.id,
        what=what,
        cause=hazard.kind.value,
        subject=hazard.subject,
        site=hazard.site,
        zone=hazard.zone,
        level=hazard.level.value,
        owner=hazard.owner,
        listed=hazard.listed,
        **({"by": by} if by else {}),
        **more,
    )
