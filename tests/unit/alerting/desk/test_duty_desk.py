"""The duty desk, as the people in it would see it, and as somebody who wants to get round it would try."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.desk.events import (
    Assessed,
    Began,
    CapDraft,
    CapReleased,
    DrillBegun,
    DrillEnded,
    DrillHeard,
    DrillOver,
    Forgotten,
    HazardClosed,
    HazardOpened,
    HazardRechecked,
    IncidentEnded,
    Noticed,
    OccasionCancelled,
    OccasionSet,
    OccasionTurned,
    Passed,
    Received,
    RollAnswered,
    StepDone,
    TierFell,
    TierRose,
    Withdrawn,
)
from alerting.desk.rollcalls import moment_of
from alerting.desk.settings import DeskSettings, HazardKind, HazardLevel, RollCallSettings
from alerting.desk.state import DeskRefused, HazardState, TaskState, decode_desk
from tests.unit.alerting.desk.conftest import DESK, T0, Fold, make, notices, refusal
from wire import Tier

DAY = 86_400.0


def rise(desk: Fold, tier: Tier = Tier.ORANGE, incident: str = "i1", zone: str = "steps", **more: Any) -> list[Any]:
    return desk.happens(TierRose(desk.now, "bund", zone, tier, incident, "density 4.1", **more))


def task(desk: Fold, step: str) -> Any:
    return next(one for one in desk.state.tasks.values() if one.step == step)


# Plans and linkage


def test_a_rise_begins_the_steps_of_its_plan_and_tells_each_owner_once(desk: Fold) -> None:
    told = notices(rise(desk))
    assert [(one.to, one.what) for one in told] == [("ann", "steps"), ("cid", "steps"), ("metro", "linkage")]
    assert "Make the steps one-way" in told[0].en
    assert told[0].asks == (f"step:{task(desk, 'one-way').id}",)
    assert not notices(rise(desk)), "a second cause at the same tier begins nothing twice"
    assert [one.to for one in notices(rise(desk, Tier.RED))] == ["ann"], "red adds its own plan"
    assert not notices(rise(desk, Tier.YELLOW, "i2")), "below the plan's tier nothing is begun"
    assert not [one for one in notices(rise(desk, zone="square", incident="i3")) if one.what == "linkage"]


def test_a_step_is_ticked_off_by_name_and_no_longer_asked_for(desk: Fold) -> None:
    rise(desk)
    desk.now += 60
    one_way = task(desk, "one-way")
    asked = desk.happens(StepDone(desk.now, one_way.id, "ann"))
    assert any(isinstance(one, Withdrawn) and f"step:{one_way.id}" in one.asks for one in asked)
    (entry,) = desk.log("step", "done")
    assert entry.body["by"] == "ann"
    assert entry.people == ("by",)
    assert entry.body["took_s"] == 60
    assert not entry.body["late"]
    assert refusal(desk.happens(StepDone(desk.now, one_way.id, "bob"))) == "already"
    assert not [one for one in notices(desk.wait(3600)) if f"step:{one_way.id}" in one.asks]


def test_an_overdue_step_calls_its_owner_and_the_unit_above_again_and_again(desk: Fold) -> None:
    rise(desk)
    asked = desk.wait(301, 1)
    late = [one for one in notices(asked, "overdue") if f"step:{task(desk, 'one-way').id}" in one.asks]
    assert [one.to for one in late] == ["ann", "cid"]
    assert task(desk, "one-way").state is TaskState.OVERDUE
    again = [one for one in notices(desk.wait(301, 1), "overdue") if f"step:{task(desk, 'one-way').id}" in one.asks]
    assert [one.to for one in again] == ["ann", "cid"]
    assert {one.id for one in late}.isdisjoint({one.id for one in again})
    assert len(desk.log("step", "overdue")) == 2, "recorded once for each step, however often it is called for"


def test_a_body_that_gives_no_receipt_is_asked_again_and_its_receipt_is_late(desk: Fold) -> None:
    rise(desk)
    asked = desk.wait(190, 1)
    assert [one.to for one in notices(asked, "linkage")] == ["metro"]
    assert {"cid", "dan"} <= {one.to for one in notices(asked, "overdue")}
    desk.happens(Received(desk.now, task(desk, "skip").id))
    (entry,) = desk.log("step", "received")
    assert entry.body["late"]
    assert entry.body["to"] == "metro"


def test_what_was_not_done_lapses_with_the_incident_and_is_said_so(desk: Fold) -> None:
    rise(desk)
    desk.happens(IncidentEnded(desk.now, "i1"))
    assert {one.body["step"] for one in desk.log("step", "lapsed")} == {"one-way", "skip"}
    assert refusal(desk.happens(StepDone(desk.now, task(desk, "one-way").id, "ann"))) == "closed"
    desk.wait(2 * DAY, 600)
    assert not desk.state.tasks, "and is forgotten after a day"


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (lambda t: StepDone(T0, t, "nobody"), "unknown-person"),
        (lambda t: StepDone(T0, "x", "ann"), "unknown-step"),
        (lambda t: StepDone(T0, t, "ann", waived=True), "no-reason"),
        (lambda t: Received(T0, t), "unknown-step"),
    ],
)
def test_ticking_refused(desk: Fold, event: Any, reason: str) -> None:
    rise(desk)
    assert refusal(desk.happens(event(task(desk, "one-way").id))) == reason
    assert task(desk, "one-way").state is TaskState.OPEN


# Events


def moved(desk: Fold, **more: Any) -> list[Any]:
    given = {"begins": "2026-03-06 21:00", **more}
    return desk.happens(OccasionSet(desk.now, "countdown", "cid", "the stage moved", **given))


def test_an_event_that_is_moved_is_a_hazard_until_somebody_renews_its_assessment(desk: Fold) -> None:
    assert not desk.state.hazards
    asked = moved(desk)
    (hazard,) = desk.state.hazards.values()
    assert hazard.kind is HazardKind.STALE
    assert hazard.owner == "street"
    assert hazard.deadline <= desk.book.time("2026-03-06 21:00")
    assert [one.to for one in notices(asked, "hazard")] == ["cid"]
    assert refusal(desk.happens(HazardClosed(desk.now, hazard.id, "dan", "talked about it"))) == "still-wrong"
    desk.happens(Assessed(desk.now, "countdown", "dan", "file 2026-17"))
    assert next(iter(desk.state.hazards.values())).state is HazardState.CLOSED
    assert desk.log("hazard", "closed")[0].body["by"] == "dan"
    (change,) = desk.log("event", "changed")
    assert change.body["changes"] == [["begins", "2026-03-06 20:00", "2026-03-06 21:00"]]


def test_an_event_moved_back_needs_no_new_assessment(desk: Fold) -> None:
    moved(desk)
    moved(desk, begins="2026-03-06 20:00")
    assert next(iter(desk.state.hazards.values())).state is HazardState.CLOSED


def test_an_edit_of_the_file_is_a_change_as_well(desk: Fold) -> None:
    events = [{**DESK["events"][0], "expected": 90_000}]
    other = make(events=events)
    other.state = desk.state
    other.happens(Began(desk.now, "seed"))
    assert [one.kind for one in other.state.hazards.values()] == [HazardKind.STALE]


def test_an_event_nobody_assessed_is_a_hazard_a_week_before() -> None:
    events = [{**DESK["events"][0], "begins": "2026-03-20 20:00", "ends": "2026-03-21 01:00",
               "assessment": {"owner": "street"}}]  # fmt: skip
    desk = make(events=events)
    assert not desk.state.hazards
    desk.wait(12 * DAY, 600)
    assert [one.kind for one in desk.state.hazards.values()] == [HazardKind.STALE]


def test_an_event_begins_and_ends(desk: Fold) -> None:
    turned = [one for one in desk.wait(6 * DAY, 600) if isinstance(one, OccasionTurned)]
    assert [one.on for one in turned] == [True, False]
    assert refusal(moved(desk)) == "over"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"begins": "2026-03-07 02:00"}, "invalid"),
        ({"begins": "tomorrow"}, "invalid"),
        ({"zones": ("roof",)}, "invalid"),
        ({"site": "moon"}, "invalid"),
        ({"begins": "2026-03-06 20:00"}, "already"),
    ],
)
def test_events_refused(desk: Fold, change: dict[str, Any], reason: str) -> None:
    before = desk.state.occasions
    assert refusal(moved(desk, **change)) == reason
    assert desk.state.occasions == before


def test_an_event_without_a_reason_or_a_name_is_refused(desk: Fold) -> None:
    assert refusal(desk.happens(OccasionSet(T0, "countdown", "ann", " ", expected=1))) == "no-reason"
    assert refusal(desk.happens(OccasionSet(T0, "new", "ann", "why", title="New"))) == "incomplete"
    assert refusal(desk.happens(OccasionCancelled(T0, "new", "ann", "why"))) == "unknown-event"
    assert refusal(desk.happens(Assessed(T0, "countdown", "dan", ""))) == "no-words"


# Roll-calls


@given(st.text(max_size=20), st.integers(0, 10**6), st.floats(1, 24), st.floats(30, 7200))
def test_a_roll_call_lies_within_its_window_with_time_to_answer(
    seed: str, window: int, every: float, answer: float
) -> None:
    settings = RollCallSettings(unit="operator", every_h=every, answer_s=answer)
    at = moment_of(seed, settings, window) - window * every * 3600
    assert 0 <= at <= max(1.0, every * 3600 - answer) + 1e-3
    assert moment_of(seed, settings, window) == moment_of(seed, settings, window)


def test_roll_calls_differ_from_day_to_day_and_with_the_seed() -> None:
    settings = RollCallSettings(unit="operator")
    times = [moment_of("a", settings, window) % (4 * 3600) for window in range(60)]
    assert len({round(time / 60) for time in times}) > 40
    assert moment_of("a", settings, 7) != moment_of("b", settings, 7)


def test_a_roll_call_is_confirmed_or_missed_and_a_miss_goes_up(desk: Fold) -> None:
    while not desk.state.rolls:
        desk.wait(60)
    (roll,) = desk.state.rolls.values()
    assert roll.person == "ann"
    assert refusal(desk.happens(RollAnswered(desk.now, roll.id, "bob"))) == "not-yours"
    asked = desk.wait(330)
    assert [one.to for one in notices(asked, "roll-missed")] == ["cid"]
    desk.happens(RollAnswered(desk.now, roll.id, "ann"))
    assert [one.body["what"] for one in desk.log("roll-call")] == ["asked", "missed", "late"]
    desk.wait(DAY)
    assert len(desk.log("roll-call", "asked")) in (6, 7), "one in each window of four hours"


def test_no_roll_call_disturbs_a_real_orange(desk: Fold) -> None:
    rise(desk)
    desk.wait(DAY)
    assert not desk.log("roll-call", "asked")
    assert desk.log("roll-call", "left-out")


# Hazards


def found(desk: Fold, **more: Any) -> str:
    given = {
        "kind": HazardKind.INSPECTION,
        "level": HazardLevel.STREET,
        "owner": "operator",
        "words": "a gate is locked",
    }
    desk.happens(HazardOpened(desk.now, "h1", "cid", **{**given, **more}))
    return "h1"


def test_a_hazard_is_reminded_of_goes_up_when_overdue_and_is_closed_with_evidence(desk: Fold) -> None:
    name = found(desk)
    asked = desk.wait(6.5 * DAY, 600)
    assert [one.to for one in notices(asked, "reminder")] == ["ann"]
    assert not notices(asked, "hazard-overdue")
    asked = desk.wait(2 * DAY, 600)
    assert [one.to for one in notices(asked, "hazard-overdue")][:4] == ["ann", "cid", "ann", "dan"]
    hazard = desk.state.hazards[name]
    assert hazard.listed
    assert hazard.level is HazardLevel.DEPARTMENT
    assert refusal(desk.happens(HazardClosed(desk.now, name, "ann", "  "))) == "no-evidence"
    desk.happens(HazardClosed(desk.now, name, "ann", "photograph 12"))
    assert not desk.log("hazard", "closed")[0].body["in_time"]
    asked = desk.wait(7.1 * DAY, 600)
    assert notices(asked, "recheck")[0].to == "cid"
    assert refusal(desk.happens(HazardRechecked(desk.now, name, "ann", True))) == "same-person"
    desk.happens(HazardRechecked(desk.now, name, "cid", False, "locked again"))
    assert desk.state.hazards[name].state is HazardState.OPEN
    assert desk.state.hazards[name].reopened == 1


def test_a_camera_that_stays_down_opens_a_hazard_that_cannot_be_talked_away(desk: Fold) -> None:
    broken = Noticed(desk.now, "camera/bund/box/cam", True, HazardKind.CAMERA, "bund", "", "box/cam: dark")
    desk.happens(broken)
    desk.wait(1800)
    assert not [one for one in desk.state.hazards.values() if one.kind is HazardKind.CAMERA], "not at once"
    desk.wait(1860)
    (hazard,) = [one for one in desk.state.hazards.values() if one.kind is HazardKind.CAMERA]
    assert hazard.owner == "district"
    assert refusal(desk.happens(HazardClosed(desk.now, hazard.id, "dan", "it is fine"))) == "still-wrong"
    desk.happens(Noticed(desk.now, "camera/bund/box/cam", False))
    desk.happens(HazardClosed(desk.now, hazard.id, "dan", "new cable"))
    desk.happens(Noticed(desk.now, "camera/bund/box/cam", True, words="dark"))
    desk.wait(3700)
    assert desk.state.hazards[hazard.id].state is HazardState.OPEN, "the same hazard, back again"
    assert desk.state.hazards[hazard.id].reopened == 1


def test_a_plan_that_nobody_exercised_is_a_hazard_and_a_drill_closes_it(desk: Fold) -> None:
    desk.wait(31 * DAY, 3600)
    (hazard,) = [one for one in desk.state.hazards.values() if one.kind is HazardKind.UNEXERCISED]
    drill(desk)
    desk.happens(DrillEnded(desk.now, "cid", "played to its end"))
    assert desk.state.hazards[hazard.id].state is HazardState.CLOSED


# Drills


def drill(desk: Fold) -> list[Any]:
    return desk.happens(DrillBegun(desk.now, "d1", "rehearsal", "cid"))


def test_a_drill_begins_steps_that_are_marked_and_a_real_orange_ends_it(desk: Fold) -> None:
    drill(desk)
    asked = rise(desk, Tier.RED, "d-incident", drill="d1")
    assert {one.drill for one in notices(asked)} == {"d1"}
    assert not desk.state.busy
    assert not any(isinstance(one, DrillOver) for one in rise(desk, Tier.YELLOW, "i1"))
    asked = rise(desk, Tier.ORANGE, "i1")
    assert [one.id for one in asked if isinstance(one, DrillOver)] == ["d1"]
    assert desk.log("drill", "stopped")
    assert {one.state for one in desk.state.tasks.values() if one.drill} == {TaskState.LAPSED}
    assert refusal(drill(desk)) == "busy"
    assert not rise(desk, Tier.RED, "d2-incident", drill="d1"), "what still comes of it begins nothing"


def test_drills_refused(desk: Fold) -> None:
    assert refusal(desk.happens(DrillBegun(T0, "d", "nothing", "cid"))) == "unknown-drill"
    drill(desk)
    assert refusal(drill(desk)) == "drill-running"
    desk.now += 50
    desk.happens(DrillHeard(desk.now))
    desk.wait(50)
    assert desk.state.drill is not None
    desk.wait(40)
    assert desk.state.drill is None
    assert desk.log("drill", "abandoned")
    assert refusal(desk.happens(DrillEnded(T0, "cid", ""))) == "no-drill"


# CAP


def drafts(asked: list[Any]) -> list[CapDraft]:
    return [one for one in asked if isinstance(one, CapDraft)]


def test_cap_alert_update_cancel_and_what_a_person_releases(desk: Fold) -> None:
    (first,) = drafts(rise(desk, Tier.YELLOW))
    assert (first.message, first.scope, first.references) == ("Alert", "Restricted", ())
    desk.now += 60
    (second,) = drafts(rise(desk, Tier.RED))
    assert (second.message, second.references) == ("Update", ((first.identifier, first.sent),))
    assert refusal(desk.happens(CapReleased(desk.now, second.identifier, "ann"))) == "no-right"
    assert refusal(desk.happens(CapReleased(desk.now, first.identifier, "dan"))) == "superseded"
    (public,) = drafts(desk.happens(CapReleased(desk.now, second.identifier, "dan")))
    assert (public.message, public.scope, public.references, public.by) == ("Alert", "Public", (), "dan")
    assert refusal(desk.happens(CapReleased(desk.now, second.identifier, "dan"))) == "already"
    desk.now += 60
    (over,) = drafts(desk.happens(TierFell(desk.now, "bund", "steps", Tier.NORMAL, "i1")))
    assert over.message == "Cancel"
    assert len(over.references) == 2, "the public one is no part of the drafts"
    (cancel,) = drafts(desk.happens(CapReleased(desk.now, over.identifier, "dan")))
    assert (cancel.message, cancel.references) == ("Cancel", ((public.identifier, public.sent),))
    (new,) = drafts(rise(desk, Tier.BLUE, "i2"))
    assert (new.message, new.references) == ("Alert", ())


def test_cap_of_a_drill_is_an_exercise_and_never_public(desk: Fold) -> None:
    drill(desk)
    (made,) = drafts(rise(desk, Tier.RED, "di", drill="d1"))
    assert made.status == "Exercise"
    assert refusal(desk.happens(CapReleased(desk.now, made.identifier, "dan"))) == "exercise"


# Settings, state, people


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: d["plans"][0]["steps"][0].pop("owner"), "owner"),
        (lambda d: d["events"][0].update(ends="2026-03-06 19:00"), "`ends` is not after `begins`"),
        (lambda d: d["events"][0].update(begins="2026-13-06 19:00"), "there is no moment"),
        (lambda d: d["plans"][0]["steps"][1].update(to="navy"), "no body is called navy"),
        (lambda d: d["drills"][0].update(plans=["none"]), "no plan is called none"),
        (lambda d: d["plans"].append(d["plans"][0]), "listed twice"),
    ],
)
def test_settings_refused(spoil: Any, words: str) -> None:
    given = msgspec.json.decode(msgspec.json.encode(DESK))
    spoil(given)
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert(given, DeskSettings)


def test_a_state_of_another_version_is_refused(desk: Fold) -> None:
    with pytest.raises(DeskRefused, match="version 9"):
        decode_desk(msgspec.msgpack.encode(msgspec.structs.replace(desk.state, version=9)))
    with pytest.raises(DeskRefused):
        decode_desk(b"\xff")


def test_a_forgotten_person_stands_nowhere_in_the_state(desk: Fold) -> None:
    found(desk)
    rise(desk)
    desk.happens(StepDone(desk.now, task(desk, "one-way").id, "cid"))
    desk.happens(Assessed(desk.now, "countdown", "cid", "fine"))
    desk.happens(HazardClosed(desk.now, "h1", "cid", "evidence"))
    desk.happens(DrillBegun(desk.now, "d1", "rehearsal", "cid"))
    desk.happens(Forgotten(desk.now, "cid"))
    assert b"\xa3cid" not in msgspec.msgpack.encode(desk.state)


def test_every_name_in_an_entry_stands_under_a_key_that_is_kept_apart(desk: Fold) -> None:
    found(desk)
    rise(desk, Tier.RED)
    desk.happens(StepDone(desk.now, task(desk, "one-way").id, "ann"))
    moved(desk)
    desk.happens(Assessed(desk.now, "countdown", "dan", "fine"))
    desk.happens(HazardClosed(desk.now, "h1", "ann", "evidence"))
    desk.wait(9 * DAY, 600)
    for entry in desk.log("step") + desk.log("hazard") + desk.log("event") + desk.log("roll-call") + desk.log("notice"):
        names = {key for key, value in entry.body.items() if value in ("ann", "bob", "cid", "dan")}
        assert names <= set(entry.people), entry


def test_time_that_is_no_time_is_refused(desk: Fold) -> None:
    with pytest.raises(ValueError, match="no time"):
        desk.happens(Passed(float("nan")))
