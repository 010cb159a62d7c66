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
    "GroundPoint",
    "MetricsSettings",
    "MountSettings",
    "OutboxSettings",
    "ZoneSettings",
]


class ZoneSettings(Settings, frozen=True, kw_only=True):
    """One zone: a polygon on the ground, seen by one camera."""

    name: Annotated[Name, msgspec.Meta(title="Name", description="Name of the zone, once in the site.")]
    camera: Annotated[Name, msgspec.Meta(title="Camera", description="Name of the camera that sees the zone.")]
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
        for zone in self.zones:
            if zone.camera not in cameras:
                raise ValueError(f"zone {zone.name}: no camera is called {zone.camera!r}")
            if not cameras[zone.camera].calibrated:
                raise ValueError(
                    f"zone {zone.name}: camera {zone.camera} has no `ground_points` and no `mount`: it sees no ground"
                )


def _refuse_twice(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{what} {name}: the name is used twice")
