"""What is drawn of one zone: figures, flow and state, told apart from how they were found. Typed. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alerting.assess.rules import DENSITY_LEVELS, Levels, ZoneKind
from edge.density import Figures
from edge.gates import Flow, Gate
from edge.polygon import Points
from edge.zone import Zone
from wire import Tier

#: Words for densities below, in and above the tiers' ranges; a tier itself is judged by the service, over time.
WORDS = {
    Tier.NORMAL: "room to move",
    Tier.BLUE: "BLUE: filling",
    Tier.YELLOW: "YELLOW: crowded",
    Tier.ORANGE: "ORANGE: dense",
    Tier.RED: "RED: dangerously dense",
}
#: Blue, green, red.
COLOURS = {
    Tier.NORMAL: (150, 190, 120),
    Tier.BLUE: (240, 150, 50),
    Tier.YELLOW: (40, 215, 255),
    Tier.ORANGE: (20, 130, 255),
    Tier.RED: (50, 45, 235),
}
UNKNOWN = (150, 150, 150)


@dataclass(frozen=True)
class Arrows:
    """Mean motion of squares of ground: middles (k, 2) m and velocities (k, 2) m/s. `main` is the direction in which
    most walk, (x, y) of length 1, where there is one."""

    middle: Points
    velocity: NDArray[np.float64]
    main: tuple[float, float] | None = None

    @property
    def against(self) -> NDArray[np.bool_]:
        """(k,) which of them go against the main direction."""
        if self.main is None:
            return np.zeros(len(self.velocity), bool)
        return np.asarray(self.velocity @ np.array(self.main) < 0, dtype=bool)


@dataclass(frozen=True)
class GateSeen:
    """One gate at one moment; no flow where it is not known (yet)."""

    gate: Gate
    flow: Flow | None = None


@dataclass(frozen=True)
class ZoneSeen:
    """One zone at one moment; no figures where it is unknown. `reasons` say why it is degraded or unknown."""

    zone: Zone
    figures: Figures | None
    reasons: tuple[str, ...] = ()
    saturated: bool = False
    speed: float | None = None
    counterflow: float | None = None
    arrows: Arrows | None = None
    levels: Levels = DENSITY_LEVELS[ZoneKind.FLAT]

    @property
    def state(self) -> str:
        """good, degraded or unknown."""
        if self.figures is None:
            return "unknown"
        return "degraded" if self.reasons or self.saturated else "good"

    @property
    def tier(self) -> Tier | None:
        """The tier in whose range the worst cell is now; by its upper end where the view is degraded."""
        if self.figures is None:
            return None
        worst = self.figures.peak_density
        density = worst.value if self.state == "good" else worst.high
        return max(tier for tier in Tier if density >= self.levels.of(tier))
