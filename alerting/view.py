"""What a screen shows of the service: plain values, made once a second, the same in-process and at /state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from alerting.assess import Change, HeldUnknown, SettingsChanged, SiteState, TierChanged, ZoneState, site_view
from alerting.assess.forecast import forecast
from alerting.assess.judge import figures
from alerting.assess.rules import Levels
from alerting.duty.incident import Incident, Silence
from alerting.paging.note import Note
from alerting.record.batch import PageRow
from alerting.settings import SiteSettings
from wire import Band, Kind, Tier, TierName


@dataclass(frozen=True)
class ZoneView:
    """A zone now. `held` means that the input is unknown: the tier is not confirmed, and there are no figures."""

    site: str
    site_title: str
    zone: str
    title: str
    kind: str
    tier: TierName
    since: datetime
    why: str
    held: bool
    unknown_why: str
    people: Band | None
    density: Band | None
    #: Persons/m² per minute.
    trend: float | None
    #: Seconds since the newest picture that was told of; None before the first.
    age_s: float | None
    #: Whether the tier rests on a measurement or on a forecast.
    rests_on: Kind = Kind.OBSERVED
    #: Persons/m² at which each tier begins, and most people that it may hold.
    thresholds: Levels | None = None
    capacity: int | None = None
    #: The density foreseen, nearest first; nothing while it is unknown.
    ahead: tuple[AheadView, ...] = ()
    #: Persons/min through its gates; None where it has none, or one of them is silent.
    inflow: float | None = None
    outflow: float | None = None


@dataclass(frozen=True)
class AheadView:
    """Persons/m² in the worst cell so many minutes ahead, as a 90 % band."""

    minutes: int
    density: Band


@dataclass(frozen=True)
class ChangeView:
    """An event of a zone. `what`: `tier`, `held` (unknown from here), `seen-again` or `settings`."""

    what: str
    time: datetime
    site: str
    zone: str
    from_tier: TierName
    to_tier: TierName
    why: str
    kind: Kind = Kind.OBSERVED


@dataclass(frozen=True)
class PageView:
    """A page on one channel, with the receiver's last words."""

    id: str
    channel: str
    time: datetime
    site: str
    zone: str
    tier: TierName
    unknown: bool
    text: str
    state: str
    attempts: int
    answer: str
    #: Who is called by it, and who has answered; empty where it is for nobody by name, or nobody has.
    person: str = ""
    incident: str = ""
    acknowledged_by: str = ""


@dataclass(frozen=True)
class IncidentView:
    """An open incident. `phase` as in ISA-18.2; `due` is when the next one is called."""

    id: str
    site: str
    zone: str
    phase: str
    tier: TierName
    peak: TierName
    opened: datetime
    called: tuple[str, ...]
    due: datetime | None
    acknowledged_by: str
    #: Counts the alarms in it: an acknowledgement holds for one. `blind`: the zone is not seen.
    alarm: int = 0
    why: str = ""
    blind: bool = False
    waits: bool = True


@dataclass(frozen=True)
class SilenceView:
    """A silence that has not ended; `zone` is empty where it covers the whole site."""

    id: str
    site: str
    zone: str
    owner: str
    reason: str
    begins: datetime
    ends: datetime
    ceiling: TierName
    maintenance: bool


@dataclass(frozen=True)
class FillingView:
    """Entries minus exits of a place since a named reset, and never what a camera counts. `full_in_min` is None where
    it is not foreseen to fill within two hours; `off` is how far the balance was from the cameras' count, and `drift`
    by how many persons an hour it goes astray."""

    zone: str
    reset: str
    reset_at: datetime
    inside: Band
    doubt: str
    capacity: int | None
    full_in_min: float | None
    off: float | None
    drift: float | None


@dataclass(frozen=True)
class WaveView:
    """People on their way to a zone from a neighbour, the tier that they warn of, and until when."""

    zone: str
    tier: TierName
    until: datetime
    why: str


@dataclass(frozen=True)
class SiteSummary:
    """A site as a whole: the highest tier among its zones, and why; what is unknown, what fills, what is coming."""

    site: str
    title: str
    tier: TierName
    zone: str | None
    why: str
    kind: Kind
    unknown: tuple[str, ...]
    filling: tuple[FillingView, ...]
    waves: tuple[WaveView, ...]


@dataclass(frozen=True)
class View:
    instance: str
    term: int
    at: datetime
    broker_connected: bool
    #: False while commits fail: what happens is kept in memory.
    recording: bool
    zones: tuple[ZoneView, ...]
    #: Since the service started, oldest first, the last 200.
    changes: tuple[ChangeView, ...]
    #: Oldest first, the last 50.
    pages: tuple[PageView, ...]
    #: What was dropped since the start, by reason.
    dropped: dict[str, int]
    #: The open ones, the most urgent first.
    incidents: tuple[IncidentView, ...] = ()
    #: `leader` or `standby`.
    role: str = "leader"
    silences: tuple[SilenceView, ...] = ()
    sites: tuple[SiteSummary, ...] = ()


def standby_view(instance: str, at: float) -> View:
    """What a standby shows: that another service leads."""
    return View(
        instance=instance,
        term=0,
        at=in_zone(at, "UTC"),
        broker_connected=False,
        recording=False,
        zones=(),
        changes=(),
        pages=(),
        dropped={},
        role="standby",
    )


def encode_view(view: View) -> bytes:
    return msgspec.json.encode(view)


def decode_view(payload: bytes) -> View:
    """The view that /state gave; msgspec.DecodeError for anything else."""
    return msgspec.json.decode(payload, type=View)


def in_zone(at: float, time_zone: str) -> datetime:
    return datetime.fromtimestamp(round(at, 3), UTC).astimezone(ZoneInfo(time_zone))


def zone_view(site: SiteSettings, title: str, state: ZoneState, now: float) -> ZoneView:
    known, flows = figures(state, now), _flows(state, now)
    return ZoneView(
        site=site.site,
        site_title=site.title,
        zone=state.rules.zone,
        title=title,
        kind=state.rules.kind.value,
        tier=TierName.of(state.tier),
        since=in_zone(state.since, site.time_zone),
        why=state.why,
        held=state.unknown_since is not None,
        unknown_why=state.unknown_why,
        people=known.people,
        density=known.density,
        trend=known.trend,
        age_s=round(max(0.0, now - state.seen_at), 3) if state.seen else None,
        rests_on=state.kind,
        thresholds=state.rules.density,
        capacity=state.rules.capacity,
        ahead=() if state.unknown_since is not None else _ahead(site.site, state, now),
        inflow=flows[0],
        outflow=flows[1],
    )


def _flows(state: ZoneState, now: float) -> tuple[float | None, float | None]:
    heard = [one for one in state.passing if now - one.at <= state.rules.gate_stale_s]
    if not heard or len(heard) < len(state.passing) or state.unheard:
        return None, None
    return sum(one.inflow for one in heard), sum(one.outflow for one in heard)


#: By site and zone, what a forecast was made from, and the forecast: it moves once a minute, and screens ask each
#: second.
_foreseen: dict[tuple[str, str], tuple[tuple[object, ...], tuple[AheadView, ...]]] = {}


def _ahead(site: str, state: ZoneState, now: float) -> tuple[AheadView, ...]:
    trend = state.density_trend
    if not state.rules.forecast or trend is None:
        return ()
    expected = state.typical if now <= state.typical_until else ()
    made_from = (trend.minute, trend.level, trend.slope, trend.variance, trend.minutes, int(now // 60), expected)
    known = _foreseen.get((site, state.rules.zone))
    if known is None or known[0] != made_from:
        known = _foreseen[site, state.rules.zone] = (made_from, _forecast(state, now))
    return known[1]


def _forecast(state: ZoneState, now: float) -> tuple[AheadView, ...]:
    found = []
    for one in forecast(state, "density", now):
        low, median, high = (round(value, 3) for value in (one.low, max(0.0, one.median), one.high))
        found.append(AheadView(one.minutes, Band(value=median, low=min(low, median), high=max(high, median))))
    return tuple(found)


def site_summary(site: SiteSettings, state: SiteState) -> SiteSummary:
    """The site at the time of its state."""
    seen = site_view(state)
    filling = tuple(
        FillingView(
            zone=one.zone,
            reset=one.inside.reset,
            reset_at=in_zone(one.inside.reset_at, site.time_zone),
            inside=Band(value=one.inside.value, low=one.inside.low, high=one.inside.high),
            doubt=one.inside.basis,
            capacity=one.capacity,
            full_in_min=None if one.full_in_min is None else round(one.full_in_min, 1),
            off=one.inside.off,
            drift=one.inside.drift,
        )
        for one in seen.filling
    )
    waves = tuple(
        WaveView(zone.rules.zone, TierName.of(zone.wave.tier), in_zone(zone.wave.until, site.time_zone), zone.wave.why)
        for zone in state.zones.values()
        if zone.wave is not None and zone.wave.until >= state.at
    )
    return SiteSummary(
        site=site.site,
        title=site.title,
        tier=TierName.of(seen.tier),
        zone=seen.zone,
        why=seen.why,
        kind=seen.kind,
        unknown=seen.unknown,
        filling=filling,
        waves=waves,
    )


def zone_views(sites: Iterable[SiteSettings], states: dict[str, SiteState], now: float) -> tuple[ZoneView, ...]:
    """All zones, the most dangerous first."""
    views = []
    for site in sites:
        known = states[site.site].zones if site.site in states else {}
        views += [zone_view(site, zone.title, known[zone.name], now) for zone in site.zones if zone.name in known]
    return tuple(sorted(views, key=lambda view: -view.tier.tier))


def change_view(change: Change, time_zone: str) -> ChangeView:
    kind = Kind.OBSERVED
    if isinstance(change, TierChanged):
        what, before, after, kind = "tier", change.from_tier, change.to_tier, change.kind
    else:
        before = after = change.tier
        what = "held" if isinstance(change, HeldUnknown) else "seen-again"
        if isinstance(change, SettingsChanged):
            what = "settings"
    return ChangeView(
        what=what,
        time=in_zone(change.at, time_zone),
        site=change.site,
        zone=change.zone,
        from_tier=TierName.of(Tier(before)),
        to_tier=TierName.of(Tier(after)),
        why=change.why,
        kind=kind,
    )


def incident_view(incident: Incident, time_zone: str) -> IncidentView:
    return IncidentView(
        id=incident.id,
        site=incident.site,
        zone=incident.zone,
        phase=incident.phase.value,
        tier=TierName.of(incident.tier),
        peak=TierName.of(incident.peak),
        opened=in_zone(incident.opened, time_zone),
        called=incident.called,
        due=in_zone(incident.due, time_zone) if incident.due is not None else None,
        acknowledged_by=incident.acknowledged_by,
        alarm=incident.alarm,
        why=incident.why,
        blind=incident.blind,
        waits=incident.waits,
    )


def silence_view(silence: Silence, time_zone: str) -> SilenceView:
    return SilenceView(
        id=silence.id,
        site=silence.site,
        zone=silence.zone,
        owner=silence.owner,
        reason=silence.reason,
        begins=in_zone(silence.begins, time_zone),
        ends=in_zone(silence.ends, time_zone),
        ceiling=TierName.of(silence.ceiling),
        maintenance=silence.maintenance,
    )


def page_view(row: PageRow) -> PageView:
    note = msgspec.json.decode(row.note, type=Note)
    return PageView(
        id=row.id,
        channel=row.channel,
        time=note.at,
        site=note.site,
        zone=note.zone,
        tier=note.tier,
        unknown=note.unknown,
        text=note.text,
        state=row.state.value,
        attempts=row.attempts,
        answer=row.answer,
        person=note.person,
        incident=note.incident,
    )
