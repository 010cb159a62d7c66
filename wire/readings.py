"""What a box says of its zones: three kinds of count, each a type of its own, never a mixture.

Units are SI: metres, seconds, persons, persons/m², persons/min, m/s. A value that is not known is absent, never 0.
"""

from __future__ import annotations

import enum
import math
from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

from wire.names import Name

VERSION = 1

#: A moment with its UTC offset; one without it is refused.
Time = Annotated[datetime, msgspec.Meta(tz=True)]

#: Above these a figure is a fault of the sender, not a crowd: 8 persons/m² is about the physical limit.
MAX_COUNT = 1_000_000.0
MAX_DENSITY = 50.0
MAX_AREA_M2 = 10_000_000.0
MAX_AGE_S = 366 * 86_400.0

Count = Annotated[float, msgspec.Meta(ge=0, le=MAX_COUNT)]
Density = Annotated[float, msgspec.Meta(ge=0, le=MAX_DENSITY)]
#: Printable, because it goes into log lines and labels.
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
Method = Annotated[str, msgspec.Meta(max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
Sequence = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Session = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8,32}$(?!\n)", description="New at each start of a box.")]


class State(enum.Enum):
    """How far a reading can be trusted. `unknown` carries no figures and clears nothing."""

    GOOD = "good"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate with its 90 % band, all three in the same unit: 0 <= low <= value <= high."""

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and math.isfinite(self.low) and math.isfinite(self.high)):
            raise ValueError("a band holds a number that is not finite")
        if not 0 <= self.low <= self.value <= self.high:
            raise ValueError(
                f"a band must have 0 <= low <= value <= high, not {self.low:g}, {self.value:g}, {self.high:g}"
            )


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every reading says of itself, whatever its kind."""

    zone: Name
    #: Seconds between the picture (or the count of an instrument) and the sending, by a monotonic clock.
    age_s: Annotated[float, msgspec.Meta(ge=0, le=MAX_AGE_S)]
    state: State
    #: How it was counted, for example `density:levee-s`.
    method: Method
    reasons: tuple[Reason, ...] = ()
    saturated: bool = False
    #: Hash of the calibration of the ground plane; absent where there is none.
    calibration: Annotated[str, msgspec.Meta(max_length=64)] | None = None

    def _check_state(self, figures: tuple[object, ...], needed: tuple[object, ...]) -> None:
        if self.state is State.UNKNOWN:
            if any(figure is not None for figure in figures):
                raise ValueError(f"zone {self.zone}: an unknown reading must not carry figures")
            if not self.reasons:
                raise ValueError(f"zone {self.zone}: an unknown reading must give a reason")
        elif any(figure is None for figure in needed):
            raise ValueError(f"zone {self.zone}: a {self.state.value} reading lacks its figures")
        if self.state is State.DEGRADED and not self.reasons:
            raise ValueError(f"zone {self.zone}: a degraded reading must give a reason")


class Instant(Origin, frozen=True, kw_only=True, tag="instant", tag_field="kind"):
    """People in a zone now.

    `count` in persons; `density` is the mean over the zone and `peak_density` that of its worst cell of about
    10 m², both in persons/m² and absent where the zone is not calibrated; `speed` in m/s; `counterflow` 0..1;
    `direction` of the mean velocity in degrees clockwise from the y axis of the ground; `stop_and_go` in waves per
    minute; `pressure` (density times variance of velocity, Helbing et al. 2007) in 1/s².
    """

    count: Band | None = None
    area_m2: Annotated[float, msgspec.Meta(gt=0, le=MAX_AREA_M2)] | None = None
    density: Density | None = None
    peak_density: Band | None = None
    speed: Annotated[float, msgspec.Meta(ge=0, le=20)] | None = None
    counterflow: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    pressure: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    direction: Annotated[float, msgspec.Meta(ge=0, le=360)] | None = None
    stop_and_go: Annotated[float, msgspec.Meta(ge=0, le=60)] | None = None

    def __post_init__(self) -> None:
        moving = (self.speed, self.counterflow, self.pressure, self.direction, self.stop_and_go)
        figures = (self.count, self.density, self.peak_density, *moving)
        self._check_state(figures, (self.count,))
        if self.count is not None and self.count.high > MAX_COUNT:
            raise ValueError(f"zone {self.zone}: a count of {self.count.high:g} is beyond any crowd")
        if self.peak_density is not None and self.peak_density.value > MAX_DENSITY:
            raise ValueError(f"zone {self.zone}: {self.peak_density.value:g} persons/m² is beyond any crowd")


class Throughput(Origin, frozen=True, kw_only=True, tag="throughput", tag_field="kind"):
    """People who passed a gate in the `interval_s` seconds before the reading: `inflow`, `outflow` in persons/min."""

    interval_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)]
    inflow: Annotated[float, msgspec.Meta(ge=0, le=MAX_COUNT)] | None = None
    outflow: Annotated[float, msgspec.Meta(ge=0, le=MAX_COUNT)] | None = None

    def __post_init__(self) -> None:
        self._check_state((self.inflow, self.outflow), (self.inflow, self.outflow))


class Occupancy(Origin, frozen=True, kw_only=True, tag="occupancy", tag_field="kind"):
    """Entries minus exits since a named reset, in persons."""

    reset: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    occupancy: Band | None = None

    def __post_init__(self) -> None:
        self._check_state((self.occupancy,), (self.occupancy,))
        if self.occupancy is not None and self.occupancy.high > MAX_COUNT:
            raise ValueError(f"zone {self.zone}: an occupancy of {self.occupancy.high:g} is beyond any crowd")


Reading: TypeAlias = Instant | Throughput | Occupancy


class Readings(msgspec.Struct, frozen=True, kw_only=True):
    """One message per box and tick with all its zones; the same type on `readings` and on `backlog`.

    `sequence` counts from 1 within `session`. `floor` is the lowest sequence of this session that the box still
    keeps: what lies below was recorded, or was given up and counted. `sent` is the box's own clock: it tells the
    age of nothing (each reading does), it only lets the service notice a delay on the way and a wrong clock.
    """

    version: int
    site: Name
    box: Name
    session: Session
    sequence: Sequence
    floor: Sequence
    sent: Time
    readings: tuple[Reading, ...]

    def __post_init__(self) -> None:
        if self.sent.tzinfo is None:
            raise ValueError("`sent` must carry a UTC offset")
        if self.floor > self.sequence:
            raise ValueError("`floor` must not be above `sequence`")
        zones = [(type(reading), reading.zone) for reading in self.readings]
        if len(set(zones)) != len(zones):
            raise ValueError("a message holds two readings of one kind for one zone")
