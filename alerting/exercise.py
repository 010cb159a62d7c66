"""A drill's own judgement: its readings come on topics of their own, and are judged by the function that judges live,
in a state of its own, at a site that nobody can take for the real one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import msgspec

from alerting.assess import Effect, Event, Observed, Page, SiteState, Tick, new_site, step
from alerting.desk.state import Drill
from alerting.ingest import Accepted, Door, Dropped, open_door, take
from alerting.settings import SiteSettings
from alerting.signs import tier_message
from wire import encode, topics

log = logging.getLogger("levee.alerting")
SUFFIX = "-drill"
#: Signs of a drill say that they have no link after so long.
EXPIRES_S = 30.0


def exercise_name(site: str) -> str:
    """The name under which a drill at `site` is kept."""
    return f"{site[: 63 - len(SUFFIX)]}{SUFFIX}"


def exercise_site(site: SiteSettings) -> SiteSettings:
    return msgspec.structs.replace(site, site=exercise_name(site.site))


class Exercise:
    """The drill under way, if there is one. Used by the thread of the service only."""

    def __init__(
        self,
        sites: Mapping[str, SiteSettings],
        *,
        running: Callable[[], Drill | None],
        heard: Callable[[float], object],
        follow: Callable[[Effect], None],
        publish: Callable[[str, bytes, bool], None],
        term: int,
    ) -> None:
        """`running` is the drill as the desk has it; `heard` tells the desk that it is alive; `follow` does what the
        judgement asks for."""
        self._sites, self._running, self._heard, self._follow = sites, running, heard, follow
        self._publish, self._term = publish, term
        self._drill = ""
        self._door: Door | None = None
        self.state: SiteState | None = None

    def receive(self, topic: str, payload: bytes, retained: bool, at: float, steady: float) -> list[Dropped]:
        """A reading of the drill; what of it was dropped."""
        self._look(at)
        levels = topics.DRILL_READINGS.levels(topic)
        if self._door is None or levels is None or levels["site"] not in self._door.owners:
            return [Dropped("no-drill", topic.rpartition("/")[0][:120], "a reading of a drill that is not running")]
        outcome, dropped = take(
            self._door, topics.READINGS.at(**levels), payload, retained=retained, at=at, steady=steady
        )
        if isinstance(outcome, Accepted):
            self._heard(at)
            if outcome.judged:
                self._judge(Observed(at=at, readings=outcome.judged))
        return dropped

    def tick(self, at: float) -> None:
        self._look(at)
        self._judge(Tick(at=at))

    def _look(self, at: float) -> None:
        """Begin with the drill, and end with it."""
        drill = self._running()
        if (drill.id if drill is not None else "") == self._drill:
            return
        self._drill, self._door, self.state = "", None, None
        site = self._sites.get(drill.site) if drill is not None else None
        if drill is not None and site is not None:
            self._drill, self._door = drill.id, open_door([site])
            self.state = new_site(exercise_name(site.site), at)
            self._judge(site.applied(at))

    def _judge(self, event: Event) -> None:
        if self.state is None:
            return
        self.state, effects = step(self.state, event)
        for effect in effects:
            if isinstance(effect, Page) and effect.unknown and not self.state.zones[effect.zone].seen:
                # The scenario knows nothing of this zone.
                continue
            self._follow(effect)
            drill = self._running()
            if not isinstance(effect, Page) and drill is not None and self.state is not None:
                told = tier_message(drill.site, self.state.zones[effect.zone], effect.at, EXPIRES_S, self._term)
                self._publish(topics.DRILL_TIER.at(site=drill.site, zone=effect.zone), encode(told), False)
