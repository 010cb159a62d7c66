"""Where one run of the demo lives: its folder, its ports, and the settings files that its children read."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec
import yaml

from alerting.console.settings import ConsoleSettings
from alerting.settings import Channel, ServiceSettings, SiteSettings, WebhookChannel
from edge.settings import BoxSettings
from levee.config.kinds import BOX, KEY, SERVICE, SITE, Kind
from levee.config.load import load_box, load_duty, load_service
from levee.demo.ports import LOOPBACK, free_port

#: A broker on this machine is back within seconds.
RETRY_MAX_S = 2.0


@dataclass(frozen=True)
class Plan:
    """One run. All files lie in `folder`, all ports on the loopback address."""

    folder: Path
    box: BoxSettings
    service: ServiceSettings
    sites: tuple[SiteSettings, ...]
    box_file: Path
    service_file: Path
    broker_port: int

    @property
    def box_metrics(self) -> str:
        return f"http://{LOOPBACK}:{self.box.metrics.port}/metrics"

    @property
    def service_metrics(self) -> str:
        return f"http://{LOOPBACK}:{self.service.metrics.port}/metrics"

    @property
    def state(self) -> str:
        return f"http://{LOOPBACK}:{self.service.metrics.port}/state"

    @property
    def addresses(self) -> tuple[tuple[str, str], ...]:
        """What a person may want to open in a browser."""
        return (("metrics of the box", self.box_metrics), ("metrics of the service", self.service_metrics))

    @property
    def person(self) -> str:
        """Who the demo's own account stands for: the first of the duty file."""
        duty = load_duty(self.service)
        return duty.people[0].name if duty is not None else ""

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"


def demo_settings() -> Path:
    """The folder with the demo's own settings files."""
    return Path(str(files("configs"))) / "demo"


def prepare(
    folder: Path, settings: Path, pager_port: int | None = None, protocol: Literal["auto", "3.1.1"] = "auto"
) -> Plan:
    """Puts the settings of `settings` (box.yaml, service.yaml) into `folder`, on ports that are free.

    `protocol` is the version of MQTT that the broker is spoken to in. `pager_port` is where the demo's own telephone
    answers: webhooks on the loopback address are turned to it.
    """
    box = load_box(settings / "box.yaml")
    service, sites = load_service(settings / "service.yaml")
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    (folder / "edge").mkdir(exist_ok=True)
    (folder / "broker").mkdir(exist_ok=True)
    taken: set[int] = set() if pager_port is None else {pager_port}
    ports = []
    answer = service.answer
    console = service.console or ConsoleSettings(language="en")
    wanted_ports = (box.metrics.port, service.metrics.port, None, console.port, answer.port if answer else None)
    for wanted in wanted_ports:
        ports.append(free_port(wanted, frozenset(taken)))
        taken.add(ports[-1])
    box_port, service_port, broker_port, console_port, answer_port = ports
    replace = msgspec.structs.replace
    broker = {"host": LOOPBACK, "port": broker_port, "protocol": protocol, "retry_max_s": RETRY_MAX_S}
    site_files = [_write(folder / f"site-{site.site}.yaml", SITE, site) for site in sites]
    box = replace(
        box,
        data_folder=str(folder / "edge"),
        mqtt=replace(box.mqtt, **broker),
        metrics=replace(box.metrics, host=LOOPBACK, port=box_port),
    )
    service = replace(
        service,
        mqtt=replace(service.mqtt, **broker),
        metrics=replace(service.metrics, host=LOOPBACK, port=service_port),
        record=replace(service.record, url=f"sqlite:///{folder / 'record.db'}"),
        channels=_to_telephone(service, pager_port),
        answer=answer and replace(answer, host=LOOPBACK, port=answer_port, url=f"http://{LOOPBACK}:{answer_port}"),
        console=replace(console, host=LOOPBACK, port=console_port, accounts=str(folder / "console.db"), state=()),
        sites=tuple(str(file) for file in site_files),
    )
    return Plan(
        folder,
        box,
        service,
        sites,
        _write(folder / "box.yaml", BOX, box),
        _write(folder / "service.yaml", SERVICE, service),
        broker_port,
    )


def _to_telephone(service: ServiceSettings, port: int | None) -> dict[str, Channel]:
    """The channels, with webhooks on the loopback address turned to `port`."""
    channels = dict(service.channels)
    for name, channel in channels.items():
        if port is None or not isinstance(channel, WebhookChannel) or channel.url is None:
            continue
        address = urlsplit(channel.url)
        if address.hostname == LOOPBACK:
            moved = address._replace(netloc=f"{LOOPBACK}:{port}").geturl()
            channels[name] = msgspec.structs.replace(channel, url=moved)
    return channels


def _write(file: Path, kind: Kind, settings: msgspec.Struct) -> Path:
    whole = {KEY: kind.name, **msgspec.to_builtins(settings)}
    file.write_text(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return file
