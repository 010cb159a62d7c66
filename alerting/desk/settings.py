"""What the duty desk is held to, as it stands in a file: plans, bodies, occasions, drills, roll-calls, hazards."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from alerting.assess.rules import Levels
from alerting.duty.settings import DateText, Moment, Person, Text
from wire import Name

TierWord = Literal["blue", "yellow", "orange", "red"]
Within = Annotated[float, msgspec.Meta(ge=10, le=86_400)]
LongText = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class HazardLevel(enum.Enum):
    """Level at which a hazard is supervised (挂牌督办): 街镇、部门、区、市, the weightiest last."""

    STREET = "street"
    DEPARTMENT = "department"
    DISTRICT = "district"
    CITY = "city"

    @property
    def above(self) -> HazardLevel:
        levels = tuple(HazardLevel)
        return levels[min(levels.index(self) + 1, len(levels) - 1)]


class HazardKind(enum.Enum):
    """Where a hazard comes from."""

    CAMERA = "camera-down"
    BOX = "box-silent"
    UNCALIBRATED = "uncalibrated"
    UNEXERCISED = "plan-not-exercised"
    STALE = "assessment-stale"
    INSPECTION = "inspection"
    SELF_ASSESSMENT = "self-assessment"
    OTHER = "other"


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another body (联动单位): the metro, the police, a neighbouring district, the medical service."""

    name: Annotated[Name, msgspec.Meta(title="Name", description="Its short name, as in plans.")]
    title: Annotated[Text, msgspec.Meta(title="Called", description="What people call it.")]
    language: Annotated[
        Literal["zh", "en"], msgspec.Meta(title="Language", description="Language of its messages: zh or en.")
    ] = "zh"
    channel: Annotated[Name, msgspec.Meta(title="Channel", description="A channel of the service.")]
    to: Annotated[
        Text | None,
        msgspec.Meta(title="Address", description="Where it is reached there; left out where there is one receiver."),
    ] = None


class PlanStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of a plan: what, who answers for it, and by when."""

    name: Annotated[Name, msgspec.Meta(title="Name", description="Its short name within the plan.")]
    kind: Annotated[
        Literal["deploy", "one-way", "skip-stop", "close", "broadcast", "inform", "other"],
        msgspec.Meta(title="Kind", description="What sort of step it is."),
    ] = "other"
    zh: Annotated[LongText, msgspec.Meta(title="Chinese", description="The step in Chinese.")]
    en: Annotated[LongText, msgspec.Meta(title="English", description="The step in English.")]
    owner: Annotated[
        Name, msgspec.Meta(title="Owner", description="Unit of the duty file that answers for the step (责任单位).")
    ]
    within_s: Annotated[
        Within, msgspec.Meta(title="Within", description="Seconds from the rise until it must be done.")
    ]
    to: Annotated[
        Name | None,
        msgspec.Meta(title="To", description="Body that it is addressed to (联动); done when that has confirmed it."),
    ] = None


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contingency plan (预案): the steps that a rise to a tier begins."""

    name: Annotated[Name, msgspec.Meta(title="Name", description="Its short name.")]
    title: Annotated[Text, msgspec.Meta(title="Called", description="What people call it.")]
    site: Annotated[Name, msgspec.Meta(title="Site", description="Where it applies.")]
    zones: Annotated[
        tuple[Name, ...], msgspec.Meta(title="Zones", description="Zones that it is for; left out, all of the site.")
    ] = ()
    tier: Annotated[TierWord, msgspec.Meta(title="Tier", description="Tier from which on its steps are due.")]
    steps: Annotated[tuple[PlanStep, ...], msgspec.Meta(title="Steps", description="What is to be done.", min_length=1)]
    exercise_days: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=1000)] | None,
        msgspec.Meta(title="Exercise", description="Days within which a drill must have exercised it."),
    ] = None

    def __post_init__(self) -> None:
        _once(f"plan {self.name}: the step", [step.name for step in self.steps])


class Assessment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The risk assessment of an occasion (风险评估), of the facts as they stand beside it."""

    owner: Annotated[Name, msgspec.Meta(title="Owner", description="Unit that answers for it.")]
    date: Annotated[
        DateText | None, msgspec.Meta(title="Date", description="When it was approved, as in 2026-12-01.")
    ] = None
    approved_by: Annotated[
        Name | None, msgspec.Meta(title="Approved by", description="Short name of who approved it.")
    ] = None
    words: Annotated[LongText | None, msgspec.Meta(title="Words", description="Its result, or where it is filed.")] = (
        None
    )

    def __post_init__(self) -> None:
        if (self.date is None) != (self.approved_by is None):
            raise ValueError("assessment: `date` and `approved_by` belong together")


class OccasionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An occasion (活动) on the calendar. What is changed here, or by a request, makes its assessment stale."""

    name: Annotated[Name, msgspec.Meta(title="Name", description="Its short name.")]
    title: Annotated[Text, msgspec.Meta(title="Called", description="What people call it.")]
    kind: Annotated[
        Literal["countdown", "concert", "match", "holiday", "market", "other"],
        msgspec.Meta(title="Kind", description="What sort of occasion."),
    ] = "other"
    site: Annotated[Name, msgspec.Meta(title="Site", description="Where.")]
    zones: Annotated[
        tuple[Name, ...], msgspec.Meta(title="Zones", description="Where on the site; left out, all of it.")
    ] = ()
    begins: Annotated[Moment, msgspec.Meta(title="Begins", description="As in 2026-12-31 20:00.")]
    ends: Annotated[Moment, msgspec.Meta(title="Ends", description="As in 2027-01-01 01:00.")]
    expected: Annotated[int, msgspec.Meta(title="Expected", description="People at once, at most.", ge=0, le=10**7)]
    plans: Annotated[tuple[Name, ...], msgspec.Meta(title="Plans", description="Plans that are made for it.")] = ()
    assessment: Annotated[
        Assessment, msgspec.Meta(title="Assessment", description="Its risk assessment: owner, date, approval.")
    ]
    thresholds: Annotated[
        dict[Name, Levels],
        msgspec.Meta(title="Thresholds", description="Persons/m² in the worst cell by zone, while it lasts."),
    ] = msgspec.field(default_factory=dict)
    rota: Annotated[
        dict[Name, tuple[Name, ...]],
        msgspec.Meta(title="Rota", description="People by unit who are called first while it lasts."),
    ] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        if moment(self.begins, f"event {self.name}: begins") >= moment(self.ends, f"event {self.name}: ends"):
            raise ValueError(f"event {self.name}: `ends` is not after `begins`")


class DrillSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A drill (演练): a scenario that is played to the people on duty."""

    name: Annotated[Name, msgspec.Meta(title="Name", description="Its short name, as in `levee drill NAME`.")]
    title: Annotated[Text, msgspec.Meta(title="Called", description="What people call it.")]
    site: Annotated[Name, msgspec.Meta(title="Site", description="Site of the service that it is played at.")]
    scenario: Annotated[
        str, msgspec.Meta(title="Scenario", description="Path of a scenario's file (`levee: scenario`).", min_length=1)
    ]
    start_min: Annotated[
        float, msgspec.Meta(title="From", description="Minutes of the scenario that are left out.", ge=0, le=10_080)
    ] = 0.0
    minutes: Annotated[
        float, msgspec.Meta(title="Lasts", description="Minutes that are played at most.", ge=0.5, le=720)
    ] = 60.0
    plans: Annotated[tuple[Name, ...], msgspec.Meta(title="Plans", description="Plans that it exercises.")] = ()


class RollCallSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Roll-calls (查岗) of a unit: at times that nobody can foresee, who is on duty must confirm."""

    unit: Annotated[Name, msgspec.Meta(title="Unit", description="Unit of the duty file.")]
    every_h: Annotated[
        float,
        msgspec.Meta(title="Every", description="One roll-call at random within each so many hours.", ge=1, le=24),
    ] = 4.0
    answer_s: Annotated[
        float, msgspec.Meta(title="Answer within", description="Seconds to confirm.", ge=30, le=7200)
    ] = 300.0


class HazardRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How hazards (隐患) are supervised. Days are judgements of this project."""

    owner: Annotated[
        Name | None,
        msgspec.Meta(title="Owner", description="Unit that answers for those of cameras and boxes; the keeper's."),
    ] = None
    days: Annotated[
        dict[HazardLevel, Annotated[float, msgspec.Meta(gt=0, le=365)]],
        msgspec.Meta(title="Days", description="Days until one must be closed, by level."),
    ] = msgspec.field(
        default_factory=lambda: {
            HazardLevel.STREET: 7.0,
            HazardLevel.DEPARTMENT: 5.0,
            HazardLevel.DISTRICT: 3.0,
            HazardLevel.CITY: 1.0,
        }
    )
    remind_h: Annotated[
        float, msgspec.Meta(title="Remind", description="Hours before the deadline at which its owner is told.", ge=0.1)
    ] = 24.0
    again_h: Annotated[
        float, msgspec.Meta(title="Again", description="Hours between two calls for one that is overdue.", ge=0.5)
    ] = 24.0
    recheck_days: Annotated[
        float, msgspec.Meta(title="Re-check", description="Days after which a closed one is looked at again.", gt=0)
    ] = 7.0
    down_h: Annotated[
        float,
        msgspec.Meta(title="Down for", description="Hours out of order until that is a hazard.", ge=0.01, le=720),
    ] = 1.0
    assess_days: Annotated[
        float,
        msgspec.Meta(title="Assess", description="Days before an occasion by which it must be assessed.", ge=0, le=90),
    ] = 7.0


class CapSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Drafts of public warnings in the Common Alerting Protocol 1.2. Only a named person publishes."""

    sender: Annotated[
        str,
        msgspec.Meta(
            title="Sender",
            description="Who sends, as the standard wants it: unique, without blanks, commas, < and &.",
            pattern=r"^[^\s,<&]{1,100}$(?!\n)",
        ),
    ]
    prefix: Annotated[
        str,
        msgspec.Meta(
            title="Prefix",
            description="Area code, body and unit that identifiers begin with.",
            pattern=r"^[A-Za-z0-9.-]{1,60}$(?!\n)",
        ),
    ]
    language: Annotated[Literal["zh-CN", "en-US"], msgspec.Meta(title="Language", description="zh-CN or en-US.")] = (
        "zh-CN"
    )
    from_tier: Annotated[TierWord, msgspec.Meta(title="From", description="Lowest tier that is written.")] = "blue"
    restriction: Annotated[
        Text, msgspec.Meta(title="Restriction", description="For whom a draft is, until it is released.")
    ] = "duty room"
    release: Annotated[
        tuple[Name, ...],
        msgspec.Meta(title="Release", description="People of the duty file who may release to the public."),
    ] = ()


class DeskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The duty desk."""

    time_zone: Annotated[Text, msgspec.Meta(title="Time zone", description="IANA name, for example Asia/Shanghai.")] = (
        "Asia/Shanghai"
    )
    bodies: Annotated[tuple[Body, ...], msgspec.Meta(title="Bodies", description="Other bodies (联动单位).")] = ()
    plans: Annotated[tuple[Plan, ...], msgspec.Meta(title="Plans", description="Contingency plans (预案).")] = ()
    events: Annotated[
        tuple[OccasionSettings, ...], msgspec.Meta(title="Events", description="The calendar of occasions (活动).")
    ] = ()
    drills: Annotated[tuple[DrillSettings, ...], msgspec.Meta(title="Drills", description="Drills (演练).")] = ()
    roll_calls: Annotated[
        tuple[RollCallSettings, ...], msgspec.Meta(title="Roll-calls", description="Roll-calls by unit (查岗).")
    ] = ()
    hazards: Annotated[HazardRules, msgspec.Meta(title="Hazards", description="The hazards register (隐患).")] = (
        HazardRules()
    )
    cap: Annotated[
        CapSettings | None, msgspec.Meta(title="CAP", description="Drafts of public warnings; left out, none.")
    ] = None
    overdue_again_s: Annotated[
        float,
        msgspec.Meta(title="Overdue again", description="Seconds between calls for a step that is overdue.", ge=30),
    ] = 300.0

    def __post_init__(self) -> None:
        bodies = _once("body", [body.name for body in self.bodies])
        plans = _once("plan", [plan.name for plan in self.plans])
        _once("event", [event.name for event in self.events])
        _once("drill", [drill.name for drill in self.drills])
        _once("roll_calls: unit", [call.unit for call in self.roll_calls])
        for plan in self.plans:
            for step in plan.steps:
                if step.to is not None and step.to not in bodies:
                    raise ValueError(f"plan {plan.name}: step {step.name}: no body is called {step.to}")
        for event in self.events:
            for name in event.plans:
                if name not in plans:
                    raise ValueError(f"event {event.name}: no plan is called {name}")
        for drill in self.drills:
            for name in drill.plans:
                if name not in plans:
                    raise ValueError(f"drill {drill.name}: no plan is called {name}")

    def body(self, name: str) -> Body | None:
        return next((body for body in self.bodies if body.name == name), None)

    def plan(self, name: str) -> Plan | None:
        return next((plan for plan in self.plans if plan.name == name), None)

    def drill(self, name: str) -> DrillSettings | None:
        return next((drill for drill in self.drills if drill.name == name), None)

    def addressees(self) -> dict[str, Person]:
        """The bodies in the form in which people are reached."""
        return {
            body.name: msgspec.convert(
                {
                    "name": body.name,
                    "title": body.title,
                    "language": body.language,
                    "reach": [{"channel": body.channel, "to": body.to}],
                },
                Person,
            )
            for body in self.bodies
        }


def moment(text: str, what: str) -> datetime:
    """A moment on the clock of the desk's time zone, without it; ValueError that begins with `what`."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M")
    except ValueError:
        raise ValueError(f"{what}: there is no moment {text}") from None


def _once(what: str, names: list[str]) -> set[str]:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{what} {name} is listed twice")
    return set(names)
