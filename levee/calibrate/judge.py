"""What a draft amounts to: settings of the camera, ground, residuals in metres, zones and gates, or why not. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import msgspec
import numpy as np

from edge.camera_settings import CameraSettings, ElevationSettings, GroundPoint, MountSettings
from edge.gates import make_gate
from edge.ground import Ground, calibrate
from edge.lens import Lens, lens_of_lines
from edge.points import GroundRefused, check_points, plane_of
from edge.polygon import Points
from edge.pose import focal_of, pinhole, resected
from edge.settings import GateSettings, ZoneSettings
from edge.zone import make_zone
from levee.calibrate.draft import Draft, GateDraft, PointDraft, ShapeDraft, ZoneDraft
from levee.calibrate.sight import GridLine, Pose, footprint, grid, horizon, pose
from levee.calibrate.tape import places_of

#: Metres in files are written to the centimetre, those of points to the millimetre.
DIGITS = 2
_ANY_LIMIT_M = 10.0


@dataclass(frozen=True)
class Refusal:
    """One sentence, and the path of what it is about: ("points", 2)."""

    line: str
    where: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class Off:
    """How well one point or distance fits: metres as the view shows them, and metres by which that misses."""

    seen: tuple[float, ...]
    off_m: float


@dataclass(frozen=True)
class Shape:
    """A zone or gate on the ground and in the picture; `metres` are absent where it shows no ground."""

    metres: list[tuple[float, float]] | None = None
    pixels: list[tuple[float, float]] = field(default_factory=list)
    #: m² of a zone, m of a gate.
    size: float | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Verdict:
    """All that the page shows of a draft. `needed` says what is still to be given; `refusal` what is wrong."""

    needed: Refusal | None = None
    refusal: Refusal | None = None
    digest: str = ""
    residual_m: float | None = None
    points: list[Off | None] = field(default_factory=list)
    spans: list[Off | None] = field(default_factory=list)
    step_m: float = 1.0
    grid: list[GridLine] = field(default_factory=list)
    horizon: list[tuple[float, float]] = field(default_factory=list)
    pose: Pose | None = None
    footprint: list[tuple[float, float]] = field(default_factory=list)
    #: The lens that straight edges tell, as a share at half the diagonal.
    lens: float | None = None
    zones: list[Shape] = field(default_factory=list)
    gates: list[Shape] = field(default_factory=list)


@dataclass(frozen=True)
class Judged:
    """A verdict, and what it was reached by; the settings and the ground are absent where the draft is refused."""

    verdict: Verdict
    camera: CameraSettings | None = None
    ground: Ground | None = None


class _Incomplete(ValueError):
    """Nothing is wrong yet: something is still to be given."""


def judge(draft: Draft, source: str | int = "x") -> Judged:
    """The verdict on a draft; never raises for what a person can do on the page."""
    try:
        camera, lens = _camera(draft, source)
        ground = calibrate(camera)
    except _Incomplete as needed:
        return Judged(Verdict(needed=Refusal(str(needed)), zones=_untold(draft.zones), gates=_untold(draft.gates)))
    except GroundRefused as refused:
        points, spans = _misfits(draft, source)
        return Judged(
            Verdict(
                refusal=_page_terms(refused, draft),
                points=points,
                spans=spans,
                zones=_untold(draft.zones),
                gates=_untold(draft.gates),
            )
        )
    step, lines = grid(ground)
    verdict = Verdict(
        digest=ground.digest,
        residual_m=ground.residual_m,
        points=_point_misfits(draft, ground, camera),
        spans=_span_misfits(draft, ground),
        step_m=step,
        grid=lines,
        horizon=horizon(ground),
        pose=pose(ground),
        footprint=footprint(ground),
        lens=lens,
        zones=[_zone(each, ground) for each in draft.zones],
        gates=[_gate(each, ground) for each in draft.gates],
    )
    return Judged(verdict, camera, ground)


def _untold(shapes: list[ZoneDraft] | list[GateDraft]) -> list[Shape]:
    return [Shape() for _ in shapes]


def _given(draft: Draft) -> list[tuple[int, PointDraft]]:
    """Points whose place was typed, with their numbers."""
    return [(number, point) for number, point in enumerate(draft.points) if point.x is not None and point.y is not None]


def _camera(draft: Draft, source: str | int, limit_m: float | None = None) -> tuple[CameraSettings, float | None]:
    """The settings that a draft stands for, and the lens that its straight edges tell."""
    elevation = tuple(
        ElevationSettings(line=tuple(piece.line), area=tuple(piece.area)) for piece in draft.pieces if piece.line
    )
    for number, piece in enumerate(elevation):
        if len(piece.line) < 2:
            raise _Incomplete(f"stairs {number + 1}: give foot and head, two places or more")
    edges = tuple(tuple(line) for line in draft.straight_lines if len(line) >= 3)
    told = lens_of_lines([np.array(line) for line in edges], draft.picture).k1 if edges else None
    camera = CameraSettings(
        name=draft.camera or "camera-1",
        source=source,
        picture_px=draft.picture,
        residual_limit_m=limit_m if limit_m is not None else draft.residual_limit_m,
        head_height_m=draft.head_height_m,
        elevation=elevation,
        straight_lines=edges,
        focal_px=draft.focal_px,
        distortion=draft.distortion if not edges and draft.lens is None else None,
    )
    bend = draft.lens if draft.lens and not edges else None
    if draft.method == "mount":
        return _hung(draft, camera, bend), told
    lens = _bent(draft, camera, bend)
    if draft.method == "points":
        points = tuple(_point(point.pixel, point.x, point.y, point.z) for _, point in _given(draft))
        if len(points) < 4:
            missing = 4 - len(points)
            raise _Incomplete(f"{missing} more ground point{'s' if missing > 1 else ''} with metres needed")
    else:
        points = _taped(draft, lens)
    camera = msgspec.structs.replace(camera, ground_points=points)
    return _with_bend(camera, bend, lens), told


def _point(pixel: tuple[float, float], x: float | None, y: float | None, z: float) -> GroundPoint:
    assert x is not None
    assert y is not None
    return GroundPoint(pixel=pixel, ground=(x, y), z=z)


def _hung(draft: Draft, camera: CameraSettings, bend: float | None) -> CameraSettings:
    hung = draft.mount
    view = hung.field_of_view_deg if draft.focal_px is None else None
    for value, low, high, name in (
        (hung.height_m, 1.0, 300.0, "height"),
        (hung.tilt_deg, 0.0, 90.0, "tilt"),
        (view, 2.0, 170.0, "field of view"),
    ):
        if value is not None and not low < value <= high:
            raise GroundRefused(f"a {name} of {value:g} cannot be: {low:g} to {high:g}", "mount")
    if abs(hung.roll_deg) > 45:
        raise GroundRefused(f"a roll of {hung.roll_deg:g} cannot be: -45 to 45", "mount")
    mount = MountSettings(
        height_m=hung.height_m,
        tilt_deg=hung.tilt_deg,
        roll_deg=hung.roll_deg,
        yaw_deg=hung.yaw_deg,
        position_m=hung.position_m,
        field_of_view_deg=view,
    )
    points = tuple(_point(point.pixel, point.x, point.y, point.z) for _, point in _given(draft))
    camera = msgspec.structs.replace(camera, mount=mount, ground_points=points)
    if bend is not None:
        focal = draft.focal_px or draft.picture[0] / 2 / np.tan(np.radians(view or 60.0) / 2)
        camera = msgspec.structs.replace(camera, distortion=(_k1(bend, focal, draft.picture), 0.0))
    return camera


def _half_diagonal(picture: tuple[int, int]) -> float:
    return float(np.hypot(*picture)) / 2


def _k1(bend: float, focal: float, picture: tuple[int, int]) -> float:
    """OpenCV's k1, whose unit is the focal length, of a distortion whose unit is half the diagonal."""
    return round(float(bend * (focal / _half_diagonal(picture)) ** 2), 6)


def _bent(draft: Draft, camera: CameraSettings, bend: float | None) -> Lens | None:
    if bend is not None:
        return Lens(draft.picture, _half_diagonal(draft.picture), bend)
    if camera.straight_lines:
        return lens_of_lines([np.array(line) for line in camera.straight_lines], draft.picture)
    if camera.distortion is not None and camera.focal_px is not None:
        return Lens(draft.picture, camera.focal_px, *camera.distortion)
    return None


def _with_bend(camera: CameraSettings, bend: float | None, lens: Lens | None) -> CameraSettings:
    """OpenCV's figures belong to a focal length: it is found from the straightened points, and held."""
    if bend is None or lens is None or camera.picture_px is None:
        return camera
    focal = camera.focal_px if camera.focal_px is not None else _focal(camera, camera.picture_px, lens)
    focal = round(focal, 2)
    return msgspec.structs.replace(camera, focal_px=focal, distortion=(_k1(bend, focal, camera.picture_px), 0.0))


def _focal(camera: CameraSettings, picture: tuple[int, int], lens: Lens) -> float:
    """The focal length of the pinhole camera that sees the straightened points."""
    pixels, ground, heights = check_points(camera.ground_points, picture, one_plane=not camera.elevation)
    straight, world = lens.straight(pixels), np.column_stack([ground, heights])
    if camera.elevation:
        return resected(world, straight, picture, None)[2]
    plane = plane_of(ground, heights, _ANY_LIMIT_M)
    flat, _ = cv2.findHomography(ground, straight, 0)
    if flat is None:
        raise GroundRefused("the ground points do not fix a view of the ground", "ground_points")
    flat = np.asarray(flat, dtype=np.float64)
    if flat[2] @ np.array([*ground.mean(axis=0), 1.0]) < 0:
        flat = -flat
    return pinhole(flat, plane, picture, focal_of(flat, plane, picture), True, world, straight)[2]


def _taped(draft: Draft, lens: Lens | None) -> tuple[GroundPoint, ...]:
    spans = [(span.a, span.b, span.metres) for span in draft.spans if span.metres is not None]
    if len(draft.points) < 4:
        missing = 4 - len(draft.points)
        raise _Incomplete(f"{missing} more ground point{'s' if missing > 1 else ''} needed")
    if len(spans) < 4:
        missing = 4 - len(spans)
        raise _Incomplete(f"{missing} more distance{'s' if missing > 1 else ''} needed")
    joined = sorted({end for a, b, _ in spans for end in (a, b) if end < len(draft.points)})
    order = {number: place for place, number in enumerate(joined)}
    pixels = np.array([draft.points[number].pixel for number in joined], dtype=np.float64)
    straight = lens.straight(pixels) if lens is not None else pixels
    renamed = [(order.get(a, 10**6), order.get(b, 10**6), metres) for a, b, metres in spans]
    places = places_of(straight, renamed, draft.picture, draft.focal_px)
    return tuple(
        GroundPoint(pixel=draft.points[number].pixel, ground=(round(float(x), 3), round(float(y), 3)))
        for number, (x, y) in zip(joined, places, strict=True)
    )


def _misfits(draft: Draft, source: str | int) -> tuple[list[Off | None], list[Off | None]]:
    """Residuals of a view that is refused for them, so that the point at fault can be seen."""
    try:
        camera, _ = _camera(draft, source, _ANY_LIMIT_M)
        ground = calibrate(camera)
    except (GroundRefused, _Incomplete):
        return [None] * len(draft.points), [None] * len(draft.spans)
    return _point_misfits(draft, ground, camera), _span_misfits(draft, ground)


def _point_misfits(draft: Draft, ground: Ground, camera: CameraSettings) -> list[Off | None]:
    if not draft.points:
        return []
    seen = ground.to_ground(np.array([point.pixel for point in draft.points], dtype=np.float64))
    measured = {point.pixel: point.ground for point in camera.ground_points}
    found: list[Off | None] = []
    for point, place in zip(draft.points, seen, strict=True):
        typed = measured.get(point.pixel)
        if typed is None or not np.isfinite(place).all():
            found.append(None)
        else:
            found.append(Off(_rounded(place, 3), float(np.hypot(*(place - np.array(typed))))))
    return found


def _span_misfits(draft: Draft, ground: Ground) -> list[Off | None]:
    if draft.method != "distances" or not draft.points:
        return [None] * len(draft.spans)
    seen = ground.to_ground(np.array([point.pixel for point in draft.points], dtype=np.float64))
    found: list[Off | None] = []
    for span in draft.spans:
        if span.metres is None or max(span.a, span.b) >= len(seen):
            found.append(None)
            continue
        length = float(np.hypot(*(seen[span.a] - seen[span.b])))
        found.append(Off((round(length, 3),), length - span.metres) if np.isfinite(length) else None)
    return found


def _page_terms(refused: GroundRefused, draft: Draft) -> Refusal:
    """The refusal, with points numbered as on the page: those without metres are not among the settings."""
    where = refused.setting
    if where[:1] == ("ground_points",):
        numbers = [number for number, _ in _given(draft)] if draft.method != "distances" else None
        if len(where) > 1 and isinstance(where[1], int) and numbers is not None:
            where = ("points", numbers[where[1]], *where[2:])
        else:
            where = ("points", *where[1:])
    return Refusal(str(refused), tuple(where))


def metres_of(shape: ShapeDraft, ground: Ground) -> tuple[list[tuple[float, float]] | None, int | None]:
    """(metres of the corners, index of a corner that shows no ground)."""
    if shape.metres is not None and (shape.digest == ground.digest or not shape.pixels):
        return list(shape.metres), None
    if not shape.pixels:
        return [], None
    places = ground.to_ground(np.array(shape.pixels, dtype=np.float64))
    lost = np.flatnonzero(~np.isfinite(places).all(axis=1))
    if len(lost):
        return None, int(lost[0])
    return [_two(place) for place in places], None


def _two(place: Points) -> tuple[float, float]:
    return round(float(place[0]), DIGITS), round(float(place[1]), DIGITS)


def _rounded(place: Points, digits: int) -> tuple[float, ...]:
    return tuple(round(float(value), digits) for value in place)


def _zone(zone: ZoneDraft, ground: Ground) -> Shape:
    metres, lost = metres_of(zone, ground)
    if metres is None:
        assert lost is not None
        return Shape(refusal=_in_the_sky("corner", lost))
    shown = _shown(metres, ground)
    if len(metres) < 3:
        return Shape(metres, shown)
    settings = ZoneSettings(name=zone.name or "zone", camera="x", polygon=tuple(metres))
    try:
        made = make_zone(settings, ground)
    except GroundRefused as refused:
        return Shape(metres, shown, refusal=Refusal(str(refused), refused.setting))
    return Shape(metres, shown, made.area_m2)


def _gate(gate: GateDraft, ground: Ground) -> Shape:
    metres, lost = metres_of(gate, ground)
    if metres is None:
        assert lost is not None
        return Shape(refusal=_in_the_sky("end", lost))
    shown = _shown(metres, ground)
    if len(metres) < 2:
        return Shape(metres, shown)
    length = float(np.hypot(*(np.array(metres[1]) - metres[0])))
    settings = GateSettings(name=gate.name or "gate", camera="x", line=(metres[0], metres[1]))
    try:
        make_gate(settings, ground)
    except GroundRefused as refused:
        return Shape(metres, shown, length, Refusal(str(refused), refused.setting))
    return Shape(metres, shown, length)


def _shown(metres: list[tuple[float, float]], ground: Ground) -> list[tuple[float, float]]:
    """Where the corners stand in the picture; empty where one stands behind the camera."""
    pixels = ground.to_picture(np.array(metres, dtype=np.float64).reshape(-1, 2))
    return [(float(u), float(v)) for u, v in pixels] if np.isfinite(pixels).all() else []


def _in_the_sky(what: str, index: int) -> Refusal:
    return Refusal(
        f"{what} {index + 1} lies at or above the horizon: there is no ground, draw it lower", ("polygon", index)
    )
