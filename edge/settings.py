"""What a box is told: its cameras, zones, broker and limits. Typed and checked; nothing here reads a file."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from wire import RESERVED_BOXES, RESERVED_SITES, Name
from wire.broker import BrokerSettings

#: An address with a user or password before an '@', or in a parameter, as cameras take them in query and path.
_CREDENTIALS = re.compile(
    r"^[a-z][a-z0-9+.-]*://(?:.*@|.*(?:user|usr|login|pass|pwd|psw|token|key|secret|auth|sig|cred)[^=&/?;]*=)",
    re.IGNORECASE | re.DOTALL,
)

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class _Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Frozen, by keyword only, and a typo in a key is refused."""


class GroundPoint(_Settings, frozen=True, kw_only=True):
    """One measured point: where it is in the picture, and where on the ground."""

    pixel: Annotated[
        tuple[float, float],
        msgspec.Meta(title="Pixel", description="Column and row of the point in the picture, in pixels."),
    ]
    ground: Annotated[
        tuple[float, float],
        msgspec.Meta(title="Ground", description="East and north (or along and across) of the point, in metres."),
    ]
    z: Annotated[
        float,
        msgspec.Meta(
            title="Elevation",
            description="Height of the point above the origin, in metres; for steps.",
            ge=-500,
            le=500,
        ),
    ] = 0.0


class CameraSettings(_Settings, frozen=True, kw_only=True):
    """One camera: where its pictures come from, and how its picture lies on the ground."""

    name: Annotated[Name, msgspec.Meta(title="Name", description="Name of the camera, once on this box.")]
    source: Annotated[
        Text | int | None,
        msgspec.Meta(
            title="Source",
            description="A clip, a folder of pictures, a USB camera by its number, or an rtsp/http address that holds "
            "no password.",
        ),
    ] = None
    source_from_env: Annotated[
        Text | None,
        msgspec.Meta(
            title="Source from the environment",
            description="The environment variable that holds the source, for an address with a password.",
        ),
    ] = None
    source_from_file: Annotated[
        Text | None,
        msgspec.Meta(
            title="Source from a file",
            description="The file whose first line is the source, for an address with a password.",
        ),
    ] = None
    sample_s: Annotated[
        float,
        msgspec.Meta(title="Sample", description="Seconds between the pictures that are counted.", ge=0.05, le=60),
    ] = 1.0
    repeat: Annotated[
        bool,
        msgspec.Meta(
            title="Repeat", description="Whether a clip or folder begins again at its end, for demonstrations."
        ),
    ] = False
    open_timeout_s: Annotated[
        float,
        msgspec.Meta(
            title="Time-out of opening",
            description="Seconds after which opening the source is given up.",
            ge=0.5,
            le=120,
        ),
    ] = 10.0
    read_timeout_s: Annotated[
        float,
        msgspec.Meta(
            title="Time-out of reading",
            description="Seconds without a picture until it is opened anew.",
            ge=0.5,
            le=120,
        ),
    ] = 5.0
    stalled_after_s: Annotated[
        float,
        msgspec.Meta(
            title="Stalled after", description="Age in seconds from which the last picture is too old.", ge=0.5, le=300
        ),
    ] = 5.0
    frozen_after_s: Annotated[
        float,
        msgspec.Meta(
            title="Frozen after",
            description="Seconds of unchanging pictures from which the camera counts as frozen.",
            ge=1,
            le=3600,
        ),
    ] = 10.0
    dark_below: Annotated[
        float,
        msgspec.Meta(
            title="Dark below", description="Brightness (0 to 255) below which the picture is dark.", ge=0, le=128
        ),
    ] = 12.0
    picture_px: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=16, le=16384)], Annotated[int, msgspec.Meta(ge=16, le=16384)]] | None,
        msgspec.Meta(
            title="Size of the picture", description="Width and height, in pixels, that `ground_points` refer to."
        ),
    ] = None
    ground_points: Annotated[
        tuple[GroundPoint, ...],
        msgspec.Meta(
            title="Ground points",
            description="Four or more measured points, at least four of them with no three on a line.",
            max_length=200,
        ),
    ] = ()
    residual_limit_m: Annotated[
        float,
        msgspec.Meta(
            title="Limit of the residual",
            description="Root mean square misfit of the ground points, in metres, above which they are refused.",
            gt=0,
            le=10,
        ),
    ] = 0.5
    focal_px: Annotated[
        Annotated[float, msgspec.Meta(gt=10, le=200_000)] | None,
        msgspec.Meta(
            title="Focal length",
            description="Focal length in pixels where it is known; otherwise it is found from the ground points.",
        ),
    ] = None
    head_height_m: Annotated[
        float,
        msgspec.Meta(
            title="Height of heads",
            description="Height of the centre of heads above the ground, in metres (adults in shoes are about "
            "1.66 m tall, less half a head); 0 counts on the ground itself.",
            ge=0,
            le=2.5,
        ),
    ] = 1.55

    def __post_init__(self) -> None:
        given = [s for s in (self.source, self.source_from_env, self.source_from_file) if s is not None]
        if len(given) != 1:
            raise ValueError(
                f"camera {self.name}: give exactly one of `source`, `source_from_env` and `source_from_file`"
            )
        if isinstance(self.source, int) and not 0 <= self.source <= 99:
            raise ValueError(f"camera {self.name}: `source` as a number is a USB camera, 0 to 99")
        if isinstance(self.source, str) and _CREDENTIALS.match(self.source):
            raise ValueError(
                f"camera {self.name}: `source` holds a user name or password: put the address in a file or in the "
                "environment and name it in `source_from_file` or `source_from_env`"
            )
        if self.ground_points and self.picture_px is None:
            raise ValueError(f"camera {self.name}: `ground_points` need `picture_px`, the size that they refer to")


class ZoneSettings(_Settings, frozen=True, kw_only=True):
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


class OutboxSettings(_Settings, frozen=True, kw_only=True):
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


class MetricsSettings(_Settings, frozen=True, kw_only=True):
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


class DetectorSettings(_Settings, frozen=True, kw_only=True):
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


class BoxSettings(_Settings, frozen=True, kw_only=True):
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
            if not cameras[zone.camera].ground_points:
                raise ValueError(f"zone {zone.name}: camera {zone.camera} has no `ground_points`, so it sees no ground")


def _refuse_twice(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{what} {name}: the name is used twice")
