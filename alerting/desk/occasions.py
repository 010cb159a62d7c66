"""Occasions (活动): the calendar, and the risk assessment that goes stale when the plan is changed."""

from __future__ import annotations

from msgspec.structs import replace

from alerting.desk import hazards
from alerting.desk.events import Assessed, OccasionCancelled, OccasionSet, OccasionTurned
from alerting.desk.settings import HazardKind, HazardLevel, OccasionSettings
from alerting.desk.state import Facts, HazardState, Occasion
from alerting.desk.work import Work

#: An occasion that is over stays in sight for so long.
KEPT_S = 30 * 86_400.0
#: Somebody gets at least so long to renew an assessment.
LEAST_S = 3600.0


def filed(event: OccasionSettings) -> Facts:
    return Facts(
        title=event.title,
        kind=event.kind,
        site=event.site,
        zones=event.zones,
        begins=event.begins,
        ends=event.ends,
        expected=event.expected,
        plans=event.plans,
    )


def began(work: Work) -> None:
    """What the settings say now, laid beside what they said last: an edit of the file is a change like any other."""
    listed = {event.name: event for event in work.book.desk.events}
    for name, event in listed.items():
        facts, known = filed(event), work.occasions.get(name)
        on = event.assessment.date or ""
        if known is None:
            if work.book.time(event.ends) <= work.now:
                continue
            known = Occasion(name=name, facts=facts, filed=facts, owner=event.assessment.owner)
            _log(work, known, "added")
        elif known.filed != facts:
            known = replace(known, facts=facts, filed=facts, changed_at=work.now, cancelled=False)
            known = replace(known, begun=known.begun and work.book.time(facts.begins) <= work.now, ended=False)
            _log(work, known, "changed", why="the settings were changed")
        known = replace(known, owner=event.assessment.owner)
        if event.assessment.approved_by is not None and known.filed_on != on:
            known = replace(known, assessed=facts, assessed_at=work.now, approved_by=event.assessment.approved_by)
            _log(work, known, "assessed", by=known.approved_by, on=on)
        work.occasions[name] = replace(known, filed_on=on)
    for known in work.occasions.values():
        if known.begun and not known.ended and not known.cancelled:
            # The service knows nothing of it yet.
            _turn(work, known, True)
    for name, known in list(work.occasions.items()):
        if name not in listed and known.filed is not None and not known.cancelled and not known.ended:
            work.occasions[name] = known = replace(known, cancelled=True)
            _log(work, known, "cancelled", why="it was taken out of the settings")
            _turn(work, known, False)


def put(work: Work, event: OccasionSet) -> None:
    """A person enters an occasion, moves it, or changes something else of it."""
    if work.unknown(event.person):
        return
    known = work.occasions.get(event.event)
    if not event.why.strip():
        work.refuse("no-reason", "a change of an event needs a reason")
        return
    if known is not None and (known.ended or known.cancelled):
        work.refuse("over", f"the event {event.event} is over or cancelled")
        return
    given = {
        name: getattr(event, name)
        for name in ("title", "kind", "site", "zones", "begins", "ends", "expected", "plans")
        if getattr(event, name) is not None
    }
    if known is None:
        missing = [name for name in ("title", "site", "begins", "ends", "expected") if name not in given]
        if missing or event.owner is None:
            lacks = ", ".join([*missing, *(["owner"] if event.owner is None else [])])
            work.refuse("incomplete", f"no event is called {event.event}; a new one needs {lacks}")
            return
        facts = Facts(**{"kind": "other", "zones": (), "plans": (), **given})
    else:
        facts = replace(known.facts, **given)
    fault = _fault(work, event.event, facts, event.owner)
    if fault:
        work.refuse("invalid", fault)
        return
    if known is not None and facts == known.facts and event.owner in (None, known.owner):
        work.refuse("already", "nothing of it is changed")
        return
    if known is None:
        made = Occasion(name=event.event, facts=facts, owner=event.owner or "", changed_at=work.now)
        work.occasions[event.event] = made
        _log(work, made, "added", by=event.person, why=event.why[:200])
    else:
        begun = known.begun and work.book.time(facts.begins) <= work.now
        made = replace(known, facts=facts, owner=event.owner or known.owner, changed_at=work.now, begun=begun)
        work.occasions[event.event] = made
        hours = round((work.book.time(facts.begins) - work.now) / 3600, 1)
        changes = [[name, _text(getattr(known.facts, name)), _text(value)] for name, value in given.items()
                   if getattr(known.facts, name) != value]  # fmt: skip
        _log(work, made, "changed", by=event.person, why=event.why[:200], changes=changes, hours_before=hours)
        if known.begun and not begun:
            _turn(work, made, False)
    review(work)


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _fault(work: Work, name: str, facts: Facts, owner: str | None) -> str:
    book = work.book
    try:
        begins, ends = book.time(facts.begins), book.time(facts.ends)
    except ValueError as error:
        return f"event {name}: {str(error).removeprefix('moment: ')}: write it as 2026-12-31 20:00"
    if ends <= begins:
        return f"event {name}: it ends ({facts.ends}) before it begins ({facts.begins})"
    if ends <= work.now:
        return f"event {name}: it would be over already"
    if book.sites and facts.site not in book.sites:
        return f"event {name}: no site is called {facts.site}"
    for zone in facts.zones if book.sites else ():
        if zone not in book.sites[facts.site]:
            return f"event {name}: the site {facts.site} has no zone {zone}"
    for plan in facts.plans:
        if book.desk.plan(plan) is None:
            return f"event {name}: no plan is called {plan}"
    if owner is not None and book.duty.unit(owner) is None:
        return f"event {name}: no unit is called {owner}"
    return ""


def cancel(work: Work, event: OccasionCancelled) -> None:
    known = work.occasions.get(event.event)
    if work.unknown(event.person):
        return
    if known is None or known.ended or known.cancelled:
        work.refuse("unknown-event", f"no event to come is called {event.event}")
    elif not event.why.strip():
        work.refuse("no-reason", "a change of an event needs a reason")
    else:
        work.occasions[known.name] = made = replace(known, cancelled=True, changed_at=work.now)
        _log(work, made, "cancelled", by=event.person, why=event.why[:200])
        _turn(work, made, False)
        review(work)


def assess(work: Work, event: Assessed) -> None:
    """A person approves the assessment of what stands now."""
    known = work.occasions.get(event.event)
    if work.unknown(event.person):
        return
    if known is None or known.ended or known.cancelled:
        work.refuse("unknown-event", f"no event to come is called {event.event}")
    elif not event.words.strip():
        work.refuse("no-words", "an approval needs words: the result, or where the assessment is filed")
    else:
        made = replace(known, assessed=known.facts, assessed_at=work.now, approved_by=event.person)
        work.occasions[known.name] = made
        _log(work, made, "assessed", by=event.person, words=event.words[:300])
        review(work, event.person)


def passed(work: Work) -> None:
    for known in list(work.occasions.values()):
        begins, ends = work.book.time(known.facts.begins), work.book.time(known.facts.ends)
        if known.cancelled or known.ended:
            if work.now - ends > KEPT_S and known.filed is None:
                del work.occasions[known.name]
            continue
        if not known.begun and begins <= work.now < ends:
            work.occasions[known.name] = known = replace(known, begun=True)
            assessed = known.assessed is not None and not known.stale
            _log(work, known, "begun", assessed=assessed, expected=known.facts.expected)
            work.asked.append(OccasionTurned(known.name, True))
        if work.now >= ends:
            work.occasions[known.name] = known = replace(known, ended=True)
            _log(work, known, "ended")
            _turn(work, known, False)
    review(work)


def _turn(work: Work, known: Occasion, on: bool) -> None:
    work.asked.append(OccasionTurned(known.name, on))


def review(work: Work, by: str = "") -> None:
    """An occasion whose assessment is missing or stale is a hazard until it is renewed."""
    rules = work.book.desk.hazards
    for known in work.occasions.values():
        subject = f"event/{known.name}"
        over = known.cancelled or known.ended
        soon = work.book.time(known.facts.begins) - work.now <= rules.assess_days * 86_400
        wrong = not over and (known.stale or (known.assessed is None and soon))
        open_now = hazards.of(work, subject)
        if wrong and (open_now is None or open_now.state is HazardState.CLOSED):
            days = rules.days.get(HazardLevel.DISTRICT, 3.0) * 86_400
            begins = work.book.time(known.facts.begins)
            zh = "已变更，风险评估失效" if known.stale else "尚无批准的风险评估"
            en = "was changed after its assessment" if known.stale else "has no approved assessment"
            words = f"{known.facts.title}（{known.facts.begins}）{zh} / {en}"
            hazards.raise_hazard(
                work,
                HazardKind.STALE,
                subject,
                HazardLevel.DISTRICT,
                known.owner,
                words,
                site=known.facts.site,
                deadline=max(work.now + LEAST_S, min(work.now + days, begins)),
            )
        elif not wrong and open_now is not None and open_now.state is HazardState.OPEN:
            evidence = "the assessment was renewed" if by else "the event is over, cancelled, or as it was assessed"
            hazards.shut(work, open_now, evidence, by)


def _log(work: Work, known: Occasion, what: str, by: str = "", **more: object) -> None:
    work.log(
        "event",
        *(("by",) if by else ()),
        event=known.name,
        what=what,
        site=known.facts.site,
        begins=known.facts.begins,
        ends=known.facts.ends,
        owner=known.owner,
        **({"by": by} if by else {}),
        **more,
    )
