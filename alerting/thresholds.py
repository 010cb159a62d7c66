"""Thresholds that a person changed while the service runs: in force until the site's file itself is changed.

A file says what was meant when it was written; a change through the console says what a named person wants now, and
why. Each remembers the file's thresholds that it took the place of: once the file says something else, the file counts.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import msgspec

from alerting.assess import SettingsApplied, SiteState
from alerting.assess.rules import Levels
from alerting.settings import SiteSettings

log = logging.getLogger("levee.alerting")

Place = tuple[str, str]


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """One zone's thresholds (persons/m² in the worst cell), changed `at` by a person, by short name, for a reason."""

    site: str
    zone: str
    levels: Levels
    by: str
    reason: str
    at: float = 0.0
    #: What the file said then.
    base: Levels | None = None

    @property
    def place(self) -> Place:
        return self.site, self.zone


class Changes:
    """What was changed and still holds. `sites` are those of the files with the thresholds that count; `left` are the
    changes that no longer hold, because the file says something else by now, or the zone is gone."""

    def __init__(self, sites: Sequence[SiteSettings], changed: Mapping[Place, Thresholds]) -> None:
        self._filed = {(site.site, zone.name): zone.rules().density for site in sites for zone in site.zones}
        self.left = sorted(place for place, one in changed.items() if self._filed.get(place) != one.base)
        for place in self.left:
            log.warning("%s/%s: its file was changed: the thresholds there count again", *place)
        kept = {place: one for place, one in changed.items() if place not in self.left}
        self.sites = tuple(_in_force(site, kept) for site in sites)

    def to_keep(self, change: Thresholds) -> Thresholds | None:
        """What the record keeps of a change; None where it leads back to what the file says."""
        base = self._filed[change.place]
        return None if change.levels == base else msgspec.structs.replace(change, base=base)


def _in_force(site: SiteSettings, changed: Mapping[Place, Thresholds]) -> SiteSettings:
    replace = msgspec.structs.replace
    zones = tuple(
        replace(zone, thresholds=changed[site.site, zone.name].levels) if (site.site, zone.name) in changed else zone
        for zone in site.zones
    )
    return replace(site, zones=zones)


def applied(state: SiteState, change: Thresholds, at: float) -> SettingsApplied:
    """The event by which a change comes into force; all else stays as it is judged now."""
    replace = msgspec.structs.replace
    zones = tuple(
        replace(zone.rules, density=change.levels) if name == change.zone else zone.rules
        for name, zone in state.zones.items()
    )
    return SettingsApplied(at=at, zones=zones, by=change.by, reason=change.reason, gates=state.gates)
