"""How the crowd of each zone moves and what passes each gate, from count to count. No clock, no I/O, no threads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.capture.frame import Frame
from edge.density import ZoneDensity, shares_of
from edge.drift import Memory, View, Watch
from edge.flow import Glimpse, small_grey
from edge.gates import GAP_S, Flow, Passages
from edge.motion import Cells, Motion, Moves, moves, zone_motion
from edge.plan import Plan
from edge.settings import BoxSettings
from edge.waves import Waves
from edge.zone import Zone
from models import Count

FORGOTTEN_S = 5.0
"""After a longer pause the past says nothing about now."""


@dataclass(frozen=True)
class Moving:
    """How a zone's people move, smoothed as the zone says: m/s, degrees clockwise from y, 0..1, 1/s², waves/min; None
    is not known. `cells` is of the newest look alone."""

    speed: float
    direction: float | None
    counterflow: float | None
    pressure: float | None
    stop_and_go: float | None
    cells: Cells


class Movement:
    """All that is remembered of how people move before the cameras of a box."""

    def __init__(self, settings: BoxSettings, plan: Plan, memories: dict[str, Memory] | None = None) -> None:
        self._plan = plan
        self._wanted = {camera.name for camera in settings.cameras if camera.motion and camera.name in plan.grounds}
        self._zones = {zone.name: zone for zone in settings.zones}
        self._watched: dict[tuple[str, tuple[int, int]], NDArray[np.float64]] = {}
        self._moves: dict[str, tuple[float, Moves | None]] = {}
        self._smooth: dict[str, tuple[float, Moving]] = {}
        self._waves: dict[str, Waves] = {}
        self._passages = {name: Passages(gate.interval_s) for name, gate in plan.gates.items()}
        self._watches = {name: Watch((memories or {}).get(name)) for name in plan.grounds}

    def view(self, camera: str) -> View:
        """Whether a camera still looks where it was calibrated."""
        watch = self._watches.get(camera)
        return View.LEARNING if watch is None else watch.view

    @property
    def memories(self) -> dict[str, Memory]:
        """What each camera's view looks like, of those that are steady."""
        steady = {name: watch for name, watch in self._watches.items() if watch.view is View.STEADY}
        return {name: watch.memory for name, watch in steady.items() if watch.memory is not None}

    def take(self, frame: Frame, count: Count) -> None:
        """Look at one frame that was counted, and at those just before it."""
        watch = self._watches.get(frame.camera)
        due = watch is not None and watch.due(frame.captured)
        wanted = frame.camera in self._wanted and bool(frame.before)
        if not due and not wanted:
            self._moves[frame.camera] = (frame.captured, None)
            return
        now = frame.small or Glimpse(small_grey(frame.picture), frame.time_s)
        if watch is not None and due:
            watch.look(now.grey, frame.captured)
        moved = None
        if wanted:
            ground = self._plan.grounds[frame.camera]
            moved = moves(ground, count, now, frame.before, self._watch(frame.camera, count.grid.shape))
        last = self._moves.get(frame.camera)
        self._moves[frame.camera] = (frame.captured, moved)
        if moved is None or last is None:
            return
        since = frame.captured - last[0]
        if not 0 < since <= GAP_S:
            return
        for name, gate in self._plan.gates.items():
            if self._plan.camera_of_gate[name] == frame.camera:
                self._passages[name].add(frame.captured, since, *gate.passed(moved, since))

    def zone(self, name: str, density: ZoneDensity, cameras: list[str], now: float) -> Moving | None:
        """How a zone's people move at `now`, by the newest looks of `cameras`; None where that is not known."""
        moved = self._together(name, cameras)
        found = None if moved is None else zone_motion(moved, density.zone.corners, density.windows, self._way(name))
        if found is None:
            return None
        waves = self._waves.setdefault(name, Waves())
        waves.add(now, found.cells)
        before = self._smooth.get(name)
        smoothing_s = self._zones[name].smoothing_s
        kept = 0.0
        if before is not None and smoothing_s > 0 and 0 <= now - before[0] <= max(FORGOTTEN_S, 3 * smoothing_s):
            kept = float(np.exp(-(now - before[0]) / smoothing_s))
        smooth = _smoothed(before[1] if before is not None else None, found, kept, waves.per_minute())
        self._smooth[name] = (now, smooth)
        return smooth

    def moved(self, camera: str) -> Moves | None:
        """How single people moved at the camera's newest look; None where that is not known."""
        return self._moves.get(camera, (0.0, None))[1]

    def flow(self, gate: str, now: float) -> Flow | None:
        """What passed a gate lately; None where that is not known."""
        return self._passages[gate].flow(now)

    def _way(self, zone: str) -> tuple[float, float] | None:
        return self._zones[zone].way

    def _together(self, name: str, cameras: list[str]) -> Moves | None:
        """The moves that several cameras saw, each place told by those that see it best."""
        seen = [(camera, self._moves[camera][1]) for camera in cameras if camera in self._moves]
        known = [(camera, moved) for camera, moved in seen if moved is not None]
        if not known:
            return None
        if len(known) == 1:
            return known[0][1]
        views = [self._plan.views[name][camera] for camera, _ in known]
        people = [moved.people * shares_of(views, moved.place)[:, k] for k, (_, moved) in enumerate(known)]
        each = [moved for _, moved in known]
        return Moves(
            np.concatenate([moved.place for moved in each]),
            np.concatenate([moved.velocity for moved in each]),
            np.concatenate([moved.noise for moved in each]),
            np.concatenate(people),
            min(moved.known for moved in each),
        )

    def _watch(self, camera: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """(rows, cols): share of each cell of a camera's picture that lies in a zone, or near a gate."""
        key = (camera, (int(shape[0]), int(shape[1])))
        if key not in self._watched:
            weights = np.zeros(key[1])
            for name in self._plan.watched_by(camera):
                weights = np.maximum(weights, self._plan.views[name][camera].cover(key[1]).weights())
            for name, gate in self._plan.gates.items():
                if self._plan.camera_of_gate[name] == camera:
                    near = Zone(name, gate.around, 1.0, gate.ground)
                    weights = np.maximum(weights, near.cover(key[1]).weights())
            self._watched[key] = weights
        return self._watched[key]


def _smoothed(before: Moving | None, now: Motion, kept: float, stop_and_go: float | None) -> Moving:
    """Exponential smoothing: `kept` of what was before."""

    def mixed(old: float | None, new: float | None) -> float | None:
        return new if old is None or new is None else kept * old + (1 - kept) * new

    direction = now.direction_deg
    if before is not None and before.direction is not None and direction is not None:
        old, new = np.radians([before.direction, direction])
        east, north = kept * np.sin(old) + (1 - kept) * np.sin(new), kept * np.cos(old) + (1 - kept) * np.cos(new)
        direction = float(np.degrees(np.arctan2(east, north)) % 360)
    speed = mixed(before.speed if before is not None else None, now.speed)
    assert speed is not None
    return Moving(
        speed,
        direction,
        mixed(before.counterflow if before is not None else None, now.counterflow),
        mixed(before.pressure if before is not None else None, now.pressure),
        stop_and_go,
        now.cells,
    )
