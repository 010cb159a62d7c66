"""What the service and its sites can be told. Read from YAML elsewhere; here each setting has its type and its words.

Secrets never stand in a settings file: they are named by the variable or the file that holds them.
"""

from __future__ import annotations

import zoneinfo
from typing import Annotated, Literal

import msgspec

from alerting.answer.settings import AnswerSettings
from alerting.assess.events import SettingsApplied
from alerting.assess.occupancy import MAX_GATES
from alerting.assess.rules import (
    CAPACITY_LEVELS,
    DENSITY_LEVELS,
    GateRules,
    Levels,
    MotionLimits,
    Onward,
    Windows,
    ZoneKind,
    ZoneRules,
)
from alerting.audit.settings import AuditSettings, SelfTestSettings
from alerting.channels import (
    AppriseChannel,
    Channel,
    ConsoleChannel,
    FilePath,
    Text,
    WebhookChannel,
    needs_address,
)
from alerting.console.settings import ConsoleSettings
from alerting.duty.settings import ZoneDuty
from alerting.endpoint import MetricsSettings
from alerting.keeping import RecordSettings
from alerting.paging.settings import PageSettings
from wire import RESERVED_BOXES, RESERVED_SITES, Name, Tier
from wire.broker import BrokerSettings

__all__ = [
    "AppriseChannel",
    "Channel",
    "ConsoleChannel",
    "PageSettings",
    "RecordSettings",
    "ServiceSettings",
    "SiteSettings",
    "WebhookChannel",
    "ZoneSettings",
]

DEFAULT_RECORD_URL = "sqlite:///levee-alerting.db"


class ServiceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One alerting service."""

    instance: Annotated[
        Name, msgspec.Meta(title="Instance", description="Name of this service among those at one broker.")
    ] = "alerting"
    mqtt: Annotated[BrokerSettings, msgspec.Meta(title="MQTT", description="The broker that the boxes publish to.")] = (
        BrokerSettings()
    )
    record: Annotated[RecordSettings, msgspec.Meta(title="Record", description="The database of the service.")] = (
        RecordSettings()
    )
    metrics: Annotated[
        MetricsSettings, msgspec.Meta(title="Metrics", description="The end point for Prometheus and for views.")
    ] = MetricsSettings()
    sites: Annotated[
        tuple[FilePath, ...],
        msgspec.Meta(title="Sites", description="Paths of the sites' files, relative to this file.", min_length=1),
    ]
    channels: Annotated[
        dict[Name, Channel], msgspec.Meta(title="Channels", description="The ways to reach people, each by its name.")
    ] = msgspec.field(default_factory=lambda: {"console": ConsoleChannel()})
    pages: Annotated[
        PageSettings, msgspec.Meta(title="Pages", description="Which tier is paged through which channels.")
    ] = PageSettings()
    duty: Annotated[
        FilePath | None,
        msgspec.Meta(title="Duty", description="Path of the file of people, units and shifts, relative to this file."),
    ] = None
    desk: Annotated[
        FilePath | None,
        msgspec.Meta(
            title="Desk", description="Path of the file of plans, events, drills and hazards, relative to this file."
        ),
    ] = None
    answer: Annotated[
        AnswerSettings | None, msgspec.Meta(title="Answer", description="The page on which people acknowledge.")
    ] = None
    self_test: Annotated[
        SelfTestSettings | None, msgspec.Meta(title="Self-test", description="The daily test of the whole path.")
    ] = None
    audit: Annotated[AuditSettings | None, msgspec.Meta(title="Audit", description="The auditor of the record.")] = None
    console: Annotated[
        ConsoleSettings | None,
        msgspec.Meta(title="Console", description="What people see in browsers; `levee console run` with this file."),
    ] = None
    cluster: Annotated[
        Name | None,
        msgspec.Meta(
            title="Cluster",
            description="Name that a leader and its standby share, with one PostgreSQL and instances of their own.",
        ),
    ] = None
    tier_expires_s: Annotated[
        int,
        msgspec.Meta(
            title="Tier's expiry",
            description="Seconds after which signs and sirens say that they have no link.",
            ge=6,
            le=3600,
        ),
    ] = 30

    def __post_init__(self) -> None:
        if not self.channels:
            raise ValueError("channels is empty, so nobody would ever be paged; leave it out to page to the console")
        if (
            self.cluster is not None
            and (self.record.url or DEFAULT_RECORD_URL).startswith("sqlite")
            and not (self.record.url_from_env or self.record.url_from_file)
        ):
            raise ValueError("cluster: a leader and its standby need one PostgreSQL; SQLite belongs to one machine")
        tested = self.self_test.channels if self.self_test is not None else None
        for name in tested or ():
            if name not in self.channels:
                raise ValueError(f"self_test names the channel {name}, which is not among channels")
        named = {name for tier in list(Tier)[1:] for name in self.pages.channels(tier) or ()}
        for name in sorted(named | set(self.pages.unknown or ())):
            if name not in self.channels:
                raise ValueError(f"pages name the channel {name}, which is not among channels")
            if needs_address(self.channels[name]):
                raise ValueError(
                    f"pages name the channel {name}, which reaches nobody without an address: give it `to`"
                )
        if all(needs_address(channel) for channel in self.channels.values()) and self.duty is None:
            raise ValueError("no channel reaches anybody: give one of them `to`, or name a `duty` file")
        if self.desk is not None and self.duty is None:
            raise ValueError("desk: plans and hazards need people: name a `duty` file as well")


Metre = Annotated[float, msgspec.Meta(ge=-100_000, le=100_000)]
TierWord = Literal["blue", "yellow", "orange", "red"]


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step, in both languages."""

    zh: Annotated[Text, msgspec.Meta(title="Chinese", description="The step in Chinese.")]
    en: Annotated[Text, msgspec.Meta(title="English", description="The step in English.")]


PlanSteps = Annotated[tuple[Said, ...], msgspec.Meta(max_length=8)]


class ZoneSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One zone: a place that is judged by itself. It belongs to one box, or is made of zones that do."""

    name: Annotated[
        Name, msgspec.Meta(title="Name", description="Its short name, as in topics, metrics and the box's file.")
    ]
    title: Annotated[Text, msgspec.Meta(title="Title", description="What people call the place.")]
    kind: Annotated[
        ZoneKind, msgspec.Meta(title="Kind", description="What people do there; it chooses the thresholds.")
    ]
    box: Annotated[
        Name | None, msgspec.Meta(title="Owner", description="The one box whose readings of this zone count.")
    ] = None
    parts: Annotated[
        tuple[Name, ...],
        msgspec.Meta(
            title="Parts",
            description="Instead of `box`: zones of this site, of whichever boxes, that together are this one. Counts "
            "add, the worst cell is the worst of all; a part that is unknown makes the whole degraded, not emptier.",
            max_length=8,
        ),
    ] = ()
    responsible: Annotated[
        Text | None,
        msgspec.Meta(title="Responsible", description="Unit that answers for this zone; the site's if not set."),
    ] = None
    duty: Annotated[
        ZoneDuty | None,
        msgspec.Meta(title="Duty", description="Units of the duty file that are called for it; the site's if not set."),
    ] = None
    plan: Annotated[
        dict[TierWord, PlanSteps],
        msgspec.Meta(
            title="Plan", description="First steps of the plan by tier, as each page says them; the site's if empty."
        ),
    ] = msgspec.field(default_factory=dict)
    capacity: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None,
        msgspec.Meta(title="Capacity", description="Most people that the zone may hold."),
    ] = None
    thresholds: Annotated[
        Levels | None,
        msgspec.Meta(title="Thresholds", description="Persons/m² in the worst cell, instead of those of the kind."),
    ] = None
    capacity_percent: Annotated[
        Levels, msgspec.Meta(title="Capacity's thresholds", description="Percent of the capacity for each tier.")
    ] = CAPACITY_LEVELS
    windows: Annotated[Windows, msgspec.Meta(title="Windows", description="Seconds that each tier is judged over.")] = (
        Windows()
    )
    fall_s: Annotated[
        float,
        msgspec.Meta(
            title="Fall", description="Seconds well below a tier's threshold before it falls by one.", ge=5, le=3600
        ),
    ] = 180.0
    clear_ratio: Annotated[
        float,
        msgspec.Meta(title="Clear at", description="Share of the threshold to stay below for a fall.", ge=0.1, le=0.95),
    ] = 0.8
    stale_s: Annotated[
        float,
        msgspec.Meta(
            title="Stale after", description="Seconds without a reading until the zone is unknown.", ge=2, le=30
        ),
    ] = 10.0
    unknown_page_s: Annotated[
        float,
        msgspec.Meta(
            title="Page when unknown",
            description="Seconds of unknown until somebody is called, on steps or at yellow and above.",
            ge=5,
            le=3600,
        ),
    ] = 120.0
    one_way: Annotated[
        bool, msgspec.Meta(title="One way", description="A path with one direction: counterflow counts from blue on.")
    ] = False
    exit_width_m: Annotated[
        Annotated[float, msgspec.Meta(gt=0, le=1000)] | None,
        msgspec.Meta(title="Exit", description="Metres of exit that the counted outflow passes through."),
    ] = None
    motion: Annotated[
        MotionLimits, msgspec.Meta(title="Motion", description="From where the way a crowd moves raises the tier.")
    ] = MotionLimits()
    forecast: Annotated[
        bool, msgspec.Meta(title="Forecast", description="Whether what is foreseen may raise the tier.")
    ] = True
    outline: Annotated[
        tuple[tuple[Metre, Metre], ...],
        msgspec.Meta(title="Outline", description="Its corners on the site's plan, x and y in metres, y downwards."),
    ] = ()
    onward: Annotated[
        tuple[Onward, ...], msgspec.Meta(title="Onward", description="Zones that its people go to when they leave.")
    ] = ()
    balance: Annotated[
        bool,
        msgspec.Meta(title="Balance", description="Keep its occupancy as entries minus exits of its gates."),
    ] = False
    gate_stale_s: Annotated[
        float,
        msgspec.Meta(
            title="Gates stale after",
            description="Seconds that the figures of a gate or an occupancy stand for.",
            ge=5,
            le=3600,
        ),
    ] = 150.0

    def __post_init__(self) -> None:
        if len(self.outline) in (1, 2):
            raise ValueError(f"zone {self.name}: an outline needs three corners or more")
        if self.box in RESERVED_BOXES:
            raise ValueError(f"zone {self.name}: no box may be called {self.box}")
        if (self.box is None) == (not self.parts):
            raise ValueError(f"zone {self.name}: give one of `box` and `parts`")

    def rules(self) -> ZoneRules:
        """What the judgement needs of this zone, with the kind's thresholds where it names none."""
        return ZoneRules(
            zone=self.name,
            kind=self.kind,
            density=self.thresholds or DENSITY_LEVELS[self.kind],
            capacity=self.capacity,
            capacity_percent=self.capacity_percent,
            windows=self.windows,
            fall_s=self.fall_s,
            clear_ratio=self.clear_ratio,
            stale_s=self.stale_s,
            unknown_page_s=self.unknown_page_s,
            one_way=self.one_way,
            exit_width_m=self.exit_width_m,
            motion=self.motion,
            forecast=self.forecast,
            onward=self.onward,
            balance=self.balance,
            gate_stale_s=self.gate_stale_s,
            parts=self.parts,
        )


class GateSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A gate where people are counted in and out; it is no zone, but belongs to one box as a zone does."""

    name: Annotated[Name, msgspec.Meta(title="Name", description="Its short name, as its readings call their zone.")]
    box: Annotated[Name, msgspec.Meta(title="Owner", description="The one box whose readings of this gate count.")]
    into: Annotated[
        Name | None, msgspec.Meta(title="Into", description="Zone that its inflow enters; absent: the world outside.")
    ] = None
    out_of: Annotated[
        Name | None, msgspec.Meta(title="Out of", description="Zone that its inflow leaves; absent: the world outside.")
    ] = None

    def __post_init__(self) -> None:
        if self.into == self.out_of:
            raise ValueError(f"gate {self.name}: it must lead from one place into another")


class SiteSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One site: the zones that are judged together."""

    site: Annotated[Name, msgspec.Meta(title="Site", description="Its short name, as in topics and metrics.")]
    title: Annotated[Text, msgspec.Meta(title="Title", description="What people call the site.")]
    time_zone: Annotated[Text, msgspec.Meta(title="Time zone", description="IANA name, for example Asia/Shanghai.")] = (
        "UTC"
    )
    responsible: Annotated[Text, msgspec.Meta(title="Responsible", description="Unit that answers for the site.")]
    duty: Annotated[
        ZoneDuty | None,
        msgspec.Meta(title="Duty", description="Units of the duty file that are called for its zones."),
    ] = None
    plan: Annotated[
        dict[TierWord, PlanSteps],
        msgspec.Meta(title="Plan", description="First steps of the plan by tier, as each page says them."),
    ] = msgspec.field(default_factory=dict)
    zones: Annotated[
        tuple[ZoneSettings, ...], msgspec.Meta(title="Zones", description="The zones of the site.", min_length=1)
    ]
    gates: Annotated[
        tuple[GateSettings, ...], msgspec.Meta(title="Gates", description="Where people are counted as they pass.")
    ] = ()
    changed_by: Annotated[
        Text | None,
        msgspec.Meta(title="Changed by", description="Who changed these settings last; recorded with the change."),
    ] = None
    changed_why: Annotated[
        Text | None, msgspec.Meta(title="Changed why", description="Why; recorded with the change.")
    ] = None

    def __post_init__(self) -> None:
        if self.site in RESERVED_SITES:
            raise ValueError(f"no site may be called {self.site}")
        names = [zone.name for zone in self.zones]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"site {self.site}: the zone {name} is listed twice; a zone has one owner")
        owned = [zone.name for zone in self.zones if zone.box is not None]
        told = [part for zone in self.zones for part in zone.parts]
        for part in told:
            if part not in owned:
                raise ValueError(f"site {self.site}: the part {part} is no zone of the site that a box owns")
            if told.count(part) > 1:
                raise ValueError(f"site {self.site}: the part {part} is listed twice: people would count twice")
        for gate in self.gates:
            if gate.name in names or [other.name for other in self.gates].count(gate.name) > 1:
                raise ValueError(f"site {self.site}: the gate {gate.name} bears the name of another gate or zone")
            for end in (gate.into, gate.out_of):
                if end is not None and end not in names:
                    raise ValueError(f"gate {gate.name}: the site has no zone {end}")
        for zone in self.zones:
            gates = sum(zone.name in (gate.into, gate.out_of) for gate in self.gates)
            if gates > MAX_GATES:
                raise ValueError(f"zone {zone.name}: {gates} gates are more than the {MAX_GATES} that a zone can have")
            for onward in zone.onward:
                if onward.zone not in names or onward.zone == zone.name:
                    raise ValueError(f"zone {zone.name}: people cannot go onward to {onward.zone}")
        try:
            zoneinfo.ZoneInfo(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"site {self.site}: no time zone is called {self.time_zone}") from None

    def applied(self, at: float) -> SettingsApplied:
        """The event by which these settings come into force at `at`."""
        return SettingsApplied(
            at=at,
            zones=tuple(zone.rules() for zone in self.zones),
            by=self.changed_by or "",
            reason=self.changed_why or "",
            gates=tuple(GateRules(gate=gate.name, into=gate.into, out_of=gate.out_of) for gate in self.gates),
        )
