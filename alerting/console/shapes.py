"""What the HTTP API takes and gives, as its OpenAPI document describes it. Times are ISO 8601 with an offset."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

TierWord = Literal["normal", "blue", "yellow", "orange", "red"]
RoleWord = Literal["view", "duty", "in-charge", "admin"]
NAME = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"
#: Text for people: no control characters, because it goes into log lines.
TEXT = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"
NameText = Annotated[str, Field(pattern=NAME, max_length=63)]
Words = Annotated[str, Field(pattern=TEXT, min_length=1, max_length=200)]


class Shape(BaseModel):
    """Fields that nobody knows are refused, not passed over."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """Why something was refused: a word for programs and a sentence for people."""

    error: str
    words: str


class Range(BaseModel):
    """An estimate with its 90 % band."""

    value: float
    low: float
    high: float


class Ahead(Range):
    """The density foreseen, so many minutes ahead."""

    minutes: int


class Hand(BaseModel):
    """Who has the zone's incident in hand, or who is being called for it."""

    incident: str
    alarm: int
    phase: str
    who: str
    called: str
    due: int | None = Field(description="When the next one is called, milliseconds since 1970 UTC.")
    waits: bool = Field(description="Whether somebody has to answer still.")


class Zone(BaseModel):
    """A zone now. `sight`: `seen` is judged now, `held` is not seen, `lost` means that the service is not heard."""

    id: str
    site: str
    zone: str
    site_title: str
    title: str
    kind: str
    tier: TierWord | None
    sight: Literal["seen", "held", "lost"]
    since: int | None = Field(description="When the tier was reached, milliseconds since 1970 UTC.")
    why: str
    forecast: bool = Field(description="Whether the tier rests on a forecast.")
    people: Range | None
    density: Range | None = Field(description="Persons/m² in the worst cell; absent while it is unknown.")
    trend: float | None = Field(description="Persons/m² per minute.")
    ahead: Ahead | None
    inflow: float | None = Field(description="Persons/min through its gates; absent where not all of them are heard.")
    outflow: float | None
    red: float | None = Field(description="Persons/m² at which red begins.")
    hand: Hand | None


class Zones(BaseModel):
    """`next` is the cursor of the next page; absent on the last one."""

    items: list[Zone]
    next: str | None


class Levels(Shape):
    """Persons/m² in the worst cell at which each tier begins; they must rise."""

    blue: float = Field(gt=0, le=50, allow_inf_nan=False)
    yellow: float = Field(gt=0, le=50, allow_inf_nan=False)
    orange: float = Field(gt=0, le=50, allow_inf_nan=False)
    red: float = Field(gt=0, le=50, allow_inf_nan=False)


class Columns(BaseModel):
    value: list[float | None]
    low: list[float | None]
    high: list[float | None]


class TierAt(BaseModel):
    """From `at` (seconds since 1970 UTC) on."""

    at: float
    tier: TierWord
    held: bool


class History(BaseModel):
    """The last hours of a zone in buckets of `step_s` seconds; `at` are their begins in seconds since 1970 UTC."""

    now: float
    step_s: int
    at: list[int]
    density: Columns
    people: Columns
    inflow: Columns
    outflow: Columns
    tiers: list[TierAt]
    thresholds: Levels | None
    ahead: list[Ahead]


class Change(BaseModel):
    id: str
    at: datetime
    site: str
    zone: str
    what: str
    from_tier: TierWord
    to_tier: TierWord
    why: str


class Changes(BaseModel):
    items: list[Change]
    next: str | None


class Incident(BaseModel):
    id: str
    site: str
    zone: str
    phase: str
    tier: TierWord
    peak: TierWord
    opened: datetime
    since: datetime
    alarm: int
    due: datetime | None
    acknowledged_by: str
    acknowledged_at: datetime | None
    why: str


class Incidents(BaseModel):
    items: list[Incident]
    next: str | None


class Acknowledge(Shape):
    """`alarm` is the one that was seen: where it has risen since, the answer is 409."""

    alarm: int = Field(ge=0, le=2**31)


class Silence(BaseModel):
    id: str
    site: str
    zone: str = Field(description="Empty where the whole site is silenced.")
    owner: str
    reason: str
    begins: datetime
    ends: datetime
    ceiling: TierWord
    maintenance: bool


class Silences(BaseModel):
    items: list[Silence]


class NewSilence(Shape):
    """A red is never silenced; 24 hours at most."""

    site: NameText
    zone: Annotated[str, Field(pattern=f"{NAME}|^$", max_length=63)] = ""
    reason: Words
    hours: float = Field(gt=0, le=24, allow_inf_nan=False)
    ceiling: Literal["blue", "yellow", "orange"] = "yellow"
    maintenance: bool = False


class NewThresholds(Shape):
    levels: Levels
    reason: Words


class Done(BaseModel):
    """What came of it."""

    outcome: str
    words: str


class OnDuty(BaseModel):
    unit: str
    title: str
    level: str
    people: list[str]


class Rota(BaseModel):
    at: datetime
    units: list[OnDuty]


class Camera(BaseModel):
    camera: str
    state: str
    reason: str
    frames: int
    frame_age_s: float | None
    dropped: dict[str, int]


class Box(BaseModel):
    site: str
    box: str
    state: str
    heard_s: float | None
    temperature_c: float | None
    waiting: int | None
    versions: dict[str, str]
    cameras: list[Camera]


class Boxes(BaseModel):
    items: list[Box]


class Health(BaseModel):
    """The service's own health, as the console sees it."""

    state: Literal["ok", "degraded", "lost"]
    wrong: list[str]
    silent_s: float | None
    instance: str
    term: int


class Me(BaseModel):
    name: str
    title: str
    role: RoleWord
    person: str


class BoardLine(BaseModel):
    name: str
    zh: str
    en: str
    comfort: Literal["calm", "busy", "very-busy", "avoid", "unknown"]


class Board(BaseModel):
    """How comfortable places are, late and coarse on purpose; `as_of` is absent before there is anything to tell."""

    as_of: datetime | None
    places: list[BoardLine]


class AccountShape(BaseModel):
    name: str
    title: str
    role: RoleWord
    person: str
    disabled: bool
    sessions: int


class AccountsShape(BaseModel):
    items: list[AccountShape]


class NewAccount(Shape):
    name: NameText
    title: Annotated[str, Field(pattern=TEXT, min_length=1, max_length=80)]
    role: RoleWord
    person: Annotated[str, Field(pattern=f"{NAME}|^$", max_length=63)] = ""
    password: Annotated[str, Field(min_length=10, max_length=200)]


class ChangedAccount(Shape):
    """What is absent stays as it is."""

    title: Annotated[str, Field(pattern=TEXT, min_length=1, max_length=80)] | None = None
    role: RoleWord | None = None
    person: Annotated[str, Field(pattern=f"{NAME}|^$", max_length=63)] | None = None
    password: Annotated[str, Field(min_length=10, max_length=200)] | None = None
    disabled: bool | None = None


class NewToken(Shape):
    title: Annotated[str, Field(pattern=TEXT, min_length=1, max_length=80)]
    role: RoleWord = "view"
    days: float = Field(gt=0, le=366, allow_inf_nan=False, default=90)


class MadeToken(BaseModel):
    """The secret is shown this once."""

    id: str
    secret: str
    ends: datetime


class TokenShape(BaseModel):
    id: str
    account: str
    title: str
    role: RoleWord
    created: datetime
    ends: datetime
    used: datetime | None


class TokensShape(BaseModel):
    items: list[TokenShape]


Refusals = dict[int | str, dict[str, Any]]


def refusals(*statuses: int) -> Refusals:
    """The refusals that a route may answer with, for its document."""
    said = {
        400: "The request cannot be read",
        401: "Nobody is logged in, or the token is wrong",
        403: "The role does not allow it",
        404: "There is no such thing",
        409: "It has changed since, or is done already",
        413: "The body is too large",
        422: "What was sent is not as described",
        429: "Too often",
        503: "The record or the service cannot be reached",
    }
    return {status: {"model": Problem, "description": said[status]} for status in statuses}
