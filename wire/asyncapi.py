"""The wire contract as an AsyncAPI 3.0 document, made from the topic table and the message types themselves."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from wire.codec import encode
from wire.presence import (
    CameraHealth,
    CameraState,
    Health,
    OutboxHealth,
    Presence,
    Recorded,
    ServicePresence,
    SessionRecorded,
    Status,
)
from wire.readings import VERSION, Band, Instant, Occupancy, Readings, State, Throughput
from wire.tiers import Kind, TierMessage, TierName
from wire.topics import DRILL_TIER, RECORDED, ROOT, SERVICE, TIER, TOPICS, Topic

#: What the service sends; everything else comes from boxes.
FROM_SERVICE = frozenset({RECORDED.name, TIER.name, DRILL_TIER.name, SERVICE.name})
QOS = 1

_LEVELS = {
    "site": "The site that the box belongs to.",
    "box": "The box; one site each.",
    "zone": "The zone; one owner each.",
    "instance": "The service that speaks.",
}
_SUMMARIES = {
    Readings: "What a box counts in its zones, at one tick.",
    Recorded: "What is committed: only that may the box delete.",
    Status: "Whether a box is there, with versions and hashes.",
    Health: "How a box fares: cameras, drops, outbox.",
    TierMessage: "The tier of a zone; a receiver shows `no link` once it has expired.",
    ServicePresence: "Whether the service is there.",
}


def examples() -> dict[type[msgspec.Struct], msgspec.Struct]:
    """One message of each type, as it might pass on an evening like that of 31 December 2014."""
    sent = datetime(2026, 12, 31, 15, 23, 0, tzinfo=UTC)
    steps = Instant(
        zone="steps",
        age_s=0.4,
        state=State.GOOD,
        method="density:levee-s",
        calibration="9d1c44aa",
        count=Band(value=188.0, low=161.0, high=219.0),
        area_m2=71.0,
        density=2.65,
        peak_density=Band(value=3.7, low=3.1, high=4.4),
    )
    dark = Instant(zone="quay", age_s=0.4, state=State.UNKNOWN, method="density:levee-s", reasons=("camera-dark",))
    gate = Throughput(
        zone="gate", age_s=1.0, state=State.GOOD, method="onvif", interval_s=60.0, inflow=82.0, outflow=9.0
    )
    square = Occupancy(
        zone="square",
        age_s=1.0,
        state=State.DEGRADED,
        method="gates",
        reasons=("one-gate-estimated",),
        reset="2026-12-31 midday",
        occupancy=Band(value=2400.0, low=2100.0, high=2900.0),
    )
    camera = CameraHealth(
        camera="stair-top", state=CameraState.LIVE, frames=90_211, dropped={"late": 12}, frame_age_s=0.2
    )
    blind = CameraHealth(camera="quay", state=CameraState.DARK, reason="mean brightness 6 of 255", frames=90_180)
    return {
        Readings: Readings(
            version=VERSION,
            site="bund",
            box="steps-1",
            session="5f3a9c0d",
            sent=sent,
            sequence=4711,
            floor=4702,
            readings=(steps, dark, gate, square),
        ),
        Recorded: Recorded(
            version=VERSION,
            site="bund",
            box="steps-1",
            sent=sent,
            sessions=(SessionRecorded(session="5f3a9c0d", up_to=4701, also=((4704, 4706),)),),
        ),
        Status: Status(
            version=VERSION,
            site="bund",
            box="steps-1",
            session="5f3a9c0d",
            sent=sent,
            state=Presence.ONLINE,
            versions={"levee": "0.1.0"},
            hashes={"levee-s": "c0ffee00"},
        ),
        Health: Health(
            version=VERSION,
            site="bund",
            box="steps-1",
            session="5f3a9c0d",
            sent=sent,
            cameras=(camera, blind),
            outbox=OutboxHealth(messages=10, oldest_age_s=9.8),
        ),
        TierMessage: TierMessage(
            version=VERSION,
            site="bund",
            zone="steps",
            tier=TierName.RED,
            held=False,
            since=sent - timedelta(seconds=41),
            why="density 3.7 persons/m² in the worst cell, at or above 3.5 for 15 s",
            kind=Kind.OBSERVED,
            sent=sent,
            expires=sent + timedelta(seconds=60),
            term=3,
        ),
        ServicePresence: ServicePresence(
            version=VERSION, instance="main", session="77aa01be", state=Presence.ONLINE, sent=sent, term=3
        ),
    }


def document() -> dict[str, Any]:
    """The AsyncAPI document. Its schemas are JSON Schema draft 07, which AsyncAPI takes without a further note."""
    messages = tuple(dict.fromkeys(row.message for row in TOPICS))
    _, schemas = msgspec.json.schema_components(messages, ref_template="#/components/schemas/{name}")
    samples = examples()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Levee wire contract",
            "version": str(VERSION),
            "description": "What boxes and the alerting service say to each other over MQTT: JSON, UTC, SI units.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {row.name: _channel(row) for row in TOPICS},
        "operations": {_operation_name(row): _operation(row) for row in TOPICS},
        "components": {
            "messages": {
                message.__name__: {
                    "name": message.__name__,
                    "summary": _SUMMARIES[message],
                    "contentType": "application/json",
                    "payload": {"$ref": f"#/components/schemas/{message.__name__}"},
                    "examples": [{"payload": msgspec.json.decode(encode(samples[message]))}],
                }
                for message in messages
            },
            "schemas": {name: _draft07(schema) for name, schema in sorted(schemas.items())},
        },
    }


def _channel(row: Topic) -> dict[str, Any]:
    return {
        "address": f"{ROOT}/{row.template}",
        "description": row.says[0].upper() + row.says[1:] + ".",
        "parameters": {level: {"description": _LEVELS[level]} for level in re.findall(r"{(\w+)}", row.template)},
        "messages": {row.message.__name__: {"$ref": f"#/components/messages/{row.message.__name__}"}},
    }


def _sender(row: Topic) -> str:
    return "service" if row.name in FROM_SERVICE else "box"


def _operation_name(row: Topic) -> str:
    return f"{_sender(row)}-sends-{row.name}"


def _operation(row: Topic) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{row.name}"},
        "summary": f"Sent by the {_sender(row)}.",
        "messages": [{"$ref": f"#/channels/{row.name}/messages/{row.message.__name__}"}],
        "bindings": {"mqtt": {"qos": QOS, "retain": row.retained, "bindingVersion": "0.2.0"}},
    }


def _draft07(schema: Any) -> Any:
    """JSON Schema 2020-12, as msgspec writes it, in the words of draft 07: fixed arrays, no OpenAPI discriminator."""
    if isinstance(schema, list):
        return [_draft07(item) for item in schema]
    if isinstance(schema, str):
        return inspect.cleandoc(schema)
    if not isinstance(schema, dict):
        return schema
    told = {key: _draft07(value) for key, value in schema.items() if key != "discriminator"}
    if "prefixItems" in told:
        told["additionalItems"] = told.pop("items", True)
        told["items"] = told.pop("prefixItems")
    return told
