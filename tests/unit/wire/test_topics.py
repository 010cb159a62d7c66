"""The table of topics writes what it reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import NAME_PATTERN, SessionRecorded, Tier, TierName, topics

names = st.from_regex(NAME_PATTERN, fullmatch=True).filter(lambda name: name not in {"zones", "drill", "service"})


@given(st.sampled_from(topics.TOPICS), names, names, names, names)
def test_a_topic_that_was_written_reads_back(row: topics.Topic, site: str, box: str, zone: str, instance: str) -> None:
    levels = {"site": site, "box": box, "zone": zone, "instance": instance}
    wanted = {level: name for level, name in levels.items() if f"{{{level}}}" in row.template}
    assert topics.parse(row.at(**wanted)) == (row, wanted)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "levee/v1",
        "levee/v2/bund/box-1/readings",
        "levee/v1/bund/box-1/readings/more",
        "levee/v1/bund/Box/readings",
        "levee/v1/bund//readings",
        "levee/v1/bund/zones/readings",
        "levee/v1/service/box/readings",
        "levee/v1/bund/drill/readings",
        "$SYS/broker/uptime",
        "levee/v1/bund/box-1/readings\n",
    ],
)
def test_any_other_topic_is_refused(topic: str) -> None:
    with pytest.raises(topics.TopicRefused):
        topics.parse(topic)


@pytest.mark.parametrize("name", ["", "Box", "a/b", "+", "#", "-a", "a-", "zones", "x" * 64, "a\n"])
def test_a_name_that_cannot_stand_in_a_topic_is_refused(name: str) -> None:
    with pytest.raises(topics.TopicRefused):
        topics.READINGS.at(site="bund", box=name)


def test_a_subscription_leaves_open_what_it_is_not_told() -> None:
    assert topics.READINGS.everywhere() == "levee/v1/+/+/readings"
    assert topics.READINGS.everywhere(site="bund") == "levee/v1/bund/+/readings"


def test_tiers_are_ordered_and_named_both_ways() -> None:
    assert [tier.label for tier in sorted(Tier)] == ["normal", "blue", "yellow", "orange", "red"]
    for tier in Tier:
        assert Tier.from_label(tier.label) is tier
        assert TierName.of(tier).tier is tier
    with pytest.raises(ValueError, match="normal, blue, yellow, orange, red"):
        Tier.from_label("purple")


@pytest.mark.parametrize(("sequence", "held"), [(1, True), (5, True), (6, False), (8, True), (9, True), (10, False)])
def test_what_is_recorded_is_told_by_mark_and_ranges(sequence: int, held: bool) -> None:
    assert SessionRecorded(session="0123456789", up_to=5, also=((8, 9),)).holds(sequence) is held
