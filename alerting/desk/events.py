"""What happens to the duty desk, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from alerting.desk.settings import HazardKind, HazardLevel
from alerting.duty.events import Entry, Refused
from wire import Tier


@dataclass(frozen=True)
class Began:
    """The service has started, perhaps with other settings; `seed` is its secret."""

    at: float
    seed: str = ""


@dataclass(frozen=True)
class Passed:
    """Time has passed: the only clock of the desk."""

    at: float


@dataclass(frozen=True)
class TierRose:
    """A zone reached `tier`, on the incident of that id; `drill` names the drill that it is part of."""

    at: float
    site: str
    zone: str
    tier: Tier
    incident: str
    why: str = ""
    kind: str = "observed"
    drill: str = ""


@dataclass(frozen=True)
class TierFell:
    at: float
    site: str
    zone: str
    tier: Tier
    incident: str = ""
    why: str = ""
    kind: str = "observed"
    drill: str = ""


@dataclass(frozen=True)
class IncidentEnded:
    at: float
    incident: str


@dataclass(frozen=True)
class StepDone:
    """A person ticks a step off, or says that it does not apply (`waived`, with words)."""

    at: float
    task: str
    person: str
    words: str = ""
    waived: bool = False


@dataclass(frozen=True)
class Received:
    """The other body has confirmed a step: `how` is `link`, or `told` where a person of ours notes it down."""

    at: float
    task: str
    how: str = "link"
    person: str = ""
    words: str = ""


@dataclass(frozen=True)
class OccasionSet:
    """A person puts an occasion on the calendar, or changes it; what is None stays as it is."""

    at: float
    event: str
    person: str
    why: str
    title: str | None = None
    kind: str | None = None
    site: str | None = None
    zones: tuple[str, ...] | None = None
    begins: str | None = None
    ends: str | None = None
    expected: int | None = None
    plans: tuple[str, ...] | None = None
    owner: str | None = None


@dataclass(frozen=True)
class OccasionCancelled:
    at: float
    event: str
    person: str
    why: str


@dataclass(frozen=True)
class Assessed:
    """A named person approves the risk assessment of the occasion as it stands now."""

    at: float
    event: str
    person: str
    words: str


@dataclass(frozen=True)
class DrillBegun:
    at: float
    id: str
    drill: str
    person: str
    #: What the scenario knows to be dangerous: zone and moment, for the rate of what was found.
    truth: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class DrillHeard:
    at: float


@dataclass(frozen=True)
class DrillEnded:
    at: float
    person: str
    why: str


@dataclass(frozen=True)
class RollAnswered:
    at: float
    roll: str
    person: str
    how: str = "link"


@dataclass(frozen=True)
class HazardOpened:
    """A person enters a finding: of an inspection (暗查), a self-assessment (自评价), or another."""

    at: float
    id: str
    person: str
    kind: HazardKind
    level: HazardLevel
    owner: str
    words: str
    site: str = ""
    zone: str = ""
    days: float | None = None


@dataclass(frozen=True)
class HazardClosed:
    at: float
    hazard: str
    person: str
    evidence: str


@dataclass(frozen=True)
class HazardRechecked:
    """Somebody other than who closed it has looked again (回头看)."""

    at: float
    hazard: str
    person: str
    holds: bool
    words: str = ""


@dataclass(frozen=True)
class Noticed:
    """What a box says of itself: `subject` is out of order, or in order again."""

    at: float
    subject: str
    wrong: bool
    kind: HazardKind = HazardKind.CAMERA
    site: str = ""
    zone: str = ""
    words: str = ""


@dataclass(frozen=True)
class CapReleased:
    at: float
    message: str
    person: str


@dataclass(frozen=True)
class Forgotten:
    """A person is to be forgotten: the desk remembers the name no longer."""

    at: float
    person: str


Happening: TypeAlias = (
    Began
    | Passed
    | TierRose
    | TierFell
    | IncidentEnded
    | StepDone
    | Received
    | OccasionSet
    | OccasionCancelled
    | Assessed
    | DrillBegun
    | DrillHeard
    | DrillEnded
    | RollAnswered
    | HazardOpened
    | HazardClosed
    | HazardRechecked
    | Noticed
    | CapReleased
    | Forgotten
)


@dataclass(frozen=True)
class Notice:
    """A message to a person of the duty list, or to another body. The id is the same for every repeat."""

    id: str
    at: float
    to: str
    unit: str
    #: `steps`, `overdue`, `linkage`, `roll-call`, `roll-missed`, `hazard`, `reminder`, `recheck`, `drill`.
    what: str
    zh: str
    en: str
    #: What its link answers: `step:ID`, `receipt:ID`, `roll:ID`, in the order of the text.
    asks: tuple[str, ...] = ()
    site: str = ""
    zone: str = ""
    tier: Tier = Tier.NORMAL
    drill: str = ""
    #: On all channels at once.
    parallel: bool = False


@dataclass(frozen=True)
class Withdrawn:
    """Nobody needs to be told of this any more."""

    asks: tuple[str, ...]


@dataclass(frozen=True)
class DrillOver:
    """The drill `id` is over: what belongs to it is taken down."""

    id: str
    why: str


@dataclass(frozen=True)
class CapDraft:
    """A CAP message is to be written. `references` as the standard writes them, without the sender."""

    at: float
    identifier: str
    sent: str
    status: str
    message: str
    scope: str
    references: tuple[tuple[str, str], ...]
    site: str
    zone: str
    tier: Tier
    kind: str
    why: str
    incident: str = ""
    by: str = ""
    #: For a release: the draft that it makes public.
    note: str = ""
    drill: str = ""


@dataclass(frozen=True)
class OccasionTurned:
    """An occasion has begun, or is over: its thresholds and its rota come into force, or go."""

    name: str
    on: bool


Asked: TypeAlias = Entry | Refused | Notice | Withdrawn | DrillOver | CapDraft | OccasionTurned
