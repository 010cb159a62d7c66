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
from alerting.assess.events import Event, HistoryTold, Observed, OccupancyReset, SettingsApplied, Tick
from alerting.assess.log import LogRefused, decode_event, encode_event, join_events, split_events
from alerting.assess.rules import Levels, Windows, ZoneKind, ZoneRules
from alerting.assess.site import Filling, SiteView, site_view
from alerting.assess.state import (
    SiteState,
    StateRefused,
    ZoneState,
    decode_state,
    encode_state,
    new_site,
    state_number,
)
from alerting.assess.step import step

__all__ = [
    "CAUSES",
    "Change",
    "Effect",
    "Event",
    "Figures",
    "Filling",
    "HeldUnknown",
    "HistoryTold",
    "Levels",
    "LogRefused",
    "Observed",
    "OccupancyReset",
    "Page",
    "SettingsApplied",
    "SettingsChanged",
    "SiteState",
    "SiteView",
    "StateRefused",
    "Tick",
    "TierChanged",
    "UnknownEnded",
    "Windows",
    "ZoneKind",
    "ZoneRules",
    "ZoneState",
    "decode_event",
    "decode_state",
    "encode_event",
    "encode_state",
    "join_events",
    "new_site",
    "site_view",
    "split_events",
    "state_number",
    "step",
]
