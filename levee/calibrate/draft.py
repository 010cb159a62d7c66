"""What the page holds while somebody works on it: clicked points, distances, a mount, zones and gates. Typed. Pure.

Pixels are what was clicked and stay so; metres follow from them whenever the ground changes.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Pixel = tuple[float, float]
Method = Literal["points", "distances", "mount"]
Line = Annotated[str, msgspec.Meta(max_length=200)]


class Part(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """By keyword only; a word that is not known is refused."""


class PointDraft(Part):
    """A clicked point of the ground; x, y and z in metres as typed, absent where nothing was typed."""

    pixel: Pixel
    x: float | None = None
    y: float | None = None
    z: float = 0.0


class SpanDraft(Part):
    """A distance measured with a tape between two clicked points, by their indices; metres."""

    a: Annotated[int, msgspec.Meta(ge=0)]
    b: Annotated[int, msgspec.Meta(ge=0)]
    metres: float | None = None


class MountDraft(Part):
    """How the camera hangs: metres and degrees; position and direction are kept as a file had them."""

    height_m: float = 6.0
    tilt_deg: float = 30.0
    roll_deg: float = 0.0
    field_of_view_deg: float | None = 60.0
    yaw_deg: float = 0.0
    position_m: tuple[float, float] = (0.0, 0.0)


class PieceDraft(Part):
    """A flight of stairs or a ramp: places (x, y, z) in metres on the way up, and the area it speaks of."""

    line: list[tuple[float, float, float]] = []
    area: list[tuple[float, float]] = []


class ShapeDraft(Part):
    """Corners as they were clicked, px, and as a file had them, metres: those hold until a corner is moved."""

    name: Line
    #: Its name in the file that it was loaded from.
    was: Line = ""
    pixels: list[Pixel] = []
    metres: list[tuple[float, float]] | None = None
    #: Digest of the ground that `metres` belong to.
    digest: str = ""


class ZoneDraft(ShapeDraft):
    """A zone; title, kind and capacity are for the site's file."""

    title: Line = ""
    kind: str = "flat"
    capacity: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None


class GateDraft(ShapeDraft):
    """A gate: people who walk from the right of its line to the left, as seen from its first end, come in."""

    into: str = ""
    out_of: str = ""


class Draft(Part):
    """All of one camera."""

    picture: tuple[int, int]
    method: Method = "points"
    points: list[PointDraft] = []
    spans: list[SpanDraft] = []
    mount: MountDraft = msgspec.field(default_factory=MountDraft)
    #: Radial distortion at half the picture's diagonal: 0 none, below it a barrel. None: `distortion` holds.
    lens: float | None = None
    #: k1 and k2 as a file had them, with the focal length that they belong to.
    distortion: tuple[float, float] | None = None
    focal_px: float | None = None
    straight_lines: list[list[Pixel]] = []
    pieces: list[PieceDraft] = []
    head_height_m: Annotated[float, msgspec.Meta(ge=0, le=2.5)] = 1.55
    residual_limit_m: Annotated[float, msgspec.Meta(gt=0, le=10)] = 0.5
    zones: list[ZoneDraft] = []
    gates: list[GateDraft] = []
    site: Line = "my-site"
    box: Line = "box-1"
    camera: Line = "camera-1"
    site_title: Line = ""
    responsible: Line = ""
