"""What only shows when the desk's file is laid beside those of the service, its sites and its people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from alerting.channels import needs_address
from alerting.desk.settings import DeskSettings, DrillSettings, OccasionSettings, Plan
from alerting.duty.settings import DutySettings
from alerting.settings import ServiceSettings, SiteSettings
from levee.config.load import Loaded, load_scenario
from levee.config.problems import ConfigRefused, Problem


def desk_faults(
    services: Sequence[Loaded[ServiceSettings]],
    sites: Sequence[Loaded[SiteSettings]],
    duties: Sequence[Loaded[DutySettings]],
    desks: Sequence[Loaded[DeskSettings]],
) -> Iterator[Problem]:
    """Units, people, bodies, sites, zones and scenarios that there are not."""
    for desk in desks:
        for number, drill in enumerate(desk.settings.drills):
            if not Path(drill.scenario).is_file():
                yield desk.problem(f"drill {drill.name}: no such file: {drill.scenario}", "drills", number, "scenario")
        for service in services:
            if not _same(service.settings.desk, desk.file):
                continue
            mine = [site for site in sites if any(_same(path, site.file) for path in service.settings.sites)]
            duty = next((one for one in duties if _same(service.settings.duty, one.file)), None)
            yield from _places(desk, {site.settings.site: site.settings for site in mine})
            yield from _bodies(desk, service)
            if duty is not None:
                yield from _people(desk, duty.settings)


def _same(path: str | None, file: Path) -> bool:
    return path is not None and Path(path).resolve() == file.resolve()


def _places(desk: Loaded[DeskSettings], sites: dict[str, SiteSettings]) -> Iterator[Problem]:
    kinds: tuple[tuple[str, Sequence[Plan | OccasionSettings | DrillSettings]], ...] = (
        ("plans", desk.settings.plans),
        ("events", desk.settings.events),
        ("drills", desk.settings.drills),
    )
    for kind, items in kinds:
        for number, item in enumerate(items):
            called = f"{kind[:-1]} {item.name}"
            site = sites.get(item.site)
            if site is None:
                yield desk.problem(f"{called}: the service has no site called {item.site}", kind, number, "site")
                continue
            zones = {zone.name for zone in site.zones}
            for zone in (*getattr(item, "zones", ()), *getattr(item, "thresholds", ())):
                if zone not in zones:
                    yield desk.problem(f"{called}: the site {item.site} has no zone {zone}", kind, number, "zones")
    for number, drill in enumerate(desk.settings.drills):
        if drill.site in sites and Path(drill.scenario).is_file():
            try:
                scenario, _ = load_scenario(Path(drill.scenario))
            except ConfigRefused as refused:
                message = f"drill {drill.name}: its scenario: {refused.problems[0].message}"
                yield desk.problem(message, "drills", number, "scenario")
                continue
            zones = {zone.name for zone in sites[drill.site].zones}
            if not zones & {ground.name for ground in scenario.grounds}:
                message = f"drill {drill.name}: no ground of its scenario bears the name of a zone of {drill.site}"
                yield desk.problem(message, "drills", number, "scenario")


def _bodies(desk: Loaded[DeskSettings], service: Loaded[ServiceSettings]) -> Iterator[Problem]:
    for number, body in enumerate(desk.settings.bodies):
        channel = service.settings.channels.get(body.channel)
        if channel is None:
            message = f"body {body.name}: {service.file} has no channel called {body.channel}"
            yield desk.problem(message, "bodies", number, "channel")
        elif needs_address(channel) and body.to is None:
            message = f"body {body.name}: the channel {body.channel} reaches nobody without `to`"
            yield desk.problem(message, "bodies", number, "channel")
    if desk.settings.bodies and service.settings.answer is None:
        yield desk.problem("no `answer` in the service: no body can confirm a request", "bodies", warning=True)


def _people(desk: Loaded[DeskSettings], duty: DutySettings) -> Iterator[Problem]:
    settings = desk.settings
    units, people = {unit.name for unit in duty.units}, {person.name for person in duty.people}
    wanted: list[tuple[str, str, tuple[str | int, ...]]] = []
    for number, plan in enumerate(settings.plans):
        for place, step in enumerate(plan.steps):
            called = f"plan {plan.name}: step {step.name}"
            wanted.append((step.owner, called, ("plans", number, "steps", place, "owner")))
    for number, event in enumerate(settings.events):
        called = f"event {event.name}"
        wanted.append((event.assessment.owner, called, ("events", number, "assessment", "owner")))
        wanted += [(unit, called, ("events", number, "rota")) for unit in event.rota]
        named = [name for team in event.rota.values() for name in team]
        named += [event.assessment.approved_by] if event.assessment.approved_by else []
        for name in named:
            if name not in people:
                yield desk.problem(f"{called}: nobody is called {name}", "events", number)
    for number, call in enumerate(settings.roll_calls):
        wanted.append((call.unit, "roll-call", ("roll_calls", number, "unit")))
    if settings.hazards.owner is not None:
        wanted.append((settings.hazards.owner, "hazards", ("hazards", "owner")))
    for unit, called, steps in wanted:
        if unit not in units:
            yield desk.problem(f"{called}: no unit is called {unit}", *steps)
    for number, body in enumerate(settings.bodies):
        if body.name in people:
            yield desk.problem(f"body {body.name}: a person of the duty file bears that name", "bodies", number, "name")
    if settings.cap is not None:
        for name in settings.cap.release:
            if name not in people:
                yield desk.problem(f"cap: nobody is called {name}", "cap", "release")
        if not settings.cap.release:
            yield desk.problem("cap: nobody may release a warning to the public", "cap", warning=True)
