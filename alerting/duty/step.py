"""The whole duty of one site: a pure function of its state, what happened, and who may be called.

No clock, no I/O. Time comes with what happens, and never goes back. A deadline that passed while nobody looked, through
a restart or a clock that jumped, is due at the next look, once: the next one is then called, and waited for anew.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec.structs import replace

from alerting.assess.effects import effect_id
from alerting.duty.events import (
    Acknowledged,
    Asked,
    Call,
    Closed,
    Entry,
    Fell,
    Gone,
    Happening,
    Passed,
    Raised,
    Refused,
    SeenAgain,
    Silenced,
    Unsilenced,
)
from alerting.duty.incident import DutyState, Incident, Phase, Silence, Withheld
from alerting.duty.rota import Rung, chain
from alerting.duty.settings import DutySettings, ZoneDuty
from alerting.duty.silences import REMIND_S, told, why_not
from wire import Tier

#: Calls below red to one person are counted over this long, and put together for this long.
STORM_S = 60.0
TOGETHER_S = 20.0


@dataclass(frozen=True)
class Roster:
    """Who may be called for the zones of a site. Without people (`duty` None) incidents are kept, and nobody is
    called by name."""

    zones: Mapping[str, ZoneDuty | None]
    duty: DutySettings | None = None

    def chain(self, zone: str, at: float) -> tuple[Rung, ...]:
        answers = self.zones.get(zone)
        if self.duty is None or answers is None:
            return ()
        return chain(self.duty, answers, datetime.fromtimestamp(at, UTC))

    def deadline(self, urgency: Tier, blind: bool) -> float | None:
        return None if self.duty is None else self.duty.deadlines.of(urgency, blind)


def follow(state: DutyState, happened: Happening, roster: Roster) -> tuple[DutyState, list[Asked]]:
    """The duty after `happened`, and what is to be done. ValueError for a time that is not finite."""
    if not math.isfinite(happened.at):
        raise ValueError(f"site {state.site}: something happened at {happened.at}, which is no time")
    work = _Work(state, max(happened.at, state.at), roster)
    match happened:
        case Raised():
            work.raised(happened)
        case Fell():
            work.fell(happened)
        case SeenAgain():
            work.seen_again(happened.zone)
        case Gone():
            work.gone(happened.zone)
        case Passed():
            work.passed()
        case Acknowledged():
            work.acknowledged(happened)
        case Silenced():
            work.silenced(happened.silence)
        case Unsilenced():
            work.unsilenced(happened)
    return work.state(), work.asked


class _Work:
    """One step under way: local values only, so that `follow` stays a function."""

    def __init__(self, state: DutyState, now: float, roster: Roster) -> None:
        self._before, self._now, self._roster = state, now, roster
        self._incidents = dict(state.incidents)
        self._silences = list(state.silences)
        self._recent = tuple(one for one in state.recent if now - one[0] < STORM_S)
        self._withheld = list(state.withheld)
        self._flush_at = state.flush_at
        self.asked: list[Asked] = []

    def state(self) -> DutyState:
        return replace(
            self._before,
            at=self._now,
            incidents=self._incidents,
            silences=tuple(self._silences),
            recent=self._recent,
            withheld=tuple(self._withheld),
            flush_at=self._flush_at,
        )

    # The life of an incident

    def raised(self, event: Raised) -> None:
        """A rise opens an incident or is a new alarm in the open one; whoever acknowledged before is called again."""
        known = self._incidents.get(event.zone)
        urgency = max(event.tier, Tier.YELLOW) if event.blind else event.tier
        if known is None:
            incident = Incident(
                id=effect_id("incident", self._before.site, event.zone, self._now),
                site=self._before.site,
                zone=event.zone,
                opened=self._now,
                phase=Phase.UNACKNOWLEDGED,
                since=self._now,
                tier=event.tier,
                peak=event.tier,
                urgency=urgency,
                blind=event.blind,
                why=event.why,
                told=event.id,
                told_since=event.since,
                told_from=event.from_tier,
            )
            what = "opened"
        else:
            waits = known.waits or known.phase.hushed
            incident = replace(
                known,
                tier=event.tier,
                peak=max(known.peak, event.tier),
                urgency=max(known.urgency, urgency) if waits else urgency,
                blind=known.blind or event.blind,
                why=event.why,
                told=event.id,
                told_since=event.since,
                told_from=event.from_tier,
            )
            what = "alarm"
        self._alarm(incident, what, "rise")

    def _alarm(self, incident: Incident, what: str, reason: str) -> None:
        """A new alarm of `incident`: called out, or kept quiet by a silence."""
        first = (incident.acknowledged_by,) if incident.acknowledged_by else ()
        incident = replace(incident, alarm=incident.alarm + 1, called=(), rounds=0, due=None)
        silence = self._hush(incident)
        if silence is not None:
            phase = Phase.OUT_OF_SERVICE if silence.maintenance else Phase.SHELVED
            self._keep(self._enter(incident, phase), what, silence=silence.id)
            return
        incident = self._enter(incident, Phase.UNACKNOWLEDGED)
        if self._roster.deadline(incident.urgency, incident.blind) is None:
            # Nobody has to answer: without people to call, and for blue.
            self._keep(incident, what)
            return
        self._keep(incident, what)
        self._call_next(incident, reason, prefer=first)

    def fell(self, event: Fell) -> None:
        incident = self._incidents.get(event.zone)
        if incident is None:
            return
        incident = replace(incident, tier=event.tier)
        if event.tier is Tier.NORMAL and not incident.blind:
            self._ended(incident, event.why)
        else:
            self._keep(incident, "fell")

    def seen_again(self, zone: str) -> None:
        incident = self._incidents.get(zone)
        if incident is None or not incident.blind:
            return
        incident = replace(incident, blind=False)
        if incident.tier is Tier.NORMAL:
            self._ended(incident, "the zone is seen again")
        else:
            self._keep(incident, "seen-again")

    def gone(self, zone: str) -> None:
        incident = self._incidents.get(zone)
        if incident is not None:
            self._close(incident, "the zone is no longer judged")

    def _ended(self, incident: Incident, why: str) -> None:
        """Back to normal: closed where somebody has answered, or nobody has to; otherwise an answer is still due."""
        owed = self._roster.deadline(incident.urgency, False) is not None
        if incident.phase is Phase.UNACKNOWLEDGED and owed:
            due = incident.due if incident.urgency is Tier.RED else None
            self._keep(replace(self._enter(incident, Phase.RETURNED), due=due), "returned")
        elif incident.phase is not Phase.RETURNED:
            self._close(incident, why)

    def _close(self, incident: Incident, why: str) -> None:
        closed = replace(self._enter(incident, Phase.CLOSED), due=None, why=why)
        self._keep(closed, "closed")
        self.asked.append(Closed(closed))
        del self._incidents[incident.zone]

    def acknowledged(self, event: Acknowledged) -> None:
        incident = next((one for one in self._incidents.values() if one.id == event.incident), None)
        duty = self._roster.duty
        if duty is None or duty.person(event.person) is None:
            self._refuse("unknown-person", f"nobody on the duty list is called {event.person}", event)
        elif incident is None:
            self._refuse("closed", "this incident is closed, or there was none", event)
        elif event.alarm is not None and event.alarm < incident.alarm:
            self._refuse("risen", "it has risen or come again since: acknowledge the newer page", event)
        elif incident.phase is Phase.ACKNOWLEDGED:
            self._refuse("already", f"already acknowledged by {incident.acknowledged_by}", event)
        else:
            returned = incident.phase is Phase.RETURNED
            incident = replace(
                self._enter(incident, Phase.ACKNOWLEDGED),
                due=None,
                acknowledged_by=event.person,
                acknowledged_at=self._now,
                urgency=Tier.NORMAL,
            )
            self._withheld = [one for one in self._withheld if one.incident != incident.id]
            self._keep(incident, "acknowledged", by=event.person, how=event.how)
            if returned:
                self._close(incident, "acknowledged after its end")

    def _refuse(self, reason: str, words: str, event: Acknowledged) -> None:
        self.asked.append(Refused(self._now, reason, words))
        body = {"incident": event.incident, "by": event.person, "how": event.how, "refused": reason}
        self.asked.append(Entry(self._now, "acknowledgement", body, ("by",)))

    # Time

    def passed(self) -> None:
        self._silences_pass()
        for incident in list(self._incidents.values()):
            if incident.waits and incident.due is not None and incident.due <= self._now:
                self._call_next(incident, "next")
            elif incident.phase is Phase.RETURNED and incident.urgency is not Tier.RED:
                limit = self._roster.duty.close_unanswered_s if self._roster.duty is not None else 0.0
                if self._now - incident.since >= limit:
                    self._close(incident, "closed though nobody acknowledged")
        if self._flush_at is not None and self._flush_at <= self._now:
            self._flush()

    def _call_next(self, incident: Incident, reason: str, prefer: tuple[str, ...] = ()) -> None:
        """Call the next one of the chain; when all of it was called for a red, everybody at once, again and again."""
        seconds = self._roster.deadline(incident.urgency, incident.blind)
        rungs = self._roster.chain(incident.zone, self._now)
        rungs = (*(rung for rung in rungs if rung.person in prefer), *(r for r in rungs if r.person not in prefer))
        fresh = [rung for rung in rungs if rung.person not in incident.called]
        rounds = incident.rounds
        if not fresh and rungs:
            rounds, fresh, reason = rounds + 1, list(rungs), "again"
            incident = replace(incident, called=())
        everybody = rounds > 0 and incident.urgency is Tier.RED
        chosen = fresh if everybody else fresh[:1]
        due = None if seconds is None else self._now + seconds
        called = (*incident.called, *(rung.person for rung in chosen))
        incident = replace(incident, called=called, rounds=rounds, due=due)
        self._incidents[incident.zone] = incident
        if not chosen:
            body = {"incident": incident.id, "zone": incident.zone, "alarm": incident.alarm, "due": due}
            self.asked.append(Entry(self._now, "nobody-on-duty", body))
        for rung in chosen:
            self._call(incident, rung, "everybody" if everybody else reason)

    def _call(self, incident: Incident, rung: Rung, reason: str) -> None:
        duty = self._roster.duty
        red = incident.urgency is Tier.RED
        calls = sum(person == rung.person for _, person in self._recent)
        waiting = any(one.person == rung.person for one in self._withheld)
        if not red and duty is not None and (waiting or calls >= duty.storm_from):
            held = Withheld(
                person=rung.person, unit=rung.unit, incident=incident.id, alarm=incident.alarm, reason=reason
            )
            self._withheld.append(held)
            self._flush_at = self._now + TOGETHER_S if self._flush_at is None else self._flush_at
            # Whoever is called together with others has his time from then on.
            due = None if incident.due is None else incident.due + max(0.0, self._flush_at - self._now)
            self._incidents[incident.zone] = replace(incident, due=due)
            return
        if not red:
            self._recent = (*self._recent, (self._now, rung.person))
        mark = effect_id("call", incident.id, incident.alarm, incident.rounds, rung.person)
        self._say(mark, rung.person, rung.unit, ((incident.id, incident.alarm),), incident.urgency, reason)

    def _say(
        self,
        mark: str,
        person: str,
        unit: str,
        incidents: tuple[tuple[str, int], ...],
        tier: Tier,
        reason: str,
        silence: str = "",
    ) -> None:
        known = {one.id: one for one in self._incidents.values()}
        dues = [known[name].due for name, _ in incidents if name in known]
        body = {
            "call": mark,
            "incidents": [[name, alarm] for name, alarm in incidents],
            "person": person,
            "unit": unit,
            "tier": tier.label,
            "reason": reason,
            "due": min((due for due in dues if due is not None), default=None),
        }
        self.asked.append(Entry(self._now, "call", body, ("person",)))
        self.asked.append(
            Call(mark, self._now, person, unit, incidents, tier, reason, tier is Tier.RED, silence=silence)
        )

    def _flush(self) -> None:
        """The calls that were put together: one for each person."""
        held, self._withheld, self._flush_at = self._withheld, [], None
        open_now = {one.id: one for one in self._incidents.values()}
        for person in dict.fromkeys(one.person for one in held):
            mine = [
                one
                for one in held
                if one.person == person and one.incident in open_now and open_now[one.incident].alarm == one.alarm
            ]
            if mine:
                incidents = tuple((one.incident, one.alarm) for one in mine)
                mark = effect_id("calls", person, *(part for pair in incidents for part in pair), self._now)
                tier = max(open_now[one.incident].urgency for one in mine)
                self._recent = (*self._recent, (self._now, person))
                self._say(mark, person, mine[0].unit, incidents, tier, "together")

    # Silences

    def _hush(self, incident: Incident) -> Silence | None:
        for silence in self._silences:
            if silence.covers(incident.zone, incident.urgency, incident.blind, self._now):
                return silence
        return None

    def silenced(self, silence: Silence) -> None:
        duty = self._roster.duty
        if any(one.id == silence.id for one in self._silences):
            return
        if duty is None or duty.person(silence.owner) is None:
            why = ("unknown-person", f"nobody on the duty list is called {silence.owner}")
        elif silence.zone and silence.zone not in self._roster.zones:
            why = ("unknown-zone", f"the site {self._before.site} has no zone called {silence.zone}")
        else:
            why = why_not(silence, self._now)
        if why[0]:
            self.asked.append(Refused(self._now, *why))
            return
        begins = max(silence.begins, self._now)
        silence = replace(silence, begins=begins)
        self._silences.append(silence)
        self._log_silence(silence, "begun")
        for incident in list(self._incidents.values()):
            covered = silence.covers(incident.zone, incident.urgency, incident.blind, begins)
            if incident.phase is Phase.UNACKNOWLEDGED and covered:
                phase = Phase.OUT_OF_SERVICE if silence.maintenance else Phase.SHELVED
                self._withheld = [one for one in self._withheld if one.incident != incident.id]
                self._keep(replace(self._enter(incident, phase), due=None), "hushed", silence=silence.id)

    def unsilenced(self, event: Unsilenced) -> None:
        found = next((one for one in self._silences if one.id == event.silence), None)
        if found is None:
            self.asked.append(Refused(self._now, "unknown-silence", "there is no such silence"))
            return
        self._end_silence(found, "ended", event.person)

    def _silences_pass(self) -> None:
        for silence in list(self._silences):
            if silence.ends <= self._now:
                self._end_silence(silence, "expired")
            elif not silence.reminded and silence.ends - self._now <= REMIND_S:
                self._silences[self._silences.index(silence)] = replace(silence, reminded=True)
                duty = self._roster.duty
                if duty is not None and duty.person(silence.owner) is not None:
                    mark = effect_id("silence", silence.id, "reminder")
                    self._say(mark, silence.owner, "", (), Tier.NORMAL, "silence-ends", silence=silence.id)

    def _end_silence(self, silence: Silence, what: str, person: str = "") -> None:
        self._silences.remove(silence)
        self._log_silence(silence, what, person)
        for incident in list(self._incidents.values()):
            if incident.phase.hushed and self._hush(incident) is None:
                self._alarm(incident, "resumed", "resumed")

    def _log_silence(self, silence: Silence, what: str, person: str = "") -> None:
        self.asked.append(Entry(self._now, "silence", told(silence, what, person), ("owner", "by")))

    # What all of them need

    def _enter(self, incident: Incident, phase: Phase) -> Incident:
        return replace(incident, phase=phase, since=self._now if phase is not incident.phase else incident.since)

    def _keep(self, incident: Incident, what: str, *, by: str = "", how: str = "", silence: str = "") -> None:
        """Remember the incident as it is now, and say so in the record."""
        self._incidents[incident.zone] = incident
        body = {
            "incident": incident.id,
            "site": incident.site,
            "zone": incident.zone,
            "what": what,
            "phase": incident.phase.value,
            "tier": incident.tier.label,
            "urgency": incident.urgency.label,
            "blind": incident.blind,
            "alarm": incident.alarm,
            "why": incident.why,
        }
        body |= {key: value for key, value in (("by", by), ("how", how), ("silence", silence)) if value}
        self.asked.append(Entry(self._now, "incident", body, ("by",) if by else ()))
