"""What only shows when a gateway of instruments is laid beside the sites and the other boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alerting.settings import SiteSettings
from edge.instruments.settings import GatewaySettings
from edge.settings import BoxSettings
from levee.config.load import Loaded
from levee.config.problems import Problem


def instrument_faults(
    gateways: Sequence[Loaded[GatewaySettings]],
    boxes: Sequence[Loaded[BoxSettings]],
    sites: Sequence[Loaded[SiteSettings]],
) -> Iterator[Problem]:
    """One owner for each zone and gate, the same names on both sides, and a kind of count that the place can use."""
    known = {site.settings.site: site for site in sites}
    taken = {(box.settings.site, box.settings.box): box.file for box in boxes}
    watched = {(box.settings.site, zone.name): box.file for box in boxes for zone in box.settings.zones}
    for gateway in gateways:
        settings = gateway.settings
        key = (settings.site, settings.box)
        if key in taken:
            yield gateway.problem(f"{settings.site}/{settings.box} is also the box of {taken[key]}", "box")
        taken.setdefault(key, gateway.file)
        site = known.get(settings.site)
        if site is None and sites:
            yield gateway.problem(f"no site is called {settings.site}: there are {', '.join(sorted(known))}", "site")
        for number, one in enumerate(settings.instruments):
            other = watched.get((settings.site, one.zone))
            if other is not None and other != gateway.file:
                line = f"the zone {one.zone} has two owners: {settings.box} here and the one of {other}"
                yield gateway.problem(line, "instruments", number, "zone")
                continue
            watched[settings.site, one.zone] = gateway.file
            if site is not None:
                line = _unfit(site, settings.box, one.zone, one.tells)
                if line:
                    yield gateway.problem(line, "instruments", number, "zone")


def _unfit(site: Loaded[SiteSettings], box: str, name: str, tells: str) -> str:
    """Why an instrument of `box` cannot tell this of `name`; empty where it can."""
    zone = next((zone for zone in site.settings.zones if zone.name == name), None)
    gate = next((gate for gate in site.settings.gates if gate.name == name), None)
    owner = zone.box if zone is not None else gate.box if gate is not None else None
    if owner is None:
        return f"the site ({site.file}) has no zone or gate called {name}"
    if owner != box:
        return f"the site ({site.file}) says that {name} belongs to box {owner}, not {box}"
    if gate is not None and tells != "throughput":
        return f"{name} is a gate: it takes what passes (throughput), not {tells}"
    return ""
