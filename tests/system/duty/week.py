"""A week at a site by the river, told by a script to the service's own pager and desk, with its record; nothing waits
for a clock. Run by itself it writes the example report into docs/."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from alerting.assess import Figures, HeldUnknown, Page, TierChanged, UnknownEnded, new_site, step
from alerting.desk.events import Noticed
from alerting.desk.settings import HazardKind
from alerting.deskside import DeskSide
from alerting.duty.events import Entry
from alerting.exercise import exercise_name
from alerting.metrics import Metrics
from alerting.pager import Pager
from alerting.paging.answer import Answer, Outcome
from alerting.paging.note import Note
from alerting.record import Batch, Record
from alerting.record.reader import Reader
from alerting.told import settings_told
from levee.config.load import load_desk, load_duty, load_service
from wire import Kind, Tier

ROOT = Path(__file__).resolve().parents[3]
PLACE = ZoneInfo("Asia/Shanghai")
FIRST, LAST = "2026-12-28", "2027-01-03"
SITE = "riverside"
#: Roll-calls that nobody answers, and one that is answered too late, by their number.
MISSED, LATE = (9, 20), 30


def when(text: str) -> float:
    """`12-31 22:38` or `12-31 22:38:30`, in seconds since 1970."""
    year = "2027" if text.startswith("01") else "2026"
    form = "%Y-%m-%d %H:%M:%S" if text.count(":") == 2 else "%Y-%m-%d %H:%M"
    return datetime.strptime(f"{year}-{text}", form).replace(tzinfo=PLACE).timestamp()


class Deaf:
    def send(self, note: Note) -> Answer:
        return Answer(Outcome.ACCEPTED, "")


class Week:
    """The people of the place, and what they do. `config` is written for the commands."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/week.db"
        examples = Path(__file__).with_name("week_files")
        self.config = folder / "service.yaml"
        given = {
            "levee": "service",
            "sites": [str(examples / "site.yaml")],
            "duty": str(examples / "duty.yaml"),
            "desk": str(examples / "desk.yaml"),
            "record": {"url": self.url},
            "channels": {name: {"type": "console"} for name in ("log", "short-message", "voice-call", "group", "mail")},
            "answer": {"url": "http://127.0.0.1:9111"},
        }
        self.config.write_text(json.dumps(given))
        self.settings, self.sites = load_service(self.config)
        self.duty, self.desk = load_duty(self.settings), load_desk(self.settings)
        self.at = self.begins = when("12-28 00:00")
        self.record = Record(self.url)
        resumed = dataclasses.replace(self.record.resume("week", "0" * 16, self.at), key="a secret of this week")
        self.reader = Reader(self.url)
        self.batch = Batch()
        begun = {"what": "begun", "instance": "week", "session": "0" * 16, "term": 1}
        self.batch.entries.append(Entry(self.at, "term", begun))
        self.batch.entries.append(Entry(self.at, "settings", settings_told(self.settings, self.sites, self.duty)))
        site = self.sites[0]
        self.states = {SITE: step(new_site(SITE, self.at), site.applied(self.at))[0]}
        self.pager = Pager(
            self.settings,
            self.sites,
            self.duty,
            {name: Deaf() for name in self.settings.channels},
            resumed,
            Metrics(),
            desk=self.desk,
            states=self.states,
            batch=lambda: self.batch,
            wake=lambda: None,
            allowed=lambda: False,
            at=self.at,
        )
        self.changed: list[Any] = []
        self.beside = DeskSide(
            self.pager,
            {SITE: site},
            self.desk,
            self.states,
            lambda where, event: self.changed.append((self.at, event)),
            lambda *_: None,
            1,
        )
        self.tiers: dict[tuple[str, str], Tier] = {}
        self.asked: set[str] = set()
        self.plan: list[tuple[float, Callable[[], None]]] = []
        self.number = 0
        self.outcomes: list[tuple[str, str]] = []
        self.rolls_left_out = 0

    # What the script is made of

    def on(self, text: str, act: Callable[[], None]) -> None:
        self.plan.append((when(text), act))

    def ask(self, what: str, **body: Any) -> str:
        """A person asks through the record, as the command line and the answering page do."""
        self.number += 1
        key = f"week-{self.number}"
        self.commit()
        self.reader.ask(key, {"what": what, **body})
        self.pager.requests(self.record.requests(), self.at)
        self.commit()
        told = self.reader.asked(key)
        assert told is not None
        self.outcomes.append((what, told.outcome))
        return told.outcome

    def tier(self, zone: str, to: Tier, why: str = "density", drill: bool = False) -> None:
        """A zone rises or falls, as the judgement would say it."""
        site = exercise_name(SITE) if drill else SITE
        before = self.tiers.get((site, zone), Tier.NORMAL)
        self.tiers[site, zone] = to
        common: dict[str, Any] = {"at": self.at, "site": site, "zone": zone, "from_tier": before, "why": why}
        mark = f"{zone}-{self.at:.0f}"[:20]
        self.pager.change(
            TierChanged(
                id=f"t-{mark}"[:20], to_tier=to, figures=Figures(), kind=Kind.OBSERVED, cause="density", **common
            )
        )
        if to > before:
            self.pager.page(Page(id=f"p-{mark}"[:20], tier=to, since=self.at, figures=Figures(), **common))

    def end_drill(self) -> None:
        """Its judgement goes with it."""
        self.tiers = {place: tier for place, tier in self.tiers.items() if place[0] == SITE}

    def acknowledge(self, zone: str, person: str, drill: bool = False) -> None:
        site = exercise_name(SITE) if drill else SITE
        incident = self.pager.office.incident(site, zone)
        assert incident is not None
        done = self.ask("acknowledge", site=site, incidents=[[incident.id, incident.alarm]], person=person)
        assert done == "acknowledged"

    def task(self, name: str) -> str:
        """The newest step of that name that waits."""
        return [one.id for one in self.pager.room.state.tasks.values() if one.step == name and one.state.waits][-1]

    def hazard(self, words: str) -> str:
        return next(one.id for one in self.pager.room.state.hazards.values() if words in one.words + one.subject)

    def drafts(self, zone: str) -> str:
        return self.pager.room.state.cap[f"live/{SITE}/{zone}"].drafts[-1].identifier

    def cameras(self, wrong: bool) -> None:
        subject = f"camera/{SITE}/box-1/steps-cam"
        words = "box-1/steps-cam: dark" if wrong else ""
        self.pager.desk_happens(Noticed(self.at, subject, wrong, HazardKind.CAMERA, SITE, "", words))
        kind = HeldUnknown if wrong else UnknownEnded
        mark = f"u-{self.at:.0f}"[:20]
        self.pager.change(kind(id=mark, at=self.at, site=SITE, zone="steps", tier=Tier.NORMAL, why="camera-dark"))

    # How it passes

    def tick(self, at: float) -> None:
        self.at = at
        self.pager.passed(at)
        self.beside.tick(at)
        drill = self.pager.room.state.drill
        if drill is not None and at - drill.heard >= 30:
            self.beside.exercise._heard(at)
        for roll in list(self.pager.room.state.rolls.values()):
            if roll.id not in self.asked:
                self.asked.add(roll.id)
                number = len(self.asked)
                if number not in MISSED:
                    self.plan.append((at + (900 if number == LATE else 60), self._confirm(roll.id, roll.person)))

    def _confirm(self, roll: str, person: str) -> Callable[[], None]:
        return lambda: self.ask("roll-answer", roll=roll, person=person) and None

    def commit(self) -> None:
        self.pager.office.save(self.batch)
        self.pager.room.save(self.batch)
        if self.batch:
            self.record.commit(self.batch, self.at)
            self.batch = Batch()
            self.pager.committed()

    def run(self, until: str = "01-04 00:00") -> None:
        """Ticks of a minute, and of a second for each moment of the script."""
        end, at = when(until), self.at
        while at < end:
            self.plan.sort(key=lambda one: one[0])
            due = self.plan[0][0] if self.plan else end
            at = min(at + 60, max(due, at), end)
            self.tick(at)
            while self.plan and self.plan[0][0] <= at:
                self.plan.sort(key=lambda one: one[0])
                self.plan.pop(0)[1]()
            if len(self.batch.entries) > 50:
                self.commit()
        self.batch.entries.append(Entry(end - 1, "term", {"what": "ended"}))
        self.commit()

    def close(self) -> None:
        self.pager.close()
        self.reader.close()
        self.record.close()


def script(week: Week) -> None:
    """The week of the countdown."""
    ask, on, tier = week.ask, week.on, week.tier

    def do(what: str, **body: Any) -> Callable[[], None]:
        return lambda: ask(what, **body) and None

    # Findings of an inspection: one closed in time, one overdue, one left open.
    finding = {"person": "street-officer", "owner": "promenade-operator", "site": SITE, "cause": "inspection"}
    on("12-28 09:00", do("hazard-open", words="gate 3 is locked", days=2, **finding))
    on("12-28 10:00", do("hazard-open", words="no spare radio", days=1, **finding))
    on("01-01 09:00", do("hazard-open", words="lamp at the foot of the steps", days=7, **finding))
    close = {"person": "gate-lead"}
    on(
        "12-29 15:00",
        lambda: ask("hazard-close", hazard=week.hazard("gate 3"), evidence="photograph 12", **close) and None,
    )
    on("12-31 12:00", lambda: ask("hazard-close", hazard=week.hazard("radio"), evidence="receipt 88", **close) and None)
    # A camera goes dark for three hours.
    on("12-29 11:00", lambda: week.cameras(True))
    on(
        "12-29 12:30",
        lambda: ask("hazard-close", hazard=week.hazard("steps-cam"), evidence="looks fine", **close) and None,
    )
    on("12-29 14:00", lambda: week.cameras(False))
    on(
        "12-29 14:30",
        lambda: ask("hazard-close", hazard=week.hazard("steps-cam"), evidence="new cable", **close) and None,
    )
    # A drill that is played to its end.
    truth = [["steps", when("12-30 10:09")]]
    on("12-30 10:00", do("drill-begin", drill="steps-rehearsal", person="street-officer", truth=truth))
    on("12-30 10:06", lambda: tier("steps", Tier.ORANGE, drill=True))
    on("12-30 10:06:40", lambda: week.acknowledge("steps", "gate-watch", drill=True))
    on("12-30 10:07:00", lambda: tier("steps", Tier.RED, drill=True))
    on("12-30 10:07:30", lambda: week.acknowledge("steps", "gate-watch", drill=True))
    on("12-30 10:08", lambda: ask("step-done", task=week.task("close-ends"), person="gate-watch") and None)
    on("12-30 10:09", lambda: ask("step-done", task=week.task("one-way"), person="gate-watch") and None)
    on("12-30 10:09:30", lambda: ask("receipt", task=week.task("support")) and None)
    on("12-30 10:20", do("drill-end", person="street-officer", why="played to its end"))
    # The countdown is moved a day before, and assessed anew.
    moved = {"begins": "2026-12-31 21:00", "why": "the stage is late"}
    on("12-30 18:00", do("event-set", event="countdown-2026", person="district-officer", **moved))
    on("12-31 10:00", do("event-assess", event="countdown-2026", person="district-officer", words="report 2026-12b"))
    # A drill that something real ends.
    later = [["steps", when("12-31 11:09")]]
    on("12-31 11:00", do("drill-begin", drill="steps-rehearsal", person="street-officer", truth=later))
    on("12-31 10:59", week.end_drill)
    on("12-31 11:05", lambda: tier("steps", Tier.ORANGE, drill=True))
    on("12-31 11:07", lambda: tier("plaza", Tier.ORANGE))
    on("12-31 11:08:40", lambda: week.acknowledge("plaza", "street-officer"))
    on("12-31 11:30", lambda: tier("plaza", Tier.NORMAL))
    # The night: yellow, orange, red on the steps.
    on("12-31 22:00", lambda: tier("steps", Tier.YELLOW))
    on("12-31 22:05", lambda: week.acknowledge("steps", "gate-lead"))
    on("12-31 22:30", lambda: tier("steps", Tier.ORANGE))
    on("12-31 22:33:20", lambda: ask("step-done", task=week.task("one-way"), person="gate-watch") and None)
    on("12-31 22:34", lambda: week.acknowledge("steps", "gate-watch"))
    on("12-31 22:36:40", lambda: ask("receipt", task=week.task("skip-stop")) and None)
    on("12-31 22:38", lambda: tier("steps", Tier.RED, "counterflow"))
    on("12-31 22:39", lambda: ask("receipt", task=week.task("support")) and None)
    on("12-31 22:39:30", lambda: week.acknowledge("steps", "gate-watch"))
    on("12-31 22:39:40", lambda: ask("step-done", task=week.task("close-ends"), person="gate-watch") and None)
    on("12-31 22:42", lambda: ask("cap-release", message=week.drafts("steps"), person="gate-lead") and None)
    on("12-31 22:42:30", lambda: ask("cap-release", message=week.drafts("steps"), person="district-officer") and None)
    on("12-31 22:43", lambda: ask("step-done", task=week.task("broadcast"), person="gate-lead") and None)
    on("12-31 23:05", lambda: tier("steps", Tier.ORANGE, "fall"))
    on("12-31 23:40", lambda: tier("steps", Tier.NORMAL, "fall"))
    on("12-31 23:45", lambda: ask("cap-release", message=week.drafts("steps"), person="district-officer") and None)


def play(folder: Path) -> Week:
    week = Week(folder)
    script(week)
    try:
        week.run()
    finally:
        week.close()
    return week


if __name__ == "__main__":
    import tempfile

    from levee.commands.report import report

    with tempfile.TemporaryDirectory() as made:
        played = play(Path(made))
        days = [datetime.fromisoformat(day) for day in (FIRST, LAST)]
        report(played.config, *days, out=ROOT / "docs" / "example-week.html")
    sys.exit(0)
