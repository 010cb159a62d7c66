"""What a box is told of one camera: where its pictures come from, and how they lie on the ground."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from wire import Name

#: An address with a user or password before an '@', or in a parameter, as cameras take them in query and path.
_CREDENTIALS = re.compile(
    r"^[a-z][a-z0-9+.-]*://(?:.*@|.*(?:user|usr|login|pass|pwd|psw|token|key|secret|auth|sig|cred)[^=&/?;]*=)",
    re.IGNORECASE | re.DOTALL,
)

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Frozen, by keyword only, and a typo in a key is refused."""


class GroundPoint(Settings, frozen=True, kw_only=True):
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


class MountSettings(Settings, frozen=True, kw_only=True):
    """How a camera hangs over level ground, where nobody can measure points on it."""

    height_m: Annotated[
        float, msgspec.Meta(title="Height", description="Height of the lens above the ground, in metres.", gt=1, le=300)
    ]
    tilt_deg: Annotated[
        float,
        msgspec.Meta(title="Tilt", description="Angle below the horizon, in degrees; 90 looks down.", gt=0, le=90),
    ]
    roll_deg: Annotated[
        float,
        msgspec.Meta(title="Roll", description="Turn of the picture about its own axis, in degrees.", ge=-45, le=45),
    ] = 0.0
    yaw_deg: Annotated[
        float,
        msgspec.Meta(
            title="Direction", description="Where it looks: degrees clockwise from the y axis.", ge=-360, le=360
        ),
    ] = 0.0
    position_m: Annotated[
        tuple[float, float],
        msgspec.Meta(title="Position", description="Place on the ground below the camera: x and y in metres."),
    ] = (0.0, 0.0)
    field_of_view_deg: Annotated[
        Annotated[float, msgspec.Meta(ge=2, le=170)] | None,
        msgspec.Meta(
            title="Field of view",
            description="Horizontal angle that the picture shows, in degrees, from the camera's data sheet; "
            "otherwise give `focal_px`.",
        ),
    ] = None


class ElevationSettings(Settings, frozen=True, kw_only=True):
    """Ground that is no plane: stairs, a ramp. Heights along a line, the same to both sides of it."""

    line: Annotated[
        tuple[tuple[float, float, float], ...],
        msgspec.Meta(
            title="Line",
            description="Places on the way up, in order: x, y and height in metres; foot and head of each flight.",
            min_length=2,
            max_length=100,
        ),
    ]
    area: Annotated[
        tuple[tuple[float, float], ...],
        msgspec.Meta(
            title="Area",
            description="Corners of the ground that it speaks of, in metres; without it, all of the camera's ground.",
            max_length=100,
        ),
    ] = ()


class CameraSettings(Settings, frozen=True, kw_only=True):
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
    motion: Annotated[
        bool,
        msgspec.Meta(
            title="Motion",
            description="Whether it is also told how people move: speed, counterflow, crowd pressure, gates; costs "
            "some per cent of the counting.",
        ),
    ] = True
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
    mount: Annotated[
        MountSettings | None,
        msgspec.Meta(
            title="Mount",
            description="Height and tilt of the camera, instead of measured points; ground points given beside it "
            "check it, and are refused where they do not fit.",
        ),
    ] = None
    distortion: Annotated[
        tuple[float, float] | None,
        msgspec.Meta(
            title="Distortion",
            description="k1 and k2 of the lens as OpenCV writes them; needs `focal_px`, or a mount's field of view.",
        ),
    ] = None
    straight_lines: Annotated[
        tuple[tuple[tuple[float, float], ...], ...],
        msgspec.Meta(
            title="Straight lines",
            description="Instead of `distortion`: edges that are straight in reality, each as three pixels or more "
            "along it; the lens is found from how the picture bends them.",
            max_length=50,
        ),
    ] = ()
    elevation: Annotated[
        tuple[ElevationSettings, ...],
        msgspec.Meta(
            title="Elevation",
            description="Stairs and ramps, where the ground is no plane.",
            max_length=50,
        ),
    ] = ()
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
        if self.mount is not None and self.picture_px is None:
            raise ValueError(f"camera {self.name}: `mount` needs `picture_px`, the size of the picture")
        if self.distortion is not None and self.straight_lines:
            raise ValueError(f"camera {self.name}: give one of `distortion` and `straight_lines`")

    @property
    def calibrated(self) -> bool:
        """Whether it says how its picture lies on the ground."""
        return bool(self.ground_points) or self.mount is not None
