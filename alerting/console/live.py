"""What a screen shows now, from what the service says at /state and over MQTT. No clock and no I/O: times are given.

Whatever is not heard anew becomes unknown: a zone is shown as judged only while the service itself says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from alerting.console.reasons import in_chinese
from alerting.settings import SiteSettings
from alerting.view import IncidentView, View, ZoneView
from wire import Band, CameraHealth, Health, Presence, Status, TierMessage, TierName

Json: TypeAlias = dict[str, Any]
#: Seconds without a word of the service after which nothing that it said counts any more.
LOST_S = 3.5
#: The forecast that a tile tells, in minutes.
TOLD_MINUTES = 15
#: Unknown is ranked as if it were a little more than blue: nobody knows what goes on there.
UNKNOWN_RANK = 1.5


@dataclass(frozen=True)
class Box:
    """A box and its cameras, as it last told over MQTT."""

    site: str
    box: str
    status: Status | None = None
    health: Health | None = None
    #: When its health was heard (monotonic).
    heard: float = 0.0


class Live:
    """One process's picture of the service. Times with `steady` are monotonic seconds."""

    def __init__(self, sites: Sequence[SiteSettings], names: Mapping[str, str] | None = None) -> None:
        """`names` are what people are called, by short name."""
        self._names = names or {}
        self.sites = tuple(sites)
        self._order = {
            (site.site, zone.name): number
            for number, (site, zone) in enumerate((site, zone) for site in sites for zone in site.zones)
        }
        self._titles = {(site.site, zone.name): (site.title, zone.title) for site in sites for zone in site.zones}
        self.view: View | None = None
        self._viewed = -math.inf
        self._zones: dict[tuple[str, str], ZoneView] = {}
        self._tiers: dict[tuple[str, str], TierMessage] = {}
        self._term = 0
        self.boxes: dict[tuple[str, str], Box] = {}
        #: Whether there is a connection to the broker.
        self.link = False

    # What is heard

    def hear_view(self, view: View, steady: float) -> bool:
        """What /state says; False where a former leader or a standby said it."""
        if view.role != "leader" or view.term < self._term:
            return False
        if self.view is not None and view.term == self._term and view.at <= self.view.at:
            # The end point answers by itself: where the judgement hangs it says the same again, and that is no news.
            return False
        self._term = view.term
        self.view, self._viewed = view, steady
        self._zones = {(zone.site, zone.zone): zone for zone in view.zones}
        return True

    def hear_tier(self, message: TierMessage) -> bool:
        """A tier over MQTT; False where it is none of ours, or comes from a former leader."""
        key = message.site, message.zone
        known = self._tiers.get(key)
        if key not in self._order or message.term < self._term:
            return False
        if known is not None and (message.term, message.sent) < (known.term, known.sent):
            return False
        self._term = message.term
        self._tiers[key] = message
        return True

    def hear_status(self, status: Status) -> None:
        key = status.site, status.box
        self.boxes[key] = replace(self.boxes.get(key, Box(*key)), status=status)

    def hear_health(self, health: Health, steady: float) -> None:
        key = health.site, health.box
        self.boxes[key] = replace(self.boxes.get(key, Box(*key)), health=health, heard=steady)

    # What is shown

    def lost(self, steady: float) -> bool:
        """Whether the service has not been heard for so long that nothing of it counts."""
        return steady - self._viewed > LOST_S

    def health(self, steady: float) -> Json:
        """The service's own health: `ok`, or what is wrong, worst first."""
        view, wrong = self.view, []
        if view is None or self.lost(steady):
            wrong.append("service-lost")
        else:
            if not view.broker_connected:
                wrong.append("service-broker")
            if not view.recording:
                wrong.append("not-recording")
        if not self.link:
            wrong.append("console-broker")
        silent = None if view is None else round(max(0.0, steady - self._viewed), 1)
        return {
            "state": "ok" if not wrong else "lost" if "service-lost" in wrong else "degraded",
            "wrong": wrong,
            "silent_s": silent,
            "instance": view.instance if view else "",
            "term": self._term,
        }

    def zones(self, steady: float) -> list[Json]:
        """Every zone of the settings, the worst first; one that the service does not tell of is lost."""
        gone = self.lost(steady)
        incidents: dict[tuple[str, str], IncidentView] = {}
        for incident in self.view.incidents if self.view is not None else ():
            incidents.setdefault((incident.site, incident.zone), incident)
        shown = [self._zone(key, gone, incidents.get(key)) for key in self._order]
        return sorted(shown, key=lambda zone: (-rank(zone), self._order[zone["site"], zone["zone"]]))

    def _zone(self, key: tuple[str, str], gone: bool, incident: IncidentView | None) -> Json:
        site, title = self._titles[key]
        known, message = self._zones.get(key), self._tiers.get(key)
        tier, held = (known.tier, known.held) if known else (None, True)
        since, why = (known.since, known.unknown_why or known.why) if known else (None, "")
        newer = self.view is None or (message is not None and message.sent > self.view.at)
        if message is not None and newer:
            if known is not None and message.tier is not known.tier:
                incident = None
            tier, held, since, why = message.tier, message.held, message.since, message.why
        lost = gone or tier is None
        density = None if known is None or held or lost else known.density
        return {
            "id": f"{key[0]}/{key[1]}",
            "site": key[0],
            "zone": key[1],
            "site_title": site,
            "title": title,
            "kind": known.kind if known else "",
            "tier": tier.value if tier else None,
            # `seen`: judged now; `held`: the zone is not seen; `lost`: the service itself is not heard.
            "sight": "lost" if lost else "held" if held else "seen",
            "since": _ms(since),
            "why": why,
            "why_zh": in_chinese(why),
            "forecast": known is not None and known.rests_on.value == "forecast",
            "people": _band(None if density is None and held else known.people if known and not lost else None, 0),
            "density": _band(density, 2),
            "trend": round(known.trend, 3) if known and density and known.trend is not None else None,
            "ahead": _ahead(known) if density else None,
            "inflow": _flow(known.inflow) if known and not lost else None,
            "outflow": _flow(known.outflow) if known and not lost else None,
            "red": known.thresholds.red if known and known.thresholds else None,
            "hand": self._hand(incident) if not lost else None,
        }

    def called(self, name: str) -> str:
        """What a person is called; the short name where that is not known."""
        return self._names.get(name, name)

    def _hand(self, incident: IncidentView | None) -> Json | None:
        """Who has it in hand, or who is being called for it."""
        if incident is None:
            return None
        return {
            "incident": incident.id,
            "alarm": incident.alarm,
            "phase": incident.phase,
            "who": self.called(incident.acknowledged_by),
            "called": self.called(incident.called[-1]) if incident.called else "",
            "due": _ms(incident.due),
            "waits": incident.waits,
        }

    def cameras(self, steady: float) -> list[Json]:
        """Boxes with their cameras; a box whose farewell or will came, or that never spoke, is offline."""
        wanted = {(site.site, zone.box) for site in self.sites for zone in site.zones if zone.box is not None}
        wanted |= {(site.site, gate.box) for site in self.sites for gate in site.gates}
        return [self._box(self.boxes.get(key, Box(*key)), steady) for key in sorted(wanted | set(self.boxes))]

    def _box(self, box: Box, steady: float) -> Json:
        status, health = box.status, box.health
        online = status is not None and status.state is Presence.ONLINE
        return {
            "site": box.site,
            "box": box.box,
            "state": status.state.value if status else "never-heard",
            "heard_s": round(steady - box.heard, 1) if health else None,
            "temperature_c": health.temperature_c if health else None,
            "waiting": health.outbox.messages if health else None,
            "versions": dict(status.versions) if status else {},
            "cameras": [_camera(one, online) for one in health.cameras] if health else [],
        }


def rank(zone: Json) -> float:
    """How far up a zone stands: by its tier, and unknown above what is only blue."""
    tier = TierName(zone["tier"]).tier if zone["tier"] else 0
    return max(float(tier) + (0.1 if zone["sight"] != "seen" else 0.0), UNKNOWN_RANK * (zone["sight"] != "seen"))


def _camera(one: CameraHealth, online: bool) -> Json:
    return {
        "camera": one.camera,
        "state": one.state.value if online else "offline",
        "reason": one.reason,
        "frames": one.frames,
        "frame_age_s": one.frame_age_s,
        "dropped": dict(one.dropped),
    }


def _ahead(zone: ZoneView | None) -> Json | None:
    if zone is None or not zone.ahead:
        return None
    one = min(zone.ahead, key=lambda ahead: abs(ahead.minutes - TOLD_MINUTES))
    return {"minutes": one.minutes, **(_band(one.density, 2) or {})}


def _band(band: Band | None, digits: int) -> Json | None:
    if band is None:
        return None
    return {"value": round(band.value, digits), "low": round(band.low, digits), "high": round(band.high, digits)}


def _flow(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _ms(at: datetime | None) -> int | None:
    return round(at.timestamp() * 1000) if at is not None else None
