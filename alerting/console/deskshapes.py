"""What the HTTP API takes and gives of the duty desk."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from alerting.console.shapes import NAME, NameText, Shape, TierWord, Words


class Task(BaseModel):
    """One step of a plan on an incident, or of a drill (`drill` holds its id)."""

    id: str
    incident: str
    site: str
    zone: str
    plan: str
    zh: str
    en: str
    owner: str
    to: str
    tier: TierWord
    state: str
    due: datetime
    by: str
    drill: str


class Hazard(BaseModel):
    id: str
    kind: str
    site: str
    zone: str
    level: str
    owner: str
    words: str
    opened: datetime
    deadline: datetime
    state: str
    listed: bool
    evidence: str


class Occasion(BaseModel):
    """`stale`: its risk assessment is of another plan than the one that stands."""

    name: str
    title: str
    site: str
    begins: str
    ends: str
    expected: int
    assessed: bool
    stale: bool
    cancelled: bool
    begun: bool
    ended: bool


class DrillNow(BaseModel):
    name: str
    site: str
    begun: datetime
    by: str


class Desk(BaseModel):
    """The duty desk: steps, hazards, events and the drill under way."""

    tasks: list[Task]
    hazards: list[Hazard]
    events: list[Occasion]
    drill: DrillNow | None


class StepDone(Shape):
    """`waived`: it does not apply, and the words say why."""

    words: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=400)] = ""
    waived: bool = False


class NewHazard(Shape):
    site: NameText
    zone: Annotated[str, Field(pattern=f"{NAME}|^$", max_length=63)] = ""
    level: Literal["street", "department", "district", "city"] = "street"
    owner: NameText = Field(description="Unit that answers for it.")
    words: Words


class Evidence(Shape):
    evidence: Words


class Rechecked(Shape):
    holds: bool
    words: Words


class Approved(Shape):
    words: Words
