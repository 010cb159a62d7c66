"""What happened, in order and in seconds since the start: gathered from snapshots, told as lines or as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from levee.demo.snapshot import PageSeen, Snapshot, TierChange
from wire import Tier

Json: TypeAlias = dict[str, object]


def rounded(figure: float | None, digits: int) -> float | None:
    """What is not known stays unknown."""
    return None if figure is None else round(figure, digits)


class Timeline:
    """Everything that was seen so far; the same change or page seen again is the same."""

    def __init__(self, started: datetime) -> None:
        self.started = started
        self._changes: dict[tuple[object, ...], TierChange] = {}
        self._pages: dict[tuple[object, ...], PageSeen] = {}

    def add(self, snapshot: Snapshot) -> list[TierChange]:
        """Takes in a snapshot; returns the changes that are new in it."""
        new = []
        for change in snapshot.changes:
            key = (change.at, change.what, change.zone, change.before, change.after, change.why)
            if key not in self._changes:
                self._changes[key] = change
                new.append(change)
        for page in snapshot.pages:
            self._pages[(page.at, page.zone, page.tier, page.unknown, page.channel)] = page
        return new

    @property
    def changes(self) -> list[TierChange]:
        return sorted(self._changes.values(), key=lambda change: change.at)

    @property
    def pages(self) -> list[PageSeen]:
        return sorted(self._pages.values(), key=lambda page: page.at)

    def reached(self, tier: Tier) -> TierChange | None:
        """The first change to `tier` or above."""
        return next((change for change in self.changes if change.what == "tier" and change.after >= tier), None)

    def accepted(self, tier: Tier) -> bool:
        """Whether `tier` or above was paged, and each channel has accepted."""
        outcomes = [page.outcome for page in self._pages.values() if page.tier >= tier and not page.unknown]
        return bool(outcomes) and all(outcome == "accepted" for outcome in outcomes)

    def seconds(self, at: datetime) -> float:
        return round((at - self.started).total_seconds(), 1)

    def line(self, change: TierChange) -> str:
        """`  41.3 s  steps: normal -> blue, 62 people (why)`."""
        figures = "" if change.people is None else f", {change.people:.0f} people"
        if change.what != "tier":
            what = "unknown, held at" if change.what == "held" else "seen again, at"
            return f"{self.seconds(change.at):6.1f} s  {change.zone}: {what} {change.after.label} ({change.why})"
        moved = f"{change.before.label} -> {change.after.label}"
        return f"{self.seconds(change.at):6.1f} s  {change.zone}: {moved}{figures} ({change.why})"

    def page_line(self, page: PageSeen) -> str:
        about = "unknown" if page.unknown else page.tier.label
        return f"{self.seconds(page.at):6.1f} s  page: {page.zone} {about} by {page.channel}: {page.outcome}"

    def lines(self) -> list[str]:
        """All of it, in order."""
        told = [(change.at, self.line(change)) for change in self.changes]
        told += [(page.at, self.page_line(page)) for page in self.pages]
        return [line for _, line in sorted(told, key=lambda one: one[0])]

    def to_json(self) -> list[Json]:
        """The events of all zones, in order."""
        return [
            {
                "seconds": self.seconds(change.at),
                "time": change.at.isoformat(),
                "what": change.what,
                "zone": change.zone,
                "from": change.before.label,
                "to": change.after.label,
                "why": change.why,
                "kind": change.kind,
                "people": rounded(change.people, 1),
                "peak_density": rounded(change.peak, 2),
            }
            for change in self.changes
        ]

    def pages_to_json(self) -> list[Json]:
        return [
            {
                "seconds": self.seconds(page.at),
                "time": page.at.isoformat(),
                "zone": page.zone,
                "tier": page.tier.label,
                "unknown": page.unknown,
                "channel": page.channel,
                "outcome": page.outcome,
            }
            for page in self.pages
        ]
