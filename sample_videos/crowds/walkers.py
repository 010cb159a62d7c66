"""People walked by JuPedSim's collision-free speed model (Tordeux, Chraibi and Seyfried 2016), frame by frame."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sample_videos.crowds.stories import FPS, Moment
from sample_videos.figures.poses import stride

Floats = NDArray[np.float64]
Ring = list[tuple[float, float]]
ITERATIONS = 5
RADIUS = 0.18
WALK = (1.25, 0.18)
"""Mean and deviation of the speeds that people want, m/s."""


class Walkers:
    """A simulation with geometry `ground` less `holes`; ids are given in the order of entry."""

    def __init__(self, ground: Ring, holes: list[Ring] | None = None, time_gap: float = 0.8) -> None:
        import jupedsim
        import shapely

        self._jps: Any = jupedsim
        self.time_gap = time_gap
        shape = shapely.Polygon(ground).difference(shapely.union_all([shapely.Polygon(ring) for ring in holes or []]))
        self.simulation: Any = jupedsim.Simulation(
            model=jupedsim.CollisionFreeSpeedModel(), geometry=shape, dt=1 / (FPS * ITERATIONS)
        )
        self._ident: dict[int, int] = {}
        self._state: dict[int, tuple[Floats, float, float]] = {}
        self.born = 0

    def exit(self, corners: Ring) -> int:
        """An area in which people leave."""
        return int(self.simulation.add_exit_stage(corners))

    def waypoint(self, spot: tuple[float, float], distance: float) -> int:
        """A place to come near to."""
        return int(self.simulation.add_waypoint_stage(spot, distance))

    def journey(self, stages: list[int]) -> int:
        """One stage after the other."""
        found = self._jps.JourneyDescription(stages)
        for here, after in pairwise(stages):
            found.set_transition_for_stage(here, self._jps.Transition.create_fixed_transition(after))
        return int(self.simulation.add_journey(found))

    def add(self, spot: tuple[float, float], journey: int, stage: int, pace: float) -> bool:
        """One more, unless somebody stands there."""
        if any(True for _ in self.simulation.agents_in_range(spot, 2.1 * RADIUS)):
            return False
        agent = self.simulation.add_agent(
            self._jps.CollisionFreeSpeedModelAgentParameters(
                position=spot, journey_id=journey, stage_id=stage, desired_speed=pace, radius=RADIUS,
                time_gap=self.time_gap,
            )
        )  # fmt: skip
        self._ident[int(agent)] = self.born
        self.born += 1
        return True

    def step(self) -> Moment:
        """One frame further."""
        self.simulation.iterate(ITERATIONS)
        rows = []
        state: dict[int, tuple[Floats, float, float]] = {}
        for agent in self.simulation.agents():
            ident = self._ident[int(agent.id)]
            place = np.array(agent.position, float)
            last, facing, phase = self._state.get(ident, (place, np.nan, 0.37 * ident))
            velocity = (place - last) * FPS
            pace = float(np.hypot(*velocity))
            wanted = agent.orientation if pace < 0.25 else velocity
            aim = float(np.arctan2(-wanted[0], wanted[1])) if np.hypot(*wanted) > 1e-6 else 0.0
            if np.isnan(facing):
                facing = aim
            facing += ((aim - facing + np.pi) % (2 * np.pi) - np.pi) * min(1.0, 3.0 / FPS)
            phase += pace / FPS / float(stride(np.array(pace)))
            state[ident] = (place, facing, phase)
            rows.append((ident, *place, *velocity, facing, phase))
        self._state = state
        table = np.array(sorted(rows)).reshape(-1, 7)
        return Moment(table[:, 0].astype(np.int64), table[:, 1:3], table[:, 3:5], table[:, 5], table[:, 6])

    def pace(self, rng: np.random.Generator) -> float:
        """A speed that somebody wants to walk at, m/s."""
        return float(np.clip(rng.normal(*WALK), 0.7, 1.8))
