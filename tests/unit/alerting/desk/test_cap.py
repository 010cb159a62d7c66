"""Every CAP message that the desk writes is valid against the standard's schema, whatever a zone is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from alerting.desk.capxml import NAMESPACE, cap_xml
from alerting.desk.events import CapDraft
from alerting.desk.settings import CapSettings
from wire import Tier

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("CAP-v1.2.xsd")))
SENT = "2026-12-31T22:38:00+08:00"


def settings(**more: Any) -> CapSettings:
    return msgspec.convert({"sender": "duty@district.example", "prefix": "310101.x", **more}, CapSettings)


def draft(**more: Any) -> CapDraft:
    given: dict[str, Any] = {
        "at": 0.0,
        "identifier": "310101.x_20261231223800_4",
        "sent": SENT,
        "status": "Actual",
        "message": "Update",
        "scope": "Restricted",
        "references": (("310101.x_1", SENT), ("310101.x_2", SENT)),
        "site": "bund",
        "zone": "steps",
        "tier": Tier.RED,
        "kind": "observed",
        "why": "counterflow",
    }
    return CapDraft(**{**given, **more})


def read(text: str) -> Any:
    tree = etree.fromstring(text.encode())
    SCHEMA.assertValid(tree)
    return tree


def words(tree: Any, name: str) -> str:
    return tree.findtext(f".//{{{NAMESPACE}}}{name}") or ""


@given(
    st.sampled_from(list(Tier)),
    st.sampled_from(["Alert", "Update", "Cancel"]),
    st.sampled_from(["Actual", "Exercise"]),
    st.sampled_from(["Restricted", "Public"]),
    st.sampled_from(["zh-CN", "en-US"]),
    st.text(max_size=60),
    st.text(max_size=40),
)
def test_whatever_is_written_is_valid(
    tier: Tier, message: str, status: str, scope: str, language: str, why: str, place: str
) -> None:
    made = draft(tier=tier, message=message, status=status, scope=scope, why=why)
    tree = read(cap_xml(made, settings(language=language), place))
    assert words(tree, "scope") == scope
    assert bool(words(tree, "restriction")) == (scope == "Restricted")


def test_references_are_the_triples_of_the_standard() -> None:
    tree = read(cap_xml(draft(), settings(), "x"))
    assert words(tree, "references") == (
        f"duty@district.example,310101.x_1,{SENT} duty@district.example,310101.x_2,{SENT}"
    )
    assert words(tree, "expires") == "2027-01-01T00:38:00+08:00"


@pytest.mark.parametrize(
    ("tier", "urgency", "severity"),
    [
        (Tier.BLUE, "Future", "Moderate"),
        (Tier.YELLOW, "Expected", "Moderate"),
        (Tier.ORANGE, "Expected", "Severe"),
        (Tier.RED, "Immediate", "Extreme"),
    ],
)
def test_tiers_have_the_weights_that_the_project_judged(tier: Tier, urgency: str, severity: str) -> None:
    tree = read(cap_xml(draft(tier=tier, kind="forecast"), settings(), "x"))
    assert (words(tree, "urgency"), words(tree, "severity")) == (urgency, severity)
    assert words(tree, "certainty") == "Likely"


def test_an_exercise_says_so_wherever_somebody_may_look() -> None:
    tree = read(cap_xml(draft(status="Exercise"), settings(), "台阶"))
    assert words(tree, "status") == "Exercise"
    for name in ("note", "event", "headline", "description", "instruction"):
        assert "演练" in words(tree, name), name


def test_the_schema_refuses_what_is_no_cap() -> None:
    text = cap_xml(draft(), settings(), "x").replace("Actual", "Real")
    assert not SCHEMA.validate(etree.fromstring(text.encode()))


@pytest.mark.parametrize("sender", ["two words", "a,b", "a<b", "a&b", ""])
def test_senders_that_the_standard_forbids_are_refused(sender: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(sender=sender)
