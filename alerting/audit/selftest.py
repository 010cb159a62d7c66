"""The daily test of the whole path: a synthetic red, marked as a test, from a reading to every vendor and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from alerting.assess import Observed, Page, SettingsApplied, SiteState, new_site, step
from alerting.assess.effects import Figures, effect_id
from alerting.audit.settings import SelfTestSettings
from alerting.duty.events import Entry
from alerting.ingest import Accepted, open_door, take
from alerting.office import SELF, SELF_ZONE, Office, self_site
from alerting.paging.note import Addressee, Note, write_note
from alerting.record import PageRow, PageState
from wire import Band, Instant, Readings, State, Tier, encode, topics

#: Persons/m² and people of the synthetic crowd; red in any kind of zone.
CROWD, PEOPLE = 9.0, 900.0
#: Seconds of it that are judged.
LONG_S = 30


class PathBroken(RuntimeError):
    """A red reading did not become a page: one line."""


@dataclass
class _Running:
    id: str
    ends: float
    #: What each channel has answered so far; empty before that.
    heard: dict[str, tuple[PageState, str]] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)


class SelfTest:
    def __init__(self, settings: SelfTestSettings | None, channels: tuple[str, ...], office: Office) -> None:
        self._settings, self._office = settings, office
        self._channels = channels if settings is None or settings.channels is None else settings.channels
        self._running: _Running | None = None
        self._fault: tuple[float, str] | None = None

    def begin(self, at: float) -> tuple[Note, dict[str, str]] | None:
        """The page of the test and whom it goes to by channel, once its time of day has come."""
        settings = self._settings
        if settings is None or self._running is not None:
            return None
        due = _latest(settings, at)
        if self._office.tested_at >= due:
            return None
        first = self._office.tested_at == 0.0
        self._office.mark_tested(at)
        if first and at - due > 300.0:
            # A new service is not tested for a time of day at which it was not there.
            return None
        mark = effect_id("self-test", due)
        self._running = _Running(mark, at + settings.within_s)
        to = {channel: settings.to or "" for channel in self._channels if self._receiver(channel) is not None}
        to = {channel: person if self._receiver(channel) else "" for channel, person in to.items()}
        self._running.heard = dict.fromkeys(to, (PageState.QUEUED, ""))
        try:
            page = replace(red_page(at), id=mark)
        except Exception as error:  # noqa: BLE001 - whatever breaks the path is what the test is there to find
            words = str(error) if isinstance(error, PathBroken) else f"the path broke: {type(error).__name__}"
            self._fault = (at, words)
            return None
        duty, name = self._office.duty, settings.to
        person = duty.person(name) if duty is not None and name is not None else None
        addressee = Addressee(person.title, person.language) if person is not None else Addressee()
        return write_note(page, self_site(), addressee, exercise=True), to

    def _receiver(self, channel: str) -> str | None:
        """The address of whoever gets the test there; empty where the channel has one receiver, None for nobody."""
        if self._settings is None or channel not in self._office.addressed:
            return ""
        return self._office.address(self._settings.to or "", channel) or None

    def heard(self, row: PageRow) -> None:
        """A channel has answered."""
        if self._running is not None and row.id == self._running.id:
            self._running.heard[row.channel] = (row.state, row.answer)

    def look(self, at: float) -> tuple[list[Entry], Page | None, str]:
        """New entries, a page where the path is broken, and the test's id once it is over."""
        running, entries = self._running, []
        if running is None:
            return [], None, ""
        for channel, (state, words) in running.heard.items():
            if state is PageState.ACCEPTED and channel not in running.told:
                running.told.add(channel)
                entries.append(self.told(at, "accepted", channel=channel, words=words))
        missing = {channel: said for channel, said in running.heard.items() if channel not in running.told}
        if self._fault is None and missing and at < running.ends:
            return entries, None, ""
        self._running, fault, self._fault = None, self._fault, None
        if fault is None and not missing:
            return [*entries, self.told(at, "passed", test=running.id)], None, running.id
        faults = [fault[1]] if fault is not None else []
        faults += [f"{channel}: {words or state.value}" for channel, (state, words) in missing.items()]
        why = f"the daily test failed: {'; '.join(faults)}"[:400]
        entries.append(self.told(at, "broken", test=running.id, why=why))
        page = Page(
            id=effect_id("self-test", running.id, "broken"),
            at=at,
            site=SELF,
            zone=SELF_ZONE,
            tier=Tier.NORMAL,
            from_tier=Tier.NORMAL,
            why=why,
            since=at,
            figures=Figures(),
            unknown=True,
        )
        return entries, page, running.id

    def told(self, at: float, what: str, **more: object) -> Entry:
        """The record's entry about the test that runs."""
        test = {"test": self._running.id} if self._running is not None else {}
        return Entry(at, "self-test", {"what": what, **test, **more})


def _latest(settings: SelfTestSettings, at: float) -> float:
    """The newest moment at which the test was due."""
    place = ZoneInfo(settings.time_zone)
    now = datetime.fromtimestamp(at, UTC).astimezone(place)
    due = now.replace(hour=int(settings.at[:2]), minute=int(settings.at[3:]), second=0, microsecond=0)
    return (due if due <= now else due - timedelta(days=1)).timestamp()


def red_page(at: float) -> Page:
    """The page that a synthetic crowd raises, through the same door and the same judgement as any other; PathBroken
    where none comes."""
    settings = replace(self_site(), site="self-test")
    door = open_door([settings])
    state: SiteState = new_site(settings.site, at - LONG_S)
    state, _ = step(state, SettingsApplied(at=at - LONG_S, zones=tuple(zone.rules() for zone in settings.zones)))
    topic = topics.READINGS.at(site=settings.site, box=SELF)
    for second in range(1, LONG_S + 1):
        now = at - LONG_S + second
        message = Readings(
            version=1,
            site=settings.site,
            box=SELF,
            session="0" * 16,
            sequence=second,
            floor=1,
            sent=datetime.fromtimestamp(now, UTC),
            readings=(
                Instant(
                    zone=SELF_ZONE,
                    age_s=0.0,
                    state=State.GOOD,
                    method="self-test",
                    count=Band(value=PEOPLE, low=PEOPLE, high=PEOPLE),
                    peak_density=Band(value=CROWD, low=CROWD, high=CROWD),
                ),
            ),
        )
        taken, dropped = take(door, topic, encode(message), retained=False, at=now, steady=now, keep=True)
        if not isinstance(taken, Accepted) or dropped:
            raise PathBroken(f"the synthetic reading was not taken: {dropped[0].line if dropped else 'no reason'}")
        state, effects = step(state, Observed(at=now, readings=taken.judged))
        for effect in effects:
            if isinstance(effect, Page) and effect.tier is Tier.RED:
                return replace(effect, site=SELF, at=at)
    raise PathBroken("the synthetic crowd was judged, and nobody was to be paged")
