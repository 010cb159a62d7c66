"""One table of topics that both writes and reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from wire.names import NAME_PATTERN, RESERVED_BOXES, RESERVED_SITES
from wire.presence import Health, Recorded, ServicePresence, Status
from wire.readings import Readings
from wire.tiers import TierMessage

ROOT = "levee/v1"
_NAME = re.compile(NAME_PATTERN)


class TopicRefused(ValueError):
    """A topic that is not in the table, or a name that cannot stand in one."""


@dataclass(frozen=True)
class Topic:
    """One row: `template` with {levels}, whether it is retained, and the type of its messages."""

    name: str
    template: str
    retained: bool
    message: type[msgspec.Struct]
    says: str

    def at(self, **levels: str) -> str:
        """The topic with its levels filled in; TopicRefused for a name that cannot stand in one."""
        for level, name in levels.items():
            if not _NAME.match(name):
                raise TopicRefused(f"{level} {name!r} cannot stand in a topic: use a-z, 0-9 and '-'")
        if levels.get("site") in RESERVED_SITES or levels.get("box") in RESERVED_BOXES:
            raise TopicRefused(f"{levels} holds a reserved name")
        return f"{ROOT}/{self.template.format(**levels)}"

    def everywhere(self, **levels: str) -> str:
        """The subscription: levels that are not given become '+'."""
        wanted = {level: levels.get(level, "+") for level in re.findall(r"{(\w+)}", self.template)}
        return f"{ROOT}/{self.template.format(**wanted)}"

    def levels(self, topic: str) -> dict[str, str] | None:
        """The levels that `topic` fills in, or None where it is another topic."""
        pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.template)
        match = re.fullmatch(f"{re.escape(ROOT)}/{pattern}", topic)
        if match is None:
            return None
        found = match.groupdict()
        if not all(_NAME.match(name) for name in found.values()):
            return None
        if found.get("site") in RESERVED_SITES or found.get("box") in RESERVED_BOXES:
            return None
        return found


READINGS = Topic("readings", "{site}/{box}/readings", False, Readings, "all zones of a box, each tick")
BACKLOG = Topic("backlog", "{site}/{box}/backlog", False, Readings, "the same, sent late: recorded, never judged")
RECORDED = Topic("recorded", "{site}/{box}/recorded", True, Recorded, "what the service has committed")
STATUS = Topic("status", "{site}/{box}/status", True, Status, "birth, farewell and will of a box")
HEALTH = Topic("health", "{site}/{box}/health", True, Health, "cameras, drops and outbox of a box")
TIER = Topic("tier", "{site}/zones/{zone}/tier", True, TierMessage, "the tier of a zone, from the service")
DRILL_READINGS = Topic(
    "drill-readings", "{site}/drill/{box}/readings", False, Readings, "readings of a drill, never judged as live"
)
DRILL_TIER = Topic(
    "drill-tier", "{site}/drill/zones/{zone}/tier", False, TierMessage, "the tier of a zone in a drill, for nobody live"
)
SERVICE = Topic("service", "service/{instance}", True, ServicePresence, "birth, heartbeat and will of the service")

TOPICS: tuple[Topic, ...] = (READINGS, BACKLOG, RECORDED, STATUS, HEALTH, TIER, DRILL_READINGS, DRILL_TIER, SERVICE)


def parse(topic: str) -> tuple[Topic, dict[str, str]]:
    """The row that `topic` belongs to and its levels; TopicRefused where there is none."""
    for row in TOPICS:
        levels = row.levels(topic)
        if levels is not None:
            return row, levels
    raise TopicRefused(f"no such topic: {topic[:120]!r}")
