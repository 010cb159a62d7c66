"""What people ask of the desk through other doors (the answering page, the console, the command line), by name.

Each is a JSON object with `what`:

| `what` | with |
|---|---|
| `step-done`, `step-waived` | `task`, `person`, `words` |
| `receipt` | `task`, `how` (`link`: the body itself; `told`: a person of ours), `person`, `words` |
| `event-set` | `event`, `person`, `why`, and what is changed: `title`, `kind`, `site`, `zones`, `begins`, `ends`, `expected`, `plans`, `owner` |
| `event-cancel` | `event`, `person`, `why` |
| `event-assess` | `event`, `person`, `words` |
| `drill-begin` | `drill`, `person`, `truth` |
| `drill-end` | `person`, `why` |
| `roll-answer` | `roll`, `person` |
| `hazard-open` | `person`, `cause`, `level`, `owner`, `words`, `site`, `zone`, `days` |
| `hazard-close` | `hazard`, `person`, `evidence` |
| `hazard-recheck` | `hazard`, `person`, `holds`, `words` |
| `cap-release` | `message`, `person` |
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerting.assess.effects import effect_id
from alerting.desk.events import (
    Assessed,
    CapReleased,
    DrillBegun,
    DrillEnded,
    Happening,
    HazardClosed,
    HazardOpened,
    HazardRechecked,
    OccasionCancelled,
    OccasionSet,
    Received,
    RollAnswered,
    StepDone,
)
from alerting.desk.settings import HazardKind, HazardLevel

ASKS = frozenset(
    {
        *("step-done", "step-waived", "receipt", "event-set", "event-cancel", "event-assess", "drill-begin"),
        *("drill-end", "roll-answer", "hazard-open", "hazard-close", "hazard-recheck", "cap-release"),
    }
)


def happening(body: Mapping[str, Any], key: str, at: float) -> Happening:
    """What `body` asks for; `key` is the request's own. ValueError, KeyError or TypeError for what cannot be read."""

    def text(name: str, default: str | None = None) -> str:
        value = body[name] if default is None else body.get(name, default)
        if not isinstance(value, str):
            raise ValueError(f"`{name}` must be text")
        return value

    person = text("person", "")
    match body["what"]:
        case "step-done" | "step-waived":
            return StepDone(at, text("task"), person, text("words", ""), body["what"] == "step-waived")
        case "receipt":
            return Received(at, text("task"), text("how", "link"), person, text("words", ""))
        case "event-set":
            return _occasion(body, text, person, at)
        case "event-cancel":
            return OccasionCancelled(at, text("event"), person, text("why", ""))
        case "event-assess":
            return Assessed(at, text("event"), person, text("words", ""))
        case "drill-begin":
            truth = tuple((str(zone), float(start)) for zone, start in body.get("truth", ()))
            return DrillBegun(at, effect_id("drill", key), text("drill"), person, truth)
        case "drill-end":
            return DrillEnded(at, person, text("why", ""))
        case "roll-answer":
            return RollAnswered(at, text("roll"), person, text("how", "link"))
        case "hazard-open":
            return HazardOpened(
                at,
                effect_id("hazard", key),
                person,
                HazardKind(text("cause", "inspection")),
                HazardLevel(text("level", "street")),
                text("owner", ""),
                text("words", ""),
                text("site", ""),
                text("zone", ""),
                float(body["days"]) if body.get("days") is not None else None,
            )
        case "hazard-close":
            return HazardClosed(at, text("hazard"), person, text("evidence", ""))
        case "hazard-recheck":
            return HazardRechecked(at, text("hazard"), person, bool(body["holds"]), text("words", ""))
        case "cap-release":
            return CapReleased(at, text("message"), person)
    raise ValueError("nobody knows how to do that")


def _occasion(body: Mapping[str, Any], text: Any, person: str, at: float) -> OccasionSet:
    words: dict[str, Any] = {
        name: text(name) for name in ("title", "kind", "site", "begins", "ends", "owner") if name in body
    }
    words |= {name: tuple(str(one) for one in body[name]) for name in ("zones", "plans") if name in body}
    expected = int(body["expected"]) if "expected" in body else None
    return OccasionSet(at, text("event"), person, text("why", ""), expected=expected, **words)
