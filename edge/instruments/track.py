"""One instrument over time: from its words to the readings of its zone. Pure: every time comes in.

`now` is monotonic seconds, `wall` seconds since 1970 UTC by the gateway's clock. Totals become what passed since the
last reading, so that each person is told of once; an occupancy gets the band that its drift since its reset gives it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from edge.instruments.settings import InstrumentSettings
from edge.instruments.words import Inside, Passed, PayloadRefused, Present, Refusal, Said, Total, Way
from wire import Band, Instant, Occupancy, Reading, State, Throughput
from wire.readings import MAX_AGE_S, MAX_COUNT

#: So many words in a row that are told earlier than the one before: its clock was set back, and it is followed.
SET_BACK = 3
#: What two clocks may drift apart, seconds per second.
CLOCK_DRIFT = 1e-4
#: A drop to 0 from so many is a reset, not a place that emptied between two words [J].
RESET_FROM = 10.0
#: For so long a reset that nobody announced is doubted: those who were inside may be inside still [J].
UNANNOUNCED_S = 12 * 3600.0
#: Shorter intervals tell no flow.
LEAST_INTERVAL_S = 0.5
MAX_INTERVAL_S = 86_400.0


@dataclass
class _Delay:
    """How late a word is beyond the quickest of this instrument, by two clocks that need not agree."""

    least: float | None = None
    told: float = -math.inf
    at: float = 0.0
    before: float = 0.0
    strikes: int = 0

    def late(self, told: float | None, now: float) -> float:
        """Seconds of delay; PayloadRefused for a word that is told earlier than one before."""
        if told is None:
            return 0.0
        if told == self.told:
            # A clock that stands still, or counts minutes, tells nothing of this word.
            return self.before
        if told < self.told - 1.0:
            self.strikes += 1
            if self.strikes < SET_BACK:
                raise PayloadRefused(Refusal.OUT_OF_ORDER, f"told of {self.told - told:.0f} s before the last word")
            self.least = None
        self.strikes = 0
        difference = now - told
        if self.least is not None:
            self.least += max(0.0, now - self.at) * CLOCK_DRIFT
        self.least = difference if self.least is None else min(self.least, difference)
        self.told, self.at, self.before = told, now, difference - self.least
        return self.before


@dataclass
class _Occupancy:
    value: float
    reset: str
    reset_at: float
    #: People who came or went since the reset, as far as the figure shows it.
    moved: float = 0.0
    carry: float = 0.0
    carry_until: float = -math.inf


class Track:
    """What is known of one instrument. `began` and `wall` are when the gateway began."""

    def __init__(self, instrument: InstrumentSettings, place: tzinfo, *, began: float, wall: float) -> None:
        self.instrument, self._place = instrument, place
        self._delay = _Delay()
        #: When it was last heard of (monotonic): a word, and a sign of life.
        self.heard_at: float | None = None
        self._alive_at: float | None = None
        self._gone = False
        self._began = began
        self._doubts: dict[str, None] = {}
        # Of a gate:
        self._totals: dict[Way, float] = {}
        self._totals_at: dict[Way, float] = {}
        #: Where a total stood, and when, before a word that could not be believed.
        self._trusted: dict[Way, tuple[float, float]] = {}
        self._pending = {Way.IN: 0.0, Way.OUT: 0.0}
        self._covered: float | None = None
        self._upto: float | None = None
        self._last_end: float | None = None
        # Of an occupancy, and of a view:
        self._inside: _Occupancy | None = None
        self._suspect: float | None = None
        self._reset = self._last_reset(wall)
        self._present: Present | None = None
        self._at = began
        self._told_upto = -math.inf

    def hear(self, said: Said, *, now: float, wall: float, retained: bool = False) -> None:
        """Take a word; PayloadRefused where it cannot be believed. A retained one tells how things were, not when."""
        if retained:
            self._hear_retained(said, wall)
            return
        late = self._delay.late(said.told, now)
        at = now - late
        word = said.word
        if isinstance(word, Total):
            self._hear_total(word, at)
        elif isinstance(word, Passed):
            self._hear_passed(word, at)
        elif isinstance(word, Inside):
            self._hear_inside(word.people, at, wall)
        else:
            self._present, self._at = word, at
        self.heard_at = now if self.heard_at is None else max(self.heard_at, now)
        self._gone = False

    def alive(self, now: float, *, gone: bool) -> None:
        """A sign of life, or that it is gone."""
        self._gone = gone
        if not gone:
            self._alive_at = now

    def stands(self, now: float) -> None:
        """Its will would have come: an instrument with one that was born lives on."""
        alive = self.instrument.alive
        if alive is not None and alive.will and self._alive_at is not None and not self._gone:
            self._alive_at = now

    def state(self, now: float) -> tuple[str, str]:
        """`live`, `stalled` or `off`, and why."""
        why = self._why_unknown(now)
        return ("off" if self._gone else "stalled" if why else "live"), why

    def reading(self, now: float, wall: float) -> Reading | None:
        """What is to be said of the zone at `now`; None where there is nothing new to say."""
        why = self._why_unknown(now)
        tells = self.instrument.tells
        if tells == "throughput":
            return self._throughput(why, now)
        if tells == "occupancy":
            return self._occupancy(why, now, wall)
        return self._instant(why, now)

    # What it says

    def _hear_retained(self, said: Said, wall: float) -> None:
        word = said.word
        if isinstance(word, Total):
            if word.way not in self._totals:
                self._totals[word.way] = word.people
        elif isinstance(word, Inside) and self._inside is None:
            self._inside = self._begin(max(0.0, word.people), wall)
        elif isinstance(word, Present) and self._present is None:
            self._present = word

    def _hear_total(self, word: Total, at: float) -> None:
        before = self._totals.get(word.way)
        since = self._totals_at.get(word.way, self._began)
        self._totals[word.way], self._totals_at[word.way] = word.people, at
        self._upto = at if self._upto is None else max(self._upto, at)
        if self._covered is None and len(self._totals) == 2:
            self._covered = at
        if before is None:
            return
        trusted = self._trusted.pop(word.way, None)
        if trusted is not None and 0 <= word.people - trusted[0] <= self._most(at - trusted[1]):
            # The one before was a fault: it goes on from where it was, and nobody is lost or made up.
            self._pending[word.way] += word.people - trusted[0]
            return
        more, fell = word.people - before, word.people < before
        if fell:
            # It began anew: what it has counted since is known, what it counted before that is not.
            more = word.people
        if more > self._most(at - since) or (fell and word.people > before / 2):
            self._doubts["implausible-total"] = None
            self._trusted[word.way] = (before, since)
            line = f"the total {word.way.value} goes from {before:g} to {word.people:g} in {at - since:.0f} s"
            raise PayloadRefused(Refusal.IMPLAUSIBLE, f"{line}: more than can pass, and no reset")
        if fell:
            self._doubts["counter-reset"] = None
        self._pending[word.way] += more

    def _hear_passed(self, word: Passed, at: float) -> None:
        length = word.end - word.start if word.start is not None and word.end is not None else None
        if word.end is not None and self._last_end is not None:
            if word.end <= self._last_end:
                raise PayloadRefused(Refusal.DUPLICATE, "the interval was told of before")
            if word.start is not None and word.start > self._last_end + 1.0:
                self._doubts["interval-missing"] = None
                if length is not None:
                    # What nobody counted is not spread over what was: the gap shows as a gap.
                    self._covered = max(self._covered or -math.inf, at - length)
        gap = length if length is not None else at - (self._covered if self._covered is not None else self._began)
        if max(word.inward, word.outward) > self._most(gap):
            self._doubts["implausible-total"] = None
            raise PayloadRefused(
                Refusal.IMPLAUSIBLE,
                f"{max(word.inward, word.outward):g} people in {gap:.0f} s are more than can pass",
            )
        if self._covered is None:
            self._covered = at - (length if length is not None else 0.0)
        self._last_end = word.end if word.end is not None else self._last_end
        self._upto = at if self._upto is None else max(self._upto, at)
        if not word.complete:
            self._doubts["incomplete"] = None
        self._pending[Way.IN] += word.inward
        self._pending[Way.OUT] += word.outward

    def _hear_inside(self, value: float, at: float, wall: float) -> None:
        known = self._inside
        if known is None:
            self._inside = self._begin(value, wall)
            self._at = at
            return
        self._renew(wall)
        known = self._inside
        assert known is not None
        change = value - known.value
        if value == 0 and known.value >= RESET_FROM:
            told = datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            carry = max(known.value, known.carry if wall < known.carry_until else 0.0)
            self._inside = _Occupancy(
                value, f"{self.instrument.name} began anew at {told}", wall, 0.0, carry, wall + UNANNOUNCED_S
            )
        elif abs(change) > self._most(at - self._at) and value != self._suspect:
            # Once is a fault, twice is a fact.
            self._suspect = value
            raise PayloadRefused(
                Refusal.IMPLAUSIBLE,
                f"an occupancy that goes from {known.value:g} to {value:g} in {at - self._at:.0f} s",
            )
        else:
            known.value = value
            known.moved += abs(change)
        self._suspect, self._at = None, at

    def _most(self, seconds: float) -> float:
        return self.instrument.most_per_min * (max(0.0, seconds) / 60 + 1)

    # Resets

    def _last_reset(self, wall: float) -> tuple[str, float] | None:
        """The newest of the daily resets before `wall`, by its name and date."""
        found: tuple[str, float] | None = None
        today = datetime.fromtimestamp(wall, self._place)
        for reset in self.instrument.resets:
            for days in (0, 1):
                hour, minute = map(int, reset.at.split(":"))
                moment = (today - timedelta(days=days)).replace(hour=hour, minute=minute, second=0, microsecond=0)
                at = moment.timestamp()
                if at <= wall and (found is None or at > found[1]):
                    found = (f"{reset.name} {moment:%Y-%m-%d %H:%M}", at)
        return found

    def _begin(self, value: float, wall: float) -> _Occupancy:
        named = self._reset = self._last_reset(wall)
        if named is not None:
            # How many have passed since is not known; as many as are inside at least.
            return _Occupancy(value, named[0], named[1], abs(value))
        return _Occupancy(value, f"first word of {self.instrument.name}", wall, abs(value))

    def _renew(self, wall: float) -> None:
        """Begin anew where the time of a daily reset has passed."""
        named = self._last_reset(wall)
        if self._inside is not None and named is not None and named != self._reset:
            self._reset = named
            self._inside = _Occupancy(self._inside.value, named[0], named[1], 0.0)

    # What is told of it

    def _why_unknown(self, now: float) -> str:
        if self._gone:
            return "instrument-offline"
        signs = [at for at in (self.heard_at, self._alive_at) if at is not None]
        if not signs:
            return "no-word-yet"
        if now - max(signs) > self.instrument.silent_after_s:
            return "silent"
        tells = self.instrument.tells
        if tells == "throughput" and self._last_end is None and self._upto is None and len(self._totals) < 2:
            return "no-word-yet"
        if tells == "throughput" and self._totals and len(self._totals) < 2:
            return "one-direction-missing"
        if (tells == "occupancy" and self._inside is None) or (tells == "instant" and self._present is None):
            return "no-word-yet"
        return ""

    def _quiet(self) -> bool:
        """Whether its silence tells that nothing has changed: it shows that it lives."""
        return self.instrument.alive is not None and self._alive_at is not None

    def _until(self, now: float, at: float) -> float:
        """Up to when what it said holds: to its last sign of life where it speaks on changes only."""
        return max(at, self._alive_at or at) if self._quiet() else at

    def _method(self) -> str:
        return f"instrument:{self.instrument.name}"[:80]

    def _throughput(self, why: str, now: float) -> Throughput | None:
        zone, method = self.instrument.zone, self._method()
        if why:
            return Throughput(zone=zone, age_s=0.0, state=State.UNKNOWN, method=method, reasons=(why,), interval_s=60.0)
        if self._upto is None:
            # Only what a broker had kept: its life from here on is known, not what was before.
            self._upto = self._alive_at
        if self._covered is None:
            self._covered = self._upto
        if self._upto is None or self._covered is None:
            return None
        end = self._until(now, self._upto)
        interval = end - self._covered
        if interval < LEAST_INTERVAL_S:
            return None
        interval = min(interval, MAX_INTERVAL_S)
        inflow, outflow = (min(self._pending[way] * 60 / interval, MAX_COUNT) for way in (Way.IN, Way.OUT))
        reasons = tuple(self._doubts)
        self._pending, self._doubts, self._covered = {Way.IN: 0.0, Way.OUT: 0.0}, {}, end
        return Throughput(
            zone=zone,
            age_s=_age(now, end),
            state=State.DEGRADED if reasons else State.GOOD,
            method=method,
            reasons=reasons,
            interval_s=interval,
            inflow=inflow,
            outflow=outflow,
        )

    def _occupancy(self, why: str, now: float, wall: float) -> Occupancy | None:
        zone, method = self.instrument.zone, self._method()
        self._renew(wall)
        known = self._inside
        if why or known is None:
            reset = known.reset if known is not None else "none yet"
            reasons = (why or "no-word-yet",)
            return Occupancy(zone=zone, age_s=0.0, state=State.UNKNOWN, method=method, reasons=reasons, reset=reset)
        end = self._until(now, self._at)
        if not self._news(end):
            return None
        doubts = []
        half = self.instrument.drift * known.moved
        value, extra = known.value, 0.0
        if value < 0:
            # It missed at least so many entries.
            doubts.append("below-zero")
            value, extra = 0.0, -known.value
        if wall < known.carry_until:
            doubts.append("reset-unannounced")
            extra = max(extra, known.carry)
        if wall - known.reset_at > self.instrument.doubtful_after_h * 3600:
            doubts.append("not-reset")
        value = min(value, MAX_COUNT)
        return Occupancy(
            zone=zone,
            age_s=_age(now, end),
            state=State.DEGRADED if doubts else State.GOOD,
            method=method,
            reasons=tuple(doubts),
            reset=known.reset[:120],
            occupancy=Band(value=value, low=max(0.0, value - half), high=min(MAX_COUNT, value + half + extra)),
        )

    def _news(self, end: float) -> bool:
        """Whether something was said since the last reading: the same word twice is no second witness."""
        fresh = end > self._told_upto + 1e-3
        self._told_upto = max(end, self._told_upto)
        return fresh

    def _instant(self, why: str, now: float) -> Instant | None:
        zone, method = self.instrument.zone, self._method()
        known = self._present
        if why or known is None:
            return Instant(zone=zone, age_s=0.0, state=State.UNKNOWN, method=method, reasons=(why or "no-word-yet",))
        end = self._until(now, self._at)
        if not self._news(end):
            return None
        value = min(known.people, MAX_COUNT)
        half = self.instrument.error * value
        low = max(0.0, value - half) if known.low is None else min(known.low, value)
        high = value + half if known.high is None else max(known.high, value)
        return Instant(
            zone=zone,
            age_s=_age(now, end),
            state=State.GOOD,
            method=method,
            count=Band(value=value, low=low, high=min(high, MAX_COUNT)),
        )


def _age(now: float, at: float) -> float:
    return min(max(0.0, now - at), MAX_AGE_S)
