"""The live feed: one picture of the service, made once, and told to every browser. Runs on the loop of the console.

A browser that does not keep up is let go (it connects again and begins with the whole picture); it never makes another
one wait.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable

from alerting.console.board import Board, Now
from alerting.console.history import History
from alerting.console.live import Json, Live
from alerting.console.sources import Message, StatePoll, broker_link
from alerting.view import View
from wire import Status, Tier, TierMessage, TierName
from wire.broker import BrokerSettings
from wire.link import Link

log = logging.getLogger("levee.console")
#: A browser hears something this often, or says that the connection is lost.
PULSE_S = 1.0
#: What happens within this time is told together.
TOGETHER_S = 0.03
#: Messages that may wait for one browser.
WAITING = 64
#: From this many zones on, figures that only move a little are told less often.
MANY = 250
FIGURES = ("people", "density", "trend", "ahead", "inflow", "outflow")


class Connection:
    """One browser. `next` gives what to send; None where it was let go because it did not keep up."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(WAITING)
        self.slow = False

    def put(self, text: str) -> None:
        if self.slow:
            return
        try:
            self._queue.put_nowait(text)
        except asyncio.QueueFull:
            self.slow = True
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(None)

    async def next(self) -> str | None:
        return await self._queue.get()


class Feed:
    def __init__(self, live: Live, history: History, board: Board | None) -> None:
        self.live, self.history, self.board = live, history, board
        self._connections: set[Connection] = set()
        self._sent: dict[str, Json] = {}
        self._order: list[str] = []
        self._whole: str | None = None
        self._planned = False
        self._beats = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._stops: list[Callable[[], None]] = []
        self._link: Link | None = None
        #: Counters that move when something changes that pages show beside the zones.
        self._moved: dict[str, object] = {}
        self.revisions = {"incidents": 0, "silences": 0, "changes": 0, "cameras": 0}

    @property
    def connections(self) -> int:
        return len(self._connections)

    def start(self, addresses: tuple[str, ...], broker: BrokerSettings | None) -> None:
        """Begin to listen, on threads; to be called on the loop. Without a broker only /state is heard."""
        self._loop = asyncio.get_running_loop()
        poll = StatePoll(addresses, lambda view: self._call(self.hear_view, view))
        poll.start()
        self._stops.append(poll.close)
        if broker is not None:
            link = broker_link(broker, lambda message: self._call(self._hear, message, poll), lambda _: None)
            link.start()
            self._stops.append(lambda: link.close(lambda: None, 1.0))
            self._link = link
        self._task = self._loop.create_task(self._beat())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        for connection in list(self._connections):
            connection.slow = False
            connection.put("")
        for stop in self._stops:
            await asyncio.to_thread(stop)

    def _call(self, function: Callable[..., None], *values: object) -> None:
        """From a thread onto the loop; nothing where that has ended."""
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(function, *values)
        except RuntimeError:
            log.debug("the loop has ended")

    # What is heard

    def hear_view(self, view: View) -> None:
        if not self.live.hear_view(view, time.monotonic()):
            return
        self.history.add_views(view.zones, view.at.timestamp())
        self._revise("incidents", view.incidents)
        self._revise("silences", view.silences)
        self._revise("changes", view.changes[-1:] and (len(view.changes), view.changes[-1]))
        self._plan()

    def _hear(self, message: Message, poll: StatePoll) -> None:
        if isinstance(message, TierMessage):
            if self.live.hear_tier(message):
                self._plan()
                known = self._sent.get(f"{message.site}/{message.zone}")
                if known is None or (known["tier"], known["sight"] == "held") != (message.tier.value, message.held):
                    # Figures, incidents and who is called are in the next view.
                    poll.nudge()
            return
        if isinstance(message, Status):
            self.live.hear_status(message)
        else:
            self.live.hear_health(message, time.monotonic())
        self._revise(
            "cameras",
            [(box["box"], box["state"], [one["state"] for one in box["cameras"]]) for box in self.live.cameras(0.0)],
        )

    def _revise(self, what: str, seen: object) -> None:
        if self._moved.get(what) != seen:
            self._moved[what] = seen
            self.revisions[what] += 1

    def _plan(self) -> None:
        if not self._planned and self._loop is not None:
            self._planned = True
            self._loop.call_later(TOGETHER_S, self._tell)

    # What is told

    def _tell(self) -> None:
        """Tell what has changed since the last time."""
        self._planned = False
        self._send(figures=len(self._sent) <= MANY)

    def _send(self, figures: bool) -> None:
        steady = time.monotonic()
        self.live.link = self._link is not None and self._link.connected
        zones = self.live.zones(steady)
        changed = []
        for zone in zones:
            before = self._sent.get(zone["id"], {})
            fresh = {
                name: value
                for name, value in zone.items()
                if before.get(name, before) != value and (figures or name not in FIGURES or value is None)
            }
            if fresh:
                changed.append({"id": zone["id"], **fresh})
                self._sent[zone["id"]] = {**before, **fresh}
        order = [zone["id"] for zone in zones]
        message = {**self._head(steady), "t": "zones", "zones": changed}
        if order != self._order:
            self._order = message["order"] = order
        self._whole = None
        text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        for connection in self._connections:
            connection.put(text)
        self._connections = {one for one in self._connections if not one.slow}

    def _head(self, steady: float) -> Json:
        return {"at": round(time.time() * 1000), "health": self.live.health(steady), "rev": dict(self.revisions)}

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(PULSE_S)
            try:
                self._beats += 1
                self._send(figures=self._beats % max(1, len(self._sent) // MANY) == 0)
                if self.board is not None:
                    self.board.add(self.board_now(), time.time())
            except Exception:
                # The next second is another try; browsers that hear nothing say so by themselves.
                log.exception("the feed could not be told")

    def board_now(self) -> dict[str, Now]:
        return {
            zone["id"]: Now(TierName(zone["tier"]).tier if zone["tier"] else Tier.NORMAL, zone["sight"] == "seen")
            for zone in self.live.zones(time.monotonic())
        }

    def steady(self) -> float:
        return time.monotonic()

    def join(self) -> Connection:
        """A new browser, which gets the whole picture first."""
        connection = Connection()
        if not self._sent:
            self._send(figures=True)
        if self._whole is None:
            zones = [self._sent[name] | {"id": name} for name in self._order]
            message = {**self._head(time.monotonic()), "t": "all", "zones": zones, "order": self._order}
            self._whole = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        connection.put(self._whole)
        self._connections.add(connection)
        return connection

    def leave(self, connection: Connection) -> None:
        self._connections.discard(connection)
