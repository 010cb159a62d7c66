"""A counted frame to what is drawn of its zones: by the box's own figures, smoothing and motion."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alerting.assess.rules import DENSITY_LEVELS, Levels, ZoneKind
from edge.capture.frame import Frame
from edge.capture.past import STEP_S, Past
from edge.counting import Counting, Result
from edge.drift import View as Looks
from edge.flow import Glimpse
from edge.motion import CELL_M, WALKING_M_S, Moves
from edge.plan import Plan
from edge.polygon import Points, contains
from edge.settings import BoxSettings
from levee.overlay.seen import Arrows, GateSeen, ZoneSeen
from models import Count, View

#: Pictures of a folder are no film: nothing of one is smoothed into the next.
APART_S = 1e6
#: Fewer make no flow.
LEAST_PEOPLE = 0.75


@dataclass
class _Given:
    """A counter that says what was counted already."""

    count_given: Count

    @property
    def name(self) -> str:
        return self.count_given.method

    @property
    def digest(self) -> str:
        return ""

    def count(self, frame: NDArray[np.generic], view: View | None = None) -> Count:
        return self.count_given


class Looking:
    """One camera of a box, frame after frame of a film, or picture after picture of `still` ones."""

    def __init__(
        self, settings: BoxSettings, plan: Plan, camera: str, levels: Mapping[str, Levels], *, still: bool
    ) -> None:
        """`levels`: where the tiers begin, of zones for which that is known."""
        self._settings, self._plan, self._camera, self._still = settings, plan, camera, still
        self._levels = levels
        self._past = Past()
        self._given: _Given | None = None
        self._counting: Counting | None = None
        self._number = 0
        self._at = 0.0

    def wants(self, stamp_s: float, ahead_s: float) -> bool:
        """Whether the picture at `stamp_s`, `ahead_s` before the next that is counted, tells how people move."""
        return not self._still and self._past.wants(stamp_s, ahead_s)

    def keep(self, picture: NDArray[np.uint8] | None, stamp_s: float) -> None:
        self._past.keep(picture, stamp_s)

    def see(self, picture: NDArray[np.uint8], count: Count, time_s: float) -> list[ZoneSeen]:
        """What is drawn of the camera's zones."""
        if self._given is None or self._counting is None:
            self._given = _Given(count)
            self._counting = Counting(
                self._settings, self._plan, self._given, {}, threading.Event(), lambda camera, seconds: None
            )
        self._given.count_given = count
        before: tuple[Glimpse, ...] = () if self._still else self._past.before(time_s)
        at = self._number * APART_S if self._still else time_s
        self._at = at
        frame = Frame(picture, self._number, at, time_s, self._camera, before)
        self._number += 1
        result = self._counting.count(frame)
        if self.wants(time_s, STEP_S):
            self.keep(picture, time_s)
        return [self._seen(name, result) for name in self._plan.watched_by(self._camera)]

    def gates(self) -> list[GateSeen]:
        """Its gates, with what passed them lately, as of the last frame that it saw."""
        return [
            GateSeen(gate, self._counting.flow(name, self._at) if self._counting is not None else None)
            for name, gate in self._plan.gates.items()
            if self._plan.camera_of_gate[name] == self._camera
        ]

    def unknown(self, why: str) -> list[ZoneSeen]:
        """Its zones where a frame could not be counted."""
        views = self._plan.views
        return [ZoneSeen(views[name][self._camera], None, (why,)) for name in self._plan.watched_by(self._camera)]

    def _seen(self, name: str, result: Result) -> ZoneSeen:
        zone = self._plan.views[name][self._camera]
        reasons = list(result.reasons)
        if result.refusal:
            return ZoneSeen(zone, None, (result.refusal,))
        reasons += [f"camera-lost: {camera}" for camera in result.lost.get(name, ())]
        if result.view is Looks.MOVED:
            reasons.append(Looks.MOVED.value)
        moving = result.moving.get(name)
        moved = self._counting.movement.moved(self._camera) if self._counting is not None else None
        return ZoneSeen(
            zone,
            result.figures.get(name),
            tuple(reasons),
            result.saturated,
            moving.speed if moving is not None else None,
            moving.counterflow if moving is not None else None,
            arrows_of(moved, zone.corners) if moved is not None else None,
            self._levels.get(name, DENSITY_LEVELS[ZoneKind.FLAT]),
        )


def arrows_of(moved: Moves, corners: Points) -> Arrows | None:
    """Arrows of those who walk in a zone: in each square one for each way that people go, where they are.

    The main way is the axis of the largest velocities, turned to where more walk, as `edge.motion.counterflow` has it;
    two flows that pass through each other would cancel in a mean, and are what must be seen.
    """
    walks = contains(corners, moved.place) & (np.hypot(moved.velocity[:, 0], moved.velocity[:, 1]) >= WALKING_M_S)
    place, velocity, people = moved.place[walks], moved.velocity[walks], moved.people[walks]
    if people.sum() < LEAST_PEOPLE:
        return None
    axis = np.linalg.eigh((velocity * people[:, None]).T @ velocity)[1][:, -1]
    if float(people[velocity @ axis < 0].sum()) > float(people.sum()) / 2:
        axis = -axis
    against = velocity @ axis < 0
    square = np.floor((place - corners.min(axis=0)) / CELL_M).astype(int)
    groups, member = np.unique(np.column_stack([square, against]), axis=0, return_inverse=True)
    middles, means = [], []
    for number in range(len(groups)):
        here = member.ravel() == number
        if people[here].sum() >= LEAST_PEOPLE:
            middles.append(np.average(place[here], axis=0, weights=people[here]))
            means.append(np.average(velocity[here], axis=0, weights=people[here]))
    if not middles:
        return None
    return Arrows(np.array(middles), np.array(means), (float(axis[0]), float(axis[1])))
