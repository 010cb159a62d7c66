"""What a box is told: its cameras, zones, broker and limits. Typed and checked; nothing here reads a file."""

from __future__ import annotations

from typing import Annotated

import msgspec

from edge.camera_settings import CameraSettings, ElevationSettings, GroundPoint, MountSettings, Settings, Text
from wire import RESERVED_BOXES, RESERVED_SITES, Name
from wire.broker import BrokerSettings

__all__ = [
    "BoxSettings",
    "CameraSettings",
    "DetectorSettings",
    "ElevationSettings",
    "GateSettings",
    "GroundPoint",
    "MetricsSettings",
    "MountSettings",
    "OutboxSettings",
    "ZoneSettings",
]


class ZoneSettings(Settings, frozen=True, kw_only=True):
    """One zone: a polygon on the ground, seen by one camera, or by several together."""

    name: Annotated[Name, msgspec.Meta(title="Name", description="Name of the zone, once in the site.")]
    camera: Annotated[
        Name | None, msgspec.Meta(title="Camera", description="Name of the camera that sees the zone.")
    ] = None
    cameras: Annotated[
        tuple[Name, ...],
        msgspec.Meta(
            title="Cameras",
            description="Instead of `camera`: several of this box that see the zone together, measured on the same "
            "ground. Each person is counted once; with one camera lost the zone is degraded.",
            max_length=16,
        ),
    ] = ()
    polygon: Annotated[
        tuple[tuple[float, float], ...],
        msgspec.Meta(
            title="Polygon",
            description="Corners on the ground in metres, in order, three or more; the last joins the first.",
            min_length=3,
            max_length=500,
        ),
    ]
    smoothing_s: Annotated[
        float,
        msgspec.Meta(
            title="Smoothing",
            description="Seconds over which figures are smoothed (time constant); 0 leaves them as they are.",
            ge=0,
            le=60,
        ),
    ] = 3.0
    way: Annotated[
        tuple[float, float] | None,
        msgspec.Meta(
            title="Way",
            description="Where people should walk, as x and y on the ground, on a path of one direction; counterflow "
            "is then measured against it.",
        ),
    ] = None

    def __post_init__(self) -> None:
        if (self.camera is None) == (not self.cameras):
            raise ValueError(f"zone {self.name}: give one of `camera` and `cameras`")
        _refuse_twice(f"zone {self.name}: camera", list(self.cameras))
        if self.way is not None and not 1e-6 < self.way[0] ** 2 + self.way[1] ** 2 < 1e12:
            raise ValueError(f"zone {self.name}: `way` is a direction, x and y that are not both 0")

    @property
    def seen_by(self) -> tuple[str, ...]:
        """The cameras that see it."""
        return self.cameras if self.camera is None else (self.camera,)


class GateSettings(Settings, frozen=True, kw_only=True):
    """A line on the ground at which people are counted as they pass, in and out."""

    name: Annotated[Name, msgspec.Meta(title="Name", description="Name of the gate, once in the site.")]
    camera: Annotated[Name, msgspec.Meta(title="Camera", description="Name of the camera that sees both its sides.")]
    line: Annotated[
        tuple[tuple[float, float], tuple[float, float]],
        msgspec.Meta(
            title="Line",
            description="Its two ends on the ground, in metres. In is from the right to the left as one looks from the "
            "first to the second.",
        ),
    ]
    interval_s: Annotated[
        float,
        msgspec.Meta(title="Interval", description="Seconds over which the flow is told.", ge=10, le=3600),
    ] = 60.0


class OutboxSettings(Settings, frozen=True, kw_only=True):
    """What is kept on disk until the service says that it is recorded."""

    messages_max: Annotated[
        int,
        msgspec.Meta(
            title="Most messages", description="Messages kept at most; beyond it the oldest are given up.", ge=10
        ),
    ] = 200_000
    bytes_max: Annotated[
        int,
        msgspec.Meta(
            title="Most bytes", description="Bytes of messages kept at most; beyond it the oldest go.", ge=10_000
        ),
    ] = 500_000_000
    backlog_per_s: Annotated[
        float,
        msgspec.Meta(
            title="Rate of the backlog", description="Late messages sent per second at most.", gt=0, le=10_000
        ),
    ] = 50.0
    unanswered_after_s: Annotated[
        float,
        msgspec.Meta(
            title="Unanswered after",
            description="Seconds after which a message that nobody answered for is sent again.",
            ge=1,
            le=3600,
        ),
    ] = 10.0


class MetricsSettings(Settings, frozen=True, kw_only=True):
    """Where Prometheus finds the box."""

    enabled: Annotated[bool, msgspec.Meta(title="Enabled", description="Whether the metrics are offered at all.")] = (
        True
    )
    host: Annotated[Text, msgspec.Meta(title="Host", description="Address that the metrics are offered at.")] = (
        "127.0.0.1"
    )
    port: Annotated[
        int, msgspec.Meta(title="Port", description="TCP port that the metrics are offered at.", ge=1, le=65535)
    ] = 9108


class DetectorSettings(Settings, frozen=True, kw_only=True):
    """A detector for sparse views, beside the counter for dense ones."""

    model: Annotated[
        Text, msgspec.Meta(title="Model", description="Name of the detector in `levee models list`, or its manifest.")
    ]
    dense_from: Annotated[
        float,
        msgspec.Meta(
            title="Dense from",
            description="People in the fullest square of a quarter of the picture's shorter side from which the "
            "density network counts.",
            gt=0,
            le=1000,
        ),
    ] = 6.0
    sparse_below: Annotated[
        float,
        msgspec.Meta(
            title="Sparse below",
            description="People in that square below which the detector counts again; between the two it stays as it "
            "was.",
            gt=0,
            le=1000,
        ),
    ] = 4.0

    def __post_init__(self) -> None:
        if self.sparse_below > self.dense_from:
            raise ValueError(
                f"detector: `sparse_below` ({self.sparse_below:g}) must not be above `dense_from` ({self.dense_from:g})"
            )


class BoxSettings(Settings, frozen=True, kw_only=True):
    """All that one box is told."""

    site: Annotated[Name, msgspec.Meta(title="Site", description="Name of the site that the box belongs to.")]
    box: Annotated[Name, msgspec.Meta(title="Box", description="Name of the box, once in its site.")]
    cameras: Annotated[
        tuple[CameraSettings, ...],
        msgspec.Meta(title="Cameras", description="The cameras of the box.", min_length=1, max_length=64),
    ]
    zones: Annotated[
        tuple[ZoneSettings, ...],
        msgspec.Meta(title="Zones", description="The zones that the box watches.", min_length=1, max_length=1000),
    ]
    gates: Annotated[
        tuple[GateSettings, ...],
        msgspec.Meta(title="Gates", description="Where the box counts people who pass.", max_length=1000),
    ] = ()
    mqtt: Annotated[
        BrokerSettings, msgspec.Meta(title="MQTT", description="The broker between the box and the service.")
    ] = BrokerSettings()
    metrics: Annotated[
        MetricsSettings, msgspec.Meta(title="Metrics", description="Where Prometheus finds the box.")
    ] = MetricsSettings()
    outbox: Annotated[
        OutboxSettings, msgspec.Meta(title="Outbox", description="Limits of what is kept until it is recorded.")
    ] = OutboxSettings()
    tick_s: Annotated[
        float, msgspec.Meta(title="Tick", description="Seconds between the messages of the box.", ge=0.1, le=60)
    ] = 1.0
    health_s: Annotated[
        float, msgspec.Meta(title="Health", description="Seconds between the reports of its health.", ge=1, le=600)
    ] = 10.0
    data_folder: Annotated[
        Text, msgspec.Meta(title="Data folder", description="Folder that the box may write to; holds the outbox.")
    ] = "/var/lib/levee/edge"
    model: Annotated[
        Text, msgspec.Meta(title="Model", description="Name of the counter in `levee models list`, or its file.")
    ] = "levee-s"
    detector: Annotated[
        DetectorSettings | None,
        msgspec.Meta(
            title="Detector",
            description="A detector that counts while a view is sparse, where feet and single people matter; the "
            "model counts once it is dense.",
        ),
    ] = None
    threads: Annotated[
        int, msgspec.Meta(title="Threads", description="Threads of the counter; 0 takes one per core.", ge=0, le=256)
    ] = 0

    def __post_init__(self) -> None:
        if self.site in RESERVED_SITES:
            raise ValueError(f"`site` must not be {self.site!r}: the name is reserved")
        if self.box in RESERVED_BOXES:
            raise ValueError(f"`box` must not be {self.box!r}: the name is reserved")
        _refuse_twice("camera", [camera.name for camera in self.cameras])
        _refuse_twice("zone", [zone.name for zone in self.zones])
        cameras = {camera.name: camera for camera in self.cameras}
        _refuse_twice("gate", [gate.name for gate in self.gates])
        places = [("zone", zone.name, zone.seen_by) for zone in self.zones]
        places += [("gate", gate.name, (gate.camera,)) for gate in self.gates]
        for what, name, watching in places:
            for camera in watching:
                if camera not in cameras:
                    raise ValueError(f"{what} {name}: no camera is called {camera!r}")
                if not cameras[camera].calibrated:
                    raise ValueError(
                        f"{what} {name}: camera {camera} has no `ground_points` and no `mount`: it sees no ground"
                    )


def _refuse_twice(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{what} {name}: the name is used twice")
