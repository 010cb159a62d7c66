"""A place that several boxes see: counts add, the worst cell is the worst of all, and no part is taken for empty."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.assess import Observed, SettingsApplied, SiteState, Tick, ZoneKind, ZoneRules, new_site, step
from alerting.assess.rules import DENSITY_LEVELS
from alerting.assess.state import decode_state, encode_state
from alerting.ingest import open_door
from alerting.settings import SiteSettings, ZoneSettings
from wire import Band, Instant, State, Tier

START = 1_000_000.0


def rules(name: str, **more: object) -> ZoneRules:
    kind = ZoneKind.FLAT
    return ZoneRules(zone=name, kind=kind, density=DENSITY_LEVELS[kind], forecast=False, **more)  # type: ignore[arg-type]


ZONES = (rules("north"), rules("south"), rules("square", parts=("north", "south")))


def band(value: float) -> Band:
    return Band(value=value, low=value * 0.9, high=value * 1.2)


def look(zone: str, people: float, peak: float, **more: object) -> Instant:
    fields: dict[str, object] = {
        "age_s": 0.0, "state": State.GOOD, "method": "t", "count": band(people), "area_m2": 100.0,
        "density": people / 100, "peak_density": band(peak), **more,
    }  # fmt: skip
    return Instant(zone=zone, **fields)  # type: ignore[arg-type]


def unknown(zone: str) -> Instant:
    return Instant(zone=zone, age_s=0.0, state=State.UNKNOWN, method="t", reasons=("camera-off",))


class Run:
    def __init__(self) -> None:
        self.at = START
        self.state: SiteState = new_site("s", START)
        self.state, _ = step(self.state, SettingsApplied(at=START, zones=ZONES))

    def feed(self, north: Instant | None, south: Instant | None, seconds: int = 1) -> Run:
        for _ in range(seconds):
            self.at += 1.0
            # each box sends by itself
            for reading in (north, south):
                if reading is not None:
                    self.state, _ = step(self.state, Observed(at=self.at, readings=(reading,)))
            self.state, _ = step(self.state, Tick(at=self.at))
        return self

    @property
    def square(self):
        return self.state.zones["square"]


def test_counts_add_and_the_worst_cell_is_the_worst() -> None:
    run = Run().feed(look("north", 100, 1.5), look("south", 40, 4.5), 5)
    square = run.square
    assert square.people is not None
    assert (square.people.value, square.people.low, square.people.high) == pytest.approx((140, 126, 168))
    assert square.density == band(4.5)
    assert square.area_m2 == 200.0
    assert not square.blind


def test_the_whole_is_judged_by_its_worst_part() -> None:
    run = Run().feed(look("north", 100, 1.0), look("south", 40, 4.3), 120)
    assert run.square.tier is Tier.ORANGE
    assert run.state.zones["south"].tier is Tier.ORANGE
    assert run.state.zones["north"].tier is Tier.NORMAL


@pytest.mark.parametrize("gone", [unknown("south"), None])
def test_a_part_that_is_gone_is_not_taken_for_empty(gone: Instant | None) -> None:
    run = Run().feed(look("north", 100, 1.0), look("south", 40, 4.3), 120).feed(look("north", 100, 1.0), gone, 60)
    square = run.square
    assert square.tier is Tier.ORANGE
    assert square.people is not None
    assert square.people.value == pytest.approx(140)
    assert square.people.high == pytest.approx(100 * 1.2 + 40 * 1.2 * 1.5)
    assert "part-unknown:south" in square.basis
    # And it never clears: what was there may be there still.
    run.feed(look("north", 10, 0.2), gone, 500)
    assert run.square.tier is Tier.ORANGE


def test_nothing_known_of_any_part_is_nothing_known() -> None:
    run = Run().feed(look("north", 100, 1.0), look("south", 40, 1.0), 5).feed(unknown("north"), unknown("south"), 20)
    assert run.square.unknown_since is not None
    run.feed(look("north", 100, 1.0), look("south", 40, 1.0), 20)
    assert run.square.unknown_since is None


def test_a_degraded_part_degrades_the_whole_and_says_why() -> None:
    doubtful = look("south", 40, 1.0, state=State.DEGRADED, reasons=("camera-moved",))
    run = Run().feed(look("north", 100, 1.0), doubtful, 5)
    assert "camera-moved" in run.square.basis


def test_an_older_word_does_not_undo_a_newer_and_the_state_is_kept() -> None:
    run = Run().feed(look("north", 100, 1.0), look("south", 40, 1.0), 3)
    run.feed(look("north", 5, 0.1, age_s=3.0), None)
    assert run.square.parts["north"].count.value == 100
    again = decode_state(encode_state(run.state))
    assert again.zones["square"].parts == run.square.parts
    assert len(msgspec.msgpack.encode(run.square)) < 4000


@given(st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0, 9), st.floats(0, 9), st.booleans())
def test_the_whole_is_never_less_than_any_of_its_parts(
    north: float, south: float, one: float, two: float, lost: bool
) -> None:
    run = Run().feed(look("north", north, one), look("south", south, two))
    if lost:
        run.feed(look("north", north, one), unknown("south"))
    square = run.square
    assert square.people is not None
    assert square.density is not None
    assert square.people.value >= max(north, south) - 1e-6
    assert square.density.value >= max(one, two) - 1e-6
    assert square.people.low <= square.people.value <= square.people.high


def settings(**square: object) -> SiteSettings:
    zones = [ZoneSettings(name=name, title=name, kind=ZoneKind.FLAT, box=f"box-{name}") for name in ("north", "south")]
    zones.append(ZoneSettings(name="square", title="Square", kind=ZoneKind.FLAT, **square))  # type: ignore[arg-type]
    return SiteSettings(site="s", title="S", responsible="u", zones=tuple(zones))


def test_a_whole_has_no_owner_and_no_box_may_speak_for_it() -> None:
    door = open_door([settings(parts=("north", "south"))])
    assert door.owners["s"] == {"north": "box-north", "south": "box-south"}
    assert settings(parts=("north", "south")).zones[2].rules().parts == ("north", "south")


@pytest.mark.parametrize(
    ("square", "says"),
    [
        ({}, "zone square: give one of `box` and `parts`"),
        ({"box": "b", "parts": ("north",)}, "zone square: give one of `box` and `parts`"),
        ({"parts": ("north", "nowhere")}, "the part nowhere is no zone of the site that a box owns"),
        ({"parts": ("north", "square")}, "the part square is no zone of the site that a box owns"),
        ({"parts": ("north", "north")}, "the part north is listed twice"),
    ],
)
def test_parts_that_make_no_whole_are_refused(square: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        settings(**square)
