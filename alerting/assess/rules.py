"""By what a zone is judged: thresholds by kind of zone and by capacity, windows, and how slowly a tier falls.

The figures come from the project's table of defaults (a judgement, not a standard): density in the worst cell of
about 10 m², capacity at 60, 80, 90 and 100 %, red over 10 to 15 s, cleared at 80 % of the threshold after minutes.
"""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec

from wire import Name, Tier

#: No window may be longer: the state of a zone keeps one bucket a second and must stay under 4 kB.
MAX_WINDOW_S = 120

#: Shorter ones could never be covered at a reading a second, and so would never raise anything.
MIN_WINDOW_S = 5

Seconds = Annotated[int, msgspec.Meta(ge=MIN_WINDOW_S, le=MAX_WINDOW_S)]


class ZoneKind(enum.Enum):
    """What people do in a zone; it chooses the thresholds."""

    FLAT = "flat"
    STEPS = "steps"
    STANDING_AUDIENCE = "standing-audience"
    PLATFORM = "platform"
    QUEUE = "queue"


class Levels(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where each tier begins; the four must rise."""

    blue: Annotated[float, msgspec.Meta(title="Blue (IV)", description="Blue from this value on.", gt=0, le=1000)]
    yellow: Annotated[
        float, msgspec.Meta(title="Yellow (III)", description="Yellow from this value on.", gt=0, le=1000)
    ]
    orange: Annotated[float, msgspec.Meta(title="Orange (II)", description="Orange from this value on.", gt=0, le=1000)]
    red: Annotated[float, msgspec.Meta(title="Red (I)", description="Red from this value on.", gt=0, le=1000)]

    def __post_init__(self) -> None:
        if not self.blue < self.yellow < self.orange < self.red:
            raise ValueError(
                "thresholds must rise from blue to red, "
                f"not {self.blue:g}, {self.yellow:g}, {self.orange:g}, {self.red:g}"
            )

    def of(self, tier: Tier) -> float:
        """Where `tier` begins; 0 for normal."""
        return (0.0, self.blue, self.yellow, self.orange, self.red)[tier]


#: Persons/m² in the worst cell.
DENSITY_LEVELS = {
    ZoneKind.FLAT: Levels(blue=2.0, yellow=3.0, orange=4.0, red=5.0),
    ZoneKind.STEPS: Levels(blue=1.5, yellow=2.0, orange=2.7, red=3.5),
    ZoneKind.STANDING_AUDIENCE: Levels(blue=3.0, yellow=4.0, orange=5.0, red=6.0),
    ZoneKind.PLATFORM: Levels(blue=2.0, yellow=3.0, orange=3.6, red=4.7),
    ZoneKind.QUEUE: Levels(blue=2.0, yellow=3.0, orange=3.6, red=4.7),
}
#: Percent of a zone's capacity.
CAPACITY_LEVELS = Levels(blue=60.0, yellow=80.0, orange=90.0, red=100.0)


class Windows(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Over how many seconds the robust mean of each tier is taken."""

    blue_s: Annotated[Seconds, msgspec.Meta(title="Window for blue", description="Seconds the mean is taken over.")] = (
        60
    )
    yellow_s: Annotated[
        Seconds, msgspec.Meta(title="Window for yellow", description="Seconds the mean is taken over.")
    ] = 60
    orange_s: Annotated[
        Seconds, msgspec.Meta(title="Window for orange", description="Seconds the mean is taken over.")
    ] = 30
    red_s: Annotated[Seconds, msgspec.Meta(title="Window for red", description="Seconds the mean is taken over.")] = 12

    def of(self, tier: Tier) -> int:
        return (self.blue_s, self.blue_s, self.yellow_s, self.orange_s, self.red_s)[tier]

    @property
    def longest(self) -> int:
        return max(self.blue_s, self.yellow_s, self.orange_s, self.red_s)


class MotionLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """From where the way a crowd moves raises its zone by one tier."""

    counterflow: Annotated[
        float,
        msgspec.Meta(
            title="Counterflow", description="Share of people walking against the others, on steps and one-way paths."
        ),
    ] = 0.2
    outflow: Annotated[
        float,
        msgspec.Meta(
            title="Low outflow", description="Persons through each metre of exit and second, below which it is low."
        ),
    ] = 0.8
    pressure: Annotated[
        Annotated[float, msgspec.Meta(gt=0, le=100)] | None,
        msgspec.Meta(
            title="Pressure",
            description="Crowd pressure in 1/s² (density times variance of velocity) that raises a zone at orange; "
            "0.02 is critical where all walk one way. Absent, it is shown and raises nothing, as two flows that pass "
            "each other calmly are far above that.",
        ),
    ] = None


class Onward(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the people of a zone go when they leave it."""

    zone: Annotated[Name, msgspec.Meta(title="Zone", description="The next zone on their way.")]
    walk_s: Annotated[
        float, msgspec.Meta(title="Walk", description="Seconds from this zone to the next.", ge=0, le=3600)
    ] = 60.0


class GateRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place where people are counted as they pass: its inflow enters `into` and leaves `out_of`, its outflow the
    other way round. Either may be the world outside."""

    gate: Name
    into: Name | None = None
    out_of: Name | None = None


class ZoneRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that `step` needs to know of a zone; it travels in the state, so that a state explains itself."""

    zone: Name
    kind: ZoneKind
    density: Levels
    capacity: int | None = None
    capacity_percent: Levels = CAPACITY_LEVELS
    windows: Windows = Windows()
    #: Seconds below `clear_ratio` of its threshold before a tier falls by one.
    fall_s: float = 180.0
    clear_ratio: float = 0.8
    #: Seconds without a fresh reading until the zone is unknown; also how long a reading stands for.
    stale_s: float = 10.0
    #: Seconds of unknown until somebody is called, on steps or at yellow and above.
    unknown_page_s: float = 120.0
    #: A path with one direction: counterflow counts from blue on.
    one_way: bool = False
    #: Metres of exit that the zone's outflow passes through; absent: its outflow is not judged.
    exit_width_m: float | None = None
    motion: MotionLimits = MotionLimits()
    #: Whether forecasts may raise this zone.
    forecast: bool = True
    onward: tuple[Onward, ...] = ()
    #: The zone's occupancy is kept here as the balance of its gates, from its last named reset on.
    balance: bool = False
    #: How long the figures of a gate or of an occupancy stand, which come once a minute or so.
    gate_stale_s: float = 150.0
    #: Zones of the same site whose readings make up this one.
    parts: tuple[Name, ...] = ()
