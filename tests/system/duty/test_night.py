"""A whole night on a fast clock, with kills at random points; and what the record proves of it afterwards."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from alerting.audit.check import Check, audit
from alerting.record.reader import Reader
from wire import Tier

if TYPE_CHECKING:
    from tests.system.duty.conftest import Place

CALLED = frozenset({"bund/steps", "bund/square"})
#: Seconds by the fast clock that a kill and the start after it may cost.
GRACE_S = 60.0


def proof(
    place: Place, entries: list[tuple[float, str, dict[str, Any]]], now: float, grace_s: float = GRACE_S
) -> set[str]:
    check = Check(CALLED, place.deadlines(), grace_s, GRACE_S + 30)
    return {finding.words for finding in audit(entries, check, now)}


def test_a_night_with_kills_at_random_points(place: Callable[..., Place], wait: Callable[..., None]) -> None:
    night = place(speed=10.0)
    night.settle_in("one")
    night.start("one")
    wait("the service leads", lambda: night.leads("one"))
    night.start("one", "audit")
    seed = random.randrange(10_000)
    chance, over, kills = random.Random(seed), threading.Event(), [0]

    def killer() -> None:
        while not over.wait(chance.uniform(4.0, 9.0)):
            night.kill("one")
            kills[0] += 1
            night.start("one")

    thread = threading.Thread(target=killer, daemon=True)
    thread.start()
    try:
        # Build-up: one tier after the other, and each rise calls the first of the chain.
        for density, tier in ((2.2, Tier.YELLOW), (3.0, Tier.ORANGE), (4.5, Tier.RED)):
            night.crowd(density, lambda tier=tier: night.tier() is tier, 60, f"seed {seed}: {tier.label}")  # type: ignore[misc]
        # Ann says nothing; a minute later Bob is called, opens the link, and presses the button.
        reds = lambda person: [page for page in night.phone.to(person) if page["tier"] == "red"]  # noqa: E731
        night.crowd(4.5, lambda: reds("ann"), 60, f"seed {seed}: ann is called")
        night.crowd(4.5, lambda: reds("bob"), 60, f"seed {seed}: bob is called")
        answered = threading.Event()

        def answer() -> None:
            while not answered.is_set():
                page = reds("bob")[-1]
                try:
                    status, _ = night.open_link(night.link_in(page), "POST")
                except OSError:
                    status = 0
                if status == 200:
                    answered.set()
                time.sleep(0.3)

        threading.Thread(target=answer, daemon=True).start()
        night.crowd(4.5, answered.is_set, 60, f"seed {seed}: bob answers")
        night.crowd(0.2, lambda: night.tier() is Tier.NORMAL, 120, f"seed {seed}: it falls")
        # a night that went quickly goes on until it was broken twice
        night.crowd(0.2, lambda: kills[0] >= 2, 30, f"seed {seed}: two kills")
    finally:
        over.set()
        thread.join(10)
    closed = lambda: [  # noqa: E731
        body for _, kind, body in night.entries() if kind == "incident" and body["what"] == "closed"
    ]
    night.crowd(0.2, closed, 30, f"seed {seed}: it is closed")

    reader = Reader(night.record)
    assert reader.verify().fault is None
    entries = night.entries()
    assert kills[0] >= 2
    assert proof(night, entries, entries[-1][0]) == set(), f"seed {seed}, {kills[0]} kills"
    incidents = [body for _, kind, body in entries if kind == "incident" and body["zone"] == "steps"]
    assert len({body["incident"] for body in incidents}) == 1, "one incident from the first page to its end"
    (acknowledged,) = [body for body in incidents if body["what"] == "acknowledged"]
    assert reader.title(acknowledged["by"]) == "BOB"
    assert not any("bob" in str(body).lower() for _, _, body in entries), "no name stands in the chain"

    # Every page that was recorded as accepted arrived, and what arrived twice says so.
    arrived = Counter(page["id"] for page in night.phone.pages)
    for row in reader.pages():
        if row["channel"] == "phone":
            assert row["state"] in ("accepted", "acknowledged"), row
            assert arrived[row["id"]] >= 1
    for mark, times in arrived.items():
        attempts = sorted(page["attempt"] for page in night.phone.pages if page["id"] == mark)
        assert times == 1 or attempts[-1] >= times, "a repeat says that it is one"
    calls = [body["call"] for _, kind, body in entries if kind == "call"]
    assert len(calls) == len(set(calls))
    reader.close()

    # The auditor was content all night, and would not have been had one call been left out.
    assert [page["text"] for page in night.audit.pages] == [], night.log("one", "audit")
    assert night.dead_man.pages
    answered_at = next(n for n, (_, kind, body) in enumerate(entries) if body.get("what") == "acknowledged")
    before = entries[:answered_at]
    later = before[-1][0] + 100
    whole = proof(night, before, later, 15.0)
    reds_called = [body["call"] for _, kind, body in before if kind == "call" and body["tier"] == "red"]
    assert len(reds_called) >= 2
    for left_out in reds_called[:2]:
        without = [entry for entry in before if entry[1] != "call" or entry[2]["call"] != left_out]
        found = proof(night, without, later, 15.0) - whole
        assert any("bund/steps" in words for words in found), "a call that was left out is found"


def test_the_link_answers_once_and_only_by_the_button(place: Callable[..., Place], wait: Callable[..., None]) -> None:
    here = place()
    here.group.always = (200, '{"errcode": 310000, "errmsg": "keywords not in content"}')
    here.settle_in("one")
    here.start("one")
    wait("the service leads", lambda: here.leads("one"))
    here.crowd(4.5, lambda: here.phone.to("ann"), 30, "ann is called")
    page = here.phone.to("ann")[-1]
    link = here.link_in(page)
    assert page["person"] == "ANN"
    for method in ("GET", "HEAD", "GET"):
        assert here.open_link(link, method)[0] == 200
    view = here.view("one")
    assert view is not None
    assert view.incidents[0].phase == "unacknowledged", "a preview of the link answers nothing"
    assert here.open_link(link[:-1] + ("A" if link[-1] != "A" else "B"), "POST")[0] == 404
    assert here.open_link(link.replace("/a/", "/a/x"), "POST")[0] == 404
    assert here.open_link(link, "POST", b"Digits=9")[0] == 200
    assert "Not acknowledged" in here.open_link(link, "POST", b"Digits=")[1], "nothing was pressed"
    assert here.open_link(link, "POST", b"")[0] == 400
    assert 'name="answer" value="acknowledge"' in here.open_link(link)[1]
    status, text = here.open_link(link, "POST")
    assert (status, "Acknowledged" in text) == (200, True), text
    status, text = here.open_link(link, "POST")
    assert (status, "lready acknowledged by ANN" in text) == (200, True), text
    assert "lready acknowledged by ANN" in here.open_link(link)[1]
    wait("the view shows it", lambda: (v := here.view("one")) and v.incidents[0].acknowledged_by == "ann")
    # What the robot refused, with an answer of 200, was never called accepted.
    reader = Reader(here.record)
    rows = {(row["channel"], row["state"]) for row in reader.pages() if row["person"]}
    reader.close()
    assert ("phone", "acknowledged") in rows
    assert ("group", "accepted") not in rows
    words = [body["words"] for _, kind, body in here.entries() if kind == "page" and body["channel"] == "group"]
    assert "code 310000: keywords not in content" in words
    the_commands(here)


def the_commands(here: Place) -> None:
    """The same place by the command line: what is asked for there, the running service does."""
    for name, kind in (("one", "service"), ("site", "site"), ("duty", "duty")):
        whole = {"levee": kind, **json.loads((here.folder / f"{name}.json").read_text())}
        if kind == "service":
            whole |= {"sites": ["site.yaml"], "duty": "duty.yaml"}
        (here.folder / f"{kind}.yaml").write_text(json.dumps(whole))

    def levee(*words: str) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "levee", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=here.folder, check=False)
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    config = "service.yaml"
    silence = ("alerting", "silence", config, "bund/square", "--reason", "market")
    status, out, err = levee(*silence, "--owner", "cid", "--hours", "2")
    assert (status, err) == (0, "")
    mark = out.split(f"{config} ")[1].split()[0]
    view = here.view("one")
    assert view is not None
    assert levee(*silence, "--owner", "eve") == (1, "", "levee: nobody on the duty list is called eve")
    status, _, err = levee(*silence, "--owner", "cid", "--up-to", "red")
    assert status == 2
    assert "a red is never silenced" in " ".join(err.split())
    assert levee("alerting", "unsilence", config, mark, "--by", "cid") == (0, "ended", "")
    assert levee("record", "forget", config, "cid") == (0, "erased", "")
    status, out, _ = levee("record", "verify", config)
    assert (status, out.split(":")[0]) == (0, "whole")
    with sqlite3.connect(here.folder / "record.db", timeout=5) as base:
        base.execute("update log set body = replace(body, 'market', 'picnic') where kind = 'silence'")
    status, _, err = levee("record", "verify", config)
    assert status == 1
    assert "its body was changed; sound up to entry" in err
