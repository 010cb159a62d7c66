"""docs/wire.md: the contract for people, with its tables and its sample messages taken from `wire`."""

from __future__ import annotations

import json

import msgspec

from alerting.ingest import Drop
from edge.voice import EXPIRY_S
from wire import MAX_BYTES, NAME_PATTERN, VERSION, Refusal, encode
from wire.asyncapi import FROM_SERVICE, QOS, examples
from wire.topics import READINGS, RECORDED, ROOT, TIER, TOPICS

_REFUSALS = {
    Refusal.TOO_LARGE: f"longer than {MAX_BYTES:,} bytes; not read",
    Refusal.NOT_JSON: "not JSON (`NaN` and `Infinity` are not JSON either)",
    Refusal.VERSION: f"JSON of another version than {VERSION}",
    Refusal.INVALID: "a field is missing, of the wrong type or out of its range",
    Refusal.TOPIC: "a topic that is not in the table",
    Refusal.MISMATCH: "the message names another site, box or zone than its topic",
}

_DROPS = {
    Drop.RETAINED: "a retained reading: it may be of any age",
    Drop.UNKNOWN_SITE: "a site that the service is not configured for",
    Drop.UNKNOWN_BOX: "a box that owns no zone of its site",
    Drop.UNKNOWN_ZONE: "a zone that its site does not have; the rest of the message is taken",
    Drop.NOT_OWNER: "a zone that another box owns; the rest of the message is taken",
    Drop.DUPLICATE: "a message that is recorded already; the box is told once more",
    Drop.LATE: "a live reading that is too old to judge; it is recorded",
    Drop.CLOCK_SKEW: "counted once when a box's clock turns out wrong; its readings are taken all the same",
    Drop.STALE_STATUS: "the will of a session that is not the box's last",
    Drop.OVERLOAD: "more than the service can hold; the box keeps it and sends it again",
    Drop.FAILED: "a message that the service fails on; the log names the failure and the topic",
}

_HEAD = f"""# The wire contract, version {VERSION}

What boxes and the alerting service say to each other over MQTT. This page is for people; `asyncapi.json` beside it says
the same for programs (AsyncAPI 3.0 with JSON Schema). Both are made from the code in `wire/` by
`python -m levee.dashboards`: change them there.

JSON, UTC, SI units: metres, seconds, persons, persons/m², persons/min. MQTT 5 where the broker has it, 3.1.1 otherwise;
QoS {QOS}. Every message carries `version`. A receiver passes over fields that it does not know, so fields may be added
within a version; a field that changes its meaning needs a new version.

Names of sites, boxes, zones, cameras and instances match `{NAME_PATTERN}`.
"""

_PROMISES = f"""## What the contract promises

- **Unknown is absent, never 0.** A reading in state `unknown` carries no figures and gives a reason. A `degraded` one
  carries figures and a reason. No figure outside its range is ever taken.
- **A count carries its band**: `low`, `value` and `high`, 90 % of the time between `low` and `high`.
- **Three kinds of count, never mixed**: `instant` (people in a zone now), `throughput` (people per minute through a
  gate), `occupancy` (entries minus exits since a named reset).
- **Age, not time of day.** Each reading says how many seconds old it is, by the box's monotonic clock. A box with a
  wrong clock is noticed (`sent`), and does no harm.
- **At least once, and recognisable.** `session` (new at each start) and `sequence` (1, 2, 3 ...) name a message for
  ever; what comes twice is recorded once. A broker's acknowledgement is not a record: the box keeps a message until
  `recorded` names it, and sends it again on `backlog`, oldest first. What comes on `backlog` is recorded and never
  judged as if it were now. A live reading expires in the broker after {EXPIRY_S} s (MQTT 5), and the service's session
  is clean, so nothing stale waits there.
- **`floor`** is the lowest sequence that the box still keeps. The service waits for nothing below it.
- **A late will cannot undo a rebirth**: `status` carries the session, and a will of an earlier session is passed over.
- **A siren without a link says so.** A tier message carries `expires`; after that its receiver holds what it has and
  shows `no link`. A `term` lower than one already seen comes from a former leader and is ignored.
- **One owner per zone.** A reading of a zone from a box that does not own it is dropped, and counted.
"""


def wire_page() -> str:
    """The whole page."""
    return "\n".join((_HEAD, _topics(), _PROMISES, _refusals(), _samples()))


def _topics() -> str:
    lines = [f"## Topics, under `{ROOT}/`", "", "| topic | from | retained | message | what |", "|---|---|---|---|---|"]
    for row in TOPICS:
        sender = "service" if row.name in FROM_SERVICE else "box"
        retained = "yes" if row.retained else "no"
        lines.append(f"| `{row.template}` | {sender} | {retained} | `{row.message.__name__}` | {row.says} |")
    return "\n".join([*lines, ""])


def _refusals() -> str:
    lines = [
        "## What is refused",
        "",
        "Everything that is not taken is counted in `levee_alerting_dropped_total` under its reason, and named in the",
        "service's log at most once a minute for each box and reason. Nothing that is refused ever lowers a tier.",
        "",
        "| reason | when |",
        "|---|---|",
        *(f"| `{refusal.value}` | {_REFUSALS[refusal]} |" for refusal in Refusal),
        *(f"| `{drop.value}` | {_DROPS[drop]} |" for drop in Drop),
    ]
    return "\n".join([*lines, ""])


def _samples() -> str:
    messages = examples()
    parts = ["## Samples", ""]
    for row in (READINGS, RECORDED, TIER):
        sample = json.dumps(msgspec.json.decode(encode(messages[row.message])), indent=2, ensure_ascii=False)
        parts += [f"`{ROOT}/{row.template}`:", "", "```json", sample, "```", ""]
    return "\n".join(parts)
