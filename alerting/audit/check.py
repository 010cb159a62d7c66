"""What the auditor knows: pure, and of its own mind. It takes from the record what happened (tiers, acknowledgements,
silences) and works out for itself what was due; only that a call was made is taken from the calls.

The same check runs beside a service, and over a whole record afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from alerting.duty.settings import Deadlines
from wire import Tier, TierName

#: Calls below red may be put together for so long before they go out.
TOGETHER_S = 20.0
#: The daily test may be this late.
TEST_EVERY_S = 90_000.0


@dataclass(frozen=True)
class Finding:
    """Something that should have been and was not. `key` is the same for the same fault."""

    key: str
    at: float
    words: str
    #: It is over, and was wrong all the same.
    past: bool = False


@dataclass
class _Zone:
    tier: Tier = Tier.NORMAL
    #: The highest tier that nobody has acknowledged, and whether somebody must answer for blindness.
    urgency: Tier = Tier.NORMAL
    blind: bool = False
    #: Until when somebody must be called, and what for.
    owed: float | None = None
    what: str = ""
    incident: str = ""


@dataclass
class _Call:
    at: float
    zones: tuple[str, ...]
    incidents: frozenset[str]
    accepted: bool = False


@dataclass
class _Silence:
    zone: str
    ceiling: Tier
    ends: float
    maintenance: bool


@dataclass
class Check:
    """`called` are the zones (`site/zone`) for which somebody is called by name."""

    called: frozenset[str]
    deadlines: Deadlines
    grace_s: float
    accepted_s: float
    self_test: bool = False
    findings: dict[str, Finding] = field(default_factory=dict)
    _zones: dict[str, _Zone] = field(default_factory=dict)
    _of_incident: dict[str, str] = field(default_factory=dict)
    _calls: dict[str, _Call] = field(default_factory=dict)
    _silences: dict[str, _Silence] = field(default_factory=dict)
    _tested: float | None = None
    _began: float | None = None

    def take(self, at: float, kind: str, body: Mapping[str, Any]) -> None:
        """One entry of the record, in its order."""
        self._began = at if self._began is None else self._began
        match kind:
            case "tier":
                self._tier(at, body)
            case "incident":
                self._incident(at, body)
            case "call":
                self._call(at, body)
            case "page":
                self._page(at, body)
            case "silence":
                self._silence(body)
            case "self-test":
                self._self_test(at, body)

    def look(self, now: float) -> list[Finding]:
        """What is overdue at `now`; all that stands."""
        for name, zone in self._zones.items():
            if zone.owed is not None and now > zone.owed + self._grace(zone):
                self._find(f"overdue {name} {zone.owed:.0f}", zone.owed, f"{name}: {zone.what}, and nobody was called")
        for mark, call in self._calls.items():
            answered = not any(self._open(incident) for incident in call.incidents)
            if not call.accepted and not answered and now > call.at + self.accepted_s:
                words = f"{', '.join(call.zones)}: no vendor accepted the call {mark[:8]} within {self.accepted_s:g} s"
                self._find(f"unaccepted {mark}", call.at, words)
        if self.self_test and self._began is not None:
            last = self._tested if self._tested is not None else self._began
            if now - last > TEST_EVERY_S:
                self._find(f"untested {last:.0f}", now, "the daily test of the paging has not passed for a day")
        return list(self.findings.values())

    def _grace(self, zone: _Zone) -> float:
        return self.grace_s + (0.0 if zone.urgency is Tier.RED else TOGETHER_S)

    def _find(self, key: str, at: float, words: str, past: bool = False) -> None:
        self.findings.setdefault(key, Finding(key, at, words, past))

    def _settled(self, name: str, zone: _Zone, at: float) -> None:
        """At `at` what was owed for a zone is owed no longer, or anew; whether that came too late."""
        if zone.owed is not None and at > zone.owed + self._grace(zone):
            words = f"{name}: {zone.what}, and nobody was called for {at - zone.owed:.0f} s after that was due"
            self._find(f"late {name} {zone.owed:.0f}", zone.owed, words, past=True)
        zone.owed = None

    def _open(self, incident: str) -> bool:
        zone = self._zones.get(self._of_incident.get(incident, ""))
        return zone is not None and zone.incident == incident and zone.owed is not None

    def _tier(self, at: float, body: Mapping[str, Any]) -> None:
        name = f"{body['site']}/{body['zone']}"
        zone = self._zones.setdefault(name, _Zone())
        before, after = TierName(body["from"]).tier, TierName(body["to"]).tier
        zone.tier = after
        if after < before:
            if after is Tier.NORMAL and zone.urgency is not Tier.RED and not zone.blind:
                self._settled(name, zone, at)
                zone.urgency = Tier.NORMAL
            return
        zone.urgency = max(zone.urgency, after)
        if name in self.called and self.deadlines.of(zone.urgency, zone.blind) is not None:
            self._settled(name, zone, at)
            if not self._hushed(name, zone, at):
                zone.owed, zone.what = at, f"{after.label} since {_clock(at)}"

    def _hushed(self, name: str, zone: _Zone, at: float) -> bool:
        return any(
            silence.zone in (name, name.split("/")[0])
            and zone.urgency <= silence.ceiling
            and at < silence.ends
            and (silence.maintenance or not zone.blind)
            for silence in self._silences.values()
        )

    def _incident(self, at: float, body: Mapping[str, Any]) -> None:
        name = f"{body['site']}/{body['zone']}"
        zone = self._zones.setdefault(name, _Zone())
        zone.incident, zone.blind = body["incident"], bool(body["blind"])
        self._of_incident[body["incident"]] = name
        what, phase = body["what"], body["phase"]
        if what == "acknowledged":
            self._settled(name, zone, at)
            zone.urgency = Tier.NORMAL
        elif phase in ("shelved", "out-of-service"):
            if zone.urgency is Tier.RED:
                self._find(f"silenced {body['incident']} {at:.0f}", at, f"{name}: a red was silenced", past=True)
            else:
                self._settled(name, zone, at)
        elif what in ("resumed", "alarm", "opened") and phase == "unacknowledged":
            if what == "resumed":
                zone.urgency = max(zone.urgency, zone.tier)
            waits = self.deadlines.of(max(zone.urgency, Tier.NORMAL), zone.blind) is not None
            if name in self.called and waits and zone.owed is None:
                zone.owed, zone.what = at, "not seen" if zone.blind else f"{zone.tier.label} again"
        elif what in ("returned", "closed") and zone.urgency is not Tier.RED:
            self._settled(name, zone, at)
            zone.urgency = Tier.NORMAL

    def _call(self, at: float, body: Mapping[str, Any]) -> None:
        mark = body["call"]
        incidents = frozenset(str(incident) for incident, _ in body["incidents"])
        zones = tuple(sorted({self._of_incident.get(incident, "?") for incident in incidents}))
        if mark in self._calls:
            words = f"{', '.join(zones)}: the call {mark[:8]} was made twice"
            self._find(f"doubled {mark}", at, words, past=True)
        self._calls[mark] = _Call(at, zones, incidents)
        for name in zones:
            zone = self._zones.get(name)
            if zone is None or zone.owed is None:
                continue
            self._settled(name, zone, at)
            seconds = self.deadlines.of(zone.urgency, zone.blind)
            zone.owed = at + seconds if seconds is not None else None
            zone.what = f"called at {_clock(at)} and not acknowledged"

    def _page(self, at: float, body: Mapping[str, Any]) -> None:
        call = self._calls.get(body["page"])
        if call is not None and body["state"] in ("accepted", "acknowledged"):
            if not call.accepted and at > call.at + self.accepted_s and any(map(self._open, call.incidents)):
                words = f"{', '.join(call.zones)}: the call {body['page'][:8]} was accepted {at - call.at:.0f} s late"
                self._find(f"accepted-late {body['page']}", call.at, words, past=True)
            call.accepted = True
        elif call is not None and str(body["words"]).removeprefix("replaced by ") in self._calls:
            # The newer call tells all that this one would have, and is watched itself.
            del self._calls[body["page"]]

    def _silence(self, body: Mapping[str, Any]) -> None:
        if body["what"] != "begun":
            self._silences.pop(body["silence"], None)
            return
        where = f"{body['site']}/{body['zone']}" if body["zone"] else body["site"]
        ceiling = min(TierName(body["ceiling"]).tier, Tier.ORANGE)
        self._silences[body["silence"]] = _Silence(where, ceiling, body["ends"], bool(body["maintenance"]))

    def _self_test(self, at: float, body: Mapping[str, Any]) -> None:
        if body["what"] == "passed":
            self._tested = at
            for key in [key for key in self.findings if key.startswith(("untested", "broken"))]:
                del self.findings[key]
        elif body["what"] == "broken":
            self._find(f"broken {body.get('test', '')}", at, str(body.get("why", "the daily test failed")))

    def missed(self, at: float) -> None:
        """An entry before `at` was deleted for its age, and with it perhaps an answer: nothing older is owed."""
        for zone in self._zones.values():
            if zone.owed is not None and zone.owed <= at:
                zone.owed, zone.urgency = None, Tier.NORMAL

    def forget(self, before: float, known: Iterable[str]) -> None:
        """Leave out what was over before the time `before`, other than `known`, which is remembered as told."""
        known = set(known)
        for key in [key for key, one in self.findings.items() if one.past and one.at < before and key not in known]:
            del self.findings[key]

    def settle(self) -> None:
        """Forget what has come right: calls that were accepted after all, and zones that somebody was called for."""
        for mark, made in list(self._calls.items()):
            if not any(self._open(incident) for incident in made.incidents):
                del self._calls[mark]
        for key in list(self.findings):
            what, _, rest = key.partition(" ")
            if what == "unaccepted":
                call = self._calls.get(rest)
                if call is None or call.accepted or not any(self._open(incident) for incident in call.incidents):
                    del self.findings[key]
            elif what == "overdue":
                zone = self._zones.get(rest.rsplit(" ", 1)[0])
                if zone is None or zone.owed is None or f"{zone.owed:.0f}" != rest.rsplit(" ", 1)[1]:
                    del self.findings[key]


def _clock(at: float) -> str:
    return f"{int(at // 3600 % 24):02d}:{int(at // 60 % 60):02d}:{int(at % 60):02d} UTC"


def audit(entries: Iterable[tuple[float, str, Mapping[str, Any]]], check: Check, now: float) -> list[Finding]:
    """Every finding over a whole record, as it stands at `now`."""
    for at, kind, body in entries:
        check.take(at, kind, body)
    return check.look(now)
