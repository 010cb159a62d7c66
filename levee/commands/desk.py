"""`levee desk`: what a person does at the duty desk, by name; and what stands on it now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

desk_app = typer.Typer(
    help="The duty desk: steps of plans, events, hazards, roll-calls, warnings to the public.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Config = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="Settings of the service, a YAML file (`levee: service`).")
]
By = Annotated[str, typer.Option("--by", help="Short name of who does it, as in the duty file.")]
Words = Annotated[str, typer.Option("--words", help="In a few words; no names, the record is for ever.")]
Why = Annotated[str, typer.Option("--why", help="Why; it stands in the record.")]


@desk_app.callback()
def desk() -> None:
    """The duty desk: steps of plans, events, hazards, roll-calls, warnings to the public."""


def _ask(config: Path, done: str, **body: object) -> None:
    """Ask the service that leads; ids may be shortened to what is unambiguous."""
    from levee.commands.asking import ask

    typer.echo(ask(config, {key: value for key, value in body.items() if value is not None}) or done)


def _whole(config: Path, part: str, kind: str) -> str:
    """The id that begins with `part`, of a step, a hazard or a roll-call; `part` itself where there is none."""
    state = _state(config)
    known = list(getattr(state, kind)) if state is not None else []
    found = [name for name in known if name.startswith(part)]
    if len(found) > 1:
        raise typer.BadParameter(f"{part} could be any of {', '.join(found)}")
    return found[0] if found else part


def _state(config: Path):  # type: ignore[no-untyped-def]
    from levee.config.load import load_service

    service, _ = load_service(config)

    from alerting.desk.room import STORED
    from alerting.desk.state import decode_desk
    from alerting.record.reader import Reader
    from alerting.record.url import record_url

    reader = Reader(record_url(service))
    try:
        stored = reader.duty_state(STORED)
    finally:
        reader.close()
    return decode_desk(stored) if stored is not None else None


@desk_app.command("show")
def show(config: Config, as_json: Annotated[bool, typer.Option("--json", help="Print one object.")] = False) -> None:
    """What stands on the desk: open steps, hazards, events to come, roll-calls, the drill under way.

    levee desk show service.yaml
    """
    from datetime import datetime

    import msgspec
    from rich.console import Console
    from rich.table import Table

    state = _state(config)
    if state is None:
        typer.echo("nothing stands on the desk: the service has not run with one yet")
        return
    if as_json:
        kept = msgspec.to_builtins(msgspec.structs.replace(state, seed=""))
        typer.echo(msgspec.json.encode(kept).decode())
        return

    def when(at: float | None) -> str:
        return datetime.fromtimestamp(at).strftime("%m-%d %H:%M") if at else ""

    console = Console()
    for title, columns, rows in (
        (
            "Steps",
            ("id", "where", "step", "owner", "to", "due", "state"),
            [
                (one.id[:8], f"{one.site}/{one.zone}", one.en, one.owner, one.to, when(one.due), one.state.value)
                for one in state.tasks.values()
            ],
        ),
        (
            "Hazards",
            ("id", "kind", "level", "owner", "deadline", "state", "what"),
            [
                (
                    one.id[:8],
                    one.kind.value,
                    one.level.value + (" (listed)" if one.listed else ""),
                    one.owner,
                    when(one.deadline),
                    one.state.value,
                    one.words,
                )
                for one in state.hazards.values()
            ],
        ),
        (
            "Events",
            ("name", "begins", "ends", "expected", "assessment"),
            [
                (
                    one.name,
                    one.facts.begins,
                    one.facts.ends,
                    str(one.facts.expected),
                    "stale" if one.stale else "approved" if one.assessed is not None else "missing",
                )
                for one in state.occasions.values()
                if not one.ended and not one.cancelled
            ],
        ),
        (
            "Roll-calls",
            ("id", "unit", "asked", "state"),
            [
                (
                    one.id[:8],
                    one.unit,
                    when(one.at),
                    "confirmed" if one.answered_at else "missed" if one.missed else "waits",
                )
                for one in state.rolls.values()
            ],
        ),
    ):
        if rows:
            table = Table(*columns, title=title, title_justify="left")
            for row in rows:
                table.add_row(*row)
            console.print(table)
    for key, thread in state.cap.items():
        if thread.drafts:
            console.print(f"CAP draft of {key}: {thread.drafts[-1].identifier}")
    if state.drill is not None:
        console.print(f"the drill {state.drill.name} is running since {when(state.drill.begun)}")


@desk_app.command("done")
def done(
    config: Config,
    step: Annotated[str, typer.Argument(metavar="STEP", help="Its id, or the beginning of it.")],
    by: By,
    words: Words = "",
) -> None:
    """Ticks a step off; one that is addressed to another body, when that has confirmed it by telephone.

    levee desk done service.yaml 3fa2 --by gate-watch
    """
    _ask(config, "ticked off", what="step-done", task=_whole(config, step, "tasks"), person=by, words=words)


@desk_app.command("waive")
def waive(
    config: Config,
    step: Annotated[str, typer.Argument(metavar="STEP", help="Its id, or the beginning of it.")],
    by: By,
    words: Words,
) -> None:
    """Says that a step does not apply, and why.

    levee desk waive service.yaml 3fa2 --by gate-watch --words "the trains have stopped for the night"
    """
    _ask(config, "waived", what="step-waived", task=_whole(config, step, "tasks"), person=by, words=words)


@desk_app.command("event")
def event(
    config: Config,
    name: Annotated[str, typer.Argument(metavar="EVENT", help="Its short name.")],
    by: By,
    why: Why,
    title: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    site: Annotated[str | None, typer.Option(help="Where.")] = None,
    zone: Annotated[list[str] | None, typer.Option(help="A zone of the site; may be given several times.")] = None,
    begins: Annotated[str | None, typer.Option(help="As in 2026-12-31 20:00.")] = None,
    ends: Annotated[str | None, typer.Option(help="As in 2027-01-01 01:00.")] = None,
    expected: Annotated[int | None, typer.Option(min=0, help="People at once, at most.")] = None,
    owner: Annotated[str | None, typer.Option(help="Unit that answers for its risk assessment.")] = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="It does not take place.")] = False,
) -> None:
    """Puts an event on the calendar, moves or changes one, or cancels it. Its assessment is stale from then on.

    levee desk event service.yaml countdown --begins "2026-12-31 21:00" --by district-officer --why "stage is late"
    """
    if cancel:
        _ask(config, "cancelled", what="event-cancel", event=name, person=by, why=why)
        return
    given = {"title": title, "site": site, "begins": begins, "ends": ends, "expected": expected, "owner": owner}
    _ask(config, "on the calendar", what="event-set", event=name, person=by, why=why, zones=zone, **given)


@desk_app.command("assess")
def assess(
    config: Config,
    name: Annotated[str, typer.Argument(metavar="EVENT", help="Its short name.")],
    by: By,
    words: Words,
) -> None:
    """Approves the risk assessment of an event as it stands now.

    levee desk assess service.yaml countdown --by district-officer --words "report 2026-17, filed"
    """
    _ask(config, "approved", what="event-assess", event=name, person=by, words=words)


@desk_app.command("hazard")
def hazard(
    config: Config,
    words: Annotated[str, typer.Argument(metavar="WORDS", help="What is wrong.")],
    by: By,
    owner: Annotated[str, typer.Option(help="Unit that must put it right.")],
    cause: Annotated[str, typer.Option(metavar="[inspection|self-assessment|other]")] = "inspection",
    level: Annotated[str, typer.Option(metavar="[street|department|district|city]")] = "street",
    site: Annotated[str, typer.Option(help="Where.")] = "",
    zone: Annotated[str, typer.Option(help="Where on the site.")] = "",
    days: Annotated[float | None, typer.Option(min=0.01, help="Days until it must be closed.")] = None,
) -> None:
    """Enters a finding into the hazards register.

    levee desk hazard service.yaml "gate 3 is locked" --owner promenade-operator --by street-officer --site riverside
    """
    place = {"site": site, "zone": zone, "days": days}
    _ask(config, "entered", what="hazard-open", person=by, cause=cause, level=level, owner=owner, words=words, **place)


@desk_app.command("close")
def close(
    config: Config,
    name: Annotated[str, typer.Argument(metavar="HAZARD", help="Its id, or the beginning of it.")],
    by: By,
    evidence: Annotated[str, typer.Option("--evidence", help="What was done, and where that can be seen.")],
) -> None:
    """Closes a hazard, with evidence.

    levee desk close service.yaml 81c0 --by gate-lead --evidence "lock taken off, photograph 12 in the register"
    """
    _ask(config, "closed", what="hazard-close", hazard=_whole(config, name, "hazards"), person=by, evidence=evidence)


@desk_app.command("recheck")
def recheck(
    config: Config,
    name: Annotated[str, typer.Argument(metavar="HAZARD", help="Its id, or the beginning of it.")],
    by: By,
    holds: Annotated[bool, typer.Option("--holds/--is-back", help="Whether it is still put right.")],
    words: Words = "",
) -> None:
    """Looks at a closed hazard again (回头看), by somebody other than who closed it.

    levee desk recheck service.yaml 81c0 --by street-officer --holds
    """
    body = {"hazard": _whole(config, name, "hazards"), "holds": holds, "words": words}
    _ask(config, "noted", what="hazard-recheck", person=by, **body)


@desk_app.command("here")
def here(
    config: Config,
    name: Annotated[str, typer.Argument(metavar="ROLL-CALL", help="Its id, or the beginning of it.")],
    by: By,
) -> None:
    """Confirms a roll-call; the link in its message does the same.

    levee desk here service.yaml 55d1 --by gate-watch
    """
    _ask(config, "confirmed", what="roll-answer", roll=_whole(config, name, "rolls"), person=by, how="command")


@desk_app.command("cap")
def cap(
    config: Config,
    release: Annotated[str | None, typer.Option("--release", metavar="MESSAGE", help="Draft that goes public.")] = None,
    by: Annotated[str, typer.Option("--by", help="Short name of who releases it; the settings say who may.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Write all messages into this folder, as XML.")] = None,
) -> None:
    """Warnings in the Common Alerting Protocol 1.2: lists them, writes them to a folder, or releases the newest draft.

    levee desk cap service.yaml --out cap/
    levee desk cap service.yaml --release 310101.district_20261231223800_4 --by district-officer
    """
    if release is not None:
        _ask(config, "released", what="cap-release", message=release, person=by)
        return
    from levee.config.load import load_service

    service, _ = load_service(config)

    from alerting.record.reader import Reader
    from alerting.record.url import record_url

    reader = Reader(record_url(service))
    try:
        messages = [told.body for told in reader.entries() if told.kind == "cap"]
    finally:
        reader.close()
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for body in messages:
            (out / f"{body['message']}.xml").write_text(body["xml"], encoding="utf-8")
    for body in messages:
        typer.echo(f"{body['message']}  {body['status']} {body['type']} {body['scope']}  {body['zone']} {body['tier']}")
    if not messages:
        typer.echo("no message was written yet")
