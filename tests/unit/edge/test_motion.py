"""Speeds, flows, waves and pressure against heads that are moved by a known amount; no counter takes part."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.camera_settings import CameraSettings, MountSettings
from edge.capture.past import Past
from edge.density import ZoneDensity
from edge.flow import Glimpse, small_grey, usable
from edge.gates import Passages, make_gate
from edge.ground import Ground, calibrate
from edge.motion import Cells, Motion, Moves, counterflow, moves, zone_motion
from edge.points import GroundRefused
from edge.settings import GateSettings, ZoneSettings
from edge.waves import Waves, waves
from edge.zone import make_zone
from models import Count

SIZE = (1280, 720)
AREA = ((-5.0, 8.0), (5.0, 8.0), (5.0, 16.0), (-5.0, 16.0))


@pytest.fixture(scope="module")
def ground() -> Ground:
    mount = MountSettings(height_m=8.0, tilt_deg=32.0)
    return calibrate(CameraSettings(name="cam", source=0, picture_px=SIZE, mount=mount, focal_px=900.0))


def scenery(rng: np.random.Generator) -> np.ndarray:
    rough = rng.integers(70, 130, (90, 160)).astype(np.uint8)
    return cv2.cvtColor(cv2.resize(rough, SIZE, interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR)


def seen(ground: Ground, behind: np.ndarray, at: np.ndarray, tints: np.ndarray, shift: int = 0) -> np.ndarray:
    """A picture in which each head, a dark disc with a lighter one in it, stands at its place over its shoulders."""
    picture = behind.copy()
    pixels = ground.to_picture(at, height_m=ground.head_height_m)
    for (u, v), tint in zip(pixels, tints, strict=True):
        for away, radius, grey in ((14, 15, 200 - tint), (0, 9, tint), (-2, 4, tint + 60)):
            middle = (round((u - 0.5) * 16), round((v - 0.5 + away) * 16))
            cv2.circle(picture, middle, radius * 16, (int(grey),) * 3, -1, cv2.LINE_AA, 4)
    return np.roll(picture, shift, axis=1) if shift else picture


def counted(ground: Ground, at: np.ndarray, points: bool = False) -> Count:
    pixels = ground.to_picture(at, height_m=ground.head_height_m)
    grid = np.zeros((90, 160), np.float32)
    for u, v in pixels:
        if 0 <= u < SIZE[0] and 0 <= v < SIZE[1]:
            grid[int(v / 8), int(u / 8)] += 1
    return Count(grid, SIZE, pixels.astype(np.float32) if points else None, "heads", False, ())


def filmed(
    ground: Ground, start: np.ndarray, velocity: np.ndarray, seed: int = 0, shakes: tuple[int, ...] = (0, 0, 0, 0)
) -> tuple[Glimpse, list[Glimpse], np.ndarray]:
    """Four pictures 0.2 s apart; the last, those before it, and where everybody is in the last."""
    rng = np.random.default_rng(seed)
    behind = scenery(rng)
    tints = rng.integers(10, 60, len(start))
    glimpses = []
    for step, shake in enumerate(shakes):
        at = start + velocity * (0.2 * step)
        noisy = seen(ground, behind, at, tints, shake).astype(np.float64) + rng.normal(0, 2, (SIZE[1], SIZE[0], 1))
        glimpses.append(Glimpse(small_grey(np.clip(noisy, 0, 255).astype(np.uint8)), 0.2 * step))
    return glimpses[-1], glimpses[:-1], start + velocity * (0.2 * (len(shakes) - 1))


def spread(count: int, seed: int = 1) -> np.ndarray:
    """Places that do not hide each other."""
    rng, kept = np.random.default_rng(seed), []
    while len(kept) < count:
        at = rng.uniform([-4.5, 8.5], [4.5, 15.5])
        if all(np.hypot(*(at - other)) > 1.1 for other in kept):
            kept.append(at)
    return np.array(kept)


def motion(ground: Ground, count: Count, now: Glimpse, before: list[Glimpse]) -> tuple[Moves, Motion]:
    zone = make_zone(ZoneSettings(name="z", camera="cam", polygon=AREA), ground)
    density = ZoneDensity(zone, (90, 160))
    moved = moves(ground, count, now, before, np.ones((90, 160)))
    assert moved is not None
    found = zone_motion(moved, zone.corners, density.windows)
    assert found is not None
    return moved, found


@pytest.mark.parametrize(("vx", "vy"), [(1.2, 0.0), (0.0, -1.0), (-0.6, 0.5), (0.0, 0.0)])
@pytest.mark.parametrize("points", [False, True])
def test_everybody_walks_one_way(ground: Ground, vx: float, vy: float, points: bool) -> None:
    velocity = np.tile([vx, vy], (16, 1))
    now, before, at = filmed(ground, spread(16), velocity)
    moved, found = motion(ground, counted(ground, at, points), now, before)
    assert found.speed == pytest.approx(np.hypot(vx, vy), abs=0.08)
    assert moved.known > 0.6
    if vx or vy:
        assert found.direction_deg == pytest.approx(np.degrees(np.arctan2(vx, vy)) % 360, abs=12)
        assert found.counterflow == pytest.approx(0.0, abs=0.07)
    else:
        assert found.direction_deg is None
    # All alike: no pressure, beyond what the noise makes.
    assert found.pressure is not None
    assert found.pressure < 0.02


def test_a_camera_that_shakes_moves_nobody(ground: Ground) -> None:
    now, before, at = filmed(ground, spread(16), np.zeros((16, 2)), shakes=(0, 4, -3, 2))
    _, found = motion(ground, counted(ground, at), now, before)
    assert found.speed < 0.1


def test_two_flows_pass_and_their_pressure_is_that_of_the_formula(ground: Ground) -> None:
    velocity = np.array([[1.0, 0.0]] * 12 + [[-1.0, 0.0]] * 4)
    now, before, at = filmed(ground, spread(16), velocity)
    _, found = motion(ground, counted(ground, at), now, before)
    assert found.counterflow == pytest.approx(0.25, abs=0.1)
    side = np.sqrt(10)
    truth = 0.0
    for x in np.arange(-5, 5 - side + 1e-9, 0.5):
        for y in np.arange(8, 16 - side + 1e-9, 0.5):
            here = ((at >= [x, y]) & (at < [x + side, y + side])).all(1)
            if here.sum() >= 3:
                truth = max(truth, here.sum() / 10 * velocity[here].var(axis=0).sum())
    assert truth / 2 < found.pressure < truth * 2


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(0.01, 3)), min_size=1, max_size=40))
def test_counterflow_is_a_share_and_turns_with_the_world(people: list[tuple[float, float, float]]) -> None:
    values = np.array(people)
    share = counterflow(values[:, :2], values[:, 2])
    assert 0 <= share <= 0.5 + 1e-9
    assert counterflow(values[:, :2], values[:, 2], (0.0, 1.0)) == pytest.approx(
        values[values[:, 1] < 0, 2].sum() / values[:, 2].sum()
    )


def test_pictures_that_do_not_fit_tell_nothing(ground: Ground) -> None:
    now, before, at = filmed(ground, spread(8), np.zeros((8, 2)))
    count, everywhere = counted(ground, at), np.ones((90, 160))
    assert moves(ground, count, now, [], everywhere) is None
    stopped = [Glimpse(each.grey, now.time_s) for each in before]
    assert moves(ground, count, now, stopped, everywhere) is None
    ahead = [Glimpse(each.grey, now.time_s + 5 - k) for k, each in enumerate(before)]
    assert moves(ground, count, now, ahead, everywhere) is None
    smaller = [Glimpse(each.grey[:180, :320].copy(), each.time_s) for each in before]
    assert moves(ground, count, now, smaller, everywhere) is None
    other = [Glimpse(np.random.default_rng(1).integers(0, 255, now.grey.shape).astype(np.uint8), 0.2)]
    assert moves(ground, count, now, other, everywhere) is None
    # The newest that fit are used, up to the first that does not.
    assert len(usable(now, [smaller[0], *before[1:]], 0.75)) == 2


def test_nobody_moves_nowhere(ground: Ground) -> None:
    now, before, _ = filmed(ground, spread(2), np.zeros((2, 2)))
    empty = Count(np.zeros((90, 160), np.float32), SIZE, None, "heads", False, ())
    moved = moves(ground, empty, now, before, np.ones((90, 160)))
    assert moved is not None
    assert len(moved.people) == 0
    assert zone_motion(moved, np.array(AREA), (np.zeros((1, 2)), np.ones(1), 3.0)) is None


def gate(ground: Ground, line: tuple = ((-2.0, 12.0), (2.0, 12.0)), **changes: object):
    return make_gate(GateSettings(name="g", camera="cam", line=line, **changes), ground)  # type: ignore[arg-type]


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.5, 1.0, 2.0]))
def test_everybody_who_passes_is_counted_once_whatever_the_pace(ground: Ground, seed: int, step: float) -> None:
    rng = np.random.default_rng(seed)
    start = rng.uniform([-2, 0], [2, 24], (60, 2))
    velocity = np.column_stack([np.zeros(60), rng.uniform(0.3, 1.8, 60) * rng.choice([-1, 1], 60)])
    found = np.zeros(2)
    for k in range(round(10 / step)):
        at = start + velocity * step * (k + 1)
        found += gate(ground).passed(Moves(at, velocity, np.zeros(60), np.ones(60), 1.0), step)
    end = start + velocity * 10
    # In is from the right of the line to its left: towards larger y here.
    assert found == pytest.approx(
        [((start[:, 1] < 12) & (end[:, 1] >= 12)).sum(), ((start[:, 1] >= 12) & (end[:, 1] < 12)).sum()]
    )


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (((0.0, 12.0), (0.1, 12.0)), r"a gate 0\.10 m wide cannot be"),
        (((0.0, 12.0), (0.0, 900.0)), "wide cannot be"),
        (((0.0, 12.0), (float("nan"), 12.0)), "not finite"),
        (((0.0, 12.0), (40.0, 12.0)), r"\d+% of the line lies outside the picture of 1280 x 720: heads at end 2"),
        (((0.0, 12.0), (0.0, -30.0)), "end of the line lies beyond the horizon or behind the camera"),
    ],
)
def test_gates_that_cannot_be_watched_are_refused(ground: Ground, line: tuple, says: str) -> None:
    with pytest.raises(GroundRefused, match=says) as caught:
        gate(ground, line)
    assert caught.value.setting == ("line",)


def test_a_flow_is_told_per_minute_of_what_is_known() -> None:
    passages = Passages(60.0)
    assert passages.flow(0.0) is None
    for second in range(1, 9):
        passages.add(float(second), 1.0, 0.5, 0.0)
    assert passages.flow(8.0) is None  # too short to tell
    for second in range(9, 121):
        passages.add(float(second), 1.0, 0.5, 0.25)
    flow = passages.flow(120.0)
    assert flow is not None
    assert (flow.inflow, flow.outflow, flow.interval_s) == pytest.approx((30.0, 15.0, 60.0))
    # What was not seen is not taken for nobody.
    gap = Passages(60.0)
    for second in (*range(1, 41), *range(61, 66)):
        gap.add(float(second), 1.0, 1.0, 0.0)
    told = gap.flow(65.0)
    assert told is not None
    assert told.inflow == pytest.approx(60.0)
    assert gap.flow(120.0) is None
    gap.add(10.0, 1.0, 50.0, 0.0)  # a clock that went back
    assert gap.flow(65.0) == told


def test_waves_are_stops_and_starts() -> None:
    flat = [0.5 + 0.05 * (-1) ** k for k in range(60)]
    assert waves(flat) == 0
    assert waves([0.0] * 60) == 0
    stop_and_go = ([0.6] * 8 + [0.05] * 4) * 5
    assert waves(stop_and_go) == 4
    kept = Waves()
    for second, speed in enumerate(stop_and_go):
        dense = Cells(np.array([[1.0, 1.0]]), np.array([25.0]), np.array([[speed, 0.0]]))
        kept.add(float(second), dense)
        sparse = Cells(np.array([[9.0, 1.0]]), np.array([3.0]), np.array([[speed, 0.0]]))
        kept.add(float(second) + 0.1, sparse)
    assert kept.per_minute() == pytest.approx(4.0, abs=0.3)
    thin = Waves()
    thin.add(0.0, Cells(np.array([[1.0, 1.0]]), np.array([3.0]), np.array([[1.0, 0.0]])))
    assert thin.per_minute() is None


def test_the_past_is_kept_at_its_pace_and_ends_where_a_clock_goes_back() -> None:
    past, picture = Past(), np.zeros((720, 1280, 3), np.uint8)
    kept = []
    for frame in range(25):
        stamp = frame / 25
        if past.wants(stamp, 1.0 - stamp):
            past.keep(picture, stamp)
            kept.append(stamp)
    assert [glimpse.time_s for glimpse in past.before(1.0)] == pytest.approx(kept[-3:])
    assert np.diff(kept).min() >= 0.19
    assert past.before(1.0)[0].grey.shape == (360, 640)
    assert past.before(0.1) == ()
