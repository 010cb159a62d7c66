"""What runs beside the live judgement for the duty desk: the drill, what boxes tell of themselves, and occasions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from alerting.assess import Effect, Event, Page, SiteState
from alerting.desk.events import DrillHeard, Noticed
from alerting.desk.inforce import OccasionThresholds, health_noticed, status_noticed, with_rota, zones_noticed
from alerting.desk.settings import DeskSettings
from alerting.exercise import Exercise
from alerting.pager import Pager
from alerting.settings import SiteSettings
from wire import Health, Status


class DeskSide:
    """Used by the thread of the service only."""

    def __init__(
        self,
        pager: Pager,
        sites: Mapping[str, SiteSettings],
        desk: DeskSettings | None,
        states: Mapping[str, SiteState],
        judge: Callable[[str, Event], None],
        publish: Callable[[str, bytes, bool], None],
        term: int,
    ) -> None:
        self._pager, self._desk, self._states, self._judge = pager, desk, states, judge
        self._duty = pager.office.duty
        self._occasions = OccasionThresholds(desk)
        self.exercise = Exercise(
            sites,
            running=lambda: pager.room.state.drill,
            heard=lambda at: pager.desk_happens(DrillHeard(at)),
            follow=self._follow,
            publish=publish,
            term=term,
        )
        pager.played = lambda: self.exercise.state

    def _follow(self, effect: Effect) -> None:
        """What the judgement of a drill asks for."""
        if isinstance(effect, Page):
            self._pager.page(effect)
        else:
            self._pager.change(effect)

    def heard(self, said: Status | Health, at: float) -> None:
        """What a box says of itself."""
        self._notice(status_noticed(said, at) if isinstance(said, Status) else health_noticed(said, at))

    def tick(self, at: float) -> None:
        self.exercise.tick(at)
        if not self._pager.room.active:
            return
        self._notice(zones_noticed(self._states, at))
        turned, self._pager.turned = self._pager.turned, []
        for one in turned:
            for site, event in self._occasions.turn(one, self._pager.room.state, self._states, at):
                self._judge(site, event)
        if turned and self._duty is not None and self._desk is not None:
            self._pager.use(with_rota(self._duty, self._desk, self._pager.room.state))

    def _notice(self, noticed: Iterable[Noticed]) -> None:
        for one in noticed:
            self._pager.desk_happens(one)
