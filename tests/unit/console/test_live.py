"""What a screen shows: the newest word, never an old one as if it were new; and the board, late and coarse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.assess import Observed, new_site, step
from alerting.assess.forecast import forecast
from alerting.console.board import Board, Comfort, Now
from alerting.console.feed import WAITING, Connection
from alerting.console.history import STEP_S, History
from alerting.console.live import LOST_S, Live, rank
from alerting.console.settings import BoardPlace, BoardSettings
from alerting.console.words import _WORDS, choose
from alerting.settings import SiteSettings
from alerting.view import IncidentView, View, ZoneView, zone_view
from wire import Band, Instant, Kind, State, Throughput, Tier, TierMessage, TierName

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
SITE = msgspec.convert(
    {
        "site": "bund",
        "title": "Bund",
        "responsible": "Duty room",
        "zones": [{"name": name, "title": name.title(), "kind": "steps", "box": "b"} for name in ("steps", "square")],
    },
    SiteSettings,
)


def zone(
    name: str = "steps", tier: TierName = TierName.NORMAL, *, held: bool = False, density: float = 1.0
) -> ZoneView:
    band = None if held else Band(value=density, low=density, high=density)
    return ZoneView(
        "bund", "Bund", name, name, "steps", tier, NOON, "why", held, "dark" if held else "", band, band, 0.1, 1.0
    )


def view(*zones: ZoneView, term: int = 1, at: datetime = NOON, role: str = "leader", **more: object) -> View:
    shown = zones or (zone("steps"), zone("square"))
    return View("alerting", term, at, True, True, shown, (), (), {}, role=role, **more)  # type: ignore[arg-type]


def tier(name: str, level: TierName, *, after_s: float = 1, term: int = 1, held: bool = False) -> TierMessage:
    sent = NOON + timedelta(seconds=after_s)
    return TierMessage(
        version=1,
        site="bund",
        zone=name,
        tier=level,
        held=held,
        since=sent,
        why="density",
        kind=Kind.OBSERVED,
        sent=sent,
        expires=sent + timedelta(seconds=30),
        term=term,
    )


def shown(live: Live, steady: float, name: str = "steps") -> dict[str, object]:
    return next(one for one in live.zones(steady) if one["zone"] == name)


def test_nothing_is_green_before_the_service_has_said_so() -> None:
    live = Live([SITE])
    assert {one["sight"] for one in live.zones(0.0)} == {"lost"}
    assert {one["tier"] for one in live.zones(0.0)} == {None}
    assert live.health(0.0)["state"] == "lost"


def test_what_is_not_heard_anew_is_lost_and_has_no_figures() -> None:
    live = Live([SITE])
    live.hear_view(view(zone("steps", TierName.RED)), 100.0)
    assert shown(live, 100.0 + LOST_S)["sight"] == "seen"
    late = shown(live, 100.1 + LOST_S)
    assert (late["sight"], late["tier"], late["density"], late["people"], late["hand"]) == (
        "lost",
        "red",
        None,
        None,
        None,
    )
    assert live.health(100.1 + LOST_S)["wrong"][0] == "service-lost"


def test_a_tier_over_mqtt_comes_before_the_next_look_and_an_older_one_changes_nothing() -> None:
    live = Live([SITE])
    live.hear_view(view(), 100.0)
    assert live.hear_tier(tier("steps", TierName.RED))
    assert shown(live, 100.2)["tier"] == "red"
    assert not live.hear_tier(tier("steps", TierName.NORMAL, after_s=0.5)), "sent before"
    live.hear_view(view(zone("steps", TierName.ORANGE), at=NOON + timedelta(seconds=2)), 100.4)
    assert shown(live, 100.5)["tier"] == "orange", "the newer word counts"


def test_a_former_leader_is_not_believed() -> None:
    live = Live([SITE])
    live.hear_view(view(zone("steps", TierName.RED), term=5), 100.0)
    assert not live.hear_view(view(zone("steps", TierName.NORMAL), term=4), 100.5)
    assert not live.hear_view(view(role="standby", term=9), 100.5)
    assert not live.hear_tier(tier("steps", TierName.NORMAL, term=4))
    assert shown(live, 100.7)["tier"] == "red"


def test_a_zone_that_the_service_does_not_tell_of_is_lost_and_strangers_are_not_shown() -> None:
    live = Live([SITE])
    live.hear_view(view(zone("steps"), zone("moon")), 100.0)
    assert shown(live, 100.0, "square")["sight"] == "lost"
    assert [one["zone"] for one in live.zones(100.0)] == ["square", "steps"]
    assert not live.hear_tier(tier("moon", TierName.RED))


def test_the_worst_comes_first_and_unknown_before_what_is_calm() -> None:
    order = [
        (TierName.RED, True),
        (TierName.RED, False),
        (TierName.YELLOW, False),
        (TierName.NORMAL, True),
        (TierName.BLUE, False),
        (TierName.NORMAL, False),
    ]
    ranks = [rank({"tier": tier.value, "sight": "held" if held else "seen"}) for tier, held in order]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == len(ranks)


def test_people_are_called_by_what_they_are_called() -> None:
    incident = IncidentView(
        "aa", "bund", "steps", "acknowledged", TierName.RED, TierName.RED, NOON, ("li",), None, "li"
    )
    live = Live([SITE], {"li": "李伟"})
    live.hear_view(view(incidents=(incident,)), 1.0)
    hand = shown(live, 1.0)["hand"]
    assert isinstance(hand, dict)
    assert (hand["who"], hand["called"]) == ("李伟", "李伟")


def test_a_browser_that_does_not_keep_up_is_let_go_alone() -> None:
    slow = Connection()
    for _ in range(WAITING + 5):
        slow.put("x")
    assert slow.slow
    assert slow._queue.get_nowait() is None
    assert slow._queue.empty()


def test_history_keeps_the_mean_with_the_widest_band_and_leaves_gaps() -> None:
    history = History(1, [("bund", "steps")])
    begin = 1_800_000_000.0 // STEP_S * STEP_S
    for second, density in enumerate((1.0, 3.0)):
        history.add_views([zone(density=density)], begin + second)
    history.add_views([zone(held=True)], begin + STEP_S)
    columns = history.of(("bund", "steps"), begin + STEP_S, 0.02)
    density = columns["density"]
    assert isinstance(density, dict)
    assert density["value"][-2:] == [2.0, None], "unknown is a gap, not a zero"
    assert (density["low"][-2], density["high"][-2]) == (1.0, 3.0)
    later = history.of(("bund", "steps"), begin + 3 * 3600, 1)
    assert isinstance(later["density"], dict)
    assert set(later["density"]["value"]) == {None}, "a ring that has gone round shows nothing old"


PLACES = BoardSettings(delay_s=120, step_s=60, places=(BoardPlace(name="b", zh="外滩", en="Bund", zones=("bund",)),))
A, B = "bund/steps", "bund/square"


def comfort(board: Board, at: float) -> Comfort:
    return board.lines(at)[1][0].comfort


def test_the_board_tells_late_and_in_steps() -> None:
    board = Board(PLACES, [SITE])
    begin = 1_800_000_000.0
    assert comfort(board, begin) is Comfort.UNKNOWN
    told = []
    for second in range(400):
        level = Tier.NORMAL if second < 130 else Tier.RED
        board.add({A: Now(level, True), B: Now(Tier.NORMAL, True)}, begin + second)
        told.append(comfort(board, begin + second))
    # The step from 120 to 180 holds a red, and is told once it has been over for two minutes.
    assert [told.index(one) for one in (Comfort.UNKNOWN, Comfort.CALM, Comfort.AVOID)] == [0, 180, 300]
    assert set(told[300:]) == {Comfort.AVOID}


def test_an_old_calm_is_told_as_unknown() -> None:
    board = Board(PLACES, [SITE])
    board.add({A: Now(Tier.NORMAL, True)}, 1_800_000_000.0)
    assert comfort(board, 1_800_000_200.0) is Comfort.CALM
    assert comfort(board, 1_800_001_000.0) is Comfort.UNKNOWN


@pytest.mark.parametrize(
    ("zones", "wanted"),
    [
        ({A: Now(Tier.NORMAL, True), B: Now(Tier.NORMAL, True)}, Comfort.CALM),
        ({A: Now(Tier.BLUE, True), B: Now(Tier.NORMAL, True)}, Comfort.BUSY),
        ({A: Now(Tier.NORMAL, True), B: Now(Tier.NORMAL, False)}, Comfort.UNKNOWN),
        ({A: Now(Tier.YELLOW, True), B: Now(Tier.NORMAL, False)}, Comfort.VERY_BUSY),
        ({A: Now(Tier.NORMAL, True), B: Now(Tier.RED, False)}, Comfort.AVOID),
        ({A: Now(Tier.ORANGE, True), B: Now(Tier.NORMAL, True)}, Comfort.AVOID),
        ({}, Comfort.UNKNOWN),
    ],
)
def test_the_worst_zone_of_a_place_counts_and_unknown_is_never_calm(zones: dict[str, Now], wanted: Comfort) -> None:
    board = Board(msgspec.structs.replace(PLACES, delay_s=0, step_s=1), [SITE])
    board.add(zones, 100.0)
    assert comfort(board, 101.0) is wanted


@given(st.lists(st.tuples(st.floats(0, 1e6), st.sampled_from(list(Tier)), st.booleans()), max_size=40))
def test_the_board_bears_any_clock(said: list[tuple[float, Tier, bool]]) -> None:
    board = Board(PLACES, [SITE])
    for at, level, seen in said:
        board.add({A: Now(level, seen)}, at)
        as_of, _ = board.lines(at)
        assert as_of is None or as_of <= at - PLACES.delay_s


def test_every_word_is_there_in_both_languages() -> None:
    for key, (chinese, english) in _WORDS.items():
        assert chinese.strip(), key
        assert english.strip(), key
        assert chinese.count("{") == english.count("{"), key


@pytest.mark.parametrize(
    ("cookie", "accepted", "wanted"),
    [
        ("en", "zh", "en"),
        (None, "en-GB,en;q=0.9", "en"),
        (None, "fr, zh-CN;q=0.5", "zh"),
        ("<script>", "fr", "zh"),
        (None, "," * 10_000, "zh"),
    ],
)
def test_a_browser_gets_its_language(cookie: str | None, accepted: str, wanted: str) -> None:
    assert choose(cookie, accepted, "zh") == wanted


def test_an_end_point_that_says_the_same_again_is_no_news() -> None:
    """The judgement may hang while /state answers."""
    live = Live([SITE])
    assert live.hear_view(view(), 100.0)
    for second in range(1, 10):
        assert not live.hear_view(view(), 100.0 + second)
    assert shown(live, 100.0 + LOST_S + 0.1)["sight"] == "lost"
    assert live.hear_view(view(at=NOON + timedelta(seconds=1)), 120.0)
    assert shown(live, 120.0)["sight"] == "seen"


def gated(at: float, *heard: tuple[str, float]) -> ZoneView:
    """The steps with two gates, of which those in `heard` have spoken, at their times."""
    gates = [{"name": name, "box": "b", "into": "steps"} for name in ("north", "south")]
    whole = {"site": "bund", "title": "Bund", "responsible": "r", "gates": gates}
    site = msgspec.convert(
        {**whole, "zones": [{"name": "steps", "title": "S", "kind": "steps", "box": "b"}]}, SiteSettings
    )
    state, _ = step(new_site("bund", 1000.0), site.applied(1000.0))
    for gate, when in heard:
        reading = Throughput(zone=gate, age_s=0, state=State.GOOD, method="t", interval_s=60, inflow=30.0, outflow=12.5)
        state, _ = step(state, Observed(at=when, readings=(reading,)))
    return zone_view(site, "S", state.zones["steps"], at)


@pytest.mark.parametrize(
    ("heard", "at", "wanted"),
    [
        ((), 1010.0, (None, None)),
        ((("north", 1001.0),), 1010.0, (None, None)),
        ((("north", 1001.0), ("south", 1002.0)), 1010.0, (60.0, 25.0)),
        ((("north", 1001.0), ("south", 1002.0)), 1151.5, (None, None)),
    ],
    ids=["none", "one of two", "both", "one has gone silent"],
)
def test_flows_are_told_only_where_every_gate_is_heard(
    heard: tuple[tuple[str, float], ...], at: float, wanted: tuple[float | None, float | None]
) -> None:
    seen = gated(at, *heard)
    assert (seen.inflow, seen.outflow) == wanted
    history = History(1, [("bund", "steps")])
    history.add_views([seen], 1_800_000_000.0)
    inflow = history.of(("bund", "steps"), 1_800_000_000.0, 0.1)["inflow"]
    assert isinstance(inflow, dict)
    assert inflow["value"][-1] == wanted[0]


def test_a_forecast_is_told_as_it_would_be_made_anew() -> None:
    """It is kept for the minute that it holds for; whatever it is made from changes it at once."""
    state, _ = step(new_site("bund", 60_000.0), SITE.applied(60_000.0))
    for minute in range(30):
        for second in (1, 21, 41):
            at, value = 60_000.0 + 60 * minute + second, 1.0 + 0.05 * minute
            band = Band(value=value, low=value * 0.9, high=value * 1.1)
            reading = Instant(zone="steps", age_s=0, state=State.GOOD, method="t", count=band, peak_density=band)
            state, _ = step(state, Observed(at=at, readings=(reading,)))
            told = zone_view(SITE, "Steps", state.zones["steps"], at).ahead
            anew = forecast(state.zones["steps"], "density", at)
            assert [one.minutes for one in told] == [one.minutes for one in anew]
            assert [one.density.value for one in told] == [round(max(0.0, one.median), 3) for one in anew]
    assert told, "there was something to foresee"
    gone = zone_view(SITE, "Steps", state.zones["steps"], at + 600).ahead
    assert gone == (), "and nothing of a zone that has not been seen for minutes"
