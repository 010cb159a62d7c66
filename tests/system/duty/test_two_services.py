"""A leader and its standby on one PostgreSQL: killed and paused in turn, under load, with a red that nobody answers.

LEVEE_FAILOVERS says how often, 50 for the figures in docs/duty.md; by default a few.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from alerting.audit.check import Check, audit
from alerting.record.reader import Reader

if TYPE_CHECKING:
    from tests.conftest import Postgres
    from tests.system.duty.conftest import Place

ROUNDS = int(os.environ.get("LEVEE_FAILOVERS", "2"))
TAKEOVER_S = 10.0


@pytest.mark.timeout(240 + 40 * ROUNDS)
def test_a_standby_takes_over_and_nothing_is_lost_or_doubled(
    place: Callable[..., Place], postgres: Postgres, wait: Callable[..., None]
) -> None:
    here = place(postgres.database("failover"))
    here.settle_in("left", "right", red_s=2)
    here.start("left")
    wait("left leads", lambda: here.leads("left"))
    here.start("right")
    wait("right stands by", lambda: (view := here.view("right")) and view.role == "standby")
    here.crowd(4.5, lambda: len(here.phone.pages) > 3, 60, "the red is called")
    took: list[float] = []
    leader, other = "left", "right"
    for number in range(ROUNDS):
        process = here.processes[f"serve-{leader}"]
        before = len(here.phone.pages)
        began = time.monotonic()
        process.send_signal(signal.SIGKILL if number % 2 else signal.SIGSTOP)
        here.crowd(4.5, lambda: here.leads(other), 30, f"round {number}: {other} leads")  # noqa: B023
        took.append(time.monotonic() - began)
        here.crowd(4.5, lambda: len(here.phone.pages) > before + 4, 30, f"round {number}: calls go on")  # noqa: B023
        if number % 2:
            process.wait(10)
            here.start(leader)
        else:
            process.send_signal(signal.SIGCONT)
        stands_by = lambda: (view := here.view(leader)) is not None and view.role == "standby"  # noqa: E731, B023
        here.crowd(4.5, stands_by, 40, f"round {number}: {leader} stands by")
        leader, other = other, leader
    for name in (other, leader):
        here.processes[f"serve-{name}"].send_signal(signal.SIGTERM)
        here.processes[f"serve-{name}"].wait(20)

    print(f"{ROUNDS} failovers: taken over within {max(took):.1f} s, mean {sum(took) / len(took):.1f} s")
    terms = [tier["term"] for tier in here.tiers]
    assert terms == sorted(terms), "a former leader wrote a tier"
    assert len(set(terms)) == ROUNDS + 1
    entries, rows = here.entries(), pages_of(here)
    calls = [body["call"] for _, kind, body in entries if kind == "call"]
    assert len(calls) == len(set(calls)), "an escalation was decided twice"
    check = Check(frozenset({"bund/steps"}), here.deadlines(), TAKEOVER_S + 2, 60.0)
    found = [finding.words for finding in audit(entries, check, entries[-1][0])]
    assert found == [], "an escalation was lost or late"
    arrived: dict[str, list[int]] = {}
    for page in here.phone.pages:
        arrived.setdefault(page["id"], []).append(page["attempt"])
    assert set(arrived) <= set(calls), "a page that no record knows"
    assert {row["id"] for row in rows if row["state"] == "accepted"} <= set(arrived)
    for attempts in arrived.values():
        assert len(set(attempts)) == len(attempts), "a repeat that does not say so"
    repeated = sum(len(attempts) > 1 for attempts in arrived.values())
    print(f"{len(arrived)} pages, {repeated} of them repeated with the same id")
    reader = Reader(here.record)
    assert reader.verify().fault is None
    reader.close()
    assert max(took) <= TAKEOVER_S, took


def pages_of(here: Place) -> list[dict[str, Any]]:
    reader = Reader(here.record)
    try:
        return [row for row in reader.pages() if row["channel"] == "phone"]
    finally:
        reader.close()


def test_a_database_that_goes_away_in_the_middle_loses_no_page(
    place: Callable[..., Place], postgres: Postgres, wait: Callable[..., None]
) -> None:
    here = place(postgres.database("away"))
    here.settle_in("left", red_s=3)
    here.start("left")
    wait("left leads", lambda: here.leads("left"))
    here.crowd(4.5, lambda: here.phone.to("ann"), 30, "ann is called")
    postgres.stop(signal.SIGQUIT)
    gone = time.monotonic()
    try:
        here.crowd(4.5, lambda: here.phone.to("bob"), 40, "bob is called without the record")
        assert time.monotonic() - gone >= 5, "pages are recorded first, as long as that can be"
    finally:
        postgres.start()
    here.crowd(4.5, lambda: (view := here.view("left")) and view.recording, 40, "it is recorded again")
    here.crowd(4.5, lambda: here.phone.to("dan"), 30, "and goes on")
    called = Counter(body["call"] for _, kind, body in here.entries() if kind == "call")
    assert max(called.values()) == 1
    assert {page["id"] for page in here.phone.pages} <= set(called), "what was sent unrecorded is recorded afterwards"
    reader = Reader(here.record)
    assert reader.verify().fault is None
    reader.close()
