"""What a scenario file says: the place in metres, who comes when, what happens, and what is known to be true.

Times are `HH:MM` or `HH:MM:SS` on the site's clock, the first at or after `start`; tables of [time, value] are followed
in straight lines. Units are SI, flows persons/min.
"""

from __future__ import annotations

import enum
from datetime import datetime
from itertools import pairwise
from typing import Annotated

import msgspec

from wire import Name

Clock = Annotated[
    str, msgspec.Meta(pattern=r"^[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?$(?!\n)", description="a time such as 22:37")
]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
#: A value over time: [[time, value], ...], rising in time; before the first and after the last it stays.
Table = Annotated[
    tuple[tuple[Clock, Annotated[float, msgspec.Meta(ge=0, le=1e6)]], ...], msgspec.Meta(min_length=1, max_length=200)
]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Mark(enum.Enum):
    """How well something is known: read in a source, widely repeated, a judgement of this project."""

    SOURCE = "S"
    REPEATED = "R"
    JUDGEMENT = "J"


class Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that the scenario is built from."""

    when: Annotated[str, msgspec.Meta(title="When", description="Time or span, in words.", max_length=60)]
    what: Annotated[Text, msgspec.Meta(title="What", description="What is known.")]
    mark: Annotated[Mark, msgspec.Meta(title="Mark", description="S read in a source, R repeated, J a judgement.")]


class Ground(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place that people stand on or walk through; a zone of the site where it bears the name of one."""

    name: Annotated[Name, msgspec.Meta(title="Name", description="Its short name.")]
    polygon: Annotated[
        tuple[tuple[float, float], ...],
        msgspec.Meta(title="Polygon", description="Corners in metres on the ground.", min_length=3, max_length=40),
    ]
    stairs: Annotated[bool, msgspec.Meta(title="Stairs", description="Walked at the speed of stairs.")] = False
    jam_density: Annotated[
        float, msgspec.Meta(title="Jam", description="Persons/m² at which nobody moves or enters.", gt=1, le=10)
    ] = 6.0
    worst_cell: Annotated[
        float,
        msgspec.Meta(title="Worst cell", description="Density of its worst 10 m² over that of the whole.", ge=1, le=6),
    ] = 1.3
    widens: Annotated[
        bool, msgspec.Meta(title="Widens", description="Grows and shrinks with the factor `width` of a variation.")
    ] = False


class Passage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The line between two grounds that people cross, either way."""

    between: Annotated[tuple[Name, Name], msgspec.Meta(title="Between", description="The two grounds.")]
    width_m: Annotated[float, msgspec.Meta(title="Width", description="Clear width in metres.", gt=0, le=500)]
    per_metre: Annotated[
        float, msgspec.Meta(title="Capacity", description="Most persons/min through each metre.", gt=0, le=200)
    ] = 82.0
    widens: Annotated[bool, msgspec.Meta(title="Widens", description="Varies with the factor `width`.")] = False
    held_below: Annotated[
        Table | None,
        msgspec.Meta(
            title="Held below",
            description="A cordon lets people onto the second ground only below so many persons/m² on it, over time.",
        ),
    ] = None


class Stop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ground on somebody's way, and how long they stay; walked through where that is not given."""

    ground: Annotated[Name, msgspec.Meta(title="Ground", description="Where.")]
    stay_min: Annotated[
        Table | None, msgspec.Meta(title="Stay", description="Minutes that people stay on average, over time.")
    ] = None


class Party(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People who go the same way."""

    name: Annotated[Name, msgspec.Meta(title="Name", description="Its short name.")]
    way: Annotated[tuple[Stop, ...], msgspec.Meta(title="Way", description="Grounds in their order.", min_length=1)]
    arrivals: Annotated[Table, msgspec.Meta(title="Arrivals", description="Persons/min at the first ground.")]
    present: Annotated[
        float, msgspec.Meta(title="Present", description="Persons at the first ground at the start.", ge=0, le=1e6)
    ] = 0.0
    turned_from: Annotated[
        Name | None,
        msgspec.Meta(title="Turned from", description="Party whose people at the first ground turn round."),
    ] = None
    leaving: Annotated[
        Table | None, msgspec.Meta(title="Leaving", description="Most persons/min who get away at the end of the way.")
    ] = None
    against: Annotated[bool, msgspec.Meta(title="Against", description="Walks against the main direction.")] = False
    varies: Annotated[
        bool, msgspec.Meta(title="Varies", description="Its arrivals follow the factor `inflow` of a variation.")
    ] = True


class Lock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Flows that stand against each other on a ground: hardly anybody gets off it, and people still press on."""

    ground: Annotated[Name, msgspec.Meta(title="Ground", description="Where.")]
    start: Annotated[Clock, msgspec.Meta(title="Start", description="From when.")]
    end: Annotated[Clock, msgspec.Meta(title="End", description="Until when.")]
    left: Annotated[Share, msgspec.Meta(title="Left", description="Share of the outflow that is left.")] = 0.03
    jam_density: Annotated[
        float, msgspec.Meta(title="Jam", description="Persons/m² at which nobody enters any more.", gt=1, le=10)
    ] = 6.4


class Blindness(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A zone that cannot be seen for a while."""

    zone: Annotated[Name, msgspec.Meta(title="Zone", description="Which.")]
    start: Annotated[Clock, msgspec.Meta(title="Start", description="From when.")]
    end: Annotated[Clock, msgspec.Meta(title="End", description="Until when.")]
    reason: Annotated[str, msgspec.Meta(title="Reason", description="As a box gives it.", max_length=60)] = (
        "camera-dark"
    )


class Gate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A counter that tells each minute how many entered and left a ground."""

    ground: Annotated[Name, msgspec.Meta(title="Ground", description="Whose entries and exits are counted.")]
    error: Annotated[Share, msgspec.Meta(title="Error", description="Share of those passing that it misses.")] = 0.02


class Sight(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What cameras make of the crowd."""

    every_s: Annotated[
        int, msgspec.Meta(title="Every", description="Seconds between readings of a zone.", ge=1, le=30)
    ] = 1
    noise: Annotated[Share, msgspec.Meta(title="Noise", description="Relative error of a single count (1 sigma).")] = (
        0.04
    )
    band: Annotated[Share, msgspec.Meta(title="Band", description="Half width of the 90 % band, relative.")] = 0.15


class Danger(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A labelled event that a warning must come before; what scores are measured against."""

    zone: Annotated[Name, msgspec.Meta(title="Zone", description="Where.")]
    start: Annotated[Clock, msgspec.Meta(title="Start", description="When it becomes deadly.")]
    end: Annotated[Clock, msgspec.Meta(title="End", description="When it is over.")]
    what: Annotated[Text, msgspec.Meta(title="What", description="In a few words.")]


class Vary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Factors on the story as told: 1.3 is 30 % more."""

    inflow: Annotated[float, msgspec.Meta(title="Inflow", description="Factor on the arrivals.", ge=0.05, le=5)] = 1.0
    width: Annotated[
        float, msgspec.Meta(title="Width", description="Factor on what is marked `widens`.", ge=0.2, le=5)
    ] = 1.0


class Scatter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one run of the same story differs from the next; all of it follows from `seed`."""

    seed: Annotated[int, msgspec.Meta(title="Seed", description="Another number, another night.", ge=0)] = 1
    runs: Annotated[int, msgspec.Meta(title="Runs", description="How many nights a backtest plays.", ge=1, le=400)] = 1
    day: Annotated[
        Share, msgspec.Meta(title="Day to day", description="Spread (1 sigma) of a whole day's arrivals.")
    ] = 0.0
    minutes: Annotated[
        Share, msgspec.Meta(title="Minutes", description="Spread (1 sigma) of arrivals from minute to minute.")
    ] = 0.0


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One night, or one kind of evening."""

    title: Annotated[Text, msgspec.Meta(title="Title", description="What people call it.")]
    site: Annotated[
        str, msgspec.Meta(title="Site", description="File of the site (`levee: site`), relative to this one.")
    ]
    start: Annotated[datetime, msgspec.Meta(title="Start", description="Date and time, on the site's clock.", tz=False)]
    end: Annotated[datetime, msgspec.Meta(title="End", description="Date and time, on the site's clock.", tz=False)]
    facts: Annotated[
        tuple[Fact, ...], msgspec.Meta(title="Facts", description="What it is built from, each marked.")
    ] = ()
    grounds: Annotated[tuple[Ground, ...], msgspec.Meta(title="Grounds", description="Where people are.", min_length=1)]
    passages: Annotated[tuple[Passage, ...], msgspec.Meta(title="Passages", description="Lines between grounds.")] = ()
    parties: Annotated[tuple[Party, ...], msgspec.Meta(title="Parties", description="Who comes.", min_length=1)]
    locks: Annotated[tuple[Lock, ...], msgspec.Meta(title="Locks", description="Where flows stand still.")] = ()
    blindness: Annotated[tuple[Blindness, ...], msgspec.Meta(title="Blindness", description="What cameras miss.")] = ()
    gates: Annotated[tuple[Gate, ...], msgspec.Meta(title="Gates", description="Counters at entries.")] = ()
    sight: Annotated[Sight, msgspec.Meta(title="Sight", description="What cameras make of it.")] = Sight()
    dangers: Annotated[
        tuple[Danger, ...], msgspec.Meta(title="Dangers", description="Labelled events; none means a safe night.")
    ] = ()
    vary: Annotated[Vary, msgspec.Meta(title="Vary", description="Factors on the story.")] = Vary()
    scatter: Annotated[Scatter, msgspec.Meta(title="Scatter", description="How runs differ.")] = Scatter()

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ValueError("`end` must be after `start`")
        if (self.end - self.start).total_seconds() > 7 * 86_400:
            raise ValueError("`end` is more than a week after `start`")
        names = [ground.name for ground in self.grounds]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"ground {name} is listed twice")
        lines = {frozenset(passage.between) for passage in self.passages}
        parties = {party.name: party for party in self.parties}
        if len(parties) < len(self.parties):
            raise ValueError("two parties bear one name")
        for party in self.parties:
            stops = [stop.ground for stop in party.way]
            for stop in stops:
                if stop not in names:
                    raise ValueError(f"party {party.name}: no ground is called {stop}")
            for one, other in pairwise(stops):
                if frozenset((one, other)) not in lines:
                    raise ValueError(f"party {party.name}: no passage leads from {one} to {other}")
            source = party.turned_from
            if source is not None and (
                source not in parties or stops[0] not in [stop.ground for stop in parties[source].way]
            ):
                raise ValueError(f"party {party.name}: no party {source} has people at {stops[0]} who could turn")
        for name in (*(lock.ground for lock in self.locks), *(gate.ground for gate in self.gates)):
            if name not in names:
                raise ValueError(f"no ground is called {name}")
