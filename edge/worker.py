"""A box at work: each tick, the newest counts become readings, are published, and are kept until they are recorded.

Threads: one for each camera, one that counts, one for the outbox, one for the link; the tick waits for none of them.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import models
from edge import report
from edge.capture import Camera
from edge.capture.camera import ABANDONED_MOST
from edge.counting import Counting
from edge.courier import Courier
from edge.freshness import Freshness
from edge.metrics import Metrics, Snapshot
from edge.outbox import Outbox
from edge.plan import make_plan
from edge.settings import BoxSettings
from edge.views import Views
from edge.voice import Voice
from wire import VERSION, CameraState, Reading, Readings
from wire.certificate import expiry
from wire.supervisor import Supervisor

_log = logging.getLogger(__name__)

_TEMPERATURE = Path("/sys/class/thermal/thermal_zone0/temp")


class WorkerFailed(RuntimeError):
    """A part of the worker has died; the process should end, and be started again by whoever watches it."""


class Worker:
    """One box. `counter` is given by tests; otherwise the model of the settings is loaded. `supervisor` hears that the
    work goes on, as long as pictures come and are counted."""

    def __init__(
        self, settings: BoxSettings, counter: models.Counter | None = None, supervisor: Supervisor | None = None
    ) -> None:
        self.session = secrets.token_hex(8)
        self._settings = settings
        self._plan = make_plan(settings)
        self._counter = counter if counter is not None else _counter(settings)
        self._metrics = Metrics()
        tls = settings.mqtt.tls
        self._certificate = expiry(Path(tls.cert_file)) if tls is not None and tls.cert_file is not None else None
        news = threading.Event()
        self._cameras = {camera.name: Camera(camera, news) for camera in settings.cameras}
        self._views = Views(Path(settings.data_folder), f"{settings.site}_{settings.box}", self._plan)
        self._counting = Counting(
            settings, self._plan, self._counter, self._cameras, news, self._metrics.took, self._views.kept()
        )
        hashes = {"model": self._counter.digest}
        hashes.update({f"calibration-{name}": digest for name, digest in self._plan.calibrations.items()})
        path = Path(settings.data_folder) / f"outbox-{settings.site}_{settings.box}.db"
        outbox = Outbox(path, settings.outbox)
        self._voice = Voice(settings, self.session, hashes, lambda answers: self._courier.recorded(answers))
        self._courier = Courier(
            outbox, settings.outbox, self.session, self._voice.late, lambda: self._voice.link.connected
        )
        # `sent` never steps within a session, so that whoever hears it can tell what was held up on the way.
        self._anchor: tuple[float, float] | None = None
        self._sequence = 0
        self._ticks = 0
        self._health_due = 0.0
        self._states: dict[str, CameraState] = {}
        self._supervisor = supervisor or Supervisor({})
        self._freshness = Freshness(time.monotonic())
        self._stale = ""

    def run(self, stop: threading.Event) -> None:
        """Tick until `stop` is set, then say farewell. WorkerFailed where a part has died."""
        settings = self._settings
        if settings.metrics.enabled:
            self._metrics.serve(settings.metrics)
        _log.info(
            "box %s/%s begins, session %s, counter %s", settings.site, settings.box, self.session, self._counter.name
        )
        for camera in self._cameras.values():
            camera.start()
        self._counting.start()
        self._courier.start()
        self._voice.start()
        due = time.monotonic()
        self._supervisor.ready()
        try:
            while not stop.wait(max(0.0, due - time.monotonic())):
                self.tick(time.monotonic(), time.time())
                # After a pause of the whole machine the ticks that were missed are not made up for.
                due = max(due + settings.tick_s, time.monotonic())
                self._check_parts()
        finally:
            self._close()

    def tick(self, now: float, wall: float) -> None:
        """Publish and keep what is known at these clocks (monotonic and wall, seconds)."""
        cameras = {name: camera.supervise(now) for name, camera in self._cameras.items()}
        results = self._counting.results()
        self._counting.lost = frozenset(
            name for name, each in cameras.items() if each.track.state is not CameraState.LIVE
        )
        readings: list[Reading] = []
        for zone in self._plan.zones.values():
            camera, lost = report.best_camera(self._plan.views[zone.name], cameras, results)
            readings.append(
                report.reading(
                    zone,
                    cameras[camera],
                    results.get(camera),
                    now=now,
                    oldest_s=self._oldest_s(camera),
                    method=self._counter.name,
                    lost=lost,
                )
            )
        for gate in self._plan.gates.values():
            camera = self._plan.camera_of_gate[gate.name]
            readings.append(
                report.passing(
                    gate,
                    cameras[camera],
                    results.get(camera),
                    self._counting.flow(gate.name, now),
                    now=now,
                    oldest_s=self._oldest_s(camera),
                    method=self._counter.name,
                )
            )
        self._views.keep(self._counting.movement.memories, now)
        self._sequence += 1
        self._ticks += 1
        sent = datetime.fromtimestamp(self._steady(now, wall), UTC)
        message = Readings(
            version=VERSION,
            site=self._settings.site,
            box=self._settings.box,
            session=self.session,
            sequence=self._sequence,
            floor=self._courier.floor(self._sequence),
            sent=sent,
            readings=tuple(readings),
        )
        self._courier.keep(message, wall=wall, monotonic=now, sent_live=self._voice.live(message))
        self._say_health(cameras, now, sent)
        self._tell_supervisor(cameras, {name: result.captured for name, result in results.items()}, now)
        self._metrics.show(
            Snapshot(
                readings=tuple(readings),
                cameras=cameras,
                published=self._voice.published,
                ticks=self._ticks,
                connected=self._voice.link.connected,
                outbox=self._courier.health,
                certificate=self._certificate,
            )
        )

    def _oldest_s(self, camera: str) -> float:
        limits = self._cameras[camera].settings
        return limits.stalled_after_s + limits.sample_s

    def _steady(self, now: float, wall: float) -> float:
        """The wall clock as it was at the session's first tick, carried on by the monotonic one."""
        if self._anchor is None:
            self._anchor = (now, wall)
        begin, began = self._anchor
        return began + (now - begin)

    def _say_health(self, cameras: dict[str, report.Report], now: float, sent: datetime) -> None:
        states = {name: each.track.state for name, each in cameras.items()}
        joined = self._voice.joined.is_set()
        if now < self._health_due and states == self._states and not joined:
            return
        self._voice.joined.clear()
        said = self._voice.health(
            report.health(
                site=self._settings.site,
                box=self._settings.box,
                session=self.session,
                sent=sent,
                cameras=cameras,
                outbox=self._courier.health,
                temperature_c=_temperature_c(),
            )
        )
        if said:
            self._health_due = now + self._settings.health_s
            self._states = states

    def _tell_supervisor(self, cameras: dict[str, report.Report], counted: dict[str, float], now: float) -> None:
        stale = self._freshness.look(now, {name: each.frame_age_s for name, each in cameras.items()}, counted)
        if stale and not self._stale:
            _log.error("the supervisor is not told that the work goes on: %s", stale)
        self._stale = stale
        live = sum(each.track.state is CameraState.LIVE for each in cameras.values())
        link = "" if self._voice.link.connected else ", no broker"
        self._supervisor.says(stale or f"{live} of {len(cameras)} cameras live{link}")
        if not stale:
            self._supervisor.alive()

    def _check_parts(self) -> None:
        parts = {"counting": self._counting.alive, "outbox": self._courier.alive, "link": self._voice.link.alive}
        dead = [name for name, alive in parts.items() if not alive]
        if dead:
            raise WorkerFailed(f"box {self._settings.box}: its {dead[0]} thread has died; see the log above")
        for name, camera in self._cameras.items():
            if camera.abandoned > ABANDONED_MOST:
                raise WorkerFailed(f"box {self._settings.box}: camera {name}: {camera.abandoned} threads hang in it")

    def _close(self) -> None:
        self._supervisor.stopping()
        for camera in self._cameras.values():
            camera.stop()
        self._counting.stop()
        self._voice.close()
        self._courier.stop()
        if self._settings.metrics.enabled:
            self._metrics.close()
        _log.info("box %s/%s has ended", self._settings.site, self._settings.box)


def run(
    settings: BoxSettings,
    *,
    stop: threading.Event,
    counter: models.Counter | None = None,
    supervisor: Supervisor | None = None,
) -> None:
    """Work as this box until `stop` is set.

    Raises ValueError with one line where the settings cannot be worked with: `BoxRefused` (points, zones, ports),
    `OutboxRefused` (data folder), `models.WeightsRefused` (model); WorkerFailed where a part dies later.
    """
    Worker(settings, counter, supervisor).run(stop)


def _counter(settings: BoxSettings) -> models.Counter:
    """The counter of the settings: one network, or two that are switched by density."""
    dense = models.load(settings.model, threads=settings.threads)
    if settings.detector is None:
        return dense
    sparse = models.load(settings.detector.model, threads=settings.threads)
    return models.Switched(sparse, dense, models.Switch(settings.detector.dense_from, settings.detector.sparse_below))


def _temperature_c() -> float | None:
    try:
        return int(_TEMPERATURE.read_text()) / 1000.0
    except (OSError, ValueError):
        return None
