"""Plays a scenario as the readings of a drill: the same messages as boxes send, on the topics of drills."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from alerting.assess import Observed
from alerting.desk.settings import DrillSettings
from alerting.record.reader import Reader
from alerting.settings import ServiceSettings, SiteSettings
from levee.replays.scenario import scenario_recording
from levee.scenarios.crowd import Times
from levee.scenarios.story import Scenario
from wire import VERSION, Reading, Readings, encode, topics
from wire.link import Link

#: Seconds to wait for the broker.
PATIENCE_S = 10.0


class DrillUnheard(RuntimeError):
    """The broker cannot be reached: one line."""


def truth_of(scenario: Scenario, settings: DrillSettings, now: float, speed: float) -> list[list[object]]:
    """Zone and moment of each danger that will be played."""
    times = Times(scenario)
    first, last = settings.start_min * 60, (settings.start_min + settings.minutes) * 60
    starts = [(danger.zone, times.at(danger.start)) for danger in scenario.dangers]
    return [[zone, round(now + (at - first) / speed, 1)] for zone, at in starts if first <= at < last]


def drill_of(reader: Reader, after: int, mark: str = "", over: bool = False, patience_s: float = 10.0) -> str:
    """The id of the drill that began after entry `after`; with `over`, how the drill `mark` has ended, or nothing."""
    end = time.monotonic() + (0.0 if over else patience_s)
    while True:
        for told in reader.entries(after):
            if told.kind != "drill":
                continue
            if over and told.body["drill"] == mark and told.body["what"] != "begun":
                return f"{told.body['what']}: {told.body['why']}"
            if not over and told.body["what"] == "begun":
                return str(told.body["drill"])
        if over or time.monotonic() > end:
            return ""
        time.sleep(0.1)


class Player:
    """Sends the readings of a scenario, second by second. `connect` and `close` bracket it."""

    def __init__(
        self, service: ServiceSettings, site: SiteSettings, scenario: Scenario, settings: DrillSettings, speed: float
    ) -> None:
        self._service, self._site, self._speed = service, site, speed
        self._skip_s = settings.start_min * 60
        recording = scenario_recording(settings.name, scenario, site)
        self._start, self._events = recording.start, recording.events
        self.length_s = min(settings.minutes * 60, recording.end - recording.start - self._skip_s)
        self._owners = {zone.name: zone.box for zone in site.zones} | {gate.name: gate.box for gate in site.gates}
        self._session, self._sequence = secrets.token_hex(8), dict.fromkeys(set(self._owners.values()), 0)
        self._link = Link(
            service.mqtt,
            client_id=f"levee-drill-{self._session[:8]}",
            will=None,
            topics=(),
            heard=lambda topic, payload, retained: None,
            joined=lambda: None,
        )

    def connect(self) -> None:
        """DrillUnheard where there is no broker."""
        self._link.start()
        end = time.monotonic() + PATIENCE_S
        while not self._link.connected:
            if time.monotonic() > end:
                where = f"{self._service.mqtt.host}:{self._service.mqtt.port}"
                raise DrillUnheard(f"the broker at {where} cannot be reached")
            time.sleep(0.05)

    def close(self) -> None:
        self._link.close(lambda: None)

    def play(self) -> Iterator[float]:
        """The seconds of the scenario that were played, each when it was."""
        began, told = time.monotonic(), -1.0
        for event in self._events:
            second = event.at - self._start - self._skip_s
            if second < 0:
                continue
            if second > self.length_s:
                return
            wait = began + second / self._speed - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            if isinstance(event, Observed):
                self._send(event.readings)
            if second - told >= self._speed:
                told = second
                yield second

    def _send(self, readings: tuple[Reading, ...]) -> None:
        by_box: dict[str, list[Reading]] = {}
        for reading in readings:
            owner = self._owners.get(reading.zone)
            if owner is not None:
                by_box.setdefault(owner, []).append(reading)
        for box, mine in by_box.items():
            self._sequence[box] += 1
            message = Readings(
                version=VERSION,
                site=self._site.site,
                box=box,
                session=self._session,
                sequence=self._sequence[box],
                floor=self._sequence[box],
                sent=datetime.now(UTC),
                readings=tuple(mine),
            )
            topic = topics.DRILL_READINGS.at(site=self._site.site, box=box)
            self._link.publish(topic, encode(message), retained=False)
