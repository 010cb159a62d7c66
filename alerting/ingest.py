"""The door of the service: a payload becomes something to record and to judge, or is dropped with a reason.

No clock, no I/O: who calls says when the message came. `at` is the service's clock (seconds since 1970 UTC), `steady`
one that only ever runs forward.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

from msgspec.structs import replace

from alerting.ledger import Ledger
from alerting.settings import SiteSettings
from wire import Health, Instant, MessageRefused, Presence, Reading, Readings, Refusal, Status, decode, topics
from wire.readings import MAX_AGE_S

#: A box's clock that is off by more than this is told about; its ages are good all the same.
SKEW_S = 5.0
#: What two clocks may drift apart, seconds per second: by so much the quickest way of a message is forgotten.
DRIFT = 1e-4
#: Of a session of a box, so many are remembered; the newest are told in `recorded`.
MAX_SESSIONS = 8


class Drop(enum.Enum):
    """Why something was not judged, or not taken at all, beyond what the codec refuses; labels of a metric."""

    RETAINED = "retained"
    UNKNOWN_SITE = "unknown-site"
    UNKNOWN_BOX = "unknown-box"
    UNKNOWN_ZONE = "unknown-zone"
    NOT_OWNER = "not-owner"
    DUPLICATE = "duplicate"
    LATE = "late"
    CLOCK_SKEW = "clock-skew"
    STALE_STATUS = "stale-status"
    OVERLOAD = "overload"
    FAILED = "failed"


@dataclass(frozen=True)
class Dropped:
    """One thing that is counted under `reason`; `source` is a box or a topic, `line` says it in one sentence."""

    reason: str
    source: str
    line: str


@dataclass(frozen=True)
class Accepted:
    """A message to record. `judged` holds the readings to judge now, with the delay on their way in their age."""

    site: str
    box: str
    message: Readings
    live: bool
    at: float
    judged: tuple[Reading, ...]


Outcome: TypeAlias = Accepted | Status | Health | None


@dataclass
class Transit:
    """The quickest way of a message of one session, by the difference of two clocks that need not agree.

    Kept for the whole session: a jam that lasts must not come to look like the usual. `sequence` and `sent` are the
    newest message's, `late` its excess.
    """

    steady: float
    least: float
    sequence: int
    sent: float
    late: float = 0.0

    def excess(self, steady: float, sequence: int, sent: float) -> float:
        """Seconds that this message took longer than the quickest."""
        difference = steady - sent
        newest = sequence > self.sequence
        self.least += max(0.0, steady - self.steady) * DRIFT
        self.steady = max(self.steady, steady)
        if newest and sent < self.sent:
            # A later message that was sent earlier: the box set its clock back. The delay is what it was.
            self.least = difference - self.late
        self.least = min(self.least, difference)
        late = difference - self.least
        if newest:
            self.sequence, self.sent, self.late = sequence, sent, late
        return late


@dataclass
class Box:
    """What the door remembers of a box. `ledgers` by session, the one heard of last at the end."""

    ledgers: dict[str, Ledger] = field(default_factory=dict)
    session: str | None = None
    transit: Transit | None = None
    skewed: bool = False
    status: Status | None = None
    health: Health | None = None


@dataclass
class Door:
    """The state of ingest: whose zones are whose, and what each box has said."""

    owners: dict[str, dict[str, str]]
    stale_s: dict[tuple[str, str], float]
    #: For the figures of gates and of occupancies, which come more seldom.
    gate_stale_s: dict[tuple[str, str], float]
    boxes: dict[tuple[str, str], Box]


def open_door(sites: Iterable[SiteSettings]) -> Door:
    door = Door(owners={}, stale_s={}, gate_stale_s={}, boxes={})
    for site in sites:
        door.owners[site.site] = {zone.name: zone.box for zone in site.zones if zone.box is not None}
        for zone in site.zones:
            door.stale_s[site.site, zone.name] = zone.stale_s
            door.gate_stale_s[site.site, zone.name] = zone.gate_stale_s
            if zone.box is not None:
                door.boxes.setdefault((site.site, zone.box), Box())
        for gate in site.gates:
            door.owners[site.site][gate.name] = gate.box
            ends = [zone.gate_stale_s for zone in site.zones if zone.name in (gate.into, gate.out_of)]
            door.stale_s[site.site, gate.name] = door.gate_stale_s[site.site, gate.name] = min(ends)
            door.boxes.setdefault((site.site, gate.box), Box())
    return door


def take(
    door: Door, topic: str, payload: bytes, *, retained: bool, at: float, steady: float, keep: bool = True
) -> tuple[Outcome, list[Dropped]]:
    """What a message is worth, and what of it was dropped. Changes `door`; never raises for anything sent to it.

    With `keep` false there is no room to record it: a live message is judged all the same, but not remembered as
    taken, so that the box sends it again; one of the backlog is left for later.
    """
    try:
        row, levels = topics.parse(topic)
    except topics.TopicRefused as refused:
        return None, [Dropped(Refusal.TOPIC.value, "any", str(refused))]
    if row not in (topics.READINGS, topics.BACKLOG, topics.STATUS, topics.HEALTH):
        return None, [Dropped(Refusal.TOPIC.value, "any", f"{row.name} is not for the service")]
    site, name = levels["site"], levels["box"]
    source = f"{site}/{name}"

    def drop(reason: Drop | Refusal, line: str) -> tuple[Outcome, list[Dropped]]:
        return None, [Dropped(reason.value, source, f"{source} on {row.name}: {line}")]

    if not payload and retained:
        return None, []
    if site not in door.owners:
        return drop(Drop.UNKNOWN_SITE, f"no site {site} is configured")
    box = door.boxes.get((site, name))
    if box is None:
        return drop(Drop.UNKNOWN_BOX, f"no zone of {site} belongs to a box {name}")
    if retained and not row.retained:
        return drop(Drop.RETAINED, "a retained reading is not live")
    try:
        message = decode(payload, row.message)
    except MessageRefused as refused:
        return drop(refused.reason, str(refused))
    assert isinstance(message, Readings | Status | Health)
    if message.site != site or message.box != name:
        return drop(Refusal.MISMATCH, f"the message is from {message.site}/{message.box}")
    if isinstance(message, Status):
        return _status(box, message, source)
    if isinstance(message, Health):
        box.health = message
        return message, []
    live = row is topics.READINGS
    if not keep and not live:
        return drop(Drop.OVERLOAD, "no room to record it now; the box keeps it")
    return _readings(door, box, message, live, at, steady, keep)


def _status(box: Box, message: Status, source: str) -> tuple[Outcome, list[Dropped]]:
    if message.state is Presence.OFFLINE and box.session is not None and message.session != box.session:
        line = f"{source}: the will of session {message.session} does not end session {box.session}"
        return None, [Dropped(Drop.STALE_STATUS.value, source, line)]
    box.status = message
    if message.state is Presence.ONLINE and message.session != box.session:
        # Its clock may be another now.
        box.session, box.transit = message.session, None
    return message, []


def _readings(
    door: Door, box: Box, message: Readings, live: bool, at: float, steady: float, keep: bool
) -> tuple[Outcome, list[Dropped]]:
    site, name = message.site, message.box
    source = f"{site}/{name}"
    known = box.ledgers.get(message.session)
    if known is not None and known.holds(message.sequence):
        line = f"{source}: sequence {message.sequence} of session {message.session} is known"
        return None, [Dropped(Drop.DUPLICATE.value, source, line)]
    # A box that has begun a new session says nothing live in the old one any more: this was stuck on its way.
    ended = known is not None and box.session is not None and message.session != box.session
    if keep:
        _remember(box, message)
    dropped: list[Dropped] = []
    delay = _delay(box, message, at, steady, source, dropped) if live and not ended else 0.0
    judged: list[Reading] = []
    for reading in message.readings:
        owner = door.owners[site].get(reading.zone)
        age = reading.age_s + delay
        if owner is None:
            line = f"{source}: the site has no zone {reading.zone}"
            dropped.append(Dropped(Drop.UNKNOWN_ZONE.value, source, line))
        elif owner != name:
            line = f"{source}: the zone {reading.zone} belongs to {owner}"
            dropped.append(Dropped(Drop.NOT_OWNER.value, source, line))
        elif live and (ended or age > _stale_s(door, site, reading)):
            told = "of a session that has ended" if ended else f"{age:.1f} s old"
            line = f"{source}: a reading of {reading.zone} is {told}; it is recorded, not judged"
            dropped.append(Dropped(Drop.LATE.value, source, line))
        elif live:
            judged.append(replace(reading, age_s=min(age, MAX_AGE_S)) if delay else reading)
    return Accepted(site, name, message, live, at, tuple(judged)), dropped


def _stale_s(door: Door, site: str, reading: Reading) -> float:
    return (door.stale_s if isinstance(reading, Instant) else door.gate_stale_s)[site, reading.zone]


def _remember(box: Box, message: Readings) -> None:
    ledger = box.ledgers.pop(message.session, None) or Ledger()
    ledger.add(message.sequence, message.floor)
    box.ledgers[message.session] = ledger
    while len(box.ledgers) > MAX_SESSIONS:
        del box.ledgers[next(iter(box.ledgers))]


def _delay(box: Box, message: Readings, at: float, steady: float, source: str, dropped: list[Dropped]) -> float:
    """Seconds that a live message was on its way beyond the usual; notes a change of session and a wrong clock."""
    sent = message.sent.timestamp()
    if box.session != message.session or box.transit is None:
        box.session, box.transit = message.session, Transit(steady, steady - sent, message.sequence, sent)
    delay = max(0.0, box.transit.excess(steady, message.sequence, sent))
    off = sent - at + delay
    if (abs(off) > SKEW_S) != box.skewed:
        box.skewed = not box.skewed
        if box.skewed:
            told = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
            line = f"{source}: its clock is {off:+.1f} s off at {told}; ages are taken from its monotonic clock"
            dropped.append(Dropped(Drop.CLOCK_SKEW.value, source, line))
    return delay
