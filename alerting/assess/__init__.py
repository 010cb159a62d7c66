"""The judgement: pure, the same live, in a replay and on a cluster. Imports only stdlib, msgspec and `wire`."""

from alerting.assess.effects import (
    CAUSES,
    Change,
    Effect,
    Figures,
    HeldUnknown,
    Page,
    SettingsChanged,
    TierChanged,
    UnknownEnded,
)
from alerting.assess.events import Event, Observed, SettingsApplied, Tick
from alerting.assess.rules import Levels, Windows, ZoneKind, ZoneRules
from alerting.assess.state import SiteState, StateRefused, ZoneState, decode_state, encode_state, new_site
from alerting.assess.step import step

__all__ = [
    "CAUSES",
    "Change",
    "Effect",
    "Event",
    "Figures",
    "HeldUnknown",
    "Levels",
    "Observed",
    "Page",
    "SettingsApplied",
    "SettingsChanged",
    "SiteState",
    "StateRefused",
    "Tick",
    "TierChanged",
    "UnknownEnded",
    "Windows",
    "ZoneKind",
    "ZoneRules",
    "ZoneState",
    "decode_state",
    "encode_state",
    "new_site",
    "step",
]
