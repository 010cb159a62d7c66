"""What a replay left behind: each zone minute by minute, with what was foreseen for it, and all that was told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from alerting.assess import Change, Effect, Event, Page, SiteState, TierChanged
from alerting.assess.forecast import Ahead, Figure, forecast
from levee.replays.lines import clock
from levee.replays.recording import Recording, told
from wire import Tier

EVERY_S = 60.0


@dataclass(frozen=True)
class Sample:
    """A zone at one moment: its newest figures (None where unknown), and what was foreseen then, by figure."""

    at: float
    tier: Tier
    unknown: bool
    density: float | None
    people: float | None
    ahead: dict[Figure, tuple[Ahead, ...]]


@dataclass
class Trace:
    """Fed with every step of a replay."""

    recording: Recording
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    changes: list[Change | Page] = field(default_factory=list)
    #: Seconds in each tier, by zone.
    time_in: dict[str, dict[Tier, float]] = field(default_factory=dict)
    _at: float | None = None
    _next: float = 0.0
    _tiers: dict[str, Tier] = field(default_factory=dict)

    def see(self, event: Event, state: SiteState, effects: Iterable[Effect]) -> None:
        if self._at is not None and state.at > self._at:
            for zone, tier in self._tiers.items():
                spent = self.time_in.setdefault(zone, {})
                spent[tier] = spent.get(tier, 0.0) + state.at - self._at
        if effects or not self._tiers:
            self._tiers = {name: zone.tier for name, zone in state.zones.items()}
            self.changes += told(self.recording, effects)
        self._at = state.at
        if state.at >= self._next:
            self._next = state.at - state.at % EVERY_S + EVERY_S
            self._sample(state)

    def _sample(self, state: SiteState) -> None:
        for name, zone in state.zones.items():
            unknown = zone.unknown_since is not None
            figures: tuple[Figure, ...] = ("density", "people", "occupancy")
            self.samples.setdefault(name, []).append(
                Sample(
                    at=state.at,
                    tier=zone.tier,
                    unknown=unknown,
                    density=None if unknown or zone.density is None else zone.density.value,
                    people=None if unknown or zone.people is None else zone.people.value,
                    ahead={} if unknown else {one: forecast(zone, one, state.at) for one in figures},
                )
            )

    def rises(self, zone: str) -> list[TierChanged]:
        """The changes of a zone to a higher tier, and second causes."""
        return [
            one
            for one in self.changes
            if isinstance(one, TierChanged) and one.zone == zone and one.to_tier >= one.from_tier
        ]

    def summary(self) -> list[str]:
        """A line for each zone: how long it was in which tier, and when it first reached the highest."""
        place = ZoneInfo(self.recording.site.time_zone)
        lines = []
        for zone, spent in self.time_in.items():
            known = ", ".join(f"{tier.label} {seconds / 60:.0f} min" for tier, seconds in sorted(spent.items()))
            rises = self.rises(zone)
            top = max((one.to_tier for one in rises), default=Tier.NORMAL)
            first = next((one.at for one in rises if one.to_tier is top), None)
            when = f"; {top.label} from {clock(first, place)[11:19]}" if first is not None else ""
            lines.append(f"{zone}: {known}{when}")
        return lines
