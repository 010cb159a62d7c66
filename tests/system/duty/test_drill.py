"""A drill on the real path: the command, a broker, the service, people's telephones and a record, until something real
ends it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alerting.record.reader import Reader
from wire import Tier

if TYPE_CHECKING:
    from tests.system.duty.conftest import Place

ROOT = Path(__file__).parents[3]
DESK: dict[str, Any] = {
    "bodies": [{"name": "metro", "title": "Metro", "language": "en", "channel": "phone", "to": "no-metro"}],
    "plans": [
        {
            "name": "steps-orange",
            "title": "Orange",
            "site": "bund",
            "tier": "orange",
            "steps": [
                {"name": "one-way", "zh": "单向", "en": "Make the steps one-way", "owner": "operator", "within_s": 600},
                {
                    "name": "skip",
                    "zh": "跳站",
                    "en": "Skip the stop",
                    "owner": "street",
                    "to": "metro",
                    "within_s": 600,
                },
            ],
        }
    ],
    "drills": [
        {
            "name": "rehearsal",
            "title": "Rehearsal",
            "site": "bund",
            "scenario": "scenario.yaml",
            "plans": ["steps-orange"],
        }
    ],
}
#: People keep coming to steps that nobody leaves.
SCENARIO = {
    "levee": "scenario",
    "title": "Drill",
    "site": "site.yaml",
    "start": "2026-03-04T15:00:00",
    "end": "2026-03-04T16:00:00",
    "grounds": [{"name": "steps", "polygon": [[0, 0], [5, 0], [5, 5], [0, 5]]}],
    "parties": [
        {
            "name": "up",
            "present": 60,
            "arrivals": [["15:00", 30], ["15:10", 30]],
            "way": [{"ground": "steps", "stay_min": [["15:00", 600]]}],
        }
    ],
    "dangers": [{"zone": "steps", "start": "15:05", "end": "15:10", "what": "it is packed"}],
}


def files(place: Place) -> Path:
    """The settings for the command, of the same service."""

    def write(name: str, kind: str, whole: dict[str, Any]) -> None:
        (place.folder / f"{name}.yaml").write_text(json.dumps({"levee": kind, **whole}))

    read = lambda name: json.loads((place.folder / f"{name}.json").read_text())  # noqa: E731
    write("site", "site", read("site"))
    write("duty", "duty", read("duty"))
    write("desk", "desk", DESK)
    (place.folder / "scenario.yaml").write_text(json.dumps(SCENARIO))
    write("one", "service", {**read("one"), "sites": ["site.yaml"], "duty": "duty.yaml", "desk": "desk.yaml"})
    return place.folder / "one.yaml"


def drill(*words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "levee", "drill", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def refused(*words: object) -> str:
    process = drill(*words)
    _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == 1, said
    return said


def test_a_drill_reaches_people_touches_nothing_live_and_ends_with_a_real_orange(
    place: Callable[..., Place], wait: Callable[..., None]
) -> None:
    night = place(speed=10.0)
    night.settle_in("one")
    (night.folder / "desk.json").write_text(json.dumps(DESK))
    config = files(night)
    signs: list[dict[str, Any]] = []

    def heard(_client: object, _data: object, message: Any) -> None:
        if message.topic.endswith("/tier"):
            signs.append(json.loads(message.payload))

    night.client.message_callback_add("levee/v1/bund/drill/#", heard)
    night.client.subscribe("levee/v1/bund/drill/#", 1)
    night.start("one")
    wait("the service leads", lambda: night.leads("one"), 60)
    assert "no drill is called other: there are rehearsal" in refused("other", config, "--by", "cid")
    assert "nobody on the duty list is called zoe" in refused("rehearsal", config, "--by", "zoe")

    process = drill("rehearsal", config, "--by", "cid", "--speed", "10", "--json")
    try:
        marked = lambda person: [page for page in night.phone.to(person) if page["exercise"]]  # noqa: E731
        of = lambda person, what: [page for page in marked(person) if page["reason"] == what]  # noqa: E731
        night.crowd(0.1, lambda: of("metro", "linkage") and of("ann", "steps"), 90, "the plan's steps go out")
        assert "the drill rehearsal is running" in refused("rehearsal", config, "--by", "cid")
        calls = [page for page in marked("ann") if page["incident"]]
        assert calls, "she was called for the tier as well"
        for page in (*marked("ann"), *marked("metro")):
            assert page["text"].removeprefix("Whoever was called before did not answer. ").startswith("EXERCISE"), page
            assert page["site"] == "bund"
        done = threading.Event()

        def answer() -> None:
            for page in (calls[-1], of("metro", "linkage")[-1]):
                night.open_link(night.link_in(page), "POST")
            done.set()

        threading.Thread(target=answer, daemon=True).start()
        night.crowd(0.1, done.is_set, 60, "they answer")
        told = lambda: {(kind, body.get("what")) for _, kind, body in night.entries()}  # noqa: E731
        night.crowd(0.1, lambda: ("step", "received") in told(), 60, "the receipt is recorded")
        night.crowd(0.1, lambda: ("drill-incident", "acknowledged") in told(), 60, "her answer is recorded")
        assert any(sign["tier"] in ("orange", "red") for sign in signs)
        assert all(tier["tier"] == "normal" for tier in night.tiers), "no live sign has moved"
        # Something real.
        night.crowd(3.0, lambda: night.tier() is Tier.ORANGE, 90, "a real orange")
        night.crowd(3.0, lambda: process.poll() is not None, 60, "the drill ends")
        out, said = process.communicate(timeout=30)
        assert process.returncode == 3, said
        night.crowd(3.0, lambda: [one for one in night.phone.to("ann") if one["reason"] == "drill-stopped"], 60, "told")
        real = [one for one in night.phone.to("ann") if not one["exercise"] and one["tier"] == "orange"]
        night.crowd(
            3.0, lambda: real or [one for one in night.phone.to("ann") if one["tier"] == "orange"], 60, "called"
        )
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)
    report = json.loads(out)
    assert report["how"] == "stopped"
    assert report["answers"][0]["who"] == "ANN"
    steps = {one["step"]: one for one in report["steps"]}
    assert steps["skip"]["state"] == "received"
    assert steps["one-way"]["state"] == "lapsed"
    reader = Reader(night.record)
    assert reader.verify().fault is None
    reader.close()
    tiers = [body["to"] for _, kind, body in night.entries() if kind == "tier"]
    assert "red" not in tiers, "what the drill reached is recorded as the drill's alone"
    exercise = [body["xml"] for _, kind, body in night.entries() if kind == "cap"]
    assert exercise == [], "no CAP is asked for here"
