"""Between the judgement and the desk: what boxes and zones tell of themselves, and the thresholds of an occasion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from alerting.assess import Page, SettingsApplied, SiteState, TierChanged
from alerting.assess.rules import Levels
from alerting.desk.events import Noticed, OccasionTurned, TierFell, TierRose
from alerting.desk.settings import DeskSettings, HazardKind
from alerting.desk.state import DeskState
from alerting.duty.settings import DutySettings, Shift
from wire import Health, Presence, Status
from wire.presence import CameraState


def health_noticed(health: Health, at: float) -> Iterator[Noticed]:
    """Each camera of a box: live, or not. One that is no longer told of was taken away by somebody."""
    for camera in health.cameras:
        wrong = camera.state is not CameraState.LIVE
        words = f"{health.box}/{camera.camera}: {camera.state.value} {camera.reason}".strip()
        subject = f"camera/{health.site}/{health.box}/{camera.camera}"
        yield Noticed(at, subject, wrong, HazardKind.CAMERA, health.site, "", words if wrong else "")


def status_noticed(status: Status, at: float) -> Iterator[Noticed]:
    """A box that is not there."""
    wrong = status.state is not Presence.ONLINE
    words = f"{status.box}: {status.state.value}" if wrong else ""
    yield Noticed(at, f"box/{status.site}/{status.box}", wrong, HazardKind.BOX, status.site, "", words)


def zones_noticed(states: Mapping[str, SiteState], at: float) -> Iterator[Noticed]:
    """Zones that cannot be judged for want of a calibration, and whether each is seen at all."""
    for site, state in states.items():
        for name, zone in state.zones.items():
            unseen = zone.unknown_since is not None
            wrong = unseen and zone.unknown_why.startswith("uncalibrated")
            words = zone.unknown_why if wrong else ""
            yield Noticed(at, f"zone/{site}/{name}", wrong, HazardKind.UNCALIBRATED, site, name, words)


class OccasionThresholds:
    """Puts the thresholds of an occasion into force, and takes them back unless somebody has changed them since."""

    def __init__(self, desk: DeskSettings | None) -> None:
        self._events = {event.name: event for event in desk.events} if desk is not None else {}
        self._before: dict[tuple[str, str, str], Levels] = {}

    def turn(
        self, turned: OccasionTurned, desk: DeskState, states: Mapping[str, SiteState], at: float
    ) -> Iterator[tuple[str, SettingsApplied]]:
        """The sites and events by which that comes into force."""
        event, occasion = self._events.get(turned.name), desk.occasions.get(turned.name)
        state = states.get(occasion.facts.site) if occasion is not None else None
        if event is None or occasion is None or state is None or not event.thresholds:
            return
        site, changed = occasion.facts.site, {}
        for zone, levels in event.thresholds.items():
            key, known = (turned.name, site, zone), state.zones.get(zone)
            if known is None:
                continue
            if turned.on:
                self._before.setdefault(key, known.rules.density)
                changed[zone] = levels
            elif key in self._before and known.rules.density == levels:
                changed[zone] = self._before.pop(key)
        if changed:
            zones = tuple(
                replace(zone.rules, density=changed[name]) if name in changed else zone.rules
                for name, zone in state.zones.items()
            )
            reason = f"event {turned.name} {'begins' if turned.on else 'is over'}"
            yield site, SettingsApplied(at=at, zones=zones, by="", reason=reason, gates=state.gates)


def with_rota(duty: DutySettings, desk: DeskSettings, state: DeskState) -> DutySettings:
    """The duty list while occasions last: their people are called first, and then whoever is on duty anyway."""
    events = {event.name: event for event in desk.events}
    first: dict[str, list[str]] = {}
    for occasion in state.occasions.values():
        if occasion.begun and not occasion.ended and not occasion.cancelled and occasion.name in events:
            for unit, people in events[occasion.name].rota.items():
                first.setdefault(unit, []).extend(people)
    units = tuple(
        replace(unit, shifts=(Shift(name="event", teams=(tuple(first[unit.name]),)), *unit.shifts))
        if first.get(unit.name)
        else unit
        for unit in duty.units
    )
    return replace(duty, units=units)


def rose(effect: Page, site: str, drill: str, incident: str) -> TierRose:
    """A page of a crowd, as the desk is told of it; `site` is the real one."""
    return TierRose(effect.at, site, effect.zone, effect.tier, incident, effect.why, effect.kind.value, drill)


def fell(effect: TierChanged, site: str, drill: str, incident: str) -> TierFell:
    return TierFell(effect.at, site, effect.zone, effect.to_tier, incident, effect.why, effect.kind.value, drill)
