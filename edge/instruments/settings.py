"""What a gateway of counting instruments is told: which instrument tells of which zone or gate, in which format."""

from __future__ import annotations

import zoneinfo
from typing import Annotated, Literal, TypeAlias

import msgspec

from edge.camera_settings import Settings, Text
from edge.settings import MetricsSettings, OutboxSettings
from wire import RESERVED_BOXES, RESERVED_SITES, Name
from wire.broker import BrokerSettings, Variable

Tells: TypeAlias = Literal["throughput", "occupancy", "instant"]
Names = Annotated[tuple[Text, ...], msgspec.Meta(max_length=32)]


class Alive(Settings, frozen=True, kw_only=True):
    """A sign of life of an instrument that speaks only when something changes."""

    topic: Annotated[Text, msgspec.Meta(title="Topic", description="Topic of its heartbeat, or of its birth and will.")]
    offline: Annotated[
        Text | None,
        msgspec.Meta(title="Offline", description="Payload, or a part of it, that says that it is gone."),
    ] = None
    will: Annotated[
        bool,
        msgspec.Meta(
            title="Will", description="It has a birth and a will there, both retained: it lives until that says no."
        ),
    ] = False

    def __post_init__(self) -> None:
        if self.will and self.offline is None:
            raise ValueError("`will` needs `offline`: the payload of the will")


class Reset(Settings, frozen=True, kw_only=True):
    """A moment of every day at which the instrument begins anew."""

    name: Annotated[
        str, msgspec.Meta(title="Name", description="What the reset is called.", min_length=1, max_length=60)
    ]
    at: Annotated[
        str,
        msgspec.Meta(
            title="At",
            description="Time of day in the time zone, like 04:00.",
            pattern=r"^([01]\d|2[0-3]):[0-5]\d$(?!\n)",
        ),
    ]


class InstrumentSettings(Settings, frozen=True, kw_only=True):
    """What every instrument is told, whatever its format."""

    name: Annotated[Name, msgspec.Meta(title="Name", description="Name of the instrument, once in this file.")]
    zone: Annotated[Name, msgspec.Meta(title="Zone", description="Zone or gate of the site that it tells of.")]
    topics: Annotated[
        Names, msgspec.Meta(title="Topics", description="Topics of MQTT that it speaks on; + and # as usual.")
    ] = ()
    alive: Annotated[
        Alive | None,
        msgspec.Meta(
            title="Alive",
            description="For an instrument that speaks only on a change: where it shows that it lives meanwhile.",
        ),
    ] = None
    silent_after_s: Annotated[
        float,
        msgspec.Meta(
            title="Silent after",
            description="Seconds without a word, or a sign of life, until what it tells is unknown.",
            ge=2,
            le=86_400,
        ),
    ] = 150.0
    most_per_min: Annotated[
        float,
        msgspec.Meta(
            title="Most a minute",
            description="People a minute that can pass in one direction; more is a fault, and not counted.",
            gt=0,
            le=100_000,
        ),
    ] = 600.0
    error: Annotated[
        float,
        msgspec.Meta(title="Error", description="Share by which a count in view may be off.", ge=0, le=0.5),
    ] = 0.05
    drift: Annotated[
        float,
        msgspec.Meta(
            title="Drift",
            description="Share of those passing by which an occupancy goes astray since its reset.",
            ge=0,
            le=0.5,
        ),
    ] = 0.03
    doubtful_after_h: Annotated[
        float,
        msgspec.Meta(
            title="Doubtful after",
            description="Hours since its reset after which an occupancy is judged by its upper bound.",
            gt=0,
            le=8784,
        ),
    ] = 30.0
    resets: Annotated[
        tuple[Reset, ...], msgspec.Meta(title="Resets", description="When it begins anew each day.", max_length=24)
    ] = ()

    @property
    def tells(self) -> Tells:
        raise NotImplementedError


class OnvifInstrument(InstrumentSettings, frozen=True, kw_only=True, tag="onvif", tag_field="format"):
    """ONVIF events over MQTT: rules of CountAggregation, by their names."""

    inward: Annotated[Names, msgspec.Meta(title="Inward", description="Rules of Counter that count people in.")] = ()
    outward: Annotated[Names, msgspec.Meta(title="Outward", description="Rules of Counter that count people out.")] = ()
    inside: Annotated[Names, msgspec.Meta(title="Inside", description="The rule of OccupancyCounter.")] = ()

    @property
    def tells(self) -> Tells:
        return "occupancy" if self.inside else "throughput"

    def __post_init__(self) -> None:
        either(self.name, self.inside, self.inward, self.outward, "`inside`")


class AxisCounterInstrument(
    InstrumentSettings, frozen=True, kw_only=True, tag="axis-people-counter", tag_field="format"
):
    """AXIS People Counter: the day's totals in and out as JSON, or its occupancy."""

    counter: Annotated[
        Text | None, msgspec.Meta(title="Counter", description="Name of the counter, where several speak.")
    ] = None
    occupancy: Annotated[
        bool, msgspec.Meta(title="Occupancy", description="Take its occupancy, and not what passes.")
    ] = False

    @property
    def tells(self) -> Tells:
        return "occupancy" if self.occupancy else "throughput"


class AxisAnalyticsInstrument(
    InstrumentSettings, frozen=True, kw_only=True, tag="axis-object-analytics", tag_field="format"
):
    """AXIS Object Analytics: scenarios of crossline counting, or of occupancy in area."""

    inward: Annotated[
        Names, msgspec.Meta(title="Inward", description="Scenarios of crossline counting that count people in.")
    ] = ()
    outward: Annotated[
        Names, msgspec.Meta(title="Outward", description="Scenarios of crossline counting that count people out.")
    ] = ()
    present: Annotated[
        Names,
        msgspec.Meta(title="Present", description="The scenario of occupancy in area: people in it now."),
    ] = ()

    @property
    def tells(self) -> Tells:
        return "instant" if self.present else "throughput"

    def __post_init__(self) -> None:
        either(self.name, self.present, self.inward, self.outward, "`present`")


class XovisInstrument(InstrumentSettings, frozen=True, kw_only=True, tag="xovis", tag_field="format"):
    """Xovis-style data push: one logic, a line or a zone."""

    logic: Annotated[Text, msgspec.Meta(title="Logic", description="Name of the logic.")]
    inward: Annotated[Text, msgspec.Meta(title="Inward", description="Name of the count of people in.")] = "fw"
    outward: Annotated[Text, msgspec.Meta(title="Outward", description="Name of the count of people out.")] = "bw"
    present: Annotated[
        Text | None,
        msgspec.Meta(title="Present", description="Name of the count of a zone: people in it now."),
    ] = None

    @property
    def tells(self) -> Tells:
        return "instant" if self.present is not None else "throughput"


class Mapping(Settings, frozen=True, kw_only=True):
    """Which column of a table, or key of JSON (`data.0.count`), holds what."""

    payload: Annotated[
        Literal["json", "json-lines", "csv"],
        msgspec.Meta(title="Payload", description="What a payload is: one document, one a line, or a table."),
    ]
    rows: Annotated[
        Text | None, msgspec.Meta(title="Rows", description="Key of the list of rows within a JSON document.")
    ] = None
    columns: Annotated[
        Names, msgspec.Meta(title="Columns", description="Columns of a table that has no header of its own.")
    ] = ()
    delimiter: Annotated[
        Literal[",", ";", "\t", "|"], msgspec.Meta(title="Delimiter", description="What stands between values.")
    ] = ","
    where: Annotated[
        dict[Text, Text],
        msgspec.Meta(title="Where", description="Values by key that make a row the instrument's own."),
    ] = msgspec.field(default_factory=dict)
    time: Annotated[Text | None, msgspec.Meta(title="Time", description="Key of the instrument's own time.")] = None
    time_format: Annotated[
        Text,
        msgspec.Meta(title="Format of the time", description="`iso`, `unix`, `unix-ms` or a pattern of strptime."),
    ] = "iso"
    inward: Annotated[Text | None, msgspec.Meta(title="Inward", description="Key of people in.")] = None
    outward: Annotated[Text | None, msgspec.Meta(title="Outward", description="Key of people out.")] = None
    counts: Annotated[
        Literal["total", "interval"],
        msgspec.Meta(
            title="Counts", description="Whether people in and out are totals since a reset, or of an interval."
        ),
    ] = "total"
    interval_s: Annotated[
        Annotated[float, msgspec.Meta(gt=0, le=86_400)] | None,
        msgspec.Meta(title="Interval", description="Seconds of the interval that each row tells of."),
    ] = None
    occupancy: Annotated[
        Text | None, msgspec.Meta(title="Occupancy", description="Key of entries minus exits since a reset.")
    ] = None
    count: Annotated[Text | None, msgspec.Meta(title="Count", description="Key of people in view now.")] = None
    low: Annotated[Text | None, msgspec.Meta(title="Low", description="Key of the count's lower bound.")] = None
    high: Annotated[Text | None, msgspec.Meta(title="High", description="Key of the count's upper bound.")] = None

    def __post_init__(self) -> None:
        passing = self.inward is not None or self.outward is not None
        if sum((passing, self.occupancy is not None, self.count is not None)) != 1:
            raise ValueError(
                "a mapping names one kind of count: `inward` and `outward`, or `occupancy`, or `count`; kinds never mix"
            )
        if passing and (self.inward is None or self.outward is None):
            raise ValueError("a mapping needs both `inward` and `outward`: a direction that is not counted is not 0")
        if (self.low is not None or self.high is not None) and self.count is None:
            raise ValueError("`low` and `high` belong to `count`")
        if passing and self.counts == "interval" and self.interval_s is None:
            raise ValueError("counts of an interval need `interval_s`")
        if self.payload != "csv" and self.columns:
            raise ValueError("`columns` belong to a table (`payload: csv`)")
        if self.payload != "json" and self.rows is not None:
            raise ValueError("`rows` belong to one JSON document (`payload: json`)")


class MappedInstrument(InstrumentSettings, frozen=True, kw_only=True, tag="mapped", tag_field="format"):
    """Plain CSV or JSON, by a mapping."""

    mapping: Annotated[Mapping, msgspec.Meta(title="Mapping", description="Which key or column holds what.")]

    @property
    def tells(self) -> Tells:
        if self.mapping.occupancy is not None:
            return "occupancy"
        return "instant" if self.mapping.count is not None else "throughput"


Instrument: TypeAlias = (
    OnvifInstrument | AxisCounterInstrument | AxisAnalyticsInstrument | XovisInstrument | MappedInstrument
)


class PushSettings(Settings, frozen=True, kw_only=True):
    """Where instruments that push over HTTP find the gateway: POST /NAME, NAME being the instrument's."""

    host: Annotated[Text, msgspec.Meta(title="Host", description="Address that it listens at.")] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(title="Port", description="TCP port that it listens at.", ge=1, le=65_535)] = 9107
    token_from_env: Annotated[
        Variable | None,
        msgspec.Meta(
            title="Token from the environment", description="Environment variable with the token each push must bear."
        ),
    ] = None
    token_from_file: Annotated[
        Text | None, msgspec.Meta(title="Token from a file", description="File with that token and nothing else.")
    ] = None

    def __post_init__(self) -> None:
        given = [self.token_from_env, self.token_from_file]
        if None not in given:
            raise ValueError("give only one of `token_from_env` and `token_from_file`")
        if self.host not in ("127.0.0.1", "localhost", "::1") and given == [None, None]:
            raise ValueError(f"push: at {self.host} others can reach it: a token is needed (`token_from_file`)")


class GatewaySettings(Settings, frozen=True, kw_only=True):
    """A gateway: to the service it is a box, which owns the zones and gates that its instruments tell of."""

    site: Annotated[Name, msgspec.Meta(title="Site", description="Name of the site that it belongs to.")]
    box: Annotated[Name, msgspec.Meta(title="Box", description="Name of the gateway as a box, once in its site.")]
    time_zone: Annotated[
        Text,
        msgspec.Meta(title="Time zone", description="IANA name, for times without an offset and for daily resets."),
    ] = "UTC"
    instruments: Annotated[
        tuple[Instrument, ...],
        msgspec.Meta(title="Instruments", description="The counting instruments.", min_length=1, max_length=1000),
    ]
    mqtt: Annotated[
        BrokerSettings, msgspec.Meta(title="MQTT", description="The broker between the gateway and the service.")
    ] = BrokerSettings()
    listens: Annotated[
        BrokerSettings | None,
        msgspec.Meta(title="Listens", description="The broker that instruments speak to, where it is another."),
    ] = None
    push: Annotated[
        PushSettings | None, msgspec.Meta(title="Push", description="For instruments that push over HTTP.")
    ] = None
    metrics: Annotated[
        MetricsSettings, msgspec.Meta(title="Metrics", description="Where Prometheus finds the gateway.")
    ] = MetricsSettings(port=9106)
    outbox: Annotated[
        OutboxSettings, msgspec.Meta(title="Outbox", description="Limits of what is kept until it is recorded.")
    ] = OutboxSettings()
    tick_s: Annotated[
        float, msgspec.Meta(title="Tick", description="Seconds between the messages of the gateway.", ge=0.2, le=60)
    ] = 2.0
    health_s: Annotated[
        float, msgspec.Meta(title="Health", description="Seconds between the reports of its health.", ge=1, le=600)
    ] = 10.0
    data_folder: Annotated[
        Text, msgspec.Meta(title="Data folder", description="Folder that it may write to; holds the outbox.")
    ] = "/var/lib/levee/instruments"

    def __post_init__(self) -> None:
        if self.site in RESERVED_SITES:
            raise ValueError(f"`site` must not be {self.site!r}: the name is reserved")
        if self.box in RESERVED_BOXES:
            raise ValueError(f"`box` must not be {self.box!r}: the name is reserved")
        names = [one.name for one in self.instruments]
        told = [(one.zone, one.tells) for one in self.instruments]
        for number, one in enumerate(self.instruments):
            if one.name in names[:number]:
                raise ValueError(f"the instrument {one.name} is listed twice")
            if told[number] in told[:number]:
                raise ValueError(f"two instruments give the {one.tells} of {one.zone}: a zone has one owner")
            if not one.topics and self.push is None:
                raise ValueError(f"instrument {one.name}: nothing would be heard of it: give `topics`, or `push`")
            for topic in (*one.topics, *(() if one.alive is None else (one.alive.topic,))):
                if not sound_filter(topic):
                    raise ValueError(f"instrument {one.name}: {topic!r} is no filter of topics")
            if one.alive is not None and any(letter in one.alive.topic for letter in "+#"):
                raise ValueError(f"instrument {one.name}: `alive` needs one topic, without + and #")
        try:
            zoneinfo.ZoneInfo(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"no time zone is called {self.time_zone}") from None


def either(name: str, of: tuple[str, ...], inward: tuple[str, ...], outward: tuple[str, ...], what: str) -> None:
    """One kind of count, and whole: ValueError otherwise."""
    if len(of) > 1:
        raise ValueError(f"instrument {name}: one of {what} is enough; another is another instrument")
    whole = bool(of)
    if whole and (inward or outward):
        raise ValueError(f"instrument {name}: {what} and `inward`, `outward` are different kinds of count, never mixed")
    if not whole and not (inward and outward):
        raise ValueError(
            f"instrument {name}: give both `inward` and `outward`, or {what}: a direction that is not counted is not 0"
        )
    if set(inward) & set(outward):
        raise ValueError(f"instrument {name}: one counter cannot count people in and out")


def sound_filter(topic: str) -> bool:
    """Whether a broker takes it: `#` only as the last level, wildcards only as whole levels."""
    levels = topic.split("/")
    if "\x00" in topic or len(topic.encode()) > 65_535:
        return False
    return all(level in ("+", "#") or not set("+#") & set(level) for level in levels) and "#" not in levels[:-1]
