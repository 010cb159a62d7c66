"""What a box says of filmed scenes against what is true of them, figure by figure, scene by scene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from edge.density import ZoneDensity
from edge.flow import Glimpse, small_grey
from edge.gates import make_gate
from edge.ground import Ground
from edge.motion import CELL_M, Cells, Motion, moves, zone_motion
from edge.scale import head_range
from edge.settings import GateSettings
from edge.zone import Zone, make_zone
from levee.benches.heads import ground_of, known_heads, settings_of
from levee.benches.windows import BEFORE, Filmed, Progress, Window, filmed
from models import Count, Counter, View
from sample_videos import measures
from sample_videos.crowds.stories import FPS
from sample_videos.density import Zone as TrueZone

WINDOWS = (
    Window("bottleneck", 5102, 8, 12),
    Window("oneway", 5103, 49, 14),
    Window("metro", 5101, 62, 12),
    Window("steps", 5106, 70, 12),
    Window("concert", 5104, 32, 10),
    Window("queue", 5105, 20, 10),
    Window("evening", 5107, 20, 10),
    Window("plaza", 5108, 60, 10),
)
"""Seeds that no training picture was made with (those were stills of seed 2026)."""
FEW_PEOPLE = 5
DENSITIES = (1.0, 7.0)
"""Persons/m² between which the worst cell is judged."""
CRITICAL = 0.02
"""Crowd pressure, 1/s²."""
RIGHT_DEG = 45.0
AGAINST = 0.05
"""Counterflow from which somebody walks against the others."""


@dataclass
class Score:
    """Of one scene by one way of counting: errors look by look. Shares of 1, m/s, 1/s²."""

    window: Window
    way: str
    people: list[tuple[float, float, bool]] = field(default_factory=list)
    """counted, true, and whether the band holds the truth"""
    worst: list[tuple[float, float, bool]] = field(default_factory=list)
    speed: list[tuple[float, float]] = field(default_factory=list)
    counterflow: list[tuple[float, float, float]] = field(default_factory=list)
    """second, told, true"""
    pressure: list[tuple[float, float]] = field(default_factory=list)
    direction: list[bool] = field(default_factory=list)
    gates: list[tuple[float, float, float, float]] = field(default_factory=list)
    """told in and out, true in and out, persons over the window"""
    untold: int = 0

    def count_error(self) -> float | None:
        """Median of |counted - true| / true, of looks with five people or more."""
        return _median([abs(told - true) / true for told, true, _ in self.people if true >= FEW_PEOPLE])

    def worst_error(self) -> float | None:
        """Median relative error of the worst cell between 1 and 7 persons/m²."""
        low, high = DENSITIES
        return _median([abs(told - true) / true for told, true, _ in self.worst if low <= true <= high])

    def held(self) -> float | None:
        """Share of looks in which the worst cell's band holds the truth, between 1 and 7 persons/m²."""
        low, high = DENSITIES
        inside = [held for _, true, held in self.worst if low <= true <= high]
        return float(np.mean(inside)) if inside else None

    def speed_error(self) -> float | None:
        return _median([abs(told - true) for told, true in self.speed])

    def directions_right(self) -> float | None:
        return float(np.mean(self.direction)) if self.direction else None

    def gate_error(self) -> float | None:
        """Of all who passed, in and out of all gates together, as a share of the true number."""
        true = sum(each[2] + each[3] for each in self.gates)
        off = sum(abs(each[0] - each[2]) + abs(each[1] - each[3]) for each in self.gates)
        return off / true if true >= FEW_PEOPLE else None

    def counterflow_after(self) -> float | None:
        """Seconds from the first true counterflow to the first that is told twice on end; infinite where it is not.

        None where nothing of the scene has a way of its own, or people walk against it from the first look on.
        """
        if not self.window.scenery().ways:
            return None
        true = [second for second, _, real in self.counterflow if real >= AGAINST]
        if not true or true[0] == self.counterflow[0][0]:
            return None
        told = [second for second, said, _ in self.counterflow if said >= AGAINST and second >= true[0]]
        twice = [one for one, two in pairwise(told) if two - one <= 2.0]
        return twice[0] - true[0] if twice else float("inf")

    def pressures_right(self) -> float | None:
        """Share of looks above the critical pressure that are told within a factor of two."""
        above = [0.5 <= told / true <= 2.0 for told, true in self.pressure if true >= CRITICAL]
        return float(np.mean(above)) if above else None

    def pressed_falsely(self) -> float | None:
        """Share of looks below the critical pressure that are told to be above it."""
        below = [told >= CRITICAL for told, true in self.pressure if true < CRITICAL]
        return float(np.mean(below)) if below else None


def _median(values: list[float]) -> float | None:
    return float(np.median(values)) if values else None


def scores(
    counter: Counter, cache: Path, progress: Callable[[str], Progress], windows: tuple[Window, ...] = WINDOWS
) -> list[Score]:
    """Each scene with the counter, and with heads that are known."""
    found = []
    for window in windows:
        film = filmed(window, cache, progress(window.name))
        rng = np.random.default_rng(window.seed)
        ground = ground_of(film.scene)

        def counted(frame: int, film: Filmed = film, ground: Ground = ground) -> Count:
            zones = [make_zone(settings_of(zone, None), ground) for zone in film.scene.zones]
            return counter.count(film.picture(frame), View(film.window.name, head_range(ground, zones)))

        def known(frame: int, film: Filmed = film, rng: np.random.Generator = rng) -> Count:
            return known_heads(film.moments[frame], film.camera.size, rng)

        for way, count in (("counter", counted), ("known heads", known)):
            found.append(_score(film, ground, way, count))
    return found


def _score(film: Filmed, ground: Ground, way: str, count: Callable[[int], Count]) -> Score:
    score, ways = Score(film.window, way), dict(film.scene.ways)
    zones: dict[str, tuple[Zone, TrueZone, ZoneDensity | None]] = {
        zone.name: (make_zone(settings_of(zone, ways.get(zone.name)), ground), zone, None) for zone in film.scene.zones
    }
    gates = []
    for each in film.scene.gates:
        settings = GateSettings(name=each.name, camera="camera", line=(each.start, each.end))
        try:
            gates.append((make_gate(settings, ground), each, [0.0, 0.0, 0.0, 0.0]))
        except ValueError:
            continue  # some gates of the scenes lie partly outside the picture: a box refuses them
    smooth: dict[str, float] = {}
    for index, frame in enumerate(film.window.keys):
        seen = count(frame)
        now = Glimpse(small_grey(film.picture(frame)), frame / FPS)
        before = [Glimpse(small_grey(film.picture(frame - back)), (frame - back) / FPS) for back in BEFORE]
        moved = moves(ground, seen, now, before, np.ones(seen.grid.shape))
        true_velocity = film.over(frame, BEFORE[0])
        for name, (zone, true, density) in zones.items():
            density = density or ZoneDensity(zone, (int(seen.grid.shape[0]), int(seen.grid.shape[1])))
            zones[name] = (zone, true, density)
            _density(score, film, frame, true, density, seen)
            motion = None if moved is None else zone_motion(moved, zone.corners, density.windows, ways.get(name))
            _motion(score, film, frame, true, true_velocity, motion, ways.get(name), smooth)
        if index and moved is not None:
            for gate, real, total in gates:
                inward, outward = gate.passed(moved, film.window.key_s)
                for step in range(film.window.keys[index - 1] + 1, frame + 1):
                    crossed = _crossed(film, real, step)
                    total[2] += crossed[0]
                    total[3] += crossed[1]
                total[0] += inward
                total[1] += outward
    score.gates = [(total[0], total[1], total[2], total[3]) for _, _, total in gates]
    return score


def _density(score: Score, film: Filmed, frame: int, true: TrueZone, density: ZoneDensity, seen: Count) -> None:
    figures, places = density.figures(seen), film.moments[frame].place
    people, worst = float(true.people(places)), true.worst(places)
    score.people.append((figures.count.value, people, figures.count.low <= people <= figures.count.high))
    peak = figures.peak_density
    score.worst.append((peak.value, worst, peak.low <= worst <= peak.high))


def _motion(
    score: Score,
    film: Filmed,
    frame: int,
    true: TrueZone,
    velocity: np.ndarray,
    motion: Motion | None,
    way: tuple[float, float] | None,
    smooth: dict[str, float],
) -> None:
    places = film.moments[frame].place
    here = true.inside(places)
    if not here.any():
        return
    if motion is None:
        score.untold += 1
        return
    score.speed.append((motion.speed, measures.mean_speed(velocity[here])))
    against = measures.counterflow(velocity[here], way)
    if not np.isnan(against):
        # As a box smooths it, over three seconds.
        kept = float(np.exp(-film.window.key_s / 3.0)) if true.name in smooth else 0.0
        smooth[true.name] = kept * smooth.get(true.name, 0.0) + (1 - kept) * (motion.counterflow or 0.0)
        score.counterflow.append((frame / FPS, smooth[true.name], against))
    if motion.pressure is not None:
        score.pressure.append((motion.pressure, measures.pressure(true, places, velocity)))
    score.direction += _directions(motion.cells, places[here], velocity[here])


def _directions(cells: Cells, places: np.ndarray, velocity: np.ndarray) -> list[bool]:
    """Of cells of about 10 m² in which at least half walk, and mostly one way: whether that way is told within 45°."""
    found = []
    for middle, told in zip(cells.middle, cells.velocity, strict=True):
        inside = (np.abs(places - middle) <= CELL_M / 2).all(axis=1)
        if not inside.any():
            continue
        pace, mean = np.hypot(*velocity[inside].T), velocity[inside].mean(axis=0)
        if (pace >= measures.WALKING).mean() < 0.5 or np.hypot(*mean) < 0.5 * pace.mean():
            continue
        cosine = float(mean @ told) / max(float(np.hypot(*mean) * np.hypot(*told)), 1e-9)
        found.append(cosine >= np.cos(np.radians(RIGHT_DEG)))
    return found


def _crossed(film: Filmed, gate: measures.Gate, frame: int) -> tuple[int, int]:
    before, after = film.moments[frame - 1], film.moments[frame]
    _, one, two = np.intersect1d(before.ident, after.ident, return_indices=True)
    return gate.crossings(before.place[one], after.place[two])
