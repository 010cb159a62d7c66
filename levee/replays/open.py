"""Whatever can be replayed, opened by what it is: a scenario, a recorded log, or a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from alerting.settings import SiteSettings
from levee.config.load import load_scenario, load_service, load_site
from levee.config.problems import ConfigRefused, Problem
from levee.config.yaml_nodes import read_file
from levee.replays.log import is_record, log_recording, record_recording, with_settings
from levee.replays.recording import Recording, ReplayRefused
from levee.replays.scenario import scenario_recording
from levee.replays.table import table_recording
from levee.scenarios.story import Vary


def load_settings(file: Path | None, wanted: str | None) -> SiteSettings | None:
    """The site in a file of a site or of a service."""
    if file is None:
        return None
    value, _ = read_file(file)
    kind = (value.entries or {}).get("levee")
    if kind is None or kind.scalar != "service":
        return load_site(file)
    _, sites = load_service(file)
    names = [site.site for site in sites]
    if wanted is None and len(sites) > 1:
        raise ConfigRefused([Problem(file, f"has {len(sites)} sites: choose one with --site ({', '.join(names)})")])
    if wanted is not None and wanted not in names:
        raise ConfigRefused([Problem(file, f"has no site {wanted}: there are {', '.join(names)}")])
    return next(site for site in sites if wanted in (None, site.site))


def open_recordings(
    file: Path, site: SiteSettings | None = None, *, wanted: str | None = None, vary: Vary | None = None
) -> Iterator[Recording]:
    """What `file` holds: a scenario has as many recordings as it has runs, everything else has one.

    ReplayRefused or ConfigRefused for what cannot be replayed.
    """
    if not file.exists():
        raise ReplayRefused(f"{file}: no such file")
    if file.is_dir():
        raise ReplayRefused(f"{file}: is a folder, not a scenario, a log or a table")
    if file.suffix.lower() in (".yaml", ".yml"):
        scenario, own = load_scenario(file)
        if vary is not None:
            scenario = replace(scenario, vary=vary)
        for run in range(scenario.scatter.runs):
            yield scenario_recording(file.stem, scenario, site or own, run)
        return
    if vary is not None:
        raise ReplayRefused(f"{file}: only a scenario can be varied")
    if is_record(file):
        recording = record_recording(file, wanted, site)
        yield with_settings(recording, site) if site is not None else recording
        return
    with file.open("rb") as stream:
        begins = stream.read(1)
    if begins == b"{":
        recording = log_recording(file, site)
        yield with_settings(recording, site) if site is not None else recording
        return
    yield table_recording(file, site)
