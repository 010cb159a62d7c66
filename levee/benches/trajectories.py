"""Flows over five minutes, and PedPy's definitions, on simulated trajectories: no picture takes part.

What a box makes of heads and velocities is held against PedPy (Schrödter, PedPy - Pedestrian Trajectory Analyzer):
classic density (people in an area over its size), Voronoi density (Steffen and Seyfried, Methods for measuring
pedestrian density, flow, speed and direction with minimal scatter, 2010), mean speed, and flow over a line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.density import ZoneDensity
from edge.gates import Passages, make_gate
from edge.motion import Moves
from edge.settings import GateSettings
from edge.zone import make_zone
from levee.benches.heads import ground_of, known_heads, settings_of
from levee.benches.windows import Filmed, Window, truths
from sample_videos.crowds.stories import FPS

MINUTES_5 = 300
FLOWS = (Window("metro", 5201, 0, MINUTES_5), Window("oneway", 5202, 0, MINUTES_5))
COMPARED = (Window("metro", 5201, 20, 40), Window("bottleneck", 5203, 5, 40), Window("oneway", 5202, 10, 40))
BACK = 6
PLACE_NOISE_M, SPEED_NOISE = 0.15, 0.15
"""What the ground and the tracklets add to a place (m) and a velocity (m/s), as measured on filmed scenes."""
KNOWN = 0.7
"""Share of people whose tracklets hold, as measured there; the others are made up for by weight."""


@dataclass(frozen=True)
class FlowScore:
    """One gate over five minutes: told and true persons in and out."""

    scene: str
    gate: str
    told: tuple[float, float]
    true: tuple[int, int]

    @property
    def error(self) -> float | None:
        """Of in and out together, as a share; None of fewer than ten people."""
        total = sum(self.true)
        return sum(abs(a - b) for a, b in zip(self.told, self.true, strict=True)) / total if total >= 10 else None


@dataclass(frozen=True)
class Compared:
    """Medians over time of one zone, a box's and PedPy's: persons/m² (classic and Voronoi), m/s, persons/s."""

    scene: str
    told_density: float
    classic: float
    voronoi: float
    told_speed: float
    speed: float
    told_flow: float | None
    flow: float | None
    density_error: float
    speed_error: float


def flows(windows: tuple[Window, ...] = FLOWS) -> list[FlowScore]:
    """Each gate of some scenes over five minutes, counted once a second from noisy heads."""
    found = []
    for window in windows:
        film = truths(window)
        ground = ground_of(film.scene)
        rng = np.random.default_rng(window.seed)
        for real in film.scene.gates:
            settings = GateSettings(name=real.name, camera="camera", line=(real.start, real.end), interval_s=MINUTES_5)
            gate, passages = make_gate(settings, ground), Passages(MINUTES_5)
            true = np.zeros(2, int)
            last = len(film.moments) - 1
            for frame in range(1, last + 1):
                before, after = film.moments[frame - 1], film.moments[frame]
                _, one, two = np.intersect1d(before.ident, after.ident, return_indices=True)
                true += np.array(real.crossings(before.place[one], after.place[two]))
                if frame % FPS == 0 and frame >= BACK:
                    passages.add(frame / FPS, 1.0, *gate.passed(_moves(film, frame, rng), 1.0))
            flow = passages.flow(last / FPS)
            told = (0.0, 0.0) if flow is None else (flow.inflow, flow.outflow)
            minutes = 0.0 if flow is None else flow.interval_s / 60
            counted = (told[0] * minutes, told[1] * minutes)
            found.append(FlowScore(window.name, real.name, counted, (int(true[0]), int(true[1]))))
    return found


def compared(windows: tuple[Window, ...] = COMPARED) -> list[Compared]:
    """Zones of some scenes by a box and by PedPy; ModuleNotFoundError without it."""
    import pandas
    import pedpy
    from shapely import Polygon

    found = []
    for window in windows:
        film = truths(window)
        rows = [
            (int(ident), frame, float(x), float(y))
            for frame in range(window.keys[0] - 2 * BACK, window.keys[-1] + 1)
            for ident, (x, y) in zip(film.moments[frame].ident, film.moments[frame].place, strict=True)
            if frame >= 0
        ]
        table = pandas.DataFrame(rows, columns=["id", "frame", "x", "y"])
        trajectories = pedpy.TrajectoryData(table, frame_rate=float(FPS))
        true = film.scene.zones[0]
        area = pedpy.MeasurementArea(list(true.corners))
        low, high = table[["x", "y"]].min() - 5, table[["x", "y"]].max() + 5
        walkable = pedpy.WalkableArea(Polygon([(low.x, low.y), (high.x, low.y), (high.x, high.y), (low.x, high.y)]))
        classic = pedpy.compute_classic_density(traj_data=trajectories, measurement_area=area)
        cells = pedpy.compute_individual_voronoi_polygons(
            traj_data=trajectories, walkable_area=walkable, cut_off=pedpy.Cutoff(radius=1.0, quad_segments=3)
        )
        voronoi, _ = pedpy.compute_voronoi_density(individual_voronoi_data=cells, measurement_area=area)
        individual = pedpy.compute_individual_speed(
            traj_data=trajectories, frame_step=BACK, speed_calculation=pedpy.SpeedCalculation.BORDER_SINGLE_SIDED
        )
        speed = pedpy.compute_mean_speed_per_frame(
            traj_data=trajectories, individual_speed=individual, measurement_area=area
        )
        classic, voronoi, speed = (each.set_index("frame") for each in (classic, voronoi, speed))
        ours = _ours(film, window)
        keys = [key for key in window.keys if key in classic.index and key in speed.index]
        theirs = np.array([(classic.density[k], voronoi.density[k], speed.speed[k]) for k in keys])
        mine = np.array([ours[k] for k in keys])
        # An individual speed there reaches as far forward as back.
        busy = (theirs[:, 0] > 0.05) & np.isfinite(theirs[:, 2]) & np.isfinite(mine[:, 1])
        told_flow, flow = _flow(pedpy, film, window, trajectories)
        found.append(
            Compared(
                window.name,
                float(np.median(mine[busy, 0])),
                float(np.median(theirs[busy, 0])),
                float(np.median(theirs[busy, 1])),
                float(np.median(mine[busy, 1])),
                float(np.median(theirs[busy, 2])),
                told_flow,
                flow,
                float(np.median(np.abs(mine[busy, 0] / theirs[busy, 0] - 1))),
                float(np.median(np.abs(mine[busy, 1] - theirs[busy, 2]))),
            )
        )
    return found


def _flow(pedpy, film: Filmed, window: Window, trajectories) -> tuple[float | None, float | None]:  # type: ignore[no-untyped-def]
    """Persons/s over the first gate, both ways: a box's and PedPy's N-t curve over the same time."""
    if not film.scene.gates:
        return None, None
    real = film.scene.gates[0]
    line = pedpy.MeasurementLine([real.start, real.end])
    table, _ = pedpy.compute_n_t(traj_data=trajectories, measurement_line=line)
    passed = (
        table.set_index("frame")
        .cumulative_pedestrians.reindex(range(window.keys[0], window.keys[-1] + 1))
        .ffill()
        .fillna(0)
    )
    seconds = (window.keys[-1] - window.keys[0]) / FPS
    gate = make_gate(GateSettings(name=real.name, camera="camera", line=(real.start, real.end)), ground_of(film.scene))
    rng = np.random.default_rng(window.seed)
    told = sum(sum(gate.passed(_moves(film, key, rng), window.key_s)) for key in window.keys[1:])
    return told / seconds, float(passed.iloc[-1] - passed.iloc[0]) / seconds


def _ours(film: Filmed, window: Window) -> dict[int, tuple[float, float]]:
    """By frame: mean density of known heads through the camera, and mean speed of noisy velocities."""
    ground, true = ground_of(film.scene), film.scene.zones[0]
    zone = make_zone(settings_of(true, None), ground)
    rng = np.random.default_rng(window.seed)
    density: ZoneDensity | None = None
    found = {}
    for key in window.keys:
        seen = known_heads(film.moments[key], film.camera.size, rng)
        density = density or ZoneDensity(zone, (int(seen.grid.shape[0]), int(seen.grid.shape[1])))
        moved = _moves(film, key, rng)
        here = true.inside(moved.place)
        squared = np.maximum((moved.velocity[here] ** 2).sum(axis=1) - moved.noise[here], 0)
        pace = float(np.sqrt(squared).mean()) if here.any() else float("nan")
        found[key] = (density.figures(seen).density, pace)
    return found


def _moves(film: Filmed, frame: int, rng: np.random.Generator) -> Moves:
    """What motion would tell of a frame: the people in the picture, put wrong, some of them unknown."""
    moment = film.moments[frame]
    known = np.flatnonzero(moment.inside & (rng.random(len(moment.ident)) < KNOWN))
    velocity = film.over(frame, BACK)[known] if frame >= BACK else moment.velocity[known]
    share = len(known) / max(int(moment.inside.sum()), 1)
    return Moves(
        moment.place[known] + rng.normal(0, PLACE_NOISE_M, (len(known), 2)),
        velocity + rng.normal(0, SPEED_NOISE, (len(known), 2)),
        np.full(len(known), 2 * SPEED_NOISE**2),
        np.full(len(known), 1 / max(share, 1e-9)),
        share,
    )
