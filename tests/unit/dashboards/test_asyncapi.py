"""The AsyncAPI document says what the code takes: samples fit it, and what the code refuses does not fit either."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import msgspec
import pytest

from wire import decode, encode
from wire.asyncapi import document, examples
from wire.topics import ROOT, TOPICS

DOCUMENT = document()


def schema(name: str) -> dict[str, Any]:
    """The document itself as the schema, so that its references resolve."""
    return {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": f"#/components/schemas/{name}", **DOCUMENT}


def errors(name: str, message: Any) -> list[str]:
    return [error.message for error in jsonschema.Draft7Validator(schema(name)).iter_errors(message)]


@pytest.mark.parametrize("row", TOPICS, ids=lambda row: row.name)
def test_every_topic_is_a_channel_with_its_message(row):
    channel = DOCUMENT["channels"][row.name]
    assert channel["address"] == f"{ROOT}/{row.template}"
    assert all(f"{{{level}}}" in row.template for level in channel["parameters"])
    assert channel["messages"] == {
        row.message.__name__: {"$ref": f"#/components/messages/{row.message.__name__}"},
    }
    operations = [said for said in DOCUMENT["operations"].values() if said["channel"]["$ref"].endswith(f"/{row.name}")]
    assert [said["bindings"]["mqtt"]["retain"] for said in operations] == [row.retained]


@pytest.mark.parametrize("row", TOPICS, ids=lambda row: row.name)
def test_a_sample_fits_its_schema_and_decodes_to_itself(row):
    sample = examples()[row.message]
    sent = encode(sample)
    assert errors(row.message.__name__, json.loads(sent)) == []
    assert decode(sent, row.message) == sample
    assert DOCUMENT["components"]["messages"][row.message.__name__]["examples"][0]["payload"] == json.loads(sent)


@pytest.mark.parametrize(
    ("message", "field", "value"),
    [
        ("Readings", "sequence", 0),
        ("Readings", "session", "not hexadecimal"),
        ("Readings", "site", "The Bund"),
        ("Readings", "readings", {}),
        ("Recorded", "sessions", [{"session": "5f3a9c0d", "up_to": 1, "also": [[1]]}]),
        ("Recorded", "sessions", [{"session": "5f3a9c0d", "up_to": 1, "also": [[1, 2, 3]]}]),
        ("Status", "state", "asleep"),
        ("Health", "cameras", [{"camera": "a", "state": "tired"}]),
        ("TierMessage", "tier", "purple"),
        ("TierMessage", "term", -1),
        ("ServicePresence", "instance", ""),
    ],
)
def test_what_the_schema_refuses_the_code_refuses_too(message, field, value):
    kind, sample = next((kind, sample) for kind, sample in examples().items() if kind.__name__ == message)
    broken = json.loads(encode(sample))
    assert errors(message, broken) == []
    broken[field] = value
    assert errors(message, broken)
    with pytest.raises(ValueError):
        decode(msgspec.json.encode(broken), kind)


def test_no_reading_may_mix_two_kinds():
    _, sample = next((kind, sample) for kind, sample in examples().items() if kind.__name__ == "Readings")
    broken = json.loads(encode(sample))
    broken["readings"][0]["kind"] = "throughput"
    assert errors("Readings", broken)


def test_every_reference_in_the_document_resolves():
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for value in node.values() for found in references(value)]
        if isinstance(node, list):
            return [found for value in node for found in references(value)]
        return []

    found = references(DOCUMENT)
    assert found
    for reference in found:
        node = DOCUMENT
        for key in reference.removeprefix("#/").split("/"):
            assert key in node, reference
            node = node[key]
