"""Zones of several cameras: each person counted once, and a camera that is lost never empties its half."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import cv2
import msgspec
import numpy as np
import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import sample_videos
from edge.camera_settings import CameraSettings, GroundPoint, MountSettings
from edge.capture import Camera, Frame, Report
from edge.capture.past import Past
from edge.capture.states import Track
from edge.counting import Counting
from edge.density import Figures, ZoneDensity, shares_of
from edge.drift import View
from edge.fusion import Whole
from edge.gates import Flow
from edge.ground import calibrate
from edge.plan import BoxRefused, Plan, make_plan
from edge.report import best_camera, passing, reading
from edge.settings import BoxSettings, GateSettings, MetricsSettings, ZoneSettings
from models import Count
from models.counter import Band as CountBand
from models.counter import BandSide
from wire import Band, CameraState, State

SIZE = (1280, 720)
POLYGON = ((-9.0, 9.0), (9.0, 9.0), (9.0, 17.0), (-9.0, 17.0))
EXACT = CountBand(below=BandSide(floor=0, poisson=0, relative=0.1), above=BandSide(floor=0, poisson=0, relative=0.1))


def camera(name: str, x: float, yaw: float = 0.0, **changes: object) -> CameraSettings:
    mount = MountSettings(height_m=8.0, tilt_deg=32.0, yaw_deg=yaw, position_m=(x, 0.0))
    fields: dict[str, object] = {"picture_px": SIZE, "mount": mount, "focal_px": 900.0, "source": 0, **changes}
    return CameraSettings(name=name, **fields)  # type: ignore[arg-type]


#: They look at the zone from its two ends: each sees a half that the other does not, and the middle both.
BOX = BoxSettings(
    site="s",
    box="b",
    cameras=(camera("left", -7.0), camera("right", 7.0)),
    zones=(ZoneSettings(name="z", cameras=("left", "right"), polygon=POLYGON, smoothing_s=0),),
    gates=(GateSettings(name="g", camera="left", line=((-9.0, 12.0), (-5.0, 12.0))),),
    metrics=MetricsSettings(),
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(BOX)


@pytest.fixture(scope="module")
def together(plan: Plan) -> ZoneDensity:
    return ZoneDensity(list(plan.views["z"].values()), [(180, 320)] * 2)


def crowd(seed: int, count: int = 90) -> np.ndarray:
    return np.random.default_rng(seed).uniform([-8.8, 9.2], [8.8, 16.8], (count, 2))


class Truthful:
    """A counter that knows where everybody is, and sees those that stand in its camera's picture."""

    name, digest = "heads:true", "e" * 64

    def __init__(self, plan: Plan) -> None:
        self.plan, self.people, self.camera = plan, np.zeros((0, 2)), "left"
        self.reasons: tuple[str, ...] = ()

    def count(self, frame: np.ndarray, view: object = None) -> Count:
        return seen(self.plan, self.camera, self.people, self.reasons)


def seen(plan: Plan, name: str, people: np.ndarray, reasons: tuple[str, ...] = ()) -> Count:
    pixels = plan.grounds[name].to_picture(people, height_m=1.55)
    grid = np.zeros((180, 320), np.float32)
    for u, v in pixels:
        if 0 <= u < SIZE[0] and 0 <= v < SIZE[1]:
            grid[int(v / 4), int(u / 4)] += 1
    return Count(grid, SIZE, None, "heads:true", False, reasons, EXACT)


def frame(name: str, captured: float) -> Frame:
    return Frame(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), 0, captured, captured, name)


@pytest.fixture
def counting(plan: Plan) -> tuple[Counting, Truthful]:
    counter = Truthful(plan)
    return Counting(BOX, plan, counter, {}, threading.Event(), lambda name, seconds: None), counter


def look(counting: tuple[Counting, Truthful], name: str, captured: float, people: np.ndarray):
    thread, counter = counting
    counter.camera, counter.people = name, people
    result = thread.count(frame(name, captured))
    thread._results[name] = result
    return result


@settings(max_examples=15, deadline=None, report_multiple_bugs=False, phases=(Phase.generate,))
@given(st.integers(0, 10_000))
def test_two_cameras_count_each_person_once(plan: Plan, together: ZoneDensity, seed: int) -> None:
    people = crowd(seed)
    views = list(plan.views["z"].values())
    figures = together.figures(*(seen(plan, name, people) for name in plan.views["z"]))
    assert figures.count.value == pytest.approx(90, rel=0.08)
    assert figures.count.low <= figures.count.value <= figures.count.high
    # Shared out by how well each sees a place, and whole at each place that somebody sees.
    shares = shares_of(views, people)
    assert (shares >= 0).all()
    assert shares.sum(axis=1) == pytest.approx(1.0)
    assert shares[people[:, 0] < -6, 0].min() > 0.9


def test_the_worst_cell_may_lie_where_the_views_meet(plan: Plan, together: ZoneDensity) -> None:
    people = np.random.default_rng(0).uniform([-1.4, 11.5], [1.4, 14.3], (40, 2))
    figures = together.figures(*(seen(plan, name, people) for name in plan.views["z"]))
    assert figures.peak_density.value == pytest.approx(4.0, rel=0.1)


def test_a_lost_camera_leaves_a_degraded_zone_that_is_not_half_empty(counting: tuple[Counting, Truthful]) -> None:
    thread, _ = counting
    people = crowd(1)
    look(counting, "left", 10.0, people)
    both = look(counting, "right", 10.2, people)
    assert both.figures["z"].count.value == pytest.approx(90, rel=0.05)
    assert both.lost["z"] == ()
    thread.lost = frozenset({"right"})
    alone = look(counting, "left", 11.0, people)
    assert alone.lost["z"] == ("right",)
    assert alone.figures["z"].count.value == pytest.approx(90, rel=0.12)
    assert alone.figures["z"].count.low < 75 < 90 < alone.figures["z"].count.high
    # Everybody in the part that is left goes: who was in the other part is not taken for gone.
    empty = look(counting, "left", 12.0, people[people[:, 0] > 6.0])
    assert empty.figures["z"].count.value > 15
    # And the other way about: what is not seen is no emptier than what is.
    crowded = look(counting, "left", 13.0, np.concatenate([crowd(2), crowd(3)]))
    assert crowded.figures["z"].count.value == pytest.approx(180, rel=0.2)
    thread.lost = frozenset()
    again = look(counting, "right", 14.0, people)
    assert again.lost["z"] == ()
    assert again.figures["z"].count.value < 160


def test_a_count_that_is_old_or_shows_nothing_is_a_camera_lost(counting: tuple[Counting, Truthful]) -> None:
    thread, counter = counting
    look(counting, "right", 10.0, crowd(1))
    assert look(counting, "left", 12.0, crowd(1)).lost["z"] == ()
    assert look(counting, "left", 40.0, crowd(1)).lost["z"] == ("right",)
    counter.reasons = ("dark",)
    look(counting, "right", 40.5, crowd(1))
    counter.reasons = ()
    assert look(counting, "left", 41.0, crowd(1)).lost["z"] == ("right",)
    assert thread.results()["left"].figures["z"].count.value > 40


def band(value: float) -> Band:
    return Band(value=value, low=value * 0.9, high=value * 1.1)


@given(st.floats(0, 500), st.floats(0, 500), st.floats(20, 144), st.floats(0, 2000))
def test_what_is_not_seen_only_ever_adds(full: float, seen_people: float, seen_m2: float, later: float) -> None:
    whole = Whole()
    assert whole.filled(Figures(band(full), full / 144, band(1.0), (0, 0)), 144, 144, 0.0).count.value == full
    part = Figures(band(seen_people), seen_people / seen_m2, band(2.0), (0, 0))
    told = whole.filled(part, seen_m2, 144, later)
    assert told.count.value >= seen_people
    assert told.count.low <= part.count.low
    if seen_m2 < 140:
        assert told.count.value >= seen_people * 144 / seen_m2 * 0.999 - 1e-9
        if later <= 600 and full > seen_people:
            assert told.count.value >= full * 0.999 - 1e-9


def state(value: CameraState) -> Report:
    return Report(Track(state=value, refusal="", last_picture=99.0), 5, {}, 1.0)


def test_what_is_said_of_a_zone_of_two_cameras(plan: Plan, counting: tuple[Counting, Truthful]) -> None:
    thread, _ = counting
    look(counting, "left", 99.0, crowd(1))
    look(counting, "right", 99.5, crowd(1))
    live, off = state(CameraState.LIVE), state(CameraState.OFF)

    def said(left: Report, right: Report):
        cameras = {"left": left, "right": right}
        chosen, lost = best_camera(plan.views["z"], cameras, thread.results())
        return reading(
            plan.zones["z"],
            cameras[chosen],
            thread.results().get(chosen),
            now=100.0,
            oldest_s=6.0,
            method="x",
            lost=lost,
        )

    assert said(live, live).state is State.GOOD
    one = said(live, off)
    assert (one.state, one.reasons) == (State.DEGRADED, ("camera-lost:right",))
    none = said(off, off)
    assert (none.state, none.reasons, none.count) == (State.UNKNOWN, ("camera-off",), None)


def test_a_camera_that_was_moved_degrades_its_zones_and_gates(plan: Plan, counting: tuple[Counting, Truthful]) -> None:
    moved = replace(look(counting, "left", 99.5, crowd(1)), view=View.MOVED, lost={})
    live = state(CameraState.LIVE)
    said = reading(plan.zones["z"], live, moved, now=100.0, oldest_s=6.0, method="x")
    assert (said.state, said.reasons) == (State.DEGRADED, ("camera-moved",))
    gate, flow = plan.gates["g"], Flow(30.0, 12.0, 60.0)
    through = passing(gate, live, moved, flow, now=100.0, oldest_s=6.0, method="x")
    assert (through.state, through.reasons, through.inflow) == (State.DEGRADED, ("camera-moved",), 30.0)
    good = passing(gate, live, replace(moved, view=View.STEADY), flow, now=100.0, oldest_s=6.0, method="x")
    assert (good.state, good.interval_s, good.outflow, good.zone) == (State.GOOD, 60.0, 12.0, "g")
    for camera_state, result, known, reason in (
        (live, moved, None, "motion-unknown"),
        (live, None, flow, "starting"),
        (live, replace(moved, captured=50.0), flow, "count-late"),
        (live, replace(moved, refusal="picture-size"), flow, "picture-size"),
        (state(CameraState.FROZEN), moved, flow, "camera-frozen"),
    ):
        unknown = passing(gate, camera_state, result, known, now=100.0, oldest_s=6.0, method="x")
        assert (unknown.state, unknown.reasons, unknown.inflow) == (State.UNKNOWN, (reason,), None)


def zone(*corners: tuple[float, float]) -> dict:
    return {"zones": (ZoneSettings(name="z", cameras=("left", "right"), polygon=corners),)}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (zone((-60, 9), (60, 9), (60, 17), (-60, 17)), r"zone z: \d+% of the zone is seen by none of its 2 cameras"),
        (zone((-11, 9), (-8, 9), (-8, 13), (-11, 13)), "zone z: one of its cameras sees nothing of it"),
        (
            {"gates": (GateSettings(name="g", camera="left", line=((-60.0, 12.0), (-5.0, 12.0))),)},
            r"gate g: \d+% of the line lies outside the picture",
        ),
    ],
)
def test_plans_that_cannot_be_watched_are_refused(change: dict, says: str) -> None:
    with pytest.raises(BoxRefused, match=says):
        make_plan(msgspec.structs.replace(BOX, **change))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ZoneSettings(name="z", polygon=POLYGON), "give one of `camera` and `cameras`"),
        (lambda: ZoneSettings(name="z", camera="a", cameras=("b",), polygon=POLYGON), "give one of `camera`"),
        (
            lambda: ZoneSettings(name="z", cameras=("b", "b"), polygon=POLYGON),
            "camera b: the name is used twice",
        ),
        (lambda: ZoneSettings(name="z", camera="a", polygon=POLYGON, way=(0.0, 0.0)), "`way` is a direction"),
    ],
)
def test_zones_that_contradict_themselves_are_refused(make: Callable[[], ZoneSettings], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()


def test_the_ground_of_a_camera_stays_the_same_by_whichever_way_it_is_given() -> None:
    assert calibrate(camera("left", -4.0)).digest != calibrate(camera("right", 4.0)).digest


def test_a_camera_brings_the_pictures_just_before_each_that_is_counted() -> None:
    moving = camera("cam", 0.0, source=str(sample_videos.clip("evening")), picture_px=(640, 360), focal_px=450.0)

    def brought(settings: CameraSettings, enough: Callable[[Frame], bool]) -> Frame | None:
        """The first picture that is as it should be; a machine that is busy may skip some."""
        watched, end = Camera(settings), time.monotonic() + 60
        watched.start()
        try:
            while time.monotonic() < end:
                taken = watched.take()
                if taken is not None and enough(taken):
                    return taken
                time.sleep(0.02)
        finally:
            watched.stop()
        return None

    def looks_back(frame: Frame) -> bool:
        return len(frame.before) == 3 and frame.time_s - frame.before[0].time_s < 0.8

    last = brought(msgspec.structs.replace(moving, repeat=True), looks_back)
    assert last is not None
    assert last.small is not None
    assert last.small.grey.shape == (360, 640)
    times = [each.time_s for each in last.before]
    assert times == sorted(times)
    assert 0.1 < last.time_s - times[-1] < 0.35
    bare = brought(msgspec.structs.replace(moving, motion=False), lambda frame: True)
    assert bare is not None
    assert (bare.before, bare.small) == ((), None)


def test_a_box_tells_speed_and_flow_of_a_clip() -> None:
    clip = "steps"
    truth = yaml.safe_load(sample_videos.camera_file(clip).read_text())
    points = tuple(GroundPoint(pixel=p["pixel"], ground=p["ground"], z=p["z"]) for p in truth["ground_points"])
    settings = BoxSettings(
        site="s",
        box="b",
        cameras=(CameraSettings(name="cam", source=0, picture_px=truth["picture_px"], ground_points=points),),
        zones=(ZoneSettings(name="steps", camera="cam", polygon=truth["zones"][0]["polygon"]),),
        gates=(GateSettings(name="landing", camera="cam", line=((-3.0, 4.0), (3.0, 4.0)), interval_s=20),),
    )
    plan, real = make_plan(settings), sample_videos.truth(clip)

    class Heads:
        name, digest, frame = "heads:true", "e" * 64, 0

        def count(self, frame: np.ndarray, view: object = None) -> Count:
            grid = np.zeros((45, 80), np.float32)
            for u, v in real.heads(self.frame).pixels:
                if 0 <= u < 640 and 0 <= v < 360:
                    grid[int(v / 8), int(u / 8)] += 1
            return Count(grid, (640, 360), None, self.name, False, ())

    counter = Heads()
    counting = Counting(settings, plan, counter, {}, threading.Event(), lambda name, seconds: None)
    capture, past, results = cv2.VideoCapture(str(sample_videos.clip(clip))), Past(), []
    for index in range(161):
        good, picture = capture.read()
        assert good
        moment = index / 10
        if index % 10 == 0:
            counter.frame = index
            frame = Frame(picture, index, moment, moment, "cam", past.before(moment))
            results.append(counting.count(frame))
            counting._results["cam"] = results[-1]
        elif past.wants(moment, np.ceil(moment) - moment):
            past.keep(picture, moment)
    told = results[-1].moving["steps"]
    now, before = real.heads(160), real.heads(150)
    _, one, two = np.intersect1d(now.ident, before.ident, return_indices=True)
    here = (np.abs(now.ground[one, 0]) < 3) & (now.ground[one, 1] > 0) & (now.ground[one, 1] < 7.5)
    walked = np.hypot(*(now.ground[one, :2] - before.ground[two, :2])[here].T)  # in a second
    assert told.speed == pytest.approx(float(walked.mean()), abs=0.2)
    assert told.counterflow is not None
    assert told.counterflow > 0.15  # some walk up and some down from the start
    flow = counting.flow("landing", 16.0)
    assert flow is not None
    assert flow.inflow + flow.outflow > 5
    said = reading(plan.zones["steps"], state(CameraState.LIVE), results[-1], now=16.0, oldest_s=6.0, method="x")
    assert said.speed == pytest.approx(told.speed)
    assert said.pressure is not None
