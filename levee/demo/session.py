"""One run of the demo: starts everything, watches it, and ends everything, whatever happens in between."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from levee.demo.broker import Broker, BrokerKind, choose
from levee.demo.children import Child, end_all
from levee.demo.console import DemoConsole, installed
from levee.demo.pager import Pager
from levee.demo.plan import Plan, demo_settings, prepare
from levee.demo.snapshot import Snapshot
from levee.demo.state import StateRefused, fetch
from levee.demo.timeline import Json, Timeline
from levee.demo.trend import Trend, Trends
from wire import Tier

#: Written into the run's folder: what runs where, for those who want to look at it or to break it.
STATE_FILE = "demo.json"
_START_S = 60.0


@dataclass(frozen=True)
class Wishes:
    """What the demo was asked for. `until` ends it at that tier, `timeout_s` in any case."""

    until: Tier | None = None
    timeout_s: float | None = None
    keep: Path | None = None
    broker: BrokerKind | None = None
    settings: Path | None = None
    #: Whether somebody looks, who may want the console as well.
    console: bool = False


class Session:
    """Use as a context manager: on leaving, no child is left, and the folder is gone unless it was to be kept."""

    def __init__(self, wishes: Wishes, say: Callable[[str], None]) -> None:
        self.wishes = wishes
        self.started = datetime.now(UTC)
        self._started_s = time.monotonic()
        self._ended_s: float | None = None
        self.timeline = Timeline(self.started)
        self.trends = Trends()
        self.snapshot: Snapshot | None = None
        self.notice = "starting"
        self._say = say
        self._pager = Pager()
        self._pager_answers = False
        self._children: list[Child] = []
        self._folder: Path | None = None
        self._broker: Broker | None = None
        self._plan: Plan | None = None
        self._console: DemoConsole | None = None

    def __enter__(self) -> Session:
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ended_s = self.elapsed_s
        self._end()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start, until it was left."""
        return time.monotonic() - self._started_s if self._ended_s is None else self._ended_s

    @property
    def plan(self) -> Plan:
        assert self._plan is not None, "the session has not been started"
        return self._plan

    @property
    def broker(self) -> Broker:
        assert self._broker is not None, "the session has not been started"
        return self._broker

    @property
    def received(self) -> list[dict[str, object]]:
        """The pages that arrived at the demo's own telephone."""
        return self._pager.pages

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """What a person may want to open in a browser, the console first."""
        return (*(self._console.where if self._console is not None else ()), *self.plan.addresses)

    @property
    def answers(self) -> tuple[tuple[str, str], ...]:
        """Where whoever was called last would acknowledge; nothing before the first call."""
        called = [page for page in self.received if page.get("link")]
        return ((f"{called[-1].get('person')} acknowledges at", str(called[-1]["link"])),) if called else ()

    def _start(self) -> None:
        kind = choose(self.wishes.broker)
        if self.wishes.keep is not None:
            self.wishes.keep.mkdir(parents=True, exist_ok=True)
            self._folder = self.wishes.keep.resolve()
        else:
            self._folder = Path(tempfile.mkdtemp(prefix="levee-demo-"))
        self._pager.start()
        self._pager_answers = True
        plan = prepare(
            self._folder,
            self.wishes.settings or demo_settings(),
            self._pager.port,
            # The embedded broker knows nothing else; asking first would cost the first seconds.
            "3.1.1" if kind is BrokerKind.EMBEDDED else "auto",
        )
        self._plan = plan
        self._broker = Broker(kind, plan.broker_port, plan.folder / "broker", plan.log("broker"))
        service = Child("the service", _levee("alerting", "run", plan.service_file), plan.log("service"))
        box = Child("the edge worker", _levee("edge", "run", plan.box_file), plan.log("edge"))
        # Ended in this order: a box says goodbye to the service, and both to the broker.
        self._children = [box, service, self._broker.child]
        self._broker.start()
        service.start()
        box.start()
        if self.wishes.console and installed():
            child = Child("the console", _levee("console", "run", plan.service_file), plan.log("console"))
            self._console = DemoConsole(plan, child)
            self._children.insert(0, child)
            self._console.start()
            self._console.show()
        self._write_state()

    @property
    def overdue(self) -> bool:
        """Whether the wished time has passed."""
        return self.wishes.timeout_s is not None and self.elapsed_s > self.wishes.timeout_s

    def current_trends(self) -> dict[tuple[str, str], Trend]:
        zones = self.snapshot.zones if self.snapshot else ()
        return {zone.key: self.trends.of(zone.key) for zone in zones}

    def step(self) -> bool:
        """One look at everything; returns whether the wished tier was reached and its page accepted.

        ChildDied where the box or the service has ended; a broker that died is started again.
        """
        for child in self._children:
            # Of these two, the one is started again, and without the other the demo goes on.
            if child is not self.broker.child and (self._console is None or child is not self._console.child):
                child.check()
        said = self.broker.watch()
        if said:
            self._say(said)
            self.notice = said
            self._write_state()
        self._look()
        until = self.wishes.until
        if until is None:
            return False
        return self.timeline.reached(until) is not None and self.timeline.accepted(until)

    def _look(self) -> None:
        try:
            snapshot = fetch(self.plan.state, self.plan.service_metrics)
        except StateRefused as refused:
            if self.snapshot is None and self.elapsed_s < _START_S:
                self.notice = "waiting for the first readings"
            else:
                self.notice = str(refused)
            return
        if snapshot.link:
            self.notice = ""
        self.snapshot = snapshot
        for zone in snapshot.zones:
            self.trends.add(zone.key, self.elapsed_s, zone.people.value if zone.people else None)
        for change in self.timeline.add(snapshot):
            self._say(self.timeline.line(change))

    def _write_state(self) -> None:
        """The file is replaced at once, so that nobody reads half of it."""
        file = self.plan.folder / STATE_FILE
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(self.whereabouts(), indent=2) + "\n", encoding="utf-8")
        fresh.replace(file)

    def whereabouts(self) -> Json:
        """Processes, ports and files of this run."""
        box, service, broker = self._children[-3:]
        return {
            "broker": {"kind": self.broker.kind.value, "port": self.broker.port, "restarts": self.broker.restarts},
            "pids": {"edge": box.pid, "alerting": service.pid, "broker": broker.pid},
            "metrics": {"edge": self.plan.box_metrics, "alerting": self.plan.service_metrics},
            "state": self.plan.state,
            "folder": str(self.plan.folder),
        }

    def _end(self) -> None:
        end_all([child for child in self._children if child.pid is not None])
        if self._pager_answers:
            self._pager.close()
        if self._folder is not None and self.wishes.keep is None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _levee(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "levee", *map(str, arguments)]
