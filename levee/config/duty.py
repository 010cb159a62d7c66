"""What is wrong with who is called: shifts with nobody, people who cannot be reached, chains that end in nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path

from alerting.channels import TELEPHONE, ConsoleChannel, MailChannel
from alerting.duty.rota import chain_units, gaps
from alerting.duty.settings import DutySettings, Person
from alerting.settings import ServiceSettings, SiteSettings
from levee.config.load import Loaded
from levee.config.problems import Problem

#: A year and a week from today: both changes of the clocks, and every turn of a weekly rota.
LOOK_DAYS = 372
#: Gaps of one unit that are named; there may be one each night.
GAPS_SHOWN = 3
_NUMBER = re.compile(r"\+?[0-9]{5,15}")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+")


def duty_faults(
    services: Sequence[Loaded[ServiceSettings]],
    sites: Sequence[Loaded[SiteSettings]],
    duties: Sequence[Loaded[DutySettings]],
    today: date,
) -> Iterator[Problem]:
    """Faults of each duty file by itself, and together with the service and the sites that it is for."""
    for duty in duties:
        yield from _gaps(duty, today)
    for service in services:
        named = [one for one in duties if _same(service.settings.duty, one.file)]
        if not named:
            continue
        duty = named[0]
        yield from _reach(duty, service)
        if service.settings.answer is None:
            message = "people are called by name (`duty`), but without `answer` nobody can acknowledge by a link"
            yield service.problem(message, "duty", warning=True)
        test = service.settings.self_test
        if test is not None and test.to is not None and duty.settings.person(test.to) is None:
            yield service.problem(f"nobody in {duty.file} is called {test.to}", "self_test", "to")
        if duty.settings.keeper is None:
            message = "no unit is the `keeper`: when the paging itself is at fault, nobody is called by name"
            yield duty.problem(message, "keeper", warning=True)
        for site in sites:
            if any(_same(path, site.file) for path in service.settings.sites):
                yield from _chains(site, duty)


def _same(path: str | None, file: Path) -> bool:
    return path is not None and Path(path).resolve() == file.resolve()


def _gaps(duty: Loaded[DutySettings], today: date) -> Iterator[Problem]:
    for number, unit in enumerate(duty.settings.units):
        found = list(islice(gaps(duty.settings, unit, today, LOOK_DAYS), GAPS_SHOWN + 1))
        for gap in found[:GAPS_SHOWN]:
            yield duty.problem(f"unit {unit.name}: nobody is on duty from {gap}", "units", number, "shifts")
        if len(found) > GAPS_SHOWN:
            yield duty.problem(f"unit {unit.name}: and more such gaps", "units", number, "shifts")


def _reach(duty: Loaded[DutySettings], service: Loaded[ServiceSettings]) -> Iterator[Problem]:
    channels = service.settings.channels
    for number, person in enumerate(duty.settings.people):
        for place, reach in enumerate(person.reach):
            channel = channels.get(reach.channel)
            fault = ""
            if channel is None:
                fault = f"{service.file} has no channel called {reach.channel}"
            elif isinstance(channel, TELEPHONE) and not (reach.to and _NUMBER.fullmatch(reach.to)):
                fault = f"the channel {reach.channel} needs a telephone number `to`, as in +8613800000000"
            elif isinstance(channel, MailChannel) and not _MAIL.fullmatch(reach.to or channel.to or ""):
                fault = f"the channel {reach.channel} needs a mail address `to`"
            if fault:
                yield duty.problem(f"person {person.name}: {fault}", "people", number, "reach", place)
        if not _works(person, service.settings):
            message = f"person {person.name}: no channel reaches a person: a console is only read by whoever looks"
            yield duty.problem(message, "people", number, "reach", warning=True)


def _works(person: Person, service: ServiceSettings) -> bool:
    return any(not isinstance(service.channels.get(reach.channel), ConsoleChannel) for reach in person.reach)


def _chains(site: Loaded[SiteSettings], duty: Loaded[DutySettings]) -> Iterator[Problem]:
    units = {unit.name: unit for unit in duty.settings.units}
    for number, zone in enumerate(site.settings.zones):
        answers = zone.duty or site.settings.duty
        steps: tuple[str | int, ...] = ("zones", number, "duty") if zone.duty is not None else ("duty",)
        if answers is None:
            message = f"zone {zone.name}: no `duty`, so nobody is called by name, and nobody after him"
            yield site.problem(message, "zones", number, warning=True)
            continue
        missing = [name for name in answers.units if name not in units]
        for name in missing:
            yield site.problem(f"zone {zone.name}: {duty.file} has no unit called {name}", *steps)
        if missing:
            continue
        if answers.level is not None and answers.territory is not None:
            level = units[answers.territory].level
            if level is not answers.level:
                message = f"zone {zone.name}: its level is {answers.level.value}, and that of its territory "
                yield site.problem(f"{message}{level.value if level else 'not given'}", *steps, "level")
        chain = chain_units(duty.settings, answers)
        people = {person for name in chain for shift in units[name].shifts for team in shift.teams for person in team}
        if len(people) < 2:
            message = f"zone {zone.name}: its whole chain is one person, so nobody is next"
            yield site.problem(message, *steps, warning=True)
