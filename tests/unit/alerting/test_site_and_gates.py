"""Occupancy by gates, the site as a whole, waves between zones, changed settings, and states of older versions."""

from __future__ import annotations

import base64

import msgspec
import pytest
from msgspec.structs import replace

from alerting.assess import (
    Effect,
    Event,
    HeldUnknown,
    Observed,
    OccupancyReset,
    SettingsApplied,
    SettingsChanged,
    SiteState,
    Tick,
    TierChanged,
    ZoneKind,
    ZoneRules,
    decode_state,
    encode_state,
    new_site,
    site_view,
    step,
)
from alerting.assess.occupancy import MAX_GATES
from alerting.assess.rules import DENSITY_LEVELS, GateRules, Levels, Onward
from alerting.settings import SiteSettings
from wire import Band, Instant, Kind, Occupancy, Reading, State, Throughput, Tier

START = 1_000_000.0
#: A state of version 1 as it was encoded before motion, forecasts and gates were judged: red on the steps.
OLD_STATE = (
    "hKRzaXRlpGJ1bmSiYXTLQJAYAAAAAAClem9uZXOBpXN0ZXBz3gAOpXJ1bGVziqR6b25lpXN0ZXBzpGtpbmSlc3RlcHOnZGVuc2l0"
    "eYSkYmx1Zcs/+AAAAAAAAKZ5ZWxsb3fLQAAAAAAAAACmb3Jhbmdly0AFmZmZmZmao3JlZMtADAAAAAAAAKhjYXBhY2l0eWSwY2Fw"
    "YWNpdHlfcGVyY2VudISkYmx1ZctATgAAAAAAAKZ5ZWxsb3fLQFQAAAAAAACmb3Jhbmdly0BWgAAAAAAAo3JlZMtAWQAAAAAAAKd3"
    "aW5kb3dzhKZibHVlX3M8qHllbGxvd19zPKhvcmFuZ2Vfcx6lcmVkX3MMpmZhbGxfc8tAZoAAAAAAAKtjbGVhcl9yYXRpb8s/6ZmZ"
    "mZmZmqdzdGFsZV9zy0AkAAAAAAAArnVua25vd25fcGFnZV9zy0BeAAAAAAAApHRpZXIEpXNpbmNly0CPeAAAAAAAo3doedlCZGVu"
    "c2l0eSA1LjAwIHBlcnNvbnMvbcKyIGluIHRoZSB3b3JzdCBjZWxsIG92ZXIgMTIgcywgcmVkIGZyb20gMy41pmNhdXNlc5GnZGVu"
    "c2l0eadzZWNvbmRz3AAek80D6M0TiM0CvJPNA+nNE4jNAryTzQPqzROIzQK8k80D680TiM0CvJPNA+zNE4jNAryTzQPtzROIzQK8"
    "k80D7s0TiM0CvJPNA+/NE4jNAryTzQPwzROIzQK8k80D8c0TiM0CvJPNA/LNE4jNAryTzQPzzROIzQK8k80D9M0TiM0CvJPNA/XN"
    "E4jNAryTzQP2zROIzQK8k80D980TiM0CvJPNA/jNE4jNAryTzQP5zROIzQK8k80D+s0TiM0CvJPNA/vNE4jNAryTzQP8zROIzQK8"
    "k80D/c0TiM0CvJPNA/7NE4jNAryTzQP/zROIzQK8k80EAM0TiM0CvJPNBAHNE4jNAryTzQQCzROIzQK8k80EA80TiM0CvJPNBATN"
    "E4jNAryTzQQFzROIzQK8pXNsb3Rzk5NCzWGoBZNDzgABJPgPk0TNw1AKqG1lYXN1cmVzk6RwZWFrp2RlbnNpdHmmcGVvcGxlp3Nl"
    "ZW5fYXTLQJAXMzMzMzOkc2VlbsOncXVpZXRfc8sAAAAAAAAAAKlqdWRnZWRfYXTLQJAYAAAAAACmcGVvcGxlg6V2YWx1ZctAUYAA"
    "AAAAAKNsb3fLQE4AAAAAAACkaGlnaMtAVAAAAAAAAKdkZW5zaXR5g6V2YWx1ZctAFAAAAAAAAKNsb3fLQBAAAAAAAACkaGlnaMtA"
    "GAAAAAAAAKd2ZXJzaW9uAQ=="
)


def rules(zone: str, kind: ZoneKind = ZoneKind.FLAT, **more: object) -> ZoneRules:
    return ZoneRules(zone=zone, kind=kind, density=DENSITY_LEVELS[kind], **more)  # type: ignore[arg-type]


def gate(name: str, inflow: float, outflow: float, state: State = State.GOOD) -> Throughput:
    reasons = () if state is State.GOOD else ("one-lane-blind",)
    return Throughput(
        zone=name, age_s=0, state=state, reasons=reasons, method="t", interval_s=60, inflow=inflow, outflow=outflow
    )


def look(zone: str, density: float, people: float, area: float = 400.0) -> Instant:
    return Instant(
        zone=zone,
        age_s=0,
        state=State.GOOD,
        method="t",
        count=Band(value=people, low=people, high=people),
        area_m2=area,
        peak_density=Band(value=density, low=density, high=density),
    )


class Run:
    def __init__(self, *zones: ZoneRules, gates: tuple[GateRules, ...] = ()) -> None:
        self.state: SiteState = new_site("s", START)
        self.effects: list[Effect] = []
        self.at = START
        self.do(SettingsApplied(at=START, zones=zones, gates=gates))

    def do(self, event: Event) -> None:
        self.state, effects = step(self.state, event)
        self.effects += effects

    def say(self, *readings: Reading, after: float = 60.0) -> None:
        self.at += after
        self.do(Observed(at=self.at, readings=readings))

    def changes(self, zone: str) -> list[TierChanged]:
        return [one for one in self.effects if isinstance(one, TierChanged) and one.zone == zone]


NORTH, SOUTH = GateRules(gate="north", into="square"), GateRules(gate="south", out_of="square")


def test_a_balance_counts_what_passes_either_way_from_its_named_reset_on() -> None:
    run = Run(rules("square", balance=True, capacity=1000), gates=(NORTH, SOUTH))
    run.do(OccupancyReset(at=run.at, zone="square", name="midday", value=100))
    for _ in range(10):
        # South's own inflow leads out of the square.
        run.say(gate("north", 50, 10), gate("south", 5, 15))
    inside = run.state.zones["square"].inside
    assert inside is not None
    assert (inside.reset, inside.value) == ("midday", 100 + 10 * (50 - 10 - 5 + 15))
    assert inside.low < inside.value < inside.high
    assert run.state.zones["square"].people is None
    assert run.state.zones["square"].unknown_since is None, "its gates see it"
    view = site_view(run.state)
    assert view.filling[0].full_in_min == pytest.approx((1000 - 600) / 50, abs=2)
    run.do(OccupancyReset(at=run.at, zone="square", name="closing", value=0))
    assert site_view(run.state).filling[0].inside.reset == "closing"


def test_a_balance_reaches_its_tiers_and_falls_with_its_gates_alone() -> None:
    run = Run(rules("square", balance=True, capacity=1000, forecast=False), gates=(NORTH,))
    for _ in range(27):
        run.say(gate("north", 40, 0))
    assert [one.to_tier for one in run.changes("square")] == [1, 2, 3, 4]
    assert all(one.cause == "capacity" and " inside since the start" in one.why for one in run.changes("square"))
    for _ in range(60):
        run.say(gate("north", 0, 40))
        for _ in range(5):
            run.at += 10
            run.do(Tick(at=run.at))
    assert run.state.zones["square"].tier is Tier.NORMAL


def test_silent_gates_are_unknown_and_missed_minutes_widen_the_band() -> None:
    run = Run(rules("square", balance=True, capacity=1000), gates=(NORTH,))
    run.say(gate("north", 40, 10))
    run.say(gate("north", 40, 10))
    inside = run.state.zones["square"].inside
    assert inside is not None
    narrow = inside.high - inside.low
    for _ in range(8):
        run.at += 20
        run.do(Tick(at=run.at))
    assert run.state.zones["square"].unknown_why.startswith("unknown: no word of its gates")
    run.say(gate("north", 40, 10), after=300)
    inside = run.state.zones["square"].inside
    assert inside is not None
    assert inside.high - inside.low > 3 * narrow
    assert inside.judged == inside.high, "where minutes are missing the upper bound is judged"


def test_a_balance_that_went_astray_is_told_by_the_cameras() -> None:
    run = Run(rules("square", balance=True, capacity=1000), gates=(NORTH,))
    for number in range(60):
        run.say(gate("north", 50, 40), after=55)
        # 4 a minute slip out unseen.
        run.say(look("square", 0.5, 6 * number), after=5)
    inside = run.state.zones["square"].inside
    assert inside is not None
    assert inside.off is not None
    assert 50 < inside.off < 240
    assert inside.drift is not None
    assert inside.drift > 50
    zone = run.state.zones["square"]
    assert zone.people is not None
    assert zone.people.value == 6 * 59, "and the cameras' count stays what it is"


def test_one_wrong_message_of_an_instrument_raises_nothing() -> None:
    def told(value: float) -> Occupancy:
        return Occupancy(
            zone="hall",
            age_s=0,
            state=State.GOOD,
            method="t",
            reset="noon",
            occupancy=Band(value=value, low=0, high=1e5),
        )

    run = Run(rules("hall", capacity=1000))
    for value in (100, 100, 90_000, 100, 100):
        run.say(told(value))
    assert run.changes("hall") == []
    run.say(told(1100))
    run.say(told(1100))
    assert [one.to_tier for one in run.changes("hall")] == [Tier.RED]


def test_the_site_has_the_tier_of_its_worst_zone_also_where_that_is_unknown() -> None:
    run = Run(rules("a"), rules("b", ZoneKind.STEPS))
    for _ in range(90):
        run.say(look("a", 1.0, 10), look("b", 3.0, 10), after=1)
    view = site_view(run.state)
    assert (view.tier, view.zone, view.unknown) == (Tier.ORANGE, "b", ())
    for _ in range(20):
        run.say(look("a", 1.0, 10), after=1)
        run.do(Tick(at=run.at))
    view = site_view(run.state)
    assert (view.tier, view.zone, view.unknown) == (Tier.ORANGE, "b", ("b",))
    assert site_view(new_site("empty", START)).tier is Tier.NORMAL


def test_a_wave_that_leaves_one_zone_warns_the_next_on_its_path() -> None:
    """A full square of 2,000 empties towards steps of 50 m²; towards another square of 5,000 m² it is nothing."""

    def play(area: float, *onward: Onward) -> Run:
        run = Run(
            rules("square", onward=onward),
            rules("steps", ZoneKind.STEPS, forecast=False),
        )
        for second in range(1, 1500):
            left = 2000.0 if second < 900 else max(300.0, 2000 - (second - 900) * 5.0)
            run.say(look("square", left / 500, left), look("steps", 0.6, 0.6 * area, area), after=1)
            run.do(Tick(at=run.at))
        return run

    warned = play(50.0, Onward(zone="steps", walk_s=60)).changes("steps")
    assert warned[0].why.startswith("neighbour square is emptying")
    assert (warned[0].kind, warned[0].cause) == (Kind.FORECAST, "neighbour")
    assert warned[0].to_tier <= Tier.ORANGE
    assert START + 900 < warned[0].at < START + 1200
    assert play(5000.0, Onward(zone="steps", walk_s=60)).changes("steps") == []
    assert play(50.0).changes("steps") == []


def test_a_changed_threshold_is_an_event_with_a_name() -> None:
    before = rules("a", capacity=500)
    run = Run(before)
    changed = replace(before, capacity=400, density=Levels(blue=2, yellow=3, orange=4, red=5.5))
    run.do(SettingsApplied(at=run.at + 1, zones=(changed,), by="Li Wei", reason="the fence stands closer now"))
    told = [one for one in run.effects if isinstance(one, SettingsChanged)]
    assert len(told) == 1
    assert set(told[0].changes) == {("density.red", "5", "5.5"), ("capacity", "500", "400")}
    assert told[0].by == "Li Wei"
    assert told[0].why == (
        "settings changed by Li Wei (the fence stands closer now): density.red from 5 to 5.5, capacity from 500 to 400"
    )
    run.do(SettingsApplied(at=run.at + 2, zones=(changed,), by="Li Wei"))
    assert len([one for one in run.effects if isinstance(one, SettingsChanged)]) == 1, "the same again is no change"
    nameless = replace(changed, capacity=None)
    run.do(SettingsApplied(at=run.at + 3, zones=(nameless,)))
    last = run.effects[-1]
    assert isinstance(last, SettingsChanged)
    assert last.why == "settings changed by somebody who is not named: capacity from 400 to none"


def test_a_state_of_before_still_loads_and_goes_on() -> None:
    state = decode_state(base64.b64decode("".join(OLD_STATE)))
    steps = state.zones["steps"]
    assert (steps.tier, state.number) == (Tier.RED, 0)
    effects: list[Effect] = []
    for second in range(1, 400):
        at = 1030.0 + second
        state, followed = step(state, Observed(at=at, readings=(look("steps", 0.5, 10),)))
        effects += followed
    falls = [one for one in effects if isinstance(one, TierChanged)]
    assert [one.to_tier for one in falls] == [Tier.ORANGE, Tier.YELLOW]
    assert decode_state(encode_state(state)) == state


def test_a_full_state_stays_under_4_kb_a_zone() -> None:
    onward = (Onward(zone="b", walk_s=90.0),)
    zones = tuple(
        rules(name, capacity=5000, balance=True, onward=onward if name == "a" else (), exit_width_m=7.5, stale_s=30.0)
        for name in ("a", "b")
    )
    names = [f"gate-{n:02}-" + "x" * 40 for n in range(MAX_GATES)]
    run = Run(*zones, gates=tuple(GateRules(gate=name, into="a") for name in names))
    for second in range(1, 2400):
        value = 2.0 + second % 17 / 9
        readings = [
            replace(look(zone, value, 900 + second / 7), speed=0.31, counterflow=0.123, pressure=0.0123)
            for zone in ("a", "b")
        ]
        gates = [gate(name, 41.7, 12.3) for name in names] if second % 60 == 0 else []
        run.say(*readings, *gates, after=1)
        run.do(Tick(at=run.at))
    for zone in run.state.zones.values():
        # The gates themselves are the site's.
        alone = replace(run.state, zones={zone.rules.zone: zone}, gates=())
        assert len(encode_state(alone)) < 4000, len(encode_state(alone))


def test_nothing_that_is_unknown_is_told_twice() -> None:
    run = Run(rules("a"))
    assert [type(one) for one in run.effects] == [HeldUnknown]


def test_more_gates_than_a_state_holds_are_refused_at_load() -> None:
    site = {
        "site": "bund", "title": "B", "responsible": "R",
        "zones": [{"name": "a", "title": "A", "kind": "flat", "box": "b"}],
        "gates": [{"name": f"gate-{n}", "box": "b", "into": "a"} for n in range(MAX_GATES)],
    }  # fmt: skip
    assert len(msgspec.convert(site, SiteSettings).gates) == MAX_GATES
    site["gates"].append({"name": "one-more", "box": "b", "out_of": "a"})  # type: ignore[attr-defined]
    with pytest.raises(msgspec.ValidationError, match="zone a: 9 gates are more than the 8 that a zone can have"):
        msgspec.convert(site, SiteSettings)


def test_a_gate_that_returns_after_a_gap_keeps_the_gaps_doubt_until_a_reset() -> None:
    run = Run(rules("hall", capacity=1000, balance=True), gates=(GateRules(gate="door", into="hall"),))
    run.say(gate("door", 50, 0), after=60)
    assert run.state.zones["hall"].inside.basis == ""  # type: ignore[union-attr]
    run.say(gate("door", 50, 0), after=600)
    for _ in range(3):
        run.say(gate("door", 50, 0), after=60)
    inside = run.state.zones["hall"].inside
    assert inside is not None
    assert inside.basis.startswith("upper bound: gates not all known since the reset")
    assert inside.judged == inside.high > inside.value + 300
    run.do(OccupancyReset(at=run.at, zone="hall", name="counted", value=300))
    run.say(gate("door", 50, 0), after=60)
    inside = run.state.zones["hall"].inside
    assert inside is not None
    assert (inside.basis, inside.judged) == ("", inside.value)
