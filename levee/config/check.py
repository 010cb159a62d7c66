"""What only shows when settings files are laid side by side, or held against this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

import msgspec

from alerting.console.board import unknown_zones
from alerting.desk.settings import DeskSettings
from alerting.duty.settings import DutySettings
from alerting.settings import ServiceSettings, SiteSettings
from edge.instruments.settings import GatewaySettings
from edge.settings import BoxSettings
from levee.config.desk import desk_faults
from levee.config.duty import duty_faults
from levee.config.ground import ground_faults
from levee.config.instruments import instrument_faults
from levee.config.load import Loaded, load
from levee.config.problems import ConfigRefused, Problem
from levee.config.weights import weights_fault
from wire.secret import open_to_all

S = TypeVar("S", bound=msgspec.Struct)

#: The judgement wants three readings and that none of them stands for half of the window; the newest is late as well.
READINGS_A_WINDOW = 5


def check_files(files: Sequence[Path]) -> list[Problem]:
    """Every fault and warning in `files`, alone and together, in the order of files and lines.

    A service's own sites are checked with it, whether or not they are given.
    """
    problems: list[Problem] = []
    loaded = _load_all(files, problems)
    boxes = _of(loaded, BoxSettings)
    sites = _of(loaded, SiteSettings)
    services = _of(loaded, ServiceSettings)
    duties = _of(loaded, DutySettings)
    problems += _twice(boxes, "box", lambda box: f"{box.site}/{box.box}")
    problems += _twice(sites, "site", lambda site: site.site)
    gateways = _of(loaded, GatewaySettings)
    problems += _owners(boxes, sites, gateways)
    problems += instrument_faults(gateways, boxes, sites)
    for gateway in gateways:
        problems += _secrets(gateway, gateway.settings.mqtt, ("mqtt",))
        problems += _tls(gateway, gateway.settings.mqtt.tls)
        problems += _secrets(gateway, gateway.settings.listens, ("listens",)) if gateway.settings.listens else []
        problems += _secrets(gateway, gateway.settings.push, ("push",)) if gateway.settings.push is not None else []
    for box in boxes:
        problems += _box(box)
    for service in services:
        problems += _secrets(service, service.settings.mqtt, ("mqtt",))
        problems += _tls(service, service.settings.mqtt.tls)
        problems += _secrets(service, service.settings.record, ("record",))
        for name, channel in service.settings.channels.items():
            problems += _secrets(service, channel, ("channels", name))
        for name, channel in (service.settings.audit.channels if service.settings.audit is not None else {}).items():
            problems += _secrets(service, channel, ("audit", "channels", name))
        console = service.settings.console
        if console is not None and console.mqtt is not None:
            problems += _secrets(service, console.mqtt, ("console", "mqtt"))
        if console is not None and console.board is not None and sites:
            for number, place, name in unknown_zones(console.board, [site.settings for site in sites]):
                message = f"{name} is no site and no zone"
                problems.append(service.problem(message, "console", "board", "places", number, "zones", place))
        problems += _secrets(service, service.settings.answer, ("answer",)) if service.settings.answer else []
    problems += desk_faults(services, sites, duties, _of(loaded, DeskSettings))
    problems += duty_faults(services, sites, duties, date.today())
    order = {loaded_file.file: number for number, loaded_file in enumerate(loaded)}
    return sorted(problems, key=lambda found: (order.get(found.file, -1), found.line or 0))


def _load_all(files: Iterable[Path], problems: list[Problem]) -> list[Loaded[msgspec.Struct]]:
    loaded: list[Loaded[msgspec.Struct]] = []
    seen: set[Path] = set()
    waiting = list(files)
    while waiting:
        file = waiting.pop(0)
        if file.resolve() in seen:
            continue
        seen.add(file.resolve())
        try:
            one = load(file)
        except ConfigRefused as refused:
            problems.extend(refused.problems)
            continue
        loaded.append(one)
        if isinstance(one.settings, ServiceSettings):
            for number, path in enumerate(one.settings.sites):
                if Path(path).is_file():
                    waiting.append(Path(path))
                else:
                    problems.append(one.problem(f"no such file: {path}", "sites", number))
            if one.settings.desk is not None:
                if Path(one.settings.desk).is_file():
                    waiting.append(Path(one.settings.desk))
                else:
                    problems.append(one.problem(f"no such file: {one.settings.desk}", "desk"))
            if one.settings.duty is not None:
                if Path(one.settings.duty).is_file():
                    waiting.append(Path(one.settings.duty))
                else:
                    problems.append(one.problem(f"no such file: {one.settings.duty}", "duty"))
    return loaded


def _of(loaded: Iterable[Loaded[msgspec.Struct]], kind: type[S]) -> list[Loaded[S]]:
    return [Loaded(one.file, one.kind, one.settings, one.value) for one in loaded if isinstance(one.settings, kind)]


def _twice(loaded: Sequence[Loaded[S]], key: str, name: Callable[[S], str]) -> Iterator[Problem]:
    first: dict[str, Loaded[S]] = {}
    for one in loaded:
        called = name(one.settings)
        if called in first:
            yield one.problem(f"{called} is also the {key} of {first[called].file}", key)
        first.setdefault(called, one)


def _owners(
    boxes: Sequence[Loaded[BoxSettings]],
    sites: Sequence[Loaded[SiteSettings]],
    gateways: Sequence[Loaded[GatewaySettings]],
) -> Iterator[Problem]:
    """One owner for each zone, and the same zones on both sides."""
    watched: dict[tuple[str, str], Loaded[BoxSettings]] = {}
    known = {site.settings.site: site for site in sites}
    for box in boxes:
        site = known.get(box.settings.site)
        if site is None and sites:
            yield box.problem(f"no site is called {box.settings.site}: there are {', '.join(sorted(known))}", "site")
        owners = (
            {zone.name: zone.box or "none, for it is made of parts" for zone in site.settings.zones} if site else {}
        )
        for number, zone in enumerate(box.settings.zones):
            key = (box.settings.site, zone.name)
            other = watched.setdefault(key, box)
            if other is not box:
                message = f"the zone {zone.name} has two owners: {box.settings.box} here and {other.settings.box} in "
                yield box.problem(f"{message}{other.file}", "zones", number, "name")
            elif site and zone.name not in owners:
                yield box.problem(f"the site ({site.file}) has no zone called {zone.name}", "zones", number, "name")
            elif site and owners[zone.name] != box.settings.box:
                message = f"the site ({site.file}) says that the zone {zone.name} belongs to box {owners[zone.name]}"
                yield box.problem(f"{message}, not {box.settings.box}", "zones", number, "name")
    for site in sites:
        here = {one.settings.box for one in gateways if one.settings.site == site.settings.site}
        yield from _unwatched(site, boxes, here)
        yield from _windows(site, boxes)


def _windows(site: Loaded[SiteSettings], boxes: Sequence[Loaded[BoxSettings]]) -> Iterator[Problem]:
    """A window must hold several readings, or nothing is ever judged by it."""
    paces = {
        (box.settings.box, zone.name): max(box.settings.tick_s, camera.sample_s)
        for box in boxes
        for zone in box.settings.zones
        for camera in box.settings.cameras
        if box.settings.site == site.settings.site and camera.name in zone.seen_by
    }
    for number, zone in enumerate(site.settings.zones):
        pace = paces.get((zone.box or "", zone.name))
        if pace is None:
            continue
        least = READINGS_A_WINDOW * pace
        for field in zone.windows.__struct_fields__:
            window = getattr(zone.windows, field)
            if window < least:
                message = f"{window} s hold too few readings, one every {pace:g} s, to judge by: give {least:g} or more"
                yield site.problem(message, "zones", number, "windows", field, warning=True)


def _unwatched(site: Loaded[SiteSettings], boxes: Sequence[Loaded[BoxSettings]], others: set[str]) -> Iterator[Problem]:
    here = {box.settings.box: box for box in boxes if box.settings.site == site.settings.site}
    if not here:
        return
    for number, zone in enumerate(site.settings.zones):
        if zone.box is None:
            continue
        owner = here.get(zone.box)
        if owner is None and zone.box in others:
            continue
        if owner is None:
            message = f"the zone {zone.name} belongs to box {zone.box}, of which no file was given"
            yield site.problem(message, "zones", number, "box", warning=True)
        elif zone.name not in {watched.name for watched in owner.settings.zones}:
            message = f"the zone {zone.name} belongs to box {zone.box}, which does not watch it ({owner.file})"
            yield site.problem(message, "zones", number, "box")


def _box(box: Loaded[BoxSettings]) -> Iterator[Problem]:
    yield from ground_faults(box)
    fault = weights_fault(box.settings.model)
    if fault:
        yield box.problem(fault, "model")
    detector = box.settings.detector
    fault = weights_fault(detector.model) if detector else None
    if fault:
        yield box.problem(fault, "detector", "model")
    yield from _secrets(box, box.settings.mqtt, ("mqtt",))
    yield from _tls(box, box.settings.mqtt.tls)
    for number, camera in enumerate(box.settings.cameras):
        yield from _secrets(box, camera, ("cameras", number))
        if isinstance(camera.source, str) and "://" not in camera.source and not Path(camera.source).exists():
            yield box.problem(f"no such clip or folder: {camera.source}", "cameras", number, "source")


def _tls(loaded: Loaded[S], tls: msgspec.Struct | None) -> Iterator[Problem]:
    """Certificates that are not here; warnings, for they are made where it will run."""
    for field in tls.__struct_fields__ if tls is not None else ():
        named = getattr(tls, field)
        if isinstance(named, str) and field.endswith("_file") and not Path(named).is_file():
            yield loaded.problem(f"no such file here: {named}", "mqtt", "tls", field, warning=True)
        elif isinstance(named, str) and field == "key_file" and (fault := open_to_all(Path(named))):
            yield loaded.problem(fault, "mqtt", "tls", field)


def _secrets(loaded: Loaded[S], part: msgspec.Struct, steps: tuple[str | int, ...]) -> Iterator[Problem]:
    """Variables and files that are named but not there: a warning, since they may be there where it will run."""
    for field in part.__struct_fields__:
        named = getattr(part, field)
        if named is None:
            continue
        if field.endswith("_from_env") and not os.environ.get(named):
            yield loaded.problem(f"the variable {named} is not set here", *steps, field, warning=True)
        elif field.endswith("_from_file") and not Path(named).is_file():
            yield loaded.problem(f"no such file here: {named}", *steps, field, warning=True)
        elif field.endswith("_from_file") and (fault := open_to_all(Path(named))):
            yield loaded.problem(fault, *steps, field)
