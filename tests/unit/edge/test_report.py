"""What a tick says of a zone: figures only where camera, count and age allow them, and never a zero for unknown."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from edge.capture import Frame, Report
from edge.capture.states import Track
from edge.counting import Counting, Result
from edge.density import Figures
from edge.plan import BoxRefused, Plan, make_plan
from edge.report import reading
from edge.settings import BoxSettings, MetricsSettings, ZoneSettings
from models import Count, CountRefused
from wire import VERSION, Band, CameraState, Readings, State, decode, encode
from wire import Instant as Reading

ZONE = ZoneSettings(name="z", camera="cam", polygon=((-3, 9), (3, 9), (3, 15), (-3, 15)), smoothing_s=2.0)


@pytest.fixture
def box(pinhole: Callable) -> BoxSettings:
    return BoxSettings(site="s", box="b", cameras=(pinhole().settings(),), zones=(ZONE,), metrics=MetricsSettings())


@pytest.fixture
def plan(box: BoxSettings) -> Plan:
    return make_plan(box)


def band(value: float) -> Band:
    return Band(value=value, low=value * 0.8, high=value * 1.2)


def result(captured: float = 99.5, people: float = 36.0, **changes: object) -> Result:
    figures = {"z": Figures(band(people), people / 36, band(people / 18), (0.0, 0.0))}
    fields: dict[str, object] = {"captured": captured, "figures": figures, "method": "density:x", **changes}
    return Result(**fields)  # type: ignore[arg-type]


def camera(state: CameraState, refusal: str = "") -> Report:
    return Report(Track(state=state, refusal=refusal, last_picture=99.0), 5, {}, 1.0)


LIVE = camera(CameraState.LIVE)


@pytest.mark.parametrize(
    ("seen", "counted", "state", "reasons"),
    [
        (LIVE, result(), State.GOOD, ()),
        (LIVE, result(reasons=("denser-than-trained",), saturated=True), State.DEGRADED, ("denser-than-trained",)),
        (LIVE, None, State.UNKNOWN, ("starting",)),
        (LIVE, result(captured=93.9), State.UNKNOWN, ("count-late",)),
        (LIVE, result(figures={}, refusal="count-refused"), State.UNKNOWN, ("count-refused",)),
        (LIVE, result(figures={}, refusal="picture-size"), State.UNKNOWN, ("picture-size",)),
        (LIVE, result(reasons=("dark",)), State.UNKNOWN, ("picture-dark",)),
        (LIVE, result(reasons=("denser-than-trained", "blank")), State.UNKNOWN, ("picture-blank",)),
        (LIVE, result(people=1e5), State.UNKNOWN, ("implausible",)),
        (LIVE, result(people=2e6), State.UNKNOWN, ("implausible",)),
        (camera(CameraState.STALLED), result(), State.UNKNOWN, ("camera-stalled",)),
        (camera(CameraState.FROZEN), result(), State.UNKNOWN, ("camera-frozen",)),
        (camera(CameraState.DARK), result(), State.UNKNOWN, ("camera-dark",)),
        (camera(CameraState.OFF, "refused"), result(), State.UNKNOWN, ("camera-off",)),
        (camera(CameraState.OFF, "not yet opened"), None, State.UNKNOWN, ("starting",)),
    ],
)
def test_readings(plan: Plan, seen: Report, counted: Result | None, state: State, reasons: tuple[str, ...]) -> None:
    said = reading(plan.zones["z"], seen, counted, now=100.0, oldest_s=6.0, method="density:x")
    assert (said.state, said.reasons) == (state, reasons)
    assert (said.count is None) == (said.density is None) == (said.peak_density is None) == (state is State.UNKNOWN)
    assert said.age_s == pytest.approx(0.0 if counted is None or state is State.UNKNOWN else 100.0 - counted.captured)
    # What is said passes the checks of whoever hears it.
    whole = Readings(
        version=VERSION,
        site="s",
        box="b",
        session="a" * 8,
        sequence=1,
        floor=1,
        sent=datetime.now(UTC),
        readings=(said,),
    )
    assert decode(encode(whole), Readings) == whole
    assert isinstance(said, Reading)


class Scripted:
    """A counter that says what a test tells it to."""

    name = "density:scripted"
    digest = "e" * 64

    def __init__(self) -> None:
        self.each: float | None = 1.0
        self.reasons: tuple[str, ...] = ()

    def count(self, frame: np.ndarray, view: object = None) -> Count:
        if self.each is None:
            raise CountRefused("no")
        grid = np.full((18, 32), self.each, dtype=np.float32)
        return Count(grid, (frame.shape[1], frame.shape[0]), None, self.name, False, self.reasons)


def frame(captured: float, size: tuple[int, int] = (1280, 720)) -> Frame:
    return Frame(np.zeros((size[1], size[0], 3), dtype=np.uint8), 0, captured, captured, "cam")


@pytest.fixture
def counting(box: BoxSettings, plan: Plan) -> tuple[Counting, Scripted]:
    counter = Scripted()
    return Counting(box, plan, counter, {}, threading.Event(), lambda camera, seconds: None), counter


def test_a_count_is_smoothed_with_the_one_before(counting: tuple[Counting, Scripted]) -> None:
    thread, counter = counting
    first = thread.count(frame(10.0))
    thread._results["cam"] = first
    counter.each = 2.0
    second = thread.count(frame(12.0))
    one = first.figures["z"].count.value
    expected = one * np.exp(-1) + 2 * one * (1 - np.exp(-1))
    assert second.figures["z"].count.value == pytest.approx(expected)
    assert second.figures["z"].density == pytest.approx(expected / 36.0, rel=0.02)
    # After a gap the past says nothing.
    assert thread.count(frame(60.0)).figures["z"].count.value == pytest.approx(2 * one)


def test_a_count_is_not_smoothed_with_a_doubtful_one(counting: tuple[Counting, Scripted]) -> None:
    thread, counter = counting
    one = thread.count(frame(9.0)).figures["z"].count.value
    counter.each, counter.reasons = 0.0, ("blank",)
    thread._results["cam"] = thread.count(frame(10.0))
    assert thread._results["cam"].figures["z"].count.value == 0.0
    counter.each, counter.reasons = 2.0, ()
    thread._results["cam"] = thread.count(frame(11.0))
    assert thread._results["cam"].figures["z"].count.value == pytest.approx(2 * one)
    counter.each, counter.reasons = 0.0, ("blank",)
    assert thread.count(frame(12.0)).figures["z"].count.value == 0.0


def test_another_resolution_counts_and_another_shape_does_not(counting: tuple[Counting, Scripted]) -> None:
    thread, _ = counting
    assert thread.count(frame(1.0)).figures["z"] == thread.count(frame(1.0, (640, 360))).figures["z"]
    odd = thread.count(frame(2.0, (640, 480)))
    assert (odd.refusal, odd.figures) == ("picture-size", {})


def test_a_refused_count_is_said_once(counting: tuple[Counting, Scripted], caplog: pytest.LogCaptureFixture) -> None:
    thread, counter = counting
    counter.each = None
    assert [thread.count(frame(t)).refusal for t in (1.0, 2.0, 3.0)] == ["count-refused"] * 3
    assert [r.message for r in caplog.records] == ["camera cam: not counted: no"]


def test_a_plan_names_the_camera_or_zone_and_the_setting(box: BoxSettings) -> None:
    few = msgspec.structs.replace(box.cameras[0], ground_points=box.cameras[0].ground_points[:3])
    with pytest.raises(BoxRefused, match=r"^camera cam: four ground points") as caught:
        make_plan(msgspec.structs.replace(box, cameras=(few,)))
    assert caught.value.setting == ("cameras", 0, "ground_points")
    tiny = msgspec.structs.replace(ZONE, polygon=((0, 9), (0.1, 9), (0, 9.1)))
    with pytest.raises(BoxRefused, match=r"^zone z: an area of") as caught:
        make_plan(msgspec.structs.replace(box, zones=(tiny,)))
    assert caught.value.setting == ("zones", 0, "polygon")
