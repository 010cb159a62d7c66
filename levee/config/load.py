"""A settings file from the disk to typed settings, or one line for each thing that is wrong with it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from alerting.desk.settings import DeskSettings
from alerting.duty.settings import DutySettings
from alerting.settings import ServiceSettings, SiteSettings
from edge.instruments.settings import GatewaySettings
from edge.settings import BoxSettings
from levee.config.convert import settings_from
from levee.config.kinds import BOX, DESK, DUTY, INSTRUMENTS, KEY, KINDS, SCENARIO, SERVICE, SITE, Kind
from levee.config.paths import resolved
from levee.config.problems import ConfigRefused, Problem
from levee.config.yaml_nodes import Place, Value, read_file
from levee.scenarios.crowd import table_faults
from levee.scenarios.story import Scenario

S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True)
class Loaded(Generic[S]):
    """One settings file that was found sound. Paths in `settings` are absolute; `value` knows the lines."""

    file: Path
    kind: Kind
    settings: S
    value: Value

    def place(self, *steps: str | int) -> Place:
        """Where a setting stands: `place("zones", 2, "polygon")`; the nearest thing above it where it is a default."""
        value, place = self.value, self.value.place
        for step in steps:
            if isinstance(step, int) and value.items is not None and step < len(value.items):
                value = value.items[step]
                place = value.place
            elif isinstance(step, str) and value.entries is not None and step in value.entries:
                place, value = value.keys[step], value.entries[step]
            else:
                break
        return place

    def problem(self, message: str, *steps: str | int, warning: bool = False) -> Problem:
        """`message` located at the setting that `steps` lead to."""
        setting = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
        place = self.place(*steps)
        return Problem(self.file, message, place.line, place.column, setting, warning)


def load(file: Path) -> Loaded[msgspec.Struct]:
    """The settings of `file`, of whichever kind its first line says; ConfigRefused with every fault found."""
    value, problems = read_file(file)
    if value.entries is None:
        raise ConfigRefused([Problem(file, f"must be a mapping of settings, not {value.kind}", value.place.line)])
    kind = _kind(value, file, problems)
    body = Value(
        value.place,
        entries={key: entry for key, entry in value.entries.items() if key != KEY},
        keys={key: place for key, place in value.keys.items() if key != KEY},
    )
    settings, more = settings_from(body, kind.settings, file)
    if settings is None or problems:
        raise ConfigRefused([*problems, *more])
    return Loaded(file, kind, resolved(settings, kind.paths, file.resolve().parent), body)


def _kind(value: Value, file: Path, problems: list[Problem]) -> Kind:
    assert value.entries is not None
    names = " or ".join(f"`{KEY}: {name}`" for name in KINDS)
    if KEY not in value.entries:
        guess = _guess(set(value.entries))
        hint = f"; it looks like `{KEY}: {guess.name}`" if guess else ""
        message = f"does not say what it is: its first line must be {names}{hint}"
        raise ConfigRefused([*problems, Problem(file, message, value.place.line)])
    named = value.entries[KEY]
    kind = KINDS.get(named.scalar) if isinstance(named.scalar, str) else None
    if kind is None:
        near = difflib.get_close_matches(str(named.scalar), KINDS, n=1)
        message = f"must be {names}" + (f"; did you mean `{near[0]}`?" if near else "")
        raise ConfigRefused([*problems, Problem(file, message, named.place.line, named.place.column, KEY)])
    return kind


def _guess(keys: set[str]) -> Kind | None:
    """The kind whose settings the keys are, where that is beyond doubt."""
    fits = {kind.name: len(keys & set(kind.settings.__struct_fields__)) for kind in KINDS.values()}
    best = sorted(fits, key=lambda name: fits[name], reverse=True)
    return KINDS[best[0]] if fits[best[0]] > fits[best[1]] else None


def _load_as(file: Path, kind: Kind) -> Loaded[msgspec.Struct]:
    loaded = load(file)
    if loaded.kind is not kind:
        message = f"is `{KEY}: {loaded.kind.name}`, where `{KEY}: {kind.name}` is wanted"
        raise ConfigRefused([Problem(file, message, 1)])
    return loaded


def load_box(file: Path) -> BoxSettings:
    """The settings of a box; ConfigRefused otherwise."""
    settings = _load_as(file, BOX).settings
    assert isinstance(settings, BoxSettings)
    return settings


def load_instruments(file: Path) -> GatewaySettings:
    """The settings of a gateway of instruments; ConfigRefused otherwise."""
    settings = _load_as(file, INSTRUMENTS).settings
    assert isinstance(settings, GatewaySettings)
    return settings


def load_service(file: Path) -> tuple[ServiceSettings, tuple[SiteSettings, ...]]:
    """The settings of a service, and of each site that it names."""
    service = _load_as(file, SERVICE)
    assert isinstance(service.settings, ServiceSettings)
    sites: list[SiteSettings] = []
    for number, path in enumerate(service.settings.sites):
        if not Path(path).is_file():
            raise ConfigRefused([service.problem(f"no such file: {path}", "sites", number)])
        site = load_site(Path(path))
        if site.site in {other.site for other in sites}:
            raise ConfigRefused([service.problem(f"the site {site.site} is named twice", "sites", number)])
        sites.append(site)
    return service.settings, tuple(sites)


def load_site(file: Path) -> SiteSettings:
    """The settings of a site; ConfigRefused otherwise."""
    settings = _load_as(file, SITE).settings
    assert isinstance(settings, SiteSettings)
    return settings


def load_duty(service: ServiceSettings) -> DutySettings | None:
    """Who is on duty, from the file that the service names; None where it names none. ConfigRefused otherwise."""
    if service.duty is None:
        return None
    file = Path(service.duty)
    if not file.is_file():
        raise ConfigRefused([Problem(file, "no such file, which the service names as its duty")])
    settings = _load_as(file, DUTY).settings
    assert isinstance(settings, DutySettings)
    return settings


def load_desk(service: ServiceSettings) -> DeskSettings | None:
    """The duty desk, from the file that the service names; None where it names none. ConfigRefused otherwise."""
    if service.desk is None:
        return None
    file = Path(service.desk)
    if not file.is_file():
        raise ConfigRefused([Problem(file, "no such file, which the service names as its desk")])
    settings = _load_as(file, DESK).settings
    assert isinstance(settings, DeskSettings)
    return settings


def load_scenario(file: Path) -> tuple[Scenario, SiteSettings]:
    """A scenario and the site that it plays at."""
    loaded = _load_as(file, SCENARIO)
    scenario = loaded.settings
    assert isinstance(scenario, Scenario)
    if not Path(scenario.site).is_file():
        raise ConfigRefused([loaded.problem(f"no such file: {scenario.site}", "site")])
    site = load_site(Path(scenario.site))
    known = {zone.name for zone in site.zones}
    grounds = {ground.name for ground in scenario.grounds}
    for number, danger in enumerate(scenario.dangers):
        if danger.zone not in known:
            raise ConfigRefused([loaded.problem(f"the site has no zone {danger.zone}", "dangers", number, "zone")])
    faults = table_faults(scenario)
    if faults:
        raise ConfigRefused([loaded.problem(fault, fault.split()[0].replace("party", "parties")) for fault in faults])
    if not known & grounds:
        raise ConfigRefused([loaded.problem("no ground bears the name of a zone of the site", "grounds")])
    return scenario, site
