"""A named reset of an occupancy that a person asks for: from now on the balance counts from so many people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alerting.assess.events import OccupancyReset
from alerting.duty.events import Entry
from alerting.office import Office
from alerting.record import Batch

MOST_PEOPLE = 1_000_000


@dataclass(frozen=True)
class Reset:
    """What the judgement is told of it."""

    site: str
    event: OccupancyReset


def ask_reset(body: Mapping[str, Any], office: Office, at: float, batch: Batch) -> tuple[Reset | None, str, str]:
    """The reset, or None with a reason and words; who asked and why goes into `batch`."""
    site, zone = str(body["site"]), str(body["zone"])
    person, name, people = str(body["person"]).strip(), str(body["name"]).strip()[:60], float(body["people"])
    if not office.judges(site, zone):
        return None, "unknown-zone", f"no zone is called {site}/{zone}"
    if not office.balances(site, zone):
        return None, "no-balance", f"{site}/{zone} keeps no balance of its gates (`balance`): reset its instrument"
    if not person or not name:
        return None, "no-reason", "a reset needs the name of who asks for it, and one of its own"
    if not (math.isfinite(people) and 0 <= people <= MOST_PEOPLE):
        return None, "invalid", f"{people:g} is no number of people"
    entry = {"zone": f"{site}/{zone}", "name": name, "people": people, "person": person}
    batch.entries.append(Entry(at, "occupancy-reset", entry, ("person",)))
    return Reset(site, OccupancyReset(at=at, zone=zone, name=name, value=people)), "done", ""
